//! The change log and the audit trail, each a hash chain per scope.

use super::Session;
use crate::domain::{Cursor, Id, Lease, Scope};
use crate::hub::{HubError, HubEvent};
use crate::sqlite::chain::{Hash, START, hash_of, link};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

pub(super) fn head(conn: &Connection, scope: &Scope) -> Result<Cursor, HubError> {
    let found = conn
        .prepare_cached("SELECT pos, hash FROM head WHERE scope = ?1")?
        .query_row([scope], |r| {
            Ok(Cursor { pos: r.get::<_, i64>(0)?.unsigned_abs(), hash: hash_of(&r.get::<_, Vec<u8>>(1)?) })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What a log row covers.
pub(super) struct LogEntry<'a> {
    pub scope: &'a Scope,
    pub what: &'static str,
    pub id: Id,
    pub version: u64,
    pub digest: Hash,
    pub op_id: Id,
    pub at_ms: i64,
}

impl LogEntry<'_> {
    pub fn chained(&self, what: &str, pos: u64, before: &Hash) -> Hash {
        link(
            before,
            &[
                self.scope.0.as_bytes(),
                &pos.to_le_bytes(),
                what.as_bytes(),
                self.id.as_bytes(),
                &self.version.to_le_bytes(),
                &self.digest,
                self.op_id.as_bytes(),
                &self.at_ms.to_le_bytes(),
            ],
        )
    }
}

/// Appends a row and returns its position.
pub(super) fn append(conn: &Connection, entry: &LogEntry<'_>) -> Result<u64, HubError> {
    let before = head(conn, entry.scope)?;
    let pos = before.pos + 1;
    let hash = entry.chained(entry.what, pos, &before.hash);
    conn.prepare_cached(
        "INSERT INTO log (scope, pos, what, id, version, digest, op_id, at_ms, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        entry.scope,
        pos.cast_signed(),
        entry.what,
        entry.id,
        entry.version.cast_signed(),
        entry.digest.as_slice(),
        entry.op_id,
        entry.at_ms,
        hash.as_slice()
    ])?;
    conn.prepare_cached(
        "INSERT INTO head (scope, pos, hash) VALUES (?1, ?2, ?3)
         ON CONFLICT (scope) DO UPDATE SET pos = excluded.pos, hash = excluded.hash",
    )?
    .execute(params![entry.scope, pos.cast_signed(), hash.as_slice()])?;
    Ok(pos)
}

/// The digest of a record as its row holds it.
pub(super) fn record_digest(
    kind: &str,
    visibility: &str,
    version: u64,
    order: &str,
    deleted: bool,
    body: &str,
) -> Hash {
    link(
        &START,
        &[
            kind.as_bytes(),
            visibility.as_bytes(),
            &version.to_le_bytes(),
            order.as_bytes(),
            &[u8::from(deleted)],
            body.as_bytes(),
        ],
    )
}

pub(super) fn lease_digest(lease: &Lease) -> Hash {
    let mut h = Sha256::new();
    h.update(lease.holder.as_deref().unwrap_or_default());
    h.update(lease.fence.to_le_bytes());
    h.update(lease.until.map_or(0, |t| t.timestamp_millis()).to_le_bytes());
    h.finalize().into()
}

/// A row of the audit trail as it is chained.
pub(super) struct AuditEntry<'a> {
    pub scope: &'a str,
    pub n: i64,
    pub at_ms: i64,
    pub device_ms: i64,
    pub login: &'a str,
    pub client: Id,
    pub what: &'a str,
    pub root: Id,
    pub op_id: Id,
    pub detail: &'a str,
}

impl AuditEntry<'_> {
    pub fn chained(&self, before: &Hash) -> Hash {
        link(
            before,
            &[
                self.scope.as_bytes(),
                &self.n.to_le_bytes(),
                &self.at_ms.to_le_bytes(),
                &self.device_ms.to_le_bytes(),
                self.login.as_bytes(),
                self.client.as_bytes(),
                self.what.as_bytes(),
                self.root.as_bytes(),
                self.op_id.as_bytes(),
                self.detail.as_bytes(),
            ],
        )
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of the trail has these parts")]
pub(super) fn audit(
    conn: &Connection,
    session: &Session,
    scope: &Scope,
    what: &str,
    root: Id,
    op_id: Id,
    detail: &str,
    device_ms: i64,
    at_ms: i64,
    client_n: Option<u64>,
) -> Result<(), HubError> {
    let last: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT n, hash FROM audit WHERE scope = ?1 ORDER BY n DESC LIMIT 1")?
        .query_row([scope], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (n, before) = last.map_or((1, START), |(n, h)| (n + 1, hash_of(&h)));
    let login = &session.login;
    let e = AuditEntry {
        scope: &scope.0,
        n,
        at_ms,
        device_ms,
        login,
        client: session.client,
        what,
        root,
        op_id,
        detail,
    };
    let hash = e.chained(&before);
    conn.prepare_cached(
        "INSERT INTO audit (scope, n, at_ms, device_ms, login, client, client_n, what, root, op_id, detail, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        scope,
        n,
        at_ms,
        device_ms,
        login,
        session.client,
        client_n.map(u64::cast_signed),
        what,
        root,
        op_id,
        detail,
        hash.as_slice()
    ])?;
    Ok(())
}

/// An event a client recorded; taken once.
pub(super) fn event(conn: &Connection, session: &Session, e: &HubEvent, now_ms: i64) -> Result<(), HubError> {
    let known = conn
        .prepare_cached("SELECT 1 FROM audit WHERE scope = ?1 AND client = ?2 AND client_n = ?3")?
        .exists(params![e.scope, session.client, e.n.cast_signed()])?;
    if known {
        return Ok(());
    }
    // The trail names the person of the event, who may not be the one signed in now.
    let who = Session { login: e.actor.clone(), ..session.clone() };
    audit(conn, &who, &e.scope, &e.what, e.root, Id::NIL, &e.detail, e.at_ms, now_ms, Some(e.n))
}
