//! Order of diagnoses: code first, use additional, manifestations and external causes.
//!
//! Owns `dx.code_first`, `dx.use_additional`, `dx.manifestation_first`, `dx.external_first`. Sources:
//! ICD-10-CM Official Guidelines FY2027 I.A.13 (etiology and manifestation), I.B.7 (more than one code),
//! I.C.20.a.6 (external causes never first); MCE edits 2 and 6; the Tabular note itself. Pure.

use super::{
    cx::{Cx, dot},
    facts::{Note, NoteKind, Status},
};
use crate::domain::{CodeRange, CodeSystem, Diagnosis, Finding, FixAction, Item, Place};

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    if let Some(first) = cx.dx().first() {
        first_listed(cx, first, out);
    }
    let mut asked = Vec::new();
    for (at, d) in cx.dx().iter().enumerate() {
        for note in cx.facts.notes(&d.body.code) {
            match note.kind {
                NoteKind::CodeFirst => code_first(cx, at, d, &note, out),
                // A category's note asks once, not at every code below it.
                NoteKind::UseAdditional if !asked.contains(&note) => {
                    use_additional(cx, d, &note, out);
                    asked.push(note);
                }
                _ => {}
            }
        }
    }
}

/// MCE list where loaded, else the words the guideline gives (I.A.13): "in … classified elsewhere".
/// B95 to B97 are "the cause of diseases classified elsewhere", and no manifestations.
fn is_manifestation(cx: &Cx, code: &str) -> bool {
    cx.facts.manifestation(code).unwrap_or_else(|| {
        let title = cx.facts.title(CodeSystem::Icd10cm, code).unwrap_or_default().to_lowercase();
        title
            .split_once("classified elsewhere")
            .is_some_and(|(before, _)| before.contains(" in ") && !before.contains("cause of"))
    })
}

fn first_listed(cx: &Cx, first: &Item<Diagnosis>, out: &mut Vec<Finding>) {
    let code = first.body.code.as_str();
    let (rule, message, authority) = if matches!(code.as_bytes().first(), Some(b'V' | b'W' | b'X' | b'Y')) {
        (
            "dx.external_first",
            format!("{} is an external cause: it never stands first", dot(code)),
            "ICD-10-CM Official Guidelines FY2027 I.C.20.a.6; MCE edit 2",
        )
    } else if is_manifestation(cx, code) {
        (
            "dx.manifestation_first",
            format!("{} is a manifestation: the disease behind it stands first", dot(code)),
            "ICD-10-CM Official Guidelines FY2027 I.A.13; MCE edit 6",
        )
    } else {
        return;
    };
    let mut f = Finding::stop(rule, Place::Diagnosis(first.id), message, authority);
    let other = cx.dx().iter().skip(1).find(|d| {
        !matches!(d.body.code.as_bytes().first(), Some(b'V' | b'W' | b'X' | b'Y'))
            && !is_manifestation(cx, &d.body.code)
    });
    if let Some(action) = other.and_then(|o| cx.move_before(o.id, first.id))
        && let Some(o) = other
    {
        f = f.fix(format!("put {} first", dot(&o.body.code)), action);
    }
    let within: Vec<CodeRange> = ranges(cx, code, NoteKind::CodeFirst);
    if !within.is_empty() {
        f = f.fix("look for the disease behind it", FixAction::Search { within, before: Some(first.id) });
    }
    out.push(f);
}

fn ranges(cx: &Cx, code: &str, kind: NoteKind) -> Vec<CodeRange> {
    cx.facts.notes(code).into_iter().filter(|n| n.kind == kind).flat_map(|n| n.ranges).collect()
}

fn named(note: &Note, code: &str) -> bool {
    note.ranges.iter().any(|r| r.contains(code))
}

/// Notes that ask only where the other condition is present.
fn is_conditional(text: &str) -> bool {
    let t = text.to_lowercase();
    ["if applicable", "if any", "if known", "if present", "any associated", "when applicable", "due to"]
        .iter()
        .any(|w| t.contains(w))
}

fn authority(note: &Note) -> String {
    format!("Tabular note at {}; ICD-10-CM Official Guidelines FY2027 I.A.13, I.B.7", dot(&note.at))
}

fn words(note: &Note) -> String {
    let text: Vec<&str> = note.text.split_whitespace().collect();
    let text = text.join(" ");
    match text.char_indices().nth(90) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Asks where what the note puts first stands later, or is missing and the note takes no exception.
fn code_first(cx: &Cx, at: usize, d: &Item<Diagnosis>, note: &Note, out: &mut Vec<Finding>) {
    let code = d.body.code.as_str();
    let here = Place::Diagnosis(d.id);
    let about = |other: &str| format!("{code}-{other}");
    let earlier = cx.dx()[..at].iter().any(|o| named(note, &o.body.code));
    // "Any associated" puts all of them first; otherwise one that stands before it is enough.
    let all = note.text.to_lowercase().contains("any associated");
    let late = cx.dx().iter().skip(at + 1).find(|o| named(note, &o.body.code));
    if let Some(late) = late.filter(|_| all || !earlier) {
        let other = late.body.code.as_str();
        let message = format!("{} is coded before {}, which its note puts first", dot(code), dot(other));
        let mut f = Finding::warn("dx.code_first", here, message, &authority(note)).about(about(other));
        if let Some(action) = cx.move_before(late.id, d.id) {
            f = f.fix(format!("put {} before {}", dot(other), dot(code)), action);
        }
        out.push(f);
        return;
    }
    // A note that names no codes is satisfied by whatever stands before it.
    let satisfied = if note.ranges.is_empty() { at > 0 } else { earlier };
    // A manifestation in first place is a stop of its own.
    if satisfied || (at == 0 && is_manifestation(cx, code)) {
        return;
    }
    let message = format!("{}: {}", dot(code), words(note));
    let required = is_manifestation(cx, code)
        || (note.text.to_lowercase().contains("underlying") && !is_conditional(&note.text));
    let f = if required {
        Finding::warn("dx.code_first", here, message, &authority(note)).about(about(&note.at))
    } else {
        Finding::info("dx.code_first", here, message, &authority(note))
    };
    out.push(offer(cx, f, note, Some(d)));
}

/// A reminder: the note says what else to code, if it is documented.
fn use_additional(cx: &Cx, d: &Item<Diagnosis>, note: &Note, out: &mut Vec<Finding>) {
    if note.ranges.is_empty() || cx.dx().iter().any(|o| o.id != d.id && named(note, &o.body.code)) {
        return;
    }
    // Notes of a chapter or block speak to everything below them: they would never be silent.
    if note.at.len() < 3 || note.at.contains('-') {
        return;
    }
    let message = format!("{}: {}", dot(&d.body.code), words(note));
    let f = Finding::info("dx.use_additional", Place::Diagnosis(d.id), message, &authority(note));
    out.push(offer(cx, f, note, None));
}

/// The single codes of the note, the most used first, else a search under all it names.
fn offer(cx: &Cx, mut f: Finding, note: &Note, before: Option<&Item<Diagnosis>>) -> Finding {
    let before = before.map(|d| d.id);
    let mut single: Vec<&CodeRange> = note.ranges.iter().filter(|r| r.first == r.last).collect();
    single.sort_by_key(|r| std::cmp::Reverse(cx.facts.usage(&r.first)));
    for r in single.into_iter().take(3) {
        if cx.facts.status(CodeSystem::Icd10cm, &r.first, cx.on) == Status::Valid {
            f = f.fix(
                format!("add {}", cx.named(&r.first)),
                FixAction::AddDiagnosis { code: r.first.clone(), before },
            );
        }
    }
    if !note.ranges.is_empty() && f.fixes.len() != note.ranges.len() {
        let list: Vec<String> = note.ranges.iter().take(4).map(written).collect();
        let more = if note.ranges.len() > 4 { " …" } else { "" };
        f = f.fix(
            format!("look under {}{more}", list.join(", ")),
            FixAction::Search { within: note.ranges.clone(), before },
        );
    }
    f
}

fn written(r: &CodeRange) -> String {
    if r.first == r.last { dot(&r.first) } else { format!("{}-{}", dot(&r.first), dot(&r.last)) }
}
