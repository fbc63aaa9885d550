//! What an administrator does with the hub file: people, the trail, its state.

use super::{EVERYWHERE, MIGRATIONS, SqliteHub, log, people};
use crate::domain::{Id, Role, Scope};
use crate::hub::{HubAdmin, HubError, HubStatus, Person, TrailRow};
use crate::sqlite::chain::hash_of;
use rusqlite::{OptionalExtension, params};
use std::path::Path;

impl SqliteHub {
    /// Copies the hub to `to` while nobody writes: the file and what is still in its log beside it. The copy opens with
    /// the same key.
    pub fn backup(&mut self, from: &Path, to: &Path) -> Result<(), HubError> {
        // Holding the writer's place: a page may still move from log to file, but none is lost by copying both.
        let tx = self.begin()?;
        let fail =
            |e: std::io::Error| HubError::NotAllowed(format!("cannot copy the hub to {}: {e}", to.display()));
        for end in ["", "-wal", ".keymark"] {
            let with = |p: &Path| std::path::PathBuf::from(format!("{}{end}", p.display()));
            if with(from).exists() {
                std::fs::copy(with(from), with(to)).map_err(fail)?;
            }
        }
        Ok(tx.commit()?)
    }
}

impl HubAdmin for SqliteHub {
    fn set_person(
        &mut self,
        login: &str,
        role: Option<Role>,
        scope: &str,
        password: Option<&str>,
    ) -> Result<(), HubError> {
        self.must_be(&[Role::Admin])?;
        if password.is_some() {
            return Err(HubError::NotAllowed(
                "a hub in one file keeps no passwords: who can read its key file is in".into(),
            ));
        }
        match role {
            Some(role) => SqliteHub::set_person(self, login, role, scope),
            None => Ok(()),
        }
    }

    fn remove_person(&mut self, login: &str, scope: &str) -> Result<(), HubError> {
        self.must_be(&[Role::Admin])?;
        SqliteHub::remove_person(self, login, scope)
    }

    fn lock_person(&mut self, login: &str, locked: bool) -> Result<(), HubError> {
        self.must_be(&[Role::Admin])?;
        if !SqliteHub::people(self)?.iter().any(|(l, _, _, _)| l == login) {
            return Err(HubError::UnknownPerson(login.into()));
        }
        SqliteHub::lock_person(self, login, locked)?;
        if locked {
            self.free_leases_of(login)?;
        }
        Ok(())
    }

    fn people(&mut self) -> Result<Vec<Person>, HubError> {
        self.must_be(&[Role::Admin, Role::Supervisor])?;
        let rows = SqliteHub::people(self)?;
        Ok(rows
            .into_iter()
            .map(|(login, scope, role, locked)| Person { login, scope, role, locked })
            .collect())
    }

    fn trail_scopes(&mut self) -> Result<Vec<Scope>, HubError> {
        self.must_be(&[Role::Admin, Role::Supervisor])?;
        let mut s = self.conn.prepare("SELECT DISTINCT scope FROM audit ORDER BY 1")?;
        let rows = s.query_map([], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn trail(&mut self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<TrailRow>, HubError> {
        self.must_be(&[Role::Admin, Role::Supervisor])?;
        let mut s = self.conn.prepare(
            "SELECT n, at_ms, device_ms, login, client, what, root, op_id, detail, hash FROM audit
             WHERE scope = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
        )?;
        let rows = s.query_map(params![scope, after.cast_signed(), limit], |r| {
            let hash = hash_of(&r.get::<_, Vec<u8>>(9)?);
            Ok(TrailRow {
                scope: scope.clone(),
                n: r.get::<_, i64>(0)?.unsigned_abs(),
                at_ms: r.get(1)?,
                device_ms: r.get(2)?,
                login: r.get(3)?,
                client: r.get(4)?,
                what: r.get(5)?,
                root: r.get(6)?,
                op_id: r.get(7)?,
                detail: r.get(8)?,
                hash: hash.iter().map(|b| format!("{b:02x}")).collect(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn note(&mut self, key: &str, value: &str) -> Result<(), HubError> {
        self.must_be(&[Role::Admin])?;
        let now_ms = self.clock.now_ms();
        let session = self.session()?;
        let tx = self.begin()?;
        tx.execute(
            "INSERT INTO hub (scope, key, value) VALUES ('*', ?1, ?2)
             ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value",
            [key, value],
        )?;
        let everywhere = Scope(EVERYWHERE.into());
        log::audit(
            &tx,
            &session,
            &everywhere,
            &format!("hub.{key}"),
            Id::NIL,
            Id::NIL,
            value,
            now_ms,
            now_ms,
            None,
        )?;
        Ok(tx.commit()?)
    }

    fn status(&mut self) -> Result<HubStatus, HubError> {
        let number = |sql: &str| self.conn.query_row(sql, [], |r| r.get::<_, i64>(0)).map(i64::unsigned_abs);
        let kept = |key: &str| -> Result<Option<String>, HubError> {
            Ok(self
                .conn
                .query_row("SELECT value FROM hub WHERE scope = '*' AND key = ?1", [key], |r| r.get(0))
                .optional()?)
        };
        let needs = MIGRATIONS.last().map_or(0, |m| m.number);
        let schema = number("SELECT user_version FROM pragma_user_version")?;
        Ok(HubStatus {
            server: format!("one file, SQLite {}", rusqlite::version()),
            schema: u32::try_from(schema).unwrap_or(u32::MAX),
            needs: u32::try_from(needs).unwrap_or(u32::MAX),
            now_ms: self.clock.now_ms(),
            bytes: number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
            backup: kept("backup")?,
            restored: kept("restored")?,
            largest: None,
            connections: None,
            warnings: Vec::new(),
        })
    }
}

impl SqliteHub {
    /// Somebody who signed in needs one of these roles somewhere; the program setting a hub up has not signed in.
    fn must_be(&self, roles: &[Role]) -> Result<(), HubError> {
        let Some(session) = &self.session else { return Ok(()) };
        let has = |(login, _, role, locked): &(String, Scope, Role, bool)| {
            *login == session.login && !locked && roles.contains(role)
        };
        if SqliteHub::people(self)?.iter().any(has) {
            return Ok(());
        }
        let who: Vec<&str> = roles.iter().map(|r| r.label()).collect();
        Err(HubError::NotAllowed(format!("only a person with the role {} may do that", who.join(" or "))))
    }

    fn free_leases_of(&mut self, login: &str) -> Result<(), HubError> {
        let now_ms = self.clock.now_ms();
        let session = super::Session { client: Id::NIL, login: people::SET_UP.into() };
        let by = self.session.clone().unwrap_or(session);
        let tx = self.begin()?;
        let held: Vec<(Scope, Id)> = {
            let mut s = tx.prepare("SELECT scope, id FROM work_item WHERE holder = ?1")?;
            let rows = s.query_map([login], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (scope, id) in held {
            super::lease::break_it(&tx, &by, &scope, id, &format!("{login} is locked"), now_ms)?;
        }
        Ok(tx.commit()?)
    }
}
