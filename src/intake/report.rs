//! What became of one file: counts, warnings, and every fault with its place.
//!
//! Owns the JSON shape of `codesk intake --json` (a contract: fields are added, never renamed) and how many
//! messages are kept. Messages name the place and the field, never a value of a
//! patient. Any thread.

use serde::Serialize;
use std::collections::BTreeMap;

/// Messages kept of one kind; a file that is wrong everywhere must not fill the memory.
const MOST: usize = 1000;

/// A fault: where, in which field, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `entry[12] Encounter/abc`, `line 3 Patient/1`, `byte 5120`; empty for the whole file.
    pub at: String,
    /// The field as FHIR names it: `period.start`; empty when it is no field.
    pub field: String,
    pub message: String,
}

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    pub file: String,
    pub encounters: u64,
    pub documents: u64,
    pub diagnoses: u64,
    pub procedures: u64,
    pub lines: u64,
    pub patients: u64,
    /// Resources of types that coding does not need.
    pub skipped: u64,
    /// The same by type.
    pub skipped_types: BTreeMap<String, u64>,
    pub warnings: Vec<String>,
    pub errors: Vec<Problem>,
    /// Faults beyond the ones listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub unlisted: u64,
    /// Nothing of the file could be read.
    pub unreadable: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl FileReport {
    pub fn new(file: impl Into<String>) -> FileReport {
        FileReport { file: file.into(), ..FileReport::default() }
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        if self.warnings.len() < MOST {
            self.warnings.push(text.into());
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn error(
        &mut self,
        at: impl Into<String>,
        field: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.errors.len() < MOST {
            self.errors.push(Problem { at: at.into(), field: field.into(), message: message.into() });
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn skip(&mut self, kind: &str) {
        self.skipped += 1;
        match self.skipped_types.get_mut(kind) {
            Some(n) => *n += 1,
            None => {
                self.skipped_types.insert(kind.to_string(), 1);
            }
        }
    }
}

/// Exit code of the command: 0 all read, 1 some items failed, 2 a file could not be read at all.
pub fn exit_code(reports: &[FileReport]) -> u8 {
    if reports.iter().any(|r| r.unreadable) {
        2
    } else {
        u8::from(reports.iter().any(|r| !r.errors.is_empty()))
    }
}
