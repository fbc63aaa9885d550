//! The hub: the shared database that every cache exchanges with.
//!
//! Owns the trait that every hub keeps and the answers it gives (SYNC.md sections 2 to 5); `hub::sqlite` is the
//! hub in one file, `hub::postgres` the one of a team. `tests/hub_conformance.rs` is the definition: a hub is what passes it.
//! Never knows a cache: `sync` carries things between the two.
//! Threads: a hub value is one connection and belongs to the thread that uses it (the sync thread).

mod error;
pub mod postgres;
pub mod rules;
pub mod sqlite;

pub use error::HubError;

use crate::domain::{Cursor, Id, Lease, Op, Record, Role, Scope, VisitKind, WorkItem};
use serde::{Deserialize, Serialize};

/// The version of records and ops this program speaks. A hub that needs a newer one says so.
pub const SCHEMA: u32 = 1;

/// Who is calling: the cache and the person signed in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    pub client: Id,
    pub login: String,
    pub schema: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Names the hub; a cache that knew another one stops.
    pub hub: Id,
    /// The scopes there are for this person, with the role in each; the shared one is among them.
    pub scopes: Vec<(Scope, Role)>,
    /// Whether the person may also begin new scopes.
    pub all_scopes: bool,
    /// The highest number of this client's ops the hub has answered, per scope.
    pub have: Vec<(Scope, u64)>,
    /// The hub's clock.
    pub now_ms: i64,
}

/// What the hub did with an op.
#[derive(Clone, Debug, PartialEq)]
pub enum PushAnswer {
    Applied {
        versions: Vec<(Id, u64)>,
    },
    /// It was here before; the answer it got then. Enclosed records are those of now.
    Duplicate(Box<PushAnswer>),
    /// A field it read has changed since. One record for each that the op touches; one that does not exist
    /// is vacant, with version 0.
    Conflict {
        records: Vec<Record>,
    },
    /// Its lease is gone.
    Fenced {
        holder: Option<String>,
        records: Vec<Record>,
    },
    /// Final: role, state, or something that is not there.
    Rejected {
        why: String,
        records: Vec<Record>,
    },
    /// Ops before it are missing; the hub has them up to `have`.
    Gap {
        have: u64,
    },
    /// Another op has this number: the cache was copied, or restored from a copy.
    Fork,
    /// The program is too old to write here.
    Upgrade,
    /// The person may no longer use this scope.
    Revoked,
}

impl PushAnswer {
    /// In the hub, now or before.
    pub fn is_applied(&self) -> bool {
        match self {
            PushAnswer::Applied { .. } => true,
            PushAnswer::Duplicate(first) => first.is_applied(),
            _ => false,
        }
    }
}

/// A row of the hub's lists with the fence of its lease.
#[derive(Clone, Debug, PartialEq)]
pub struct HubItem {
    pub item: WorkItem,
    pub fence: i64,
}

/// Changes after a cursor, as the records are now.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub records: Vec<Record>,
    pub items: Vec<HubItem>,
    /// Where this page ends; give it back with the next pull.
    pub cursor: Cursor,
    pub head: Cursor,
    pub more: bool,
    /// The hub sends the records of an encounter only to caches that asked for it (`Hub::fetch`).
    pub lists: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PullAnswer {
    Page(Page),
    /// The cursor is of a log that is not this one: the hub was restored from an older copy.
    Restored {
        head: Cursor,
    },
    Revoked,
}

/// Asks for the next encounters of a scope, with leases on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAsk {
    pub scope: Scope,
    /// The same request again gives the same encounters: an answer may have been lost.
    pub request: Id,
    pub n: u32,
    pub kind: Option<VisitKind>,
    pub minutes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseAnswer {
    Granted(Lease),
    /// Somebody else has it.
    Held(Lease),
}

/// Something that happened at a client without an edit, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubEvent {
    pub scope: Scope,
    /// The client's own number; the hub takes each once.
    pub n: u64,
    pub at_ms: i64,
    pub actor: String,
    pub what: String,
    pub root: Id,
    pub detail: String,
}

/// The first row that is not what the chain says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubFault {
    pub scope: Scope,
    /// `log`, `record` or `audit`.
    pub table: String,
    pub pos: u64,
    pub why: String,
}

/// The shared database as a client sees it. Every call but `hello` needs a `hello` before it.
/// An `Err` of kind `Retry` says nothing about whether the call was done: push again, the number decides.
pub trait Hub: Send {
    /// Registers the client and says what it may do.
    fn hello(&mut self, hello: &Hello) -> Result<Welcome, HubError>;
    /// Applies one op, or says why not, in one transaction. `texts` are (hash, text) of documents it adds.
    fn push(&mut self, op: &Op, texts: &[(String, String)]) -> Result<PushAnswer, HubError>;
    /// Pushes ops of one scope in their order, each its own transaction; several may be on the wire at once. What
    /// follows an op that was not applied may be done and unanswered: push it again, the number decides. Ends
    /// at the first error, which is lost when there are answers before it.
    fn push_all(&mut self, ops: &[(&Op, &[(String, String)])]) -> Result<Vec<PushAnswer>, HubError> {
        one_by_one(ops, |op, texts| self.push(op, texts))
    }
    /// Gives positions to what has committed, and returns the head.
    fn stamp(&mut self, scope: &Scope) -> Result<Cursor, HubError>;
    /// At most about `limit` changes after `cursor` that this person may see.
    fn pull(&mut self, scope: &Scope, cursor: &Cursor, limit: u32) -> Result<PullAnswer, HubError>;
    fn head(&mut self, scope: &Scope) -> Result<Cursor, HubError>;
    /// Texts by hash, those the hub has.
    fn texts(&mut self, scope: &Scope, hashes: &[String]) -> Result<Vec<(String, String)>, HubError>;
    /// The records of encounters, for a cache that holds only what is worked on; pulls keep them new from then on.
    fn fetch(&mut self, scope: &Scope, roots: &[Id]) -> Result<Vec<Record>, HubError>;
    /// The next free encounters in the manager's order, leased to the caller.
    fn get_next(&mut self, ask: &NextAsk) -> Result<Vec<HubItem>, HubError>;
    fn lease(&mut self, scope: &Scope, id: Id, minutes: u32) -> Result<LeaseAnswer, HubError>;
    fn renew(&mut self, scope: &Scope, id: Id, fence: i64, minutes: u32) -> Result<LeaseAnswer, HubError>;
    /// Gives it back; nothing if it has changed hands already.
    fn release(&mut self, scope: &Scope, id: Id, fence: i64) -> Result<Lease, HubError>;
    /// A supervisor takes the lease away; the holder's unsent work becomes a proposal.
    fn break_lease(&mut self, scope: &Scope, id: Id, why: &str) -> Result<Lease, HubError>;
    /// The first of `n` interchange control numbers of a sender, taken for good in a transaction of its own: a
    /// number is never given twice, whatever happens to the file afterwards.
    fn reserve_control_numbers(&mut self, sender: &str, n: u32) -> Result<u64, HubError> {
        let _ = (sender, n);
        Err(HubError::NotAllowed("this hub gives no control numbers yet".into()))
    }
    fn record_events(&mut self, events: &[HubEvent]) -> Result<(), HubError>;
    /// Whether others change it without telling us: then it is asked every minute.
    fn is_remote(&self) -> bool {
        false
    }
    /// Walks every chain; `None` when all is whole.
    fn verify(&mut self) -> Result<Option<HubFault>, HubError>;
}

/// Pushes in order until one is not applied or fails; what was answered before a failure is kept.
fn one_by_one(
    ops: &[(&Op, &[(String, String)])],
    mut push: impl FnMut(&Op, &[(String, String)]) -> Result<PushAnswer, HubError>,
) -> Result<Vec<PushAnswer>, HubError> {
    let mut answers = Vec::with_capacity(ops.len());
    for (op, texts) in ops {
        match push(op, texts) {
            Ok(answer) => {
                let goes_on = answer.is_applied();
                answers.push(answer);
                if !goes_on {
                    break;
                }
            }
            Err(e) if answers.is_empty() => return Err(e),
            Err(_) => break,
        }
    }
    Ok(answers)
}

/// A person's role in a scope; `*` for every scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub login: String,
    pub scope: Scope,
    pub role: Role,
    pub locked: bool,
}

/// A row of the audit trail, as it is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailRow {
    pub scope: Scope,
    pub n: u64,
    /// The hub's clock.
    pub at_ms: i64,
    pub device_ms: i64,
    pub login: String,
    pub client: Id,
    pub what: String,
    pub root: Id,
    pub op_id: Id,
    pub detail: String,
    /// Hexadecimal: covers this row and, by the row before it, all before.
    pub hash: String,
}

/// The hub in figures, for `codesk doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HubStatus {
    pub server: String,
    pub schema: u32,
    /// The schema this program needs.
    pub needs: u32,
    pub now_ms: i64,
    pub bytes: u64,
    /// When the last backup was made and where to, if it was made by `codesk hub backup`.
    pub backup: Option<String>,
    pub restored: Option<String>,
    /// The largest table and its bytes.
    pub largest: Option<(String, u64)>,
    /// In use, and how many there may be.
    pub connections: Option<(u64, u64)>,
    /// What somebody should do, one sentence each.
    pub warnings: Vec<String>,
}

/// What administrators and supervisors ask of a hub, from the command line and the screens of theirs.
pub trait HubAdmin: Hub {
    /// Gives a person a role in a scope (`*` for all), or changes role or password. The SQLite hub keeps no password:
    /// who can read its key file is in.
    fn set_person(
        &mut self,
        login: &str,
        role: Option<Role>,
        scope: &str,
        password: Option<&str>,
    ) -> Result<(), HubError>;
    /// Takes a person's access to a scope away; the next pull erases what their cache holds of it.
    fn remove_person(&mut self, login: &str, scope: &str) -> Result<(), HubError>;
    /// Locks a person everywhere and frees their leases, or unlocks them.
    fn lock_person(&mut self, login: &str, locked: bool) -> Result<(), HubError>;
    fn people(&mut self) -> Result<Vec<Person>, HubError>;
    /// The scopes whose trail the caller may read, `*` among them for those of the whole hub.
    fn trail_scopes(&mut self) -> Result<Vec<Scope>, HubError>;
    /// Rows of the audit trail after a number, in order.
    fn trail(&mut self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<TrailRow>, HubError>;
    /// Records a backup or a restore.
    fn note(&mut self, key: &str, value: &str) -> Result<(), HubError>;
    fn status(&mut self) -> Result<HubStatus, HubError>;
}

/// The hub's clock: leases end by it.
pub trait Clock: Send + Sync {
    fn now_ms(&self) -> i64;
}

/// The clock of the machine the hub runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        chrono::Utc::now().timestamp_millis()
    }
}

/// A clock that stands still until it is moved: for tests and the sample practice.
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicI64);

impl ManualClock {
    pub fn at(ms: i64) -> ManualClock {
        ManualClock(std::sync::atomic::AtomicI64::new(ms))
    }
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}
