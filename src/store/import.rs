//! Many encounters in one transaction: intake and the sample practice.
//!
//! Owns what a sender may change. Reading the same content again adds nothing; changed content updates what the
//! sender owns (documents, registration, dates) and never what people decide here (state, holder, priority,
//! codes that are there or were removed). A submitted encounter gets no new codes from a sender.

use super::{
    Store, StoreError,
    commit::{Draft, keep_text, write_op},
    records::{refresh, root_of},
};
use crate::domain::{
    Body, Chart, CodingState, FIELD_DELETED, FIELD_ORDER, FieldSet, Id, IdMint, Item, Phi, Record,
    RecordKind, Scope, Visibility, Write,
};
use crate::sqlite::load_record;
use rusqlite::Connection;
use serde_json::Value;

/// What belongs together: one encounter with its patient and coverages, or one payer, provider, site.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRoot {
    pub scope: Scope,
    pub root: Id,
    pub records: Vec<Record>,
    /// (SHA-256 in hexadecimal, text) of every document.
    pub texts: Vec<(String, Phi<String>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ImportBatch {
    /// What the audit trail calls it: `intake.fhir`, `demo`.
    pub label: String,
    pub roots: Vec<ImportRoot>,
}

/// Roots by what the import did with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Records a sender sent for work that is already submitted: not taken.
    pub held_back: u64,
}

/// Roots from which on a batch counts as large.
const LARGE: usize = 200;
/// Never a sender's to change once the encounter is here.
const OURS: [&str; 4] = ["state", "assigned", "why", "priority"];
/// Filled by a sender only while nobody has.
const FILL: [&str; 5] = ["forms", "place", "bill_type", "admitting", "roles"];

fn record<T: Body>(scope: &Scope, root: Id, item: &Item<T>) -> Result<Record, StoreError> {
    Ok(Record {
        scope: scope.clone(),
        id: item.id,
        root: if T::KIND.is_root() { item.id } else { root },
        kind: T::KIND,
        visibility: Visibility::All,
        version: 0,
        order: item.order.clone(),
        deleted: false,
        body: serde_json::to_value(&item.body).map_err(|_| StoreError::Encoding("an imported record"))?,
    })
}

impl ImportBatch {
    pub fn new(label: &str) -> ImportBatch {
        ImportBatch { label: label.to_string(), roots: Vec::new() }
    }

    /// An encounter with everything on it, its patient and its coverages. `texts` are in the order of
    /// `chart.documents`. Payers and providers go in by `add_item`, before.
    pub fn add_chart(&mut self, chart: &Chart, texts: Vec<Phi<String>>) -> Result<(), StoreError> {
        let (scope, root) = (&chart.scope, chart.id());
        let mut records = vec![record(scope, root, &chart.encounter)?];
        if let Some(p) = &chart.directory.patient {
            records.push(record(scope, root, p)?);
        }
        for c in chart.header().coverages.iter().filter_map(|id| chart.directory.coverages.get(id)) {
            records.push(record(scope, root, c)?);
        }
        macro_rules! all {
            ($($shelf:ident),+) => { $(for i in &chart.$shelf { records.push(record(scope, root, i)?); })+ };
        }
        all!(documents, diagnoses, procedures, lines, holds, overrides, claims);
        let texts = chart.documents.iter().map(|d| d.body.hash.clone()).zip(texts).collect();
        self.roots.push(ImportRoot { scope: scope.clone(), root, records, texts });
        Ok(())
    }

    /// A record that is its own root: payer, provider, site, fee table.
    pub fn add_item<T: Body>(&mut self, scope: &Scope, item: &Item<T>) -> Result<(), StoreError> {
        let r = record(scope, item.id, item)?;
        self.roots.push(ImportRoot {
            scope: scope.clone(),
            root: item.id,
            records: vec![r],
            texts: Vec::new(),
        });
        Ok(())
    }
}

impl Store {
    /// Takes the whole batch in one transaction or nothing of it.
    pub fn import(
        &mut self,
        batch: &ImportBatch,
        actor: &str,
        now_ms: i64,
        mint: &mut IdMint,
    ) -> Result<Imported, StoreError> {
        let mut done = Imported::default();
        self.make_room(batch.roots.len() >= LARGE)?;
        let tx = self.begin()?;
        let mut changed = Vec::new();
        for root in &batch.roots {
            for (hash, text) in &root.texts {
                keep_text(&tx, root.root, hash, text.reveal())?;
            }
            let (new, writes, held_back) = plan(&tx, root)?;
            done.held_back += held_back;
            if writes.is_empty() {
                done.unchanged += 1;
                continue;
            }
            let draft = Draft {
                scope: &root.scope,
                root: root.root,
                fence: None,
                whole: false,
                label: &batch.label,
                actor,
                now_ms,
                op_id: mint.next(now_ms.unsigned_abs()),
            };
            // Work items come after all records: a payer may follow its coverages in the batch.
            changed.extend(write_op(&tx, &draft, writes)?.2);
            *(if new { &mut done.added } else { &mut done.updated }) += 1;
        }
        refresh(&tx, &changed)?;
        tx.commit()?;
        Ok(done)
    }
}

/// What an import of this root writes: whether the root is new, the writes, how many records stay out.
fn plan(conn: &Connection, root: &ImportRoot) -> Result<(bool, Vec<Write>, u64), StoreError> {
    let before = load_record(conn, root.root)?;
    let open = before.as_ref().is_none_or(|r| {
        r.kind != RecordKind::Encounter
            || r.body
                .get("state")
                .and_then(Value::as_str)
                .and_then(CodingState::from_key)
                .is_none_or(CodingState::is_open)
    });
    let mut writes = Vec::with_capacity(root.records.len());
    let mut held_back = 0;
    for incoming in &root.records {
        let now = match &before {
            Some(r) if r.id == incoming.id => before.clone(),
            None if incoming.id == root.root => None,
            _ => load_record(conn, incoming.id)?,
        };
        match now {
            None if incoming.kind.is_coding() && !open => held_back += 1,
            None => writes.push(added(incoming)),
            Some(now) => writes.extend(updated(&now, incoming)),
        }
    }
    Ok((before.is_none(), writes, held_back))
}

fn added(r: &Record) -> Write {
    let mut set = Vec::with_capacity(16);
    set.push(FieldSet(FIELD_DELETED.into(), Value::Bool(true), Value::Bool(false)));
    if !r.order.0.is_empty() {
        set.push(FieldSet(
            FIELD_ORDER.into(),
            Value::String(String::new()),
            Value::String(r.order.0.clone()),
        ));
    }
    if let Some(body) = r.body.as_object() {
        set.extend(
            body.iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| FieldSet(k.clone(), Value::Null, v.clone())),
        );
    }
    Write { record: r.id, kind: r.kind, visibility: r.visibility, set }
}

/// `None` when the sender has nothing new to say or no right to.
fn updated(now: &Record, incoming: &Record) -> Option<Write> {
    if now.deleted || incoming.kind.is_coding() || now.kind != incoming.kind {
        return None;
    }
    let encounter = now.kind == RecordKind::Encounter;
    let set: Vec<FieldSet> = incoming
        .body
        .as_object()?
        .iter()
        .filter(|(k, v)| {
            let field = now.field(k);
            let empty = field.is_null() || field.as_array().is_some_and(Vec::is_empty);
            let mine = encounter && (OURS.contains(&k.as_str()) || (FILL.contains(&k.as_str()) && !empty));
            !mine && field != **v && !(v.is_null() && empty)
        })
        .map(|(k, v)| FieldSet(k.clone(), now.field(k), v.clone()))
        .collect();
    let write = Write { record: now.id, kind: now.kind, visibility: now.visibility, set };
    debug_assert_eq!(root_of(&write, now.root), now.root);
    (!write.set.is_empty()).then_some(write)
}
