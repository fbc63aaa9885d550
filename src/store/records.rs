//! Records of the cache with what only the cache keeps beside them: base, acknowledged and pending versions.

use super::StoreError;
use crate::domain::{Id, Op, Record, RecordKind, Write};
use crate::sqlite::{body_text, derive, lease_of, load_record, records_of_root, save_record, save_work_row};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;

/// A record that changed: its id, kind and root.
pub(super) type Changed = (Id, RecordKind, Id);

/// A record's place between the hub and us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The hub's version of the content without our unconfirmed ops.
    pub base: u64,
    /// The highest version the hub has confirmed to us.
    pub acked: u64,
    /// Our unconfirmed ops on it.
    pub pending: u64,
}

pub(super) fn standing(conn: &Connection, id: Id) -> Result<Option<Standing>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT base, acked, pending FROM record WHERE id = ?1")?
        .query_row([id], |r| {
            let n = |i| r.get::<_, i64>(i).map(i64::unsigned_abs);
            Ok(Standing { base: n(0)?, acked: n(1)?, pending: n(2)? })
        })
        .optional()?)
}

pub(super) fn set_standing(conn: &Connection, id: Id, s: Standing) -> Result<(), StoreError> {
    let version = s.base.max(s.acked) + s.pending;
    conn.prepare_cached("UPDATE record SET base = ?2, acked = ?3, pending = ?4, version = ?5 WHERE id = ?1")?
        .execute(params![
            id,
            s.base.cast_signed(),
            s.acked.cast_signed(),
            s.pending.cast_signed(),
            version.cast_signed()
        ])?;
    Ok(())
}

/// Writes a record one of our ops has changed or made; one more op of ours is unconfirmed on it.
pub(super) fn save_edited(conn: &Connection, r: &Record, new: bool) -> Result<(), StoreError> {
    let body = body_text(r);
    let version = r.version.cast_signed();
    if new {
        conn.prepare_cached(
            "INSERT INTO record (scope, id, root, kind, visibility, version, ord, deleted, body, pending)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)",
        )?
        .execute(params![
            r.scope,
            r.id,
            r.root,
            r.kind.key(),
            r.visibility.key(),
            version,
            r.order.0,
            r.deleted,
            body
        ])?;
    } else {
        conn.prepare_cached(
            "UPDATE record SET version = ?2, ord = ?3, deleted = ?4, body = ?5, pending = pending + 1
             WHERE id = ?1",
        )?
        .execute(params![r.id, version, r.order.0, r.deleted, body])?;
    }
    Ok(())
}

/// Where a record that does not exist yet belongs.
pub(super) fn root_of(write: &Write, op_root: Id) -> Id {
    if write.kind.is_root() { write.record } else { op_root }
}

/// Every record an op touches: what it writes, and its root. An empty op, which only keeps the numbers without a
/// gap, touches nothing.
pub(super) fn touched(op: &Op) -> Vec<Id> {
    if op.writes.is_empty() {
        return Vec::new();
    }
    let mut ids: Vec<Id> = op.writes.iter().map(|w| w.record).collect();
    if !ids.contains(&op.root) {
        ids.push(op.root);
    }
    ids
}

/// Replaces a record by the hub's and lays our unconfirmed ops over it again.
pub(super) fn adopt(conn: &Connection, theirs: &Record, pending: &[Op]) -> Result<(), StoreError> {
    let mut record = theirs.clone();
    let mut count = 0;
    for op in pending {
        let mut hit = op.root == theirs.id && !op.writes.is_empty();
        for write in op.writes.iter().filter(|w| w.record == theirs.id) {
            record.apply(write);
            hit = true;
        }
        count += u64::from(hit);
    }
    record.version = theirs.version + count;
    save_record(conn, &record)?;
    set_standing(conn, record.id, Standing { base: theirs.version, acked: 0, pending: count })
}

/// Brings the work items up to date that show something of these records.
pub(super) fn refresh<'a>(
    conn: &Connection,
    changed: impl IntoIterator<Item = &'a Changed>,
) -> Result<(), StoreError> {
    let mut roots = Vec::new();
    let mut seen = HashSet::new();
    let mut directory = false;
    for (id, kind, root) in changed {
        let touched = match kind {
            RecordKind::Patient => related(conn, "SELECT id FROM work_item WHERE patient = ?1", *id)?,
            RecordKind::Coverage => related(conn, "SELECT id FROM work_item WHERE coverage = ?1", *id)?,
            RecordKind::Payer => {
                payer_name(conn, *id)?;
                Vec::new()
            }
            RecordKind::Provider
            | RecordKind::Site
            | RecordKind::Fees
            | RecordKind::Proposal
            | RecordKind::Batch => Vec::new(),
            _ => vec![*root],
        };
        directory |=
            matches!(kind, RecordKind::Payer | RecordKind::Provider | RecordKind::Site | RecordKind::Fees);
        roots.extend(touched.into_iter().filter(|r| seen.insert(*r)));
    }
    for root in roots {
        refresh_root(conn, root)?;
    }
    if directory {
        super::directory::changed(conn)?;
    }
    Ok(())
}

fn related(conn: &Connection, sql: &str, id: Id) -> Result<Vec<Id>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([id], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Thousands of rows name a payer: only the name is rewritten. A coverage that came before its payer has its
/// payer's id already.
fn payer_name(conn: &Connection, id: Id) -> Result<(), StoreError> {
    let name = load_record(conn, id)?
        .filter(|r| !r.deleted)
        .and_then(|r| r.body.get("name").and_then(|n| n.as_str()).map(str::to_string))
        .unwrap_or_default();
    conn.prepare_cached("UPDATE work_item SET payer = ?2 WHERE payer_id = ?1 AND payer <> ?2")?
        .execute(params![id, name])?;
    Ok(())
}

pub(super) fn refresh_root(conn: &Connection, root: Id) -> Result<(), StoreError> {
    let records = records_of_root(conn, root)?;
    match derive(conn, &records, lease_of(conn, root)?)? {
        Some(row) => save_work_row(conn, &row)?,
        // Without a single record only the hub's row is kept here: it stays.
        None if !records.is_empty() => {
            conn.prepare_cached("DELETE FROM work_item WHERE id = ?1")?.execute([root])?;
        }
        None => {}
    }
    Ok(())
}
