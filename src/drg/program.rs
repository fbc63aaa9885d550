//! The rules of a version as one jump table.
//!
//! Owns the compilation of every condition into tests of single bits with two targets each, so that a scope is
//! walked from its first rule to the first true one without looking at the trees. Also the layout of the bit set
//! that a stay is turned into. Knows no stay: `group` fills the bits and answers the few tests that are no bit.

use super::condition::{Condition, Operand, Word};
use super::tables::{MAX_LISTS, Rule};
use std::collections::HashMap;

/// Words of one region of lists.
pub(super) const LIST_WORDS: usize = MAX_LISTS / 64;
pub(super) const PDX: usize = 0;
pub(super) const SDX: usize = LIST_WORDS;
pub(super) const ANY: usize = 2 * LIST_WORDS;
pub(super) const PX: usize = 3 * LIST_WORDS;
/// One word for `Word`s.
pub(super) const FLAGS: usize = 4 * LIST_WORDS;
pub(super) const BIT_WORDS: usize = FLAGS + 1;

/// A test that is no bit of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slow {
    /// Severity is at this word's level, without the diagnoses of a set of lists.
    Severity(Word, u16),
    Only(u16),
}

/// Test, then go to `yes` or `no`.
#[derive(Clone, Copy, Debug)]
struct Op {
    /// A bit, or `SLOW` and a number in `slow`.
    bit: u16,
    yes: u16,
    no: u16,
}

const SLOW: u16 = 0x4000;
/// A target with this bit is the end: a rule number, or `NO_RULE`.
const RULE: u16 = 0x8000;
const NO_RULE: u16 = 0xFFFF;

#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    ops: Vec<Op>,
    slow: Vec<Slow>,
    /// Where each scope begins.
    entry: Vec<u16>,
    /// Distinct sets of suppressing lists; 0 is the empty one.
    suppress: Vec<Vec<u16>>,
    /// The set of each rule.
    rule_suppress: Vec<u16>,
}

/// Why rules cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules of this version are too many for the grouper ({0} tests, at most 16,000)")]
pub struct TooLarge(usize);

pub(super) const SCOPES: usize = 32;

impl Program {
    pub(super) fn compile(rules: &[Rule]) -> Result<Program, TooLarge> {
        let mut p =
            Program { suppress: vec![Vec::new()], entry: vec![NO_RULE; SCOPES], ..Program::default() };
        let mut sets: HashMap<Vec<u16>, u16> = HashMap::from([(Vec::new(), 0)]);
        for rule in rules {
            let n = sets.len() as u16;
            let set = *sets.entry(rule.suppress.clone()).or_insert(n);
            if set == n {
                p.suppress.push(rule.suppress.clone());
            }
            p.rule_suppress.push(set);
        }
        // From the last rule to the first: what comes after is known then.
        for (n, rule) in rules.iter().enumerate().rev() {
            let scope = usize::from(rule.scope);
            if scope >= SCOPES {
                continue; // the official program's own error exits
            }
            p.entry[scope] = p.emit(&rule.condition, p.rule_suppress[n], RULE | n as u16, p.entry[scope]);
            if p.ops.len() > 16_000 {
                return Err(TooLarge(p.ops.len()));
            }
        }
        Ok(p)
    }

    /// The entry of the code for `c`.
    fn emit(&mut self, c: &Condition, set: u16, yes: u16, no: u16) -> u16 {
        match c {
            Condition::Not(c) => self.emit(c, set, no, yes),
            Condition::And(all) => all.iter().rev().fold(yes, |next, c| self.emit(c, set, next, no)),
            Condition::Or(all) => all.iter().rev().fold(no, |next, c| self.emit(c, set, yes, next)),
            Condition::Test(o) => self.leaf(*o, set, yes, no),
        }
    }

    fn leaf(&mut self, operand: Operand, set: u16, yes: u16, no: u16) -> u16 {
        let bit = match operand {
            Operand::Unknown | Operand::Word(Word::Never) => return no,
            Operand::Pdx(l) => (PDX * 64) as u16 + l,
            Operand::Sdx(l) => (SDX * 64) as u16 + l,
            Operand::Any(l) => (ANY * 64) as u16 + l,
            Operand::Px(l) => (PX * 64) as u16 + l,
            Operand::Word(w @ (Word::Mcc | Word::Cc)) if set != 0 => self.slow(Slow::Severity(w, set)),
            Operand::Only(l) => self.slow(Slow::Only(l)),
            Operand::Word(w) => (FLAGS * 64) as u16 + w as u16,
        };
        self.ops.push(Op { bit, yes, no });
        (self.ops.len() - 1) as u16
    }

    fn slow(&mut self, what: Slow) -> u16 {
        let n = self.slow.iter().position(|s| *s == what).unwrap_or_else(|| {
            self.slow.push(what);
            self.slow.len() - 1
        });
        SLOW | n as u16
    }

    /// The first true rule of `scope`.
    pub(super) fn run(
        &self,
        scope: u8,
        bits: &[u64; BIT_WORDS],
        slow: &mut dyn FnMut(Slow) -> bool,
    ) -> Option<u16> {
        let mut at = self.entry.get(usize::from(scope)).copied().unwrap_or(NO_RULE);
        while at & RULE == 0 {
            let op = self.ops[usize::from(at)];
            let held = if op.bit & SLOW == 0 {
                bits[usize::from(op.bit >> 6)] >> (op.bit & 63) & 1 == 1
            } else {
                slow(self.slow[usize::from(op.bit ^ SLOW)])
            };
            at = if held { op.yes } else { op.no };
        }
        (at != NO_RULE).then_some(at & !RULE)
    }

    pub(super) fn suppressed(&self, set: u16) -> &[u16] {
        self.suppress.get(usize::from(set)).map_or(&[], Vec::as_slice)
    }

    /// Lists that do not count for severity under a rule.
    pub(super) fn suppressed_by_rule(&self, rule: u16) -> &[u16] {
        self.suppressed(self.rule_suppress.get(usize::from(rule)).copied().unwrap_or(0))
    }
}
