//! What the edits ask about codes.
//!
//! Owns the questions, as a trait: is a code billable on a date, what do the notes of its chapter, category
//! and code say, which codes exclude it. The answers come from the loaded code tables; `edits` never opens
//! a table itself, so that every rule can be tested with a handful of codes.
//! Codes are in normal form (upper case, no dot) on both sides. Pure; any thread.

use super::{policy::EditPolicy, tables::Tables};
use crate::domain::{CodeRange, CodeSystem};
use chrono::NaiveDate;

/// Ages for which a diagnosis is meant (MCE edit 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeGroup {
    Newborn,
    Pediatric,
    Maternity,
    Adult,
}

/// What the Medicare Code Editor lists a diagnosis under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DxFlags {
    pub age: Option<AgeGroup>,
    /// For one sex only; retired from the editor in 2024, kept for payers that still edit it.
    pub female: bool,
    pub male: bool,
    /// Never principal: it describes circumstances (MCE edit 9).
    pub unacceptable: bool,
    /// Needs a reason for admission besides it (MCE edit 8).
    pub questionable: bool,
    /// Leaves the side open although the chart of a stay can tell it (MCE edit 20).
    pub unspecified: bool,
}

/// Whether a code can be billed on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Valid,
    /// A category: one of its children has to be chosen.
    Header {
        children: Vec<String>,
    },
    /// Complete but for the 7th character; the choices with their meanings.
    NeedsSeventh {
        choices: Vec<(char, String)>,
    },
    /// Its first day of validity is later.
    NotYet {
        from: NaiveDate,
    },
    /// Its last day of validity is earlier.
    Expired {
        last: NaiveDate,
    },
    /// In no release of the loaded table.
    Unknown,
    /// No table of that system is loaded (CPT without the site's licensed file): nothing can be said.
    Unchecked,
}

/// Kinds of instructional notes. The edits follow the first four; the others are for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    CodeFirst,
    UseAdditional,
    CodeAlso,
    Excludes1,
    Excludes2,
    Includes,
    /// Inclusion terms: other names of the code itself.
    Inclusion,
    Text,
}

impl NoteKind {
    /// As the book prints it.
    pub fn label(self) -> &'static str {
        match self {
            NoteKind::CodeFirst => "code first",
            NoteKind::UseAdditional => "use additional",
            NoteKind::CodeAlso => "code also",
            NoteKind::Excludes1 => "Excludes1",
            NoteKind::Excludes2 => "Excludes2",
            NoteKind::Includes => "includes",
            NoteKind::Inclusion => "also called",
            NoteKind::Text => "note",
        }
    }
}

impl Status {
    /// Why a code of this status cannot be posted.
    pub fn words(&self) -> String {
        match self {
            Status::Valid | Status::Unchecked => "it is valid".into(),
            Status::Header { .. } => "it is a category, not a billable code".into(),
            Status::NeedsSeventh { .. } => "its 7th character is missing".into(),
            Status::NotYet { from } => format!("it begins on {from}"),
            Status::Expired { last } => format!("its last day was {last}"),
            Status::Unknown => "it is in no loaded table".into(),
        }
    }
}

/// A note that applies to a code, from itself or from anything above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub kind: NoteKind,
    /// The code, category or chapter the note is printed at.
    pub at: String,
    pub text: String,
    /// The codes it names; empty when it names none.
    pub ranges: Vec<CodeRange>,
}

pub trait CodeFacts {
    fn status(&self, system: CodeSystem, code: &str, on: NaiveDate) -> Status;
    fn title(&self, system: CodeSystem, code: &str) -> Option<String>;
    /// The Excludes1 note at `a` (or above it) that names `b`, with the code it stands on. Asked both ways.
    fn excludes1(&self, a: &str, b: &str) -> Option<String>;
    fn notes(&self, code: &str) -> Vec<Note>;
    /// CMS list of codes exempt from present-on-admission reporting on a day of discharge; `None`
    /// when the list of that day is not loaded.
    fn poa_exempt(&self, code: &str, on: NaiveDate) -> Option<bool>;

    /// How often the code is used, from never (0) to most (255); 0 where the tables cannot tell.
    fn usage(&self, _code: &str) -> u8 {
        0
    }
    /// Codes that say the side which `code` leaves unspecified; none when the tables cannot tell.
    fn sided(&self, _code: &str) -> Vec<String> {
        Vec::new()
    }
    /// The imported tables of payment rules.
    fn tables(&self) -> &Tables {
        Tables::none()
    }
    /// How severe this site wants each rule, and who may answer it.
    fn policy(&self) -> &EditPolicy {
        EditPolicy::none()
    }
    /// What the Medicare Code Editor says of a diagnosis on a day; `None` when its list is not loaded.
    fn dx_flags(&self, _code: &str, _on: NaiveDate) -> Option<DxFlags> {
        None
    }
    /// MCE manifestation list; `None` when it is not loaded, and the title decides.
    fn manifestation(&self, _code: &str) -> Option<bool> {
        None
    }
}

/// No table at all: nothing can be said of any code. What the workstation has until the book is open.
pub struct NoFacts;

impl CodeFacts for NoFacts {
    fn status(&self, _: CodeSystem, _: &str, _: NaiveDate) -> Status {
        Status::Unchecked
    }
    fn title(&self, _: CodeSystem, _: &str) -> Option<String> {
        None
    }
    fn excludes1(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn notes(&self, _: &str) -> Vec<Note> {
        Vec::new()
    }
    fn poa_exempt(&self, _: &str, _: NaiveDate) -> Option<bool> {
        None
    }
}

/// Whether `other` says the side that `title` leaves unspecified: for tables that answer `sided` from the
/// titles of sibling codes (`…, unspecified eye` beside `…, right eye` and `…, bilateral`).
pub fn names_the_side(title: &str, other: &str) -> bool {
    let Some(at) = title.rfind("unspecified ") else { return false };
    let (before, after) = (&title[..at], &title[at + "unspecified ".len()..]);
    ["right ", "left "]
        .iter()
        .any(|side| other.strip_prefix(before).and_then(|o| o.strip_prefix(side)).is_some_and(|o| o == after))
        || other
            .strip_prefix(before)
            .is_some_and(|o| o == "bilateral" || o.strip_prefix("bilateral ") == Some(after))
}

#[cfg(test)]
mod tests {
    use super::names_the_side;

    #[test]
    fn sides_by_title() {
        let t = "Cortical age-related cataract, unspecified eye";
        for yes in ["right eye", "left eye", "bilateral"] {
            assert!(names_the_side(t, &format!("Cortical age-related cataract, {yes}")), "{yes}");
        }
        assert!(!names_the_side(t, "Nuclear age-related cataract, right eye"));
        assert!(!names_the_side("Chronic kidney disease, unspecified", "Chronic kidney disease, right"));
        assert!(names_the_side("Pain in unspecified knee", "Pain in right knee"));
    }
}
