//! The services of a patient as the payment rules see them: this encounter's lines and what stands on others.
//!
//! Owns who counts as the same provider and which lines belong together. A professional line is its rendering
//! provider's; institutional lines are the facility's. Pure.

use super::cx::Cx;
use super::tables::{Code, FeeRow};
use crate::domain::{Id, Item, ServiceLine, Units};
use chrono::NaiveDate;

/// One service, here or on another encounter.
#[derive(Clone, Copy)]
pub(super) struct Service<'a> {
    pub code: &'a str,
    pub key: Code,
    pub modifiers: &'a [String],
    pub date: NaiveDate,
    pub units: Units,
    pub provider: Option<Id>,
    pub institutional: bool,
    /// The line of this encounter; `None` for a service of another one.
    pub line: Option<&'a Item<ServiceLine>>,
    /// Account of the other encounter.
    pub account: &'a str,
}

impl Service<'_> {
    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.iter().any(|m| m == modifier)
    }
    pub fn has_any(&self, modifiers: &[&str]) -> bool {
        self.modifiers.iter().any(|m| modifiers.contains(&m.as_str()))
    }
    /// Same claim form, day and provider: what NCCI calls the same encounter.
    pub fn beside(&self, other: &Service<'_>) -> bool {
        self.date == other.date
            && self.institutional == other.institutional
            && (self.institutional || self.provider == other.provider)
    }
    /// ` (account 10031)` for a service of another encounter.
    pub fn elsewhere(&self) -> String {
        match self.account {
            "" => String::new(),
            account => format!(" (account {account})"),
        }
    }
}

impl<'a> Cx<'a> {
    /// This encounter's coded lines, then the patient's services of other encounters.
    pub fn services(&self) -> Vec<Service<'a>> {
        let rendering = self.chart.header().roles.rendering;
        let own = self.chart.lines.iter().filter_map(|l| {
            Some(Service {
                code: &l.body.code,
                key: Code::new(&l.body.code)?,
                modifiers: &l.body.modifiers,
                date: l.body.date,
                units: l.body.units,
                provider: if l.body.is_institutional() { None } else { l.body.provider.or(rendering) },
                institutional: l.body.is_institutional(),
                line: Some(l),
                account: "",
            })
        });
        let past = self.chart.history.iter().filter_map(|p| {
            Some(Service {
                code: &p.code,
                key: Code::new(&p.code)?,
                modifiers: &p.modifiers,
                date: p.date,
                units: p.units,
                provider: p.provider,
                institutional: p.institutional,
                line: None,
                account: &p.account,
            })
        });
        own.chain(past).collect()
    }

    /// The fee schedule's row for a code on a day.
    pub fn fee(&self, code: Code, on: NaiveDate) -> Option<FeeRow> {
        let fees = self.facts.tables().fees(on)?;
        fees.row(code).or_else(|| fees.row_with(code, "26"))
    }

    /// Global days: of the imported fee schedule, else of the site's fee table.
    pub fn global(&self, code: &str, on: NaiveDate) -> Option<String> {
        let listed = Code::new(code).and_then(|c| self.fee(c, on)).map(|r| r.global().to_string());
        listed.or_else(|| self.chart.directory.fees.global(code).map(str::to_string))
    }

    /// `Medicare physician fee schedule 2026-10`
    pub fn fee_release(&self, on: NaiveDate) -> String {
        self.facts.tables().fees(on).map(|f| f.meta().cite()).unwrap_or_default()
    }
}
