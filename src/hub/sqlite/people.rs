//! People, their roles per scope, and the greeting of a client.

use super::{EVERYWHERE, SqliteHub, is_shared, log};
use crate::domain::{Id, Role, SHARED_SCOPE, Scope};
use crate::hub::{Hello, HubError, Welcome};
use rusqlite::{Connection, OptionalExtension, params};

/// Who acts when nobody has signed in: the program setting a hub up.
pub(super) const SET_UP: &str = "set-up";

fn role_key(role: Role) -> &'static str {
    role.label()
}

fn roles(conn: &Connection, login: &str) -> Result<Vec<(Scope, Role, bool)>, HubError> {
    let mut s =
        conn.prepare_cached("SELECT scope, role, locked FROM person WHERE login = ?1 ORDER BY scope")?;
    let rows = s.query_map([login], |r| Ok((r.get(0)?, r.get::<_, String>(1)?, r.get(2)?)))?;
    let rows: Vec<(Scope, String, bool)> = rows.collect::<Result<_, _>>()?;
    Ok(rows.into_iter().filter_map(|(s, r, l)| Some((s, Role::from_label(&r)?, l))).collect())
}

/// The role in a scope; `None` for no access. Whoever has a role somewhere has it in the shared scope.
pub(super) fn role(conn: &Connection, login: &str, scope: &Scope) -> Result<Option<Role>, HubError> {
    let mut best: Option<Role> = None;
    for (s, r, locked) in roles(conn, login)? {
        let counts = !locked && (s == *scope || s.0 == EVERYWHERE || is_shared(scope));
        if counts && best.is_none_or(|b| r.weight() > b.weight()) {
            best = Some(r);
        }
    }
    Ok(best)
}

pub(super) fn welcome(conn: &Connection, hello: &Hello, now_ms: i64) -> Result<Welcome, HubError> {
    let hub = hub_id(conn)?;
    let nobody: bool = !conn.prepare("SELECT 1 FROM person")?.exists([])?;
    if nobody {
        // The first to come to an empty hub keeps it: the set-up of one person needs no other step.
        add(conn, &hello.login, Role::Admin, &Scope(EVERYWHERE.into()))?;
    }
    let mine = roles(conn, &hello.login)?;
    if mine.is_empty() {
        return Err(HubError::UnknownPerson(hello.login.clone()));
    }
    if mine.iter().all(|(_, _, locked)| *locked) {
        return Err(HubError::Locked(hello.login.clone()));
    }
    let all_scopes = mine.iter().any(|(s, _, locked)| s.0 == EVERYWHERE && !locked);
    let mut names: Vec<Scope> = vec![Scope(SHARED_SCOPE.into())];
    let known: Vec<Scope> = {
        let mut s = conn
            .prepare("SELECT scope FROM head UNION SELECT scope FROM person WHERE scope <> '*' ORDER BY 1")?;
        let rows = s.query_map([], |r| r.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    names.extend(known.into_iter().filter(|s| !is_shared(s)));
    let mut scopes = Vec::new();
    for s in names {
        if let Some(r) = role(conn, &hello.login, &s)? {
            scopes.push((s, r));
        }
    }
    let have = {
        let mut s = conn.prepare("SELECT scope, last_seq FROM client WHERE client = ?1")?;
        let rows = s.query_map([hello.client], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?.unsigned_abs())))?;
        rows.collect::<Result<_, _>>()?
    };
    Ok(Welcome { hub, scopes, all_scopes, have, now_ms })
}

fn hub_id(conn: &Connection) -> Result<Id, HubError> {
    let found: Option<String> = conn
        .query_row("SELECT value FROM hub WHERE scope = '*' AND key = 'id'", [], |r| r.get(0))
        .optional()?;
    if let Some(id) = found.as_deref().and_then(Id::parse) {
        return Ok(id);
    }
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| super::broken("the system gives no random numbers"))?;
    let id = Id(uuid::Builder::from_random_bytes(bytes).into_uuid());
    conn.execute("INSERT INTO hub (scope, key, value) VALUES ('*', 'id', ?1)", [id.to_string()])?;
    Ok(id)
}

fn add(conn: &Connection, login: &str, role: Role, scope: &Scope) -> Result<(), HubError> {
    conn.execute(
        "INSERT INTO person (scope, login, role) VALUES (?1, ?2, ?3)
         ON CONFLICT (scope, login) DO UPDATE SET role = excluded.role, locked = 0",
        params![scope, login, role_key(role)],
    )?;
    Ok(())
}

impl SqliteHub {
    /// Gives a person a role in a scope (`*` for all), or changes it. For `codesk user` and the set-up.
    pub fn set_person(&mut self, login: &str, role: Role, scope: &str) -> Result<(), HubError> {
        self.change_person(login, &format!("{} in {scope}", role_key(role)), |conn| {
            add(conn, login, role, &Scope(scope.into()))
        })
    }

    /// Takes a person's access to a scope away; the next pull erases what their cache holds of it.
    pub fn remove_person(&mut self, login: &str, scope: &str) -> Result<(), HubError> {
        self.change_person(login, &format!("no access to {scope}"), |conn| {
            conn.execute("DELETE FROM person WHERE scope = ?1 AND login = ?2", [scope, login])?;
            Ok(())
        })
    }

    pub fn lock_person(&mut self, login: &str, locked: bool) -> Result<(), HubError> {
        self.change_person(login, if locked { "locked" } else { "unlocked" }, |conn| {
            conn.execute("UPDATE person SET locked = ?2 WHERE login = ?1", params![login, locked])?;
            Ok(())
        })
    }

    fn change_person(
        &mut self,
        login: &str,
        what: &str,
        change: impl FnOnce(&Connection) -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        let now_ms = self.clock.now_ms();
        let by = self.session.clone();
        let tx = self.begin()?;
        change(&tx)?;
        let detail = format!("{login}: {what}");
        let session = by.unwrap_or(super::Session { client: Id::NIL, login: SET_UP.into() });
        log::audit(
            &tx,
            &session,
            &Scope(EVERYWHERE.into()),
            "person",
            Id::NIL,
            Id::NIL,
            &detail,
            now_ms,
            now_ms,
            None,
        )?;
        Ok(tx.commit()?)
    }

    /// (login, scope, role, locked) of everybody.
    pub fn people(&self) -> Result<Vec<(String, Scope, Role, bool)>, HubError> {
        let mut s =
            self.conn.prepare("SELECT login, scope, role, locked FROM person ORDER BY login, scope")?;
        let rows = s.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, String>(2)?, r.get(3)?)))?;
        let rows: Vec<(String, Scope, String, bool)> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().filter_map(|(l, s, r, k)| Some((l, s, Role::from_label(&r)?, k))).collect())
    }
}
