//! A damaged cache is set aside, never deleted.
//!
//! Owns rescuing what exists nowhere else: ops the hub has not confirmed (with the texts they carry), proposals
//! and settings. Everything else comes from the hub again.

use super::{AuditEvent, FILE, Store, StoreError, StorePaths, audit::append};
use crate::domain::Id;
use crate::sqlite::{FileLock, Key, OpenMode, open};
use rusqlite::{Connection, params, params_from_iter, types::Value};
use std::{fs, path::PathBuf};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Where the damaged file is now.
    pub set_aside: PathBuf,
    /// Ops rescued, confirmed ones included.
    pub ops: u64,
    /// Of those, not confirmed by the hub.
    pub pending: u64,
    pub texts: u64,
    pub proposals: u64,
    /// Whether some part could not be read to its end.
    pub incomplete: bool,
}

/// Rows of one statement as far as they can be read.
fn rows(conn: &Connection, sql: &str, incomplete: &mut bool) -> Vec<Vec<Value>> {
    let mut out = Vec::new();
    let Ok(mut statement) = conn.prepare(sql) else {
        *incomplete = true;
        return out;
    };
    let columns = statement.column_count();
    match statement.query([]) {
        Err(_) => *incomplete = true,
        Ok(mut rows) => loop {
            match rows.next() {
                Ok(None) => break,
                Err(_) => {
                    *incomplete = true;
                    break;
                }
                Ok(Some(r)) => match (0..columns).map(|i| r.get(i)).collect::<Result<Vec<Value>, _>>() {
                    Ok(row) => out.push(row),
                    Err(_) => *incomplete = true,
                },
            }
        },
    }
    out
}

const SETTINGS: &str = "SELECT key, value FROM setting WHERE key <> 'directory'";
const CURSORS: &str = "SELECT scope, next_seq, answered FROM cursor";
const OUTBOX: &str =
    "SELECT scope, seq, op_id, root, state, done_ms, version, op FROM outbox ORDER BY scope, seq";
const PROPOSALS: &str = "SELECT scope, op_id, root, at_ms, why, detail, op, theirs FROM proposal";
const UNSENT: &str = "SELECT scope, actor, what, root, detail, at_ms FROM audit WHERE sent = 0";

impl Store {
    /// Moves the damaged cache of `paths` beside itself and opens a new one with what could be rescued.
    pub fn recover_damaged(paths: &StorePaths, now_ms: i64) -> Result<(Store, Recovered), StoreError> {
        let key = Key::read(&paths.key)?;
        let lock = FileLock::take(&paths.database)?;
        let mut report = Recovered::default();
        let mut kept: [Vec<Vec<Value>>; 6] = Default::default();
        match open(&paths.database, &key, &paths.key, OpenMode::Write, 8192) {
            Err(_) => report.incomplete = true,
            Ok(old) => {
                for (place, sql) in kept.iter_mut().zip([SETTINGS, CURSORS, OUTBOX, PROPOSALS, UNSENT]) {
                    *place = rows(&old, sql, &mut report.incomplete);
                }
                kept[5] = needed_texts(&old, &kept[2], &mut report.incomplete);
            }
        }
        report.set_aside = set_aside(paths, now_ms)?;
        drop(lock);
        let mut store = Store::open(paths)?;
        store.put_back(kept, now_ms, &mut report)?;
        store.client = super::settings::client(&store.conn)?;
        Ok((store, report))
    }

    fn put_back(
        &mut self,
        kept: [Vec<Vec<Value>>; 6],
        now_ms: i64,
        report: &mut Recovered,
    ) -> Result<(), StoreError> {
        let [settings, cursors, outbox, proposals, unsent, texts] = kept;
        let tx = self.begin()?;
        let put = |sql: &str, rows: &[Vec<Value>]| -> Result<u64, StoreError> {
            let mut statement = tx.prepare(sql)?;
            let mut n = 0;
            for row in rows {
                n += statement.execute(params_from_iter(row))? as u64;
            }
            Ok(n)
        };
        put("INSERT OR REPLACE INTO setting (key, value) VALUES (?1, ?2)", &settings)?;
        put("INSERT OR REPLACE INTO cursor (scope, next_seq, answered) VALUES (?1, ?2, ?3)", &cursors)?;
        report.ops = put(
            "INSERT OR REPLACE INTO outbox (scope, seq, op_id, root, state, done_ms, version, op)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &outbox,
        )?;
        report.proposals = put(
            "INSERT OR REPLACE INTO proposal (scope, op_id, root, at_ms, why, detail, op, theirs)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &proposals,
        )?;
        report.texts =
            put("INSERT OR REPLACE INTO document_text (hash, packed, text) VALUES (?1, ?2, ?3)", &texts)?;
        // Where the cursors could not be read, the numbers go on after the last op that could.
        tx.execute_batch(
            "INSERT INTO cursor (scope, next_seq) SELECT scope, max(seq) + 1 FROM outbox WHERE true GROUP BY scope
             ON CONFLICT (scope) DO UPDATE SET next_seq = max(next_seq, excluded.next_seq)",
        )?;
        let pending: i64 =
            tx.query_row("SELECT count(*) FROM outbox WHERE state = 'pending'", [], |r| r.get(0))?;
        report.pending = pending.unsigned_abs();
        for row in &unsent {
            if let [
                Value::Text(scope),
                Value::Text(actor),
                Value::Text(what),
                Value::Blob(root),
                Value::Text(detail),
                _,
            ] = row.as_slice()
            {
                let event = AuditEvent {
                    scope: crate::domain::Scope(scope.clone()),
                    actor: actor.clone(),
                    what: what.clone(),
                    root: Id::from_slice(root).unwrap_or(Id::NIL),
                    detail: detail.clone(),
                };
                append(&tx, &event, now_ms, Id::NIL, false)?;
            }
        }
        Ok(tx.commit()?)
    }
}

/// Texts that ops name which the hub may not have.
fn needed_texts(old: &Connection, outbox: &[Vec<Value>], incomplete: &mut bool) -> Vec<Vec<Value>> {
    let mut out = Vec::new();
    for row in outbox {
        let [.., Value::Text(op)] = row.as_slice() else { continue };
        let Ok(op) = serde_json::from_str::<crate::domain::Op>(op) else { continue };
        for hash in
            op.writes.iter().flat_map(|w| &w.set).filter(|f| f.0 == "hash").filter_map(|f| f.2.as_str())
        {
            let found = old.query_row(
                "SELECT hash, packed, text FROM document_text WHERE hash = ?1",
                params![hash],
                |r| Ok(vec![r.get::<_, Value>(0)?, r.get(1)?, r.get(2)?]),
            );
            match found {
                Ok(row) => out.push(row),
                Err(_) => *incomplete = true,
            }
        }
    }
    out
}

fn set_aside(paths: &StorePaths, now_ms: i64) -> Result<PathBuf, StoreError> {
    let folder = paths.database.parent().map(PathBuf::from).unwrap_or_default();
    let name = paths.database.file_name().map_or_else(|| FILE.into(), |n| n.to_string_lossy().into_owned());
    let aside = folder.join(format!("{name}.damaged-{now_ms}"));
    for suffix in ["", "-wal", "-shm"] {
        let from = folder.join(format!("{name}{suffix}"));
        let to = folder.join(format!("{name}.damaged-{now_ms}{suffix}"));
        if from.exists() {
            fs::rename(&from, &to)
                .map_err(|e| StoreError::SetAside { path: from.display().to_string(), why: e.to_string() })?;
        }
    }
    Ok(aside)
}
