//! Ranking in two stages: gather some ninety codes, score each by its best phrase, put in order.
//!
//! Owns the order of the answers, ties, the place of headings (after what can be billed), that a code
//! often used never takes the first place from an exact answer, and the work table: one a thread,
//! reused by every query.
//! Never reads a query's text (`query`), sums postings (`gather`) or weighs phrases (`score`).

use super::explain::{Matches, explain};
use super::gather::{Work, accumulate, pick};
use super::query::Parsed;
use super::score::{Links, Scorer};
use super::{Filter, Hit, Prior, Results, points};
use crate::codes::{Book, class};
use std::cell::RefCell;

thread_local! {
    static WORK: RefCell<Work> = RefCell::default();
}

pub fn run(
    book: &Book,
    filter: &Filter<'_>,
    prior: &Prior,
    parsed: &Parsed,
    abandon: &dyn Fn() -> bool,
) -> Option<Results> {
    WORK.with(|work| {
        let mut fallback = Work::default();
        // a search within a search does not happen; if it did, it would get a table of its own
        match work.try_borrow_mut() {
            Ok(mut work) => two_stages(book, filter, prior, parsed, abandon, &mut work),
            Err(_) => two_stages(book, filter, prior, parsed, abandon, &mut fallback),
        }
    })
}

fn two_stages(
    book: &Book,
    filter: &Filter<'_>,
    prior: &Prior,
    parsed: &Parsed,
    abandon: &dyn Fn() -> bool,
    work: &mut Work,
) -> Option<Results> {
    let index = book.index();
    accumulate(&index, parsed, abandon, work)?;
    let (kept, headers, total) = pick(book, &index, filter, prior, parsed, work);
    if abandon() {
        return None;
    }
    let links = Links::new(&index, parsed, &mut work.first);
    let mut scorer =
        Scorer { index, parsed, links: &links, best: vec![0.0; links.words], first: &work.first };
    // the best answer were nothing used here, while it is exact
    let mut exact: Option<(f32, u32, bool)> = None;
    let mut score = |docs: &[u32]| {
        let mut scored: Vec<(f32, u32)> = docs
            .iter()
            .map(|&doc| {
                let bits = index.class(doc);
                let (text, whole) = scorer.text(doc);
                let plain = text
                    + points::PRIOR * index.prior(doc)
                    + points::of_class(bits, parsed, filter.query.prefer);
                if bits & class::BILLABLE != 0 && exact.is_none_or(|e| plain > e.0) {
                    exact = Some((plain, doc, whole));
                }
                (plain + points::PRIOR * (prior.of(doc, index.prior(doc)) - index.prior(doc)), doc)
            })
            .collect();
        scored.sort_by(|a, b| {
            let title = |d: u32| index.phrases(d).iter().next().map_or(0, |p| index.phrase(p).len());
            b.0.total_cmp(&a.0).then_with(|| title(a.1).cmp(&title(b.1))).then(a.1.cmp(&b.1))
        });
        scored
    };
    let mut billable = score(&kept);
    let mut headings = score(&headers);
    if let Some((_, doc, true)) = exact
        && !prior.is_shipped()
        && let Some(at) = billable.iter().position(|h| h.1 == doc)
    {
        billable[..=at].rotate_right(1);
    }
    let limit = filter.query.limit;
    let best = billable.first().map_or(f32::MIN, |h| h.0);
    headings.retain(|h| h.0 > best - 0.6);
    // headings stand after what can be billed; a long list keeps two places for them
    headings.truncate(if limit > 12 { 2 } else { limit.saturating_sub(billable.len()) });
    let room = limit.saturating_sub(headings.len());
    let hits = billable.iter().take(room).chain(&headings);
    let matches = Matches { index: &index, parsed, links: &links.list, first: &work.first };
    let hits: Vec<Hit> = hits.map(|&(score, doc)| hit(book, filter, prior, doc, score, &matches)).collect();
    let total = total.max(hits.len());
    links.clear(&mut work.first);
    Some(Results { total, hits, abandoned: false })
}

fn hit(book: &Book, filter: &Filter<'_>, prior: &Prior, doc: u32, score: f32, matches: &Matches<'_>) -> Hit {
    let e = book.doc_entry(doc);
    let (mut why, matched) = explain(matches, doc, e.title.as_deref().unwrap_or(""));
    why.extend(prior.reason(doc));
    Hit {
        status: book.status(e.system, &e.code, filter.query.date),
        system: e.system,
        code: e.code,
        title: e.title,
        billable: e.billable,
        score,
        why,
        matched,
    }
}
