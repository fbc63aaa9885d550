//! Hospital-acquired conditions: from the initial to the final DRG.
//!
//! Owns which secondary diagnoses met a condition, the second pass without them, and what a missing
//! present-on-admission mark does. A hospital exempt from reporting keeps its initial DRG.
//! Called by the grouper once a stay.

use super::case::*;
use super::condition::Operand;
use super::group::{Pass, Work};
use super::program::PX;
use super::tables::HacRule;

/// HAC 06, catheter-associated urinary tract infection, whose list has codes that only show.
const URINARY: u8 = 6;

/// The outcome of a stay, and the pass that gave its final DRG.
pub(super) fn finish(work: &mut Work<'_>, case: &Case) -> (Outcome, Pass) {
    let initial = work.pass(case);
    let mut outcome = Outcome {
        drg: initial.drg,
        mdc: initial.mdc,
        initial_drg: initial.drg,
        initial_mdc: initial.mdc,
        return_code: initial.code,
        hac: HacStatus::NotApplicable,
        severity: Level::None,
        rule: initial.rule,
        hac_met: 0,
    };
    let mut last = initial;
    if case.hospital != HospitalPoa::Exempt && initial.code == ReturnCode::Ok {
        let met = meet(work);
        if met.count > 0 {
            outcome.hac_met = met.bits;
            if let Some(code) = refuse(work, case, &met) {
                outcome.drg = Outcome::UNGROUPABLE;
                outcome.mdc = 0;
                outcome.return_code = code;
                outcome.hac = HacStatus::Ungroupable;
                outcome.rule = None;
                return (outcome, last);
            }
            work.set_severity();
            last = work.pass(case);
            outcome.drg = last.drg;
            outcome.mdc = last.mdc;
            outcome.return_code = last.code;
            outcome.rule = last.rule;
            let same = last.drg == initial.drg;
            outcome.hac = if same { HacStatus::NoChange } else { HacStatus::Changes };
        }
    }
    let suppressed = outcome.rule.map_or(&[][..], |r| work.t.program.suppressed_by_rule(r));
    outcome.severity = work.severity(suppressed);
    (outcome, last)
}

#[derive(Default)]
struct Met {
    count: usize,
    bits: u32,
    /// A met diagnosis (one that counts for this) has no present-on-admission mark.
    unmarked: bool,
    /// A condition other than the urinary one is met.
    other_than_urinary: bool,
}

/// Marks the secondary diagnoses that met a condition.
fn meet(work: &mut Work<'_>) -> Met {
    let t = work.t;
    let mut met = Met::default();
    // Conditions ask for procedures as they stand on the claim, whatever a combination takes away in an MDC.
    work.set_procedures(0);
    for i in 0..work.secondary().len() {
        let s = work.secondary()[i];
        let lists = t.dx_set(s.row as usize).hac_lists.of(&t.lists);
        if lists.is_empty() || s.poa.is_present() || s.excluded {
            continue;
        }
        let mut any = false;
        for rule in t.hacs.iter().filter(|h| holds(work, h, lists)) {
            any = true;
            met.other_than_urinary |= rule.number != URINARY;
            met.unmarked |= s.poa == PoaMark::None;
        }
        if any {
            met.count += 1;
            met.bits |= 1 << s.at;
            work.mark_hac(i);
        }
    }
    met
}

fn holds(work: &Work<'_>, rule: &HacRule, lists: &[u16]) -> bool {
    let t = work.t;
    let all = rule.condition.operands();
    let is_listed = |l: &u16| lists.contains(l);
    if !all.iter().any(|o| matches!(o, Operand::Sdx(l) if is_listed(l))) {
        return false;
    }
    let coded = |l: u16| {
        work.secondary().iter().any(|s| t.dx_set(s.row as usize).hac_lists.of(&t.lists).contains(&l))
    };
    rule.condition.holds(&mut |o| match o {
        Operand::Sdx(l) => is_listed(&l) || rule.number == URINARY && coded(l),
        Operand::Pdx(l) => t.dx_set(work.pdx_row).hac_lists.of(&t.lists).contains(&l),
        Operand::Px(l) => work.get(PX, l),
        _ => false,
    })
}

/// The return code where a met condition leaves the stay without a final DRG.
fn refuse(work: &Work<'_>, case: &Case, met: &Met) -> Option<ReturnCode> {
    let t = work.t;
    if case.hospital == HospitalPoa::Unknown {
        let marks = || work.secondary().iter().filter(|s| s.hac_met).map(|s| s.poa);
        return Some(if case.secondary.len() >= 2 {
            ReturnCode::HacMultiplePoaNotYw
        } else if marks().all(|p| p == PoaMark::None) {
            ReturnCode::HacPoaInvalidOr1
        } else {
            ReturnCode::HacPoaNOrU
        });
    }
    let unmarked_listed = || {
        let listed = |row: u32| t.dx_set(row as usize).hac_lists.len > 0;
        work.secondary().iter().any(|s| s.poa == PoaMark::None && !s.excluded && listed(s.row))
    };
    let missing = met.unmarked || met.other_than_urinary && unmarked_listed();
    missing.then_some(ReturnCode::HacMissingOnePoa)
}
