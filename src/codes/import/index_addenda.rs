//! Addenda of the Alphabetic Index: what a new year adds, deletes and revises, in printed form.
//!
//! Owns the lines (action in the first 14 columns, then dashes for the level, term, references and
//! codes) and applying them to the index of the year before. A line that finds no place in the base
//! is named; more than one in twenty of them, and the whole is refused. Pure.

use super::index::{IndexEntry, IndexTable};
use super::index_xml::is_code;
use super::refusal::{Refusal, lines};
use super::xml::squeeze;
use std::collections::{BTreeSet, HashMap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Keep,
    Add,
    Delete,
    From,
    To,
}

#[derive(Debug)]
struct Line {
    n: usize,
    action: Action,
    entry: IndexEntry,
}

/// Addenda as read.
#[derive(Debug)]
pub struct IndexAddenda {
    /// The year they make.
    pub year: i32,
    lines: Vec<Line>,
}

impl IndexAddenda {
    /// Number of lines that change something.
    pub fn changes(&self) -> usize {
        self.lines.iter().filter(|l| l.action != Action::Keep).count()
    }
}

const TITLE: &str = "ICD-10-CM INDEX to DISEASES and INJURIES";

/// Whether the first line that is not blank is theirs.
pub fn is_title(line: &str) -> bool {
    line.trim().eq_ignore_ascii_case(TITLE)
}

const ACTIONS: [&str; 5] = ["No Change", "Add", "Delete", "Revise from", "Revise to"];

/// The action of a line and what follows it; no action where a line goes on.
fn take_action(line: &str) -> (&str, &str) {
    let found = ACTIONS.iter().find_map(|a| {
        let rest = line.strip_prefix(a)?;
        rest.starts_with("  ").then(|| (&line[..a.len()], rest.trim()))
    });
    found.unwrap_or(("", line.trim()))
}

/// Reads addenda.
pub fn read(text: &str) -> Result<IndexAddenda, Refusal> {
    let mut year = None;
    let mut joined: Vec<(usize, Action, String)> = Vec::new();
    for (n, line) in lines(text) {
        let (head, rest) = take_action(line);
        let action = match head {
            "No Change" => Action::Keep,
            "Add" => Action::Add,
            "Delete" => Action::Delete,
            "Revise from" => Action::From,
            "Revise to" => Action::To,
            _ if rest.is_empty() || is_title(line) => continue,
            _ if year.is_none() || joined.is_empty() => {
                let digits = rest.strip_suffix("Addenda").map(str::trim);
                year = year.or(digits.and_then(|y| y.parse::<i32>().ok()));
                continue;
            }
            // a long line goes on in the column of the terms
            _ if line.starts_with("            ") => {
                if let Some((_, _, text)) = joined.last_mut() {
                    text.push(' ');
                    text.push_str(rest);
                }
                continue;
            }
            _ => {
                return Err(Refusal::at(
                    n,
                    "the line begins with no action of addenda: the columns are shifted",
                ));
            }
        };
        joined.push((n, action, rest.to_string()));
    }
    let year = year.ok_or_else(|| Refusal::at(2, "the year of the addenda is missing"))?;
    let mut out = Vec::with_capacity(joined.len());
    for (n, action, text) in joined {
        // the letter above its terms
        if text.len() == 1 {
            continue;
        }
        let entry = entry(&text).ok_or_else(|| Refusal::at(n, "a line without a term"))?;
        out.push(Line { n, action, entry });
    }
    for pair in out.windows(2) {
        if (pair[0].action == Action::From) != (pair[1].action == Action::To) {
            return Err(Refusal::at(
                pair[1].n,
                "\"Revise to\" must follow its \"Revise from\": a line is missing",
            ));
        }
    }
    if out.last().is_some_and(|l| l.action == Action::From) {
        return Err(Refusal::at(
            out.last().map_or(1, |l| l.n),
            "the last revision has no \"Revise to\": the file is cut short",
        ));
    }
    match out.is_empty() {
        true => Err(Refusal::whole("addenda without a line")),
        false => Ok(IndexAddenda { year, lines: out }),
    }
}

/// A code as the index prints it, with its dot: `ABCC6` is a gene.
fn is_printed_code(text: &str) -> bool {
    let digit_second = text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let plain = text.trim_end_matches(['-', '.']);
    is_code(text) && (text.contains('.') || (plain.len() == 3 && digit_second))
}

/// `- - fish tapeworm (D. latum) infestation B70.0 [D63.8]`, taken apart.
fn entry(text: &str) -> Option<IndexEntry> {
    let mut e = IndexEntry::default();
    let mut rest = text.trim();
    while let Some(deeper) = rest.strip_prefix('-') {
        // a term may begin with a hyphen of its own: `-itis` has no blank after it
        if !deeper.is_empty() && !deeper.starts_with([' ', '-']) {
            break;
        }
        e.level = e.level.saturating_add(1);
        rest = deeper.trim_start();
    }
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    while let Some(last) = words.last().filter(|_| words.len() > 1) {
        let bare = last.trim_matches(['[', ']', ',']);
        if !is_printed_code(bare) {
            break;
        }
        match last.starts_with('[') || last.ends_with(']') {
            true => e.manifestations.insert(0, bare.to_string()),
            false => e.codes.insert(0, bare.to_string()),
        }
        words.pop();
    }
    let mut rest = words.join(" ");
    for (mark, also) in [(" - see also ", true), (" - see ", false), (" (see also ", true), (" (see ", false)]
    {
        if let Some(at) = rest.find(mark) {
            let text = squeeze(rest[at + mark.len()..].trim_end_matches(')'));
            match also {
                true => e.see_also.push(text),
                false => e.see.push(text),
            }
            rest.truncate(at);
        }
    }
    let (mut term, mut modifiers, mut depth) = (String::new(), String::new(), 0usize);
    for c in rest.chars() {
        depth += usize::from(c == '(');
        if depth > 0 {
            modifiers.push(c)
        } else {
            term.push(c)
        }
        if c == ')' {
            depth = depth.saturating_sub(1);
            modifiers.push(' ');
        }
    }
    (e.term, e.modifiers) = (squeeze(&term), squeeze(&modifiers));
    (!e.term.is_empty()).then_some(e)
}

/// Letters and digits of a term, in small letters: what two printings have in common.
fn key(term: &str) -> String {
    term.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Words of a term and its modifiers.
fn word_set(e: &IndexEntry) -> BTreeSet<String> {
    let text = format!("{} {}", e.term, e.modifiers).to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_string).collect()
}

/// Percent of words two printings of one entry must share.
const ALIKE: usize = 60;

struct Node {
    entry: IndexEntry,
    children: Vec<usize>,
    deleted: bool,
}

struct Tree {
    nodes: Vec<Node>,
    mains: Vec<usize>,
    by_key: HashMap<String, Vec<usize>>,
}

impl Tree {
    fn of(table: &IndexTable) -> Tree {
        let node = |e: &IndexEntry| Node { entry: e.clone(), children: Vec::new(), deleted: false };
        let mut tree = Tree {
            nodes: table.entries().iter().map(node).collect(),
            mains: Vec::new(),
            by_key: HashMap::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        for i in 0..tree.nodes.len() {
            let level = tree.nodes[i].entry.level;
            open.truncate(usize::from(level));
            match open.last() {
                Some(&above) => tree.nodes[above].children.push(i),
                None => {
                    tree.mains.push(i);
                    tree.by_key.entry(key(&tree.nodes[i].entry.term)).or_default().push(i);
                }
            }
            open.push(i);
        }
        tree
    }

    /// The entry of these words under another, or among the main terms.
    fn find(&self, above: Option<usize>, wanted: &IndexEntry) -> Option<usize> {
        let term = key(&wanted.term);
        let all: &[usize] = match above {
            Some(a) => &self.nodes[a].children,
            None => self.by_key.get(&term).map_or(&self.mains, |v| v),
        };
        let live = || all.iter().copied().filter(|&i| !self.nodes[i].deleted);
        let same = |i: &usize| key(&self.nodes[*i].entry.term) == term;
        let coded = live().find(|i| same(i) && self.nodes[*i].entry.codes == wanted.codes);
        if let Some(i) = coded.or_else(|| live().find(same)) {
            return Some(i);
        }
        // printings differ in spelling, brackets and order: the entry that shares most words
        let wanted = word_set(wanted);
        let shared = |i: usize| {
            let own = word_set(&self.nodes[i].entry);
            let both = own.intersection(&wanted).count();
            100 * both / (own.len() + wanted.len() - both).max(1)
        };
        let best = live().map(|i| (shared(i), std::cmp::Reverse(i))).max()?;
        (best.0 >= ALIKE).then_some(best.1.0)
    }

    /// Puts an entry in its alphabetical place, *with* and *without* first.
    fn add(&mut self, above: Option<usize>, entry: IndexEntry) -> usize {
        let place = |e: &IndexEntry| {
            let first = e.term.split_whitespace().next().unwrap_or("").trim_matches(',').to_lowercase();
            (!matches!(first.as_str(), "with" | "without"), e.term.to_lowercase())
        };
        let list = above.map_or(&self.mains, |a| &self.nodes[a].children);
        let at = list.iter().position(|&i| place(&self.nodes[i].entry) > place(&entry)).unwrap_or(list.len());
        let new = self.nodes.len();
        if above.is_none() {
            self.by_key.entry(key(&entry.term)).or_default().push(new);
        }
        self.nodes.push(Node { entry, children: Vec::new(), deleted: false });
        match above {
            Some(a) => self.nodes[a].children.insert(at, new),
            None => self.mains.insert(at, new),
        }
        new
    }

    fn flatten(&self) -> Vec<IndexEntry> {
        let mut out = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<(usize, u8)> = self.mains.iter().rev().map(|&i| (i, 0)).collect();
        while let Some((i, level)) = stack.pop() {
            let node = &self.nodes[i];
            let mut below = level;
            if !node.deleted {
                out.push(IndexEntry { level, ..node.entry.clone() });
                below = level.saturating_add(1);
            }
            // what stood under a deleted line moves up in its place
            stack.extend(node.children.iter().rev().map(|&c| (c, below)));
        }
        out
    }
}

/// The index the addenda make of `base`, and a sentence for each line without a place in it.
pub fn apply(addenda: &IndexAddenda, base: &IndexTable) -> Result<(IndexTable, Vec<String>), Refusal> {
    let mut tree = Tree::of(base);
    let mut path: Vec<Option<usize>> = Vec::new();
    let mut lost: Vec<(usize, String)> = Vec::new();
    let mut revised: Option<usize> = None;
    for Line { n, action, entry } in &addenda.lines {
        let level = usize::from(entry.level);
        if *action != Action::To {
            path.truncate(level);
        }
        let above = match level.checked_sub(1).and_then(|l| path.get(l).copied().flatten()) {
            None if level > 0 => {
                lost.push((*n, format!("line {n}: nothing stands above {:?} in the base", entry.term)));
                path.resize(level + 1, None);
                continue;
            }
            above => above,
        };
        let mut miss = |what: &str| {
            lost.push((*n, format!("line {n}: {:?} is to be {what}, the base has no such entry", entry.term)))
        };
        let found = match action {
            Action::Keep => tree.find(above, entry),
            Action::Add => Some(tree.add(above, entry.clone())),
            Action::Delete => {
                let found = tree.find(above, entry);
                match found {
                    Some(i) => tree.nodes[i].deleted = true,
                    None => miss("deleted"),
                }
                found
            }
            Action::From => {
                revised = tree.find(above, entry);
                if revised.is_none() {
                    miss("revised");
                }
                revised
            }
            Action::To => {
                match revised.take() {
                    Some(i) => tree.nodes[i].entry = entry.clone(),
                    // what it is revised to holds, whatever it was before
                    None => {
                        let new = tree.add(above, entry.clone());
                        path.truncate(level);
                        path.resize(level, None);
                        path.push(Some(new));
                    }
                }
                continue;
            }
        };
        path.resize(level, None);
        path.push(found);
    }
    if lost.len() * 20 > addenda.lines.len() {
        let (n, first) = lost.first().cloned().unwrap_or_default();
        return Err(Refusal::at(
            n,
            format!(
                "{} of {} lines find no place in the index that is loaded; first {first}",
                lost.len(),
                addenda.lines.len()
            ),
        ));
    }
    let table = IndexTable::new(base.columns.clone(), tree.flatten())?;
    Ok((table, lost.into_iter().map(|(_, s)| s).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let e = entry("- - fish tapeworm (D. latum) infestation B70.0 [D63.8]").unwrap();
        assert_eq!(
            (e.level, e.term.as_str(), e.modifiers.as_str()),
            (2, "fish tapeworm infestation", "(D. latum)")
        );
        assert_eq!((e.codes, e.manifestations), (vec!["B70.0".to_string()], vec!["D63.8".to_string()]));
        let e = entry("- finger (any) - see also Abscess, hand").unwrap();
        assert_eq!((e.term.as_str(), e.see_also), ("finger", vec!["Abscess, hand".to_string()]));
        assert_eq!(entry("- multiple sites M11.8-").unwrap().codes, ["M11.8-"]);
        let e = entry("- CTNNB1 Q87.88").unwrap();
        assert_eq!((e.term.as_str(), e.codes), ("CTNNB1", vec!["Q87.88".to_string()]));
        assert_eq!(entry("- ENPP1").unwrap().term, "ENPP1");
        assert!(entry("- ").is_none());
    }

    #[test]
    fn changes_find_their_place() {
        let e = |level, term: &str, code: &str| IndexEntry {
            level,
            term: term.into(),
            codes: vec![code.to_string()],
            ..IndexEntry::default()
        };
        let base = IndexTable::new(
            Vec::new(),
            vec![e(0, "Abscess", "L02.91"), e(1, "back", "L02.212"), e(1, "neck", "L02.11")],
        )
        .unwrap();
        let text = format!(
            "{TITLE}\n  2026 Addenda\nNo Change     Abscess (acute) L02.91\nDelete        - neck L02.11\n\
             Add           - flank L02.217\nRevise from   - back L02.212\nRevise to     - back (any part) L02.21-\n"
        );
        let (t, lost) = apply(&read(&text).unwrap(), &base).unwrap();
        let terms: Vec<&str> = t.entries().iter().map(|e| e.term.as_str()).collect();
        assert_eq!(terms, ["Abscess", "back", "flank"]);
        assert_eq!(t.entries()[1].codes, ["L02.21-"]);
        assert!(lost.is_empty(), "{lost:?}");
    }
}
