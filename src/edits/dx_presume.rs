//! Links the guidelines presume: hypertension with heart or kidney disease, diabetes "with".
//!
//! Owns `dx.htn_ckd`, `dx.htn_hf`, `dx.htn_hf_ckd`, `dx.dm_with`. Sources: ICD-10-CM Official Guidelines
//! FY2027 I.C.9.a.1 to a.3 and I.A.15 with I.C.4.a. A provider's statement that the conditions are not
//! related answers them, so their policy is evidence. Pure.

use super::cx::{Cx, dot, remove_diagnosis};
use crate::domain::{CodeSystem, Diagnosis, Finding, FixAction, Item, OverridePolicy, Place};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    hypertension(cx, out);
    diabetes(cx, out);
}

/// Stage 5 and end stage take the other code of each pair (I.C.9.a.2, a.3).
fn is_late(code: &str) -> bool {
    code.starts_with("N185") || code.starts_with("N186")
}

/// I.C.9.a: I50.-, and I51.4-I51.7, I51.89, I51.9 without heart failure.
fn is_heart(code: &str) -> bool {
    ["I514", "I515", "I516", "I517", "I5189", "I519"].iter().any(|p| code.starts_with(p))
}

/// Diabetes with chronic kidney disease says the disease itself, before its stage (N18) is coded: the
/// guideline on hypertension (I.C.9.a.2) asks for the disease, whatever code names it.
fn is_diabetic_ckd(code: &str) -> bool {
    matches!(code, "E0822" | "E0922" | "E1022" | "E1122" | "E1322")
}

/// I10 to I13 beside what the guideline links them to, and the stage of the kidney disease.
fn hypertension(cx: &Cx, out: &mut Vec<Finding>) {
    let ckd = cx.first_with("N18").or_else(|| cx.dx().iter().find(|d| is_diabetic_ckd(&d.body.code)));
    let hf = cx.first_with("I50");
    let heart = hf.or_else(|| cx.dx().iter().find(|d| is_heart(&d.body.code)));
    let coded_late = cx.dx().iter().any(|d| is_late(&d.body.code));
    let staged = cx.first_with("N18").is_some();
    for h in cx.dx() {
        let code = h.body.code.as_str();
        // Where no stage is coded yet, the code that is there may know it.
        let late = coded_late || (!staged && matches!(code, "I120" | "I132" | "I1311"));
        let (heart_side, kidney_side) = match code {
            "I10" => (heart.is_some(), ckd.is_some()),
            "I110" | "I119" => (true, ckd.is_some()),
            "I120" | "I129" => (heart.is_some(), true),
            "I130" | "I132" | "I1310" | "I1311" if ckd.is_some() => (true, true),
            _ => continue,
        };
        let failing = hf.is_some() || matches!(code, "I110" | "I130" | "I132");
        let (rule, want, section, what) = match (heart_side, kidney_side) {
            (true, true) => {
                let want = match (failing, late || code == "I120") {
                    (true, false) => "I130",
                    (true, true) => "I132",
                    (false, false) => "I1310",
                    (false, true) => "I1311",
                };
                ("dx.htn_hf_ckd", want, "a.3", "heart and chronic kidney disease")
            }
            (false, true) => {
                ("dx.htn_ckd", if late { "I120" } else { "I129" }, "a.2", "chronic kidney disease")
            }
            (true, false) => {
                let what = if failing { "heart failure" } else { "heart disease" };
                ("dx.htn_hf", if failing { "I110" } else { "I119" }, "a.1", what)
            }
            (false, false) => continue,
        };
        // Hypertensive disease that stands alone or already fits asks nothing here.
        if code == want || (ckd.is_none() && !heart_side) {
            continue;
        }
        let partner = earliest(cx, ckd.filter(|_| kidney_side), heart.filter(|_| heart_side));
        // The stage and the heart disease stand after it; no note orders it against the diabetes.
        let followed = partner.filter(|p| !is_diabetic_ckd(&p.body.code));
        let before = followed.and_then(|p| cx.before_if_after(h.id, p.id));
        let with = followed.map(|p| format!(", before {}", dot(&p.body.code))).unwrap_or_default();
        let message = if code == "I10" || (rule == "dx.htn_hf_ckd" && !code.starts_with("I13")) {
            format!("{} with {what}: the guideline presumes a link, {}", dot(code), dot(want))
        } else {
            format!("{} does not fit what else is coded: {}", dot(code), dot(want))
        };
        let authority = format!("ICD-10-CM Official Guidelines FY2027 I.C.9.{section}");
        let about = partner.map(|p| format!("{code}-{}", p.body.code)).unwrap_or_default();
        let f = Finding::warn(rule, Place::Diagnosis(h.id), message, &authority)
            .policy(OverridePolicy::Evidence)
            .about(about);
        out.push(match cx.dx().iter().find(|d| d.body.code == want) {
            Some(there) => f.fix(
                format!("remove {}: {} is there already", dot(code), dot(want)),
                remove_diagnosis(cx.chart, h, there.id),
            ),
            None => f.fix(
                format!("use {} instead of {}{with}", dot(want), dot(code)),
                FixAction::ReplaceDiagnosis { id: h.id, code: want.to_string(), before },
            ),
        });
    }
}

fn earliest<'a>(
    cx: &Cx,
    a: Option<&'a Item<Diagnosis>>,
    b: Option<&'a Item<Diagnosis>>,
) -> Option<&'a Item<Diagnosis>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if cx.chart.position(a.id) < cx.chart.position(b.id) { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Conditions the Alphabetic Index lists under Diabetes, "with", by the ending of the diabetes code that
/// holds them: the code of the condition, the endings offered, and the ending's family.
const WITH: &[(&str, &[&str], &str)] = &[
    ("N18", &["22"], "2"),
    // Hypertensive chronic kidney disease is chronic kidney disease: both links are presumed.
    ("I12", &["22"], "2"),
    ("I13", &["22"], "2"),
    ("G629", &["42", "40"], "4"),
    ("G609", &["42", "40"], "4"),
    ("G589", &["41"], "4"),
    ("K3184", &["43"], "43"),
    ("H3500", &["319"], "3"),
    ("H3581", &["311"], "3"),
    ("H359", &["319", "39"], "3"),
    ("I739", &["51"], "5"),
    ("L974", &["621"], "62"),
    ("L975", &["621"], "62"),
    ("L97", &["622"], "62"),
];

/// I.A.15: "with" presumes the link even without the provider's words.
fn diabetes(cx: &Cx, out: &mut Vec<Finding>) {
    for d in cx.dx() {
        let code = d.body.code.as_str();
        let Some(category) =
            ["E08", "E09", "E10", "E11", "E13"].into_iter().find(|c| code.starts_with(c) && code.len() > 3)
        else {
            continue;
        };
        let plain = code == format!("{category}9");
        // One diabetes code of the category speaks for the others.
        if !plain && cx.first_with(category).is_some_and(|f| f.id != d.id) {
            continue;
        }
        let mut seen: Vec<&str> = Vec::new();
        for other in cx.dx() {
            let condition = other.body.code.as_str();
            let Some((_, endings, family)) = WITH.iter().find(|(p, _, _)| condition.starts_with(p)) else {
                continue;
            };
            if seen.contains(family) || cx.first_with(&format!("{category}{family}")).is_some() {
                continue;
            }
            seen.push(family);
            let message = format!(
                "{} with {}: the index links them under \"with\" unless the provider says otherwise",
                dot(code),
                dot(condition)
            );
            let mut f = Finding::warn(
                "dx.dm_with",
                Place::Diagnosis(d.id),
                message,
                "ICD-10-CM Official Guidelines FY2027 I.A.15, I.C.4.a",
            )
            .policy(OverridePolicy::Evidence)
            .about(format!("{code}-{condition}"));
            for ending in *endings {
                let want = format!("{category}{ending}");
                // A code the loaded tables refuse is never offered.
                if !matches!(
                    cx.facts.status(CodeSystem::Icd10cm, &want, cx.on),
                    super::Status::Valid | super::Status::Unchecked
                ) {
                    continue;
                }
                f = if plain {
                    f.fix(
                        format!("use {} instead of {}, before {}", dot(&want), dot(code), dot(condition)),
                        FixAction::ReplaceDiagnosis {
                            id: d.id,
                            before: cx.before_if_after(d.id, other.id),
                            code: want,
                        },
                    )
                } else {
                    f.fix(
                        format!("add {} before {}", dot(&want), dot(condition)),
                        FixAction::AddDiagnosis { code: want, before: Some(other.id) },
                    )
                };
            }
            out.push(f);
        }
    }
}
