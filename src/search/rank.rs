//! Finding and ranking: postings are accumulated group by group, the best are scored again by their phrases.

use super::codes::{self, hit};
use super::index::Index;
use super::query::{Alternative, Attributes, Parsed, parse};
use super::words::{distance, same_root, stem};
use super::{Hit, Prior, Query, Results};
use crate::codes::Book;
use crate::domain::{CodeSystem, normal_code};
use std::collections::HashMap;

/// A word of the index that what was typed may mean.
#[derive(Clone, Copy)]
struct Candidate {
    word: u32,
    strength: f32,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Exact,
    Plural,
    Root,
    Prefix,
    Typo,
}

/// Candidates rescored by their phrases.
const KEEP: usize = 160;
const MOST_PREFIXES: usize = 400;

fn candidates(index: &Index, typed: &str) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    fn add(out: &mut Vec<Candidate>, word: u32, strength: f32, how: How) {
        if !out.iter().any(|c| c.word == word) {
            out.push(Candidate { word, strength, how });
        }
    }
    let exact = index.word(typed);
    if let Some(w) = exact {
        add(&mut out, w, 1.0, How::Exact);
    }
    if let Some(ws) = index.stems.get(stem(typed)) {
        ws.iter().for_each(|w| add(&mut out, *w, 0.97, How::Plural));
    }
    let n = typed.chars().count();
    if n >= 5 {
        let head: String = typed.chars().take(5).collect();
        for w in index.prefixed(&head) {
            if same_root(typed, &index.words[w]) {
                add(&mut out, w as u32, 0.87, How::Root);
            }
        }
    }
    if n >= 2 {
        for w in index.prefixed(typed).take(MOST_PREFIXES) {
            let share = typed.len() as f32 / index.words[w].len() as f32;
            let strength = if n == 2 { 0.5 } else { 0.62 + 0.33 * share };
            add(&mut out, w as u32, strength, How::Prefix);
        }
    }
    if out.is_empty() && n >= 4 {
        let most = if n >= 7 { 2 } else { 1 };
        let first = typed.as_bytes()[0];
        for (w, word) in index.words.iter().enumerate() {
            if word.len() < 3 || word.as_bytes()[0].is_ascii_digit() {
                continue;
            }
            let other_first = word.as_bytes()[0] != first;
            let d = distance(typed, word, most).or_else(|| {
                // A typo in the part typed so far.
                let cut = word.get(..typed.len()).filter(|_| word.len() > typed.len() && n >= 5)?;
                distance(typed, cut, 1).map(|d| d + 10)
            });
            let Some(d) = d else { continue };
            let strength = match d {
                0 | 1 => 0.80,
                2 => 0.62,
                _ => 0.55,
            } * if other_first { 0.9 } else { 1.0 };
            add(&mut out, w as u32, strength, How::Typo);
        }
        out.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        out.truncate(40);
    }
    out
}

struct Term {
    weight: f32,
    candidates: Vec<Candidate>,
    typed: String,
}

struct Reading {
    terms: Vec<Term>,
    weight: f32,
    why: Option<String>,
}

fn reading(index: &Index, a: &Alternative) -> Option<Reading> {
    let mut terms = Vec::new();
    for typed in &a.words {
        let candidates = candidates(index, typed);
        if candidates.is_empty() {
            // A meaning with an unknown word is no meaning; a typed word may be a typo of nothing.
            return None;
        }
        // What a word weighs is what its best candidate weighs.
        let weight = candidates
            .iter()
            .map(|c| c.strength * index.weights[c.word as usize])
            .fold(0.0f32, f32::max)
            .max(0.05);
        terms.push(Term { weight, candidates, typed: typed.clone() });
    }
    (!terms.is_empty()).then(|| Reading { terms, weight: a.weight, why: a.why.clone() })
}

/// Runs a search. `abandon` is asked now and then; a search that is not wanted any more returns what it has.
pub fn run(book: &Book, index: &Index, q: &Query<'_>, prior: &Prior, abandon: &dyn Fn() -> bool) -> Results {
    if let Some(within) = q.within.filter(|w| !w.is_empty()) {
        return listed(book, index, q, within);
    }
    if let Some(mut hits) = codes::look_up(book, q) {
        let total = hits.len();
        hits.truncate(q.limit);
        return Results { total, hits };
    }
    let parsed = parse(index, q.text, &|c| q.systems.iter().any(|s| !book.beginning(*s, c).is_empty()));
    let groups: Vec<(Vec<Reading>, bool)> = parsed
        .groups
        .iter()
        .map(|g| (g.alternatives.iter().filter_map(|a| reading(index, a)).collect::<Vec<_>>(), g.negated))
        .collect();
    let docs = book.docs();
    let mut scores: HashMap<u32, f32> = HashMap::new();
    for (readings, negated) in groups.iter().filter(|(r, _)| !r.is_empty()) {
        if abandon() {
            return Results::default();
        }
        if *negated {
            continue;
        }
        let mut best: HashMap<u32, f32> = HashMap::new();
        for r in readings {
            let total: f32 = r.terms.iter().map(|t| t.weight).sum();
            let mut sum: HashMap<u32, f32> = HashMap::new();
            for t in &r.terms {
                let mut of_term: HashMap<u32, f32> = HashMap::new();
                for c in &t.candidates {
                    for d in index.docs_of(c.word) {
                        let e = of_term.entry(*d).or_insert(0.0);
                        *e = e.max(c.strength * t.weight);
                    }
                }
                for (d, s) in of_term {
                    *sum.entry(d).or_insert(0.0) += s;
                }
            }
            for (d, s) in sum {
                // The share of a meaning that is there counts more than in proportion: half a meaning is little.
                let share = s / total;
                let e = best.entry(d).or_insert(0.0);
                *e = e.max(share * share.sqrt() * total.max(1.0) * r.weight);
            }
        }
        for (d, s) in best {
            *scores.entry(d).or_insert(0.0) += s;
        }
    }
    let wanted = |d: u32| {
        let doc = &docs[d as usize];
        q.systems.contains(&doc.system)
            && (doc.header || book.is_billable(doc, q.date))
            && parsed.category.as_ref().is_none_or(|c| doc.code().starts_with(c.as_str()))
    };
    let mut ranked: Vec<(u32, f32)> = scores.into_iter().filter(|(d, _)| wanted(*d)).collect();
    let total = ranked.len();
    for (d, s) in &mut ranked {
        *s += 0.5 * weight_of_use(book, index, prior, *d);
    }
    let keep = KEEP.max(q.limit).min(ranked.len());
    if keep < ranked.len() {
        ranked.select_nth_unstable_by(keep, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(keep);
    }
    let mut hits: Vec<(f32, u32)> =
        ranked.iter().map(|(d, _)| (rescore(book, index, q, prior, &groups, &parsed, *d), *d)).collect();
    hits.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| title_len(index, a.1).cmp(&title_len(index, b.1)))
            .then_with(|| docs[a.1 as usize].code().cmp(docs[b.1 as usize].code()))
    });
    let hits = hits
        .into_iter()
        .take(q.limit)
        .map(|(score, d)| {
            let mut h = hit(book, &docs[d as usize], q, score);
            explain(index, &groups, d, &mut h);
            h
        })
        .collect();
    Results { total, hits }
}

fn title_len(index: &Index, d: u32) -> u32 {
    index.phrases_of(d).first().map_or(0, |p| p.to - p.from)
}

fn weight_of_use(book: &Book, index: &Index, prior: &Prior, d: u32) -> f32 {
    let own = prior.used.get(book.docs()[d as usize].code()).copied().unwrap_or(0.0);
    index.usage[d as usize].max(own)
}

/// Codes of the ranges in order; what is typed narrows them by their digits or by words.
fn listed(book: &Book, index: &Index, q: &Query<'_>, within: &[crate::domain::CodeRange]) -> Results {
    let typed = q.text.trim();
    let mut hits: Vec<Hit> = Vec::new();
    for r in within {
        let cat: String = r.first.chars().take(1).collect();
        for d in book.beginning(CodeSystem::Icd10cm, &cat) {
            if r.contains(d.code())
                && (d.header || book.is_billable(d, q.date))
                && !hits.iter().any(|h| h.code == d.code())
                && d.code().len() > r.first.len().min(r.last.len()).saturating_sub(1)
            {
                // A category whose children are listed says nothing more.
                if d.header && d.code().len() < 4 {
                    continue;
                }
                hits.push(hit(book, d, q, 0.0));
            }
        }
    }
    if !typed.is_empty() {
        let code = normal_code(typed);
        let words = super::words::tokens(typed);
        let by_code = |h: &Hit| !code.is_empty() && h.code.contains(&code);
        let by_words = |h: &Hit| {
            let title = super::words::tokens(&h.title);
            words.iter().all(|w| {
                let meanings = index.shorthand.get(w);
                title.iter().any(|t| t.starts_with(w.as_str()))
                    || meanings.is_some_and(|ms| ms.iter().any(|m| m.iter().all(|x| title.contains(x))))
            })
        };
        hits.retain(|h| by_code(h) || by_words(h));
        // The digits of the code itself, nearest to its end, first.
        hits.sort_by_key(|h| (!h.code.ends_with(&code), !by_code(h), !h.billable));
    }
    let total = hits.len();
    hits.truncate(q.limit);
    Results { total, hits }
}

/// The best candidate of a term in a phrase.
fn match_in(t: &Term, words: &[u32]) -> f32 {
    t.candidates.iter().filter(|c| words.contains(&c.word)).map(|c| c.strength).fold(0.0, f32::max)
}

fn rescore(
    book: &Book,
    index: &Index,
    q: &Query<'_>,
    prior: &Prior,
    groups: &[(Vec<Reading>, bool)],
    parsed: &Parsed,
    d: u32,
) -> f32 {
    let doc = &book.docs()[d as usize];
    let mut best = 0.0f32;
    let mut title_coverage = 0.0;
    for p in index.phrases_of(d) {
        let words = &index.phrase_words[p.from as usize..p.to as usize];
        let (mut got, mut asked) = (0.0, 0.0);
        let mut used: Vec<u32> = Vec::new();
        for (readings, negated) in groups {
            if readings.is_empty() {
                // A word nothing begins with: it was asked and not found.
                asked += 3.0;
                continue;
            }
            let mut best_share = 0.0f32;
            let mut best_weight: f32 = 0.0;
            let mut best_words: Vec<u32> = Vec::new();
            for r in readings {
                let total: f32 = r.terms.iter().map(|t| t.weight).sum();
                let have: f32 = r.terms.iter().map(|t| match_in(t, words) * t.weight).sum();
                let share = have / total * r.weight;
                if share > best_share || best_weight == 0.0 {
                    best_share = best_share.max(share);
                    best_weight = total;
                    best_words = r
                        .terms
                        .iter()
                        .flat_map(|t| t.candidates.iter().map(|c| c.word).filter(|w| words.contains(w)))
                        .collect();
                }
            }
            if *negated {
                // "without" typed: a title that says so too is right, one that has the thing is wrong.
                let without = words.iter().any(|w| index.words[*w as usize] == "without");
                asked += best_weight;
                got +=
                    if without { best_weight * best_share } else { best_weight * 0.35 * (1.0 - best_share) };
                continue;
            }
            asked += best_weight;
            got += best_share * best_weight;
            used.extend(best_words);
        }
        if asked == 0.0 {
            continue;
        }
        let coverage = (got / asked).min(1.0);
        let all: f32 = words.iter().map(|w| index.weights[*w as usize]).sum::<f32>().max(0.01);
        let hit: f32 = words.iter().filter(|w| used.contains(w)).map(|w| index.weights[*w as usize]).sum();
        let precision = hit / all;
        let mut s = coverage.powf(1.6) + 0.45 * precision * coverage;
        if coverage > 0.93 && precision > 0.93 {
            s += 0.35;
        }
        if p.alias {
            s *= 0.9;
        } else {
            title_coverage = coverage;
        }
        best = best.max(s);
    }
    let title = index.phrases_of(d).first();
    let words = title.map(|p| &index.phrase_words[p.from as usize..p.to as usize]).unwrap_or(&[]);
    let has = |w: &str| words.iter().any(|x| index.words[*x as usize] == w);
    let a = parsed.attributes;
    let mut s = best + 0.25 * title_coverage + 0.38 * weight_of_use(book, index, prior, d);
    s -= encounter_penalty(a, has("subsequent"), has("sequela"), has("initial"));
    s -= side_penalty(a, has("left"), has("right"), has("bilateral"));
    let asked_for = |w: &str| q.text.to_lowercase().contains(w);
    if has("unspecified") {
        s += 0.04;
    }
    if has("other") && !asked_for("other") {
        s -= 0.09;
    }
    if has("non") && !asked_for("non") {
        s -= 0.4;
    }
    let without = has("without") && !parsed.groups.iter().any(|g| g.negated);
    if without {
        s -= 0.02;
    }
    if doc.header {
        s -= 0.35;
    }
    if doc.system != q.prefer {
        s -= 0.12;
    }
    s
}

fn encounter_penalty(a: Attributes, subsequent: bool, sequela: bool, initial: bool) -> f32 {
    match () {
        _ if a.subsequent => {
            if subsequent {
                -0.1
            } else {
                0.2
            }
        }
        _ if a.sequela => {
            if sequela {
                -0.1
            } else {
                0.2
            }
        }
        _ if subsequent || sequela => 0.2,
        _ if a.initial && initial => -0.05,
        _ => 0.0,
    }
}

fn side_penalty(a: Attributes, left: bool, right: bool, bilateral: bool) -> f32 {
    let asked = a.left || a.right || a.bilateral;
    let sided = left || right || bilateral;
    match (asked, sided) {
        (false, true) => 0.06,
        (false, false) => 0.0,
        (true, false) => 0.08,
        (true, true) => {
            if (a.left && left) || (a.right && right) || (a.bilateral && bilateral) {
                -0.1
            } else {
                0.25
            }
        }
    }
}

/// Says which words matched what, and marks them in the title.
fn explain(index: &Index, groups: &[(Vec<Reading>, bool)], d: u32, h: &mut Hit) {
    let words: Vec<u32> = index
        .phrases_of(d)
        .iter()
        .flat_map(|p| index.phrase_words[p.from as usize..p.to as usize].iter().copied())
        .collect();
    let lower = h.title.to_lowercase();
    for (readings, _) in groups {
        let best = readings.iter().max_by(|a, b| {
            let share = |r: &Reading| {
                let total: f32 = r.terms.iter().map(|t| t.weight).sum();
                r.terms.iter().map(|t| match_in(t, &words) * t.weight).sum::<f32>() / total * r.weight
            };
            share(a).total_cmp(&share(b))
        });
        let Some(r) = best else { continue };
        h.why.extend(r.why.clone());
        for t in &r.terms {
            let hit = t
                .candidates
                .iter()
                .filter(|c| words.contains(&c.word))
                .max_by(|a, b| a.strength.total_cmp(&b.strength));
            let Some(c) = hit else { continue };
            let word = &index.words[c.word as usize];
            match c.how {
                How::Exact => {}
                How::Plural | How::Root => h.why.push(format!("{} ~ {word}", t.typed)),
                How::Prefix => h.why.push(format!("{}… = {word}", t.typed)),
                How::Typo => h.why.push(format!("{} read as {word}", t.typed)),
            }
            if let Some(at) = lower.find(word.as_str()).filter(|_| lower.len() == h.title.len()) {
                let to = at + if c.how == How::Prefix { t.typed.len().min(word.len()) } else { word.len() };
                if h.title.is_char_boundary(at) && h.title.is_char_boundary(to) {
                    h.matched.push((at, to));
                }
            }
        }
    }
    h.why.dedup();
}
