//! A place to get hubs from, and one that loses answers.

use codesk::domain::*;
use codesk::hub::sqlite::SqliteHub;
use codesk::hub::*;
use std::path::PathBuf;
use std::sync::Arc;

/// What a conformance test needs of a hub, whichever it is.
pub trait Factory: Sync {
    /// A new connection to the same hub.
    fn connect(&self) -> Box<dyn Hub>;
    /// Lets the hub's clock go on.
    fn advance(&self, ms: i64);
    /// Gives somebody a role in a scope.
    fn person(&self, login: &str, role: Role, scope: &str);
    fn remove(&self, login: &str, scope: &str);
    /// Copies the hub as it is now; `restore` puts that copy in its place.
    fn backup(&self);
    fn restore(&self);
    /// Changes one stored record's body behind the hub's back.
    fn tamper(&self, id: Id);

    /// A connection that has said hello.
    fn client(&self, login: &str, client: &str) -> Box<dyn Hub> {
        let mut hub = self.connect();
        hub.hello(&Hello { client: super::id(client), login: login.into(), schema: SCHEMA }).unwrap();
        hub
    }
}

/// Who works here.
pub const STAFF: &[(&str, Role, &str)] = &[
    ("kwong", Role::Supervisor, "*"),
    ("dlee", Role::Coder, super::CLINIC),
    ("mruiz", Role::Coder, super::CLINIC),
    ("pchen", Role::Coder, super::CLINIC),
    ("tnew", Role::Trainee, super::CLINIC),
    ("bstone", Role::Biller, super::CLINIC),
    ("eyes", Role::ReadOnly, super::CLINIC),
];

pub struct SqliteFactory {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl SqliteFactory {
    pub fn new() -> SqliteFactory {
        let f = SqliteFactory {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at(super::NOW)),
        };
        for (login, role, scope) in STAFF {
            f.person(login, *role, scope);
        }
        f
    }
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("hub.db")
    }
    fn open(&self) -> SqliteHub {
        SqliteHub::open(&self.path(), &self.folder.path().join("hub.key"), self.clock.clone()).unwrap()
    }
    fn raw(&self) -> rusqlite::Connection {
        let key_path = self.folder.path().join("hub.key");
        let key = codesk::store::Key::read(&key_path).unwrap();
        codesk::sqlite::open(&self.path(), &key, &key_path, codesk::sqlite::OpenMode::Write, 100).unwrap()
    }
}

impl Factory for SqliteFactory {
    fn connect(&self) -> Box<dyn Hub> {
        Box::new(self.open())
    }
    fn advance(&self, ms: i64) {
        self.clock.advance(ms);
    }
    fn person(&self, login: &str, role: Role, scope: &str) {
        self.open().set_person(login, role, scope).unwrap();
    }
    fn remove(&self, login: &str, scope: &str) {
        self.open().remove_person(login, scope).unwrap();
    }
    fn backup(&self) {
        self.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        std::fs::copy(self.path(), self.folder.path().join("backup.db")).unwrap();
    }
    fn restore(&self) {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.path().join(format!("hub.db{suffix}")));
        }
        std::fs::copy(self.folder.path().join("backup.db"), self.path()).unwrap();
    }
    fn tamper(&self, id: Id) {
        let n = self
            .raw()
            .execute(
                "UPDATE record SET body = json_set(body, '$.why', 'changed') WHERE id = ?1",
                [id.as_bytes().as_slice()],
            )
            .unwrap();
        assert_eq!(n, 1);
    }
}

/// Loses calls on the way there or answers on the way back, by a fixed sequence.
pub struct Lossy {
    pub inner: Box<dyn Hub>,
    pub state: u64,
    /// Of 256 calls, how many are lost before and how many after they are done.
    pub before: u64,
    pub after: u64,
}

impl Lossy {
    fn call<T>(&mut self, f: impl FnOnce(&mut dyn Hub) -> Result<T, HubError>) -> Result<T, HubError> {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let dice = (self.state >> 33) % 256;
        let cut = || HubError::Unreachable("the link was cut".into());
        if dice < self.before {
            return Err(cut());
        }
        let answer = f(self.inner.as_mut())?;
        if dice < self.before + self.after { Err(cut()) } else { Ok(answer) }
    }
}

impl Hub for Lossy {
    fn hello(&mut self, hello: &Hello) -> Result<Welcome, HubError> {
        self.call(|h| h.hello(hello))
    }
    fn push(&mut self, op: &Op, texts: &[(String, String)]) -> Result<PushAnswer, HubError> {
        self.call(|h| h.push(op, texts))
    }
    fn stamp(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        self.call(|h| h.stamp(scope))
    }
    fn pull(&mut self, scope: &Scope, cursor: &Cursor, limit: u32) -> Result<PullAnswer, HubError> {
        self.call(|h| h.pull(scope, cursor, limit))
    }
    fn head(&mut self, scope: &Scope) -> Result<Cursor, HubError> {
        self.call(|h| h.head(scope))
    }
    fn texts(&mut self, scope: &Scope, hashes: &[String]) -> Result<Vec<(String, String)>, HubError> {
        self.call(|h| h.texts(scope, hashes))
    }
    fn fetch(&mut self, scope: &Scope, roots: &[Id]) -> Result<Vec<Record>, HubError> {
        self.call(|h| h.fetch(scope, roots))
    }
    fn get_next(&mut self, ask: &NextAsk) -> Result<Vec<HubItem>, HubError> {
        self.call(|h| h.get_next(ask))
    }
    fn lease(&mut self, scope: &Scope, id: Id, minutes: u32) -> Result<LeaseAnswer, HubError> {
        self.call(|h| h.lease(scope, id, minutes))
    }
    fn renew(&mut self, scope: &Scope, id: Id, fence: i64, minutes: u32) -> Result<LeaseAnswer, HubError> {
        self.call(|h| h.renew(scope, id, fence, minutes))
    }
    fn release(&mut self, scope: &Scope, id: Id, fence: i64) -> Result<Lease, HubError> {
        self.call(|h| h.release(scope, id, fence))
    }
    fn break_lease(&mut self, scope: &Scope, id: Id, why: &str) -> Result<Lease, HubError> {
        self.call(|h| h.break_lease(scope, id, why))
    }
    fn record_events(&mut self, events: &[HubEvent]) -> Result<(), HubError> {
        self.call(|h| h.record_events(events))
    }
    fn verify(&mut self) -> Result<Option<HubFault>, HubError> {
        self.call(|h| h.verify())
    }
}
