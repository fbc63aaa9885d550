//! What the local cache and the SQLite hub have in common: one encrypted file, opened with care.
//!
//! Owns the key file, opening with SQLCipher, migrations, the hash chain of the audit trail and how records
//! and work items are written as rows. Both `store` and `hub::sqlite` build on it, so that neither imports
//! the other.
//! Never knows an outbox, a cursor, a lease rule or a role: those belong to the two above.
//! Called by the thread that owns the connection.

pub mod chain;
mod error;
mod key;
mod migrate;
mod open;
mod rows;
mod text;

pub use error::{DbError, ErrorKind};
pub use key::Key;
pub use migrate::{Migration, migrate};
pub use open::{FileLock, OpenMode, key_mark_path, open};
pub use rows::{
    ITEM_COLUMNS, RECORD_COLUMNS, WorkRow, body_text, derive, item_of, lease_of, load_record, prefix_end,
    record_of, records_of_root, save_record, save_work_row, search_key,
};
pub use text::{pack, text_hash, unpack};
