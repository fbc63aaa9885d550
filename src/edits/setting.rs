//! Place of service, type of bill and last filing day, typed or derived from the visit.
//!
//! Owns the derivation that edits and claim share, so that a box is never asked for which the claim fills
//! by itself. Sources: CMS place of service code set; CMS Pub. 100-04 chapter 26 section 10.5 and
//! chapter 25 section 75.1 (type of bill), chapter 1 section 70 with 42 CFR 424.44 (timely filing). Pure.

use crate::domain::{Chart, Form, Payer, VisitKind};
use chrono::{Days, NaiveDate};

/// The codes of the CMS place of service set that are assigned.
const PLACES: &str = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 31 32 33 \
                      34 41 42 49 50 51 52 53 54 55 56 57 58 60 61 62 65 66 71 72 81 99";

/// Whether CMS has assigned this place of service code.
pub fn is_place(code: &str) -> bool {
    code.len() == 2 && PLACES.split_ascii_whitespace().any(|p| p == code)
}

/// What was typed, else what the kind of visit says. Surgery and ancillary visits outside a hospital
/// could be in several places: nobody guesses.
pub fn place_of_service(chart: &Chart) -> Option<String> {
    let e = chart.header();
    if let Some(typed) = e.place.as_deref().filter(|p| !p.is_empty()) {
        return Some(typed.to_string());
    }
    let code = match e.kind {
        VisitKind::Office => "11",
        VisitKind::Emergency => "23",
        VisitKind::Inpatient => "21",
        VisitKind::Surgery | VisitKind::Ancillary if e.has_form(Form::Ub04) => "22",
        VisitKind::Surgery | VisitKind::Ancillary => return None,
    };
    Some(code.to_string())
}

/// Three digits: what was typed, else hospital inpatient or outpatient, admit through discharge.
pub fn type_of_bill(chart: &Chart) -> String {
    let e = chart.header();
    match e.bill_type.as_deref().map(|t| t.strip_prefix('0').filter(|r| r.len() == 3).unwrap_or(t)) {
        Some(typed) if !typed.is_empty() => typed.to_string(),
        _ if e.is_inpatient() => "111".to_string(),
        _ => "131".to_string(),
    }
}

/// Type of bill 11x and 12x: hospital inpatient.
pub fn bills_inpatient(chart: &Chart) -> bool {
    let t = type_of_bill(chart);
    t.starts_with("11") || t.starts_with("12")
}

/// The last day on which the payer takes the claim: counted from the earliest line of a professional claim,
/// from the end of the statement of an institutional one.
pub fn file_by(chart: &Chart, form: Form, payer: &Payer) -> Option<NaiveDate> {
    let e = chart.header();
    let from = match form {
        Form::Cms1500 => chart.lines_of(form).map(|l| l.body.date).min().unwrap_or(e.from),
        Form::Ub04 => e.through,
    };
    from.checked_add_days(Days::new(u64::from(payer.filing_days?)))
}

/// Places whose own claim carries the technical part and the staff (CMS Pub. 100-04 chapter 12 section 20.4.2).
pub fn is_facility(place: &str) -> bool {
    matches!(place, "19" | "21" | "22" | "23" | "24" | "26" | "31" | "34" | "51" | "52" | "53" | "56" | "61")
}
