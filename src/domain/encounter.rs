//! The encounter: one visit or stay, with what is documented, charged and known before it is coded.
//!
//! Owns the header record and the documents. What a coder adds (`coding.rs`) are records of their own.

use super::{Extra, Id, Phi, state::CodingState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The kind of work, which decides the list, the screen's sections and the weight of the chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitKind {
    #[default]
    Office,
    Emergency,
    Inpatient,
    Surgery,
    Ancillary,
}

impl VisitKind {
    pub const ALL: [VisitKind; 5] = [
        VisitKind::Office,
        VisitKind::Emergency,
        VisitKind::Inpatient,
        VisitKind::Surgery,
        VisitKind::Ancillary,
    ];
    /// At most six columns, for lists.
    pub fn label(self) -> &'static str {
        match self {
            VisitKind::Office => "office",
            VisitKind::Emergency => "ED",
            VisitKind::Inpatient => "stay",
            VisitKind::Surgery => "surg",
            VisitKind::Ancillary => "anc",
        }
    }
    pub fn key(self) -> &'static str {
        match self {
            VisitKind::Office => "office",
            VisitKind::Emergency => "emergency",
            VisitKind::Inpatient => "inpatient",
            VisitKind::Surgery => "surgery",
            VisitKind::Ancillary => "ancillary",
        }
    }
    pub fn from_key(key: &str) -> Option<VisitKind> {
        VisitKind::ALL.into_iter().find(|k| k.key() == key)
    }
}

/// A claim form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Form {
    /// CMS-1500 (02/12), sent as 837P.
    #[serde(rename = "cms1500")]
    Cms1500,
    /// UB-04, sent as 837I.
    #[serde(rename = "ub04")]
    Ub04,
}

impl Form {
    pub fn key(self) -> &'static str {
        match self {
            Form::Cms1500 => "cms1500",
            Form::Ub04 => "ub04",
        }
    }
    pub fn label(self) -> &'static str {
        match self {
            Form::Cms1500 => "CMS-1500",
            Form::Ub04 => "UB-04",
        }
    }
}

/// UB-04 locators 14, 15 and 17 (CL101 to CL103), admission and discharge hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub hour: Option<String>,
    #[serde(default)]
    pub discharge_hour: Option<String>,
}

/// Providers by their role on the claim (loops 2310 and 2420).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Rendering on a professional claim, attending on an institutional one.
    #[serde(default)]
    pub rendering: Option<Id>,
    #[serde(default)]
    pub attending: Option<Id>,
    #[serde(default)]
    pub operating: Option<Id>,
    #[serde(default)]
    pub referring: Option<Id>,
}

/// A key another system knows this record by: (system, value).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderKey {
    pub system: String,
    pub value: String,
}

/// The header record of an encounter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encounter {
    /// Account number: what people call the visit by, and CLM01.
    pub account: String,
    pub patient: Id,
    pub kind: VisitKind,
    /// The forms this visit is billed on; a visit may have both.
    pub forms: Vec<Form>,
    /// First date of service, or admission.
    pub from: NaiveDate,
    /// Last date of service, or discharge; the same as `from` for most visits.
    pub through: NaiveDate,
    /// CMS place-of-service code of the professional claim.
    #[serde(default)]
    pub place: Option<String>,
    /// Type of bill without the leading zero: `111`, `131`.
    #[serde(default)]
    pub bill_type: Option<String>,
    #[serde(default)]
    pub admission: Option<Admission>,
    /// Admitting diagnosis of a stay, or the patient's reason for the visit.
    #[serde(default)]
    pub admitting: Option<String>,
    #[serde(default)]
    pub roles: Roles,
    /// Coverage records in the order they pay.
    #[serde(default)]
    pub coverages: Vec<Id>,
    pub state: CodingState,
    /// Sign-in name of the person the manager gave it to.
    #[serde(default)]
    pub assigned: Option<String>,
    /// Why it is on a list: the rule's words.
    #[serde(default)]
    pub why: String,
    /// 0 ordinary; higher comes first.
    #[serde(default)]
    pub priority: i32,
    #[serde(default)]
    pub sender: Vec<SenderKey>,
    /// What the sender called the reason of the visit; shown, never coded from.
    #[serde(default)]
    pub reason_text: String,
    /// Expected dollars where no charge is entered yet.
    #[serde(default)]
    pub expected: super::Cents,
    #[serde(flatten)]
    pub extra: Extra,
}

impl Encounter {
    /// The date whose code set applies: discharge for a stay, else the date of service
    /// (ICD-10-CM Official Guidelines, introduction; CMS MCE manual).
    pub fn code_date(&self) -> NaiveDate {
        if self.kind == VisitKind::Inpatient { self.through } else { self.from }
    }
    pub fn is_inpatient(&self) -> bool {
        self.kind == VisitKind::Inpatient
    }
    pub fn has_form(&self, form: Form) -> bool {
        self.forms.contains(&form)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    #[default]
    Signed,
    Unsigned,
    Final,
    Addendum,
}

impl DocumentStatus {
    pub fn label(self) -> &'static str {
        match self {
            DocumentStatus::Signed => "signed",
            DocumentStatus::Unsigned => "UNSIGNED",
            DocumentStatus::Final => "final",
            DocumentStatus::Addendum => "addendum",
        }
    }
}

/// A document of the chart without its text. The text is an immutable row by content hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub title: String,
    #[serde(default)]
    pub author: String,
    #[serde(default)]
    pub written: Option<DateTime<Utc>>,
    #[serde(default)]
    pub status: DocumentStatus,
    /// SHA-256 of the text, hexadecimal.
    pub hash: String,
    /// Length of the text in bytes.
    #[serde(default)]
    pub bytes: u64,
    #[serde(flatten)]
    pub extra: Extra,
}

/// A document with its text, as intake and the sample practice hand it to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct FullDocument {
    pub id: Id,
    pub document: Document,
    /// Cleaned of control characters at the boundary.
    pub text: Phi<String>,
}

/// A place in a document that supports a code, a modifier or an override. Lines count from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceSpan {
    pub document: Id,
    pub line: u32,
    /// The words of that line, so that an auditor sees them without the chart.
    pub quote: Phi<String>,
}
