//! External causes of an injury: how, where, doing what. And diagnoses that a note only suspects.
//!
//! Owns `dx.external_cause` (a reminder; no national rule makes the codes mandatory) and `dx.uncertain`.
//! Sources: ICD-10-CM Official Guidelines FY2027 I.C.20 with I.C.20.b (place, Y92) and c (activity, Y93),
//! both at the initial encounter only; IV.H (outpatient: no "probable", "suspected", "rule out"). Pure.

use super::{
    cx::{Cx, dot},
    setting::bills_inpatient,
};
use crate::domain::{CodeRange, Finding, FixAction, OverridePolicy, Place};

const CAUSE: &str = "ICD-10-CM Official Guidelines FY2027 I.C.20";
const UNCERTAIN: &str = "ICD-10-CM Official Guidelines FY2027 IV.H";
const WORDS: [&str; 10] = [
    "probable",
    "probably",
    "suspected",
    "questionable",
    "rule out",
    "r/o ",
    "likely",
    "possible",
    "compatible with",
    "consistent with",
];

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    causes(cx, out);
    uncertain(cx, out);
}

/// Poisoning, adverse effects, asphyxiation, maltreatment and complications say their cause themselves.
fn carries_its_cause(code: &str) -> bool {
    [("T36", "T65"), ("T71", "T71"), ("T74", "T74"), ("T76", "T76"), ("T80", "T88")]
        .iter()
        .any(|(first, last)| CodeRange { first: (*first).into(), last: (*last).into() }.contains(code))
}

fn causes(cx: &Cx, out: &mut Vec<Finding>) {
    let injury = cx.dx().iter().find(|d| {
        let code = d.body.code.as_str();
        code.starts_with(['S', 'T'])
            && code.len() == 7
            && matches!(code.as_bytes()[6], b'A' | b'B' | b'C')
            && !carries_its_cause(code)
    });
    let Some(injury) = injury else { return };
    let has = |first: &str, last: &str| {
        let range = CodeRange { first: first.into(), last: last.into() };
        cx.dx().iter().any(|d| range.contains(&d.body.code))
    };
    let cause = has("V00", "Y38");
    let missing: Vec<(&str, &str, &str)> = [
        (!cause, "how it happened", "V00", "Y38"),
        (cause && !has("Y92", "Y92"), "where it happened", "Y92", "Y92"),
        (cause && !has("Y93", "Y93"), "what the patient was doing", "Y93", "Y93"),
    ]
    .into_iter()
    .filter(|(open, ..)| *open)
    .map(|(_, what, a, b)| (what, a, b))
    .collect();
    if missing.is_empty() {
        return;
    }
    let what: Vec<&str> = missing.iter().map(|(w, ..)| *w).collect();
    let message =
        format!("{}: {} can be coded, where the note says so", dot(&injury.body.code), what.join(", "));
    let mut f = Finding::info("dx.external_cause", Place::Diagnosis(injury.id), message, CAUSE);
    for (what, first, last) in missing {
        let within = vec![CodeRange { first: first.into(), last: last.into() }];
        f = f.fix(format!("look for {what}"), FixAction::Search { within, before: None });
    }
    out.push(f);
}

/// The words that a coder attached to a diagnosis of an outpatient say it is not certain.
fn uncertain(cx: &Cx, out: &mut Vec<Finding>) {
    if bills_inpatient(cx.chart) && cx.is_institutional() {
        return;
    }
    for d in cx.dx() {
        let Some(evidence) = &d.body.evidence else { continue };
        let quote = evidence.quote.reveal().to_lowercase();
        let Some(word) = WORDS.iter().find(|w| quote.contains(*w)) else { continue };
        let message = format!(
            "{}: its line of the chart says \"{}\"; an outpatient claim codes the sign or symptom instead",
            dot(&d.body.code),
            word.trim()
        );
        out.push(
            Finding::warn("dx.uncertain", Place::Diagnosis(d.id), message, UNCERTAIN)
                .policy(OverridePolicy::Reason)
                .about(d.body.code.clone()),
        );
    }
}
