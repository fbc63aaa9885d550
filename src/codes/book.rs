//! The book: codes in order, with titles, parents, notes, 7th characters and validity.
//!
//! Text stays where the tables have it; the book holds offsets. 7th-character codes are not listed in the
//! Tabular List: they come from the validity list and take their title from the code they complete.

use super::notes::{BookNote, joined};
use super::tables::{TableError, Tables, rows};
use crate::domain::{CodeSystem, normal_code};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Part of one of the texts.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    at: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeKind {
    Chapter,
    Block,
    Code,
}

/// A chapter, block or code of the Tabular List.
#[derive(Clone, Copy, Debug)]
struct Node {
    kind: NodeKind,
    name: Span,
    title: Span,
    parent: u32,
    /// Its lines in the tabular text: notes and 7th characters.
    first_note: u32,
    notes: u32,
    has_children: bool,
    has_sevenths: bool,
}

#[derive(Clone, Copy, Debug)]
struct NoteLine {
    kind: u8,
    text: Span,
}

/// First and last day of validity; no last day while open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: NaiveDate,
    pub last: Option<NaiveDate>,
}

impl Validity {
    pub fn holds(&self, on: NaiveDate) -> bool {
        self.from <= on && self.last.is_none_or(|l| on <= l)
    }
}

/// Something that can be found: a code of any system.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    pub system: CodeSystem,
    code: [u8; 7],
    len: u8,
    node: u32,
    valid: (u32, u8),
    /// 0 to 15: how often it is used.
    pub usage: u8,
    /// A category that only leads to billable codes.
    pub header: bool,
}

impl Doc {
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code[..usize::from(self.len)]).unwrap_or("")
    }
}

const NONE: u32 = u32::MAX;

pub struct Book {
    tables: Tables,
    nodes: Vec<Node>,
    by_code: HashMap<[u8; 7], u32>,
    note_lines: Vec<NoteLine>,
    periods: Vec<Validity>,
    /// ICD-10-CM then ICD-10-PCS, each by code.
    docs: Vec<Doc>,
    cm_docs: usize,
    cm_titles: HashMap<[u8; 7], Span>,
    pcs_titles: HashMap<[u8; 7], Span>,
    hcpcs: HashMap<String, String>,
    /// First provenance line of each table, for `doctor`.
    pub sources: Vec<String>,
}

fn key(code: &str) -> Option<[u8; 7]> {
    let mut k = [0u8; 7];
    k.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
    Some(k)
}

fn span(text: &str, part: &str) -> Span {
    let at = part.as_ptr() as usize - text.as_ptr() as usize;
    Span { at: at as u32, len: part.len() as u32 }
}

fn get(text: &str, s: Span) -> &str {
    text.get(s.at as usize..(s.at + s.len) as usize).unwrap_or("")
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

impl Book {
    pub fn build(tables: Tables) -> Result<Book, TableError> {
        let sources =
            [&tables.cm_tabular, &tables.cm_valid, &tables.pcs_valid, &tables.pcs_titles, &tables.cm_usage]
                .iter()
                .map(|t| t.lines().next().unwrap_or("").trim_start_matches("# ").to_string())
                .collect();
        let mut book = Book {
            nodes: Vec::new(),
            by_code: HashMap::new(),
            note_lines: Vec::new(),
            periods: Vec::new(),
            docs: Vec::new(),
            cm_docs: 0,
            cm_titles: title_map(&tables.cm_titles),
            pcs_titles: title_map(&tables.pcs_titles),
            hcpcs: HashMap::new(),
            tables,
            sources,
        };
        book.read_tabular()?;
        book.read_valid(CodeSystem::Icd10cm)?;
        book.add_headers();
        book.docs.sort_unstable_by_key(|d| d.code);
        book.cm_docs = book.docs.len();
        book.read_valid(CodeSystem::Icd10pcs)?;
        book.docs[book.cm_docs..].sort_unstable_by_key(|d| d.code);
        book.read_usage();
        let hcpcs: Vec<(String, String)> = rows(&book.tables.hcpcs)
            .filter_map(|(_, l)| l.split_once('\t'))
            .map(|(c, t)| (c.to_string(), t.to_string()))
            .collect();
        book.hcpcs = hcpcs.into_iter().collect();
        Ok(book)
    }

    fn read_tabular(&mut self) -> Result<(), TableError> {
        const NAME: &str = "icd10cm_tabular";
        let text = std::mem::take(&mut self.tables.cm_tabular);
        let bad = |line, why| TableError::Line { name: NAME, line, why };
        let (mut chapter, mut block) = (NONE, NONE);
        for (n, line) in rows(&text) {
            let mut f = line.split('\t');
            match f.next() {
                Some(kind @ ("C" | "S")) => {
                    let name = f.next().ok_or_else(|| bad(n, "a name is missing"))?;
                    let title = f.next().ok_or_else(|| bad(n, "a title is missing"))?;
                    let at = self.nodes.len() as u32;
                    let (kind, parent) = match kind {
                        "C" => (NodeKind::Chapter, NONE),
                        _ => (NodeKind::Block, chapter),
                    };
                    if kind == NodeKind::Chapter {
                        chapter = at
                    } else {
                        block = at
                    }
                    self.node(kind, span(&text, name), span(&text, title), parent);
                }
                Some("D") => {
                    let code = f.next().ok_or_else(|| bad(n, "a code is missing"))?;
                    let above = f.next().ok_or_else(|| bad(n, "a parent is missing"))?;
                    let title = f.nth(1).ok_or_else(|| bad(n, "a title is missing"))?;
                    let k = key(code).ok_or_else(|| bad(n, "a code is longer than seven"))?;
                    let parent =
                        match key(above).and_then(|k| self.by_code.get(&k)).filter(|_| code.len() > 3) {
                            Some(p) => *p,
                            None => block,
                        };
                    let at = self.nodes.len() as u32;
                    if let Some(p) = self.nodes.get_mut(parent as usize).filter(|p| p.kind == NodeKind::Code)
                    {
                        p.has_children = true;
                    }
                    self.by_code.insert(k, at);
                    self.node(NodeKind::Code, span(&text, code), span(&text, title), parent);
                }
                Some(kind @ ("n" | "x")) => {
                    let node = self.nodes.last_mut().ok_or_else(|| bad(n, "a note before the first code"))?;
                    let what =
                        f.next().and_then(|w| w.bytes().next()).ok_or_else(|| bad(n, "a kind is missing"))?;
                    let words = f.next().ok_or_else(|| bad(n, "a text is missing"))?;
                    node.notes += 1;
                    node.has_sevenths |= kind == "x";
                    // 7th characters are told from notes by the high bit.
                    let kind = if kind == "x" { what | 0x80 } else { what };
                    self.note_lines.push(NoteLine { kind, text: span(&text, words) });
                }
                _ => return Err(bad(n, "begins with an unknown letter")),
            }
        }
        self.tables.cm_tabular = text;
        Ok(())
    }

    fn node(&mut self, kind: NodeKind, name: Span, title: Span, parent: u32) {
        self.nodes.push(Node {
            kind,
            name,
            title,
            parent,
            first_note: self.note_lines.len() as u32,
            notes: 0,
            has_children: false,
            has_sevenths: false,
        });
    }

    fn read_valid(&mut self, system: CodeSystem) -> Result<(), TableError> {
        let (name, text) = match system {
            CodeSystem::Icd10cm => ("icd10cm_valid", std::mem::take(&mut self.tables.cm_valid)),
            _ => ("icd10pcs_valid", std::mem::take(&mut self.tables.pcs_valid)),
        };
        for (n, line) in rows(&text) {
            let bad = |why| TableError::Line { name, line: n, why };
            let (code, spans) = line.split_once('\t').ok_or_else(|| bad("no tab"))?;
            let k = key(code).ok_or_else(|| bad("a code is longer than seven"))?;
            let first = self.periods.len() as u32;
            for s in spans.split(',') {
                let (from, last) = s.split_once('-').ok_or_else(|| bad("a period without a hyphen"))?;
                let from = day(from).ok_or_else(|| bad("a first day is no date"))?;
                let last = match last {
                    "" => None,
                    last => Some(day(last).ok_or_else(|| bad("a last day is no date"))?),
                };
                self.periods.push(Validity { from, last });
            }
            let count = (self.periods.len() as u32 - first).min(255) as u8;
            let node = if system == CodeSystem::Icd10cm { self.base_node(code) } else { NONE };
            let len = code.len() as u8;
            self.docs.push(Doc {
                system,
                code: k,
                len,
                node,
                valid: (first, count),
                usage: 0,
                header: false,
            });
        }
        Ok(())
    }

    /// Categories become documents too: they are found and lead to their children.
    fn add_headers(&mut self) {
        let known: std::collections::HashSet<[u8; 7]> = self.docs.iter().map(|d| d.code).collect();
        let mut more = Vec::new();
        for (at, n) in self.nodes.iter().enumerate() {
            if n.kind != NodeKind::Code || !(n.has_children || self.sevenths_of(at as u32).is_some()) {
                continue;
            }
            let code = get(&self.tables.cm_tabular, n.name);
            if let Some(k) = key(code).filter(|k| !known.contains(k)) {
                more.push(Doc {
                    system: CodeSystem::Icd10cm,
                    code: k,
                    len: code.len() as u8,
                    node: at as u32,
                    valid: (0, 0),
                    usage: 0,
                    header: true,
                });
            }
        }
        self.docs.extend(more);
    }

    fn read_usage(&mut self) {
        for (text, system) in [
            (std::mem::take(&mut self.tables.cm_usage), CodeSystem::Icd10cm),
            (std::mem::take(&mut self.tables.pcs_usage), CodeSystem::Icd10pcs),
        ] {
            for (_, line) in rows(&text) {
                let Some((level, codes)) = line.split_once('\t') else { continue };
                let level: u8 = level.parse().unwrap_or(0);
                for code in codes.split(' ') {
                    if let Some(i) = self.find(system, code) {
                        self.docs[i].usage = level;
                    }
                }
            }
        }
    }

    /// The listed code that `code` completes: itself, or without its 7th character and placeholders.
    fn base_node(&self, code: &str) -> u32 {
        if let Some(n) = key(code).and_then(|k| self.by_code.get(&k)) {
            return *n;
        }
        if code.len() == 7 {
            let mut base = &code[..6];
            loop {
                if let Some(n) = key(base).and_then(|k| self.by_code.get(&k)) {
                    return *n;
                }
                match base.strip_suffix('X') {
                    Some(shorter) => base = shorter,
                    None => break,
                }
            }
        }
        NONE
    }

    fn chain(&self, node: u32) -> impl Iterator<Item = &Node> {
        let mut at = node;
        std::iter::from_fn(move || {
            let n = self.nodes.get(at as usize)?;
            at = n.parent;
            Some(n)
        })
    }

    /// The node whose 7th characters a code takes: itself or the nearest above.
    fn sevenths_of(&self, node: u32) -> Option<&Node> {
        self.chain(node).find(|n| n.has_sevenths)
    }

    fn lines_of(&self, n: &Node) -> &[NoteLine] {
        let from = n.first_note as usize;
        self.note_lines.get(from..from + n.notes as usize).unwrap_or(&[])
    }

    fn find(&self, system: CodeSystem, code: &str) -> Option<usize> {
        let k = key(code)?;
        let (from, docs) = match system {
            CodeSystem::Icd10cm => (0, &self.docs[..self.cm_docs]),
            CodeSystem::Icd10pcs => (self.cm_docs, &self.docs[self.cm_docs..]),
            _ => return None,
        };
        docs.binary_search_by(|d| d.code.cmp(&k)).ok().map(|i| from + i)
    }

    pub fn docs(&self) -> &[Doc] {
        &self.docs
    }

    pub fn doc(&self, system: CodeSystem, code: &str) -> Option<&Doc> {
        self.find(system, &normal_code(code)).map(|i| &self.docs[i])
    }

    /// Every document whose code begins so, in order.
    pub fn beginning(&self, system: CodeSystem, prefix: &str) -> &[Doc] {
        let docs = match system {
            CodeSystem::Icd10cm => &self.docs[..self.cm_docs],
            CodeSystem::Icd10pcs => &self.docs[self.cm_docs..],
            _ => return &[],
        };
        let from = docs.partition_point(|d| d.code() < prefix);
        let n = docs[from..].partition_point(|d| d.code().starts_with(prefix));
        &docs[from..from + n]
    }

    pub fn validity(&self, doc: &Doc) -> &[Validity] {
        let from = doc.valid.0 as usize;
        self.periods.get(from..from + usize::from(doc.valid.1)).unwrap_or(&[])
    }

    pub fn is_billable(&self, doc: &Doc, on: NaiveDate) -> bool {
        self.validity(doc).iter().any(|v| v.holds(on))
    }

    /// The official title; a 7th-character code takes the title of the code it completes and the meaning.
    pub fn title_of(&self, doc: &Doc) -> String {
        if doc.system == CodeSystem::Icd10pcs {
            return self
                .pcs_titles
                .get(&doc.code)
                .map(|s| get(&self.tables.pcs_titles, *s).to_string())
                .unwrap_or_default();
        }
        if let Some(s) = self.cm_titles.get(&doc.code) {
            return get(&self.tables.cm_titles, *s).to_string();
        }
        let Some(node) = self.nodes.get(doc.node as usize) else { return String::new() };
        let base = get(&self.tables.cm_tabular, node.title);
        if doc.len == 7 && get(&self.tables.cm_tabular, node.name).len() < 7 {
            let ch = doc.code[6];
            let meaning = self.sevenths_of(doc.node).and_then(|n| {
                self.lines_of(n)
                    .iter()
                    .find(|l| l.kind == ch | 0x80)
                    .map(|l| get(&self.tables.cm_tabular, l.text))
            });
            if let Some(m) = meaning {
                return format!("{base}, {m}");
            }
        }
        base.to_string()
    }

    pub fn title(&self, system: CodeSystem, code: &str) -> Option<String> {
        let code = normal_code(code);
        if system == CodeSystem::Hcpcs {
            return self.hcpcs.get(&code).cloned();
        }
        self.doc(system, &code).map(|d| self.title_of(d)).filter(|t| !t.is_empty())
    }

    /// The starter list of HCPCS Level II codes.
    pub fn hcpcs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.hcpcs.iter().map(|(c, t)| (c.as_str(), t.as_str()))
    }

    /// Choices of the 7th character that make a code valid on the date; empty where the code takes none.
    pub fn sevenths(&self, code: &str, on: NaiveDate) -> Vec<(char, String)> {
        let code = normal_code(code);
        let node = self.base_node(&code);
        let Some(n) = self.nodes.get(node as usize).filter(|n| !n.has_children && n.kind == NodeKind::Code)
        else {
            return Vec::new();
        };
        let base = get(&self.tables.cm_tabular, n.name);
        if base.len() > 6 {
            return Vec::new();
        }
        let Some(owner) = self.sevenths_of(node) else { return Vec::new() };
        self.lines_of(owner)
            .iter()
            .filter(|l| l.kind & 0x80 != 0)
            .map(|l| (char::from(l.kind & 0x7f), get(&self.tables.cm_tabular, l.text).to_string()))
            .filter(|(c, _)| {
                let full = format!("{base:X<6}{c}");
                self.doc(CodeSystem::Icd10cm, &full).is_some_and(|d| self.is_billable(d, on))
            })
            .collect()
    }

    /// Codes one level below: listed children, or what the validity list has below a code that became a header.
    pub fn children(&self, code: &str, on: NaiveDate) -> Vec<String> {
        let code = normal_code(code);
        let mut longer: Vec<String> = self
            .beginning(CodeSystem::Icd10cm, &code)
            .iter()
            .filter(|d| d.code() != code && (d.header || self.is_billable(d, on)))
            .map(|d| d.code().to_string())
            .collect();
        let shortest = longer.iter().map(String::len).min().unwrap_or(0);
        longer.retain(|c| c.len() == shortest);
        longer
    }

    /// Notes of a code and everything above it, nearest first.
    pub fn notes(&self, code: &str) -> Vec<BookNote> {
        let node = self.base_node(&normal_code(code));
        let mut out = Vec::new();
        for n in self.chain(node) {
            let at = get(&self.tables.cm_tabular, n.name);
            for kind in ['F', 'U', 'A', '1', '2', 'I', 'T', 'N'] {
                let lines: Vec<&str> = self
                    .lines_of(n)
                    .iter()
                    .filter(|l| l.kind == kind as u8)
                    .map(|l| get(&self.tables.cm_tabular, l.text))
                    .collect();
                out.extend(joined(kind, at, &lines));
            }
        }
        out
    }

    /// Inclusion terms of exactly this listed code: other names of it.
    pub fn inclusion_terms(&self, doc: &Doc) -> impl Iterator<Item = &str> {
        let node = self.nodes.get(doc.node as usize);
        let lines = node.map(|n| self.lines_of(n)).unwrap_or(&[]);
        lines.iter().filter(|l| l.kind == b'T').map(|l| get(&self.tables.cm_tabular, l.text))
    }

    pub fn shorthand(&self) -> &str {
        &self.tables.shorthand
    }
}

fn title_map(text: &str) -> HashMap<[u8; 7], Span> {
    rows(text)
        .filter_map(|(_, l)| l.split_once('\t'))
        .filter_map(|(code, title)| Some((key(code)?, span(text, title))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static BOOK: LazyLock<Book> = LazyLock::new(|| Book::build(Tables::shipped().unwrap()).unwrap());

    fn on(d: &str) -> NaiveDate {
        d.parse().unwrap()
    }

    #[test]
    fn titles_and_validity() {
        let t = |c: &str| BOOK.title(CodeSystem::Icd10cm, c).unwrap();
        assert_eq!(t("E11.22"), "Type 2 diabetes mellitus with diabetic chronic kidney disease");
        assert_eq!(
            t("W01.0XXA"),
            "Fall on same level from slipping, tripping and stumbling without subsequent striking against object, initial encounter"
        );
        let doc = |c: &str| BOOK.doc(CodeSystem::Icd10cm, c).unwrap();
        assert!(BOOK.is_billable(doc("E1122"), on("2026-11-03")));
        assert!(doc("E11").header);
        assert!(BOOK.is_billable(doc("I420"), on("2026-09-30")));
        assert!(!BOOK.is_billable(doc("I420"), on("2026-10-01")));
        assert!(BOOK.children("I420", on("2026-10-01")).contains(&"I4200".to_string()));
        assert!(BOOK.title(CodeSystem::Icd10pcs, "02HV33Z").is_some());
    }

    #[test]
    fn sevenths_and_notes() {
        let s: Vec<char> = BOOK.sevenths("S51.811", on("2026-11-03")).into_iter().map(|(c, _)| c).collect();
        assert_eq!(s, ['A', 'D', 'S']);
        assert_eq!(BOOK.sevenths("W01.0", on("2026-11-03")).len(), 3);
        assert!(BOOK.sevenths("E11.22", on("2026-11-03")).is_empty());
        let notes = BOOK.notes("E1122");
        assert_eq!(
            (notes[0].kind, notes[0].at.as_str(), notes[0].ranges[0].first.as_str()),
            ('U', "E1122", "N181")
        );
        assert!(
            notes.iter().any(|n| n.at == "E11" && n.kind == '1' && n.ranges.iter().any(|r| r.first == "E10"))
        );
        assert!(notes.iter().any(|n| n.at == "E08-E13" || n.at == "4"));
    }
}
