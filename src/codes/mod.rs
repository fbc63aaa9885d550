//! Code systems by date of service: titles, hierarchy, notes, validity, read from the tables in `code_tables/`.
//!
//! Owns the `Book`: every ICD-10-CM and ICD-10-PCS code with what the official tables say of it. Never searches
//! (that is `search`) and never opens a file: the caller hands over the tables' text. Immutable once made, so it
//! is shared between threads. Sources: NCHS Tabular List, CMS MCE lists (validity), CMS PCS titles.

mod book;
mod notes;
mod tables;

pub use book::{Book, Doc, Validity};
pub use notes::{BookNote, parse_ranges};
pub use tables::{TableError, Tables};
