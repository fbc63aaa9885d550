//! The key file: 32 random bytes as one line of hexadecimal digits, readable by its owner alone.
//!
//! Owns making, reading and checking the file. Never prints the key and never makes a new one beside a
//! database that exists: that would lock its owner out.

use super::DbError;
use sha2::{Digest, Sha256};
use std::{fmt, fs, io::Write, path::Path};

#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn unreadable(path: &Path, why: impl ToString) -> DbError {
    DbError::KeyUnreadable { path: path.display().to_string(), why: why.to_string() }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

impl Key {
    /// The key at `path`; made if there is none yet and `database` does not exist either.
    pub fn read_or_create(path: &Path, database: &Path) -> Result<Key, DbError> {
        if !path.exists() {
            if database.exists() {
                return Err(DbError::KeyMissing {
                    key: path.display().to_string(),
                    database: database.display().to_string(),
                });
            }
            Key::create(path)?;
        }
        Key::read(path)
    }

    pub fn read(path: &Path) -> Result<Key, DbError> {
        check_mode(path)?;
        let text = fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
        let mut key = None;
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = DbError::KeyLine { path: path.display().to_string(), line: i + 1 };
            if key.is_some() {
                return Err(bad);
            }
            key = Some(from_hex(line).ok_or(bad)?);
        }
        key.map(Key).ok_or_else(|| DbError::KeyLine {
            path: path.display().to_string(),
            line: text.lines().count().max(1),
        })
    }

    /// Written beside its place and linked into it, so that a crash leaves no half key and a race no two.
    fn create(path: &Path) -> Result<(), DbError> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| unreadable(path, e))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| unreadable(path, e))?;
        }
        let new = path.with_extension(format!("new{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&new).and_then(|mut file| {
            writeln!(
                file,
                "# The key of codesk's data. Keep it private and keep a copy: without it nothing"
            )?;
            writeln!(file, "# in the database can be read.\n{}", hex(&bytes))?;
            file.sync_all()?;
            fs::hard_link(&new, path)
        });
        let _ = fs::remove_file(&new);
        match written {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other.map_err(|e| unreadable(path, e)),
        }
    }

    /// What SQLCipher takes as a raw key.
    pub(super) fn pragma(&self) -> String {
        format!("x'{}'", hex(&self.0))
    }

    /// A mark that tells two keys apart and gives neither away.
    pub fn mark(&self) -> String {
        let mut h = Sha256::new();
        h.update(b"codesk key mark 1");
        h.update(self.0);
        hex(&h.finalize()[..8])
    }
}

fn from_hex(line: &str) -> Option<[u8; 32]> {
    let b = line.as_bytes();
    if b.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (o, pair) in out.iter_mut().zip(b.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *o = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), DbError> {
    use std::os::unix::fs::MetadataExt;
    let mode = fs::metadata(path).map_err(|e| unreadable(path, e))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(DbError::KeyTooOpen { path: path.display().to_string(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), DbError> {
    Ok(())
}
