//! How often codes are used here: by the person of this cache and by others at the site.
//!
//! Owns the counts that search ranks by. They are learned in the transaction that stores a posting, so that
//! the one is never without the other, and fade: a use counts half after `HALF_LIFE_DAYS`. Never leaves the
//! cache (encrypted, this person's own) and never names a chart.
//! Threads: learned by whoever holds the `Store`, read through a `Reader` of the asking thread.

use super::{Reader, Store, StoreError};
use crate::domain::{CodeSystem, FIELD_DELETED, FieldSet, Record, RecordKind, Write};
use crate::sqlite::load_record;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

/// After so many days a use counts half: two quarters, as habits and code sets change.
pub const HALF_LIFE_DAYS: f64 = 180.0;
const DAY_MS: i64 = 86_400_000;
/// What has faded below this is not read any more.
const FADED: f64 = 0.05;
const CODE: &str = "code";

/// Uses of a code, faded to the day they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeUse {
    pub system: CodeSystem,
    pub code: String,
    /// By others at the site.
    pub site: f32,
    /// By the person of this cache.
    pub own: f32,
}

impl CodeUse {
    /// As search takes it: system, code, uses at the site, own uses.
    pub fn parts(&self) -> (CodeSystem, &str, f32, f32) {
        (self.system, &self.code, self.site, self.own)
    }
}

fn counted(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::Diagnosis | RecordKind::Procedure | RecordKind::Line)
}

fn faded(uses: f64, from: i64, to: i64) -> f64 {
    uses * 0.5f64.powf((to - from).max(0) as f64 / HALF_LIFE_DAYS)
}

fn add(
    conn: &Connection,
    kind: RecordKind,
    code: &str,
    own: bool,
    by: f64,
    day: i64,
) -> Result<(), StoreError> {
    if code.is_empty() {
        return Ok(());
    }
    let before: Option<(f64, i64)> = conn
        .prepare_cached("SELECT uses, day FROM code_use WHERE kind = ?1 AND code = ?2 AND own = ?3")?
        .query_row(params![kind.key(), code, own], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (uses, since) = before.unwrap_or((0.0, day));
    // A clock set back ages nothing.
    let day = day.max(since);
    let uses = (faded(uses, since, day) + by).max(0.0);
    conn.prepare_cached(
        "INSERT INTO code_use (kind, code, own, uses, day) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind, code, own) DO UPDATE SET uses = excluded.uses, day = excluded.day",
    )?
    .execute(params![kind.key(), code, own, uses, day])?;
    Ok(())
}

/// Learns from an edit before it is applied: a code written counts one, a code taken away (an undo among
/// others) one less.
pub(super) fn learn(conn: &Connection, writes: &[Write], now_ms: i64) -> Result<bool, StoreError> {
    let day = now_ms.div_euclid(DAY_MS);
    let mut learned = false;
    for w in writes.iter().filter(|w| counted(w.kind)) {
        let set = |name: &str| w.set.iter().find(|FieldSet(path, _, _)| path == name);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
        let (mut gone, mut come) = (String::new(), String::new());
        if let Some(FieldSet(_, old, new)) = set(CODE) {
            (gone, come) = (text(old), text(new));
        }
        if let Some(FieldSet(_, _, deleted)) = set(FIELD_DELETED) {
            let held = load_record(conn, w.record)?.map(|r| code_of(&r)).unwrap_or_default();
            match deleted.as_bool() {
                Some(true) => (gone, come) = (held, String::new()),
                // brought back, or new with its code beside it
                _ if come.is_empty() => come = held,
                _ => {}
            }
        }
        if gone != come {
            add(conn, w.kind, &gone, true, -1.0, day)?;
            add(conn, w.kind, &come, true, 1.0, day)?;
            learned = true;
        }
    }
    Ok(learned)
}

/// Learns from a record of somebody else's that is new to this cache.
pub(super) fn learn_of_others(conn: &Connection, r: &Record, now_ms: i64) -> Result<(), StoreError> {
    match counted(r.kind) && !r.deleted {
        true => add(conn, r.kind, &code_of(r), false, 1.0, now_ms.div_euclid(DAY_MS)),
        false => Ok(()),
    }
}

fn code_of(r: &Record) -> String {
    r.body.get(CODE).and_then(Value::as_str).unwrap_or_default().to_string()
}

impl Store {
    /// Whether postings are counted; on when a cache is opened.
    pub fn set_learning(&mut self, on: bool) {
        self.learning = on;
    }

    /// Goes up when counts of uses changed: who holds some reads them again.
    pub fn learned(&self) -> std::sync::Arc<std::sync::atomic::AtomicU64> {
        self.learned.clone()
    }
}

impl Reader {
    /// What is used here, faded to `now_ms`.
    pub fn uses(&self, now_ms: i64) -> Result<Vec<CodeUse>, StoreError> {
        let day = now_ms.div_euclid(DAY_MS);
        let mut s =
            self.conn.prepare_cached("SELECT kind, code, own, uses, day FROM code_use WHERE uses > 0")?;
        let mut rows = s.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let (kind, code): (String, String) = (row.get(0)?, row.get(1)?);
            let uses = faded(row.get(3)?, row.get(4)?, day);
            let system = match RecordKind::from_key(&kind) {
                Some(RecordKind::Diagnosis) => Some(CodeSystem::Icd10cm),
                Some(RecordKind::Procedure) => Some(CodeSystem::Icd10pcs),
                _ => CodeSystem::of_procedure(&code),
            };
            if let Some(system) = system.filter(|_| uses >= FADED) {
                let own: bool = row.get(2)?;
                let (site, own) = if own { (0.0, uses as f32) } else { (uses as f32, 0.0) };
                out.push(CodeUse { system, code, site, own });
            }
        }
        Ok(out)
    }
}
