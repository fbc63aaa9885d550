//! An evaluation and management service beside a procedure on the same day.
//!
//! Owns `ncci.em25` (minor procedure, modifier 25) and `ncci.em57` (major procedure, modifier 57). Source:
//! NCCI Policy Manual for Medicare Services chapter I section D; global days from CMS Pub. 100-04 chapter 12
//! section 40.1 (000 and 010 minor, 090 major). Where the fee table has no indicator the range of the code
//! decides, and the finding says so. Pure.

use super::{
    cx::{Cx, line_place},
    services::Service,
    tables::{Code, Indicator},
};
use crate::domain::{Finding, FixAction, Id, Item, OverridePolicy, ServiceLine};
use chrono::NaiveDate;

const AUTHORITY: &str = "NCCI Policy Manual ch. I sec. D; CMS Pub. 100-04 ch. 12 sec. 40.1";

/// Evaluation and management, and the eye visits NCCI treats alike.
pub fn is_em(code: &str) -> bool {
    let Some(n) = number(code) else { return false };
    matches!(n,
        99202..=99215 | 99221..=99239 | 99242..=99245 | 99252..=99255 | 99281..=99285 | 99291..=99292
        | 99304..=99310 | 99315..=99316 | 99341..=99350 | 99381..=99397 | 92002..=92014)
}

fn number(code: &str) -> Option<u32> {
    if code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()) { code.parse().ok() } else { None }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Minor,
    /// By its range only: the fee table says nothing.
    Presumed,
    Major,
}

fn size(cx: &Cx, code: &str, on: NaiveDate) -> Option<Size> {
    match cx.global(code, on).as_deref() {
        Some("000" | "010") => Some(Size::Minor),
        Some("090") => Some(Size::Major),
        Some(_) => None,
        None => number(code).filter(|n| (10004..=69990).contains(n)).map(|_| Size::Presumed),
    }
}

/// Whether the visit among these two is asked about here, so that the pair edit need not ask again.
pub(super) fn asks_for(cx: &Cx, a: &Service, b: &Service) -> bool {
    let other = match (is_em(a.code), is_em(b.code)) {
        (true, false) => b,
        (false, true) => a,
        _ => return false,
    };
    !a.institutional && a.line.is_some() && b.line.is_some() && size(cx, other.code, other.date).is_some()
}

/// The pair of the loaded quarter behind the question: `17000/99214 indicator 1`.
fn pair_of(cx: &Cx, em: &str, beside: &[&(&str, Size)], on: NaiveDate) -> Option<(String, String)> {
    let table = cx.facts.tables().ptp(false, on)?;
    let em = Code::new(em)?;
    beside.iter().find_map(|(code, _)| {
        let other = Code::new(code)?;
        let (a, b, pair) = table
            .find(other, em, on)
            .map(|p| (other, em, p))
            .or_else(|| table.find(em, other, on).map(|p| (em, other, p)))?;
        (pair.indicator() == Indicator::Allowed)
            .then(|| (format!("PTP {a}/{b} indicator 1"), table.meta().cite()))
    })
}

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for em in cx.chart.lines.iter().filter(|l| !l.body.is_institutional() && is_em(&l.body.code)) {
        let beside: Vec<(&str, Size)> = cx
            .chart
            .lines
            .iter()
            .filter(|l| l.id != em.id && !l.body.is_institutional() && l.body.date == em.body.date)
            .filter(|l| renderer(cx, l) == renderer(cx, em))
            .filter_map(|l| Some((l.body.code.as_str(), size(cx, &l.body.code, l.body.date)?)))
            .collect();
        let minor: Vec<&(&str, Size)> = beside.iter().filter(|(_, s)| *s != Size::Major).collect();
        if !minor.is_empty() {
            out.extend(ask(cx, em, "ncci.em25", "25", "a minor procedure", &minor));
        }
        let major: Vec<&(&str, Size)> = beside.iter().filter(|(_, s)| *s == Size::Major).collect();
        if !major.is_empty() {
            out.extend(ask(cx, em, "ncci.em57", "57", "a major procedure", &major));
        }
    }
}

fn renderer(cx: &Cx, l: &Item<ServiceLine>) -> Option<Id> {
    l.body.provider.or(cx.chart.header().roles.rendering)
}

/// `None` when the modifier is there and a line of the chart supports it.
fn ask(
    cx: &Cx,
    em: &Item<ServiceLine>,
    rule: &'static str,
    modifier: &str,
    what: &str,
    beside: &[&(&str, Size)],
) -> Option<Finding> {
    let has = em.body.has_modifier(modifier);
    if has && em.body.evidence.is_some() {
        return None;
    }
    let mut codes: Vec<&str> = beside.iter().map(|(c, _)| *c).collect();
    codes.sort_unstable();
    codes.dedup();
    let list = codes.join(", ");
    let presumed = if beside.iter().any(|(_, s)| *s == Size::Presumed) {
        " (by its range: the fee table has no global days)"
    } else {
        ""
    };
    let code = &em.body.code;
    let place = line_place(em, "modifiers");
    let message = if has {
        format!("{code} {modifier} with {list}: which line of the chart supports {modifier}?")
    } else {
        format!("{code} with {list}, {what}{presumed}: {modifier} only if separately documented")
    };
    let (authority, release) = match pair_of(cx, code, beside, em.body.date) {
        Some((pair, release)) => (format!("{AUTHORITY}; {pair}"), release),
        None => (AUTHORITY.to_string(), String::new()),
    };
    let f = Finding::warn(rule, place, message, &authority)
        .policy(OverridePolicy::Evidence)
        .release(release)
        .about(format!("{code}-{}", codes.join("-")));
    Some(if has {
        f.fix("attach the line of the chart", FixAction::GoTo(line_place(em, "evidence")))
    } else {
        f.fix(
            format!("add {modifier} to {code}, with evidence"),
            FixAction::AddModifier { line: em.id, modifier: modifier.to_string(), evidence: true },
        )
    })
}
