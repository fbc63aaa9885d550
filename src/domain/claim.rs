//! A stored claim: one payer, one form, and what the payer's side answered.
//!
//! Owns the record only. What the claim says is derived from the encounter by `claims`.

use super::{Cents, Extra, Form, Id, Units, state::ClaimState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub form: Form,
    pub payer: Id,
    /// 1 primary, 2 secondary ...
    pub sequence: u8,
    pub state: ClaimState,
    pub total: Cents,
    /// The version of the encounter it was made from.
    #[serde(default)]
    pub base: u64,
    #[serde(default)]
    pub sent: Option<DateTime<Utc>>,
    /// Last day on which this payer takes the claim.
    #[serde(default)]
    pub file_by: Option<NaiveDate>,
    /// The payer's claim control number (REF*1K, CLP07).
    #[serde(default)]
    pub control_number: Option<String>,
    #[serde(default)]
    pub responses: Vec<ClaimResponse>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// A rejection or a denial as received; decoded by `x12` and `billing`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimResponse {
    /// `277CA`, `999` or `835`.
    pub source: String,
    /// `A7:500:85` (category, status, entity) or `CO-97`.
    pub code: String,
    /// Remark codes, claim and line.
    #[serde(default)]
    pub remarks: Vec<String>,
    #[serde(default)]
    pub amount: Cents,
    #[serde(default)]
    pub line: Option<u16>,
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// What to do, in our words.
    #[serde(default)]
    pub fix: String,
}

/// Fields of `Claim::extra` that this program knows.
const DECISION: &str = "decision";
const SENT_IN: &str = "sent_in";
const VOID: &str = "void";

impl Claim {
    /// What the payer decided, for the claim to the next payer.
    pub fn decision(&self) -> Option<Decision> {
        self.extra.get(DECISION).and_then(|v| serde_json::from_value(v.clone()).ok())
    }

    pub fn set_decision(&mut self, decision: &Decision) {
        if let Ok(v) = serde_json::to_value(decision) {
            self.extra.insert(DECISION.into(), v);
        }
    }

    /// The file it was sent in and its place there.
    pub fn sent_in(&self) -> Option<SentIn> {
        self.extra.get(SENT_IN).and_then(|v| serde_json::from_value(v.clone()).ok())
    }

    pub fn set_sent_in(&mut self, sent: &SentIn) {
        if let Ok(v) = serde_json::to_value(sent) {
            self.extra.insert(SENT_IN.into(), v);
        }
    }

    /// To be sent as a void (frequency 8) of what the payer has.
    pub fn is_void(&self) -> bool {
        self.extra.get(VOID).and_then(serde_json::Value::as_bool).unwrap_or(false)
    }
}

/// An 835's verdict on a claim, as the next payer wants to hear it (2320, 2430).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub date: Option<NaiveDate>,
    pub paid: Cents,
    /// Claim level.
    #[serde(default)]
    pub adjustments: Vec<Decided>,
    /// By service line, in the claim's order: paid and adjusted.
    #[serde(default)]
    pub lines: Vec<(Cents, Vec<Decided>)>,
}

/// One adjustment, copied from the payer's 835 and never rewritten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub group: String,
    pub reason: String,
    pub amount: Cents,
    #[serde(default)]
    pub units: Option<Units>,
}

/// Where a sent claim stands: acknowledgements name the file by its numbers and the claim by its segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentIn {
    pub batch: Id,
    pub file: String,
    /// ISA13.
    pub interchange: u64,
    /// GS06 and ST02.
    pub group: u64,
    pub set: String,
    /// Segments of the claim within the transaction, ST being 1.
    pub first: u64,
    pub last: u64,
}

/// A file of claims as it was sent; its text is kept under its hash, like a document's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub file: String,
    pub form: Form,
    pub receiver: String,
    pub interchange: u64,
    pub group: u64,
    pub created: DateTime<Utc>,
    pub claims: Vec<BatchClaim>,
    pub total: Cents,
    /// SHA-256 of the file, hexadecimal.
    pub hash: String,
    pub bytes: u64,
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchClaim {
    pub claim: Id,
    pub encounter: Id,
    /// CLM01.
    pub account: String,
    pub first: u64,
    pub last: u64,
}
