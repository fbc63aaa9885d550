//! ICD-10-PCS procedures of a stay.
//!
//! Owns `px.valid`, `px.form`, `px.date`, `px.outpatient`. Sources: 45 CFR 162.1002(c)(3) (PCS for hospital
//! inpatient procedures only), ICD-10-PCS Official Guidelines A1, CMS Pub. 100-04 chapter 25 section 75.6
//! (locator 74), X12 005010X223A2 2300 HI BBR and BBQ. Pure.

use super::{cx::Cx, facts::Status, setting::bills_inpatient};
use crate::domain::{Change, CodeRange, CodeSystem, Edit, Finding, FixAction, Item, Place, Procedure};
use chrono::Days;

const CODE_SET: &str = "45 CFR 162.1002(c)(3); ICD-10-PCS Official Guidelines A1";
const DATE: &str = "CMS Pub. 100-04 ch. 25 sec. 75.6 (FL 74); X12 005010X223A2 2300 HI BBR";

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let inpatient = cx.chart.header().is_inpatient() || bills_inpatient(cx.chart);
    for p in &cx.chart.procedures {
        let place = Place::Procedure(p.id);
        let code = p.body.code.as_str();
        if !inpatient {
            out.push(
                Finding::stop(
                    "px.outpatient",
                    place,
                    format!("{code} is ICD-10-PCS, which only hospital inpatient claims carry"),
                    CODE_SET,
                )
                .fix(
                    format!("remove {code}"),
                    FixAction::Apply(vec![Edit::Procedure(Change::Remove(p.clone()))]),
                ),
            );
            continue;
        }
        valid(cx, p, out);
        date(cx, p, out);
    }
}

fn valid(cx: &Cx, p: &Item<Procedure>, out: &mut Vec<Finding>) {
    let (place, code) = (Place::Procedure(p.id), p.body.code.as_str());
    let formed = code.len() == 7
        && code.chars().all(|c| c.is_ascii_digit() || (c.is_ascii_uppercase() && c != 'I' && c != 'O'));
    let message = match cx.facts.status(CodeSystem::Icd10pcs, code, cx.on) {
        _ if !formed => {
            let message = format!("{code}: seven characters, without the letters I and O");
            out.push(Finding::stop("px.form", place, message, CODE_SET));
            return;
        }
        Status::Valid | Status::Unchecked => return,
        Status::NotYet { from } => format!("{code} is valid from {from}; this stay is coded as of {}", cx.on),
        Status::Expired { last } => {
            format!("{code} was valid through {last}; this stay is coded as of {}", cx.on)
        }
        _ => format!("{code} is in no ICD-10-PCS table"),
    };
    let f = Finding::stop("px.valid", place, message, CODE_SET);
    out.push(match code.get(..3) {
        Some(table) => f.fix(
            format!("look in table {table}"),
            FixAction::Search { within: vec![CodeRange::one(table)], before: None },
        ),
        None => f,
    });
}

fn date(cx: &Cx, p: &Item<Procedure>, out: &mut Vec<Finding>) {
    let e = cx.chart.header();
    let place = Place::Procedure(p.id);
    let set = |on| {
        let after = Procedure { date: Some(on), ..p.body.clone() };
        FixAction::Apply(vec![Edit::Procedure(Change::Set { id: p.id, before: p.body.clone(), after })])
    };
    let Some(on) = p.body.date else {
        out.push(
            Finding::stop("px.date", place, format!("{}: the procedure has no date", p.body.code), DATE)
                .fix(format!("{}, the day of admission", e.from), set(e.from)),
        );
        return;
    };
    // Three days before admission belong to the stay (CMS Pub. 100-04 chapter 3 section 40.3).
    let earliest = e.from.checked_sub_days(Days::new(3)).unwrap_or(e.from);
    if on < earliest || on > e.through || on > cx.today {
        let message = format!("{}: {on} is outside the stay {} to {}", p.body.code, e.from, e.through);
        out.push(
            Finding::stop("px.date", place, message, DATE)
                .fix(format!("{}, the day of admission", e.from), set(e.from)),
        );
    }
}
