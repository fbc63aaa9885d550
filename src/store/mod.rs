//! The local cache: one encrypted SQLite file that the workstation reads and writes first.
//!
//! Owns records, work items, document texts, the outbox of what the hub has not confirmed, the audit chain and
//! settings. `Store` is the one writer; `Reader` is a read-only connection of its own, so that a page of sync
//! or an import never delays opening a chart. Every edit is one transaction: records, outbox, audit, work item.
//! Never talks to a hub (`sync` does) and never shows anything.
//! Threads: `Store` belongs to the writer thread, each `Reader` to the thread that opened it.

mod audit;
mod commit;
mod directory;
mod error;
mod import;
mod outbox;
mod proposal;
mod pull;
mod queue;
mod reader;
mod records;
mod recover;
mod settings;
mod uses;

pub use audit::{AuditEvent, AuditFault, AuditRow};
pub use commit::Committed;
pub use error::StoreError;
pub use import::{ImportBatch, ImportRoot, Imported};
pub use outbox::{PendingOp, Settled};
pub use proposal::{Proposal, ProposalWhy};
pub use pull::{Absorbed, PulledItem, PulledPage};
pub use reader::Reader;
pub use recover::Recovered;
pub use uses::{CodeUse, HALF_LIFE_DAYS};

pub use crate::sqlite::{ErrorKind, Key, text_hash};

use crate::domain::Id;
use crate::sqlite::{FileLock, Migration, OpenMode, migrate, open};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, sql: include_str!("migrations/0001_cache.sql") },
    Migration { number: 2, sql: include_str!("migrations/0002_code_use.sql") },
];
const CACHE_KIB: i64 = 16 * 1024;
const IMPORT_CACHE_KIB: i64 = 128 * 1024;
const FILE: &str = "cache.db";
const KEY_FILE: &str = "cache.key";

/// Where a cache lies: the database and its key, in one data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePaths {
    pub database: PathBuf,
    pub key: PathBuf,
}

impl StorePaths {
    pub fn in_folder(folder: &Path) -> StorePaths {
        StorePaths { database: folder.join(FILE), key: folder.join(KEY_FILE) }
    }
}

/// The one writer of a cache.
pub struct Store {
    conn: Connection,
    paths: StorePaths,
    key: Key,
    client: Id,
    /// The page cache is large, for an import.
    roomy: bool,
    /// Postings are counted for the order of search.
    learning: bool,
    learned: std::sync::Arc<std::sync::atomic::AtomicU64>,
    _lock: FileLock,
}

impl Store {
    /// Opens the cache of `paths`, making file, key and schema if there is none. Fails at once, with the
    /// remedy, when another process has it open.
    pub fn open(paths: &StorePaths) -> Result<Store, StoreError> {
        let key = Key::read_or_create(&paths.key, &paths.database)?;
        let lock = FileLock::take(&paths.database)?;
        let mut conn = open(&paths.database, &key, &paths.key, OpenMode::Write, CACHE_KIB)?;
        migrate(&mut conn, &paths.database, MIGRATIONS)?;
        let client = settings::client(&conn)?;
        Ok(Store {
            conn,
            paths: paths.clone(),
            key,
            client,
            roomy: false,
            learning: true,
            learned: Default::default(),
            _lock: lock,
        })
    }

    /// A read-only connection to the same cache, for another thread.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::with_key(&self.paths, &self.key)
    }

    /// This cache as the hub knows it: its ops are numbered under this id.
    pub fn client(&self) -> Id {
        self.client
    }

    pub fn paths(&self) -> &StorePaths {
        &self.paths
    }

    /// A large import writes all over the indexes: it gets more pages in memory, and gives them back with the
    /// next ordinary edit.
    fn make_room(&mut self, roomy: bool) -> Result<(), StoreError> {
        if self.roomy != roomy {
            let kib = if roomy { IMPORT_CACHE_KIB } else { CACHE_KIB };
            self.conn.execute_batch(&format!("PRAGMA cache_size = -{kib}; PRAGMA shrink_memory;"))?;
            self.roomy = roomy;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}
