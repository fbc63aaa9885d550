//! The audit trail of this cache: who did what, chained by hash per scope.
//!
//! An edit's row is written in the edit's transaction and reaches the hub with the op; a view, a search for a
//! person or an export is recorded here and sent by itself. `what` and `detail` never carry a name or a code.

use super::{Store, StoreError};
use crate::domain::{Id, Scope};
use crate::sqlite::chain::{Hash, START, hash_of, link};
use rusqlite::{Connection, OptionalExtension, params};

/// Something that happened without an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    pub scope: Scope,
    pub actor: String,
    /// `chart.view`, `person.search`, `claim.export` ...
    pub what: String,
    pub root: Id,
    pub detail: String,
}

/// A row as it is sent to the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub n: u64,
    pub at_ms: i64,
    pub event: AuditEvent,
}

/// The first row that does not continue the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    pub scope: Scope,
    pub n: u64,
    pub why: &'static str,
}

struct Entry<'a> {
    scope: &'a str,
    n: i64,
    at_ms: i64,
    actor: &'a str,
    what: &'a str,
    root: Id,
    op_id: Id,
    detail: &'a str,
}

fn chained(before: &Hash, e: &Entry<'_>) -> Hash {
    link(
        before,
        &[
            e.scope.as_bytes(),
            &e.n.to_le_bytes(),
            &e.at_ms.to_le_bytes(),
            e.actor.as_bytes(),
            e.what.as_bytes(),
            e.root.as_bytes(),
            e.op_id.as_bytes(),
            e.detail.as_bytes(),
        ],
    )
}

pub(super) fn append(
    conn: &Connection,
    event: &AuditEvent,
    at_ms: i64,
    op_id: Id,
    sent: bool,
) -> Result<(), StoreError> {
    let last: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT n, hash FROM audit WHERE scope = ?1 ORDER BY n DESC LIMIT 1")?
        .query_row([&event.scope], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (n, before) = last.map_or((1, START), |(n, h)| (n + 1, hash_of(&h)));
    let e = Entry {
        scope: &event.scope.0,
        n,
        at_ms,
        actor: &event.actor,
        what: &event.what,
        root: event.root,
        op_id,
        detail: &event.detail,
    };
    let hash = chained(&before, &e);
    conn.prepare_cached(
        "INSERT INTO audit (scope, n, at_ms, actor, what, root, op_id, detail, hash, sent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        e.scope,
        n,
        at_ms,
        e.actor,
        e.what,
        e.root,
        op_id,
        e.detail,
        hash.as_slice(),
        sent
    ])?;
    Ok(())
}

impl Store {
    /// Records a view, a search for a person, an export, a failed sign-in.
    pub fn record_event(&mut self, event: &AuditEvent, now_ms: i64) -> Result<(), StoreError> {
        let tx = self.begin()?;
        append(&tx, event, now_ms, Id::NIL, false)?;
        Ok(tx.commit()?)
    }

    /// Rows the hub does not have, oldest first.
    pub fn audit_unsent(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT scope, n, at_ms, actor, what, root, detail FROM audit WHERE sent = 0 ORDER BY scope, n LIMIT ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(AuditRow {
                n: r.get::<_, i64>(1)?.unsigned_abs(),
                at_ms: r.get(2)?,
                event: AuditEvent {
                    scope: r.get(0)?,
                    actor: r.get(3)?,
                    what: r.get(4)?,
                    root: r.get(5)?,
                    detail: r.get(6)?,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn audit_sent(&mut self, scope: &Scope, up_to: u64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE audit SET sent = 1 WHERE scope = ?1 AND sent = 0 AND n <= ?2")?
            .execute(params![scope, up_to.cast_signed()])?;
        Ok(())
    }

    /// Walks every chain; `None` when all is whole.
    pub fn audit_verify(&self) -> Result<Option<AuditFault>, StoreError> {
        verify(&self.conn)
    }
}

/// Walks every chain of a cache's own trail.
pub(super) fn verify(conn: &Connection) -> Result<Option<AuditFault>, StoreError> {
    let mut statement = conn.prepare(
        "SELECT scope, n, at_ms, actor, what, root, op_id, detail, hash FROM audit ORDER BY scope, n",
    )?;
    let mut rows = statement.query([])?;
    let mut at: Option<(String, i64, Hash)> = None;
    while let Some(r) = rows.next()? {
        let scope: String = r.get(0)?;
        let n: i64 = r.get(1)?;
        let (expected, before) = match &at {
            Some((s, last, hash)) if *s == scope => (last + 1, *hash),
            _ => (1, START),
        };
        let (actor, what, detail): (String, String, String) = (r.get(3)?, r.get(4)?, r.get(7)?);
        let hash = chained(
            &before,
            &Entry {
                scope: &scope,
                n,
                at_ms: r.get(2)?,
                actor: &actor,
                what: &what,
                root: r.get(5)?,
                op_id: r.get(6)?,
                detail: &detail,
            },
        );
        let fault = |why| Some(AuditFault { scope: Scope(scope.clone()), n: n.unsigned_abs(), why });
        if n != expected {
            return Ok(fault("rows before it are missing"));
        }
        if r.get::<_, Vec<u8>>(8)? != hash {
            return Ok(fault("the row was changed after it was written"));
        }
        at = Some((scope, n, hash));
    }
    Ok(None)
}
