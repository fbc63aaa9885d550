//! Fields the UB-04 needs.
//!
//! Owns `claim.bill_type`, `claim.revenue`, `claim.reason_visit`, and `claim.required` of the UB-04's own
//! locators. Sources: CMS Pub. 100-04 chapter 25 sections 75.1 to 75.6; X12 005010X223A2 CLM05, CL1,
//! 2310A NM1*71, 2400 SV201, HI ABJ and APR. Pure.

use super::{
    cx::{Cx, encounter, line_place},
    required::missing,
    setting::{bills_inpatient, type_of_bill},
};
use crate::domain::{Finding, FixAction, Form, Place};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    if !cx.is_institutional() {
        return;
    }
    bill_type(cx, out);
    admission(cx, out);
    lines(cx, out);
    reason(cx, out);
    const ATTENDING: &str = "CMS Pub. 100-04 ch. 25 sec. 75.6 (FL 76); X12 005010X223A2 2310A NM1*71";
    match cx.chart.provider(cx.chart.header().roles.attending) {
        None => out.push(missing(Place::Provider("attending".into()), "no attending provider", ATTENDING)),
        Some(p) if p.npi.is_empty() => {
            let message = format!("{} has no NPI", p.short());
            out.push(missing(Place::Provider("attending.npi".into()), &message, ATTENDING));
        }
        Some(_) => {}
    }
}

fn bill_type(cx: &Cx, out: &mut Vec<Finding>) {
    const AUTHORITY: &str = "CMS Pub. 100-04 ch. 25 sec. 75.1 (FL 4); X12 005010X223A2 CLM05";
    let t = type_of_bill(cx.chart);
    let b = t.as_bytes();
    let formed = b.len() == 3 && b[..2].iter().all(u8::is_ascii_digit) && b[2].is_ascii_alphanumeric();
    let place = encounter("bill_type");
    if !formed {
        let message = format!("type of bill {t}: three characters, without the leading zero");
        out.push(
            Finding::stop("claim.bill_type", place.clone(), message, AUTHORITY)
                .fix("go to the field", FixAction::GoTo(place)),
        );
    } else if cx.chart.header().is_inpatient() != bills_inpatient(cx.chart) && t.starts_with('1') {
        let what = if cx.chart.header().is_inpatient() { "a stay" } else { "an outpatient visit" };
        let message = format!("type of bill {t} does not fit {what}");
        let right = if cx.chart.header().is_inpatient() { "111" } else { "131" };
        out.push(Finding::warn("claim.bill_type", place, message, AUTHORITY).about(t).fix(
            format!("use {right}"),
            FixAction::Apply(vec![cx.chart.set_header(|h| h.bill_type = Some(right.into()))]),
        ));
    }
}

fn admission(cx: &Cx, out: &mut Vec<Finding>) {
    const CL1: &str = "CMS Pub. 100-04 ch. 25 sec. 75.1, 75.2 (FL 14, 15, 17); X12 005010X223A2 2300 CL1";
    let e = cx.chart.header();
    let a = e.admission.clone().unwrap_or_default();
    for (value, field, what) in [
        (&a.kind, "admission.kind", "no type of admission or visit"),
        (&a.source, "admission.source", "no point of origin"),
        (&a.status, "admission.status", "no discharge status"),
    ] {
        if value.trim().is_empty() {
            out.push(missing(encounter(field), what, CL1));
        }
    }
    if bills_inpatient(cx.chart) {
        if a.hour.as_deref().unwrap_or_default().is_empty() {
            out.push(missing(
                encounter("admission.hour"),
                "no admission hour",
                "CMS Pub. 100-04 ch. 25 sec. 75.1 (FL 13); X12 005010X223A2 DTP*435",
            ));
        }
        if e.admitting.as_deref().unwrap_or_default().is_empty() {
            out.push(missing(
                encounter("admitting"),
                "no admitting diagnosis",
                "CMS Pub. 100-04 ch. 25 sec. 75.6 (FL 69); X12 005010X223A2 HI ABJ",
            ));
        }
    }
}

fn lines(cx: &Cx, out: &mut Vec<Finding>) {
    const REVENUE: &str = "CMS Pub. 100-04 ch. 25 sec. 75.4 (FL 42); X12 005010X223A2 2400 SV201";
    let mut any = false;
    for l in cx.chart.lines_of(Form::Ub04) {
        any = true;
        let revenue = l.body.revenue.as_deref().unwrap_or_default();
        if revenue.len() != 4 || !revenue.bytes().all(|b| b.is_ascii_digit()) || revenue == "0001" {
            let place = line_place(l, "revenue");
            let message = format!("revenue code {revenue}: four digits, and never 0001, which is the total");
            out.push(
                Finding::stop("claim.revenue", place.clone(), message, REVENUE)
                    .fix("go to the revenue code", FixAction::GoTo(place)),
            );
        }
    }
    if !any {
        out.push(missing(encounter("lines"), "no revenue line for the UB-04", REVENUE));
    }
}

/// Unscheduled outpatient visits (admission type 1, 2 or 5 with an emergency, urgent care or observation
/// line) carry the patient's reason.
fn reason(cx: &Cx, out: &mut Vec<Finding>) {
    let e = cx.chart.header();
    let unscheduled = e.admission.as_ref().is_some_and(|a| matches!(a.kind.as_str(), "1" | "2" | "5"));
    let revenue = |r: &str| r.starts_with("045") || r == "0516" || r == "0526" || r == "0762";
    let here = cx.chart.lines_of(Form::Ub04).any(|l| l.body.revenue.as_deref().is_some_and(revenue));
    if bills_inpatient(cx.chart)
        || !unscheduled
        || !here
        || !e.admitting.as_deref().unwrap_or_default().is_empty()
    {
        return;
    }
    let place = encounter("admitting");
    let mut f = Finding::stop(
        "claim.reason_visit",
        place.clone(),
        "no reason for the visit, as the patient gave it",
        "CMS Pub. 100-04 ch. 25 sec. 75.6 (FL 70); X12 005010X223A2 HI APR",
    );
    if let Some(d) = cx.dx().first() {
        let code = d.body.code.clone();
        f = f.fix(
            format!("use {}", super::cx::dot(&code)),
            FixAction::Apply(vec![cx.chart.set_header(|h| h.admitting = Some(code))]),
        );
    }
    out.push(f.fix("type the code", FixAction::GoTo(place)));
}
