//! The printed indexes and tables as a coder browses them: Alphabetic Index, external cause
//! index, neoplasm table, table of drugs and chemicals; the ICD-10-PCS index has the same shape.
//!
//! Owns the entries in printed order with their levels, and the ways through them: main terms,
//! sub-terms, path, filter inside a long entry, where a *see* leads, the cells of a table.
//! Never resolves a code: the book does. Pure; any thread.

use super::Refusal;
use crate::domain::normal_code;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One line of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// 0 for a main term.
    pub level: u8,
    /// The term without its nonessential modifiers.
    pub term: String,
    /// Nonessential modifiers with their brackets: `(acute) (chronic)`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub modifiers: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub see: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub see_also: Vec<String>,
    /// ICD-10-PCS: the value that is used for a body part or device of this name.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "use")]
    pub uses: Vec<String>,
    /// As printed: with a dot; a dash at the end says that more characters follow.
    /// ICD-10-PCS: the beginning of a code, at least three characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Codes in square brackets: the manifestation, to be posted after the first code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifestations: Vec<String>,
    /// Cells of a table, one a column of `IndexTable::columns`; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

/// An index or table in printed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexTable {
    /// Headings of the cells; none for an index.
    pub columns: Vec<String>,
    entries: Vec<IndexEntry>,
    /// One past the last entry under each entry.
    ends: Vec<u32>,
}

impl IndexTable {
    /// Puts entries together; refuses a level that skips one, at the entry's number.
    pub fn new(columns: Vec<String>, entries: Vec<IndexEntry>) -> Result<IndexTable, Refusal> {
        let mut last = None;
        for (i, e) in entries.iter().enumerate() {
            let most = last.map_or(0, |l: u8| l.saturating_add(1));
            if e.level > most {
                let reason =
                    format!("{:?} stands at level {}, under nothing at level {most}", e.term, e.level);
                return Err(Refusal::at(i + 1, reason));
            }
            last = Some(e.level);
        }
        let mut ends = vec![entries.len() as u32; entries.len()];
        let mut open: Vec<usize> = Vec::new();
        for (i, e) in entries.iter().enumerate() {
            while let Some(&top) = open.last() {
                if entries[top].level < e.level {
                    break;
                }
                ends[top] = i as u32;
                open.pop();
            }
            open.push(i);
        }
        Ok(IndexTable { columns, entries, ends })
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    pub fn get(&self, i: usize) -> Option<&IndexEntry> {
        self.entries.get(i)
    }

    /// Everything under an entry, at any depth, in printed order.
    pub fn below(&self, i: usize) -> Range<usize> {
        match self.ends.get(i) {
            Some(&end) => i + 1..end as usize,
            None => 0..0,
        }
    }

    /// The main terms, in printed order.
    pub fn mains(&self) -> impl Iterator<Item = usize> + '_ {
        self.steps(0, self.entries.len())
    }

    /// The entries one level under an entry.
    pub fn children(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let r = self.below(i);
        self.steps(r.start, r.end)
    }

    fn steps(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = from;
        std::iter::from_fn(move || {
            let here = next;
            next = *self.ends.get(here)? as usize;
            (here < to).then_some(here)
        })
    }

    /// The entry above, if any.
    pub fn parent(&self, i: usize) -> Option<usize> {
        let level = self.get(i)?.level;
        self.entries[..i].iter().rposition(|e| e.level < level)
    }

    /// The entry and all above it, main term first.
    pub fn path(&self, i: usize) -> Vec<usize> {
        let mut at = (i < self.len()).then_some(i);
        let mut out: Vec<usize> = std::iter::from_fn(|| {
            let here = at?;
            at = self.parent(here);
            Some(here)
        })
        .collect();
        out.reverse();
        out
    }

    /// The path in words, as the book writes a reference: `Cirrhosis, alcoholic, with ascites`.
    pub fn path_words(&self, i: usize) -> String {
        let words: Vec<&str> = self.path(i).into_iter().map(|p| self.entries[p].term.as_str()).collect();
        words.join(", ")
    }

    /// The first main term that begins with what is typed, whatever its letter case.
    pub fn starting(&self, typed: &str) -> Option<usize> {
        let typed = typed.trim().to_lowercase();
        self.mains().find(|&i| self.entries[i].term.to_lowercase().starts_with(&typed))
    }

    /// Entries under `i` whose path below it, modifiers included, holds every word typed.
    pub fn filter(&self, i: usize, typed: &str) -> Vec<usize> {
        let wanted: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        let mut path: Vec<(u8, String)> = Vec::new();
        let mut out = Vec::new();
        for k in self.below(i) {
            let e = &self.entries[k];
            path.retain(|(level, _)| *level < e.level);
            path.push((e.level, format!("{} {}", e.term, e.modifiers).to_lowercase()));
            if wanted.iter().all(|w| path.iter().any(|(_, t)| t.contains(w.as_str()))) {
                out.push(k);
            }
        }
        out
    }

    /// Where a *see* or *see also* leads: the main term of its first part, then down as far as the
    /// words go. Nothing when there is no such main term (`see condition`).
    pub fn resolve(&self, reference: &str) -> Option<usize> {
        let mut parts = reference.split(',').map(|p| p.trim().to_lowercase()).filter(|p| !p.is_empty());
        let first = parts.next()?;
        let same = |i: &usize, word: &str| {
            let term = self.entries[*i].term.to_lowercase();
            term == word || term.split(',').next().is_some_and(|t| t.trim() == word)
        };
        let mut at = self.mains().find(|i| same(i, &first))?;
        for part in parts {
            let whole = self.children(at).find(|&i| self.entries[i].term.to_lowercase() == part);
            match whole.or_else(|| self.children(at).find(|i| same(i, &part))) {
                Some(next) => at = next,
                None => break,
            }
        }
        Some(at)
    }

    /// Codes an entry leads to, in order, without dot and dash: first its code, then the
    /// manifestation that goes with it.
    pub fn posted(&self, i: usize) -> Vec<String> {
        let Some(e) = self.get(i) else { return Vec::new() };
        e.codes.iter().chain(&e.manifestations).map(|c| normal_code(c)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> IndexTable {
        let e = |level, term: &str| IndexEntry { level, term: term.into(), ..IndexEntry::default() };
        let entries = vec![
            e(0, "Cirrhosis, cirrhotic"),
            e(1, "alcoholic"),
            e(2, "with ascites"),
            e(1, "biliary"),
            e(0, "Cyst"),
            e(1, "bone"),
        ];
        IndexTable::new(Vec::new(), entries).unwrap()
    }

    #[test]
    fn ways_through_an_index() {
        let t = table();
        assert_eq!(t.mains().collect::<Vec<_>>(), [0, 4]);
        assert_eq!(t.children(0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(t.path_words(2), "Cirrhosis, cirrhotic, alcoholic, with ascites");
        assert_eq!(t.parent(3), Some(0));
        assert_eq!(t.below(0), 1..4);
        assert_eq!(t.starting("cys"), Some(4));
        assert_eq!(t.filter(0, "alc asc"), [2]);
        assert_eq!(t.resolve("Cirrhosis, alcoholic"), Some(1));
        assert_eq!(t.resolve("Cyst, nowhere"), Some(4));
        assert_eq!(t.resolve("condition"), None);
        assert!(t.below(99).is_empty() && t.path(99).is_empty());
    }

    #[test]
    fn a_level_that_skips_one_is_refused() {
        let e = |level| IndexEntry { level, term: "x".into(), ..IndexEntry::default() };
        assert_eq!(IndexTable::new(Vec::new(), vec![e(0), e(2)]).unwrap_err().line, Some(2));
        assert!(IndexTable::new(Vec::new(), vec![e(1)]).is_err());
    }
}
