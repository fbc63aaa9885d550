//! Fuzzy code search: what a coder types, on every keystroke, to the code they mean.
//!
//! Owns the reading of a query (`query`), the words a typed word may stand for (`candidates`),
//! code look-up with confused letters (`code_lookup`), ranking in two stages (`rank`, `gather`, `score`, `points`), what this
//! site and coder use (`prior`) and the reasons and marks of a hit (`explain`).
//! Never holds data: everything is read from the book, the overlay and the prior it is given.
//! Runs on the search thread; keeps its work tables there between queries, and asks `abandon`
//! between steps whether a newer query has made this one pointless.

mod candidates;
mod code_lookup;
mod distance;
mod explain;
mod gather;
mod lists;
mod points;
mod prior;
mod query;
mod rank;
mod score;

pub use prior::Prior;

use crate::codes::{Book, CodeStatus, CodeSystem, Overlay, Target, class};
use chrono::NaiveDate;

/// A question to the book.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    pub text: &'a str,
    /// Systems to look in; none means all.
    pub systems: &'a [CodeSystem],
    /// The system the field expects: others rank lower.
    pub prefer: Option<CodeSystem>,
    /// Date of service: codes not valid on it are left out, unless typed in full.
    pub date: NaiveDate,
    pub limit: usize,
    /// Only codes one of these means (the choices of an instructional note).
    pub within: Option<&'a [Target]>,
    /// The site's own procedure numbers.
    pub overlay: Option<&'a Overlay>,
}

impl<'a> Query<'a> {
    /// A query over all systems, ten hits.
    pub fn new(text: &'a str, date: NaiveDate) -> Query<'a> {
        Query { text, systems: &[], prefer: None, date, limit: 10, within: None, overlay: None }
    }

    fn takes(&self, system: CodeSystem) -> bool {
        self.systems.is_empty() || self.systems.contains(&system)
    }

    fn takes_code(&self, code: &str) -> bool {
        self.within.is_none_or(|targets| targets.iter().any(|t| t.matches(code)))
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub system: CodeSystem,
    pub code: String,
    /// Nothing for a CPT number, or where the loaded tables have no title.
    pub title: Option<String>,
    pub billable: bool,
    pub status: CodeStatus,
    pub score: f32,
    /// Which typed words met what.
    pub why: Vec<String>,
    /// Byte ranges of the title that the query met.
    pub matched: Vec<(usize, usize)>,
}

/// The answers, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Codes that answer about as well as the best, before the limit.
    pub total: usize,
    pub hits: Vec<Hit>,
    /// The caller no longer wanted an answer; `hits` is empty.
    pub abandoned: bool,
}

impl Results {
    fn gone() -> Results {
        Results { abandoned: true, ..Results::default() }
    }
}

/// Which documents a query may answer with.
pub(crate) struct Filter<'a> {
    systems: [bool; 4],
    lists: Vec<bool>,
    query: &'a Query<'a>,
    /// Beginning of code, when the query led with a category.
    prefix: Option<String>,
}

impl<'a> Filter<'a> {
    fn new(book: &Book, query: &'a Query<'a>) -> Filter<'a> {
        let systems = CodeSystem::ALL.map(|s| query.takes(s));
        Filter { systems, lists: book.lists_valid_on(query.date), query, prefix: None }
    }

    fn on_date(&self, list: u16) -> bool {
        self.lists.get(usize::from(list)).copied().unwrap_or(false)
    }

    /// The cheap part, from the class bits and the number of the validity list.
    #[inline]
    fn takes_class(&self, bits: u16, list: u16) -> bool {
        self.systems[class::system_index(class::system_of(bits))]
            && (bits & class::BILLABLE == 0 || self.on_date(list))
    }

    fn takes_doc(&self, book: &Book, doc: u32) -> bool {
        if self.prefix.is_none() && self.query.within.is_none() {
            return true;
        }
        let code = book.doc_code(doc);
        self.prefix.as_deref().is_none_or(|p| code.starts_with(p)) && self.query.takes_code(code)
    }
}

/// Searches the book. An empty text answers with the likeliest codes of `within`, if given.
pub fn run(book: &Book, query: &Query<'_>, prior: &Prior, abandon: &dyn Fn() -> bool) -> Results {
    if query.limit == 0 {
        return Results::default();
    }
    let mut filter = Filter::new(book, query);
    let words: Vec<&str> = query.text.split_whitespace().collect();
    match words.as_slice() {
        [] => return lists::likeliest(book, &filter, prior),
        [one] => {
            if let Some(found) = code_lookup::run(book, &filter, prior, one) {
                return found;
            }
            if one.chars().count() <= 2
                && query.within.is_none()
                && book.shorthand(&one.to_lowercase()).is_none()
            {
                return lists::short(book, &filter, prior, one);
            }
        }
        [first, rest @ ..] => {
            if let Some(prefix) = code_lookup::category(book, query, first) {
                let rest = rest.join(" ");
                filter.prefix = Some(prefix);
                let found = search_words(book, &filter, prior, &rest, abandon);
                if found.abandoned || !found.hits.is_empty() {
                    return found;
                }
                filter.prefix = None;
            }
        }
    }
    search_words(book, &filter, prior, query.text, abandon)
}

fn search_words(
    book: &Book,
    filter: &Filter<'_>,
    prior: &Prior,
    text: &str,
    abandon: &dyn Fn() -> bool,
) -> Results {
    let parsed = query::parse(book, text);
    if abandon() {
        return Results::gone();
    }
    if parsed.groups.is_empty() {
        return match filter.prefix.is_some() || filter.query.within.is_some() {
            true => lists::likeliest(book, filter, prior),
            false => Results::default(),
        };
    }
    match rank::run(book, filter, prior, &parsed, abandon) {
        Some(found) => found,
        None => Results::gone(),
    }
}

#[cfg(test)]
mod tests;
