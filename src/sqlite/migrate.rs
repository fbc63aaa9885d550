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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Key, OpenMode, open};

    const FIRST: Migration = Migration { number: 1, sql: "CREATE TABLE a (x); INSERT INTO a VALUES (1);" };

    #[test]
    fn an_upgrade_keeps_a_copy_until_it_has_opened_cleanly_and_a_failed_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key_path) = (folder.path().join("x.db"), folder.path().join("x.key"));
        let key = Key::read_or_create(&key_path, &path).unwrap();
        let connect = || open(&path, &key, &key_path, OpenMode::Write, 100).unwrap();
        let copy = beside(&path, "before-upgrade");
        migrate(&mut connect(), &path, &[FIRST]).unwrap();
        assert!(!copy.exists());

        let bad = Migration { number: 2, sql: "INSERT INTO a VALUES (2); INSERT INTO nowhere VALUES (1);" };
        let e = migrate(&mut connect(), &path, &[FIRST, bad]).unwrap_err();
        assert!(matches!(&e, DbError::Migration { number: 2, .. }), "{e}");
        assert!(e.to_string().contains("before-upgrade"));
        let rows =
            |c: &Connection| c.query_row("SELECT count(*) FROM a", [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(rows(&connect()), 1, "half a step is no step");

        let good = || Migration { number: 2, sql: "INSERT INTO a VALUES (2);" };
        migrate(&mut connect(), &path, &[FIRST, good()]).unwrap();
        assert!(copy.exists());
        assert_eq!(rows(&open(&copy, &key, &key_path, OpenMode::Read, 100).unwrap()), 1);
        migrate(&mut connect(), &path, &[FIRST, good()]).unwrap();
        assert!(!copy.exists());
        assert_eq!(rows(&connect()), 2);
    }

    #[test]
    fn a_full_disk_and_a_file_in_the_way_have_their_own_sentences() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key_path) = (folder.path().join("x.db"), folder.path().join("x.key"));
        let key = Key::read_or_create(&key_path, &path).unwrap();
        let conn = open(&path, &key, &key_path, OpenMode::Write, 100).unwrap();
        conn.execute_batch("PRAGMA max_page_count = 10; CREATE TABLE a (x);").unwrap();
        let e = conn.execute("INSERT INTO a VALUES (zeroblob(100000))", []).unwrap_err();
        assert!(matches!(DbError::of(e, &path), DbError::DiskFull));
        let inside = path.join("cache.db");
        let e = open(&inside, &key, &key_path, OpenMode::Write, 100).unwrap_err();
        assert!(matches!(e, DbError::Folder { .. }), "{e}");
    }
}
