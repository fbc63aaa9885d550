//! Patients, coverages, payers, providers and the site: what a claim needs to know besides the codes.
//!
//! Owns plain records with their serial form; a client keeps fields it does not know (`extra`).
//! Source of the fields: X12 005010X222A1 and X223A2, loops 2000A to 2310.

use super::{Cents, Id, Phi};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fields a newer program wrote and this one does not know; written back unchanged.
pub type Extra = BTreeMap<String, serde_json::Value>;

/// Administrative sex as DMG03 sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sex {
    #[serde(rename = "F")]
    Female,
    #[serde(rename = "M")]
    Male,
    #[default]
    #[serde(rename = "U")]
    Unknown,
}

impl Sex {
    pub fn letter(self) -> &'static str {
        match self {
            Sex::Female => "F",
            Sex::Male => "M",
            Sex::Unknown => "U",
        }
    }
}

/// A person's name in the parts NM103 to NM105 and NM107 take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    pub last: String,
    #[serde(default)]
    pub first: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub middle: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

impl PersonName {
    /// `Alvarez, Maria` for the banner of an open chart.
    pub fn full(&self) -> String {
        join(&[&self.last, &self.first], ", ")
    }
    /// `Alvarez M` for a row of the queue: the minimum that tells two rows apart.
    pub fn short(&self) -> String {
        match self.first.chars().next() {
            Some(c) => format!("{} {c}", self.last),
            None => self.last.clone(),
        }
    }
}

fn join(parts: &[&str], with: &str) -> String {
    parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(with)
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    #[serde(default)]
    pub street: String,
    #[serde(default)]
    pub city: String,
    #[serde(default)]
    pub state: String,
    /// Five or nine digits, with or without a hyphen, as the sender gave it.
    #[serde(default)]
    pub zip: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    pub mrn: Phi<String>,
    pub name: Phi<PersonName>,
    #[serde(default)]
    pub sex: Sex,
    pub birth: Phi<Option<NaiveDate>>,
    #[serde(default)]
    pub address: Phi<Address>,
    #[serde(default)]
    pub phone: Phi<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub death: Option<NaiveDate>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl Patient {
    /// Completed years on `on`; `None` without a birth date or before it.
    pub fn age_on(&self, on: NaiveDate) -> Option<u32> {
        (*self.birth.reveal()).and_then(|b| on.years_since(b))
    }
}

/// A clearinghouse or payer that takes our files: loop 1000B, ISA07, ISA08, GS03.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    pub name: String,
    /// NM109 of loop 1000B.
    pub id: String,
    /// ISA07: `ZZ`, `30` ...
    #[serde(default)]
    pub kind: String,
    /// ISA08 and GS03, fifteen characters at most.
    #[serde(default)]
    pub code: String,
}

/// Who sends a site's claims, and where they go unless the payer says otherwise: loop 1000A, ISA05, ISA06, GS02.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    pub submitter: String,
    /// NM109 of loop 1000A.
    pub submitter_id: String,
    /// Whom the receiver calls.
    #[serde(default)]
    pub contact: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub code: String,
    /// Production files say so; everything else is a test.
    #[serde(default)]
    pub production: bool,
    pub receiver: Receiver,
}

/// What a payer is to a claim: decides forms, filing code and rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerClass {
    Medicare,
    Medicaid,
    #[default]
    Commercial,
    WorkersComp,
    SelfPay,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    pub name: String,
    pub class: PayerClass,
    /// NM109 of loop 2010BB.
    #[serde(default)]
    pub payer_id: String,
    /// SBR09: MB, MA, MC, CI, BL, WC ...
    #[serde(default)]
    pub filing_code: String,
    #[serde(default)]
    pub address: Address,
    /// Days from the date of service within which a claim must be filed.
    #[serde(default)]
    pub filing_days: Option<u32>,
    /// Where its claims go, when not where the site's go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Receiver>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// One policy of a patient with a payer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub payer: Id,
    pub member_id: Phi<String>,
    /// PAT01 or SBR02: 18 self, 01 spouse, 19 child ...
    #[serde(default)]
    pub relationship: String,
    /// The subscriber, when it is not the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscriber: Option<Phi<PersonName>>,
    #[serde(default)]
    pub group_number: String,
    #[serde(default)]
    pub group_name: String,
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Short name people type: `shah`.
    #[serde(default)]
    pub key: String,
    pub name: PersonName,
    /// `MD`, `NP`; printed after the name.
    #[serde(default)]
    pub credential: String,
    #[serde(default)]
    pub npi: String,
    #[serde(default)]
    pub taxonomy: String,
    #[serde(default)]
    pub specialty: String,
    #[serde(flatten)]
    pub extra: Extra,
}

impl Provider {
    /// `Shah MD`, as a banner names the provider.
    pub fn short(&self) -> String {
        join(&[&self.name.last, &self.credential], " ")
    }
}

/// A department that bills: loops 2010AA and 2010AB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub name: String,
    #[serde(default)]
    pub npi: String,
    #[serde(default)]
    pub tax_id: String,
    #[serde(default)]
    pub taxonomy: String,
    #[serde(default)]
    pub address: Address,
    #[serde(default)]
    pub phone: String,
    /// Submitter and receiver of its claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
    /// CMS certification or state facility ids, if a payer asks for one; `clia` and `mammography` go to the claim.
    #[serde(default)]
    pub other_ids: BTreeMap<String, String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// One row of the site's fee table: a bare code, its charge and, where the site loaded them, the
/// indicators an edit needs. No descriptor: CPT text comes from the site's licensed file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    pub code: String,
    pub charge: Cents,
    /// Global days as the fee schedule writes them: `000`, `010`, `090`, `XXX`, `ZZZ`.
    #[serde(default)]
    pub global: Option<String>,
    /// Licensed short text, if the site has loaded it.
    #[serde(default)]
    pub text: Option<String>,
}

/// All rows of a site's fee table, by code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeeTable(pub BTreeMap<String, Fee>);

impl FeeTable {
    pub fn charge(&self, code: &str) -> Option<Cents> {
        self.0.get(code).map(|f| f.charge)
    }
    pub fn global(&self, code: &str) -> Option<&str> {
        self.0.get(code).and_then(|f| f.global.as_deref())
    }
}
