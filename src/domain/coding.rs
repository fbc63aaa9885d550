//! What a coder puts on an encounter: diagnoses, procedures, service lines, holds and overrides.
//!
//! Owns the record bodies and the text form of the command line
//! (`CODE[:POA]`, `CODE[:DATE]`, `CODE[:MOD...][@A,B][xUNITS][=CHARGE]`). Whether they are right is `edits`.

use super::{Cents, EvidenceSpan, Extra, Id, normal_code};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Present-on-admission indicator (CMS; 837I HI composite 9). Exempt codes send nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Poa {
    Y,
    N,
    U,
    W,
}

impl Poa {
    pub fn letter(self) -> char {
        match self {
            Poa::Y => 'Y',
            Poa::N => 'N',
            Poa::U => 'U',
            Poa::W => 'W',
        }
    }
    pub fn from_letter(c: char) -> Option<Poa> {
        match c.to_ascii_uppercase() {
            'Y' => Some(Poa::Y),
            'N' => Some(Poa::N),
            'U' => Some(Poa::U),
            'W' => Some(Poa::W),
            _ => None,
        }
    }
}

/// An ICD-10-CM diagnosis; the first of an encounter is the principal or first-listed one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Normal form: no dot.
    pub code: String,
    #[serde(default)]
    pub poa: Option<Poa>,
    #[serde(default)]
    pub evidence: Option<EvidenceSpan>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// An ICD-10-PCS procedure of a stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    pub code: String,
    #[serde(default)]
    pub date: Option<NaiveDate>,
    #[serde(default)]
    pub provider: Option<Id>,
    #[serde(default)]
    pub evidence: Option<EvidenceSpan>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a service line points to (SV107, box 24E).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pointer {
    /// A diagnosis of this encounter: it follows the diagnosis when the order changes.
    Diagnosis(Id),
    /// A position that named no diagnosis when it was typed or received; 1 is A. An edit stops it.
    Position(u8),
}

/// A CPT or HCPCS service on a professional claim, or a revenue line of an institutional one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceLine {
    /// Revenue code, institutional lines only; four digits.
    #[serde(default)]
    pub revenue: Option<String>,
    /// CPT or HCPCS; empty on a revenue line that needs none.
    #[serde(default)]
    pub code: String,
    /// At most four, payment-affecting first.
    #[serde(default)]
    pub modifiers: Vec<String>,
    pub date: NaiveDate,
    /// Thousandths of a unit, so that 1.5 units stay exact.
    pub units: Units,
    /// The charge of the whole line, all units; `None` until somebody or the fee table gives one.
    #[serde(default)]
    pub charge: Option<Cents>,
    #[serde(default)]
    pub pointers: Vec<Pointer>,
    /// National Drug Code, eleven digits.
    #[serde(default)]
    pub ndc: Option<String>,
    #[serde(default)]
    pub provider: Option<Id>,
    /// What supports the modifier, for edits that ask.
    #[serde(default)]
    pub evidence: Option<EvidenceSpan>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl ServiceLine {
    pub fn new(code: &str, date: NaiveDate) -> ServiceLine {
        ServiceLine {
            revenue: None,
            code: code.to_string(),
            modifiers: Vec::new(),
            date,
            units: Units::ONE,
            charge: None,
            pointers: Vec::new(),
            ndc: None,
            provider: None,
            evidence: None,
            extra: Extra::new(),
        }
    }
    /// Institutional lines carry a revenue code and go to the UB-04, the others to the CMS-1500.
    pub fn is_institutional(&self) -> bool {
        self.revenue.is_some()
    }
    pub fn has_modifier(&self, m: &str) -> bool {
        self.modifiers.iter().any(|x| x == m)
    }
}

/// Units in thousandths (SV104 takes up to three decimals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(pub i64);

impl Units {
    pub const ONE: Units = Units(1000);

    pub fn parse(text: &str) -> Option<Units> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || part.len() > 3 || whole.len() > 7 {
            return None;
        }
        if !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) {
            return None;
        }
        let part: i64 = format!("{part:0<3}").parse().ok()?;
        Some(Units(whole.parse::<i64>().ok()? * 1000 + part))
    }
    /// The charge of this many units at `each`, rounded to the cent.
    pub fn charge(self, each: Cents) -> Cents {
        Cents((each.0.saturating_mul(self.0) + 500) / 1000)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 % 1000 == 0 {
            (self.0 / 1000).to_string()
        } else {
            format!("{}.{:03}", self.0 / 1000, self.0 % 1000).trim_end_matches('0').to_string()
        };
        f.pad(&text)
    }
}

/// Why an encounter cannot be finished now. Any open hold blocks submit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: HoldReason,
    #[serde(default)]
    pub note: FreeText,
    /// The provider who owes something.
    #[serde(default)]
    pub owner: Option<Id>,
    #[serde(default)]
    pub placed_by: String,
    #[serde(default)]
    pub placed_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Kept when it is cleared, so that history stays readable.
    #[serde(default)]
    pub cleared_at: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Free text that may name a patient.
pub type FreeText = super::Phi<String>;

impl Hold {
    pub fn is_open(&self) -> bool {
        self.cleared_at.is_none()
    }
}

/// The reasons the hold menu offers, in its order; the digit picks one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    MissingDocument,
    UnsignedNote,
    Pathology,
    Query,
    Charges,
    Registration,
    Authorization,
    Supervisor,
    #[default]
    Other,
}

impl HoldReason {
    pub const ALL: [HoldReason; 9] = [
        HoldReason::MissingDocument,
        HoldReason::UnsignedNote,
        HoldReason::Pathology,
        HoldReason::Query,
        HoldReason::Charges,
        HoldReason::Registration,
        HoldReason::Authorization,
        HoldReason::Supervisor,
        HoldReason::Other,
    ];
    pub fn label(self) -> &'static str {
        match self {
            HoldReason::MissingDocument => "missing document",
            HoldReason::UnsignedNote => "unsigned note",
            HoldReason::Pathology => "waiting for pathology",
            HoldReason::Query => "query open",
            HoldReason::Charges => "charges missing",
            HoldReason::Registration => "registration",
            HoldReason::Authorization => "authorization",
            HoldReason::Supervisor => "question to supervisor",
            HoldReason::Other => "other",
        }
    }
    /// Whether an event in the chart clears it by itself (the signed note arrives).
    pub fn clears_itself(self) -> bool {
        matches!(self, HoldReason::UnsignedNote)
    }
}

/// A coder's answer to an edit that may be answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// Rule id and the place it stood at, so that a new finding of the same rule asks again.
    pub rule: String,
    pub place: String,
    pub reason: FreeText,
    #[serde(default)]
    pub evidence: Option<EvidenceSpan>,
    #[serde(default)]
    pub by: String,
    /// The role it was answered in; some rules take a supervisor's word only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<super::Role>,
    /// The table release the finding was made with; empty where it came from none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release: String,
    #[serde(default)]
    pub at: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// A service of the same patient on another encounter, for the edits that look beyond one visit: global
/// periods, limits of a day, duplicates. Read with the chart, never stored with it.
#[derive(Clone, Debug, PartialEq)]
pub struct PastService {
    pub account: String,
    pub code: String,
    pub modifiers: Vec<String>,
    pub date: NaiveDate,
    pub units: Units,
    /// Who rendered it; `None` on an institutional line.
    pub provider: Option<Id>,
    pub institutional: bool,
}

/// Why a coding argument of the command line could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{argument:?}: {problem}")]
pub struct CodingTextError {
    pub argument: String,
    pub problem: String,
}

fn bad(argument: &str, problem: impl Into<String>) -> CodingTextError {
    CodingTextError { argument: argument.to_string(), problem: problem.into() }
}

/// `CODE[:POA]`
pub fn parse_diagnosis(text: &str) -> Result<Diagnosis, CodingTextError> {
    let (code, poa) = match text.split_once(':') {
        None => (text, None),
        Some((code, p)) => {
            let mut letters = p.chars();
            match (letters.next().and_then(Poa::from_letter), letters.next()) {
                (Some(poa), None) => (code, Some(poa)),
                _ => return Err(bad(text, "present on admission is Y, N, U or W")),
            }
        }
    };
    let code = normal_code(code);
    if !(3..=7).contains(&code.len()) {
        return Err(bad(text, "an ICD-10-CM code has 3 to 7 characters"));
    }
    Ok(Diagnosis { code, poa, ..Diagnosis::default() })
}

/// `CODE[:DATE]`, the date as `YYYY-MM-DD`.
pub fn parse_procedure(text: &str) -> Result<Procedure, CodingTextError> {
    let (code, date) = match text.split_once(':') {
        None => (text, None),
        Some((code, d)) => {
            let date = d.parse().map_err(|_| bad(text, "the date is written YYYY-MM-DD"))?;
            (code, Some(date))
        }
    };
    let code = normal_code(code);
    if code.len() != 7 {
        return Err(bad(text, "an ICD-10-PCS code has 7 characters"));
    }
    Ok(Procedure { code, date, ..Procedure::default() })
}

/// A service line as typed; pointers are positions (1 is A) until an encounter resolves them.
#[derive(Clone, Debug, PartialEq)]
pub struct LineText {
    pub code: String,
    pub modifiers: Vec<String>,
    pub pointers: Vec<u8>,
    pub units: Units,
    pub charge: Option<Cents>,
}

/// `CODE[:MOD...][@A,B][xUNITS][=CHARGE]`, for example `99214:25@A,B,Cx1=189.00`.
pub fn parse_line(text: &str) -> Result<LineText, CodingTextError> {
    let (rest, charge) = match text.split_once('=') {
        None => (text, None),
        Some((rest, c)) => {
            (rest, Some(Cents::parse(c).ok_or_else(|| bad(text, "the charge is an amount like 189.00"))?))
        }
    };
    let (rest, units) = match rest.rsplit_once(['x', 'X']).filter(|(_, u)| Units::parse(u).is_some()) {
        None => (rest, Units::ONE),
        Some((rest, u)) => (rest, Units::parse(u).ok_or_else(|| bad(text, "units are a number"))?),
    };
    let (rest, pointers) = match rest.split_once('@') {
        None => (rest, Vec::new()),
        Some((rest, p)) => (rest, parse_pointers(p).ok_or_else(|| bad(text, "pointers are letters A to L"))?),
    };
    let mut parts = rest.split(':');
    let code = normal_code(parts.next().unwrap_or_default());
    if code.len() != 5 {
        return Err(bad(text, "a CPT or HCPCS code has 5 characters"));
    }
    let modifiers = parts.map(normal_code).collect();
    Ok(LineText { code, modifiers, pointers, units, charge })
}

/// `A,B,C`, `ABC` or `A B C` to positions; anything but letters A to Z is refused.
pub fn parse_pointers(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .filter(|c| !matches!(c, ',' | ' '))
        .map(|c| c.is_ascii_alphabetic().then(|| c.to_ascii_uppercase() as u8 - b'A' + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coding_arguments() {
        let l = parse_line("99214:25@A,B,Cx1=189.00").unwrap();
        assert_eq!(
            (l.code.as_str(), l.modifiers, l.pointers, l.units, l.charge),
            ("99214", vec!["25".into()], vec![1, 2, 3], Units::ONE, Some(Cents(18900)))
        );
        let l = parse_line("j1030:XU:RT@Bx2.5").unwrap();
        assert_eq!((l.code.as_str(), l.modifiers.len(), l.units, l.charge), ("J1030", 2, Units(2500), None));
        assert_eq!(parse_line("17000@E=123").unwrap().pointers, vec![5]);
        assert!(parse_line("9921").is_err());
        assert!(parse_line("99214@1").is_err());
        assert_eq!(parse_diagnosis("I50.23:y").unwrap().poa, Some(Poa::Y));
        assert!(parse_diagnosis("I50.23:q").is_err());
        assert_eq!(parse_procedure("02HV33Z:2026-11-04").unwrap().date, "2026-11-04".parse().ok());
        assert_eq!(Units(2500).to_string(), "2.5");
        assert_eq!(Units(1500).charge(Cents(1001)), Cents(1502));
    }
}
