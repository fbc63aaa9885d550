//! The numbered choices: what `1` to `9` do on an open encounter.
//!
//! Owns their order: answers to stops, then to warnings, then what the notes of the codes still ask for,
//! nearest note first. What is satisfied is gone, so the numbers on the screen are the work that is left.

use super::OpenEncounter;
use crate::domain::{CodeRange, CodeSystem};
use crate::domain::{Finding, Fix, FixAction, Place, Severity, display_code};
use crate::edits::CodeFacts;

/// Digits on a keyboard.
const MOST: usize = 9;

#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub text: String,
    /// Places in `findings` and in its fixes.
    pub finding: usize,
    pub fix: usize,
    pub action: FixAction,
}

/// A fix that only moves the cursor has a key of its own (`e`), not a number.
fn takes_number(fix: &Fix) -> bool {
    match &fix.action {
        FixAction::GoTo(Place::Line(_, field)) => field == "evidence",
        FixAction::GoTo(_) => false,
        _ => true,
    }
}

/// The order in which findings get their numbers; smaller first.
fn rank(open: &OpenEncounter, f: &Finding) -> (u8, usize) {
    let severity = match f.severity {
        Severity::Stop => 0,
        Severity::Warn => 1,
        Severity::Info => 2,
    };
    let place = match &f.place {
        Place::Diagnosis(id) if f.severity == Severity::Info && Some(*id) == open.last_posted => 0,
        Place::Diagnosis(id) => open.chart.position(*id).map_or(usize::MAX, |p| p + 1),
        _ => 0,
    };
    (severity, place)
}

pub fn of(open: &OpenEncounter, facts: &dyn CodeFacts) -> Vec<Choice> {
    let mut order: Vec<usize> =
        (0..open.findings.len()).filter(|i| open.findings[*i].answered.is_none()).collect();
    order.sort_by_key(|i| rank(open, &open.findings[*i]));
    let mut out: Vec<Choice> = Vec::new();
    for i in order {
        for (j, fix) in open.findings[i].fixes.iter().enumerate().filter(|(_, f)| takes_number(f)) {
            // Two notes that ask for the same code are one choice.
            if out.iter().any(|c| c.action == fix.action) {
                continue;
            }
            if out.len() == MOST {
                return out;
            }
            let text = match fix.text.is_empty() {
                true => describe(&fix.action, facts),
                false => fix.text.clone(),
            };
            out.push(Choice { text, finding: i, fix: j, action: fix.action.clone() });
        }
    }
    out
}

fn describe(action: &FixAction, facts: &dyn CodeFacts) -> String {
    let named = |code: &str| {
        let title = facts.title(CodeSystem::Icd10cm, code).unwrap_or_default();
        format!("{} {title}", display_code(CodeSystem::Icd10cm, code))
    };
    match action {
        FixAction::AddDiagnosis { code, .. } => format!("add {}", named(code)),
        FixAction::ReplaceDiagnosis { code, .. } => format!("use {}", named(code)),
        FixAction::Search { within, .. } => format!("choose from {}", ranges(within)),
        FixAction::AddModifier { modifier, .. } => format!("modifier {modifier}"),
        FixAction::Apply(_) => "do it".into(),
        FixAction::GoTo(_) => "go there".into(),
    }
}

/// `N18.1-N18.6, I12`
pub fn ranges(within: &[CodeRange]) -> String {
    let show = |c: &str| display_code(CodeSystem::Icd10cm, c);
    let one = |r: &CodeRange| match r.first == r.last {
        true => show(&r.first),
        false => format!("{}-{}", show(&r.first), show(&r.last)),
    };
    within.iter().map(one).collect::<Vec<_>>().join(", ")
}
