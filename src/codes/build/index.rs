//! The search sections: vocabulary, postings, phrases, deletion neighbourhoods, short lists.
//!
//! Owns which texts lead to a code (title, inclusion terms and includes notes, our aliases, index
//! terms) and how they are laid down. An alias on a header counts for every billable code below,
//! the likeliest 300 at most.
//! Never ranks: that is `search`. Pure.

use super::Sections;
use super::docs::Codes;
use super::tabular::Tree;
use crate::codes::format::{Section, Writer};
use crate::codes::index::{JOINED, NEGATED, POST_ALIAS, POST_NEGATED, PhraseSource, SHORT_SLOTS, short_slot};
use crate::codes::notes::NoteKind;
use crate::codes::tables::{Tables, field, records};
use crate::codes::tokens::{Token, deletions, edits_allowed, filler, tokenize};
use crate::codes::{BookError, CodeSystem, class};
use std::collections::HashMap;

const SPREAD: usize = 300;
const SHORT_LIST: usize = 40;

#[derive(Default)]
struct Words {
    ids: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Words {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.texts.len() as u32;
        self.ids.insert(text.to_string(), id);
        self.texts.push(text.to_string());
        id
    }
}

#[derive(Default)]
struct Phrases {
    tokens: Vec<Vec<u32>>,
    source: Vec<u8>,
}

impl Phrases {
    fn add(&mut self, words: &mut Words, tokens: &[Token], source: PhraseSource) -> u32 {
        let list = tokens.iter().map(|t| {
            let mut id = words.id(&t.text);
            if t.negated {
                id |= NEGATED;
            }
            if t.joined {
                id |= JOINED;
            }
            id
        });
        self.tokens.push(list.collect());
        self.source.push(source as u8);
        self.tokens.len() as u32 - 1
    }
}

/// Texts that lead to a code, beside its title.
fn aliases(
    tables: &Tables,
    tree: &Tree,
) -> Result<Vec<(CodeSystem, String, String, PhraseSource)>, BookError> {
    let mut out = Vec::new();
    let cm = CodeSystem::Icd10cm;
    for (code, &node) in &tree.of_code {
        for (kind, text) in &tree.nodes[node].notes {
            if matches!(kind, NoteKind::Inclusion | NoteKind::Includes) && !text.ends_with(':') {
                out.push((cm, code.clone(), text.clone(), PhraseSource::Inclusion));
            }
        }
    }
    for r in records(&tables.text("aliases.txt")?) {
        let (system, code) = match field(&r, 0).split_once(':') {
            Some((system, code)) => (CodeSystem::from_key(system).unwrap_or(cm), code),
            None => (cm, field(&r, 0)),
        };
        for text in field(&r, 1).split(';').map(str::trim).filter(|t| !t.is_empty()) {
            let code = crate::domain::normal_code(code);
            out.push((system, code, text.to_string(), PhraseSource::Alias));
        }
    }
    for r in records(&tables.text("icd10pcs_terms.txt.gz")?) {
        let (code, text) = (field(&r, 0).to_string(), field(&r, 1).to_string());
        out.push((CodeSystem::Icd10pcs, code, text, PhraseSource::IndexTerm));
    }
    for (system, code, text) in &tables.site.terms {
        out.push((*system, code.clone(), text.clone(), PhraseSource::IndexTerm));
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// `hypertension (arterial) (benign)` is found without the bracketed words as well.
fn without_brackets(text: &str) -> Option<String> {
    if !text.contains(['(', '[']) {
        return None;
    }
    let mut depth = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ if depth <= 0 => out.push(c),
            _ => {}
        }
    }
    Some(out)
}

/// The codes an alias counts for.
fn reached(codes: &Codes, system: CodeSystem, code: &str) -> Vec<usize> {
    let mut hits: Vec<usize> =
        codes.below(system, code).filter(|&i| codes.drafts[i].class & class::BILLABLE != 0).collect();
    if hits.len() > SPREAD {
        hits.sort_by_key(|&i| std::cmp::Reverse(codes.drafts[i].prior));
        hits.truncate(SPREAD);
    }
    hits
}

pub fn write(
    tables: &Tables,
    tree: &Tree,
    codes: &Codes,
    out: &mut Sections,
    progress: &mut dyn FnMut(&str, u8),
) -> Result<(), BookError> {
    let mut words = Words::default();
    let mut phrases = Phrases::default();
    let mut of_doc: Vec<Vec<u32>> = vec![Vec::new(); codes.drafts.len()];
    for (i, d) in codes.drafts.iter().enumerate() {
        if let Some(title) = &d.title {
            of_doc[i].push(phrases.add(&mut words, &tokenize(title), PhraseSource::Title));
        }
    }
    for (system, code, text, source) in aliases(tables, tree)? {
        let docs = reached(codes, system, &code);
        for form in [Some(text.clone()), without_brackets(&text)].into_iter().flatten() {
            let tokens = tokenize(&form);
            if tokens.is_empty() || docs.is_empty() {
                continue;
            }
            let p = phrases.add(&mut words, &tokens, source);
            for &i in &docs {
                of_doc[i].push(p);
            }
        }
    }
    for r in records(&tables.text("shorthand.txt")?) {
        // words of abbreviations lead to no code, but a misspelt one must be recognised
        for w in field(&r, 0).split([';', ' ']).filter(|w| w.len() >= 4) {
            if w.bytes().all(|c| c.is_ascii_alphabetic()) {
                words.id(&w.to_lowercase());
            }
        }
    }
    progress("sorting words", 60);
    let rank = sort_vocabulary(&mut words, &mut phrases, out);
    let posts = postings(codes, &phrases, &of_doc, words.texts.len());
    write_weights(codes, &words, &posts, &rank, out);
    progress("writing phrases", 75);
    write_posts(&posts, out);
    write_phrases(&phrases, &of_doc, out);
    progress("typing errors", 85);
    write_deletions(&words, &rank, out);
    write_short_lists(codes, &phrases, &of_doc, &words, &rank, out);
    Ok(())
}

/// Gives every word its place in the sorted vocabulary and rewrites the phrases to it. Returns
/// the old number of each word in the new order.
fn sort_vocabulary(words: &mut Words, phrases: &mut Phrases, out: &mut Sections) -> Vec<u32> {
    let mut order: Vec<u32> = (0..words.texts.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| words.texts[a as usize].cmp(&words.texts[b as usize]));
    let mut new = vec![0u32; order.len()];
    for (to, &from) in order.iter().enumerate() {
        new[from as usize] = to as u32;
    }
    let mask = !(NEGATED | JOINED);
    for t in phrases.tokens.iter_mut().flatten() {
        *t = new[(*t & mask) as usize] | (*t & !mask);
    }
    let (mut start, mut text) = (Writer::default(), Vec::new());
    for &from in &order {
        start.u32(text.len() as u32);
        text.extend_from_slice(words.texts[from as usize].as_bytes());
    }
    start.u32(text.len() as u32);
    out.put(Section::VocabStart, start.0);
    out.put(Section::VocabText, text);
    order
}

fn postings(codes: &Codes, phrases: &Phrases, of_doc: &[Vec<u32>], vocabulary: usize) -> Vec<Vec<u32>> {
    let mut posts: Vec<Vec<u32>> = vec![Vec::new(); vocabulary];
    for doc in 0..codes.drafts.len() as u32 {
        for &p in &of_doc[doc as usize] {
            let alias = phrases.source[p as usize] != PhraseSource::Title as u8;
            for &t in &phrases.tokens[p as usize] {
                let list = &mut posts[(t & !(NEGATED | JOINED)) as usize];
                let bits =
                    if alias { POST_ALIAS } else { 0 } | if t & NEGATED != 0 { POST_NEGATED } else { 0 };
                match list.last_mut() {
                    // titles come first; a word that is there once without *not* counts as there
                    Some(last) if *last & 0x00ff_ffff == doc => *last &= bits | !POST_NEGATED,
                    _ => list.push(doc | bits),
                }
            }
        }
    }
    posts
}

/// A word's weight: how rare it is among codes that differ in more than their 7th character.
fn write_weights(codes: &Codes, words: &Words, posts: &[Vec<u32>], rank: &[u32], out: &mut Sections) {
    let mut siblings: HashMap<(CodeSystem, &str), u32> = HashMap::new();
    let stem = |i: usize| {
        let code = codes.drafts[i].code.as_str();
        let cm7 = codes.systems[i] == CodeSystem::Icd10cm && code.len() == 7;
        (codes.systems[i], if cm7 { &code[..6] } else { code })
    };
    for i in 0..codes.drafts.len() {
        *siblings.entry(stem(i)).or_default() += 1;
    }
    let share: Vec<f32> = (0..codes.drafts.len()).map(|i| 1.0 / siblings[&stem(i)] as f32).collect();
    let total: f32 = share.iter().sum();
    let mut w = Writer::default();
    for (to, list) in posts.iter().enumerate() {
        let df: f32 = list.iter().map(|p| share[(p & 0x00ff_ffff) as usize]).sum();
        let idf = (1.0 + total / df.max(0.5)).ln();
        w.u32((idf * filler(&words.texts[rank[to] as usize])).to_bits());
    }
    out.put(Section::VocabWeight, w.0);
}

/// Lists one after another, and where each begins; the last start is the end.
fn write_lists(lists: &[Vec<u32>], starts: Section, items: Section, out: &mut Sections) {
    let (mut start, mut all) = (Writer::default(), Writer::default());
    let mut n = 0;
    for list in lists {
        start.u32(n);
        n += list.len() as u32;
        list.iter().for_each(|&x| all.u32(x));
    }
    start.u32(n);
    out.put(starts, start.0);
    out.put(items, all.0);
}

fn write_posts(posts: &[Vec<u32>], out: &mut Sections) {
    write_lists(posts, Section::PostStart, Section::Posts, out);
}

fn write_phrases(phrases: &Phrases, of_doc: &[Vec<u32>], out: &mut Sections) {
    write_lists(&phrases.tokens, Section::PhraseStart, Section::PhraseTokens, out);
    out.put(Section::PhraseSource, phrases.source.clone());
    write_lists(of_doc, Section::DocPhraseStart, Section::DocPhrases, out);
}

fn write_deletions(words: &Words, rank: &[u32], out: &mut Sections) {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for (to, &from) in rank.iter().enumerate() {
        let word = &words.texts[from as usize];
        let letters = word.chars().count();
        if letters < 4 || word.chars().any(|c| c.is_ascii_digit()) {
            continue;
        }
        pairs.extend(deletions(word, edits_allowed(letters)).into_iter().map(|h| (h, to as u32)));
    }
    pairs.sort_unstable();
    let (mut hashes, mut tokens) = (Writer::default(), Writer::default());
    for (h, t) in pairs {
        hashes.u32(h);
        tokens.u32(t);
    }
    out.put(Section::DeletionHash, hashes.0);
    out.put(Section::DeletionToken, tokens.0);
}

/// For one or two letters typed: the likeliest codes with a title word so beginning.
fn write_short_lists(
    codes: &Codes,
    phrases: &Phrases,
    of_doc: &[Vec<u32>],
    words: &Words,
    rank: &[u32],
    out: &mut Sections,
) {
    let mut slots: Vec<Vec<u32>> = vec![Vec::new(); 4 * SHORT_SLOTS];
    let mut order: Vec<usize> = (0..codes.drafts.len())
        .filter(|&i| {
            let d = &codes.drafts[i];
            d.class & class::BILLABLE != 0 && d.periods.last().is_some_and(|p| p.1 == 0) && d.title.is_some()
        })
        .collect();
    order.sort_by_key(|&i| {
        let d = &codes.drafts[i];
        (std::cmp::Reverse(d.prior), d.title.as_ref().map_or(0, String::len))
    });
    for i in order {
        let base = class::system_index(codes.systems[i]) * SHORT_SLOTS;
        let Some(&title) = of_doc[i].first() else { continue };
        for &t in &phrases.tokens[title as usize] {
            if t & (NEGATED | JOINED) != 0 {
                continue;
            }
            let word = &words.texts[rank[t as usize] as usize];
            if filler(word) < 0.2 {
                continue;
            }
            for len in 1..=2 {
                let slot = word.get(..len).and_then(short_slot);
                if let Some(list) = slot.and_then(|s| slots.get_mut(base + s))
                    && list.len() < SHORT_LIST
                    && list.last() != Some(&(i as u32))
                {
                    list.push(i as u32);
                }
            }
        }
    }
    let (mut start, mut all) = (Writer::default(), Writer::default());
    let mut n = 0;
    for list in &slots {
        start.u32(n);
        n += list.len() as u32;
        list.iter().for_each(|&d| all.u32(d));
    }
    start.u32(n);
    out.put(Section::ShortStart, start.0);
    out.put(Section::ShortDocs, all.0);
}
