//! What is amiss in a loaded table.
//!
//! Owns the search for faults that do not stop a table from being used: conditions that name nothing, DRGs without
//! a rule or a title, rules that can never be reached, combinations of unknown codes. Each is one sentence with the
//! place. Called after an import and by whoever asks what is loaded; pure.

use super::compact::ListNames;
use super::condition::{Condition, Operand, Word, names};
use super::tables::{Rule, Tables};
use std::collections::{BTreeSet, HashSet};

impl Tables {
    /// Faults of the table, each a sentence; none stops grouping.
    pub fn faults(&self) -> Vec<String> {
        let mut out = self.load_faults.clone();
        let lists = ListNames::new(&self.dx_lists, &self.px_lists);
        let mut seen = HashSet::new();
        for rule in &self.rules {
            for name in names(&rule.text) {
                if lists.operand(name) == Operand::Unknown {
                    out.push(format!(
                        "{}: '{name}' names no list or word; it is taken as never true",
                        place(rule)
                    ));
                }
            }
            if !seen.insert((rule.scope, rule.text.as_str(), rule.suppress.as_slice())) {
                out.push(format!(
                    "{}: an earlier rule asks the same; this one is never reached",
                    place(rule)
                ));
            }
            if rule.drg != 0 && never(&rule.condition) {
                out.push(format!("{}: it can never be true", place(rule)));
            }
            if rule.drg != 0 && self.drg(rule.drg).is_none() {
                out.push(format!("{}: DRG {:03} has no title", place(rule), rule.drg));
            }
        }
        let given: BTreeSet<u16> = self.rules.iter().map(|r| r.drg).collect();
        for drg in self.drgs.iter().filter(|d| !given.contains(&d.number)) {
            out.push(format!("DRG {:03} has a title and no rule gives it", drg.number));
        }
        for hac in &self.hacs {
            for name in names(&hac.text).filter(|n| lists.operand(n) == Operand::Unknown) {
                out.push(format!("hospital-acquired condition {:02}: '{name}' names no list", hac.number));
            }
        }
        out
    }
}

fn place(rule: &Rule) -> String {
    format!("rule {}/{} (DRG {:03})", rule.scope, rule.rank, rule.drg)
}

/// Constantly false, whatever the stay.
fn never(c: &Condition) -> bool {
    match c {
        Condition::Test(o) => matches!(o, Operand::Unknown | Operand::Word(Word::Never)),
        Condition::Not(_) => false,
        Condition::And(all) => all.iter().any(never),
        Condition::Or(all) => all.iter().all(never),
    }
}
