//! Leases: the right to work an encounter for a time, by the hub's clock.
//!
//! The fence rises with every change of hands, so that an op of an earlier holder is told apart.

use super::{Session, log};
use crate::domain::{Id, Lease, Scope};
use crate::hub::{HubError, HubItem, LeaseAnswer, NextAsk};
use crate::sqlite::{ITEM_COLUMNS, item_of};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

/// Offline leases last half a day at most.
const LONGEST_MINUTES: u32 = 12 * 60;

fn stored(conn: &Connection, scope: &Scope, id: Id) -> Result<Lease, HubError> {
    conn.prepare_cached("SELECT holder, lease_until, fence FROM work_item WHERE scope = ?1 AND id = ?2")?
        .query_row(params![scope, id], |r| {
            Ok(Lease {
                holder: r.get(0)?,
                until: r.get::<_, Option<i64>>(1)?.and_then(DateTime::<Utc>::from_timestamp_millis),
                fence: r.get(2)?,
            })
        })
        .optional()?
        .ok_or(HubError::NotFound(id))
}

fn set(
    conn: &Connection,
    session: &Session,
    scope: &Scope,
    id: Id,
    lease: &Lease,
    (what, detail): (&str, &str),
    now_ms: i64,
) -> Result<(), HubError> {
    let pos = log::append(
        conn,
        &log::LogEntry {
            scope,
            what: "lease",
            id,
            version: lease.fence.unsigned_abs(),
            digest: log::lease_digest(lease),
            op_id: Id::NIL,
            at_ms: now_ms,
        },
    )?;
    conn.prepare_cached(
        "UPDATE work_item SET holder = ?3, lease_until = ?4, fence = ?5, pos = ?6 WHERE scope = ?1 AND id = ?2",
    )?
    .execute(params![
        scope,
        id,
        lease.holder,
        lease.until.map(|t| t.timestamp_millis()),
        lease.fence,
        pos.cast_signed()
    ])?;
    log::audit(conn, session, scope, what, id, Id::NIL, detail, now_ms, now_ms, None)
}

fn live(lease: &Lease, now_ms: i64) -> bool {
    lease.holder.is_some() && lease.until.is_some_and(|t| t.timestamp_millis() > now_ms)
}

/// Takes or, with its fence, renews a lease.
pub(super) fn take(
    conn: &Connection,
    session: &Session,
    scope: &Scope,
    id: Id,
    renew: Option<i64>,
    minutes: u32,
    now_ms: i64,
) -> Result<LeaseAnswer, HubError> {
    let now = stored(conn, scope, id)?;
    let mine = now.holder.as_deref() == Some(session.login.as_str());
    let other = live(&now, now_ms) && !mine;
    if other || renew.is_some_and(|fence| !mine || fence != now.fence) {
        return Ok(LeaseAnswer::Held(now));
    }
    let until = now_ms + i64::from(minutes.clamp(1, LONGEST_MINUTES)) * 60_000;
    let lease = Lease {
        holder: Some(session.login.clone()),
        fence: if mine { now.fence } else { now.fence + 1 },
        until: DateTime::from_timestamp_millis(until),
    };
    let what = if mine { "lease.renew" } else { "lease.take" };
    set(conn, session, scope, id, &lease, (what, ""), now_ms)?;
    Ok(LeaseAnswer::Granted(lease))
}

pub(super) fn release(
    conn: &Connection,
    session: &Session,
    scope: &Scope,
    id: Id,
    fence: i64,
    now_ms: i64,
) -> Result<Lease, HubError> {
    let now = stored(conn, scope, id)?;
    if now.holder.as_deref() != Some(session.login.as_str()) || now.fence != fence {
        return Ok(now);
    }
    let lease = Lease { holder: None, until: None, fence };
    set(conn, session, scope, id, &lease, ("lease.release", ""), now_ms)?;
    Ok(lease)
}

pub(super) fn break_it(
    conn: &Connection,
    session: &Session,
    scope: &Scope,
    id: Id,
    why: &str,
    now_ms: i64,
) -> Result<Lease, HubError> {
    let now = stored(conn, scope, id)?;
    let lease = Lease { holder: None, until: None, fence: now.fence + 1 };
    set(conn, session, scope, id, &lease, ("lease.break", why), now_ms)?;
    Ok(lease)
}

fn hub_item(conn: &Connection, scope: &Scope, id: Id) -> Result<Option<HubItem>, HubError> {
    let sql = format!("SELECT {ITEM_COLUMNS}, fence FROM work_item WHERE scope = ?1 AND id = ?2");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params![scope, id], |r| Ok(HubItem { item: item_of(r)?, fence: r.get(24)? }))
        .optional()?)
}

/// Leases that ran out first, then free rows: highest priority, oldest last day, account. Work given to
/// somebody else is theirs.
pub(super) fn get_next(
    conn: &Connection,
    session: &Session,
    ask: &NextAsk,
    now_ms: i64,
) -> Result<Vec<HubItem>, HubError> {
    let before: Option<(String, String)> = conn
        .prepare_cached("SELECT login, ids FROM request WHERE scope = ?1 AND request = ?2")?
        .query_row(params![ask.scope, ask.request], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some((login, ids)) = before {
        let ids: Vec<Id> = serde_json::from_str(&ids).map_err(|_| super::broken("a request"))?;
        let mut out = Vec::new();
        for id in ids {
            // What has changed hands since is no longer part of the answer.
            out.extend(hub_item(conn, &ask.scope, id)?.filter(|i| {
                login == session.login && i.item.holder.as_deref() == Some(session.login.as_str())
            }));
        }
        return Ok(out);
    }
    let kind = ask.kind.map(|k| k.key());
    let mut ids: Vec<Id> = Vec::new();
    for sql in [
        "SELECT id FROM work_item WHERE scope = ?1 AND stage = 0 AND holds = 0 AND holder IS NOT NULL
           AND lease_until <= ?2 AND (?3 IS NULL OR kind = ?3) AND (assigned IS NULL OR assigned = ?4)
         ORDER BY lease_until LIMIT ?5",
        "SELECT id FROM work_item WHERE scope = ?1 AND stage = 0 AND holds = 0 AND holder IS NULL
           AND ?2 IS NOT NULL AND (?3 IS NULL OR kind = ?3) AND (assigned IS NULL OR assigned = ?4)
         ORDER BY rank, last_day, account LIMIT ?5",
    ] {
        let room = ask.n.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        if room == 0 {
            break;
        }
        let mut s = conn.prepare_cached(sql)?;
        let rows =
            s.query_map(params![ask.scope, now_ms, kind, session.login, room], |r| r.get::<_, Id>(0))?;
        for id in rows {
            ids.push(id?);
        }
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in &ids {
        if let LeaseAnswer::Granted(_) = take(conn, session, &ask.scope, *id, None, ask.minutes, now_ms)? {
            out.extend(hub_item(conn, &ask.scope, *id)?);
        }
    }
    let ids = serde_json::to_string(&ids).map_err(|_| super::broken("a request"))?;
    conn.prepare_cached(
        "INSERT INTO request (scope, request, login, at_ms, ids) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![ask.scope, ask.request, session.login, now_ms, ids])?;
    Ok(out)
}
