//! MS-DRG grouper and Medicare Code Editor.
//!
//! Owns the tables of each version, the grouping of one inpatient stay (initial and final DRG, hospital-acquired
//! conditions, severity, what drove the result), weights and payment view, the what-if, and the edits of the code
//! editor's lists. Versions are chosen by discharge date; a new one is an import, not a change of code.
//! Pure: no I/O, no threads; the caller hands over bytes. Any thread may group with shared `Tables`.

mod case;
mod check;
mod code;
mod compact;
mod condition;
mod desk;
mod diff;
mod explain;
mod group;
mod hac;
pub mod import;
mod library;
pub mod mce;
pub mod payment;
mod program;
mod tables;
mod weights;
pub mod whatif;

pub use case::*;
pub use code::Code;
pub use compact::{TableError, read, read_gz};
pub use condition::{Condition, Operand, Word};
pub use desk::Desk;
pub use diff::Difference;
pub use explain::{Explained, Place, ProcedureUse, SecondaryUse, Use};
pub use library::{Library, NoTable, TableHead};
pub use tables::{Drg, DrgKind, DxFacts, HacRule, MAX_LISTS, OrClass, Rule, SCOPE_UNRELATED, Tables};
pub use weights::{Weight, Weights, days_text, weight_text};
