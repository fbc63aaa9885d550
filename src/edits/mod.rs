//! Claim edits: what has to be right before an encounter can be submitted.
//!
//! Owns every rule that looks at codes, lines and required fields, one family a file: `run` asks them all
//! and returns their findings, stops first. Each rule cites its source in its doc comment and in the
//! finding, and offers numbered fixes; none is ever applied here. What a code is comes from `CodeFacts`.
//! Never reads a clock, a table or a disk. Runs on every edit on the UI thread: it is linear in what is on
//! the encounter but for the pairs of Excludes1.

mod cx;
mod dx_pair;
mod dx_poa;
mod dx_presume;
mod dx_sequence;
mod dx_side;
mod dx_valid;
mod em25;
pub mod facts;
mod lines;
mod modifiers;
mod npi;
mod pointers;
mod procedures;
mod required;
mod required_ub;
pub mod setting;
pub mod tables;
mod work;

#[cfg(test)]
pub mod fixture;

use crate::domain::{Chart, Finding, OverridePolicy, Place};
use chrono::NaiveDate;
use cx::Cx;
pub use facts::{CodeFacts, NoFacts, Note, NoteKind, Status};

/// Every rule id, for help, reports and the override permission table.
pub const RULES: &[&str] = &[
    "dx.code_first",
    "dx.count",
    "dx.dm_with",
    "dx.duplicate",
    "dx.excludes1",
    "dx.external_first",
    "dx.form",
    "dx.htn_ckd",
    "dx.htn_hf",
    "dx.htn_hf_ckd",
    "dx.laterality",
    "dx.manifestation_first",
    "dx.poa",
    "dx.seventh",
    "dx.specific",
    "dx.use_additional",
    "dx.valid",
    "px.date",
    "px.form",
    "px.outpatient",
    "px.valid",
    "line.charge",
    "line.code",
    "line.date",
    "line.duplicate",
    "line.form",
    "line.ndc",
    "line.pointer",
    "line.pointer_gone",
    "line.pointer_many",
    "line.pointer_repeat",
    "line.side",
    "line.units",
    "mod.conflict",
    "mod.form",
    "mod.many",
    "mod.repeat",
    "ncci.em25",
    "ncci.em57",
    "npi.check",
    "claim.bill_type",
    "claim.dates",
    "claim.filing",
    "claim.form",
    "claim.mbi",
    "claim.place",
    "claim.po_box",
    "claim.reason_visit",
    "claim.required",
    "claim.revenue",
    "claim.sex",
    "claim.zip9",
    "doc.unsigned",
    "hold.open",
];

/// Everything the edits find on an encounter, stops first, then in the order of the screen.
pub fn run(chart: &Chart, facts: &dyn CodeFacts, today: NaiveDate) -> Vec<Finding> {
    let cx = Cx::new(chart, facts, today);
    let mut out = Vec::new();
    dx_valid::find(&cx, &mut out);
    dx_pair::find(&cx, &mut out);
    dx_presume::find(&cx, &mut out);
    dx_sequence::find(&cx, &mut out);
    dx_side::find(&cx, &mut out);
    dx_poa::find(&cx, &mut out);
    procedures::find(&cx, &mut out);
    lines::find(&cx, &mut out);
    pointers::find(&cx, &mut out);
    modifiers::find(&cx, &mut out);
    em25::find(&cx, &mut out);
    npi::find(&cx, &mut out);
    required::find(&cx, &mut out);
    required_ub::find(&cx, &mut out);
    work::find(&cx, &mut out);
    for f in &mut out {
        f.answered = answer(chart, f);
    }
    out.sort_by_key(|f| (std::cmp::Reverse(f.severity), rank(chart, &f.place)));
    out
}

/// The reason on the record, when the rule takes one. An evidence rule wants the line of the chart too.
fn answer(chart: &Chart, f: &Finding) -> Option<String> {
    if f.policy == OverridePolicy::None {
        return None;
    }
    let key = f.place_key();
    chart
        .overrides
        .iter()
        .map(|o| &o.body)
        .find(|o| {
            o.rule == f.rule && o.place == key && (f.policy == OverridePolicy::Reason || o.evidence.is_some())
        })
        .map(|o| o.reason.reveal().clone())
}

/// Where a finding's place stands on the screen.
fn rank(chart: &Chart, place: &Place) -> (u8, usize) {
    let at = |p: Option<usize>| p.unwrap_or(usize::MAX);
    match place {
        Place::Encounter(_) => (0, 0),
        Place::Patient(_) => (1, 0),
        Place::Coverage(_) => (2, 0),
        Place::Provider(_) => (3, 0),
        Place::Diagnosis(id) => (4, at(chart.position(*id))),
        Place::Procedure(id) => (5, at(chart.procedures.iter().position(|p| p.id == *id))),
        Place::Line(id, _) => (6, at(chart.lines.iter().position(|l| l.id == *id))),
    }
}

#[cfg(test)]
mod tests;
