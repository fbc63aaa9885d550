//! What an administrator does with the hub: making and upgrading it, people, the trail, its state.

use super::{Migrated, PgHub, schema, wire};
use crate::domain::{Role, Scope};
use crate::hub::{HubAdmin, HubError, HubStatus, Person, TrailRow};
use serde::Deserialize;
use tokio_postgres::types::Type;

impl PgHub {
    /// Creates or upgrades schema, roles and functions as the login of the address, or as `login`. The one who
    /// makes a hub is its first administrator.
    pub fn migrate(&mut self, login: &str, partitions: bool) -> Result<Migrated, HubError> {
        self.migrate_to(login, partitions, super::NEWEST)
    }

    /// The same up to an older schema: for tests of an upgrade.
    #[doc(hidden)]
    pub fn migrate_to(&mut self, login: &str, partitions: bool, newest: u32) -> Result<Migrated, HubError> {
        self.link.connect(login)?;
        let admin = self.link.text("SELECT session_user::text", &[])?.unwrap_or_default();
        schema::migrate(&mut self.link, &admin, partitions, newest)
    }

    /// As a program that needs no more than this schema: for tests of an upgrade.
    #[doc(hidden)]
    pub fn needing(mut self, schema: u32) -> PgHub {
        self.needs = schema;
        self
    }

    /// Gives a scope partitions of its own, in a hub that was made with partitions.
    pub fn partition(&mut self, login: &str, scope: &str) -> Result<(), HubError> {
        self.link.connect(login)?;
        schema::partition(&mut self.link, scope)
    }

    /// Which schema the database has, without a greeting: 0 for none.
    pub fn installed(&mut self, login: &str) -> Result<u32, HubError> {
        self.link.connect(login)?;
        schema::installed(&mut self.link)
    }

    /// Connects without a greeting, for the calls of this file.
    pub fn sign_in(&mut self, login: &str) -> Result<(), HubError> {
        self.link.connect(login)
    }

    /// `host`, `port`, `database` and login for the server's own tools.
    pub fn tool_arguments(&self, login: &str) -> Vec<String> {
        let place = self.link.place();
        let mut out = Vec::new();
        if let Some(server) = place.servers.first() {
            match server.get_hosts().first() {
                Some(tokio_postgres::config::Host::Tcp(name)) => out.push(format!("--host={name}")),
                #[cfg(unix)]
                Some(tokio_postgres::config::Host::Unix(path)) => {
                    out.push(format!("--host={}", path.display()))
                }
                None => {}
            }
            out.extend(server.get_ports().first().map(|port| format!("--port={port}")));
        }
        out.push(format!("--username={}", place.login().unwrap_or(login)));
        out.push(format!("--dbname={}", place.database()));
        out
    }
}

#[derive(Deserialize)]
struct WireStatus {
    server: String,
    schema: u32,
    backup: Option<String>,
    restored: Option<String>,
    replica: bool,
    now_ms: i64,
    bytes: u64,
    connections: u64,
    max_connections: u64,
    unnumbered: u64,
    bad_indexes: Vec<String>,
    tables: Option<Vec<WireTable>>,
}

#[derive(Deserialize)]
struct WireTable {
    table: String,
    rows: u64,
    dead: u64,
    bytes: u64,
}

impl HubAdmin for PgHub {
    fn set_person(
        &mut self,
        login: &str,
        role: Option<Role>,
        scope: &str,
        password: Option<&str>,
    ) -> Result<(), HubError> {
        // What is sent is what the server stores: no log and no statement ever holds the password.
        let verifier = password.map(|p| postgres_protocol::password::scram_sha_256(p.as_bytes()));
        self.link.rows(
            "SELECT codesk.person_set($1, $2, $3, $4)",
            &[
                (&login, Type::TEXT),
                (&role.map(Role::label), Type::TEXT),
                (&scope, Type::TEXT),
                (&verifier, Type::TEXT),
            ],
        )?;
        Ok(())
    }

    fn remove_person(&mut self, login: &str, scope: &str) -> Result<(), HubError> {
        self.link
            .rows("SELECT codesk.person_remove($1, $2)", &[(&login, Type::TEXT), (&scope, Type::TEXT)])?;
        Ok(())
    }

    fn lock_person(&mut self, login: &str, locked: bool) -> Result<(), HubError> {
        self.link
            .rows("SELECT codesk.person_lock($1, $2)", &[(&login, Type::TEXT), (&locked, Type::BOOL)])?;
        Ok(())
    }

    fn people(&mut self) -> Result<Vec<Person>, HubError> {
        let rows = self.link.rows("SELECT login, scope, role, locked FROM codesk.people()", &[])?;
        let bad = |_| HubError::Broken("a row of the people");
        rows.iter()
            .map(|r| {
                Ok(Person {
                    login: r.try_get(0).map_err(bad)?,
                    scope: Scope(r.try_get(1).map_err(bad)?),
                    role: wire::role(r.try_get(2).map_err(bad)?)?,
                    locked: r.try_get(3).map_err(bad)?,
                })
            })
            .collect()
    }

    fn trail_scopes(&mut self) -> Result<Vec<Scope>, HubError> {
        self.link.rows("SELECT codesk.stamp_all()", &[])?;
        let text = self.link.text("SELECT to_json(codesk.my_trail())::text", &[])?;
        wire::read(&text.unwrap_or_default(), "the scopes of the trail")
    }

    fn trail(&mut self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<TrailRow>, HubError> {
        let text = self.link.text(
            "SELECT codesk.trail($1, $2, $3)::text",
            &[
                (&scope.0, Type::TEXT),
                (&after.cast_signed(), Type::INT8),
                (&i32::try_from(limit).unwrap_or(i32::MAX), Type::INT4),
            ],
        )?;
        wire::read(&text.unwrap_or_default(), "a page of the trail")
    }

    fn note(&mut self, key: &str, value: &str) -> Result<(), HubError> {
        self.link.rows("SELECT codesk.hub_note($1, $2)", &[(&key, Type::TEXT), (&value, Type::TEXT)])?;
        Ok(())
    }

    fn status(&mut self) -> Result<HubStatus, HubError> {
        let text = self.link.text("SELECT codesk.status()::text", &[])?;
        let w: WireStatus = wire::read(&text.unwrap_or_default(), "the state of the hub")?;
        let mut warnings = Vec::new();
        for index in &w.bad_indexes {
            warnings
                .push(format!("the index {index} is damaged or unfinished; REINDEX INDEX codesk.{index}"));
        }
        let tables = w.tables.unwrap_or_default();
        for t in tables.iter().filter(|t| t.dead > 50_000 && t.dead > t.rows / 2) {
            warnings
                .push(format!("the table {} is half dead rows; VACUUM ANALYZE codesk.{}", t.table, t.table));
        }
        if w.connections * 10 > w.max_connections * 9 {
            warnings.push(format!("{} of {} connections are taken", w.connections, w.max_connections));
        }
        if w.unnumbered > 100_000 {
            warnings.push(format!("{} changes have no place in the log yet", w.unnumbered));
        }
        if w.replica {
            warnings.push("this is a read-only copy; edits wait until it is promoted".into());
        }
        let largest = tables.first().map(|t| (t.table.clone(), t.bytes));
        Ok(HubStatus {
            server: format!("PostgreSQL {}", w.server),
            schema: w.schema,
            needs: super::NEWEST,
            now_ms: w.now_ms,
            bytes: w.bytes,
            backup: w.backup,
            restored: w.restored,
            largest,
            connections: Some((w.connections, w.max_connections)),
            warnings,
        })
    }
}
