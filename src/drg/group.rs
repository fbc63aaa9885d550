//! The grouper: one stay in, one DRG out.
//!
//! Owns the order of the steps (principal diagnosis, lists, combinations, severity, the rules of each scope) for
//! the initial result and, through `hac`, for the final one. Uses no text, allocates only for combinations, and
//! never fails: what cannot be grouped is an outcome with a return code. Any thread.

use super::case::*;
use super::code::Code;
use super::condition::Word;
use super::program::{ANY, BIT_WORDS, FLAGS, LIST_WORDS, PDX, PX, SDX, Slow};
use super::tables::{SCOPE_UNRELATED, Tables};

/// A secondary diagnosis the version knows.
#[derive(Clone, Copy, Default)]
pub(super) struct Secondary {
    pub row: u32,
    /// Its place in the case.
    pub at: u8,
    pub poa: PoaMark,
    /// What it counts for under this principal diagnosis and discharge.
    pub level: Level,
    pub excluded: bool,
    pub hac_met: bool,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Performed {
    pub row: u32,
    pub at: u8,
    /// Scopes in which a combination takes this code's own lists away.
    pub suppressed: u32,
}

/// A stay as bits, and what is needed to set them anew.
pub(super) struct Work<'t> {
    pub t: &'t Tables,
    pub bits: [u64; BIT_WORDS],
    pub pdx_row: usize,
    secondary: [Secondary; MAX_SECONDARY],
    n_secondary: usize,
    performed: [Performed; MAX_PROCEDURES],
    n_performed: usize,
    pub fired: Vec<u16>,
    any_suppressed: bool,
}

/// What one pass through the rules gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub drg: u16,
    pub mdc: u8,
    pub code: ReturnCode,
    pub rule: Option<u16>,
    /// Reroutes taken on the way, oldest first.
    pub reroutes: [Option<u16>; 3],
}

impl Pass {
    fn none(code: ReturnCode) -> Pass {
        Pass { drg: Outcome::UNGROUPABLE, mdc: 0, code, rule: None, reroutes: [None; 3] }
    }
}

impl Tables {
    /// Groups one stay.
    pub fn group(&self, case: &Case) -> Outcome {
        match Work::new(self, case) {
            Ok(mut work) => super::hac::finish(&mut work, case).0,
            Err(code) => self.group_refused(code),
        }
    }
}

impl<'t> Work<'t> {
    /// Everything up to the rules. An error is the return code of a stay that cannot be grouped.
    pub(super) fn new(t: &'t Tables, case: &Case) -> Result<Work<'t>, ReturnCode> {
        let Some(pdx_row) = t.dx.get(case.principal.code) else {
            let external = matches!(case.principal.code.first(), 'V' | 'W' | 'X' | 'Y');
            return Err(if external { ReturnCode::DxCannotBePdx } else { ReturnCode::InvalidPdx });
        };
        let mut w = Work {
            t,
            bits: [0; BIT_WORDS],
            pdx_row,
            secondary: [Secondary::default(); MAX_SECONDARY],
            n_secondary: 0,
            performed: [Performed::default(); MAX_PROCEDURES],
            n_performed: 0,
            fired: Vec::new(),
            any_suppressed: false,
        };
        for list in t.dx_set(pdx_row).lists.of(&t.lists) {
            w.set(PDX, *list);
        }
        if t.known.external_cause.is_some_and(|l| w.get(PDX, l)) {
            return Err(ReturnCode::DxCannotBePdx);
        }
        w.take_secondary(case);
        w.take_procedures(&case.procedures);
        w.set_flags(case);
        w.set_severity();
        Ok(w)
    }

    fn set(&mut self, region: usize, list: u16) {
        self.bits[region + usize::from(list >> 6)] |= 1 << (list & 63);
    }
    pub(super) fn get(&self, region: usize, list: u16) -> bool {
        self.bits[region + usize::from(list >> 6)] >> (list & 63) & 1 == 1
    }
    fn flag(&mut self, word: Word, on: bool) {
        if on {
            self.bits[FLAGS] |= 1 << word as u8;
        } else {
            self.bits[FLAGS] &= !(1 << word as u8);
        }
    }
    pub(super) fn has_flag(&self, word: Word) -> bool {
        self.bits[FLAGS] >> word as u8 & 1 == 1
    }
    pub(super) fn secondary(&self) -> &[Secondary] {
        &self.secondary[..self.n_secondary]
    }
    pub(super) fn performed(&self) -> &[Performed] {
        &self.performed[..self.n_performed]
    }
    pub(super) fn mark_hac(&mut self, i: usize) {
        self.secondary[i].hac_met = true;
    }

    fn take_secondary(&mut self, case: &Case) {
        let t = self.t;
        let group = t.dx_rows[self.pdx_row].group;
        for (at, dx) in case.secondary.iter().take(MAX_SECONDARY).enumerate() {
            let Some(row) = t.dx.get(dx.code) else { continue };
            let set = t.dx_set(row);
            for list in set.lists.of(&t.lists) {
                self.set(SDX, *list);
            }
            let excluded = t.group_has(group, t.dx_rows[row].class);
            let lost = excluded || set.alive_only && case.discharge.died();
            self.secondary[self.n_secondary] = Secondary {
                row: row as u32,
                at: at as u8,
                poa: dx.poa,
                level: if lost { Level::None } else { set.level },
                excluded,
                hac_met: false,
            };
            self.n_secondary += 1;
        }
        for i in 0..LIST_WORDS {
            self.bits[ANY + i] = self.bits[PDX + i] | self.bits[SDX + i];
        }
    }

    fn take_procedures(&mut self, codes: &[Code]) {
        let t = self.t;
        let mut in_clusters = 0;
        for (at, code) in codes.iter().take(MAX_PROCEDURES).enumerate() {
            let Some(row) = t.px.get(*code) else { continue };
            self.performed[self.n_performed] = Performed { row: row as u32, at: at as u8, suppressed: 0 };
            self.n_performed += 1;
            in_clusters += usize::from(t.px_rows[row].parts != 0);
        }
        // A combination has at least two parts and no code is two parts of one: see `check`.
        if in_clusters > 1 {
            self.find_clusters();
        }
        self.set_procedures(0);
    }

    fn find_clusters(&mut self) {
        let t = self.t;
        let mut hits: Vec<(u16, u8)> = Vec::with_capacity(128);
        for p in &self.performed[..self.n_performed] {
            let run = t.part_runs[usize::from(t.px_rows[p.row as usize].parts)];
            hits.extend_from_slice(run.of(&t.parts));
        }
        hits.sort_unstable();
        for same in hits.chunk_by(|a, b| a.0 == b.0) {
            let parts = same.iter().fold(0, |all, (_, part)| all | part);
            if parts == t.clusters[usize::from(same[0].0)].all_parts {
                self.fired.push(same[0].0);
            }
        }
        for cluster in &self.fired {
            let suppress = t.clusters[usize::from(*cluster)].suppress;
            if suppress == 0 {
                continue;
            }
            self.any_suppressed = true;
            for p in &mut self.performed[..self.n_performed] {
                let run = t.part_runs[usize::from(t.px_rows[p.row as usize].parts)];
                if run.of(&t.parts).iter().any(|(c, _)| c == cluster) {
                    p.suppressed |= suppress;
                }
            }
        }
    }

    /// The procedure lists as they count in `scope`.
    pub(super) fn set_procedures(&mut self, scope: u8) {
        let t = self.t;
        let mut bits = [0u64; LIST_WORDS];
        let mut add = |lists: &[u16]| {
            for l in lists {
                bits[usize::from(l >> 6)] |= 1 << (l & 63);
            }
        };
        for p in &self.performed[..self.n_performed] {
            if p.suppressed >> scope & 1 == 0 {
                add(t.px_set(p.row as usize).lists.of(&t.lists));
            }
        }
        for c in &self.fired {
            add(t.clusters[usize::from(*c)].lists.of(&t.lists));
        }
        self.bits[PX..PX + LIST_WORDS].copy_from_slice(&bits);
    }

    fn set_flags(&mut self, case: &Case) {
        let t = self.t;
        let k = &t.known;
        self.flag(Word::Alive, !case.discharge.died());
        self.flag(Word::Died, case.discharge.died());
        self.flag(Word::Ama, case.discharge.against_advice());
        self.flag(Word::ToAcuteCare, case.discharge.to_acute_care());
        let set = t.dx_set(self.pdx_row);
        let by_sex = set.mdc_female != 0 && set.mdc_female != set.mdc_male;
        self.flag(Word::InvalidSex, by_sex && case.sex == Sex::Unknown);
        self.flag(Word::MultipleTrauma, k.trauma_sites.iter().filter(|l| self.get(ANY, **l)).count() >= 2);
        if self.n_performed == 0 {
            return;
        }
        self.flag(Word::Bilateral, k.joints.iter().filter(|l| self.get(PX, **l)).count() >= 2);
        self.flag(Word::OrProcedure, k.or_lists.iter().any(|l| self.get(PX, *l)));
        let devices = |lists: &[Option<u16>; 4]| {
            (1..).zip(lists).map(|(n, l)| n * l.map_or(0, |l| self.times(l))).sum::<usize>()
        };
        let (stents, vessels) = (devices(&k.stents), devices(&k.vessels));
        self.flag(Word::FourStents, stents >= 4);
        self.flag(Word::FourVessels, vessels >= 4);
        let times = |l: Option<u16>| l.map_or(0, |l| self.times(l));
        let (a, p) = (times(k.anterior), times(k.posterior));
        let (p1, x) = (times(k.posterior_column), times(k.custom));
        self.flag(Word::SingleFusionBoth, a >= 1 && p >= 1 && a + p >= 3);
        self.flag(Word::SingleFusionAnterior, a >= 2);
        self.flag(Word::SingleFusionPosterior1, p1 >= 2);
        self.flag(Word::SingleFusionCustom, x >= 2);
        self.flag(Word::SingleFusionPosterior, p >= 2);
        self.flag(Word::MultipleFusion, a + p1 >= 2);
    }

    /// How many procedures of the stay are on a list.
    fn times(&self, list: u16) -> usize {
        if !self.get(PX, list) {
            return 0;
        }
        let t = self.t;
        let on = |p: &&Performed| t.px_set(p.row as usize).lists.of(&t.lists).contains(&list);
        self.performed().iter().filter(on).count()
    }

    /// The severity flags, after exclusions and met hospital-acquired conditions.
    pub(super) fn set_severity(&mut self) {
        let level = self.severity(&[]);
        self.flag(Word::Mcc, level == Level::Mcc);
        self.flag(Word::Cc, level == Level::Cc);
    }

    /// The highest level that counts, without the diagnoses on `suppressed` lists.
    pub(super) fn severity(&self, suppressed: &[u16]) -> Level {
        let counts = |s: &&Secondary| self.counts(s, suppressed);
        self.secondary().iter().filter(counts).map(|s| s.level).max().unwrap_or(Level::None)
    }

    pub(super) fn counts(&self, s: &Secondary, suppressed: &[u16]) -> bool {
        !s.hac_met && !self.is_suppressed(s, suppressed)
    }

    pub(super) fn is_suppressed(&self, s: &Secondary, suppressed: &[u16]) -> bool {
        let lists = self.t.dx_set(s.row as usize).lists.of(&self.t.lists);
        suppressed.iter().any(|l| lists.contains(l))
    }

    fn slow(&self, what: Slow) -> bool {
        match what {
            Slow::Severity(word, set) => {
                let level = self.severity(self.t.program.suppressed(set));
                level == if word == Word::Mcc { Level::Mcc } else { Level::Cc }
            }
            Slow::Only(list) => self.only(list),
        }
    }

    pub(super) fn only(&self, list: u16) -> bool {
        let t = self.t;
        let on = |s: &Secondary| t.dx_set(s.row as usize).lists.of(&t.lists).contains(&list);
        self.get(PDX, list) && self.secondary().iter().all(on)
    }

    /// One pass through the rules with the severity flags as they stand.
    pub(super) fn pass(&mut self, case: &Case) -> Pass {
        let set = self.t.dx_set(self.pdx_row);
        let own = match case.sex {
            _ if set.mdc_female == 0 => set.mdc,
            Sex::Male => set.mdc_male,
            Sex::Female | Sex::Unknown => set.mdc_female,
        };
        let mut pass = Pass::none(ReturnCode::Ungroupable);
        let (mut scope, mut mdc) = (0, own);
        // Before the MDCs, the MDC, another by reroute, unrelated procedures: no longer way exists.
        for _ in 0..4 {
            if self.any_suppressed {
                self.set_procedures(scope);
            }
            let hit = self.t.program.run(scope, &self.bits, &mut |s| self.slow(s));
            let Some(n) = hit else {
                if scope != 0 {
                    return pass;
                }
                scope = own;
                continue;
            };
            let rule = &self.t.rules[usize::from(n)];
            if rule.drg != 0 {
                pass = Pass { drg: rule.drg, mdc, code: ReturnCode::Ok, rule: Some(n), ..pass };
                return pass;
            }
            if rule.reroute == 0 {
                let sex = scope == 0 && self.has_flag(Word::InvalidSex);
                return if sex { Pass::none(ReturnCode::InvalidSex) } else { pass };
            }
            if let Some(slot) = pass.reroutes.iter_mut().find(|s| s.is_none()) {
                *slot = Some(n);
            }
            scope = rule.reroute;
            if scope != SCOPE_UNRELATED {
                mdc = scope;
            }
        }
        pass
    }
}
