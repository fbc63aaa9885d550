//! Reading the log after a cursor: one snapshot, records as they are now.

use super::{Session, log};
use crate::domain::{Cursor, Id, Record, Role, Scope};
use crate::hub::{HubError, HubItem, Page, PullAnswer, rules};
use crate::sqlite::{ITEM_COLUMNS, RECORD_COLUMNS, chain::hash_of, item_of, record_of, unpack};
use rusqlite::{Connection, OptionalExtension, params};

fn hash_at(conn: &Connection, scope: &Scope, pos: u64) -> Result<Option<[u8; 32]>, HubError> {
    Ok(conn
        .prepare_cached("SELECT hash FROM log WHERE scope = ?1 AND pos = ?2")?
        .query_row(params![scope, pos.cast_signed()], |r| r.get::<_, Vec<u8>>(0))
        .optional()?
        .map(|h| hash_of(&h)))
}

/// The position of the `limit`-th row after the cursor, if there are that many.
fn nth(
    conn: &Connection,
    table: &str,
    scope: &Scope,
    after: u64,
    limit: u32,
) -> Result<Option<u64>, HubError> {
    let sql = format!("SELECT pos FROM {table} WHERE scope = ?1 AND pos > ?2 ORDER BY pos LIMIT 1 OFFSET ?3");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params![scope, after.cast_signed(), limit.saturating_sub(1)], |r| r.get::<_, i64>(0))
        .optional()?
        .map(i64::unsigned_abs))
}

pub(super) fn pull(
    conn: &Connection,
    session: &Session,
    role: Role,
    scope: &Scope,
    cursor: &Cursor,
    limit: u32,
) -> Result<PullAnswer, HubError> {
    let head = log::head(conn, scope)?;
    if cursor.pos > head.pos || (cursor.pos > 0 && hash_at(conn, scope, cursor.pos)? != Some(cursor.hash)) {
        return Ok(PullAnswer::Restored { head });
    }
    let limit = limit.max(1);
    let end =
        [nth(conn, "record", scope, cursor.pos, limit)?, nth(conn, "work_item", scope, cursor.pos, limit)?]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(head.pos);
    let hash = if end == head.pos {
        head.hash
    } else {
        hash_at(conn, scope, end)?.ok_or(HubError::Broken("a row of the log is missing"))?
    };
    let within = params![scope, cursor.pos.cast_signed(), end.cast_signed()];
    let sql = format!(
        "SELECT {RECORD_COLUMNS}, author FROM record WHERE scope = ?1 AND pos > ?2 AND pos <= ?3 ORDER BY pos"
    );
    let records = conn
        .prepare_cached(&sql)?
        .query_map(within, |r| {
            let record = record_of(r)?;
            let author = r.get_ref(9)?.as_str()?;
            let seen = rules::may_see(role, record.visibility, author, &session.login);
            Ok(if seen { record } else { rules::masked(&record) })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let sql = format!(
        "SELECT {ITEM_COLUMNS}, fence FROM work_item WHERE scope = ?1 AND pos > ?2 AND pos <= ?3 ORDER BY pos"
    );
    let items = conn
        .prepare_cached(&sql)?
        .query_map(within, |r| Ok(HubItem { item: item_of(r)?, fence: r.get(24)? }))?
        .collect::<Result<Vec<_>, _>>()?;
    let more = end < head.pos;
    Ok(PullAnswer::Page(Page { records, items, cursor: Cursor { pos: end, hash }, head, more, lists: false }))
}

/// The records of some encounters, as the caller may see them.
pub(super) fn fetch(
    conn: &Connection,
    session: &Session,
    role: Role,
    scope: &Scope,
    roots: &[Id],
) -> Result<Vec<Record>, HubError> {
    let sql = format!("SELECT {RECORD_COLUMNS}, author FROM record WHERE scope = ?1 AND root = ?2");
    let mut s = conn.prepare_cached(&sql)?;
    let mut out = Vec::new();
    for root in roots {
        let rows = s.query_map(params![scope, root], |r| {
            let record = record_of(r)?;
            let author = r.get_ref(9)?.as_str()?;
            let seen = rules::may_see(role, record.visibility, author, &session.login);
            Ok(seen.then_some(record))
        })?;
        for row in rows {
            out.extend(row?);
        }
    }
    Ok(out)
}

pub(super) fn texts(
    conn: &Connection,
    scope: &Scope,
    hashes: &[String],
) -> Result<Vec<(String, String)>, HubError> {
    let mut out = Vec::with_capacity(hashes.len());
    let mut s =
        conn.prepare_cached("SELECT text, packed FROM document_text WHERE scope = ?1 AND hash = ?2")?;
    for hash in hashes {
        let row: Option<(Vec<u8>, bool)> =
            s.query_row(params![scope, hash], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        if let Some((bytes, packed)) = row {
            out.push((hash.clone(), unpack(bytes, packed)?));
        }
    }
    Ok(out)
}
