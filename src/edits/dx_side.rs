//! Laterality: a side left open although there is a code for it, and a side that contradicts the line.
//!
//! Owns `dx.laterality`, `line.side`. Sources: ICD-10-CM Official Guidelines FY2027 I.B.13, I.B.18; for
//! the line, CMS Pub. 100-04 chapter 26 section 10.4 item 24D with the HCPCS modifiers RT and LT. Pure.

use super::cx::{Cx, dot, line_place};
use crate::domain::{CodeSystem, Finding, FixAction, Place, Pointer};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for d in cx.dx() {
        let sided = cx.facts.sided(&d.body.code);
        if sided.is_empty() {
            continue;
        }
        let message = format!("{} leaves the side open; there are codes for it", dot(&d.body.code));
        let mut f = Finding::warn(
            "dx.laterality",
            Place::Diagnosis(d.id),
            message,
            "ICD-10-CM Official Guidelines FY2027 I.B.13",
        )
        .about(d.body.code.clone());
        for code in sided.into_iter().take(4) {
            f = f.fix(cx.named(&code), FixAction::ReplaceDiagnosis { id: d.id, code, before: None });
        }
        out.push(f);
    }
    lines(cx, out);
}

fn lines(cx: &Cx, out: &mut Vec<Finding>) {
    for l in &cx.chart.lines {
        let side = match (l.body.has_modifier("RT"), l.body.has_modifier("LT")) {
            (true, false) => "right",
            (false, true) => "left",
            _ => continue,
        };
        let sides: Vec<Option<&str>> = l
            .body
            .pointers
            .iter()
            .filter_map(|p| match p {
                Pointer::Diagnosis(id) => cx.chart.position(*id).and_then(|i| cx.dx().get(i)),
                Pointer::Position(_) => None,
            })
            .map(|d| cx.facts.title(CodeSystem::Icd10cm, &d.body.code))
            .map(|t| t.as_deref().and_then(side_of))
            .collect();
        let other = if side == "right" { "left" } else { "right" };
        if !sides.is_empty() && sides.iter().all(|s| *s == Some(other)) {
            let message = format!("the line says {side}, its diagnoses say {other}");
            out.push(
                Finding::warn(
                    "line.side",
                    line_place(l, "modifiers"),
                    message,
                    "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24D; ICD-10-CM Official Guidelines FY2027 I.B.13",
                )
                .fix("go to the modifiers", FixAction::GoTo(line_place(l, "modifiers"))),
            );
        }
    }
}

/// The one side a title names.
fn side_of(title: &str) -> Option<&'static str> {
    let has = |w: &str| title.split(|c: char| !c.is_alphabetic()).any(|x| x.eq_ignore_ascii_case(w));
    match (has("right"), has("left")) {
        (true, false) => Some("right"),
        (false, true) => Some("left"),
        _ => None,
    }
}
