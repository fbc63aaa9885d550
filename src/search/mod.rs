//! Fuzzy code search: shorthand, stems in any order, whole and partial codes, typos.
//!
//! Owns the index (words of titles and inclusion terms, postings) and the ranking; every hit can say why it was
//! found. Pure: no thread, no file; a search can be abandoned when a newer one is waiting. Called by the search
//! thread and by the command line.

mod codes;
mod index;
mod query;
mod rank;
mod words;

pub use index::Index;
pub use rank::run;

use crate::domain::{CodeRange, CodeSystem, FeeTable};
use chrono::NaiveDate;
use std::collections::HashMap;

/// What is looked for.
pub struct Query<'a> {
    pub text: &'a str,
    pub systems: &'a [CodeSystem],
    pub prefer: CodeSystem,
    /// Date of service, or of discharge: a filter, not a second index.
    pub date: NaiveDate,
    pub limit: usize,
    /// Only codes in these ranges; with no text, all of them in order.
    pub within: Option<&'a [CodeRange]>,
    /// The site's fee table: bare CPT and HCPCS numbers, with a licensed text where it has one.
    pub site: Option<&'a FeeTable>,
}

#[derive(Clone, Debug, Default)]
pub struct Results {
    /// All that fit, of which `hits` are the best.
    pub total: usize,
    pub hits: Vec<Hit>,
}

#[derive(Clone, Debug)]
pub struct Hit {
    pub system: CodeSystem,
    /// Normal form, no dot.
    pub code: String,
    /// Empty where no table has a title.
    pub title: String,
    pub billable: bool,
    pub score: f32,
    /// Which words matched what.
    pub why: Vec<String>,
    /// Byte ranges of the title that what was typed matched.
    pub matched: Vec<(usize, usize)>,
}

/// How often this site and this coder used a code lately.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    pub used: HashMap<String, f32>,
}
