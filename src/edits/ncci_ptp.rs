//! NCCI procedure-to-procedure edits: two codes of one day and provider, of which the second is not paid.
//!
//! Owns `ncci.ptp`. Sources: CMS NCCI PTP edit files; NCCI Policy Manual chapter I sections A and E
//! (modifier indicators, modifiers that set a pair aside; since July 2019 on either code). A visit beside a
//! procedure is `em25`'s to ask when a modifier can answer it. Pure.

use super::{
    cx::{Cx, line_place},
    em25,
    services::Service,
    setting::bills_inpatient,
    tables::{Indicator, Pair, Pairs},
};
use crate::domain::{Change, Edit, Finding, FixAction, Item, OverridePolicy, PayerClass, ServiceLine};

const AUTHORITY: &str = "NCCI Policy Manual ch. I sec. A, E; CMS Pub. 100-04 ch. 23 sec. 20.9";

/// Modifiers that set a pair with indicator 1 aside (NCCI Policy Manual chapter I section E).
pub(super) const BYPASS: [&str; 44] = [
    "E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "TA", "T1", "T2",
    "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LT", "RT", "LC", "LD", "LM", "RC", "RI", "24", "25", "57",
    "58", "78", "79", "27", "59", "91", "XE", "XP", "XS", "XU",
];

/// Those that state a separate service and have to be supported by a line of the chart.
const SEPARATE: [&str; 5] = ["59", "XE", "XP", "XS", "XU"];

/// Payers NCCI is not for.
pub(super) fn applies(cx: &Cx) -> bool {
    cx.chart.primary_payer().is_none_or(|p| p.class != PayerClass::SelfPay)
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let inpatient = bills_inpatient(cx.chart);
    if !applies(cx) {
        return;
    }
    for (i, a) in services.iter().enumerate() {
        let Some(pairs) = cx.facts.tables().ptp(a.institutional, a.date) else { continue };
        if a.institutional && inpatient {
            continue;
        }
        for (j, b) in services.iter().enumerate() {
            // One of the two has to be here; the same code twice is another rule's.
            if i == j || (a.line.is_none() && b.line.is_none()) || a.key == b.key || !a.beside(b) {
                continue;
            }
            if let Some(pair) = pairs.find(a.key, b.key, a.date) {
                out.extend(ask(cx, pairs, &pair, a, b));
            }
        }
    }
}

/// Column 1 `a`, column 2 `b`.
fn ask(cx: &Cx, pairs: &Pairs, pair: &Pair, a: &Service, b: &Service) -> Option<Finding> {
    let line = b.line.or(a.line)?;
    let place = line_place(line, "modifiers");
    let release = pairs.meta().cite();
    let about = format!("{}-{}{}{}", a.code, b.code, a.account, b.account);
    let dates = match pair.through {
        Some(t) => format!("in force {} to {t}", pair.from),
        None => format!("in force from {}", pair.from),
    };
    let why = if pair.word.is_empty() { String::new() } else { format!(" ({})", pair.word) };
    let head = format!(
        "{} is column 2 of {}{}, not paid beside it{why}; indicator {}, {dates}",
        b.code,
        a.code,
        a.elsewhere(),
        pair.indicator().digit()
    );
    let gone = |l: &Item<ServiceLine>| FixAction::Apply(vec![Edit::Line(Change::Remove(l.clone()))]);
    let drop = |f: Finding| match b.line {
        Some(l) => f.fix(format!("remove {}", b.code), gone(l)),
        None => f,
    };
    match pair.indicator() {
        Indicator::NotApplicable => None,
        Indicator::NotAllowed => {
            let message = format!("{head}: no modifier sets it aside");
            Some(drop(Finding::stop("ncci.ptp", place, message, AUTHORITY).about(about).release(release)))
        }
        Indicator::Allowed => {
            let bypass: Vec<&Service> = [b, a].into_iter().filter(|s| s.has_any(&BYPASS)).collect();
            let em = [a, b].into_iter().any(|s| em25::is_em(s.code));
            if em && em25::asks_for(cx, a, b) {
                return None;
            }
            if let Some(s) = bypass.first() {
                // An anatomic modifier says it all; 59 and its four parts need a line of the chart.
                let supported = s.line.is_none_or(|l| l.body.evidence.is_some());
                if supported || !bypass.iter().all(|s| s.has_any(&SEPARATE)) {
                    return None;
                }
                let at = s.line.map_or(place.clone(), |l| line_place(l, "evidence"));
                let message =
                    format!("{} with {}: which line of the chart shows a separate service?", a.code, b.code);
                return Some(
                    Finding::warn("ncci.ptp", place, message, AUTHORITY)
                        .policy(OverridePolicy::Evidence)
                        .about(about)
                        .release(release)
                        .fix("attach the line of the chart", FixAction::GoTo(at)),
                );
            }
            let message = format!("{head}: a modifier sets it aside only if the chart supports it");
            let mut f = Finding::warn("ncci.ptp", place, message, AUTHORITY)
                .policy(OverridePolicy::Evidence)
                .about(about)
                .release(release);
            f = drop(f);
            let Some(line) = b.line else { return Some(f) };
            let offers: &[(&str, &str)] = if em25::is_em(b.code) {
                &[("25", "separate evaluation")]
            } else {
                &[
                    ("XS", "another structure"),
                    ("XE", "another encounter"),
                    ("XP", "another practitioner"),
                    ("XU", "unusual, does not overlap"),
                    ("59", "distinct, when no X modifier fits"),
                ]
            };
            for (m, what) in offers {
                let action =
                    FixAction::AddModifier { line: line.id, modifier: (*m).to_string(), evidence: true };
                f = f.fix(format!("{m} on {}: {what}", b.code), action);
            }
            Some(f)
        }
    }
}
