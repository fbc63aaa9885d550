//! Tables of payment rules that a site imports: NCCI pairs, MUE, add-on codes, fee schedule, coverage lists.
//!
//! Owns what each kind is called, how a file of it is recognised and read, its packed form, and which of
//! several releases answers for a date of service. The readers take bytes and give bytes: nothing here opens
//! a file. A packed table is looked at where it lies (a memory map), never copied; only the short lists of
//! the coverage policies are unpacked when it is opened. Immutable; shared by threads.
//! Sources: CMS NCCI edit files, MUE files, Add-on Code files, PPRRVU; layouts in each reader.

mod addon;
pub mod coverage;
mod fees;
mod key;
mod mue;
mod pack;
mod pairs;
mod read;
mod text;

#[cfg(test)]
pub(super) mod tests;

pub use addon::{AddOnType, CONTRACTOR};
pub use coverage::{Coverage, Policy, Support};
pub use fees::{FeeRow, Fees};
pub use key::Code;
pub use mue::{Mai, Mue, MueLimit};
pub use pack::{Meta, Packed, Source, TableError};
pub use pairs::{Indicator, Pair, Pairs};
pub use read::{Built, Input, ReadError, Recognised, Told, read, recognise};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a table holds. NCCI keeps practitioners and hospitals apart: the same pair may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    PtpPractitioner,
    PtpOutpatient,
    MuePractitioner,
    MueOutpatient,
    MueDme,
    AddOn,
    FeeSchedule,
    Coverage,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::PtpPractitioner,
        Kind::PtpOutpatient,
        Kind::MuePractitioner,
        Kind::MueOutpatient,
        Kind::MueDme,
        Kind::AddOn,
        Kind::FeeSchedule,
        Kind::Coverage,
    ];
    /// As the command line writes it.
    pub fn key(self) -> &'static str {
        match self {
            Kind::PtpPractitioner => "ptp-practitioner",
            Kind::PtpOutpatient => "ptp-outpatient",
            Kind::MuePractitioner => "mue-practitioner",
            Kind::MueOutpatient => "mue-outpatient",
            Kind::MueDme => "mue-dme",
            Kind::AddOn => "add-on",
            Kind::FeeSchedule => "fee-schedule",
            Kind::Coverage => "coverage",
        }
    }
    pub fn from_key(key: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.key() == key)
    }
    /// As a finding names its source.
    pub fn label(self) -> &'static str {
        match self {
            Kind::PtpPractitioner => "NCCI PTP practitioner",
            Kind::PtpOutpatient => "NCCI PTP outpatient hospital",
            Kind::MuePractitioner => "MUE practitioner",
            Kind::MueOutpatient => "MUE outpatient hospital",
            Kind::MueDme => "MUE DME supplier",
            Kind::AddOn => "NCCI add-on codes",
            Kind::FeeSchedule => "Medicare physician fee schedule",
            Kind::Coverage => "coverage policies",
        }
    }
    /// Whether its rows carry dates of their own, so that a newer release answers for an older day too.
    fn has_history(self) -> bool {
        matches!(self, Kind::PtpPractitioner | Kind::PtpOutpatient | Kind::AddOn | Kind::Coverage)
    }
}

/// `2026Q3`
pub fn quarter(day: NaiveDate) -> String {
    format!("{}Q{}", day.year(), (day.month0() / 3) + 1)
}

/// First day of the quarter that `day` lies in.
pub fn quarter_start(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1).unwrap_or(day)
}

/// One release, opened.
#[derive(Clone)]
enum Table {
    Pairs(Pairs),
    Mue(Mue),
    Fees(Fees),
    Coverage(Coverage),
}

impl Table {
    fn meta(&self) -> &Meta {
        match self {
            Table::Pairs(t) => t.meta(),
            Table::Mue(t) => t.meta(),
            Table::Fees(t) => t.meta(),
            Table::Coverage(t) => t.meta(),
        }
    }
}

/// Every release a site has loaded, side by side.
#[derive(Clone, Default)]
pub struct Tables {
    /// By kind, oldest first.
    list: Vec<Arc<Table>>,
    /// What a site imported and this program cannot use now, in words.
    damaged: Vec<String>,
}

static NONE: Tables = Tables { list: Vec::new(), damaged: Vec::new() };

impl Tables {
    /// No table at all.
    pub fn none() -> &'static Tables {
        &NONE
    }

    /// Adds an opened release. One of the same kind and first day takes its place.
    pub fn add(&mut self, packed: Packed) -> Result<(), TableError> {
        let table = match packed.meta.kind {
            Kind::PtpPractitioner | Kind::PtpOutpatient | Kind::AddOn => Table::Pairs(Pairs::open(packed)?),
            Kind::MuePractitioner | Kind::MueOutpatient | Kind::MueDme => Table::Mue(Mue::open(packed)?),
            Kind::FeeSchedule => Table::Fees(Fees::open(packed)?),
            Kind::Coverage => Table::Coverage(Coverage::open(packed)?),
        };
        let place = |t: &Table| (t.meta().kind, t.meta().from);
        self.list.retain(|t| place(t) != place(&table));
        self.list.push(Arc::new(table));
        self.list.sort_by_key(|t| place(t));
        Ok(())
    }

    /// Remembers that an imported table cannot be used: every claim says so until it is mended.
    pub fn note_damage(&mut self, what: impl Into<String>) {
        self.damaged.push(what.into());
    }

    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What is loaded, by kind, oldest first.
    pub fn releases(&self) -> impl Iterator<Item = &Meta> {
        self.list.iter().map(|t| t.meta())
    }

    /// The newest release that had begun on `on`; where rows carry dates, the oldest one for days before.
    fn on(&self, kind: Kind, on: NaiveDate) -> Option<&Table> {
        let mut of = self.list.iter().filter(|t| t.meta().kind == kind);
        let begun = of.clone().rfind(|t| t.meta().from <= on);
        begun.or_else(|| of.next().filter(|_| kind.has_history())).map(Arc::as_ref)
    }

    fn pairs(&self, kind: Kind, on: NaiveDate) -> Option<&Pairs> {
        match self.on(kind, on)? {
            Table::Pairs(t) => Some(t),
            _ => None,
        }
    }

    /// NCCI pairs for a practitioner's or, with `institutional`, an outpatient hospital's claim.
    pub fn ptp(&self, institutional: bool, on: NaiveDate) -> Option<&Pairs> {
        self.pairs(if institutional { Kind::PtpOutpatient } else { Kind::PtpPractitioner }, on)
    }

    pub fn add_on(&self, on: NaiveDate) -> Option<&Pairs> {
        self.pairs(Kind::AddOn, on)
    }

    /// `kind` is one of the three MUE tables.
    pub fn mue(&self, kind: Kind, on: NaiveDate) -> Option<&Mue> {
        match self.on(kind, on)? {
            Table::Mue(t) => Some(t),
            _ => None,
        }
    }

    pub fn fees(&self, on: NaiveDate) -> Option<&Fees> {
        match self.on(Kind::FeeSchedule, on)? {
            Table::Fees(t) => Some(t),
            _ => None,
        }
    }

    pub fn coverage(&self, on: NaiveDate) -> Option<&Coverage> {
        match self.on(Kind::Coverage, on)? {
            Table::Coverage(t) => Some(t),
            _ => None,
        }
    }
}
