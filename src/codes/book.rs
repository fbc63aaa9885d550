//! The book: everything about a code, read from one run of bytes.
//!
//! Owns look-up, status on a date, titles, hierarchy, 7th characters and notes.
//! Never copies the bytes it is given and never reads a file: the caller maps one and hands it
//! over behind an `Arc`. Every number read is checked against its section, so that damaged bytes
//! give wrong answers at worst; `open` refuses them by checksum before that.
//! Pure; shared by every thread.

use super::format::{Layout, Section, U16s, U32s};
use super::index::Index;
use super::notes::{Note, NoteKind, unfold};
use super::{BookError, CodeSystem, class, normal_code};
use chrono::{Datelike, NaiveDate};
use std::ops::Range;
use std::sync::Arc;

const RECORD: usize = 28;
const NONE: u32 = u32::MAX;

/// What a code is on a date of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeStatus {
    Valid,
    /// A heading: one of the codes below it must be chosen.
    Header,
    /// Complete but for its 7th character (and X before it).
    NeedsSeventh,
    NotYet {
        from: NaiveDate,
    },
    Expired {
        last_day: NaiveDate,
    },
    Unknown,
}

/// A code as the book knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub system: CodeSystem,
    pub code: String,
    /// Nothing when the loaded tables have no title (new codes before their file is loaded).
    pub title: Option<String>,
    /// Valid for a claim on some date.
    pub billable: bool,
    /// How often it is used, 0 to 15.
    pub usage: u8,
    pub doc: u32,
}

/// Bytes a book stands on: a memory map or a vector.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// See the module's head.
#[derive(Clone)]
pub struct Book {
    bytes: SharedBytes,
    layout: Arc<Layout>,
    systems: [Range<usize>; 4],
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("codes", &self.systems[3].end).finish_non_exhaustive()
    }
}

pub(super) fn ymd(date: NaiveDate) -> u32 {
    date.year().clamp(0, 9999) as u32 * 10_000 + date.month() * 100 + date.day()
}

fn date(ymd: u32) -> NaiveDate {
    if ymd == 0 {
        // a list without dates: valid since ever
        return NaiveDate::MIN;
    }
    NaiveDate::from_ymd_opt((ymd / 10_000) as i32, ymd / 100 % 100, ymd % 100).unwrap_or(NaiveDate::MAX)
}

impl Book {
    /// Checks header and sums of bytes that stay where they are.
    pub fn open(bytes: SharedBytes) -> Result<Book, BookError> {
        let layout = Layout::check((*bytes).as_ref())?;
        let mut book = Book { bytes, layout: Arc::new(layout), systems: Default::default() };
        let n = book.part(Section::Docs).len() / RECORD;
        let mut from = 0;
        for (i, system) in CodeSystem::ALL.into_iter().enumerate() {
            let to = from + partition(n - from, |k| book.class(from + k) <= system);
            book.systems[i] = from..to;
            from = to;
        }
        Ok(book)
    }

    /// As `open`, over a copy of the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Book, BookError> {
        Book::open(Arc::new(bytes.to_vec()))
    }

    /// Hash of the tables the book was made from.
    pub fn tables_hash(&self) -> [u8; 32] {
        self.layout.tables_hash
    }

    pub(super) fn part(&self, section: Section) -> &[u8] {
        self.layout.part((*self.bytes).as_ref(), section)
    }

    fn class(&self, doc: usize) -> CodeSystem {
        class::system_of(U16s(self.part(Section::Class)).get(doc))
    }

    fn record(&self, doc: usize) -> &[u8] {
        self.part(Section::Docs).get(doc * RECORD..(doc + 1) * RECORD).unwrap_or(&[0; RECORD])
    }

    pub(super) fn text(&self, at: u32, len: u32) -> &str {
        let part = self.part(Section::Text).get(at as usize..(at as usize).saturating_add(len as usize));
        part.and_then(|p| std::str::from_utf8(p).ok()).unwrap_or("")
    }

    /// Number of codes of a system.
    pub fn count(&self, system: CodeSystem) -> usize {
        self.systems[class::system_index(system)].len()
    }

    /// The documents of a system, in the order of their codes.
    pub fn docs(&self, system: CodeSystem) -> Range<u32> {
        let r = &self.systems[class::system_index(system)];
        r.start as u32..r.end as u32
    }

    pub fn doc_code(&self, doc: u32) -> &str {
        let r = self.record(doc as usize);
        let len = usize::from(r.get(7).copied().unwrap_or(0)).min(7);
        std::str::from_utf8(&r[..len]).unwrap_or("")
    }

    pub fn doc_system(&self, doc: u32) -> CodeSystem {
        self.class(doc as usize)
    }

    pub fn doc_title(&self, doc: u32) -> Option<String> {
        let r = U32s(self.record(doc as usize));
        let (main, tail) = (self.text(r.get(3), r.get(4)), self.text(r.get(5), r.get(6)));
        match (main, tail) {
            ("", _) => None,
            (main, "") => Some(main.to_string()),
            (main, tail) => Some(format!("{main}, {tail}")),
        }
    }

    pub(super) fn doc_parent(&self, doc: u32) -> Option<u32> {
        let p = U32s(self.record(doc as usize)).get(2);
        (p != NONE).then_some(p)
    }

    pub fn doc_entry(&self, doc: u32) -> Entry {
        Entry {
            system: self.doc_system(doc),
            code: self.doc_code(doc).to_string(),
            title: self.doc_title(doc),
            billable: self.billable(doc),
            usage: self.part(Section::Prior).get(doc as usize).copied().unwrap_or(0),
            doc,
        }
    }

    fn billable(&self, doc: u32) -> bool {
        U16s(self.part(Section::Class)).get(doc as usize) & class::BILLABLE != 0
    }

    /// Documents whose code begins with `prefix`.
    pub fn starting(&self, system: CodeSystem, prefix: &str) -> Range<u32> {
        let all = self.docs(system);
        let n = all.len();
        let from = partition(n, |i| self.doc_code(all.start + i as u32) < prefix);
        let len = partition(n - from, |i| self.doc_code(all.start + (from + i) as u32).starts_with(prefix));
        all.start + from as u32..all.start + (from + len) as u32
    }

    /// The document of exactly this code (no dot, upper case).
    pub fn find(&self, system: CodeSystem, code: &str) -> Option<u32> {
        let hits = self.starting(system, code);
        (!hits.is_empty() && self.doc_code(hits.start) == code).then_some(hits.start)
    }

    pub fn lookup(&self, system: CodeSystem, code: &str) -> Option<Entry> {
        self.find(system, &normal_code(code)).map(|doc| self.doc_entry(doc))
    }

    pub fn title(&self, system: CodeSystem, code: &str) -> Option<String> {
        self.doc_title(self.find(system, &normal_code(code))?)
    }

    /// First and last day (open: nothing) of each period in which the code is valid.
    pub fn periods(&self, system: CodeSystem, code: &str) -> Vec<(NaiveDate, Option<NaiveDate>)> {
        let Some(doc) = self.find(system, &normal_code(code)) else { return Vec::new() };
        let spans = self.spans(U16s(self.part(Section::ValidOf)).get(doc as usize));
        spans.map(|(from, to)| (date(from), (to != 0).then(|| date(to)))).collect()
    }

    /// First and last days of a document's periods.
    pub(super) fn spans_of(&self, doc: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.spans(U16s(self.part(Section::ValidOf)).get(doc as usize))
    }

    pub(super) fn spans(&self, list: u16) -> impl Iterator<Item = (u32, u32)> + '_ {
        let r = U32s(self.part(Section::ValidStart)).span(usize::from(list));
        let spans = U32s(self.part(Section::ValidSpans));
        r.map(move |i| (spans.get(2 * i), spans.get(2 * i + 1)))
    }

    /// Which lists of validity periods hold on a date, by their number.
    pub fn lists_valid_on(&self, day: NaiveDate) -> Vec<bool> {
        let n = U32s(self.part(Section::ValidStart)).len().saturating_sub(1).min(usize::from(u16::MAX));
        let day = ymd(day);
        (0..n).map(|i| self.spans(i as u16).any(|(from, to)| from <= day && (to == 0 || day <= to))).collect()
    }

    /// What the code is on a date of service.
    pub fn status(&self, system: CodeSystem, code: &str, day: NaiveDate) -> CodeStatus {
        let code = normal_code(code);
        let below = self.starting(system, &code);
        if code.is_empty() || below.is_empty() {
            return CodeStatus::Unknown;
        }
        let exact = Some(below.start).filter(|&d| self.doc_code(d) == code);
        let has_codes_below = below.len() > usize::from(exact.is_some());
        let (mut next, mut last) = (None, None);
        if let Some(doc) = exact {
            let today = ymd(day);
            for (from, to) in self.spans(U16s(self.part(Section::ValidOf)).get(doc as usize)) {
                if from <= today && (to == 0 || today <= to) {
                    return CodeStatus::Valid;
                }
                if today < from {
                    next = next.or(Some(from));
                } else {
                    last = Some(to);
                }
            }
        }
        match (next, last) {
            (Some(from), _) => CodeStatus::NotYet { from: date(from) },
            // a code that was split lives on as a heading
            (None, Some(last)) if !has_codes_below => CodeStatus::Expired { last_day: date(last) },
            _ if system == CodeSystem::Icd10cm && !self.seventh(&code).is_empty() => CodeStatus::NeedsSeventh,
            _ => CodeStatus::Header,
        }
    }

    /// The codes one step below a diagnosis code, in order.
    pub fn children(&self, code: &str) -> Vec<Entry> {
        let code = normal_code(code);
        let Some(doc) = self.find(CodeSystem::Icd10cm, &code) else { return Vec::new() };
        self.starting(CodeSystem::Icd10cm, &code)
            .filter(|&d| self.doc_parent(d) == Some(doc))
            .map(|d| self.doc_entry(d))
            .collect()
    }

    /// The code one step above a diagnosis code.
    pub fn parent(&self, code: &str) -> Option<Entry> {
        let doc = self.find(CodeSystem::Icd10cm, &normal_code(code))?;
        let parent = self.doc_parent(doc)?;
        ((parent as usize) < self.systems[3].end).then(|| self.doc_entry(parent))
    }

    /// The listed code a written one stands on: itself, or itself without 7th character and X.
    pub(super) fn listed(&self, code: &str) -> Option<u32> {
        let mut code = code;
        while code.len() >= 3 {
            if let Some(doc) = self.find(CodeSystem::Icd10cm, code) {
                return Some(doc);
            }
            code =
                code.strip_suffix('X').or_else(|| code.get(..code.len() - 1).filter(|_| code.len() == 7))?;
        }
        None
    }

    /// The 7th characters that complete a code, with their meaning; none if it takes none.
    pub fn seventh(&self, code: &str) -> Vec<(char, String)> {
        let code = normal_code(code);
        let base = code.trim_end_matches('X');
        if code.len() > 6 || self.find(CodeSystem::Icd10cm, base).is_none() {
            return Vec::new();
        }
        let Some(doc) = self.find(CodeSystem::Icd10cm, base) else { return Vec::new() };
        let (starts, list) = (U32s(self.part(Section::SeventhStart)), U32s(self.part(Section::Sevenths)));
        let mut node = Some(doc);
        while let Some(n) = node {
            if let Some(r) = rows_of(starts, n) {
                return r
                    .map(|i| (list.get(3 * i), self.text(list.get(3 * i + 1), list.get(3 * i + 2))))
                    .filter_map(|(c, text)| Some((char::from_u32(c)?, text.to_string())))
                    .filter(|(c, _)| self.find(CodeSystem::Icd10cm, &pad_seventh(base, *c)).is_some())
                    .collect();
            }
            node = self.above(n);
        }
        Vec::new()
    }

    /// The node above a code, section or chapter.
    pub(super) fn above(&self, node: u32) -> Option<u32> {
        let docs = self.systems[3].end as u32;
        if node < docs {
            return self.doc_parent(node);
        }
        let p = U32s(self.part(Section::Groups)).get((node - docs) as usize * 5);
        // groups point upward only; anything else is damage
        (docs <= p && p < node).then_some(p)
    }

    /// Section and chapter of a diagnosis code: identifier and title, nearest first.
    pub fn groups(&self, code: &str) -> Vec<(String, String)> {
        let mut node = self.listed(&normal_code(code));
        let mut out = Vec::new();
        for _ in 0..16 {
            let Some(n) = node else { break };
            if n as usize >= self.systems[3].end {
                out.push((self.name_of(n).to_string(), self.group_field(n, 3).to_string()));
            }
            node = self.above(n);
        }
        out
    }

    /// Number of the first section or chapter: nodes below it are codes.
    pub(super) fn first_group(&self) -> u32 {
        self.systems[3].end as u32
    }

    /// One past the last section or chapter.
    pub(super) fn end_of_groups(&self) -> u32 {
        self.first_group() + (U32s(self.part(Section::Groups)).len() / 5) as u32
    }

    pub(super) fn group_field(&self, node: u32, word: usize) -> &str {
        let at = (node as usize).saturating_sub(self.systems[3].end) * 5 + word;
        let g = U32s(self.part(Section::Groups));
        self.text(g.get(at), g.get(at + 1))
    }

    pub(super) fn name_of(&self, node: u32) -> &str {
        match (node as usize) < self.systems[3].end {
            true => self.doc_code(node),
            false => self.group_field(node, 1),
        }
    }

    /// Notes of a diagnosis code and of everything above it, nearest first.
    pub fn notes(&self, code: &str) -> Vec<Note> {
        self.notes_from(self.listed(&normal_code(code)))
    }

    /// Notes of a node and of everything above it, nearest first.
    pub(super) fn notes_from(&self, mut node: Option<u32>) -> Vec<Note> {
        let mut out = Vec::new();
        let (starts, list) = (U32s(self.part(Section::NoteStart)), U32s(self.part(Section::Notes)));
        for _ in 0..16 {
            let Some(n) = node else { break };
            if let Some(r) = rows_of(starts, n) {
                let lines: Vec<(NoteKind, &str)> = r
                    .map(|i| {
                        let text = self.text(list.get(3 * i + 1), list.get(3 * i + 2));
                        (NoteKind::of_number(list.get(3 * i)), text)
                    })
                    .collect();
                out.extend(unfold(self.name_of(n), &lines));
            }
            node = self.above(n);
        }
        out
    }

    /// The note that forbids two codes on one claim, whichever of them it stands on.
    pub fn excludes1(&self, a: &str, b: &str) -> Option<Note> {
        let (a, b) = (normal_code(a), normal_code(b));
        let forbids = |on: &str, other: &str| {
            self.notes(on).into_iter().find(|n| {
                // a note that names the code it stands on speaks of its neighbours, not of itself
                n.kind == NoteKind::Excludes1 && n.targets.iter().any(|t| t.matches(other) && !t.matches(on))
            })
        };
        if a == b { None } else { forbids(&a, &b).or_else(|| forbids(&b, &a)) }
    }

    /// The words an abbreviation stands for, alternatives in order.
    pub fn shorthand(&self, key: &str) -> Option<&str> {
        let list = U32s(self.part(Section::Shorthand));
        let n = list.len() / 4;
        let i = partition(n, |i| self.text(list.get(4 * i), list.get(4 * i + 1)) < key);
        (i < n && self.text(list.get(4 * i), list.get(4 * i + 1)) == key)
            .then(|| self.text(list.get(4 * i + 2), list.get(4 * i + 3)))
    }

    /// Places of service: code and official text.
    pub fn places(&self) -> Vec<(&str, &str)> {
        let list = U32s(self.part(Section::Places));
        (0..list.len() / 4)
            .map(|i| {
                let (code, text) = (4 * i, 4 * i + 2);
                (self.text(list.get(code), list.get(code + 1)), self.text(list.get(text), list.get(text + 1)))
            })
            .collect()
    }

    /// The search sections.
    pub fn index(&self) -> Index<'_> {
        let u = |s| U32s(self.part(s));
        Index {
            vocab_start: u(Section::VocabStart),
            vocab_text: self.part(Section::VocabText),
            vocab_weight: u(Section::VocabWeight),
            post_start: u(Section::PostStart),
            posts: u(Section::Posts),
            phrase_start: u(Section::PhraseStart),
            phrase_tokens: u(Section::PhraseTokens),
            phrase_source: self.part(Section::PhraseSource),
            doc_phrase_start: u(Section::DocPhraseStart),
            doc_phrases: u(Section::DocPhrases),
            deletion_hash: u(Section::DeletionHash),
            deletion_token: u(Section::DeletionToken),
            short_start: u(Section::ShortStart),
            short_docs: u(Section::ShortDocs),
            prior: self.part(Section::Prior),
            class: U16s(self.part(Section::Class)),
            valid_of: U16s(self.part(Section::ValidOf)),
        }
    }
}

/// A code with placeholder X up to six characters and its 7th character: `W01.0` and `A` make
/// `W010XXA`.
pub fn pad_seventh(code: &str, seventh: char) -> String {
    let mut out = normal_code(code);
    out.truncate(6);
    while out.len() < 6 {
        out.push('X');
    }
    out.push(seventh.to_ascii_uppercase());
    out
}

/// The rows of node `id` in a list of (id, first, count).
pub(super) fn rows_of(starts: U32s<'_>, id: u32) -> Option<Range<usize>> {
    let n = starts.len() / 3;
    let i = partition(n, |i| starts.get(3 * i) < id);
    (i < n && starts.get(3 * i) == id).then(|| {
        let from = starts.get(3 * i + 1) as usize;
        from..from.saturating_add(starts.get(3 * i + 2) as usize)
    })
}

/// How many of `0..n` satisfy `before`, which holds for a first part and no further.
fn partition(n: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut lo, mut hi) = (0, n);
    while lo < hi {
        let mid = (lo + hi) / 2;
        if before(mid) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    lo
}
