//! What one run of the edits shares: the chart, the facts, the date whose code set applies.
//!
//! Owns small questions several families ask and the fixes several offer. Pure.

use super::facts::CodeFacts;
use crate::domain::{
    Change, Chart, CodeSystem, Diagnosis, Edit, FixAction, Form, Id, Item, OrderKey, Place, Pointer,
    ServiceLine, display_code,
};
use chrono::NaiveDate;

pub(super) struct Cx<'a> {
    pub chart: &'a Chart,
    pub facts: &'a dyn CodeFacts,
    pub today: NaiveDate,
    /// Discharge for a stay, else the date of service.
    pub on: NaiveDate,
}

impl<'a> Cx<'a> {
    pub fn new(chart: &'a Chart, facts: &'a dyn CodeFacts, today: NaiveDate) -> Cx<'a> {
        Cx { chart, facts, today, on: chart.header().code_date() }
    }

    pub fn dx(&self) -> &'a [Item<Diagnosis>] {
        &self.chart.diagnoses
    }

    pub fn is_professional(&self) -> bool {
        self.chart.header().has_form(Form::Cms1500)
    }

    pub fn is_institutional(&self) -> bool {
        self.chart.header().has_form(Form::Ub04)
    }

    /// First diagnosis whose code begins with `prefix`.
    pub fn first_with(&self, prefix: &str) -> Option<&'a Item<Diagnosis>> {
        self.dx().iter().find(|d| d.body.code.starts_with(prefix))
    }

    /// The title in brackets, where the tables have one.
    pub fn named(&self, code: &str) -> String {
        match self.facts.title(CodeSystem::Icd10cm, code) {
            Some(title) => format!("{} {title}", dot(code)),
            None => dot(code),
        }
    }

    /// Takes `what` to right before `target`.
    pub fn move_before(&self, what: Id, target: Id) -> Option<FixAction> {
        let item = self.dx().iter().find(|d| d.id == what)?;
        let at = self.chart.position(target)?;
        let before = at.checked_sub(1).and_then(|i| self.dx().get(i)).map(|d| &d.order);
        let to = OrderKey::between(before, self.dx().get(at).map(|d| &d.order));
        Some(FixAction::Apply(vec![Edit::Diagnosis(Change::Move { id: what, from: item.order.clone(), to })]))
    }

    /// `before` for a replacement that has to stand before `target`: nothing when it does already.
    pub fn before_if_after(&self, what: Id, target: Id) -> Option<Id> {
        (self.chart.position(what) > self.chart.position(target)).then_some(target)
    }
}

/// A diagnosis code as people write it.
pub(super) fn dot(code: &str) -> String {
    display_code(CodeSystem::Icd10cm, code)
}

/// `A` for position 0; past `Z` the number.
pub(super) fn letter(position: usize) -> String {
    u8::try_from(position)
        .ok()
        .filter(|p| *p < 26)
        .map_or_else(|| (position + 1).to_string(), |p| char::from(b'A' + p).to_string())
}

/// A change of one line as a fix.
pub(super) fn set_line(item: &Item<ServiceLine>, f: impl FnOnce(&mut ServiceLine)) -> FixAction {
    let mut after = item.body.clone();
    f(&mut after);
    FixAction::Apply(vec![Edit::Line(Change::Set { id: item.id, before: item.body.clone(), after })])
}

/// Takes a diagnosis off and lets its pointers follow `to`.
pub(super) fn remove_diagnosis(chart: &Chart, gone: &Item<Diagnosis>, to: Id) -> FixAction {
    let mut edits = Vec::new();
    for line in &chart.lines {
        if line.body.pointers.contains(&Pointer::Diagnosis(gone.id)) {
            let mut after = line.body.clone();
            let mut seen = Vec::new();
            for p in &line.body.pointers {
                let p = if *p == Pointer::Diagnosis(gone.id) { Pointer::Diagnosis(to) } else { *p };
                if !seen.contains(&p) {
                    seen.push(p);
                }
            }
            after.pointers = seen;
            edits.push(Edit::Line(Change::Set { id: line.id, before: line.body.clone(), after }));
        }
    }
    edits.push(Edit::Diagnosis(Change::Remove(gone.clone())));
    FixAction::Apply(edits)
}

pub(super) fn line_place(item: &Item<ServiceLine>, field: &str) -> Place {
    Place::Line(item.id, field.to_string())
}

pub(super) fn encounter(field: &str) -> Place {
    Place::Encounter(field.to_string())
}
