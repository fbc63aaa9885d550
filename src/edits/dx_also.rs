//! Reminders of the Tabular: "code also", and Excludes2 beside each other.
//!
//! Owns `dx.code_also`, `dx.excludes2`. Source: ICD-10-CM Official Guidelines FY2027 I.A.17 (code also: the
//! order is the coder's), I.A.12.b (Excludes2: both may be coded together). Both only inform. Pure.

use super::{
    cx::{Cx, dot, letter},
    facts::NoteKind,
};
use crate::domain::{CodeSystem, Finding, FixAction, Place};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let dx = cx.dx();
    let mut asked = Vec::new();
    for (at, d) in dx.iter().enumerate() {
        for note in cx.facts.notes(&d.body.code) {
            // Notes of a chapter or block speak to everything below them: they would never be silent.
            if note.ranges.is_empty() || note.at.len() < 3 || note.at.contains('-') {
                continue;
            }
            let named = |code: &str| note.ranges.iter().any(|r| r.contains(code));
            match note.kind {
                NoteKind::CodeAlso if !asked.contains(&note) => {
                    asked.push(note.clone());
                    if dx.iter().any(|o| o.id != d.id && named(&o.body.code)) {
                        continue;
                    }
                    let text: Vec<&str> = note.text.split_whitespace().collect();
                    let text: String = text.join(" ").chars().take(90).collect();
                    let message = format!("{}: {text}", dot(&d.body.code));
                    let authority = format!(
                        "Tabular note at {}; ICD-10-CM Official Guidelines FY2027 I.A.17",
                        dot(&note.at)
                    );
                    let mut f = Finding::info("dx.code_also", Place::Diagnosis(d.id), message, &authority);
                    for r in note.ranges.iter().filter(|r| r.first == r.last).take(2) {
                        if cx.facts.status(CodeSystem::Icd10cm, &r.first, cx.on) == super::Status::Valid {
                            let action = FixAction::AddDiagnosis { code: r.first.clone(), before: None };
                            f = f.fix(format!("add {}", cx.named(&r.first)), action);
                        }
                    }
                    if f.fixes.len() != note.ranges.len() {
                        let within = note.ranges.clone();
                        f = f
                            .fix("look among the codes it names", FixAction::Search { within, before: None });
                    }
                    out.push(f);
                }
                NoteKind::Excludes2 => {
                    for (other_at, other) in dx.iter().enumerate().filter(|(_, o)| o.id != d.id) {
                        if !named(&other.body.code) {
                            continue;
                        }
                        let message = format!(
                            "{} {} and {} {}: Excludes2, both may be coded when both are there",
                            letter(at),
                            dot(&d.body.code),
                            letter(other_at),
                            dot(&other.body.code)
                        );
                        let authority = format!(
                            "Tabular note at {}; ICD-10-CM Official Guidelines FY2027 I.A.12.b",
                            dot(&note.at)
                        );
                        let f = Finding::info("dx.excludes2", Place::Diagnosis(d.id), message, &authority);
                        out.push(f.about(other.body.code.clone()));
                    }
                }
                _ => {}
            }
        }
    }
}
