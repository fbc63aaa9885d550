//! Why a stay groups as it does.
//!
//! Owns the drivers (the codes whose presence made the deciding rules true), what each secondary diagnosis counts
//! for and why not, and which procedures count as operating-room procedures. Works on the same bits as the
//! grouper, after it, so that an explanation can never disagree with a result. Pure, any thread.

use super::case::*;
use super::condition::{Condition, Operand, Word};
use super::group::{Performed, Secondary, Work};
use super::hac;
use super::program::{ANY, FLAGS, PDX, PX, SDX};
use super::tables::{OrClass, Tables};

/// A place in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Principal,
    /// Position in `Case::secondary`.
    Secondary(usize),
    /// Position in `Case::procedures`.
    Procedure(usize),
}

/// Why a secondary diagnosis counts, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Counts,
    /// Neither CC nor MCC in this version.
    NotCc,
    /// This principal diagnosis excludes it.
    Excluded,
    /// Counts only if the patient was discharged alive.
    AliveOnly,
    /// It qualifies the DRG itself and may not be its CC or MCC as well.
    Suppressed,
    /// Met a hospital-acquired condition, so that it counts for nothing in the final DRG.
    HospitalAcquired,
    /// The version has no such code.
    Unknown,
    /// Past the 25th diagnosis: no room on the claim.
    NotOnClaim,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SecondaryUse {
    /// What the version lists it as.
    pub level: Level,
    pub usage: Use,
    /// Conditions on whose list it stands.
    pub hacs: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcedureUse {
    /// `None`: the version has no such code, or there is no room for it on the claim.
    pub class: Option<OrClass>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    pub outcome: Outcome,
    /// In order: principal diagnosis, secondary diagnoses, procedures; each once.
    pub drivers: Vec<Place>,
    /// One for each of `Case::secondary`.
    pub secondary: Vec<SecondaryUse>,
    /// One for each of `Case::procedures`.
    pub procedures: Vec<ProcedureUse>,
    /// The condition of the rule that decided.
    pub rule: Option<String>,
}

impl Explained {
    pub fn is_driver(&self, place: Place) -> bool {
        self.drivers.contains(&place)
    }
}

impl Tables {
    /// Groups one stay and says why.
    pub fn explain(&self, case: &Case) -> Explained {
        let mut out = Explained {
            outcome: self.group_refused(ReturnCode::InvalidPdx),
            drivers: Vec::new(),
            secondary: case.secondary.iter().enumerate().map(|(i, d)| self.listed(i, d)).collect(),
            procedures: case.procedures.iter().enumerate().map(|(i, c)| self.performed(i, *c)).collect(),
            rule: None,
        };
        let mut work = match Work::new(self, case) {
            Ok(work) => work,
            Err(code) => {
                out.outcome = self.group_refused(code);
                return out;
            }
        };
        let (outcome, pass) = hac::finish(&mut work, case);
        out.outcome = outcome;
        let suppressed = outcome.rule.map_or(&[][..], |r| self.program.suppressed_by_rule(r));
        for s in work.secondary() {
            let usage = &mut out.secondary[usize::from(s.at)].usage;
            if s.hac_met {
                *usage = Use::HospitalAcquired;
            } else if *usage == Use::Counts {
                *usage = if s.excluded {
                    Use::Excluded
                } else if s.level == Level::None {
                    Use::AliveOnly
                } else if work.is_suppressed(s, suppressed) {
                    Use::Suppressed
                } else {
                    Use::Counts
                };
            }
        }
        if let Some(rule) = outcome.rule {
            let mut places = vec![Place::Principal];
            for n in pass.reroutes.iter().flatten().chain([&rule]) {
                let rule = &self.rules[usize::from(*n)];
                work.set_procedures(rule.scope);
                let trace = Trace { work: &work, suppressed: self.program.suppressed_by_rule(*n) };
                trace.walk(&rule.condition, rule.scope, &mut places);
            }
            places.sort_unstable();
            places.dedup();
            out.drivers = places;
            out.rule = Some(self.rules[usize::from(rule)].text.clone());
        }
        out
    }

    pub(super) fn group_refused(&self, code: ReturnCode) -> Outcome {
        Outcome {
            drg: Outcome::UNGROUPABLE,
            mdc: 0,
            initial_drg: Outcome::UNGROUPABLE,
            initial_mdc: 0,
            return_code: code,
            hac: HacStatus::NotApplicable,
            severity: Level::None,
            rule: None,
            hac_met: 0,
        }
    }

    fn listed(&self, at: usize, dx: &CodedDiagnosis) -> SecondaryUse {
        let facts = self.diagnosis(dx.code);
        let level = facts.map_or(Level::None, |f| f.level);
        let usage = if at >= MAX_SECONDARY {
            Use::NotOnClaim
        } else if facts.is_none() {
            Use::Unknown
        } else if level == Level::None {
            Use::NotCc
        } else {
            Use::Counts
        };
        let hacs = if facts.is_some_and(|f| f.is_hac) { self.hac_numbers(dx.code) } else { Vec::new() };
        SecondaryUse { level, usage, hacs }
    }

    fn performed(&self, at: usize, code: super::Code) -> ProcedureUse {
        ProcedureUse { class: if at < MAX_PROCEDURES { self.procedure(code) } else { None } }
    }
}

/// Walks a true condition and collects what made it true.
struct Trace<'a, 't> {
    work: &'a Work<'t>,
    suppressed: &'a [u16],
}

impl Trace<'_, '_> {
    fn test(&self, o: Operand) -> bool {
        let w = self.work;
        match o {
            Operand::Pdx(l) => w.get(PDX, l),
            Operand::Sdx(l) => w.get(SDX, l),
            Operand::Any(l) => w.get(ANY, l),
            Operand::Only(l) => w.only(l),
            Operand::Px(l) => w.get(PX, l),
            Operand::Word(Word::Mcc) => w.severity(self.suppressed) == Level::Mcc,
            Operand::Word(Word::Cc) => w.severity(self.suppressed) == Level::Cc,
            Operand::Word(Word::Never) | Operand::Unknown => false,
            Operand::Word(word) => w.bits[FLAGS] >> word as u8 & 1 == 1,
        }
    }

    fn walk(&self, c: &Condition, scope: u8, out: &mut Vec<Place>) {
        match c {
            Condition::Not(_) => {}
            Condition::And(all) | Condition::Or(all) => {
                for c in all.iter().filter(|c| c.holds(&mut |o| self.test(o))) {
                    self.walk(c, scope, out);
                }
            }
            Condition::Test(o) => self.leaf(*o, scope, out),
        }
    }

    fn leaf(&self, o: Operand, scope: u8, out: &mut Vec<Place>) {
        let known = &self.work.t.known;
        match o {
            Operand::Pdx(_) | Operand::Unknown => {}
            Operand::Sdx(l) | Operand::Any(l) | Operand::Only(l) => self.diagnoses_on(&[l], out),
            Operand::Px(l) => self.procedures_on(&[l], scope, out),
            Operand::Word(word @ (Word::Mcc | Word::Cc)) => {
                let level = if word == Word::Mcc { Level::Mcc } else { Level::Cc };
                let w = self.work;
                let that = |s: &&Secondary| s.level == level && w.counts(s, self.suppressed);
                out.extend(w.secondary().iter().filter(that).map(|s| Place::Secondary(s.at.into())));
            }
            Operand::Word(Word::MultipleTrauma) => self.diagnoses_on(&known.trauma_sites, out),
            Operand::Word(word) => {
                let some = |lists: &[Option<u16>]| lists.iter().flatten().copied().collect::<Vec<u16>>();
                let lists = match word {
                    Word::Bilateral => known.joints.clone(),
                    Word::FourStents => some(&known.stents),
                    Word::FourVessels => some(&known.vessels),
                    Word::SingleFusionBoth => some(&[known.anterior, known.posterior]),
                    Word::SingleFusionAnterior => some(&[known.anterior]),
                    Word::SingleFusionPosterior => some(&[known.posterior]),
                    Word::SingleFusionPosterior1 => some(&[known.posterior_column]),
                    Word::SingleFusionCustom => some(&[known.custom]),
                    Word::MultipleFusion => some(&[known.anterior, known.posterior_column]),
                    Word::OrProcedure => known.or_lists.clone(),
                    _ => Vec::new(),
                };
                self.procedures_on(&lists, scope, out);
            }
        }
    }

    fn diagnoses_on(&self, lists: &[u16], out: &mut Vec<Place>) {
        let t = self.work.t;
        let on = |s: &&Secondary| {
            let of = t.dx_set(s.row as usize).lists.of(&t.lists);
            lists.iter().any(|l| of.contains(l))
        };
        out.extend(self.work.secondary().iter().filter(on).map(|s| Place::Secondary(s.at.into())));
    }

    fn procedures_on(&self, lists: &[u16], scope: u8, out: &mut Vec<Place>) {
        let t = self.work.t;
        let hit = |of: &[u16]| lists.iter().any(|l| of.contains(l));
        let fired: Vec<u16> = (self.work.fired.iter().copied())
            .filter(|c| hit(t.clusters[usize::from(*c)].lists.of(&t.lists)))
            .collect();
        let drives = |p: &&Performed| {
            let row = p.row as usize;
            let own = p.suppressed >> scope & 1 == 0 && hit(t.px_set(row).lists.of(&t.lists));
            let parts = t.part_runs[usize::from(t.px_rows[row].parts)].of(&t.parts);
            own || parts.iter().any(|(c, _)| fired.contains(c))
        };
        out.extend(self.work.performed().iter().filter(drives).map(|p| Place::Procedure(p.at.into())));
    }
}
