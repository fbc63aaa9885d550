//! What arrives from the hub: a page of changes and its cursor, in one transaction.
//!
//! Owns that a record never replaces a newer version, that our unconfirmed ops lie on top of what arrives, and
//! reading a scope again from the start when the hub was restored.

use super::{
    Store, StoreError,
    commit::keep_text,
    outbox::{missing_texts, pending_on, reading_again},
    records::{adopt, refresh, refresh_root, standing},
    uses,
};
use crate::domain::{Cursor, Id, Lease, Record, RecordKind, Scope, WorkItem};
use crate::sqlite::{WorkRow, chain::hash_of, save_work_row};
use rusqlite::{OptionalExtension, params};

/// A row of the hub's lists, with the fence of its lease.
#[derive(Clone, Debug, PartialEq)]
pub struct PulledItem {
    pub item: WorkItem,
    pub fence: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PulledPage {
    pub scope: Scope,
    /// As they are in the hub now, in the order of the log.
    pub records: Vec<Record>,
    pub items: Vec<PulledItem>,
    /// Where the page ends.
    pub cursor: Cursor,
    /// Nothing follows: the cache is as new as the hub.
    pub complete: bool,
}

/// What a page changed here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    pub records: u64,
    /// Encounters whose rows or records are new: the open one gets a banner, a list its "3 new".
    pub roots: Vec<Id>,
    /// Hashes of documents of the page whose text is not in the cache.
    pub lacking: Vec<String>,
}

impl Store {
    pub fn cursor(&self, scope: &Scope) -> Result<Cursor, StoreError> {
        let found = self
            .conn
            .prepare_cached("SELECT pos, hash FROM cursor WHERE scope = ?1")?
            .query_row([scope], |r| {
                Ok(Cursor {
                    pos: r.get::<_, i64>(0)?.unsigned_abs(),
                    hash: hash_of(&r.get::<_, Vec<u8>>(1)?),
                })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    /// Takes a page and its cursor, or nothing of it. `now_ms` dates what is learned of others' use of codes.
    pub fn apply_page(&mut self, page: &PulledPage, now_ms: i64) -> Result<Absorbed, StoreError> {
        let learning = self.learning;
        let tx = self.begin()?;
        let mut done = Absorbed::default();
        take_records(&tx, &page.records, learning.then_some(now_ms), &mut done)?;
        for PulledItem { item, fence } in &page.items {
            let known = tx
                .prepare_cached(
                    "SELECT 1 FROM record WHERE scope = ?1 AND id = ?2 AND (base > 0 OR pending > 0)",
                )?
                .exists(params![item.scope, item.id])?;
            if known {
                set_lease(
                    &tx,
                    item.id,
                    &Lease { holder: item.holder.clone(), fence: *fence, until: item.lease_until },
                )?;
            } else {
                let row = WorkRow {
                    item: item.clone(),
                    fence: *fence,
                    patient: Id::NIL,
                    coverage: None,
                    payer: None,
                };
                save_work_row(&tx, &row)?;
            }
            done.roots.push(item.id);
        }
        tx.prepare_cached(
            "INSERT INTO cursor (scope, pos, hash) VALUES (?1, ?2, ?3)
             ON CONFLICT (scope) DO UPDATE SET pos = excluded.pos, hash = excluded.hash",
        )?
        .execute(params![page.scope, page.cursor.pos.cast_signed(), page.cursor.hash.as_slice()])?;
        if page.complete {
            sweep(&tx, &page.scope)?;
        }
        tx.commit()?;
        Ok(done)
    }

    /// Takes the records of encounters that were asked for.
    pub fn keep_records(&mut self, records: &[Record]) -> Result<Absorbed, StoreError> {
        let tx = self.begin()?;
        let mut done = Absorbed::default();
        take_records(&tx, records, None, &mut done)?;
        tx.commit()?;
        Ok(done)
    }

    /// The encounters of a scope whose records a cache holds and this one lacks: what `login` holds, the next `next`
    /// of their list, and what was opened lately.
    pub fn lacking_roots(&self, scope: &Scope, login: &str, next: u32) -> Result<Vec<Id>, StoreError> {
        let mut s = self.conn.prepare_cached(
            "SELECT id FROM work_item w WHERE scope = ?1
               AND (holder = ?2 OR id IN (SELECT root FROM recent) OR id IN (
                 SELECT id FROM work_item WHERE scope = ?1 AND assigned = ?2 AND stage = 0
                 ORDER BY rank, last_day, account LIMIT ?3))
               AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = w.id)",
        )?;
        let rows = s.query_map(params![scope, login, next], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The hub was restored from an older copy: read its log again from the start. What is here stays visible
    /// until the hub's records replace it; what the hub turns out not to have goes when the reading is done.
    pub fn read_again(&mut self, scope: &Scope) -> Result<(), StoreError> {
        let tx = self.begin()?;
        tx.execute(
            "INSERT INTO cursor (scope, again) VALUES (?1, 1)
             ON CONFLICT (scope) DO UPDATE SET pos = 0, hash = zeroblob(32), again = 1",
            [scope],
        )?;
        tx.execute("UPDATE record SET base = 0, acked = 0 WHERE scope = ?1", [scope])?;
        // Rows that came without records come again, or are gone.
        tx.execute(
            "DELETE FROM work_item WHERE scope = ?1 AND patient = zeroblob(16) AND NOT EXISTS
               (SELECT 1 FROM record r WHERE r.id = work_item.id)",
            [scope],
        )?;
        tx.execute("UPDATE work_item SET fence = 0 WHERE scope = ?1", [scope])?;
        Ok(tx.commit()?)
    }

    /// The person may no longer use a scope: everything the hub holds of it goes. What it does not hold stays in
    /// the outbox, encrypted, until a supervisor releases it.
    pub fn erase_scope(&mut self, scope: &Scope) -> Result<(), StoreError> {
        let tx = self.begin()?;
        // A text that another scope's document or a parked op names stays.
        tx.execute(
            "DELETE FROM document_text WHERE hash IN
               (SELECT json_extract(body, '$.hash') FROM record WHERE scope = ?1 AND kind = 'document' AND pending = 0)
             AND hash NOT IN (SELECT coalesce(json_extract(body, '$.hash'), '') FROM record
               WHERE kind = 'document' AND (scope <> ?1 OR pending > 0))",
            [scope],
        )?;
        for table in ["record", "work_item"] {
            tx.execute(&format!("DELETE FROM {table} WHERE scope = ?1"), [scope])?;
        }
        tx.execute("DELETE FROM outbox WHERE scope = ?1 AND state <> 'pending'", [scope])?;
        tx.execute("UPDATE cursor SET pos = 0, hash = zeroblob(32), again = 0 WHERE scope = ?1", [scope])?;
        Ok(tx.commit()?)
    }

    /// The hub's answer to a lease call, for the lists and the open chart.
    pub fn set_lease(&mut self, id: Id, lease: &Lease) -> Result<(), StoreError> {
        set_lease(&self.conn, id, lease)
    }

    /// Keeps texts fetched on demand.
    pub fn keep_texts(&mut self, texts: &[(String, String)]) -> Result<(), StoreError> {
        let tx = self.begin()?;
        for (hash, text) in texts {
            keep_text(&tx, Id::NIL, hash, text)?;
        }
        Ok(tx.commit()?)
    }

    /// Hashes of an encounter's documents whose text is not in the cache yet.
    pub fn missing_texts(&self, root: Id) -> Result<Vec<String>, StoreError> {
        missing_texts(&self.conn, root)
    }

    /// Makes every work item again from its records; returns how many were wrong.
    pub fn repair_work_items(&mut self) -> Result<u64, StoreError> {
        let tx = self.begin()?;
        let roots: Vec<Id> = {
            let mut s = tx.prepare("SELECT id FROM record WHERE kind = 'encounter'")?;
            let rows = s.query_map([], |r| r.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        let mut wrong = 0;
        for root in roots {
            let before = super::commit::item(&tx, root)?;
            refresh_root(&tx, root)?;
            wrong += u64::from(before != super::commit::item(&tx, root)?);
        }
        tx.execute_batch(
            "DELETE FROM work_tally;
             INSERT INTO work_tally SELECT kind, stage, holds > 0, coalesce(claim, ''), coalesce(assigned, ''), count(*)
             FROM work_item GROUP BY 1, 2, 3, 4, 5;",
        )?;
        tx.commit()?;
        Ok(wrong)
    }
}

/// Takes records that are newer than what is here, with our unconfirmed edits on top. `learning` dates what new
/// ones say of others' use of codes; `None` where that is not learned.
fn take_records(
    tx: &rusqlite::Connection,
    records: &[Record],
    learning: Option<i64>,
    done: &mut Absorbed,
) -> Result<(), StoreError> {
    let mut changed = Vec::new();
    for r in records {
        let known = standing(tx, r.id)?;
        if let (Some(now_ms), None) = (learning, &known) {
            uses::learn_of_others(tx, r, now_ms)?;
        }
        let here = known.unwrap_or_default();
        if r.version <= here.base || r.version < here.acked {
            continue;
        }
        let pending = if here.pending > 0 { pending_on(tx, r)? } else { Vec::new() };
        adopt(tx, r, &pending)?;
        changed.push((r.id, r.kind, r.root));
        done.records += 1;
        if r.kind == RecordKind::Document
            && !r.deleted
            && let Some(hash) = r.body.get("hash").and_then(|h| h.as_str())
            && !tx.prepare_cached("SELECT 1 FROM document_text WHERE hash = ?1")?.exists([hash])?
        {
            done.lacking.push(hash.to_string());
        }
    }
    refresh(tx, &changed)
}

fn set_lease(conn: &rusqlite::Connection, id: Id, lease: &Lease) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE work_item SET holder = ?2, lease_until = ?3, fence = ?4 WHERE id = ?1 AND fence <= ?4",
    )?
    .execute(params![id, lease.holder, lease.until.map(|t| t.timestamp_millis()), lease.fence])?;
    Ok(())
}

/// After a scope was read again: records the restored hub does not have and none of our ops makes.
fn sweep(conn: &rusqlite::Connection, scope: &Scope) -> Result<(), StoreError> {
    if !reading_again(conn, scope)? {
        return Ok(());
    }
    conn.execute("DELETE FROM record WHERE scope = ?1 AND base = 0 AND pending = 0", [scope])?;
    conn.execute(
        "DELETE FROM work_item WHERE scope = ?1 AND patient <> zeroblob(16) AND NOT EXISTS
           (SELECT 1 FROM record r WHERE r.scope = work_item.scope AND r.id = work_item.id)",
        [scope],
    )?;
    conn.execute("UPDATE cursor SET again = 0 WHERE scope = ?1", [scope])?;
    Ok(())
}
