//! Answers without ranking by words: the likeliest codes of a filter, lists for one or two letters.
//!
//! Owns the order by prior and the plain form of a hit. Pure.

use super::{Filter, Hit, Prior, Results, points};
use crate::codes::index::{Index, JOINED, NEGATED};
use crate::codes::{Book, CodeSystem, class};

/// The likeliest codes a filter lets through, for a query without words.
pub fn likeliest(book: &Book, filter: &Filter<'_>, prior: &Prior) -> Results {
    if filter.query.within.is_none() && filter.prefix.is_none() {
        return Results::default();
    }
    let index = book.index();
    let mut docs: Vec<(f32, u32)> = CodeSystem::ALL
        .into_iter()
        .filter(|s| filter.query.takes(*s))
        .flat_map(|s| book.docs(s))
        .filter(|&d| {
            let bits = index.class(d);
            bits & class::BILLABLE != 0
                && filter.takes_class(bits, index.validity(d))
                && filter.takes_doc(book, d)
        })
        .map(|d| (prior.of(d, index.prior(d)), d))
        .collect();
    docs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let total = docs.len();
    docs.truncate(filter.query.limit);
    plain_hits(book, filter, prior, docs, total)
}

/// One or two letters: the prepared list of the likeliest codes with a word so beginning.
pub fn short(book: &Book, filter: &Filter<'_>, prior: &Prior, text: &str) -> Results {
    let index = book.index();
    let letters: String = text.chars().map(crate::codes::tokens::fold).collect();
    let mut docs: Vec<(f32, u32)> = Vec::new();
    for system in CodeSystem::ALL.into_iter().filter(|s| filter.query.takes(*s)) {
        let other = filter.query.prefer.is_some_and(|p| p != system);
        for d in index.short_list(system, &letters).iter() {
            let bits = index.class(d);
            if filter.takes_class(bits, index.validity(d)) {
                let less = if other { points::SYSTEM } else { 0.0 };
                docs.push((prior.of(d, index.prior(d)) - less, d));
            }
        }
    }
    // what is used here need not be on a prepared list
    for d in prior.used() {
        let bits = index.class(d);
        if bits & class::BILLABLE != 0
            && filter.takes_class(bits, index.validity(d))
            && index.phrases(d).iter().next().is_some_and(|p| begins(&index, p, &letters))
        {
            let other = filter.query.prefer.is_some_and(|p| p != class::system_of(bits));
            docs.push((prior.of(d, index.prior(d)) - if other { points::SYSTEM } else { 0.0 }, d));
        }
    }
    docs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    docs.dedup_by_key(|d| d.1);
    let total = docs.len();
    docs.truncate(filter.query.limit);
    plain_hits(book, filter, prior, docs, total)
}

/// Does a word of the phrase begin with the letters?
fn begins(index: &Index<'_>, phrase: u32, letters: &str) -> bool {
    index.phrase(phrase).iter().any(|t| index.word(t & !(NEGATED | JOINED)).starts_with(letters))
}

fn plain_hits(
    book: &Book,
    filter: &Filter<'_>,
    prior: &Prior,
    docs: Vec<(f32, u32)>,
    total: usize,
) -> Results {
    let hits = docs
        .into_iter()
        .map(|(score, doc)| {
            let e = book.doc_entry(doc);
            Hit {
                status: book.status(e.system, &e.code, filter.query.date),
                system: e.system,
                code: e.code,
                title: e.title,
                billable: e.billable,
                score,
                why: vec![prior.reason(doc).unwrap_or_else(|| "often used".to_string())],
                matched: Vec::new(),
            }
        })
        .collect();
    Results { total, hits, abandoned: false }
}
