//! Diagnoses that do not go together: the same one twice, and Excludes1 pairs.
//!
//! Owns `dx.duplicate`, `dx.excludes1`. Sources: ICD-10-CM Official Guidelines FY2027 I.B.12 (a code once
//! an encounter), I.A.12.a (Excludes1 and its exception for unrelated conditions); MCE edit 3. Pure.

use super::cx::{Cx, dot, letter, remove_diagnosis};
use crate::domain::{Finding, OverridePolicy, Place};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let dx = cx.dx();
    for (j, b) in dx.iter().enumerate() {
        let mut twice = false;
        for (i, a) in dx[..j].iter().enumerate() {
            let (x, y) = (a.body.code.as_str(), b.body.code.as_str());
            if x == y {
                if !twice {
                    let message = format!("{} stands at {} and again at {}", dot(y), letter(i), letter(j));
                    out.push(
                        Finding::stop(
                            "dx.duplicate",
                            Place::Diagnosis(b.id),
                            message,
                            "ICD-10-CM Official Guidelines FY2027 I.B.12; MCE edit 3",
                        )
                        .fix(format!("remove {}", letter(j)), remove_diagnosis(cx.chart, b, a.id)),
                    );
                }
                twice = true;
                continue;
            }
            let note = cx.facts.excludes1(x, y).or_else(|| cx.facts.excludes1(y, x));
            if let Some(note) = note {
                let message = format!(
                    "{} and {} exclude each other unless the conditions are unrelated",
                    dot(x),
                    dot(y)
                );
                let authority = format!("Tabular {note}; ICD-10-CM Official Guidelines FY2027 I.A.12.a");
                let (first, second) = if x < y { (x, y) } else { (y, x) };
                out.push(
                    Finding::warn("dx.excludes1", Place::Diagnosis(b.id), message, &authority)
                        .policy(OverridePolicy::Evidence)
                        .about(format!("{first}-{second}"))
                        .fix(format!("remove {} {}", letter(j), dot(y)), remove_diagnosis(cx.chart, b, a.id))
                        .fix(format!("remove {} {}", letter(i), dot(x)), remove_diagnosis(cx.chart, a, b.id)),
                );
            }
        }
    }
}
