//! Claim edits: what has to be right before an encounter can be submitted.
//!
//! Owns every rule that looks at codes, lines and required fields, one family a file: `run` asks them all
//! and returns their findings, stops first. Each rule cites its source in its doc comment and in the
//! finding, and offers numbered fixes; none is ever applied here. What a code is comes from `CodeFacts`, and
//! so do the imported payment tables (`tables`) and the site's severities (`policy`).
//! Never reads a clock or a disk. Runs on every edit on the UI thread: it is linear in what is on the
//! encounter but for the pairs of Excludes1 and of NCCI.

mod abn;
mod add_on;
mod coverage;
mod cx;
mod drugs;
mod dx_also;
mod dx_cause;
mod dx_mce;
mod dx_pair;
mod dx_poa;
mod dx_presume;
mod dx_sequence;
mod dx_side;
mod dx_valid;
mod em25;
pub mod facts;
mod fee_parts;
mod fee_surgery;
mod global;
mod history;
mod lines;
mod modifier_use;
mod modifiers;
mod mue;
mod ncci_ptp;
mod npi;
mod orders;
mod place;
mod pointers;
pub mod policy;
mod procedures;
mod required;
mod required_ub;
mod revenue;
mod services;
pub mod setting;
pub mod side;
pub mod tables;
mod work;

#[cfg(test)]
pub mod fixture;

use crate::domain::{Chart, Finding, Item, Override, OverridePolicy, Place};
use chrono::NaiveDate;
use cx::Cx;
pub use facts::{AgeGroup, CodeFacts, DxFlags, NoFacts, Note, NoteKind, Status};
pub use policy::{EditPolicy, PolicyError};

/// Every rule id, for help, reports and the override permission table.
pub const RULES: &[&str] = &[
    "dx.age",
    "dx.code_also",
    "dx.code_first",
    "dx.count",
    "dx.dm_with",
    "dx.duplicate",
    "dx.excludes1",
    "dx.excludes2",
    "dx.external_cause",
    "dx.external_first",
    "dx.form",
    "dx.htn_ckd",
    "dx.htn_hf",
    "dx.htn_hf_ckd",
    "dx.laterality",
    "dx.manifestation_first",
    "dx.poa",
    "dx.questionable",
    "dx.seventh",
    "dx.sex",
    "dx.specific",
    "dx.unacceptable",
    "dx.uncertain",
    "dx.unspecified_side",
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
    "mod.em_59",
    "mod.em_only",
    "mod.form",
    "mod.lab",
    "mod.many",
    "mod.needless_59",
    "mod.repeat",
    "mod.which_x",
    "ncci.addon",
    "ncci.em25",
    "ncci.em57",
    "ncci.ptp",
    "mue.day",
    "mue.line",
    "global.em",
    "global.procedure",
    "fee.assistant",
    "fee.bilateral",
    "fee.component",
    "fee.cosurgeon",
    "fee.multiple",
    "fee.pctc",
    "fee.place",
    "fee.status",
    "fee.team",
    "cov.policy",
    "abn.pair",
    "abn.payer",
    "place.em",
    "place.telehealth",
    "drug.ndc",
    "drug.waste",
    "npi.check",
    "claim.bill_type",
    "claim.clia",
    "claim.dates",
    "claim.duplicate",
    "claim.filing",
    "claim.form",
    "claim.mbi",
    "claim.ordering",
    "claim.place",
    "claim.po_box",
    "claim.reason_visit",
    "claim.required",
    "claim.revenue",
    "claim.revenue_hcpcs",
    "claim.sex",
    "claim.zip9",
    "doc.unsigned",
    "hold.open",
    "tables.damaged",
    "tables.quarter",
];

/// Everything the edits find on an encounter, stops first, then in the order of the screen.
pub fn run(chart: &Chart, facts: &dyn CodeFacts, today: NaiveDate) -> Vec<Finding> {
    let cx = Cx::new(chart, facts, today);
    let mut out = Vec::new();
    dx_valid::find(&cx, &mut out);
    dx_pair::find(&cx, &mut out);
    dx_mce::find(&cx, &mut out);
    dx_also::find(&cx, &mut out);
    dx_cause::find(&cx, &mut out);
    dx_presume::find(&cx, &mut out);
    dx_sequence::find(&cx, &mut out);
    dx_side::find(&cx, &mut out);
    dx_poa::find(&cx, &mut out);
    procedures::find(&cx, &mut out);
    lines::find(&cx, &mut out);
    pointers::find(&cx, &mut out);
    modifiers::find(&cx, &mut out);
    em25::find(&cx, &mut out);
    let services = cx.services();
    ncci_ptp::find(&cx, &services, &mut out);
    mue::find(&cx, &services, &mut out);
    add_on::find(&cx, &services, &mut out);
    global::find(&cx, &services, &mut out);
    fee_surgery::find(&cx, &services, &mut out);
    fee_parts::find(&cx, &services, &mut out);
    coverage::find(&cx, &services, &mut out);
    abn::find(&cx, &mut out);
    modifier_use::find(&cx, &services, &mut out);
    place::find(&cx, &services, &mut out);
    drugs::find(&cx, &services, &mut out);
    orders::find(&cx, &services, &mut out);
    history::find(&cx, &services, &mut out);
    revenue::find(&cx, &mut out);
    npi::find(&cx, &mut out);
    required::find(&cx, &mut out);
    required_ub::find(&cx, &mut out);
    work::find(&cx, &mut out);
    settle(chart, facts, &mut out);
    out
}

/// Gives findings the site's severity, marks what the record answers and puts them in order, stops first; for
/// whoever adds findings of his own.
pub fn settle(chart: &Chart, facts: &dyn CodeFacts, out: &mut Vec<Finding>) {
    facts.policy().apply(chart, out);
    for f in out.iter_mut() {
        f.answered = answer(chart, facts.policy(), f).map(|o| o.body.reason.reveal().clone());
    }
    out.sort_by_key(|f| (std::cmp::Reverse(f.severity), rank(chart, &f.place)));
}

/// The answer on the record, when the rule takes one from that role. An evidence rule wants the line of the
/// chart too.
pub fn answer<'a>(chart: &'a Chart, policy: &EditPolicy, f: &Finding) -> Option<&'a Item<Override>> {
    if f.policy == OverridePolicy::None {
        return None;
    }
    let key = f.place_key();
    chart.overrides.iter().find(|o| {
        let o = &o.body;
        o.rule == f.rule
            && o.place == key
            && (f.policy == OverridePolicy::Reason || o.evidence.is_some())
            && policy.counts(f, o)
    })
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
