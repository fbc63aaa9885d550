//! X12 005010: segments in and out, the two claim guides, and what is wrong with a file.
//!
//! `reader` cuts a stream into segments, `guide` holds the guides as tables, `walk` and `elements` hold a file
//! against them, `scan` hands each claim to a sink: `check` (the rules a payer rejects on) or `parse` (the claim
//! itself). `write` is the other direction. Files of any size take the memory of one claim.
//! Never opens a file or a code table: readers and `CodeFacts` come from the caller. Pure; any thread.

mod bill_out;
mod decode;
mod elements;
mod envelope;
pub mod guide;
mod issue;
mod parse;
mod reader;
mod rules;
mod scan;
mod segment;
mod view;
mod walk;
pub mod write;

pub use decode::view_of;
pub use elements::{day, days, is_decimal};
pub use issue::{At, Issue};
pub use parse::{ParseError, parse};
pub use reader::{ReadError, Segments};
pub use rules::Checker;
pub use scan::{Fresh, Scanned, Sink, scan};
pub use segment::{Delimiters, Seg};
pub use view::{ClaimView, Here, Part};
pub use walk::Put;
pub use write::{Envelope, Span, write_837};
