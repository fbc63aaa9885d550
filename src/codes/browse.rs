//! Walking the Tabular List: chapter, section, category, code, up and down, and the links in its notes.
//!
//! Owns the nodes a reader stands on, what is above and below them, how each stands on a date of
//! service, and where in a note's text another place of the list is named.
//! Never changes what a note says and never decides what it means for a claim. Pure; any thread.

use super::book::rows_of;
use super::format::{Section, U32s};
use super::notes::{Note, NoteKind, Target, read_codes, tabular_key};
use super::{Book, CodeStatus, CodeSystem, normal_code, pad_seventh};
use chrono::NaiveDate;

/// A place in the Tabular List: a chapter, a section, or a code. Means something in its own book only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(super) u32);

impl Node {
    /// Some place in every book that is not empty.
    pub const FIRST: Node = Node(0);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Chapter,
    Section,
    /// Three characters.
    Category,
    /// Four characters and more, and every code with its 7th character.
    Code,
}

/// A part of a note's text that names a place of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// Where it leads: the code, the section of that name, or the first code of the range.
    pub node: Node,
}

/// One printed line of the notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelNote {
    /// The code, section or chapter it is printed at.
    pub level: String,
    pub kind: NoteKind,
    pub text: String,
    /// Belongs to the line before it that ends in a colon.
    pub under_heading: bool,
}

const CM: CodeSystem = CodeSystem::Icd10cm;

impl Book {
    /// The place of a code, of a section (`E08-E13`) or a chapter (`chapter 4`); dots and case do not matter.
    pub fn node(&self, name: &str) -> Option<Node> {
        if let Some(doc) = self.find(CM, &normal_code(name)) {
            return Some(Node(doc));
        }
        let groups = self.first_group()..self.end_of_groups();
        groups.into_iter().find(|g| self.name_of(*g).eq_ignore_ascii_case(name.trim())).map(Node)
    }

    /// As `node`; for a code that is not listed, the longest beginning of it that is.
    pub fn nearest_node(&self, name: &str) -> Option<Node> {
        let code = normal_code(name);
        let cut = |len: usize| code.get(..len).and_then(|c| self.find(CM, c)).map(Node);
        self.node(name).or_else(|| (3..code.len()).rev().find_map(cut))
    }

    pub fn chapters(&self) -> Vec<Node> {
        let groups = self.first_group()..self.end_of_groups();
        groups.filter(|g| self.above(*g).is_none()).map(Node).collect()
    }

    pub fn node_above(&self, node: Node) -> Option<Node> {
        self.above(node.0).map(Node)
    }

    /// What stands one step below, in the order of the printed list.
    pub fn node_below(&self, node: Node) -> Vec<Node> {
        let first = self.first_group();
        if node.0 < first {
            let code = self.doc_code(node.0).to_string();
            let below = self.starting(CM, &code).filter(|d| self.doc_parent(*d) == Some(node.0));
            return below.map(Node).collect();
        }
        let groups = (first..self.end_of_groups()).filter(|g| self.above(*g) == Some(node.0));
        let mut out: Vec<Node> = groups.map(Node).collect();
        let codes = self.docs(CM).filter(|d| self.doc_parent(*d) == Some(node.0));
        let from = out.len();
        out.extend(codes.map(Node));
        out[from..].sort_by_cached_key(|n| tabular_key(self.doc_code(n.0)));
        out
    }

    /// From the chapter down to the node's parent.
    pub fn path_to(&self, node: Node) -> Vec<Node> {
        let mut out = Vec::new();
        let mut at = node.0;
        while let Some(up) = self.above(at).filter(|_| out.len() < 16) {
            out.push(Node(up));
            at = up;
        }
        out.reverse();
        out
    }

    pub fn node_level(&self, node: Node) -> Level {
        match (node.0 < self.first_group(), self.above(node.0)) {
            (true, _) if self.doc_code(node.0).len() == 3 => Level::Category,
            (true, _) => Level::Code,
            (false, None) => Level::Chapter,
            (false, Some(_)) => Level::Section,
        }
    }

    /// `E1122` (no dot), `E08-E13` or `chapter 4`.
    pub fn node_name(&self, node: Node) -> &str {
        self.name_of(node.0)
    }

    pub fn node_code(&self, node: Node) -> Option<&str> {
        (node.0 < self.first_group()).then(|| self.doc_code(node.0))
    }

    pub fn node_title(&self, node: Node) -> Option<String> {
        match node.0 < self.first_group() {
            true => self.doc_title(node.0),
            false => Some(self.group_field(node.0, 3).to_string()),
        }
    }

    /// Notes of the node and of everything above it, nearest first.
    pub fn node_notes(&self, node: Node) -> Vec<Note> {
        match self.node_code(node) {
            Some(code) => self.notes(code),
            None => self.notes_from(Some(node.0)),
        }
    }

    /// Every note of the node and of what is above it, line by line as the list prints them, nearest first.
    pub fn panel(&self, node: Node) -> Vec<PanelNote> {
        let mut out = Vec::new();
        let (starts, list) = (U32s(self.part(Section::NoteStart)), U32s(self.part(Section::Notes)));
        // a code with its 7th character has the notes of the code it stands on
        let mut at = match self.node_code(node) {
            Some(code) => self.listed(code),
            None => Some(node.0),
        };
        for _ in 0..16 {
            let Some(n) = at else { break };
            let mut heading: Option<NoteKind> = None;
            for i in rows_of(starts, n).unwrap_or_default() {
                let kind = NoteKind::of_number(list.get(3 * i));
                let text = self.text(list.get(3 * i + 1), list.get(3 * i + 2)).to_string();
                // an instruction of its own ends the list before it
                let instruction = text.starts_with("code") || text.starts_with("Code");
                if heading != Some(kind) || instruction || text.ends_with(':') {
                    heading = None;
                }
                let under_heading = heading.is_some();
                if text.ends_with(':') {
                    heading = Some(kind);
                }
                out.push(PanelNote { level: self.name_of(n).to_string(), kind, text, under_heading });
            }
            at = self.above(n);
        }
        out
    }

    /// What the node is on a date; chapters and sections are headers.
    pub fn node_status(&self, node: Node, day: NaiveDate) -> CodeStatus {
        self.node_code(node).map_or(CodeStatus::Header, |code| self.status(CM, code, day))
    }

    /// The 7th characters that complete a code on a date, with their meaning.
    pub fn seventh_on(&self, code: &str, day: NaiveDate) -> Vec<(char, String)> {
        let valid = |c: char| self.status(CM, &pad_seventh(code, c), day) == CodeStatus::Valid;
        self.seventh(code).into_iter().filter(|(c, _)| valid(*c)).collect()
    }

    /// The codes of the node that can be billed on a date, itself among them.
    pub fn billable_below(&self, node: Node, day: NaiveDate) -> Vec<u32> {
        let Some(code) = self.node_code(node) else { return Vec::new() };
        let valid = self.lists_valid_on(day);
        let index = self.index();
        let on = |d: &u32| valid.get(usize::from(index.validity(*d))).copied().unwrap_or(false);
        self.starting(CM, code).filter(on).collect()
    }

    /// The places of the list that the brackets of a text name and that exist.
    pub fn links(&self, text: &str) -> Vec<Link> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(open) = text[at..].find(['(', '[']).map(|i| at + i + 1) {
            let close = text[open..].find([')', ']']).map_or(text.len(), |i| open + i);
            read_codes(&text[open..close], &mut |target, range| {
                if let Some(node) = self.leads_to(&target) {
                    out.push(Link { start: open + range.start, end: open + range.end, node });
                }
            });
            at = close;
        }
        out
    }

    /// Where a target of a note leads.
    pub fn leads_to(&self, target: &Target) -> Option<Node> {
        match target {
            Target::Code(c) | Target::Prefix(c) => self.find(CM, c).map(Node),
            Target::Range(from, to) => self.section(from, to).or_else(|| self.find(CM, from).map(Node)),
            Target::Limited(inner, _) => self.leads_to(inner),
        }
    }

    fn section(&self, from: &str, to: &str) -> Option<Node> {
        let name = format!("{from}-{to}");
        (self.first_group()..self.end_of_groups()).find(|g| self.name_of(*g) == name).map(Node)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::book;
    use super::*;

    #[test]
    fn the_list_is_walked_up_and_down() {
        let b = book();
        let code = b.node("e11.22").expect("listed");
        let path: Vec<&str> = b.path_to(code).into_iter().map(|n| b.node_name(n)).collect();
        assert_eq!(path, ["chapter 4", "E08-E13", "E11", "E112"]);
        let section = b.node("E08-E13").expect("a section");
        assert_eq!(b.node_level(section), Level::Section);
        let names: Vec<&str> = b.node_below(section).into_iter().map(|n| b.node_name(n)).collect();
        assert_eq!(names, ["E08", "E09", "E10", "E11", "E13"]);
        assert_eq!(b.chapters().len(), 22);
        assert!(b.node_title(b.chapters()[3]).is_some_and(|t| t.starts_with("Endocrine")));
        // every place is found again below what is above it
        for chapter in b.chapters() {
            for section in b.node_below(chapter) {
                for category in b.node_below(section) {
                    assert_eq!(b.node_above(category), Some(section));
                    assert!(b.node_below(category).iter().all(|n| b.node_above(*n) == Some(category)));
                }
            }
        }
        assert_eq!(b.nearest_node("E11.2299").map(|n| b.node_name(n)), Some("E1122"));
    }

    #[test]
    fn every_code_hangs_under_a_chapter() {
        let b = book();
        let tops = b.chapters();
        // categories younger than the Tabular List that is loaded have no place in it yet
        let starts_later = |n: &Node| {
            let first = b.periods(CM, b.node_name(*n)).first().map(|p| p.0);
            first.is_some_and(|day| day >= NaiveDate::from_ymd_opt(2026, 10, 1).unwrap_or_default())
        };
        let lost: Vec<&str> = b
            .docs(CM)
            .map(Node)
            .filter(|n| !starts_later(n) && b.path_to(*n).first().is_none_or(|top| !tops.contains(top)))
            .map(|n| b.node_name(n))
            .collect();
        assert!(lost.is_empty(), "{} codes under no chapter: {:?}", lost.len(), &lost[..lost.len().min(9)]);
    }

    #[test]
    fn notes_are_links() {
        let b = book();
        let text = "stage of kidney disease (N18.1-N18.6), E11 (E08-E13, O24.4-), vitamin (A1c) (B12)";
        let links = b.links(text);
        let shown: Vec<(&str, &str)> =
            links.iter().map(|l| (&text[l.start..l.end], b.node_name(l.node))).collect();
        assert_eq!(shown, [("N18.1-N18.6", "N181"), ("E08-E13", "E08-E13"), ("O24.4-", "O244")]);
    }

    #[test]
    fn billable_codes_below_follow_the_date() {
        let b = book();
        let on = |s: &str| s.parse::<NaiveDate>().expect("a date");
        let count = |name: &str, day: &str| b.billable_below(b.node(name).expect(name), on(day)).len();
        assert_eq!(count("E11.2", "2026-01-15"), 3);
        assert_eq!(count("I42.0", "2026-09-30"), 1);
        assert!(count("I42.0", "2026-10-01") > 1);
        assert_eq!(count("E08-E13", "2026-01-15"), 0);
    }
}
