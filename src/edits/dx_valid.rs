//! Diagnoses: valid and billable on the date whose code set applies, 7th character, placeholder X.
//!
//! Owns `dx.valid`, `dx.specific`, `dx.seventh`, `dx.form`. Sources: ICD-10-CM Official Guidelines FY2027
//! I.A.4 (placeholder), I.A.5 (7th characters), I.B.2 (level of detail); 45 CFR 162.1002 (code set in
//! force on the date of service); MCE edit 1 (invalid diagnosis). Pure.

use super::{
    cx::{Cx, dot, encounter},
    facts::Status,
};
use crate::domain::{CodeRange, CodeSystem, Finding, FixAction, Id, Place};

const DETAIL: &str = "ICD-10-CM Official Guidelines FY2027 I.B.2; MCE edit 1";
const SEVENTH: &str = "ICD-10-CM Official Guidelines FY2027 I.A.4, I.A.5";
const IN_FORCE: &str = "45 CFR 162.1002(c); ICD-10-CM Official Guidelines FY2027; MCE edit 1";
/// The digits that pick a fix.
const MENU: usize = 8;

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for d in cx.dx() {
        check(cx, &d.body.code, Place::Diagnosis(d.id), Some(d.id), out);
    }
    if let Some(code) = cx.chart.header().admitting.as_deref().filter(|c| !c.is_empty()) {
        check(cx, code, encounter("admitting"), None, out);
    }
}

/// A fix that puts `code` in place; for the admitting diagnosis the header changes.
fn put(cx: &Cx, id: Option<Id>, code: &str) -> FixAction {
    match id {
        Some(id) => FixAction::ReplaceDiagnosis { id, code: code.to_string(), before: None },
        None => FixAction::Apply(vec![cx.chart.set_header(|e| e.admitting = Some(code.to_string()))]),
    }
}

fn look(f: Finding, code: &str, place: &Place) -> Finding {
    match (place, code.get(..3)) {
        (Place::Diagnosis(_), Some(category)) => f.fix(
            format!("look under {}", dot(category)),
            FixAction::Search { within: vec![CodeRange::one(category)], before: None },
        ),
        _ => f.fix("go to the code", FixAction::GoTo(place.clone())),
    }
}

fn check(cx: &Cx, code: &str, place: Place, id: Option<Id>, out: &mut Vec<Finding>) {
    let written = dot(code);
    match cx.facts.status(CodeSystem::Icd10cm, code, cx.on) {
        Status::Valid | Status::Unchecked => {}
        Status::Header { children } => {
            let message =
                format!("{written} is a category; a claim needs one of its {} codes", children.len());
            let mut f = Finding::stop("dx.specific", place.clone(), message, DETAIL);
            for child in children.iter().take(MENU) {
                f = f.fix(cx.named(child), put(cx, id, child));
            }
            if children.len() > MENU {
                let within = vec![CodeRange::one(code)];
                f = f.fix("choose from all of them", FixAction::Search { within, before: None });
            }
            out.push(f);
        }
        Status::NeedsSeventh { choices } => {
            let message = format!("{written} needs a 7th character");
            out.push(sevenths(cx, message, code, &choices, place, id));
        }
        Status::NotYet { from } => {
            let message = format!("{written} is valid from {from}; this claim is coded as of {}", cx.on);
            out.push(look(Finding::stop("dx.valid", place.clone(), message, IN_FORCE), code, &place));
        }
        Status::Expired { last } => {
            let message = format!("{written} was valid through {last}; this claim is coded as of {}", cx.on);
            out.push(look(Finding::stop("dx.valid", place.clone(), message, IN_FORCE), code, &place));
        }
        Status::Unknown => out.push(unknown(cx, code, place, id)),
    }
}

fn sevenths(
    cx: &Cx,
    message: String,
    stem: &str,
    choices: &[(char, String)],
    place: Place,
    id: Option<Id>,
) -> Finding {
    let mut f = Finding::stop("dx.seventh", place, message, SEVENTH);
    for (c, meaning) in choices {
        let code = padded(stem, *c);
        f = f.fix(format!("{} {meaning}", dot(&code)), put(cx, id, &code));
    }
    f
}

/// Six characters filled with the placeholder, then the 7th.
fn padded(stem: &str, seventh: char) -> String {
    format!("{stem:X<6}{seventh}")
}

/// A code in no table: a wrong 7th character, a missing placeholder, a wrong shape, or simply unknown.
fn unknown(cx: &Cx, code: &str, place: Place, id: Option<Id>) -> Finding {
    let written = dot(code);
    if !well_formed(code) {
        let message = format!("{written} is not written like an ICD-10-CM code");
        let f =
            Finding::stop("dx.form", place.clone(), message, "ICD-10-CM Official Guidelines FY2027 I.A.2");
        return look(f, code, &place);
    }
    for cut in (3..code.len().min(7)).rev() {
        let (Some(stem), Some(rest)) = (code.get(..cut), code.get(cut..)) else { break };
        let bare = stem.trim_end_matches('X');
        let bare = if bare.len() < 3 { stem } else { bare };
        let Status::NeedsSeventh { choices } = cx.facts.status(CodeSystem::Icd10cm, bare, cx.on) else {
            continue;
        };
        let last = rest.chars().last().unwrap_or('X');
        let filler = rest.chars().rev().skip(1).all(|c| c == 'X');
        if filler && choices.iter().any(|(c, _)| *c == last) {
            let right = padded(bare, last);
            let message =
                format!("{written}: the 7th character has to stand in the 7th place, {}", dot(&right));
            return Finding::stop("dx.seventh", place, message, SEVENTH)
                .fix(format!("use {}", dot(&right)), put(cx, id, &right));
        }
        let message = format!("{written}: {} takes no 7th character {last}", dot(bare));
        return sevenths(cx, message, bare, &choices, place, id);
    }
    // A valid code with something behind it: the extra characters are the mistake.
    for cut in (3..code.len()).rev() {
        let Some(stem) = code.get(..cut) else { break };
        if cx.facts.status(CodeSystem::Icd10cm, stem, cx.on) == Status::Valid {
            let message = format!("{written} does not exist; {} is complete without more", dot(stem));
            return Finding::stop("dx.valid", place, message, DETAIL)
                .fix(format!("use {}", cx.named(stem)), put(cx, id, stem));
        }
    }
    let f =
        Finding::stop("dx.valid", place.clone(), format!("{written} is in no ICD-10-CM release"), IN_FORCE);
    look(f, code, &place)
}

/// A letter, a digit, then letters or digits, three to seven in all.
fn well_formed(code: &str) -> bool {
    let b = code.as_bytes();
    (3..=7).contains(&b.len())
        && b[0].is_ascii_uppercase()
        && b[1].is_ascii_digit()
        && b[2..].iter().all(u8::is_ascii_alphanumeric)
}
