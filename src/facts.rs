//! The code book as the edits and the screen ask about it.
//!
//! Owns the answers of `CodeFacts` over a `Book`, and the index that goes with it. Immutable; shared by threads.

use crate::codes::{Book, TableError, Tables};
use crate::domain::{CodeSystem, normal_code};
use crate::edits::facts::names_the_side;
use crate::edits::{CodeFacts, Note, NoteKind, Status};
use crate::search::Index;
use chrono::NaiveDate;

/// Everything about codes: the book and its search index.
pub struct Codes {
    pub book: Book,
    pub index: Index,
}

impl Codes {
    /// Reads the shipped tables; a third of a second.
    pub fn load() -> Result<Codes, TableError> {
        let book = Book::build(Tables::shipped()?)?;
        let index = Index::build(&book);
        Ok(Codes { book, index })
    }
}

fn kind(letter: char) -> NoteKind {
    match letter {
        'F' => NoteKind::CodeFirst,
        'U' => NoteKind::UseAdditional,
        'A' => NoteKind::CodeAlso,
        '1' => NoteKind::Excludes1,
        '2' => NoteKind::Excludes2,
        'I' => NoteKind::Includes,
        'T' => NoteKind::Inclusion,
        _ => NoteKind::Text,
    }
}

impl CodeFacts for Codes {
    fn status(&self, system: CodeSystem, code: &str, on: NaiveDate) -> Status {
        let code = normal_code(code);
        match system {
            CodeSystem::Cpt | CodeSystem::Hcpcs => return Status::Unchecked,
            CodeSystem::Icd10cm | CodeSystem::Icd10pcs => {}
        }
        let doc = self.book.doc(system, &code);
        if let Some(d) = doc.filter(|d| !d.header) {
            if self.book.is_billable(d, on) {
                return Status::Valid;
            }
            // A code that became a category offers what is below it now.
            let children = self.book.children(&code, on);
            if system == CodeSystem::Icd10cm && !children.is_empty() {
                return Status::Header { children };
            }
            let periods = self.book.validity(d);
            return match periods.iter().find(|v| v.from > on) {
                Some(v) => Status::NotYet { from: v.from },
                None => match periods.iter().filter_map(|v| v.last).max() {
                    Some(last) => Status::Expired { last },
                    None => Status::Unknown,
                },
            };
        }
        if system == CodeSystem::Icd10pcs {
            return match self.book.beginning(system, &code).is_empty() || code.len() >= 7 {
                true => Status::Unknown,
                false => Status::Header { children: Vec::new() },
            };
        }
        let choices = self.book.sevenths(&code, on);
        if !choices.is_empty() && doc.is_some() {
            return Status::NeedsSeventh { choices };
        }
        match self.book.children(&code, on) {
            c if c.is_empty() => Status::Unknown,
            children => Status::Header { children },
        }
    }

    fn title(&self, system: CodeSystem, code: &str) -> Option<String> {
        self.book.title(system, code)
    }

    fn excludes1(&self, a: &str, b: &str) -> Option<String> {
        let b = normal_code(b);
        let found = self
            .book
            .notes(a)
            .into_iter()
            .find(|n| n.kind == '1' && n.ranges.iter().any(|r| r.contains(&b)))?;
        Some(format!(
            "{}: Excludes1 {}",
            crate::domain::display_code(CodeSystem::Icd10cm, &found.at),
            found.text
        ))
    }

    fn notes(&self, code: &str) -> Vec<Note> {
        let notes = self.book.notes(code).into_iter();
        notes.map(|n| Note { kind: kind(n.kind), at: n.at, text: n.text, ranges: n.ranges }).collect()
    }

    /// No package carries the list of exempt codes: a site loads it.
    fn poa_exempt(&self, _: &str) -> Option<bool> {
        None
    }

    fn sided(&self, code: &str) -> Vec<String> {
        let code = normal_code(code);
        let Some(title) = self.book.title(CodeSystem::Icd10cm, &code) else { return Vec::new() };
        if !title.contains("unspecified") {
            return Vec::new();
        }
        let parent: String = code.chars().take(code.len().min(6).saturating_sub(1).max(3)).collect();
        let same_length = |c: &str| c.len() == code.len() && c != code;
        self.book
            .beginning(CodeSystem::Icd10cm, &parent)
            .iter()
            .filter(|d| !d.header && same_length(d.code()))
            .filter(|d| names_the_side(&title, &self.book.title_of(d)))
            .map(|d| d.code().to_string())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::load().unwrap());

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
