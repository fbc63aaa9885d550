//! Ranking in two stages.
//!
//! Owns the sum over postings that picks some sixty codes (stage one), the scoring of each by its
//! best phrase (stage two), the order of the answers, and the lists for one or two letters.
//! Keeps one work table a thread, as large as the book has codes, reused by every query.
//! Never reads a query's text: that is `query`.

use super::explain::{Matches, explain};
use super::query::{Encounter, Group, Parsed};
use super::{Filter, Hit, Prior, Results};
use crate::codes::index::{DOC, Index, JOINED, NEGATED, POST_ALIAS, POST_NEGATED, PhraseSource};
use crate::codes::{Book, CodeSystem, class};
use std::cell::RefCell;

const KEEP: usize = 90;
const KEEP_HEADERS: usize = 8;
/// Phrases of one code that are looked at.
const PHRASES: usize = 96;

/// What stage one knows of a document.
#[derive(Clone, Copy, Default)]
struct Cell {
    epoch: u32,
    word: u16,
    alternative: u16,
    group: u16,
    sum: f32,
    word_best: f32,
    alternative_sum: f32,
    group_best: f32,
}

#[derive(Default)]
struct Work {
    cells: Vec<Cell>,
    touched: Vec<u32>,
    epoch: u32,
    /// What a vocabulary word means to the query: first entry in `links`, 0 for nothing.
    first: Vec<u32>,
}

thread_local! {
    static WORK: RefCell<Work> = RefCell::default();
}

/// Points every ranking rule of the recipe gives or takes.
mod points {
    pub const ALIAS_STAGE1: f32 = 0.82;
    pub const POLARITY: f32 = 0.35;
    pub const PRIOR: f32 = 0.30;
    pub const LATER_ENCOUNTER: f32 = 0.20;
    pub const SIDE_UNASKED: f32 = 0.06;
    pub const SIDE_WRONG: f32 = 0.25;
    pub const SIDE_MISSING: f32 = 0.20;
    pub const UNSPECIFIED: f32 = 0.04;
    pub const OTHER: f32 = 0.03;
    pub const SYSTEM: f32 = 0.12;
    pub const NON: f32 = 0.4;
}

/// What the class bits alone say for or against a code.
fn class_points(bits: u16, parsed: &Parsed, prefer: Option<CodeSystem>) -> f32 {
    let mut p = 0.0;
    let later = bits & (class::SUBSEQUENT | class::SEQUELA);
    p -= match parsed.encounter {
        None | Some(Encounter::Initial) if later != 0 => points::LATER_ENCOUNTER,
        Some(Encounter::Subsequent) if later != class::SUBSEQUENT => points::LATER_ENCOUNTER,
        Some(Encounter::Sequela) if later != class::SEQUELA => points::LATER_ENCOUNTER,
        _ => 0.0,
    };
    let side = bits & class::SIDE;
    p -= match (parsed.side, side) {
        (0, 0) => 0.0,
        (0, _) => points::SIDE_UNASKED,
        (_, 0) => points::SIDE_MISSING,
        (a, b) if a == b => 0.0,
        _ => points::SIDE_WRONG,
    };
    if bits & class::UNSPECIFIED != 0 {
        p += points::UNSPECIFIED;
    }
    if bits & class::OTHER != 0 {
        p += if parsed.specified { points::OTHER } else { -points::OTHER };
    }
    if prefer.is_some_and(|s| s != class::system_of(bits)) {
        p -= points::SYSTEM;
    }
    p
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
    let mut scorer = Scorer { index, parsed, links: &links, best: vec![0.0; links.words], first: &work.first };
    let mut score = |docs: &[u32]| {
        let mut scored: Vec<(f32, u32)> = docs
            .iter()
            .map(|&doc| {
                let bits = index.class(doc);
                let s = scorer.text(doc)
                    + points::PRIOR * prior.of(doc, index.prior(doc))
                    + class_points(bits, parsed, filter.query.prefer);
                (s, doc)
            })
            .collect();
        scored.sort_by(|a, b| {
            let title = |d: u32| index.phrases(d).iter().next().map_or(0, |p| index.phrase(p).len());
            b.0.total_cmp(&a.0).then_with(|| title(a.1).cmp(&title(b.1))).then(a.1.cmp(&b.1))
        });
        scored
    };
    let billable = score(&kept);
    let mut headings = score(&headers);
    let limit = filter.query.limit;
    let best = billable.first().map_or(f32::MIN, |h| h.0);
    headings.retain(|h| h.0 > best - 0.6);
    // headings stand after what can be billed; a long list keeps two places for them
    headings.truncate(if limit > 12 { 2 } else { limit.saturating_sub(billable.len()) });
    let room = limit.saturating_sub(headings.len());
    let hits = billable.iter().take(room).chain(&headings);
    let matches = Matches { index: &index, parsed, links: &links.list, first: &work.first };
    let hits = hits.map(|&(score, doc)| hit(book, filter, doc, score, &matches)).collect();
    links.clear(&mut work.first);
    Some(Results { total, hits, abandoned: false })
}

fn hit(book: &Book, filter: &Filter<'_>, doc: u32, score: f32, matches: &Matches<'_>) -> Hit {
    let e = book.doc_entry(doc);
    let (why, matched) = explain(matches, doc, e.title.as_deref().unwrap_or(""));
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

/// Stage one: adds up what each group finds, best alternative, best candidate.
fn accumulate(index: &Index<'_>, parsed: &Parsed, abandon: &dyn Fn() -> bool, work: &mut Work) -> Option<()> {
    if work.cells.len() != index.docs() {
        work.cells = vec![Cell::default(); index.docs()];
        work.epoch = 0;
    }
    work.epoch = work.epoch.wrapping_add(1);
    if work.epoch == 0 {
        work.cells.fill(Cell::default());
        work.epoch = 1;
    }
    work.touched.clear();
    let heaviest = parsed.groups.iter().map(|g| g.weight).fold(0.0, f32::max);
    let (mut word_no, mut alternative_no) = (0u16, 0u16);
    for (group_no, group) in parsed.groups.iter().enumerate() {
        if abandon() {
            return None;
        }
        // words nearly every title has only cost time here; stage two counts them
        if group.weight < 0.12 * heaviest {
            continue;
        }
        for alternative in &group.alternatives {
            alternative_no = alternative_no.wrapping_add(1);
            let whole: f32 = alternative.words.iter().map(|w| w.weight).sum::<f32>().max(1e-6);
            for word in &alternative.words {
                word_no = word_no.wrapping_add(1);
                let share = word.weight / whole;
                if alternative.words.len() > 1 && share < 0.05 {
                    continue;
                }
                for c in &word.candidates {
                    let value = share * c.quality * alternative.factor;
                    add(
                        work,
                        index,
                        c.token,
                        Step {
                            value,
                            weight: group.weight,
                            group: group_no as u16 + 1,
                            alternative: alternative_no,
                            word: word_no,
                            negated: group.negated,
                            loose: parsed.loose_negation,
                        },
                    );
                }
            }
        }
    }
    Some(())
}

struct Step {
    value: f32,
    weight: f32,
    group: u16,
    alternative: u16,
    word: u16,
    negated: bool,
    loose: bool,
}

#[inline]
fn add(work: &mut Work, index: &Index<'_>, token: u32, step: Step) {
    for post in index.posts(token).iter() {
        let doc = post & DOC;
        let Some(cell) = work.cells.get_mut(doc as usize) else { continue };
        if cell.epoch != work.epoch {
            *cell = Cell { epoch: work.epoch, ..Cell::default() };
            work.touched.push(doc);
        }
        let mut v = step.value;
        if post & POST_ALIAS != 0 {
            v *= points::ALIAS_STAGE1;
        }
        if (post & POST_NEGATED != 0) != step.negated && !step.loose {
            v *= points::POLARITY;
        }
        if cell.word != step.word {
            cell.word = step.word;
            cell.word_best = 0.0;
            if cell.alternative != step.alternative {
                cell.alternative = step.alternative;
                cell.alternative_sum = 0.0;
                if cell.group != step.group {
                    cell.group = step.group;
                    cell.group_best = 0.0;
                }
            }
        }
        if v > cell.word_best {
            cell.alternative_sum += v - cell.word_best;
            cell.word_best = v;
            if cell.alternative_sum > cell.group_best {
                cell.sum += (cell.alternative_sum - cell.group_best) * step.weight;
                cell.group_best = cell.alternative_sum;
            }
        }
    }
}

/// The best of stage one: codes, headings, and how many answered about as well.
fn pick(
    book: &Book,
    index: &Index<'_>,
    filter: &Filter<'_>,
    prior: &Prior,
    parsed: &Parsed,
    work: &Work,
) -> (Vec<u32>, Vec<u32>, usize) {
    let whole: f32 = parsed.groups.iter().map(|g| g.weight).sum::<f32>().max(1e-6);
    let mut kept: Top = Top::new(KEEP.max(filter.query.limit.min(400)));
    let mut headers: Top = Top::new(KEEP_HEADERS);
    let mut best = 0.0f32;
    let mut levels = [0usize; 64];
    for &doc in &work.touched {
        let bits = index.class(doc);
        if !filter.takes_class(bits, index.validity(doc)) {
            continue;
        }
        let Some(cell) = work.cells.get(doc as usize) else { continue };
        let covered = cell.sum / whole;
        let billable = bits & class::BILLABLE != 0;
        let score = covered
            + 0.5 * points::PRIOR * prior.of(doc, index.prior(doc))
            + class_points(bits, parsed, filter.query.prefer);
        let top = if billable { &mut kept } else { &mut headers };
        // the costly part of the filter only for what would be kept
        let wanted = top.would_take(score);
        if (wanted || filter.prefix.is_some() || filter.query.within.is_some())
            && !filter.takes_doc(book, doc)
        {
            continue;
        }
        if billable {
            best = best.max(covered);
            levels[((covered * 60.0) as usize).min(63)] += 1;
        }
        if wanted {
            top.push(score, doc);
        }
    }
    let total = levels[((best * 60.0 * 0.9) as usize).min(63)..].iter().sum();
    (kept.docs(), headers.docs(), total)
}

/// The best few of many.
struct Top {
    size: usize,
    list: Vec<(f32, u32)>,
    least: f32,
}

impl Top {
    fn new(size: usize) -> Top {
        Top { size, list: Vec::with_capacity(size * 2), least: f32::MIN }
    }

    fn would_take(&self, score: f32) -> bool {
        score > self.least
    }

    fn push(&mut self, score: f32, doc: u32) {
        self.list.push((score, doc));
        // cut in halves now and then: cheaper than a heap at this size
        if self.list.len() >= self.size * 2 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.list.len() > self.size {
            self.list.select_nth_unstable_by(self.size - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            self.list.truncate(self.size);
            self.least = self.list.iter().map(|x| x.0).fold(f32::MAX, f32::min);
        }
    }

    fn docs(mut self) -> Vec<u32> {
        self.cut();
        self.list.into_iter().map(|x| x.1).collect()
    }
}

/// What one vocabulary word means to one word of the query.
pub struct Link {
    pub word: usize,
    pub quality: f32,
    pub negated: bool,
    next: u32,
}

/// Word of the vocabulary to words of the query.
pub struct Links {
    pub list: Vec<Link>,
    tokens: Vec<u32>,
    words: usize,
}

impl Links {
    fn new(index: &Index<'_>, parsed: &Parsed, first: &mut Vec<u32>) -> Links {
        if first.len() != index.words() {
            *first = vec![0; index.words()];
        }
        let mut links = Links { list: Vec::new(), tokens: Vec::new(), words: 0 };
        for group in &parsed.groups {
            for w in group.alternatives.iter().flat_map(|a| &a.words) {
                for c in &w.candidates {
                    let Some(slot) = first.get_mut(c.token as usize) else { continue };
                    links.list.push(Link {
                        word: links.words,
                        quality: c.quality,
                        negated: group.negated,
                        next: *slot,
                    });
                    *slot = links.list.len() as u32;
                    links.tokens.push(c.token);
                }
                links.words += 1;
            }
        }
        links
    }

    fn clear(&self, first: &mut [u32]) {
        for &t in &self.tokens {
            if let Some(slot) = first.get_mut(t as usize) {
                *slot = 0;
            }
        }
    }
}

/// Follows the links of a vocabulary word.
pub fn links_of<'a>(list: &'a [Link], first: &[u32], token: u32) -> impl Iterator<Item = &'a Link> {
    let mut at = first.get(token as usize).copied().unwrap_or(0);
    std::iter::from_fn(move || {
        let link = list.get((at as usize).checked_sub(1)?)?;
        at = link.next;
        Some(link)
    })
}

struct Scorer<'a> {
    index: Index<'a>,
    parsed: &'a Parsed,
    links: &'a Links,
    first: &'a [u32],
    best: Vec<f32>,
}

impl Scorer<'_> {
    /// Points of a document's words: its best phrase and its title.
    fn text(&mut self, doc: u32) -> f32 {
        let (mut top, mut title_cover) = (0.0f32, 0.0);
        let mut against = false;
        for p in self.index.phrases(doc).iter().take(PHRASES) {
            let title = self.index.source(p) == PhraseSource::Title;
            let (cover, precision) = self.phrase(p, title, &mut against);
            if title {
                title_cover = cover;
            }
            let mut s = cover.powf(1.6) + 0.45 * precision * cover;
            if cover > 0.93 && precision > 0.93 {
                s += 0.35;
            }
            if !title {
                s *= 0.9;
            }
            top = top.max(s);
        }
        let tail = match &self.parsed.tail {
            Some(t) if self.title_has(doc, t) => 0.1,
            _ => 0.0,
        };
        top + 0.25 * title_cover + tail - if against { points::NON } else { 0.0 }
    }

    fn title_has(&self, doc: u32, beginning: &str) -> bool {
        let title = self.index.phrases(doc).iter().next();
        title.is_some_and(|p| {
            let words = self.index.phrase(p);
            words.iter().any(|t| self.index.word(t & !(NEGATED | JOINED)).starts_with(beginning))
        })
    }

    /// How much of the query a phrase covers, and how much of the phrase the query asked for.
    fn phrase(&mut self, phrase: u32, title: bool, against: &mut bool) -> (f32, f32) {
        self.best.fill(0.0);
        let negations = self.parsed.groups.iter().any(|g| g.negated) || self.parsed.loose_negation;
        let (mut met, mut whole) = (0.0f32, 0.0f32);
        // weight and share met of the two tokens before, which a joined form stands for
        let mut last = [(0.0f32, 0.0f32); 2];
        for t in self.index.phrase(phrase).iter() {
            let (token, negated) = (t & !(NEGATED | JOINED), t & NEGATED != 0);
            let mut quality = 0.0f32;
            for link in links_of(&self.links.list, self.first, token) {
                let polar = link.negated == negated || self.parsed.loose_negation;
                let q = if polar { link.quality } else { link.quality * points::POLARITY };
                if let Some(b) = self.best.get_mut(link.word) {
                    *b = b.max(q);
                }
                quality = quality.max(q);
            }
            if title && self.parsed.against.contains(&token) {
                *against = true;
            }
            let mut weight = self.index.weight(token);
            if t & JOINED != 0 {
                if quality > 0.0 {
                    met += last.iter().map(|(w, q)| w * (quality - q).max(0.0)).sum::<f32>();
                }
                continue;
            }
            if negated && !negations {
                weight *= 0.15;
            }
            if quality == 0.0 && (self.parsed.side != 0 || self.parsed.encounter.is_some()) {
                quality = self.attribute(token);
            }
            whole += weight;
            met += weight * quality;
            last = [last[1], (weight, quality)];
        }
        (self.cover(), if whole > 0.0 { met / whole } else { 0.0 })
    }

    fn attribute(&self, token: u32) -> f32 {
        let met = match self.index.word(token) {
            "left" => self.parsed.side == class::LEFT,
            "right" => self.parsed.side == class::RIGHT,
            "bilateral" => self.parsed.side == class::BILATERAL,
            "initial" => self.parsed.encounter == Some(Encounter::Initial),
            "subsequent" => self.parsed.encounter == Some(Encounter::Subsequent),
            "sequela" => self.parsed.encounter == Some(Encounter::Sequela),
            "encounter" => self.parsed.encounter.is_some(),
            _ => false,
        };
        if met { 1.0 } else { 0.0 }
    }

    fn cover(&self) -> f32 {
        let (mut met, mut whole, mut word) = (0.0f32, 0.0f32, 0usize);
        for group in &self.parsed.groups {
            met += group.weight * self.group_cover(group, &mut word);
            whole += group.weight;
        }
        if whole > 0.0 { (met / whole).min(1.0) } else { 0.0 }
    }

    fn group_cover(&self, group: &Group, word: &mut usize) -> f32 {
        let mut best = 0.0f32;
        for a in &group.alternatives {
            let (mut met, mut whole) = (0.0f32, 0.0f32);
            for w in &a.words {
                met += w.weight * self.best.get(*word).copied().unwrap_or(0.0);
                whole += w.weight;
                *word += 1;
            }
            if whole > 0.0 {
                // half of what belongs together is less than half of the meaning
                let share = met / whole;
                let share = if a.words.len() > 1 { share.powf(1.4) } else { share };
                best = best.max(share * a.factor);
            }
        }
        best
    }
}

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
            bits & class::BILLABLE != 0 && filter.takes_class(bits, index.validity(d)) && filter.takes_doc(book, d)
        })
        .map(|d| (prior.of(d, index.prior(d)), d))
        .collect();
    docs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let total = docs.len();
    docs.truncate(filter.query.limit);
    plain_hits(book, filter, docs, total)
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
    docs.sort_by(|a, b| b.0.total_cmp(&a.0));
    docs.dedup_by_key(|d| d.1);
    let total = docs.len();
    docs.truncate(filter.query.limit);
    plain_hits(book, filter, docs, total)
}

fn plain_hits(book: &Book, filter: &Filter<'_>, docs: Vec<(f32, u32)>, total: usize) -> Results {
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
                why: vec!["often used".to_string()],
                matched: Vec::new(),
            }
        })
        .collect();
    Results { total, hits, abandoned: false }
}
