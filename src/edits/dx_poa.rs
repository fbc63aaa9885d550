//! Present on admission, and how many diagnoses a claim holds.
//!
//! Owns `dx.poa`, `dx.count`. Sources: ICD-10-CM Official Guidelines FY2027 Appendix I; CMS Pub. 100-04
//! chapter 23 section 10.2 with the POA exempt list; X12 005010X223A2 HI composite 9; 005010X222A1 and
//! X223A2 loop 2300 HI (12 and 1 + 24 codes). Pure.

use super::{
    cx::{Cx, dot, letter},
    setting::bills_inpatient,
};
use crate::domain::{Change, Diagnosis, Edit, Finding, FixAction, Form, Item, Place, Poa};

const AUTHORITY: &str = "ICD-10-CM Official Guidelines FY2027 Appendix I; X12 005010X223A2 2300 HI";

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    if cx.is_institutional() && bills_inpatient(cx.chart) {
        for (at, d) in cx.dx().iter().enumerate().filter(|(_, d)| d.body.poa.is_none()) {
            missing(cx, at, d, out);
        }
    }
    count(cx, Form::Cms1500, 12, "X12 005010X222A1 2300 HI (12 diagnoses)", out);
    count(cx, Form::Ub04, 25, "X12 005010X223A2 2300 HI (principal and 24 others)", out);
}

fn missing(cx: &Cx, at: usize, d: &Item<Diagnosis>, out: &mut Vec<Finding>) {
    let place = Place::Diagnosis(d.id);
    let what = format!("{} {}", letter(at), dot(&d.body.code));
    let f = match cx.facts.poa_exempt(&d.body.code, cx.on) {
        Some(true) => return,
        Some(false) => Finding::stop("dx.poa", place, format!("{what}: present on admission?"), AUTHORITY),
        None => Finding::warn(
            "dx.poa",
            place,
            format!("{what}: present on admission? The exempt list is not loaded"),
            AUTHORITY,
        ),
    };
    let set = |poa| {
        let after = Diagnosis { poa: Some(poa), ..d.body.clone() };
        FixAction::Apply(vec![Edit::Diagnosis(Change::Set { id: d.id, before: d.body.clone(), after })])
    };
    out.push(
        f.fix("Y present on admission", set(Poa::Y))
            .fix("N not present", set(Poa::N))
            .fix("U documentation insufficient", set(Poa::U))
            .fix("W clinically undetermined", set(Poa::W)),
    );
}

fn count(cx: &Cx, form: Form, most: usize, authority: &str, out: &mut Vec<Finding>) {
    if !cx.chart.header().has_form(form) {
        return;
    }
    // External causes have places of their own on the UB-04 (locator 72, HI ABN).
    let counted =
        |d: &&Item<Diagnosis>| form == Form::Cms1500 || !d.body.code.starts_with(['V', 'W', 'X', 'Y']);
    let n = cx.dx().iter().filter(counted).count();
    if let Some(d) = cx.dx().iter().filter(counted).nth(most) {
        let from = dot(&d.body.code);
        let message =
            format!("{n} diagnoses; the {} takes {most}: {from} and what follows stays off", form.label());
        out.push(Finding::warn("dx.count", Place::Diagnosis(d.id), message, authority).about(form.key()));
    }
}
