//! The hub in one SQLite file: for one person, or a small office on one machine.
//!
//! Owns the file, its schema and the session of one connection. Every call that writes is one `BEGIN IMMEDIATE`
//! transaction, so positions are given as rows are written and stamping has nothing left to do.
//! Several processes may have it open; each call waits its turn. The file must lie on a local disk.

mod admin;
mod control;
mod lease;
mod log;
mod people;
mod pull;
mod push;
mod verify;

use super::{
    Clock, Hello, Hub, HubError, HubEvent, HubFault, HubItem, LeaseAnswer, NextAsk, PullAnswer, PushAnswer,
    SCHEMA, Welcome,
};
use crate::domain::{Cursor, Id, Lease, Op, Role, SHARED_SCOPE, Scope};
use crate::sqlite::{Key, Migration, OpenMode, load_record, migrate, open};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{path::Path, sync::Arc};

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, sql: include_str!("schema/0001_hub.sql") },
    Migration { number: 2, sql: include_str!("schema/0002_control.sql") },
];

/// The scope of what belongs to the hub as a whole.
const EVERYWHERE: &str = "*";

#[derive(Clone, Debug)]
struct Session {
    client: Id,
    login: String,
}

/// One connection to the hub file.
pub struct SqliteHub {
    conn: Connection,
    clock: Arc<dyn Clock>,
    session: Option<Session>,
}

impl SqliteHub {
    /// Opens the hub at `path`, making file, key and schema if there is none.
    pub fn open(path: &Path, key_path: &Path, clock: Arc<dyn Clock>) -> Result<SqliteHub, HubError> {
        let key = Key::read_or_create(key_path, path)?;
        let mut conn = open(path, &key, key_path, OpenMode::Write, 16_384)?;
        migrate(&mut conn, path, MIGRATIONS)?;
        Ok(SqliteHub { conn, clock, session: None })
    }

    fn session(&self) -> Result<Session, HubError> {
        self.session.clone().ok_or(HubError::NotSignedIn)
    }

    /// The caller and the role in `scope`.
    fn caller(&self, scope: &Scope) -> Result<(Session, Role), HubError> {
        let session = self.session()?;
        let role = people::role(&self.conn, &session.login, scope)?
            .ok_or_else(|| HubError::NoScope(scope.clone()))?;
        Ok((session, role))
    }

    fn begin(&mut self) -> Result<Transaction<'_>, HubError> {
        Ok(self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

impl Hub for SqliteHub {
    fn hello(&mut self, hello: &Hello) -> Result<Welcome, HubError> {
        if hello.schema < SCHEMA {
            return Err(HubError::Upgrade { have: hello.schema, need: SCHEMA });
        }
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let welcome = people::welcome(&tx, hello, now_ms)?;
        tx.commit()?;
        self.session = Some(Session { client: hello.client, login: hello.login.clone() });
        Ok(welcome)
    }

    fn push(&mut self, op: &Op, texts: &[(String, String)]) -> Result<PushAnswer, HubError> {
        let session = self.session()?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let answer = push::push(&tx, &session, op, texts, now_ms)?;
        tx.commit()?;
        Ok(answer)
    }

    /// One transaction for all up to the first that is not applied: one sync of the disk for many small ops. An
    /// error takes all of them back; they are then pushed one by one, so that those before it are kept.
    fn push_all(&mut self, ops: &[(&Op, &[(String, String)])]) -> Result<Vec<PushAnswer>, HubError> {
        let session = self.session()?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        if let Ok(answers) = super::one_by_one(ops, |op, texts| push::push(&tx, &session, op, texts, now_ms))
            // A failed op may have written something: only a batch without one is kept.
            && (answers.len() == ops.len() || answers.last().is_some_and(|a| !a.is_applied()))
        {
            tx.commit()?;
            return Ok(answers);
        }
        drop(tx);
        super::one_by_one(ops, |op, texts| self.push(op, texts))
    }

    fn stamp(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        self.head(scope)
    }

    fn pull(&mut self, scope: &Scope, cursor: &Cursor, limit: u32) -> Result<PullAnswer, HubError> {
        let session = self.session()?;
        let tx = self.conn.transaction()?;
        let answer = match people::role(&tx, &session.login, scope)? {
            None => PullAnswer::Revoked,
            Some(role) => pull::pull(&tx, &session, role, scope, cursor, limit)?,
        };
        tx.commit()?;
        Ok(answer)
    }

    fn head(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        self.caller(scope)?;
        log::head(&self.conn, scope)
    }

    fn texts(&mut self, scope: &Scope, hashes: &[String]) -> Result<Vec<(String, String)>, HubError> {
        self.caller(scope)?;
        pull::texts(&self.conn, scope, hashes)
    }

    fn fetch(&mut self, scope: &Scope, roots: &[Id]) -> Result<Vec<crate::domain::Record>, HubError> {
        let (session, role) = self.caller(scope)?;
        pull::fetch(&self.conn, &session, role, scope, roots)
    }

    fn get_next(&mut self, ask: &NextAsk) -> Result<Vec<HubItem>, HubError> {
        let (session, role) = self.caller(&ask.scope)?;
        if !role.may_code() {
            return Err(HubError::NotAllowed(format!("a {} does not take work to code", role.label())));
        }
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let items = lease::get_next(&tx, &session, ask, now_ms)?;
        tx.commit()?;
        Ok(items)
    }

    fn lease(&mut self, scope: &Scope, id: Id, minutes: u32) -> Result<LeaseAnswer, HubError> {
        let (session, _) = self.caller(scope)?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let answer = lease::take(&tx, &session, scope, id, None, minutes, now_ms)?;
        tx.commit()?;
        Ok(answer)
    }

    fn renew(&mut self, scope: &Scope, id: Id, fence: i64, minutes: u32) -> Result<LeaseAnswer, HubError> {
        let (session, _) = self.caller(scope)?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let answer = lease::take(&tx, &session, scope, id, Some(fence), minutes, now_ms)?;
        tx.commit()?;
        Ok(answer)
    }

    fn release(&mut self, scope: &Scope, id: Id, fence: i64) -> Result<Lease, HubError> {
        let (session, _) = self.caller(scope)?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let lease = lease::release(&tx, &session, scope, id, fence, now_ms)?;
        tx.commit()?;
        Ok(lease)
    }

    fn break_lease(&mut self, scope: &Scope, id: Id, why: &str) -> Result<Lease, HubError> {
        let (session, role) = self.caller(scope)?;
        if !matches!(role, Role::Supervisor | Role::Admin) {
            return Err(HubError::NotAllowed(format!("a {} may not take a lease away", role.label())));
        }
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        let lease = lease::break_it(&tx, &session, scope, id, why, now_ms)?;
        tx.commit()?;
        Ok(lease)
    }

    fn reserve_control_numbers(&mut self, sender: &str, n: u32) -> Result<u64, HubError> {
        self.session()?;
        let tx = self.begin()?;
        let first = control::take(&tx, sender, n)?;
        tx.commit()?;
        Ok(first)
    }

    fn record_events(&mut self, events: &[HubEvent]) -> Result<(), HubError> {
        let session = self.session()?;
        let now_ms = self.clock.now_ms();
        let tx = self.begin()?;
        for e in events {
            log::event(&tx, &session, e, now_ms)?;
        }
        Ok(tx.commit()?)
    }

    fn verify(&mut self) -> Result<Option<HubFault>, HubError> {
        let tx = self.conn.transaction()?;
        verify::verify(&tx)
    }
}

/// Whether a record is in the hub under this scope.
fn record_in(conn: &Connection, scope: &Scope, id: Id) -> Result<Option<crate::domain::Record>, HubError> {
    Ok(load_record(conn, id)?.filter(|r| r.scope == *scope))
}

fn is_shared(scope: &Scope) -> bool {
    scope.0 == SHARED_SCOPE
}

/// A stored word that cannot be read.
fn broken(what: &'static str) -> HubError {
    HubError::Broken(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scope first, or the data cannot be spread by it.
    #[test]
    fn every_unique_and_foreign_key_begins_with_scope() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let hub = SqliteHub::open(&path, &folder.path().join("hub.key"), Arc::new(super::super::SystemClock))
            .unwrap();
        let list = |sql: &str| -> Vec<String> {
            let mut s = hub.conn.prepare(sql).unwrap();
            s.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        assert!(tables.len() > 8);
        for t in tables {
            let unique = list(&format!("SELECT name FROM pragma_index_list('{t}') WHERE \"unique\" = 1"));
            assert!(!unique.is_empty(), "{t} has no key");
            for index in unique {
                let first = list(&format!("SELECT name FROM pragma_index_info('{index}') WHERE seqno = 0"));
                assert_eq!(first, ["scope"], "{t}.{index}");
            }
            for first in list(&format!("SELECT \"from\" FROM pragma_foreign_key_list('{t}') WHERE seq = 0")) {
                assert_eq!(first, "scope", "{t}");
            }
        }
    }
}
