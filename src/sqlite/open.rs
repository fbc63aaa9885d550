//! Opening an encrypted SQLite file and telling apart why it does not open.
//!
//! Owns the pragmas, the lock file of the one writer and the key mark beside the database. SQLCipher gives
//! one answer for a wrong key, a file of something else and a damaged first page; the mark (a hash of the
//! key, written when the file is made) is what separates them.

use super::{DbError, Key};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Reads and writes; makes the file.
    Write,
    /// Only reads; the file has to exist.
    Read,
}

/// Opens `path` with `key`; `key_path` is named in the error of a wrong key.
pub fn open(
    path: &Path,
    key: &Key,
    key_path: &Path,
    mode: OpenMode,
    cache_kib: i64,
) -> Result<Connection, DbError> {
    let existed = path.exists() && fs::metadata(path).is_ok_and(|m| m.len() > 0);
    if mode == OpenMode::Write {
        check_folder(path)?;
    }
    let flags = match mode {
        OpenMode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        OpenMode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| DbError::of(e, path))?;
    // Before anything else: even the first read may meet another process's checkpoint.
    conn.busy_timeout(Duration::from_secs(10)).map_err(|e| DbError::of(e, path))?;
    // SQLCipher would write its own words to stderr, which is the workstation's screen.
    conn.execute_batch(&format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"{}\"; PRAGMA cipher_memory_security = OFF; PRAGMA temp_store = MEMORY;",
        key.pragma()
    ))
    .map_err(|e| DbError::of(e, path))?;
    if let Err(e) = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)) {
        return Err(why_closed(e, path, key, key_path));
    }
    if mode == OpenMode::Write {
        let journal: String = conn
            .query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))
            .map_err(|e| DbError::of(e, path))?;
        if !journal.eq_ignore_ascii_case("wal") {
            return Err(DbError::Folder {
                path: path.display().to_string(),
                why: "this file system does not support a write-ahead log; use a local disk".into(),
            });
        }
        conn.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(|e| DbError::of(e, path))?;
        if !existed || !key_mark_path(path).exists() {
            fs::write(key_mark_path(path), key.mark()).map_err(|_| read_only(path))?;
        }
    }
    conn.execute_batch(&format!("PRAGMA cache_size = -{cache_kib};")).map_err(|e| DbError::of(e, path))?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}

/// The file that holds the mark of the database's key.
pub fn key_mark_path(path: &Path) -> PathBuf {
    beside(path, "keymark")
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn read_only(path: &Path) -> DbError {
    DbError::ReadOnly { path: path.display().to_string() }
}

fn check_folder(path: &Path) -> Result<(), DbError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| match e.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => read_only(folder),
        std::io::ErrorKind::StorageFull => DbError::DiskFull,
        _ => DbError::Folder { path: folder.display().to_string(), why: e.to_string() },
    })
}

/// A first read failed: because of the key, the file or the disk?
fn why_closed(e: rusqlite::Error, path: &Path, key: &Key, key_path: &Path) -> DbError {
    if !matches!(
        e.sqlite_error_code(),
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
    ) {
        return DbError::of(e, path);
    }
    let mut head = [0u8; 16];
    let plain = fs::File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok()
        && &head == b"SQLite format 3\0";
    let name = path.display().to_string();
    match fs::read_to_string(key_mark_path(path)) {
        Ok(mark) if mark.trim() == key.mark() => DbError::Damaged { path: name },
        Ok(_) => DbError::WrongKey { key: key_path.display().to_string(), database: name },
        // Nothing of ours lies beside it.
        Err(_) if plain || fs::metadata(path).map_or(true, |m| m.len() % 4096 != 0) => {
            DbError::NotADatabase { path: name }
        }
        Err(_) => DbError::WrongKey { key: key_path.display().to_string(), database: name },
    }
}

/// Held while a process is the one writer of a database.
#[derive(Debug)]
pub struct FileLock {
    _file: fs::File,
}

impl FileLock {
    pub fn take(path: &Path) -> Result<FileLock, DbError> {
        check_folder(path)?;
        let lock = beside(path, "lock");
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(|_| read_only(path))?;
        #[cfg(unix)]
        if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut who = String::new();
            let _ = file.read_to_string(&mut who);
            let who =
                if who.trim().is_empty() { "process unknown".to_string() } else { who.trim().to_string() };
            return Err(DbError::InUse { path: path.display().to_string(), who });
        }
        let _ = file.set_len(0);
        let _ = write!(file, "process {}", std::process::id());
        Ok(FileLock { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A killed process loses nothing that the system has taken over; a power cut takes what was not synced. No
    /// test here can cut the power, so the setting itself is held.
    #[test]
    fn every_commit_is_synced_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key_path) = (folder.path().join("cache.db"), folder.path().join("cache.key"));
        let key = Key::read_or_create(&key_path, &path).unwrap();
        let conn = open(&path, &key, &key_path, OpenMode::Write, 1_024).unwrap();
        let number =
            |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(number("synchronous"), 2, "FULL: the log is synced with every commit");
        assert_eq!(number("foreign_keys"), 1);
        let journal: String = conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap();
        assert_eq!(journal, "wal");
    }
}
