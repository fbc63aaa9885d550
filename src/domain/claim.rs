//! A stored claim: one payer, one form, and what the payer's side answered.
//!
//! Owns the record only. What the claim says is derived from the encounter by `claims`.

use super::{Cents, Extra, Form, Id, state::ClaimState};
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
