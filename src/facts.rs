//! The code book as the edits and the screen ask about it.
//!
//! Owns the answers of `CodeFacts` over the mapped book, and searches inside the codes that a note names.
//! Immutable; shared by threads.

use crate::codes::{self, Book, CodeStatus, Overlay, Target};
use crate::codes_file::{self, CodesFileError, SharedBook};
use crate::domain::{CodeRange, CodeSystem, FeeTable, normal_code};
use crate::edits::facts::names_the_side;
use crate::edits::tables::Tables;
use crate::edits::{CodeFacts, EditPolicy, Note, NoteKind, Status};
use crate::search::{self, Hit, Prior, Query, Results};
use crate::table_store::TableStore;
use chrono::NaiveDate;
use std::path::Path;

/// Everything about codes: the mapped book, and the order of use that ships.
pub struct Codes {
    pub book: SharedBook,
    shipped: Prior,
    /// Imported payment tables and the site's severities, as they were at the start.
    tables: Tables,
    policy: EditPolicy,
}

/// A question of a field: like `search::Query`, with the codes a note names and the site's own numbers.
pub struct Ask<'a> {
    pub text: &'a str,
    pub systems: &'a [CodeSystem],
    pub prefer: CodeSystem,
    pub date: NaiveDate,
    pub limit: usize,
    pub within: &'a [CodeRange],
    pub overlay: &'a Overlay,
}

/// Codes listed when a note names a whole range.
const MOST_LISTED: usize = 2000;

impl Codes {
    /// Maps the book in `dir`; makes it first, in a second or two, when it is missing or of other tables.
    pub fn open(dir: &Path, progress: &mut dyn FnMut(&str, u8)) -> Result<Codes, CodesFileError> {
        Ok(Codes::of(codes_file::open(dir, progress)?))
    }

    fn of(book: SharedBook) -> Codes {
        Codes { book, shipped: Prior::shipped(), tables: Tables::default(), policy: EditPolicy::default() }
    }

    /// The same, with what the site imported and how severe it wants its edits.
    pub fn with_edits(self, tables: Tables, policy: EditPolicy) -> Codes {
        Codes { tables, policy, ..self }
    }

    /// The same with what the site has loaded.
    pub fn open_site(
        dir: &Path,
        store: &TableStore,
        progress: &mut dyn FnMut(&str, u8),
    ) -> Result<Codes, CodesFileError> {
        Ok(Codes::of(codes_file::open_site(dir, store, progress)?))
    }

    /// What is used here, as an order for `search_by`.
    pub fn prior<'a>(&self, uses: impl IntoIterator<Item = (CodeSystem, &'a str, f32, f32)>) -> Prior {
        Prior::with_uses(&self.book, uses)
    }

    /// By the shipped order of use alone.
    pub fn search(&self, ask: &Ask<'_>, abandon: &dyn Fn() -> bool) -> Results {
        self.search_by(ask, &self.shipped, abandon)
    }

    pub fn search_by(&self, ask: &Ask<'_>, prior: &Prior, abandon: &dyn Fn() -> bool) -> Results {
        let targets: Vec<Target> = ask.within.iter().map(target).collect();
        let mut query = Query {
            text: ask.text,
            systems: ask.systems,
            prefer: Some(ask.prefer),
            date: ask.date,
            limit: ask.limit,
            within: (!targets.is_empty()).then_some(targets.as_slice()),
            overlay: Some(ask.overlay),
        };
        if targets.is_empty() {
            return search::run(&self.book, &query, prior, abandon);
        }
        // The codes a note names are few: they stand in order, and digits of the code itself narrow them.
        let typed = normal_code(ask.text);
        query.text = "";
        query.limit = MOST_LISTED;
        let mut all = search::run(&self.book, &query, prior, abandon);
        all.hits.sort_by(|a, b| a.code.cmp(&b.code));
        if !typed.is_empty() {
            let by_code: Vec<Hit> = all.hits.iter().filter(|h| h.code.contains(&typed)).cloned().collect();
            if by_code.is_empty() {
                query.text = ask.text;
                query.limit = ask.limit;
                return search::run(&self.book, &query, prior, abandon);
            }
            all.hits = by_code;
            all.hits.sort_by_key(|h| (!h.code.ends_with(&typed), !h.billable));
        }
        all.total = all.hits.len();
        all.hits.truncate(ask.limit);
        all
    }
}

/// The site's numbers for a search, from its fee table.
pub fn overlay(fees: &FeeTable) -> Overlay {
    let mut overlay = Overlay::new();
    for (code, fee) in &fees.0 {
        overlay.add(code, fee.text.as_deref());
    }
    overlay
}

fn target(r: &CodeRange) -> Target {
    match r.first == r.last {
        true => Target::Prefix(r.first.clone()),
        false => Target::Range(r.first.clone(), r.last.clone()),
    }
}

fn range(t: &Target) -> CodeRange {
    match t {
        Target::Code(c) | Target::Prefix(c) => CodeRange::one(c),
        Target::Range(a, b) => CodeRange { first: a.clone(), last: b.clone() },
        Target::Limited(inner, _) => range(inner),
    }
}

fn kind(k: codes::NoteKind) -> Option<NoteKind> {
    use codes::NoteKind as K;
    Some(match k {
        K::CodeFirst => NoteKind::CodeFirst,
        K::UseAdditional => NoteKind::UseAdditional,
        K::CodeAlso => NoteKind::CodeAlso,
        K::Excludes1 => NoteKind::Excludes1,
        K::Excludes2 => NoteKind::Excludes2,
        K::Includes => NoteKind::Includes,
        K::Inclusion => NoteKind::Inclusion,
        K::Text => NoteKind::Text,
        // The picker shows them.
        K::Seventh => return None,
    })
}

fn billable(book: &Book, code: &str, on: NaiveDate) -> bool {
    book.status(CodeSystem::Icd10cm, code, on) == CodeStatus::Valid
}

impl Codes {
    /// Procedure codes are checked only where the site has loaded the list they stand in, and are
    /// unknown only on the days that list is for.
    fn listed_status(&self, system: CodeSystem, code: &str, on: NaiveDate) -> Status {
        if !self.book.has_list(system) {
            return Status::Unchecked;
        }
        match self.book.status(system, code, on) {
            CodeStatus::Valid => Status::Valid,
            CodeStatus::NotYet { from } => Status::NotYet { from },
            CodeStatus::Expired { last_day } => Status::Expired { last: last_day },
            _ if self.book.complete_on(system, on) => Status::Unknown,
            _ => Status::Unchecked,
        }
    }
}

impl CodeFacts for Codes {
    fn status(&self, system: CodeSystem, code: &str, on: NaiveDate) -> Status {
        let code = normal_code(code);
        if matches!(system, CodeSystem::Cpt | CodeSystem::Hcpcs) {
            return self.listed_status(system, &code, on);
        }
        let children =
            || -> Vec<String> { self.book.children_on(&code, on).into_iter().map(|e| e.code).collect() };
        match self.book.status(system, &code, on) {
            CodeStatus::Valid => Status::Valid,
            CodeStatus::NotYet { from } => Status::NotYet { from },
            CodeStatus::Expired { last_day } => match system {
                // A code that became a category offers what is below it now.
                CodeSystem::Icd10cm if !children().is_empty() => Status::Header { children: children() },
                _ => Status::Expired { last: last_day },
            },
            CodeStatus::Header => Status::Header { children: children() },
            CodeStatus::NeedsSeventh => {
                let complete = |c: &char| billable(&self.book, &codes::pad_seventh(&code, *c), on);
                let choices = self.book.seventh(&code).into_iter().filter(|(c, _)| complete(c)).collect();
                Status::NeedsSeventh { choices }
            }
            CodeStatus::Unknown => match system {
                CodeSystem::Icd10pcs if code.len() < 7 && !self.book.starting(system, &code).is_empty() => {
                    Status::Header { children: Vec::new() }
                }
                _ => Status::Unknown,
            },
        }
    }

    fn title(&self, system: CodeSystem, code: &str) -> Option<String> {
        self.book.title(system, &normal_code(code))
    }

    fn excludes1(&self, a: &str, b: &str) -> Option<String> {
        let n = self.book.excludes1(&normal_code(a), &normal_code(b))?;
        Some(format!("{}: Excludes1 {}", n.level, n.text))
    }

    fn notes(&self, code: &str) -> Vec<Note> {
        let mut out: Vec<Note> = Vec::new();
        let mut list: Option<(String, usize)> = None;
        for n in self.book.notes(&normal_code(code)) {
            let Some(kind) = kind(n.kind) else { continue };
            let at = n.level.strip_prefix("chapter ").unwrap_or(&n.level).to_string();
            let text = match &n.heading {
                Some(h) => format!("{h} {}", n.text),
                None => n.text.clone(),
            };
            let note = Note { kind, at: at.clone(), text, ranges: n.targets.iter().map(range).collect() };
            // Choices under one heading go by code, as the printed book has them; two names of one code are one.
            let key = n.heading.map(|h| format!("{at} {kind:?} {h}"));
            match (&list, key) {
                (Some((now, from)), Some(key)) if *now == key => {
                    let first = |n: &Note| n.ranges.first().map(|r| r.first.clone());
                    let place = out[*from..].iter().position(|o| first(o) > first(&note)).map(|i| from + i);
                    if !out[*from..].iter().any(|o| !o.ranges.is_empty() && o.ranges == note.ranges) {
                        out.insert(place.unwrap_or(out.len()), note);
                    }
                }
                (_, key) => {
                    list = key.map(|k| (k, out.len()));
                    out.push(note);
                }
            }
        }
        out
    }

    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn policy(&self) -> &EditPolicy {
        &self.policy
    }

    /// No package carries the list of exempt codes: a site loads it.
    fn poa_exempt(&self, code: &str, on: NaiveDate) -> Option<bool> {
        self.book.poa_exempt(code, on)
    }

    fn usage(&self, code: &str) -> u8 {
        self.book.lookup(CodeSystem::Icd10cm, &normal_code(code)).map_or(0, |e| e.usage)
    }

    fn sided(&self, code: &str) -> Vec<String> {
        let code = normal_code(code);
        let Some(title) = self.book.title(CodeSystem::Icd10cm, &code).filter(|t| t.contains("unspecified"))
        else {
            return Vec::new();
        };
        let parent: String = code.chars().take(code.len().min(6).saturating_sub(1).max(3)).collect();
        let docs = self.book.starting(CodeSystem::Icd10cm, &parent);
        docs.filter(|d| self.book.doc_code(*d).len() == code.len() && self.book.doc_code(*d) != code)
            .filter(|d| self.book.doc_title(*d).is_some_and(|t| names_the_side(&title, &t)))
            .map(|d| self.book.doc_code(d).to_string())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static CODES: LazyLock<Codes> = LazyLock::new(|| {
        Codes::open(&std::env::temp_dir().join("codesk-test-book"), &mut |_, _| {}).unwrap()
    });

    fn status(code: &str, on: &str) -> Status {
        CODES.status(CodeSystem::Icd10cm, code, on.parse().unwrap())
    }

    #[test]
    fn validity_by_date() {
        assert_eq!(status("E11.22", "2026-11-03"), Status::Valid);
        assert!(
            matches!(status("I42.0", "2026-11-03"), Status::Header { children } if children.contains(&"I4200".into()))
        );
        assert_eq!(status("I42.0", "2026-09-30"), Status::Valid);
        assert!(matches!(status("I42.00", "2026-09-30"), Status::NotYet { .. }));
        assert!(
            matches!(status("S51.811", "2026-11-03"), Status::NeedsSeventh { choices } if choices.len() == 3)
        );
        assert!(matches!(status("E11", "2026-11-03"), Status::Header { .. }));
        assert_eq!(status("E11.99", "2026-11-03"), Status::Unknown);
        assert_eq!(
            CODES.status(CodeSystem::Icd10pcs, "02HV33Z", "2026-11-03".parse().unwrap()),
            Status::Valid
        );
        assert!(matches!(
            CODES.status(CodeSystem::Icd10pcs, "02H", "2026-11-03".parse().unwrap()),
            Status::Header { .. }
        ));
    }

    #[test]
    fn pairs_and_sides() {
        assert!(CODES.excludes1("E1122", "E1065").is_some());
        assert!(CODES.excludes1("E1122", "I129").is_none());
        assert!(CODES.sided("M25.569").iter().any(|c| c == "M25561"));
    }
}
