//! The facts of one MS-DRG version, ready to group with.
//!
//! Owns the loaded tables (codes, lists, exclusions, combinations, rules, hospital-acquired conditions) and the
//! look-ups in them. Read by `compact`, never changed afterwards; nothing here reads a file or knows a stay.
//! Shared by every thread.

use super::case::Level;
use super::code::{Code, CodeMap};
use super::condition::{Condition, Operand};
use super::program::Program;
use chrono::NaiveDate;

/// Most lists of one kind a version may have: the grouper's bit sets have this many places.
pub const MAX_LISTS: usize = 512;

/// What a DRG is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrgKind {
    Medical,
    Surgical,
    /// 998 and 999.
    None,
}

impl DrgKind {
    pub fn letter(self) -> &'static str {
        match self {
            DrgKind::Medical => "M",
            DrgKind::Surgical => "P",
            DrgKind::None => "-",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Drg {
    pub number: u16,
    pub title: String,
}

/// A run in one of the arenas.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub start: u32,
    pub len: u32,
}

impl Run {
    pub(super) fn of<T>(self, arena: &[T]) -> &[T] {
        let start = self.start as usize;
        arena.get(start..start + self.len as usize).unwrap_or(&[])
    }
}

/// What a diagnosis code is to the grouper; many codes share one.
#[derive(Clone, Copy, Debug)]
pub(super) struct DxSet {
    pub mdc: u8,
    /// Other MDCs by sex; 0 where sex does not matter.
    pub mdc_female: u8,
    pub mdc_male: u8,
    pub level: Level,
    pub alive_only: bool,
    pub lists: Run,
    /// Lists of the hospital-acquired conditions.
    pub hac_lists: Run,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DxRow {
    pub set: u16,
    /// The exclusions this code has as principal diagnosis; 0 none.
    pub group: u16,
    /// The place this code has in such exclusions as a secondary diagnosis; 0 none.
    pub class: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrClass {
    Extensive,
    NonExtensive,
    /// Counts only in the rules before the MDCs.
    PreMdc,
    NonOr,
}

impl OrClass {
    pub fn is_or(self) -> bool {
        self != OrClass::NonOr
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PxSet {
    pub class: OrClass,
    pub lists: Run,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PxRow {
    pub set: u16,
    /// Which parts of which combinations this code can be: a run of `parts`, by number; 0 none.
    pub parts: u16,
}

/// Procedures that together are something else.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// One bit a part; all needed.
    pub all_parts: u8,
    /// Bit n: in scope n the parts count for nothing by themselves.
    pub suppress: u32,
    pub lists: Run,
}

/// The scope of procedures unrelated to the principal diagnosis.
pub const SCOPE_UNRELATED: u8 = 29;

/// One line of a version's logic: the first true one of a scope decides.
#[derive(Clone, Debug)]
pub struct Rule {
    /// MDC 1 to 25, 0 before the MDCs, 29 unrelated procedures.
    pub scope: u8,
    pub rank: u16,
    /// 0: no DRG but a reroute or an end.
    pub drg: u16,
    /// First DRG of the family that differs only by severity.
    pub base: u16,
    pub kind: DrgKind,
    /// Scope to go on in; 0 none.
    pub reroute: u8,
    /// A secondary diagnosis on one of these lists does not count for severity here.
    pub suppress: Vec<u16>,
    pub condition: Condition,
    /// As the table has it.
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct HacRule {
    pub number: u8,
    pub condition: Condition,
    pub text: String,
}

/// Lists that the grouper's own steps and counters ask for; `None` where a version has no such list.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownLists {
    pub external_cause: Option<u16>,
    pub trauma_sites: Vec<u16>,
    pub joints: Vec<u16>,
    pub stents: [Option<u16>; 4],
    pub vessels: [Option<u16>; 4],
    pub anterior: Option<u16>,
    pub posterior: Option<u16>,
    pub posterior_column: Option<u16>,
    pub custom: Option<u16>,
    pub or_lists: Vec<u16>,
}

pub struct Tables {
    pub version: String,
    pub valid_from: NaiveDate,
    /// Last day, inclusive; `None` is open.
    pub valid_to: Option<NaiveDate>,
    /// Where the facts are from.
    pub provenance: String,
    pub drgs: Vec<Drg>,
    pub dx_lists: Vec<String>,
    pub px_lists: Vec<String>,
    pub rules: Vec<Rule>,
    pub hacs: Vec<HacRule>,
    pub(super) dx: CodeMap,
    /// Code of each row, in code order.
    pub(super) dx_codes: Vec<Code>,
    pub(super) dx_rows: Vec<DxRow>,
    pub(super) dx_sets: Vec<DxSet>,
    pub(super) px: CodeMap,
    pub(super) px_rows: Vec<PxRow>,
    pub(super) px_sets: Vec<PxSet>,
    pub(super) lists: Vec<u16>,
    /// (cluster, part bit) of codes that are part of combinations.
    pub(super) parts: Vec<(u16, u8)>,
    pub(super) part_runs: Vec<Run>,
    pub(super) clusters: Vec<Cluster>,
    /// One row of `group_words` words an exclusion group, one bit a class.
    pub(super) groups: Vec<u64>,
    pub(super) group_words: usize,
    pub(super) known: KnownLists,
    pub(super) program: Program,
    /// What loading found amiss; `faults` adds what a look at the whole shows.
    pub(super) load_faults: Vec<String>,
}

/// What the version says of one diagnosis code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DxFacts {
    pub mdc: u8,
    pub level: Level,
    pub alive_only: bool,
    /// On the list of a hospital-acquired condition.
    pub is_hac: bool,
    pub external_cause: bool,
}

impl Tables {
    pub fn drg(&self, number: u16) -> Option<&Drg> {
        let at = self.drgs.binary_search_by_key(&number, |d| d.number).ok()?;
        self.drgs.get(at)
    }

    pub fn drg_title(&self, number: u16) -> &str {
        self.drg(number).map_or("", |d| &d.title)
    }

    /// Medical or surgical, by the rule that gives the DRG.
    pub fn drg_kind(&self, number: u16) -> DrgKind {
        self.rules.iter().find(|r| r.drg == number).map_or(DrgKind::None, |r| r.kind)
    }

    /// The MDC a DRG belongs to; 0 for those before the MDCs and those of unrelated procedures.
    pub fn drg_scope(&self, number: u16) -> Option<u8> {
        self.rules.iter().find(|r| r.drg == number).map(|r| r.scope)
    }

    pub fn diagnosis_count(&self) -> usize {
        self.dx.len()
    }
    pub fn procedure_count(&self) -> usize {
        self.px.len()
    }

    /// `None`: the version has no such diagnosis code.
    pub fn diagnosis(&self, code: Code) -> Option<DxFacts> {
        let set = self.dx_set(self.dx.get(code)?);
        Some(DxFacts {
            mdc: set.mdc,
            level: set.level,
            alive_only: set.alive_only,
            is_hac: set.hac_lists.len > 0,
            external_cause: self.known.external_cause.is_some_and(|l| set.lists.of(&self.lists).contains(&l)),
        })
    }

    /// `None`: the version has no such procedure code.
    pub fn procedure(&self, code: Code) -> Option<OrClass> {
        Some(self.px_set(self.px.get(code)?).class)
    }

    /// Names of the lists a procedure is on by itself.
    pub fn procedure_lists(&self, code: Code) -> Vec<&str> {
        let Some(row) = self.px.get(code) else { return Vec::new() };
        let lists = self.px_set(row).lists.of(&self.lists);
        lists.iter().filter_map(|l| self.px_lists.get(usize::from(*l))).map(String::as_str).collect()
    }

    /// Names of the lists a diagnosis is on.
    pub fn diagnosis_lists(&self, code: Code) -> Vec<&str> {
        let Some(row) = self.dx.get(code) else { return Vec::new() };
        let lists = self.dx_set(row).lists.of(&self.lists);
        lists.iter().filter_map(|l| self.dx_lists.get(usize::from(*l))).map(String::as_str).collect()
    }

    /// Whether `secondary` does not count as CC or MCC under `principal`.
    pub fn excludes(&self, principal: Code, secondary: Code) -> bool {
        match (self.dx.get(principal), self.dx.get(secondary)) {
            (Some(p), Some(s)) => self.group_has(self.dx_rows[p].group, self.dx_rows[s].class),
            _ => false,
        }
    }

    /// Every code of the category (three characters) that `code` is in, with its row.
    pub(super) fn category(&self, code: Code) -> impl Iterator<Item = (Code, usize)> {
        let start = self.dx_codes.partition_point(|c| *c < code.category());
        let of = self.dx_codes[start..].iter().take_while(move |c| c.category() == code.category());
        of.zip(start..).map(|(c, row)| (*c, row))
    }

    /// Numbers of the hospital-acquired conditions whose diagnosis list has `code`.
    pub fn hac_numbers(&self, code: Code) -> Vec<u8> {
        let Some(row) = self.dx.get(code) else { return Vec::new() };
        let lists = self.dx_set(row).hac_lists.of(&self.lists);
        let on = |h: &&HacRule| {
            h.condition.operands().iter().any(|o| matches!(o, Operand::Sdx(l) if lists.contains(l)))
        };
        self.hacs.iter().filter(on).map(|h| h.number).collect()
    }

    pub(super) fn group_has(&self, group: u16, class: u16) -> bool {
        if group == 0 || class == 0 {
            return false;
        }
        let at = usize::from(group) * self.group_words + usize::from(class) / 64;
        self.groups.get(at).is_some_and(|w| w >> (class % 64) & 1 == 1)
    }

    pub(super) fn dx_set(&self, row: usize) -> &DxSet {
        &self.dx_sets[usize::from(self.dx_rows[row].set)]
    }

    pub(super) fn px_set(&self, row: usize) -> &PxSet {
        &self.px_sets[usize::from(self.px_rows[row].set)]
    }

    /// Memory the tables hold, in bytes, near enough for a report.
    pub fn memory(&self) -> usize {
        use std::mem::size_of;
        let map = |m: &CodeMap| m.len().next_power_of_two() * 2 * size_of::<u64>();
        map(&self.dx)
            + map(&self.px)
            + self.dx_rows.len() * size_of::<DxRow>()
            + self.px_rows.len() * size_of::<PxRow>()
            + self.lists.len() * 2
            + self.parts.len() * 4
            + self.groups.len() * 8
            + self.clusters.len() * size_of::<Cluster>()
            + self.drgs.iter().map(|d| d.title.len() + size_of::<Drg>()).sum::<usize>()
            + self.rules.iter().map(|r| r.text.len() * 4 + size_of::<Rule>()).sum::<usize>()
    }
}
