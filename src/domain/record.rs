//! Records and ops: the storage shape that the local cache and the hub share.
//!
//! A record is (scope, id, root, kind, visibility, version, order, deleted, body). An op is one user edit:
//! it writes one or a few records of one root, and names for every field what it read and what it writes,
//! so that the hub can tell a conflict from two people's changes that merge (SYNC.md section 3).

use super::{Id, OrderKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Site or department: the permission and sharding key, first in every unique key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(pub String);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

macro_rules! kinds {
    ($($variant:ident = $key:literal),+ $(,)?) => {
        /// What a record is; its body is the type of the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RecordKind { $($variant),+ }
        impl RecordKind {
            pub const ALL: &'static [RecordKind] = &[$(RecordKind::$variant),+];
            pub fn key(self) -> &'static str {
                match self { $(RecordKind::$variant => $key),+ }
            }
        }
    };
}

kinds! {
    Encounter = "encounter", Document = "document", Diagnosis = "diagnosis", Procedure = "procedure",
    Line = "line", Hold = "hold", Override = "override", Claim = "claim",
    Patient = "patient", Coverage = "coverage", Payer = "payer", Provider = "provider", Site = "site",
    Fees = "fees", Proposal = "proposal", Batch = "batch",
}

impl RecordKind {
    pub fn from_key(key: &str) -> Option<RecordKind> {
        RecordKind::ALL.iter().copied().find(|k| k.key() == key)
    }
}

impl RecordKind {
    /// Its own root, whatever edit it was written with: it belongs to no encounter.
    pub fn is_root(self) -> bool {
        matches!(
            self,
            RecordKind::Encounter
                | RecordKind::Patient
                | RecordKind::Coverage
                | RecordKind::Payer
                | RecordKind::Provider
                | RecordKind::Site
                | RecordKind::Fees
                | RecordKind::Batch
        )
    }

    /// What a coder puts on an encounter, as opposed to what a sender sends.
    pub fn is_coding(self) -> bool {
        matches!(
            self,
            RecordKind::Diagnosis
                | RecordKind::Procedure
                | RecordKind::Line
                | RecordKind::Hold
                | RecordKind::Override
                | RecordKind::Claim
        )
    }
}

/// A place in a scope's change log and the hash of the log up to there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub pos: u64,
    pub hash: [u8; 32],
}

/// The scope of what every scope reads: payers, providers, fees.
pub const SHARED_SCOPE: &str = "shared";

/// Who may see a record; row security decides by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    #[default]
    All,
    Own,
    Supervisor,
    Biller,
    Private,
}

impl Visibility {
    pub fn key(self) -> &'static str {
        match self {
            Visibility::All => "all",
            Visibility::Own => "own",
            Visibility::Supervisor => "supervisor",
            Visibility::Biller => "biller",
            Visibility::Private => "private",
        }
    }
    pub fn from_key(key: &str) -> Option<Visibility> {
        [Visibility::All, Visibility::Own, Visibility::Supervisor, Visibility::Biller, Visibility::Private]
            .into_iter()
            .find(|v| v.key() == key)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub scope: Scope,
    pub id: Id,
    /// The encounter (or patient, payer ...) it belongs to; a root names itself.
    pub root: Id,
    pub kind: RecordKind,
    #[serde(default)]
    pub visibility: Visibility,
    /// Rises by one with every op that touches the record; a root's with every op on any of its records.
    pub version: u64,
    #[serde(default)]
    pub order: OrderKey,
    #[serde(default)]
    pub deleted: bool,
    pub body: Value,
}

/// Pseudo-fields of a write, beside the fields of the body.
pub const FIELD_DELETED: &str = "$deleted";
pub const FIELD_ORDER: &str = "$order";

/// `[path, old, new]`: a top-level field of the body, or one of the pseudo-fields.
/// `Value::Null` stands for an absent field on either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSet(pub String, pub Value, pub Value);

/// What an op does to one record. A record that does not exist counts as deleted with an empty body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    pub record: Id,
    pub kind: RecordKind,
    #[serde(default)]
    pub visibility: Visibility,
    pub set: Vec<FieldSet>,
}

/// One user edit as it is pushed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// Gap-free per client and scope, from 1.
    pub seq: u64,
    pub op_id: Id,
    pub scope: Scope,
    pub root: Id,
    #[serde(default)]
    pub fence: Option<i64>,
    /// The root's version, for an op that depends on the whole (submit, claim sent).
    #[serde(default)]
    pub base: Option<u64>,
    /// `code.add`, `submit` ...: what the audit trail calls it. Never a name or a code.
    pub label: String,
    pub actor: String,
    /// Device time, milliseconds since 1970; the hub adds its own.
    pub at_ms: i64,
    pub writes: Vec<Write>,
}

impl Record {
    /// Applies one write, whatever it says it read. The caller has compared first.
    pub fn apply(&mut self, write: &Write) {
        for FieldSet(path, _, new) in &write.set {
            match path.as_str() {
                FIELD_DELETED => self.deleted = new.as_bool().unwrap_or(false),
                FIELD_ORDER => self.order = OrderKey(new.as_str().unwrap_or_default().to_string()),
                field => {
                    if !self.body.is_object() {
                        self.body = Value::Object(serde_json::Map::new());
                    }
                    if let Some(map) = self.body.as_object_mut() {
                        if new.is_null() {
                            map.remove(field);
                        } else {
                            map.insert(field.to_string(), new.clone());
                        }
                    }
                }
            }
        }
    }

    /// What a field or pseudo-field holds now; `Null` when it is absent.
    pub fn field(&self, path: &str) -> Value {
        match path {
            FIELD_DELETED => Value::Bool(self.deleted),
            FIELD_ORDER => Value::String(self.order.0.clone()),
            field => self.body.get(field).cloned().unwrap_or(Value::Null),
        }
    }

    /// The first field whose present value is not what the write read.
    pub fn conflict(&self, write: &Write) -> Option<String> {
        write
            .set
            .iter()
            .find(|FieldSet(path, old, new)| {
                let now = self.field(path);
                // Two people who wrote the same thing do not disagree.
                now != *old && now != *new
            })
            .map(|FieldSet(path, _, _)| path.clone())
    }

    /// An empty, deleted record: what a write on an unknown id starts from.
    pub fn vacant(scope: &Scope, root: Id, write: &Write) -> Record {
        Record {
            scope: scope.clone(),
            id: write.record,
            root,
            kind: write.kind,
            visibility: write.visibility,
            version: 0,
            order: OrderKey::default(),
            deleted: true,
            body: Value::Object(serde_json::Map::new()),
        }
    }
}
