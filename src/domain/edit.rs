//! Typed edits: every change a user can make, with its inverse.
//!
//! `EditSet` is one undo step and one op. Its inverse is computed, never written by hand, and what it
//! writes into records follows from the typed bodies. Never stores anything itself.

use super::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A record body with its identity and place.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<T> {
    pub id: Id,
    pub order: OrderKey,
    pub version: u64,
    pub body: T,
}

impl<T> Item<T> {
    pub fn new(id: Id, order: OrderKey, body: T) -> Item<T> {
        Item { id, order, version: 0, body }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Change<T> {
    Add(Item<T>),
    Remove(Item<T>),
    Set { id: Id, before: T, after: T },
    Move { id: Id, from: OrderKey, to: OrderKey },
}

impl<T: Clone> Change<T> {
    pub fn inverse(&self) -> Change<T> {
        match self {
            Change::Add(item) => Change::Remove(item.clone()),
            Change::Remove(item) => Change::Add(item.clone()),
            Change::Set { id, before, after } => {
                Change::Set { id: *id, before: after.clone(), after: before.clone() }
            }
            Change::Move { id, from, to } => Change::Move { id: *id, from: to.clone(), to: from.clone() },
        }
    }
    pub fn id(&self) -> Id {
        match self {
            Change::Add(i) | Change::Remove(i) => i.id,
            Change::Set { id, .. } | Change::Move { id, .. } => *id,
        }
    }
}

/// A body that is stored as a record of its kind.
pub trait Body: Clone + Serialize + DeserializeOwned {
    const KIND: RecordKind;
}

macro_rules! bodies {
    ($($variant:ident: $type:ty),+ $(,)?) => {
        /// One typed change of one record.
        // An edit lives for a moment, and boxing the header would cost every other one.
        #[allow(clippy::large_enum_variant)]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Edit { $($variant(Change<$type>)),+ }
        $(impl Body for $type { const KIND: RecordKind = RecordKind::$variant; })+
        impl Edit {
            pub fn inverse(&self) -> Edit {
                match self { $(Edit::$variant(c) => Edit::$variant(c.inverse())),+ }
            }
            pub fn record(&self) -> Id {
                match self { $(Edit::$variant(c) => c.id()),+ }
            }
            pub fn kind(&self) -> RecordKind {
                match self { $(Edit::$variant(_) => RecordKind::$variant),+ }
            }
            fn write(&self) -> Result<Write, serde_json::Error> {
                match self { $(Edit::$variant(c) => change_write(c)),+ }
            }
        }
        $(impl From<Change<$type>> for Edit {
            fn from(c: Change<$type>) -> Edit { Edit::$variant(c) }
        })+
    };
}

bodies! {
    Encounter: Encounter, Document: Document, Diagnosis: Diagnosis, Procedure: Procedure,
    Line: ServiceLine, Hold: Hold, Override: Override, Claim: Claim, Patient: Patient,
    Coverage: Coverage, Payer: Payer, Provider: Provider, Site: Site, Fees: FeeTable,
    Batch: Batch,
}

fn fields(v: Value) -> serde_json::Map<String, Value> {
    match v {
        Value::Object(m) => m,
        _ => serde_json::Map::new(),
    }
}

fn change_write<T: Body>(change: &Change<T>) -> Result<Write, serde_json::Error> {
    let set = match change {
        Change::Add(item) => {
            let mut set = vec![
                FieldSet(FIELD_DELETED.into(), Value::Bool(true), Value::Bool(false)),
                FieldSet(
                    FIELD_ORDER.into(),
                    Value::String(String::new()),
                    Value::String(item.order.0.clone()),
                ),
            ];
            for (k, v) in fields(serde_json::to_value(&item.body)?) {
                if !v.is_null() {
                    set.push(FieldSet(k, Value::Null, v));
                }
            }
            set
        }
        // A removal reads what it removes, and leaves a vacant record: adding again is the exact inverse.
        Change::Remove(item) => {
            let mut set = vec![
                FieldSet(FIELD_DELETED.into(), Value::Bool(false), Value::Bool(true)),
                FieldSet(
                    FIELD_ORDER.into(),
                    Value::String(item.order.0.clone()),
                    Value::String(String::new()),
                ),
            ];
            for (k, v) in fields(serde_json::to_value(&item.body)?) {
                if !v.is_null() {
                    set.push(FieldSet(k, v, Value::Null));
                }
            }
            set
        }
        Change::Set { before, after, .. } => {
            let mut old = fields(serde_json::to_value(before)?);
            let mut set = Vec::new();
            for (k, v) in fields(serde_json::to_value(after)?) {
                let was = old.remove(&k).unwrap_or(Value::Null);
                if was != v {
                    set.push(FieldSet(k, was, v));
                }
            }
            set.extend(
                old.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| FieldSet(k, v, Value::Null)),
            );
            set
        }
        Change::Move { from, to, .. } => {
            vec![FieldSet(FIELD_ORDER.into(), Value::String(from.0.clone()), Value::String(to.0.clone()))]
        }
    };
    Ok(Write { record: change.id(), kind: T::KIND, visibility: Visibility::All, set })
}

/// One step of a user: undone as one, stored as one transaction, pushed as one op.
#[derive(Clone, Debug, PartialEq)]
pub struct EditSet {
    pub scope: Scope,
    pub root: Id,
    /// `code.add`, `line.modifiers`, `submit`: for the audit trail and the undo message.
    pub label: String,
    pub edits: Vec<Edit>,
    /// The op depends on the whole encounter as it stands.
    pub whole: bool,
    /// The lease it was made under.
    pub fence: Option<i64>,
}

impl EditSet {
    pub fn inverse(&self) -> EditSet {
        EditSet { edits: self.edits.iter().rev().map(Edit::inverse).collect(), ..self.clone() }
    }

    /// What the op writes, one `Write` a record in the order of the edits.
    pub fn writes(&self) -> Result<Vec<Write>, serde_json::Error> {
        let mut out: Vec<Write> = Vec::with_capacity(self.edits.len());
        for edit in &self.edits {
            let write = edit.write()?;
            match out.iter_mut().find(|w| w.record == write.record && w.kind == write.kind) {
                Some(w) => merge(w, write),
                None => out.push(write),
            }
        }
        Ok(out)
    }
}

/// Two edits of one record in one step read what the first read and write what the last wrote.
fn merge(into: &mut Write, from: Write) {
    for FieldSet(path, old, new) in from.set {
        match into.set.iter_mut().find(|f| f.0 == path) {
            Some(f) => f.2 = new,
            None => into.set.push(FieldSet(path, old, new)),
        }
    }
    into.set.retain(|f| f.1 != f.2);
}

/// Reads a typed item back from its record.
pub fn item_of<T: Body>(record: &Record) -> Result<Item<T>, serde_json::Error> {
    Ok(Item {
        id: record.id,
        order: record.order.clone(),
        version: record.version,
        body: T::deserialize(&record.body)?,
    })
}
