//! A typed word that reads as a code or the beginning of one.
//!
//! Owns the letters hands and eyes confuse (o and 0, l, i and 1, s and 5), the order of codes
//! that begin alike, and the leading category of a query (`s52 distal left`).
//! Never splits a query into words: that is `query`. Pure.

use super::{Filter, Hit, Prior, Query, Results};
use crate::codes::{Book, CodeStatus, CodeSystem, class};

/// Codes a reading of the word begins, and how many characters had to be read otherwise.
struct Reading {
    system: CodeSystem,
    prefix: String,
    repairs: usize,
}

fn compact(word: &str) -> Option<String> {
    let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if !word.chars().all(ok) || word.len() > 10 {
        return None;
    }
    let code: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(code.to_ascii_uppercase())
}

fn alike(c: u8, first: bool) -> &'static [u8] {
    match c {
        b'O' => b"0",
        b'0' => b"O",
        b'I' => b"1",
        b'L' => b"1I",
        b'1' => b"IL",
        b'S' if !first => b"5",
        _ => b"",
    }
}

fn read(book: &Book, system: CodeSystem, word: &str, most: usize) -> Vec<Reading> {
    let mut open = vec![(String::new(), 0usize)];
    for (i, c) in word.bytes().enumerate() {
        let mut next = Vec::new();
        for (prefix, repairs) in open {
            let others = alike(c, i == 0).iter().map(|o| (*o, 1));
            for (c, cost) in std::iter::once((c, 0)).chain(others) {
                if repairs + cost > most {
                    continue;
                }
                let longer = format!("{prefix}{}", c as char);
                if !book.starting(system, &longer).is_empty() {
                    next.push((longer, repairs + cost));
                }
            }
        }
        open = next;
    }
    open.into_iter().map(|(prefix, repairs)| Reading { system, prefix, repairs }).collect()
}

/// Readings of a word as a code, the least repaired first; none when it reads as a word.
fn readings(book: &Book, query: &Query<'_>, word: &str) -> Vec<Reading> {
    let Some(code) = compact(word) else { return Vec::new() };
    if code.len() < 2 || code.len() > 7 {
        return Vec::new();
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let lower = word.to_lowercase();
    let index = book.index();
    let common = |t: u32| index.posts(t).len() > 100;
    let known = || book.shorthand(&lower).is_some() || index.find(&lower).is_some_and(common);
    // letters alone are a word unless hardly a title has it (`iso` for I50)
    if digits == 0 && (code.len() != 3 || known()) {
        return Vec::new();
    }
    let most = if digits == 0 { 2 } else { 3 };
    let mut out: Vec<Reading> = CodeSystem::ALL
        .into_iter()
        .filter(|s| query.takes(*s))
        .flat_map(|s| read(book, s, &code, most))
        .filter(|r| r.prefix.bytes().any(|c| c.is_ascii_digit()))
        .collect();
    // `1` for I is a guess; where the field expects another system the guess is as good
    out.sort_by_key(|r| r.repairs * 2 + usize::from(query.prefer.is_some_and(|p| p != r.system)) * 3);
    if out.first().is_some_and(|r| r.repairs > 0) && book.shorthand(&lower).is_some() {
        return Vec::new();
    }
    out
}

/// Codes for a bare word that reads as one; nothing when it does not.
pub fn run(book: &Book, filter: &Filter<'_>, prior: &Prior, word: &str) -> Option<Results> {
    let query = filter.query;
    let index = book.index();
    let mut hits = Vec::new();
    let mut headers = Vec::new();
    let mut total = 0;
    overlay(filter, word, &mut hits);
    for r in readings(book, query, word) {
        let mut docs: Vec<(bool, f32, u32)> = Vec::new();
        for doc in book.starting(r.system, &r.prefix) {
            let bits = index.class(doc);
            let exact = book.doc_code(doc) == r.prefix;
            if !query.takes_code(book.doc_code(doc)) {
                continue;
            }
            match bits & class::BILLABLE != 0 {
                true if exact || filter.on_date(index.validity(doc)) => {
                    docs.push((exact, prior.of(doc, index.prior(doc)), doc));
                }
                false if exact => headers.push(hit(book, query, prior, doc, &r, word)),
                _ => {}
            }
        }
        total += docs.len();
        docs.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
        let room = query.limit.saturating_sub(hits.len());
        hits.extend(docs.into_iter().take(room).map(|(_, _, doc)| hit(book, query, prior, doc, &r, word)));
    }
    // a retired code typed in full is answered, after what is valid
    hits.sort_by_key(|h| h.status != CodeStatus::Valid && h.system != CodeSystem::Cpt);
    if hits.is_empty() && headers.is_empty() {
        return None;
    }
    // the header leads to its children; it stands last, inside the limit
    headers.truncate(1);
    hits.truncate(query.limit.saturating_sub(headers.len()).max(1));
    let total = total.max(hits.len()) + headers.len();
    hits.extend(headers);
    hits.truncate(query.limit);
    Some(Results { total, hits, abandoned: false })
}

fn hit(book: &Book, query: &Query<'_>, prior: &Prior, doc: u32, r: &Reading, word: &str) -> Hit {
    let e = book.doc_entry(doc);
    let mut why =
        vec![format!("{word}: {} {}", r.system, if e.code == r.prefix { "code" } else { "code prefix" })];
    if r.repairs > 0 {
        why.push(format!("read as {}", r.prefix));
    }
    why.extend(prior.reason(doc));
    Hit {
        status: book.status(e.system, &e.code, query.date),
        system: e.system,
        title: e.title,
        billable: e.billable,
        score: if e.code == r.prefix { 2.0 } else { 1.5 } - 0.1 * r.repairs as f32,
        why,
        matched: Vec::new(),
        code: e.code,
    }
}

/// The site's own procedure numbers that begin as typed.
fn overlay(filter: &Filter<'_>, word: &str, hits: &mut Vec<Hit>) {
    let query = filter.query;
    let (Some(overlay), Some(code)) = (query.overlay, compact(word)) else { return };
    if code.is_empty() || !code.bytes().any(|c| c.is_ascii_digit()) {
        return;
    }
    for (system, code, title) in overlay.starting(&code).take(query.limit) {
        if query.takes(system) && query.takes_code(code) {
            hits.push(Hit {
                system,
                code: code.to_string(),
                title: title.map(str::to_string),
                billable: true,
                // a bare number has no dates; the site says that it is in use
                status: CodeStatus::Valid,
                score: 1.5,
                why: vec![format!("{word}: number of this site's charge list")],
                matched: Vec::new(),
            });
        }
    }
}

/// A first word that names a category and nothing else: what follows is looked for below it.
pub fn category(book: &Book, query: &Query<'_>, word: &str) -> Option<String> {
    let code = compact(word).filter(|c| c.len() >= 3)?;
    if book.index().find(&word.to_lowercase()).is_some() || !code.bytes().any(|c| c.is_ascii_digit()) {
        return None;
    }
    readings(book, query, word).into_iter().next().map(|r| r.prefix)
}
