//! The code editor's lists: flagged codes with the days on which the flag holds.
//!
//! Owns reading `mce_edits.txt.gz` (sections of ages, discharge statuses, diagnoses, procedures) and the look-up by
//! code and day. A fault names the line. Pure; loaded once, shared.

use super::super::case::DischargeStatus;
use super::super::code::Code;
use super::super::compact::TableError;
use chrono::{Datelike, NaiveDate};
use std::io::Read;

static SHIPPED: &[u8] = include_bytes!("../../../code_tables/mce_edits.txt.gz");

/// What a list says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    Newborn,
    Pediatric,
    Maternity,
    Adult,
    Female,
    Male,
    ExternalCause,
    Manifestation,
    QuestionableAdmission,
    Unacceptable,
    RequiresSecondary,
    Unspecified,
    WrongProcedure,
    OutcomeOfDelivery,
    Type1Diabetes,
    /// On the list for and against allogeneic stem-cell transplant; a flag of diagnoses and of procedures.
    StemCellAllogeneic,
    StemCellAutologous,
    Sterilization,
    ClinicalTrial,
    NonCovered,
    LimitedCoverage,
    HeartA,
    HeartB,
    Pancreas,
    KidneyTransplant,
    NotOver60,
    Cesarean,
    VaginalDelivery,
    LengthOfStay,
}

/// As the lists spell them.
const NAMES: &[(&str, Flag)] = &[
    ("newborn", Flag::Newborn),
    ("pediatric", Flag::Pediatric),
    ("maternity", Flag::Maternity),
    ("adult", Flag::Adult),
    ("female", Flag::Female),
    ("male", Flag::Male),
    ("ecodepdx", Flag::ExternalCause),
    ("manifestation", Flag::Manifestation),
    ("qadm", Flag::QuestionableAdmission),
    ("unacceptable", Flag::Unacceptable),
    ("reqsdx", Flag::RequiresSecondary),
    ("unspecified", Flag::Unspecified),
    ("wrngproc", Flag::WrongProcedure),
    ("delout", Flag::OutcomeOfDelivery),
    ("diabtypeI", Flag::Type1Diabetes),
    ("ncov6", Flag::StemCellAllogeneic),
    ("ncov7", Flag::StemCellAutologous),
    ("ncov_z302", Flag::Sterilization),
    ("clintrial", Flag::ClinicalTrial),
    ("noncovered", Flag::NonCovered),
    ("lcov", Flag::LimitedCoverage),
    ("lcov_artheartxpa", Flag::HeartA),
    ("lcov_artheartxpb", Flag::HeartB),
    ("ncov45", Flag::Pancreas),
    ("kidneyxp", Flag::KidneyTransplant),
    ("ncov12agele60", Flag::NotOver60),
    ("csect", Flag::Cesarean),
    ("vagdel", Flag::VaginalDelivery),
    ("los", Flag::LengthOfStay),
];

/// The flags of a code on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    pub fn has(self, flag: Flag) -> bool {
        self.0 >> flag as u8 & 1 == 1
    }
}

/// A day as a number that sorts.
fn number(day: NaiveDate) -> u32 {
    day.year().unsigned_abs() * 10_000 + day.month() * 100 + day.day()
}

#[derive(Clone, Copy)]
struct Period {
    code: Code,
    from: u32,
    /// Inclusive.
    to: u32,
    flags: u32,
}

struct AgeRange {
    flag: Flag,
    low: u16,
    high: u16,
    from: u32,
    to: u32,
}

pub struct MceTable {
    pub provenance: String,
    ages: Vec<AgeRange>,
    /// Status, first and last day.
    statuses: Vec<(u8, u32, u32)>,
    dx: Vec<Period>,
    px: Vec<Period>,
}

impl MceTable {
    /// The table inside the program.
    pub fn shipped() -> Result<MceTable, TableError> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(SHIPPED).read_to_string(&mut text).map_err(TableError::Unpack)?;
        MceTable::read(&text)
    }

    pub fn read(text: &str) -> Result<MceTable, TableError> {
        let mut lines = (1..).zip(text.lines());
        let provenance = lines.next().and_then(|(_, l)| l.strip_prefix("# "));
        let provenance = provenance.ok_or_else(|| fault(1, "the file does not begin with its provenance"))?;
        let mut t = MceTable {
            provenance: provenance.to_string(),
            ages: Vec::new(),
            statuses: Vec::new(),
            dx: Vec::new(),
            px: Vec::new(),
        };
        for section in ["ages", "statuses", "dx", "px"] {
            let (at, head) = lines.next().ok_or_else(|| fault(0, "the table ends too early"))?;
            let count = head.strip_prefix(section).and_then(|c| c.trim().parse::<usize>().ok());
            let count = count.ok_or_else(|| fault(at, format!("'{section}' and a count are expected")))?;
            for _ in 0..count {
                let (at, line) = lines.next().ok_or_else(|| fault(0, "the table ends too early"))?;
                let f: Vec<&str> = line.split('\t').collect();
                let read = match section {
                    "ages" => age(&f).map(|a| t.ages.push(a)),
                    "statuses" => status(&f).map(|s| t.statuses.push(s)),
                    "dx" => period(&f).map(|p| t.dx.push(p)),
                    _ => period(&f).map(|p| t.px.push(p)),
                };
                read.ok_or_else(|| fault(at, format!("no line of '{section}': {} fields", f.len())))?;
            }
        }
        // Stable: several periods of one code stay in their order.
        t.dx.sort_by_key(|p| p.code);
        t.px.sort_by_key(|p| p.code);
        Ok(t)
    }

    pub fn diagnosis(&self, code: Code, day: NaiveDate) -> Flags {
        flags(&self.dx, code, day)
    }
    pub fn procedure(&self, code: Code, day: NaiveDate) -> Flags {
        flags(&self.px, code, day)
    }

    /// Whether Medicare takes a discharge status on a day.
    pub fn takes_status(&self, status: DischargeStatus, day: NaiveDate) -> bool {
        let day = number(day);
        self.statuses.iter().any(|(s, from, to)| *s == status.0 && *from <= day && day <= *to)
    }

    /// Whether an age is outside a range that the flags ask for.
    pub(super) fn age_conflict(&self, flags: Flags, age: u16, day: NaiveDate) -> bool {
        let day = number(day);
        let asked = self.ages.iter().filter(|r| flags.has(r.flag) && r.from <= day && day <= r.to);
        asked.into_iter().any(|r| age < r.low || age > r.high)
    }
}

fn flags(all: &[Period], code: Code, day: NaiveDate) -> Flags {
    let day = number(day);
    let start = all.partition_point(|p| p.code < code);
    let of = all[start..].iter().take_while(|p| p.code == code);
    Flags(of.filter(|p| p.from <= day && day <= p.to).fold(0, |all, p| all | p.flags))
}

fn fault(line: usize, what: impl ToString) -> TableError {
    TableError::Line { line, what: what.to_string() }
}

/// Eight digits; nothing is the end of time.
fn day(text: &str) -> Option<u32> {
    if text.is_empty() { Some(u32::MAX) } else { text.parse().ok().filter(|_| text.len() == 8) }
}

fn flag(name: &str) -> Option<Flag> {
    NAMES.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

fn age(f: &[&str]) -> Option<AgeRange> {
    let [name, low, high, from, to] = f else { return None };
    let flag = flag(name)?;
    Some(AgeRange { flag, low: low.parse().ok()?, high: high.parse().ok()?, from: day(from)?, to: day(to)? })
}

fn status(f: &[&str]) -> Option<(u8, u32, u32)> {
    let [code, from, to] = f else { return None };
    Some((code.parse().ok()?, day(from)?, day(to)?))
}

fn period(f: &[&str]) -> Option<Period> {
    let [code, from, to, names] = f else { return None };
    let mut flags = 0;
    for name in names.split(' ') {
        flags |= 1u32 << flag(name)? as u8;
    }
    Some(Period { code: Code::new(code), from: day(from)?, to: day(to)?, flags })
}
