//! The index: every word of every title and inclusion term, and where it stands.
//!
//! Made once from the book, in about half a second; read-only after that.

use super::words::{filler, stem, tokens};
use crate::codes::Book;
use crate::domain::CodeSystem;
use std::collections::HashMap;

/// A title or another name of a document: words `from..to` of the flat list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    pub doc: u32,
    pub from: u32,
    pub to: u32,
    pub alias: bool,
}

pub struct Index {
    pub(super) words: Vec<String>,
    /// idf times filler factor.
    pub(super) weights: Vec<f32>,
    /// Documents of each word: `starts[w]..starts[w + 1]` of `postings`.
    starts: Vec<u32>,
    postings: Vec<u32>,
    pub(super) phrases: Vec<Phrase>,
    pub(super) phrase_words: Vec<u32>,
    /// First phrase of each document; its title comes first.
    first_phrase: Vec<u32>,
    /// Words by stem, for plurals.
    pub(super) stems: HashMap<String, Vec<u32>>,
    /// Abbreviations: words of the key to meanings.
    pub(super) shorthand: HashMap<String, Vec<Vec<String>>>,
    /// Usage level of each document over the highest.
    pub(super) usage: Vec<f32>,
}

impl Index {
    pub fn build(book: &Book) -> Index {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut words: Vec<String> = Vec::new();
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut flat: Vec<u32> = Vec::new();
        let mut first_phrase = Vec::with_capacity(book.docs().len());
        let mut counts: Vec<u32> = Vec::new();
        let mut last_seen: Vec<u32> = Vec::new();
        for (d, doc) in book.docs().iter().enumerate() {
            first_phrase.push(phrases.len() as u32);
            let title = book.title_of(doc);
            let mut add = |text: &str, alias: bool| {
                let from = flat.len() as u32;
                for t in tokens(text) {
                    let id = *ids.entry(t).or_insert_with_key(|t| {
                        words.push(t.clone());
                        counts.push(0);
                        last_seen.push(u32::MAX);
                        (words.len() - 1) as u32
                    });
                    if last_seen[id as usize] != d as u32 {
                        last_seen[id as usize] = d as u32;
                        counts[id as usize] += 1;
                    }
                    flat.push(id);
                }
                let to = flat.len() as u32;
                phrases.push(Phrase { doc: d as u32, from, to, alias });
            };
            add(&title, false);
            if doc.system == CodeSystem::Icd10cm {
                for term in book.inclusion_terms(doc) {
                    add(term, true);
                }
            }
        }
        // Words in order, so that a prefix is a range.
        let mut order: Vec<u32> = (0..words.len() as u32).collect();
        order.sort_unstable_by(|a, b| words[*a as usize].cmp(&words[*b as usize]));
        let mut place = vec![0u32; words.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old as usize] = new as u32;
        }
        flat.iter_mut().for_each(|w| *w = place[*w as usize]);
        let sorted: Vec<String> = order.iter().map(|o| std::mem::take(&mut words[*o as usize])).collect();
        let counts: Vec<u32> = order.iter().map(|o| counts[*o as usize]).collect();
        let n = book.docs().len() as f32;
        let weights =
            sorted.iter().zip(&counts).map(|(w, c)| (1.0 + n / (1.0 + *c as f32)).ln() * filler(w)).collect();
        let mut starts = vec![0u32; sorted.len() + 1];
        for (w, c) in counts.iter().enumerate() {
            starts[w + 1] = starts[w] + c;
        }
        let mut fill = starts.clone();
        let mut postings = vec![0u32; starts[sorted.len()] as usize];
        let mut last = vec![u32::MAX; sorted.len()];
        for p in &phrases {
            for w in &flat[p.from as usize..p.to as usize] {
                if last[*w as usize] != p.doc {
                    last[*w as usize] = p.doc;
                    postings[fill[*w as usize] as usize] = p.doc;
                    fill[*w as usize] += 1;
                }
            }
        }
        let mut stems: HashMap<String, Vec<u32>> = HashMap::new();
        for (w, word) in sorted.iter().enumerate() {
            stems.entry(stem(word).to_string()).or_default().push(w as u32);
        }
        stems.retain(|_, ws| ws.len() > 1);
        let usage = book.docs().iter().map(|d| f32::from(d.usage) / 15.0).collect();
        Index {
            words: sorted,
            weights,
            starts,
            postings,
            phrases,
            phrase_words: flat,
            first_phrase,
            stems,
            shorthand: read_shorthand(book.shorthand()),
            usage,
        }
    }

    pub(super) fn docs_of(&self, word: u32) -> &[u32] {
        let w = word as usize;
        &self.postings[self.starts[w] as usize..self.starts[w + 1] as usize]
    }

    pub(super) fn phrases_of(&self, doc: u32) -> &[Phrase] {
        let from = self.first_phrase[doc as usize] as usize;
        let to = self.first_phrase.get(doc as usize + 1).map_or(self.phrases.len(), |n| *n as usize);
        &self.phrases[from..to]
    }

    pub(super) fn word(&self, text: &str) -> Option<u32> {
        self.words.binary_search_by(|w| w.as_str().cmp(text)).ok().map(|i| i as u32)
    }

    /// Words that begin so.
    pub(super) fn prefixed(&self, text: &str) -> std::ops::Range<usize> {
        let from = self.words.partition_point(|w| w.as_str() < text);
        let n = self.words[from..].partition_point(|w| w.starts_with(text));
        from..from + n
    }
}

/// `abbreviation<TAB>meaning|meaning`
fn read_shorthand(text: &str) -> HashMap<String, Vec<Vec<String>>> {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('\t'))
        .map(|(abbr, meanings)| (abbr.to_string(), meanings.split('|').map(tokens).collect()))
        .collect()
}
