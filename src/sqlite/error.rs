//! What can go wrong with an encrypted SQLite file, one variant a situation.
//!
//! Each sentence says what happened and what to do. None carries a value of a row: a path, a number or
//! SQLite's own words at most.

use std::path::Path;

/// What the caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The same call may succeed later.
    Retry,
    /// The person has to decide or change something.
    User,
    /// The set-up is wrong: a path, a permission, a key, a version.
    Config,
    /// Somebody else changed what this was based on.
    Conflict,
    /// A mistake in the program or a damaged file.
    Bug,
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the folder {path} cannot be used: {why}")]
    Folder { path: String, why: String },
    #[error("the key file {path} cannot be read: {why}")]
    KeyUnreadable { path: String, why: String },
    #[error("the key file {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    KeyTooOpen { path: String, mode: u32 },
    #[error("{path}, line {line}: a key is 64 hexadecimal digits; restore the file from your backup")]
    KeyLine { path: String, line: usize },
    #[error("{database} is there but its key file {key} is not; restore the key file from your backup")]
    KeyMissing { key: String, database: String },
    #[error("{key} is not the key of {database}; put the key file that belongs to it in its place")]
    WrongKey { key: String, database: String },
    #[error("{path} is not a codesk database; move it away or choose another data folder")]
    NotADatabase { path: String },
    #[error("{path} is damaged; `codesk doctor --repair` sets it aside and rescues what was not sent yet")]
    Damaged { path: String },
    #[error(
        "{path} was written by a newer codesk (data version {found}, this program knows {known}); it was left \
         untouched, start the newer program"
    )]
    TooNew { path: String, found: i64, known: i64 },
    #[error("{path} cannot be written to; give yourself write permission or choose another data folder")]
    ReadOnly { path: String },
    #[error("the disk is full; free some space and repeat the last step, nothing was half written")]
    DiskFull,
    #[error("another codesk ({who}) has {path} open; close it first, or use another --data-dir")]
    InUse { path: String, who: String },
    #[error("the database is busy with another process; it will be tried again")]
    Busy,
    #[error("step {number} of the data upgrade failed ({why}); the file before the upgrade is {copy}")]
    Migration { number: i64, copy: String, why: String },
    #[error("the disk reported an error while {path} was read or written; check the disk")]
    Disk { path: String },
    #[error("the database refused a statement: {0}")]
    Sql(rusqlite::Error),
    #[error("a stored record ({kind}) cannot be read; `codesk doctor` names it")]
    Unreadable { kind: String },
}

/// Where the path is not known: SQLite reports a failure of a statement, not of a file.
const HERE: &str = "codesk's data file";

impl From<rusqlite::Error> for DbError {
    fn from(e: rusqlite::Error) -> DbError {
        DbError::of(e, Path::new(HERE))
    }
}

impl DbError {
    /// Sorts SQLite's answer for the file at `path`.
    pub fn of(e: rusqlite::Error, path: &Path) -> DbError {
        use rusqlite::ErrorCode as C;
        let full = matches!(e.sqlite_error_code(), Some(C::SystemIoFailure)) && no_room(path);
        let path = path.display().to_string();
        match e.sqlite_error_code() {
            // The index of the log is a file too, and SQLite calls its failure an I/O error.
            _ if full => DbError::DiskFull,
            Some(C::DatabaseBusy | C::DatabaseLocked) => DbError::Busy,
            Some(C::DiskFull) => DbError::DiskFull,
            Some(C::ReadOnly | C::PermissionDenied | C::CannotOpen) => DbError::ReadOnly { path },
            Some(C::DatabaseCorrupt | C::NotADatabase) => DbError::Damaged { path },
            Some(C::SystemIoFailure) => DbError::Disk { path },
            _ => DbError::Sql(e),
        }
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            DbError::Busy => ErrorKind::Retry,
            DbError::DiskFull | DbError::InUse { .. } => ErrorKind::User,
            DbError::Sql(_) | DbError::Unreadable { .. } | DbError::Damaged { .. } => ErrorKind::Bug,
            _ => ErrorKind::Config,
        }
    }
}

/// Whether the disk of `path` cannot take even the smallest file SQLite needs beside a database (32 kB).
fn no_room(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    rustix::fs::statvfs(folder).is_ok_and(|s| s.f_bavail.saturating_mul(s.f_frsize) < 64 * 1024)
}
