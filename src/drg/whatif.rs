//! What the stay would group to if it were coded otherwise.
//!
//! Owns two questions: each diagnosis as principal, and every alternative that is one step of documentation away (a
//! more specific code of the same category, a present-on-admission mark). Each answer says what the record would
//! have to say and which guideline rules it. Advisory: nothing here makes an edit. Pure; called when the view is
//! opened, not on every key.

use super::case::{Case, CodedDiagnosis, Level, Outcome, PoaMark};
use super::code::Code;
use super::tables::Tables;

/// A diagnosis tried as principal: 0 is the one that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsPrincipal {
    /// 0 the principal diagnosis itself, n the n-th secondary one.
    pub at: usize,
    pub code: Code,
    pub outcome: Outcome,
}

/// Each diagnosis as principal, the others in their order behind it.
///
/// `kept` diagnoses at the top stay where they are when there are any: what a coder has sequenced by hand is only
/// tried against what follows.
pub fn each_as_principal(t: &Tables, case: &Case, kept: usize) -> Vec<AsPrincipal> {
    let all: Vec<CodedDiagnosis> =
        std::iter::once(case.principal).chain(case.secondary.iter().copied()).collect();
    (0..all.len())
        .filter(|at| *at == 0 || *at >= kept)
        .map(|at| {
            let mut rest = all.clone();
            let principal = rest.remove(at);
            let tried = Case { principal, secondary: rest, ..case.clone() };
            AsPrincipal { at, code: principal.code, outcome: t.group(&tried) }
        })
        .collect()
}

/// What kind of documentation would make the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The record names the condition as exactly as this code.
    Specificity { from: Code, to: Code },
    /// The record shows that the condition was there at admission.
    PresentOnAdmission { code: Code },
}

impl Needs {
    /// The section that rules it.
    pub fn guideline(self) -> &'static str {
        match self {
            Needs::Specificity { .. } => {
                "ICD-10-CM Official Guidelines I.B.2 (highest level of detail), I.A.19 (the provider's statement)"
            }
            Needs::PresentOnAdmission { .. } => {
                "ICD-10-CM Official Guidelines, Appendix I (present on admission)"
            }
        }
    }
}

/// An alternative one step away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// 0 the principal diagnosis, n the n-th secondary one.
    pub at: usize,
    pub needs: Needs,
    pub outcome: Outcome,
    /// Further codes of the same category that would group the same.
    pub others: usize,
}

/// Codes of one category tried; a category of injuries has thousands that differ only by side and episode.
const MOST_SIBLINGS: usize = 4000;

/// Every alternative that gives another DRG, one for each diagnosis and DRG.
pub fn one_step_away(t: &Tables, case: &Case) -> Vec<Alternative> {
    let now = t.group(case);
    let mut out = Vec::new();
    let count = 1 + case.secondary.len();
    for at in 0..count {
        let dx = if at == 0 { case.principal } else { case.secondary[at - 1] };
        let with = |new: CodedDiagnosis| {
            let mut tried = case.clone();
            if at == 0 {
                tried.principal = new;
            } else {
                tried.secondary[at - 1] = new;
            }
            t.group(&tried)
        };
        if at > 0 && !dx.poa.is_present() && t.diagnosis(dx.code).is_some_and(|f| f.is_hac) {
            let outcome = with(CodedDiagnosis { poa: PoaMark::Yes, ..dx });
            if outcome.drg != now.drg {
                let needs = Needs::PresentOnAdmission { code: dx.code };
                out.push(Alternative { at, needs, outcome, others: 0 });
            }
        }
        let first = out.len();
        for to in siblings(t, dx.code) {
            let outcome = with(CodedDiagnosis { code: to, ..dx });
            if outcome.drg == now.drg || !outcome.is_grouped() {
                continue;
            }
            match out[first..].iter_mut().find(|a| a.outcome.drg == outcome.drg) {
                Some(same) => same.others += 1,
                None => {
                    let needs = Needs::Specificity { from: dx.code, to };
                    out.push(Alternative { at, needs, outcome, others: 0 });
                }
            }
        }
    }
    out
}

/// Codes of the same category that group otherwise than `code`: another severity or another list.
fn siblings(t: &Tables, code: Code) -> Vec<Code> {
    let Some(own) = t.dx.get(code) else { return Vec::new() };
    let set = t.dx_rows[own].set;
    let level = t.dx_set(own).level;
    t.category(code)
        .filter(|(_, row)| t.dx_rows[*row].set != set)
        // Less severe is no alternative anybody documents towards.
        .filter(|(_, row)| t.dx_set(*row).level >= level || level == Level::None)
        .map(|(c, _)| c)
        .take(MOST_SIBLINGS)
        .collect()
}
