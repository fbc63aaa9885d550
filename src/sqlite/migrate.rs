//! Numbered, append-only migrations, each in one transaction with the version it reaches.
//!
//! A file of a newer program is refused untouched. Before an upgrade a copy is kept beside the file; it goes
//! away when the new version has been opened cleanly a second time.

use super::{DbError, open::beside};
use rusqlite::{Connection, TransactionBehavior};
use std::{fs, path::Path};

pub struct Migration {
    pub number: i64,
    pub sql: &'static str,
}

/// Brings the file to the last of `steps`, which are numbered from 1 without a gap.
pub fn migrate(conn: &mut Connection, path: &Path, steps: &[Migration]) -> Result<(), DbError> {
    let known = steps.last().map_or(0, |s| s.number);
    let found = version(conn)?;
    if found > known {
        return Err(DbError::TooNew { path: path.display().to_string(), found, known });
    }
    let copy = beside(path, "before-upgrade");
    if found == known {
        if copy.exists() {
            let _ = fs::remove_file(&copy);
        }
        return Ok(());
    }
    if found > 0 {
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        fs::copy(path, &copy).map_err(|_| DbError::DiskFull)?;
    }
    for step in steps.iter().filter(|s| s.number > found) {
        apply(conn, step).map_err(|e| match DbError::of(e, path) {
            DbError::Sql(e) => DbError::Migration {
                number: step.number,
                copy: copy.display().to_string(),
                why: e.to_string(),
            },
            other => other,
        })?;
    }
    Ok(())
}

fn apply(conn: &mut Connection, step: &Migration) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here first.
    if version(&tx)? < step.number {
        tx.execute_batch(step.sql)?;
        tx.execute_batch(&format!("PRAGMA user_version = {}", step.number))?;
    }
    tx.commit()
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |r| r.get(0))
}
