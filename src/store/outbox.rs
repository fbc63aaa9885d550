//! The outbox: ops in the order they were made, and what became of each.
//!
//! Owns the states of an op and what the cache does when the hub has answered. A confirmed op stays for 35 days,
//! longer than the interval of the hub's backups: a restored hub is given them again.

use super::{
    Store, StoreError,
    proposal::{self, ProposalWhy},
    records::{adopt, refresh, set_standing, standing, touched},
};
use crate::domain::{Document, Id, Op, Record, RecordKind, Scope, Write};
use crate::sqlite::unpack;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

const KEEP_MS: i64 = 35 * 24 * 3600 * 1000;

/// An op to push, with the texts of the documents it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingOp {
    pub op: Op,
    pub texts: Vec<(String, String)>,
}

/// What the hub said about an op.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// In the hub, with the versions of the records it touched.
    Applied { versions: Vec<(Id, u64)> },
    /// A field it read had changed. `records` are the hub's, one for every record the op touches.
    Conflict { records: Vec<Record> },
    /// Made under a lease that is gone.
    Fenced { holder: Option<String>, records: Vec<Record> },
    /// Not allowed; `why` is the hub's sentence.
    Rejected { why: String, records: Vec<Record> },
}

impl Settled {
    /// The hub's records that come with a refusal.
    pub fn records(&self) -> &[Record] {
        match self {
            Settled::Applied { .. } => &[],
            Settled::Conflict { records }
            | Settled::Fenced { records, .. }
            | Settled::Rejected { records, .. } => records,
        }
    }
}

fn parse(text: &str) -> Result<Op, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Encoding("a stored op"))
}

/// Unconfirmed ops of ours that touch a record, oldest first. A payer or patient may be written by an op of an
/// encounter, so it is looked for in all of the scope's.
pub(super) fn pending_on(conn: &Connection, record: &Record) -> Result<Vec<Op>, StoreError> {
    let (sql, by_root) = if record.kind.is_root() && record.kind != RecordKind::Encounter {
        (
            "SELECT op FROM outbox INDEXED BY outbox_pending
             WHERE scope = ?1 AND state = 'pending' ORDER BY seq",
            false,
        )
    } else {
        (
            "SELECT op FROM outbox INDEXED BY outbox_root
             WHERE scope = ?1 AND root = ?2 AND state = 'pending' ORDER BY seq",
            true,
        )
    };
    let mut statement = conn.prepare_cached(sql)?;
    let read = |r: &rusqlite::Row<'_>| r.get::<_, String>(0);
    let texts: Vec<String> = if by_root {
        statement.query_map(params![record.scope, record.root], read)?.collect::<Result<_, _>>()?
    } else {
        statement.query_map([&record.scope], read)?.collect::<Result<_, _>>()?
    };
    let mut ops = Vec::with_capacity(texts.len());
    for text in texts {
        let op = parse(&text)?;
        if touched(&op).contains(&record.id) {
            ops.push(op);
        }
    }
    Ok(ops)
}

/// Adopts the hub's records, with what of ours is still unconfirmed on top, and brings lists up to date.
pub(super) fn adopt_all(conn: &Connection, records: &[Record]) -> Result<(), StoreError> {
    let mut changed = Vec::with_capacity(records.len());
    for r in records {
        let pending = pending_on(conn, r)?;
        if r.version == 0 && pending.is_empty() {
            // The hub never had it: the op that made it is gone, so is the record.
            conn.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([r.id])?;
            if r.kind == RecordKind::Encounter {
                conn.prepare_cached("DELETE FROM work_item WHERE id = ?1")?.execute([r.id])?;
            }
        } else {
            adopt(conn, r, &pending)?;
        }
        changed.push((r.id, r.kind, r.root));
    }
    refresh(conn, &changed)
}

impl Store {
    /// Scopes this cache has read or written, the shared one first.
    pub fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT scope FROM cursor ORDER BY scope <> 'shared', scope")?;
        let rows = statement.query_map([], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether an encounter's records are in this cache.
    pub fn knows(&self, root: Id) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM record WHERE id = ?1")?.exists([root])?)
    }

    /// Ops the hub has not answered.
    pub fn pending_count(&self) -> Result<u64, StoreError> {
        let n: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM outbox INDEXED BY outbox_pending WHERE state = 'pending'")?
            .query_row([], |r| r.get(0))?;
        Ok(n.unsigned_abs())
    }

    /// The next ops of a scope to push, in order, with the texts they need.
    pub fn pending(&self, scope: &Scope, limit: u32) -> Result<Vec<PendingOp>, StoreError> {
        // Left to itself SQLite walks the table from its beginning, over a month of ops that are done.
        let mut statement = self.conn.prepare_cached(
            "SELECT op FROM outbox INDEXED BY outbox_pending
             WHERE scope = ?1 AND state = 'pending' ORDER BY seq LIMIT ?2",
        )?;
        let texts: Vec<String> =
            statement.query_map(params![scope, limit], |r| r.get(0))?.collect::<Result<_, _>>()?;
        texts.iter().map(|t| parse(t).and_then(|op| self.with_texts(op))).collect()
    }

    fn with_texts(&self, op: Op) -> Result<PendingOp, StoreError> {
        let mut texts = Vec::new();
        for w in op.writes.iter().filter(|w| matches!(w.kind, RecordKind::Document | RecordKind::Batch)) {
            for f in w.set.iter().filter(|f| f.0 == "hash") {
                if let Some(hash) = f.2.as_str()
                    && let Some(text) = text_of(&self.conn, hash)?
                {
                    texts.push((hash.to_string(), text));
                }
            }
        }
        Ok(PendingOp { op, texts })
    }

    /// The highest number of a scope the hub has answered, and the highest we have given.
    pub fn sequence(&self, scope: &Scope) -> Result<(u64, u64), StoreError> {
        let found = self
            .conn
            .prepare_cached("SELECT answered, next_seq - 1 FROM cursor WHERE scope = ?1")?
            .query_row([scope], |r| {
                Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get::<_, i64>(1)?.unsigned_abs()))
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    /// Records the hub's answers to ops of a scope, in one transaction; nothing for those known already.
    pub fn settle(
        &mut self,
        scope: &Scope,
        answers: &[(u64, Settled)],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let tx = self.begin()?;
        for (seq, answer) in answers {
            settle_one(&tx, scope, *seq, answer, now_ms)?;
        }
        Ok(tx.commit()?)
    }

    /// The hub knows this client's ops only up to `have`: it was restored from an older copy, or missed some.
    /// Everything above is pushed again. What the hub had refused goes as an empty op, so that the numbers
    /// stay without a gap and nothing refused slips in.
    pub fn resend_above(&mut self, scope: &Scope, have: u64) -> Result<u64, StoreError> {
        let tx = self.begin()?;
        let rows: Vec<(i64, String, String)> = {
            let mut statement = tx.prepare_cached(
                "SELECT seq, state, op FROM outbox WHERE scope = ?1 AND seq > ?2 AND state <> 'pending' ORDER BY seq",
            )?;
            let rows = statement
                .query_map(params![scope, have.cast_signed()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (seq, state, text) in &rows {
            let mut op = parse(text)?;
            if state == "applied" {
                for id in touched(&op) {
                    if let Some(mut s) = standing(&tx, id)? {
                        s.pending += 1;
                        set_standing(&tx, id, s)?;
                    }
                }
            } else {
                op.writes = Vec::<Write>::new();
            }
            let text = serde_json::to_string(&op).map_err(|_| StoreError::Encoding("an op"))?;
            tx.prepare_cached(
                "UPDATE outbox SET state = 'pending', done_ms = NULL, op = ?3 WHERE scope = ?1 AND seq = ?2",
            )?
            .execute(params![scope, seq, text])?;
        }
        tx.prepare_cached("UPDATE cursor SET answered = min(answered, ?2) WHERE scope = ?1")?
            .execute(params![scope, have.cast_signed()])?;
        tx.commit()?;
        Ok(rows.len() as u64)
    }

    /// Forgets confirmed ops that no backup of the hub can be older than.
    pub fn prune_outbox(&mut self, now_ms: i64) -> Result<u64, StoreError> {
        let n = self
            .conn
            .prepare_cached("DELETE FROM outbox WHERE state = 'applied' AND done_ms < ?1")?
            .execute([now_ms - KEEP_MS])?;
        Ok(n as u64)
    }
}

fn settle_one(
    tx: &Connection,
    scope: &Scope,
    seq: u64,
    answer: &Settled,
    now_ms: i64,
) -> Result<(), StoreError> {
    let found: Option<String> = tx
        .prepare_cached("SELECT op FROM outbox WHERE scope = ?1 AND seq = ?2 AND state = 'pending'")?
        .query_row(params![scope, seq.cast_signed()], |r| r.get(0))
        .optional()?;
    let Some(text) = found else { return Ok(()) };
    let op = parse(&text)?;
    let (state, why, detail) = match answer {
        Settled::Applied { .. } => ("applied", None, ""),
        Settled::Conflict { .. } => ("conflict", Some(ProposalWhy::Conflict), ""),
        Settled::Fenced { holder, .. } => {
            ("fenced", Some(ProposalWhy::Fenced), holder.as_deref().unwrap_or_default())
        }
        Settled::Rejected { why, .. } => ("rejected", Some(ProposalWhy::Rejected), why.as_str()),
    };
    tx.prepare_cached("UPDATE outbox SET state = ?3, done_ms = ?4 WHERE scope = ?1 AND seq = ?2")?
        .execute(params![scope, seq.cast_signed(), state, now_ms])?;
    tx.prepare_cached("UPDATE cursor SET answered = max(answered, ?2) WHERE scope = ?1")?
        .execute(params![scope, seq.cast_signed()])?;
    if let Settled::Applied { versions } = answer {
        let again = reading_again(tx, scope)?;
        for id in touched(&op) {
            confirm(tx, id, versions.iter().find(|(v, _)| *v == id).map(|(_, v)| *v), again)?;
        }
    }
    if let Some(why) = why {
        proposal::keep(tx, &op, why, detail, answer.records(), now_ms)?;
        adopt_all(tx, answer.records())?;
    }
    Ok(())
}

/// Whether the scope is being read again from a restored hub.
pub(super) fn reading_again(conn: &Connection, scope: &Scope) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT 1 FROM cursor WHERE scope = ?1 AND again = 1")?.exists([scope])?)
}

/// One op fewer is unconfirmed. The content is the hub's at `version` only if nobody came between, and never
/// while a restored hub is read again: what is here may hold changes that the hub has lost.
fn confirm(conn: &Connection, id: Id, version: Option<u64>, again: bool) -> Result<(), StoreError> {
    let Some(mut s) = standing(conn, id)? else { return Ok(()) };
    s.pending = s.pending.saturating_sub(1);
    if let Some(v) = version {
        if v == s.base + 1 && !again {
            s.base = v;
        }
        s.acked = s.acked.max(v);
    }
    set_standing(conn, id, s)
}

pub(super) fn text_of(conn: &Connection, hash: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(Vec<u8>, bool)> = conn
        .prepare_cached("SELECT text, packed FROM document_text WHERE hash = ?1")?
        .query_row([hash], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(row.map(|(bytes, packed)| unpack(bytes, packed)).transpose()?)
}

/// The hashes of an encounter's documents whose text is not here yet.
pub(super) fn missing_texts(conn: &Connection, root: Id) -> Result<Vec<String>, StoreError> {
    let mut out = Vec::new();
    for r in crate::sqlite::records_of_root(conn, root)? {
        if r.kind == RecordKind::Document
            && !r.deleted
            && let Ok(d) = Document::deserialize(&r.body)
            && !conn.prepare_cached("SELECT 1 FROM document_text WHERE hash = ?1")?.exists([&d.hash])?
        {
            out.push(d.hash);
        }
    }
    Ok(out)
}
