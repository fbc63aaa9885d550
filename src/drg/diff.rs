//! What changed from one version to another.
//!
//! Owns the comparison of two loaded tables: DRGs new, removed and retitled, the families whose rules changed,
//! diagnosis and procedure codes, severity levels, lists. For the person who checks a new year's import; the
//! families it names are the ones whose rules to read again. Pure.

use super::case::Level;
use super::code::Code;
use super::tables::{OrClass, Rule, Tables};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A family of rules (one base DRG in one scope) before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyChange {
    pub scope: u8,
    pub base: u16,
    pub title: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChange {
    pub name: String,
    pub added: usize,
    pub removed: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub from: String,
    pub to: String,
    pub drgs_new: Vec<(u16, String)>,
    pub drgs_removed: Vec<(u16, String)>,
    /// Number, before, after.
    pub drgs_retitled: Vec<(u16, String, String)>,
    pub families_changed: Vec<FamilyChange>,
    /// Scopes in which families that stay the same stand in another order.
    pub reordered: Vec<u8>,
    pub dx_new: Vec<String>,
    pub dx_removed: Vec<String>,
    /// Code, before, after.
    pub dx_level: Vec<(String, Level, Level)>,
    pub dx_mdc: Vec<(String, u8, u8)>,
    pub px_new: Vec<String>,
    pub px_removed: Vec<String>,
    pub px_class: Vec<(String, OrClass, OrClass)>,
    pub lists_new: Vec<String>,
    pub lists_gone: Vec<String>,
    pub lists_changed: Vec<ListChange>,
}

type Families<'a> = BTreeMap<(u8, u16), Vec<&'a Rule>>;

impl Difference {
    pub fn between(old: &Tables, new: &Tables) -> Difference {
        let titles = |t: &Tables| -> BTreeMap<u16, String> {
            t.drgs.iter().map(|d| (d.number, d.title.clone())).collect()
        };
        let (a, b) = (titles(old), titles(new));
        let only = |x: &BTreeMap<u16, String>, y: &BTreeMap<u16, String>| -> Vec<(u16, String)> {
            x.iter().filter(|(n, _)| !y.contains_key(n)).map(|(n, t)| (*n, t.clone())).collect()
        };
        let retitled = a.iter().filter_map(|(n, t)| {
            let now = b.get(n).filter(|now| *now != t)?;
            Some((*n, t.clone(), now.clone()))
        });
        let (families_changed, reordered) = families(old, new);
        let dx = codes(&old.dx.sorted(), &new.dx.sorted());
        let px = codes(&old.px.sorted(), &new.px.sorted());
        let level = |t: &Tables, row: usize| t.dx_set(row).level;
        let mdc = |t: &Tables, row: usize| t.dx_set(row).mdc;
        let class = |t: &Tables, row: usize| t.px_set(row).class;
        let changed = |both: &[(Code, usize, usize)]| both.to_vec();
        let (lists_new, lists_gone, lists_changed) = lists(old, new);
        Difference {
            from: old.version.clone(),
            to: new.version.clone(),
            drgs_new: only(&b, &a),
            drgs_removed: only(&a, &b),
            drgs_retitled: retitled.collect(),
            families_changed,
            reordered,
            dx_level: (changed(&dx.both).iter())
                .map(|(c, x, y)| (c.to_string(), level(old, *x), level(new, *y)))
                .filter(|(_, x, y)| x != y)
                .collect(),
            dx_mdc: (changed(&dx.both).iter())
                .map(|(c, x, y)| (c.to_string(), mdc(old, *x), mdc(new, *y)))
                .filter(|(_, x, y)| x != y)
                .collect(),
            px_class: (changed(&px.both).iter())
                .map(|(c, x, y)| (c.to_string(), class(old, *x), class(new, *y)))
                .filter(|(_, x, y)| x != y)
                .collect(),
            dx_new: dx.new,
            dx_removed: dx.gone,
            px_new: px.new,
            px_removed: px.gone,
            lists_new,
            lists_gone,
            lists_changed,
        }
    }

    /// Whether grouping can differ at all.
    pub fn is_empty(&self) -> bool {
        self.drgs_new.is_empty()
            && self.drgs_removed.is_empty()
            && self.families_changed.is_empty()
            && self.reordered.is_empty()
            && self.dx_new.is_empty()
            && self.dx_removed.is_empty()
            && self.dx_level.is_empty()
            && self.dx_mdc.is_empty()
            && self.px_new.is_empty()
            && self.px_removed.is_empty()
            && self.px_class.is_empty()
            && self.lists_new.is_empty()
            && self.lists_gone.is_empty()
            && self.lists_changed.is_empty()
    }
}

fn by_family(t: &Tables) -> Families<'_> {
    let mut all = Families::new();
    for r in t.rules.iter().filter(|r| r.drg != 0 || r.reroute != 0) {
        all.entry((r.scope, r.base)).or_default().push(r);
    }
    all
}

/// A rule as two versions can be compared by: without its rank.
fn line(t: &Tables, r: &Rule) -> String {
    let to = if r.drg == 0 { format!("to scope {}", r.reroute) } else { format!("{:03}", r.drg) };
    let suppressed: Vec<&str> =
        r.suppress.iter().filter_map(|l| t.dx_lists.get(usize::from(*l))).map(String::as_str).collect();
    if suppressed.is_empty() {
        format!("{to}: {}", r.text)
    } else {
        format!("{to}: {} [not counted as CC or MCC: {}]", r.text, suppressed.join(", "))
    }
}

fn families(old: &Tables, new: &Tables) -> (Vec<FamilyChange>, Vec<u8>) {
    let (a, b) = (by_family(old), by_family(new));
    let keys: BTreeSet<(u8, u16)> = a.keys().chain(b.keys()).copied().collect();
    let mut changed = Vec::new();
    for key in keys {
        let lines = |t: &Tables, all: &Families<'_>| -> Vec<String> {
            all.get(&key).into_iter().flatten().map(|r| line(t, r)).collect()
        };
        let (before, after) = (lines(old, &a), lines(new, &b));
        if before != after {
            let title = if after.is_empty() { old.drg_title(key.1) } else { new.drg_title(key.1) };
            changed.push(FamilyChange { scope: key.0, base: key.1, title: title.to_string(), before, after });
        }
    }
    let order = |t: &Tables, scope: u8| -> Vec<u16> {
        let mut seen = BTreeSet::new();
        t.rules
            .iter()
            .filter(|r| {
                r.scope == scope && a.contains_key(&(scope, r.base)) && b.contains_key(&(scope, r.base))
            })
            .map(|r| r.base)
            .filter(|base| seen.insert(*base))
            .collect()
    };
    let reordered = (0..32).filter(|s| order(old, *s) != order(new, *s)).collect();
    (changed, reordered)
}

struct Codes {
    new: Vec<String>,
    gone: Vec<String>,
    /// Code, row before, row after.
    both: Vec<(Code, usize, usize)>,
}

fn codes(old: &[(Code, usize)], new: &[(Code, usize)]) -> Codes {
    let mut out = Codes { new: Vec::new(), gone: Vec::new(), both: Vec::new() };
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                out.both.push((a.0, a.1, b.1));
                i += 1;
                j += 1;
            }
            (Some(a), b) if b.is_none_or(|b| a.0 < b.0) => {
                out.gone.push(a.0.to_string());
                i += 1;
            }
            (_, Some(b)) => {
                out.new.push(b.0.to_string());
                j += 1;
            }
            (Some(_), None) | (None, None) => break,
        }
    }
    out
}

/// The codes of each list.
fn members(t: &Tables) -> BTreeMap<&str, BTreeSet<Code>> {
    let mut all: BTreeMap<&str, BTreeSet<Code>> = BTreeMap::new();
    for (code, row) in t.dx.sorted() {
        let set = t.dx_set(row);
        for l in set.lists.of(&t.lists).iter().chain(set.hac_lists.of(&t.lists)) {
            all.entry(&t.dx_lists[usize::from(*l)]).or_default().insert(code);
        }
    }
    for (code, row) in t.px.sorted() {
        for l in t.px_set(row).lists.of(&t.lists) {
            all.entry(&t.px_lists[usize::from(*l)]).or_default().insert(code);
        }
    }
    all
}

fn lists(old: &Tables, new: &Tables) -> (Vec<String>, Vec<String>, Vec<ListChange>) {
    let (a, b) = (members(old), members(new));
    let only = |x: &BTreeMap<&str, BTreeSet<Code>>, y: &BTreeMap<&str, BTreeSet<Code>>| -> Vec<String> {
        x.keys().filter(|n| !y.contains_key(**n)).map(ToString::to_string).collect()
    };
    let changed = a.iter().filter_map(|(name, before)| {
        let after = b.get(name).filter(|after| *after != before)?;
        Some(ListChange {
            name: (*name).to_string(),
            added: after.difference(before).count(),
            removed: before.difference(after).count(),
        })
    });
    (only(&b, &a), only(&a, &b), changed.collect())
}

/// Codes shown of a long row.
const SHOWN: usize = 12;

fn row(f: &mut fmt::Formatter<'_>, what: &str, all: &[String]) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    let more = if all.len() > SHOWN { ", ..." } else { "" };
    writeln!(f, "{what} ({}): {}{more}", all.len(), all[..all.len().min(SHOWN)].join(", "))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "MS-DRG {} to {}", self.from, self.to)?;
        writeln!(f, "DRGs new ({}):", self.drgs_new.len())?;
        for (n, title) in &self.drgs_new {
            writeln!(f, "  {n:03} {title}")?;
        }
        writeln!(f, "DRGs removed ({}):", self.drgs_removed.len())?;
        for (n, title) in &self.drgs_removed {
            writeln!(f, "  {n:03} {title}")?;
        }
        if !self.drgs_retitled.is_empty() {
            writeln!(f, "DRGs with another title ({}):", self.drgs_retitled.len())?;
            for (n, before, after) in &self.drgs_retitled {
                writeln!(f, "  {n:03} {before} -> {after}")?;
            }
        }
        writeln!(f, "rules changed ({} families):", self.families_changed.len())?;
        for c in &self.families_changed {
            let scope = match c.scope {
                0 => "before the MDCs".to_string(),
                super::SCOPE_UNRELATED => "unrelated procedures".to_string(),
                n => format!("MDC {n:02}"),
            };
            if c.base == 0 {
                writeln!(f, "  {scope}: reroutes")?;
            } else {
                writeln!(f, "  {scope}, family {:03} {}", c.base, c.title)?;
            }
            for line in c.before.iter().filter(|l| !c.after.contains(l)) {
                writeln!(f, "    - {line}")?;
            }
            for line in c.after.iter().filter(|l| !c.before.contains(l)) {
                writeln!(f, "    + {line}")?;
            }
        }
        if !self.reordered.is_empty() {
            let all: Vec<String> = self.reordered.iter().map(|s| format!("{s:02}")).collect();
            writeln!(f, "surgical hierarchy in another order in MDC {}", all.join(", "))?;
        }
        row(f, "diagnosis codes new", &self.dx_new)?;
        row(f, "diagnosis codes removed", &self.dx_removed)?;
        let levels: Vec<String> =
            self.dx_level.iter().map(|(c, a, b)| format!("{c} {} -> {}", a.label(), b.label())).collect();
        row(f, "severity changed", &levels)?;
        let mdcs: Vec<String> = self.dx_mdc.iter().map(|(c, a, b)| format!("{c} {a:02} -> {b:02}")).collect();
        row(f, "MDC changed", &mdcs)?;
        row(f, "procedure codes new", &self.px_new)?;
        row(f, "procedure codes removed", &self.px_removed)?;
        let classes: Vec<String> =
            self.px_class.iter().map(|(c, a, b)| format!("{c} {a:?} -> {b:?}")).collect();
        row(f, "operating-room class changed", &classes)?;
        row(f, "lists new", &self.lists_new)?;
        row(f, "lists gone", &self.lists_gone)?;
        let lists: Vec<String> =
            self.lists_changed.iter().map(|l| format!("{} +{} -{}", l.name, l.added, l.removed)).collect();
        row(f, "lists with other codes", &lists)
    }
}
