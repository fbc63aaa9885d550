//! One edit, one transaction: records, outbox, audit row, work item.
//!
//! Owns comparing what the edit read with what is stored, and the numbers of ops. A repeated call with the same
//! op id answers what the first one did.

use super::{
    AuditEvent, Store, StoreError, audit,
    records::{Changed, refresh, root_of, save_edited},
    uses,
};
use crate::domain::{EditSet, FieldSet, Id, Op, Record, Scope, WorkItem, Write};
use crate::sqlite::{ITEM_COLUMNS, item_of, load_record, pack, text_hash};
use rusqlite::{Connection, OptionalExtension, params};

/// What a commit reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The root's version now.
    pub version: u64,
    /// The op's number in its scope; 0 when the edit changed nothing.
    pub seq: u64,
    /// The encounter's row as lists show it now.
    pub item: Option<WorkItem>,
}

/// What goes into an op besides its number and base.
pub(super) struct Draft<'a> {
    pub scope: &'a Scope,
    pub root: Id,
    pub fence: Option<i64>,
    pub whole: bool,
    pub label: &'a str,
    pub actor: &'a str,
    pub now_ms: i64,
    pub op_id: Id,
}

/// Takes the next number of the scope.
fn next_seq(conn: &Connection, scope: &Scope) -> Result<u64, StoreError> {
    let n: i64 = conn
        .prepare_cached(
            "INSERT INTO cursor (scope, next_seq) VALUES (?1, 2)
             ON CONFLICT (scope) DO UPDATE SET next_seq = next_seq + 1 RETURNING next_seq - 1",
        )?
        .query_row([scope], |r| r.get(0))?;
    Ok(n.unsigned_abs())
}

/// Applies the writes to the records of the cache and puts the op into the outbox. Returns the op's number,
/// the root's version and what changed.
pub(super) fn write_op(
    conn: &Connection,
    draft: &Draft<'_>,
    writes: Vec<Write>,
) -> Result<(u64, u64, Vec<Changed>), StoreError> {
    let mut changed = Vec::with_capacity(writes.len() + 1);
    let mut root_version = None;
    let mut base = None;
    for write in &writes {
        let found = load_record(conn, write.record)?;
        let new = found.is_none();
        let mut record = match found {
            Some(r) if r.scope != *draft.scope => {
                return Err(StoreError::OtherScope { id: r.id, found: r.scope, asked: draft.scope.clone() });
            }
            Some(r) => r,
            None => Record::vacant(draft.scope, root_of(write, draft.root), write),
        };
        if let Some(field) = record.conflict(write) {
            return Err(StoreError::Conflict { record: record.id, kind: record.kind, field });
        }
        if record.id == draft.root {
            base = Some(record.version);
        }
        record.apply(write);
        record.version += 1;
        save_edited(conn, &record, new)?;
        if record.id == draft.root {
            root_version = Some(record.version);
        }
        changed.push((record.id, record.kind, record.root));
    }
    let version = match root_version {
        Some(v) => v,
        None => {
            let v: i64 = conn
                .prepare_cached(
                    "UPDATE record SET version = version + 1, pending = pending + 1
                     WHERE scope = ?1 AND id = ?2 RETURNING version",
                )?
                .query_row(params![draft.scope, draft.root], |r| r.get(0))
                .optional()?
                .ok_or(StoreError::NotFound(draft.root))?;
            base = Some(v.unsigned_abs() - 1);
            v.unsigned_abs()
        }
    };
    let op = Op {
        seq: next_seq(conn, draft.scope)?,
        op_id: draft.op_id,
        scope: draft.scope.clone(),
        root: draft.root,
        fence: draft.fence,
        base: base.filter(|_| draft.whole),
        label: draft.label.to_string(),
        actor: draft.actor.to_string(),
        at_ms: draft.now_ms,
        writes,
    };
    let text = serde_json::to_string(&op).map_err(|_| StoreError::Encoding("an op"))?;
    conn.prepare_cached(
        "INSERT INTO outbox (scope, seq, op_id, root, state, version, op) VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6)",
    )?
    .execute(params![op.scope, op.seq.cast_signed(), op.op_id, op.root, version.cast_signed(), text])?;
    let event =
        AuditEvent { scope: op.scope, actor: op.actor, what: op.label, root: op.root, detail: String::new() };
    audit::append(conn, &event, draft.now_ms, draft.op_id, true)?;
    Ok((op.seq, version, changed))
}

/// Keeps a text under its hash; a document that names another hash is refused.
pub(super) fn keep_text(conn: &Connection, id: Id, hash: &str, text: &str) -> Result<(), StoreError> {
    let known = conn.prepare_cached("SELECT 1 FROM document_text WHERE hash = ?1")?.exists([hash])?;
    if known {
        return Ok(());
    }
    if text_hash(text) != hash {
        return Err(StoreError::BadText(id));
    }
    let (bytes, packed) = pack(text);
    conn.prepare_cached("INSERT INTO document_text (hash, packed, text) VALUES (?1, ?2, ?3)")?
        .execute(params![hash, packed, bytes])?;
    Ok(())
}

pub(super) fn item(conn: &Connection, id: Id) -> Result<Option<WorkItem>, StoreError> {
    let sql = format!("SELECT {ITEM_COLUMNS} FROM work_item WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], item_of).optional()?)
}

/// What an earlier call with this op id did.
fn earlier(conn: &Connection, scope: &Scope, op_id: Id) -> Result<Option<(u64, u64)>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT seq, version FROM outbox WHERE scope = ?1 AND op_id = ?2")?
        .query_row(params![scope, op_id], |r| {
            Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get::<_, i64>(1)?.unsigned_abs()))
        })
        .optional()?)
}

impl Store {
    /// Stores one edit, all or nothing. When this returns, the edit survives a power cut.
    /// `op_id` names the edit: the same call again changes nothing and gives the same answer.
    pub fn commit(
        &mut self,
        set: &EditSet,
        actor: &str,
        now_ms: i64,
        op_id: Id,
    ) -> Result<Committed, StoreError> {
        self.commit_with_texts(set, &[], actor, now_ms, op_id)
    }

    /// The same for an edit that adds documents: their texts as (hash, text), in the same transaction.
    pub fn commit_with_texts(
        &mut self,
        set: &EditSet,
        texts: &[(String, String)],
        actor: &str,
        now_ms: i64,
        op_id: Id,
    ) -> Result<Committed, StoreError> {
        let mut writes = set.writes().map_err(|_| StoreError::Encoding("an edit"))?;
        writes.retain(|w| !w.set.is_empty());
        let draft = Draft {
            scope: &set.scope,
            root: set.root,
            fence: set.fence,
            whole: set.whole,
            label: &set.label,
            actor,
            now_ms,
            op_id,
        };
        self.commit_writes(&draft, writes, texts)
    }

    /// Several edits of several roots, all or none: claims become sent with the file that names them.
    /// `settings` are kept in the same transaction.
    pub fn commit_all(
        &mut self,
        sets: &[EditSet],
        texts: &[(String, String)],
        settings: &[(&str, &str)],
        actor: &str,
        now_ms: i64,
        mint: &mut dyn FnMut() -> Id,
    ) -> Result<(), StoreError> {
        self.make_room(false)?;
        let tx = self.begin()?;
        let mut changed = Vec::new();
        for (hash, text) in texts {
            keep_text(&tx, sets.first().map_or(Id::default(), |s| s.root), hash, text)?;
        }
        for set in sets {
            let mut writes = set.writes().map_err(|_| StoreError::Encoding("an edit"))?;
            writes.retain(|w| !w.set.is_empty());
            if writes.is_empty() {
                continue;
            }
            let draft = Draft {
                scope: &set.scope,
                root: set.root,
                fence: set.fence,
                whole: set.whole,
                label: &set.label,
                actor,
                now_ms,
                op_id: mint(),
            };
            changed.extend(write_op(&tx, &draft, writes)?.2);
            if let Some(root) = load_record(&tx, set.root)? {
                changed.push((root.id, root.kind, root.root));
            }
        }
        refresh(&tx, &changed)?;
        for (key, value) in settings {
            super::settings::set(&tx, key, value)?;
        }
        Ok(tx.commit()?)
    }

    pub(super) fn commit_writes(
        &mut self,
        draft: &Draft<'_>,
        writes: Vec<Write>,
        texts: &[(String, String)],
    ) -> Result<Committed, StoreError> {
        self.make_room(false)?;
        let learning = self.learning;
        let tx = self.begin()?;
        if let Some((seq, version)) = earlier(&tx, draft.scope, draft.op_id)? {
            return Ok(Committed { version, seq, item: item(&tx, draft.root)? });
        }
        for (hash, text) in texts {
            keep_text(&tx, draft.root, hash, text)?;
        }
        if writes.is_empty() {
            let version = load_record(&tx, draft.root)?.map_or(0, |r| r.version);
            let item = item(&tx, draft.root)?;
            tx.commit()?;
            return Ok(Committed { version, seq: 0, item });
        }
        let learned = learning && uses::learn(&tx, &writes, draft.now_ms)?;
        let (seq, version, mut changed) = write_op(&tx, draft, writes)?;
        if let Some(root) = load_record(&tx, draft.root)?
            && !changed.iter().any(|(id, _, _)| *id == root.id)
        {
            changed.push((root.id, root.kind, root.root));
        }
        refresh(&tx, &changed)?;
        let item = item(&tx, draft.root)?;
        tx.commit()?;
        if learned {
            self.learned.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        Ok(Committed { version, seq, item })
    }
}

/// The writes of an op that make now what the op made then, whatever the fields hold now.
pub(super) fn rebased(conn: &Connection, op: &Op) -> Result<Vec<Write>, StoreError> {
    let mut out = Vec::with_capacity(op.writes.len());
    for write in &op.writes {
        let now = load_record(conn, write.record)?
            .unwrap_or_else(|| Record::vacant(&op.scope, root_of(write, op.root), write));
        let set: Vec<FieldSet> = write
            .set
            .iter()
            .map(|FieldSet(path, _, new)| FieldSet(path.clone(), now.field(path), new.clone()))
            .filter(|FieldSet(_, old, new)| old != new)
            .collect();
        if !set.is_empty() {
            out.push(Write { set, ..write.clone() });
        }
    }
    Ok(out)
}
