//! Stage two of ranking: a code's points by its best phrase.
//!
//! Owns coverage (how much of the query a phrase answers), precision (how much of the phrase was
//! asked for), polarity, and the links from words of the book to words of the query.
//! Never picks codes: that is `gather`. Pure.

use super::candidates::How;
use super::points;
use super::query::{Encounter, Group, Parsed};
use crate::codes::class;
use crate::codes::index::{Index, JOINED, NEGATED, PhraseSource};

/// Phrases of one code that are all looked at; of those after them only the ones that hold a word of the
/// weightiest group: a code of a poisoning has the name of every drug it is for.
const PHRASES: usize = 96;

/// What one vocabulary word means to one word of the query.
pub struct Link {
    pub word: usize,
    pub quality: f32,
    pub negated: bool,
    /// Letters typed of a word met by its beginning.
    pub typed: Option<usize>,
    next: u32,
}

/// Word of the vocabulary to words of the query.
pub struct Links {
    pub list: Vec<Link>,
    tokens: Vec<u32>,
    pub words: usize,
    /// The words of the weightiest group.
    key: std::ops::Range<usize>,
}

impl Links {
    pub fn new(index: &Index<'_>, parsed: &Parsed, first: &mut Vec<u32>) -> Links {
        if first.len() != index.words() {
            *first = vec![0; index.words()];
        }
        let mut links = Links { list: Vec::new(), tokens: Vec::new(), words: 0, key: 0..0 };
        let mut heaviest = 0.0f32;
        for group in &parsed.groups {
            let from = links.words;
            for w in group.alternatives.iter().flat_map(|a| &a.words) {
                let letters = w.text.chars().count();
                for c in &w.candidates {
                    let Some(slot) = first.get_mut(c.token as usize) else { continue };
                    links.list.push(Link {
                        word: links.words,
                        quality: c.quality,
                        negated: group.negated,
                        typed: (c.how == How::Prefix).then_some(letters),
                        next: *slot,
                    });
                    *slot = links.list.len() as u32;
                    links.tokens.push(c.token);
                }
                links.words += 1;
            }
            if group.weight > heaviest {
                heaviest = group.weight;
                links.key = from..links.words;
            }
        }
        links
    }

    pub fn clear(&self, first: &mut [u32]) {
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

pub struct Scorer<'a> {
    pub index: Index<'a>,
    pub parsed: &'a Parsed,
    pub links: &'a Links,
    pub first: &'a [u32],
    pub best: Vec<f32>,
}

impl Scorer<'_> {
    /// Points of a document's words: its best phrase and its title; and whether a phrase is what was typed,
    /// all of it and nothing else.
    pub fn text(&mut self, doc: u32) -> (f32, bool) {
        let (mut top, mut title_cover, mut exact) = (0.0f32, 0.0, false);
        let mut against = false;
        for (n, p) in self.index.phrases(doc).iter().enumerate() {
            if n >= PHRASES && !self.holds_key(p) {
                continue;
            }
            let title = self.index.source(p) == PhraseSource::Title;
            let (cover, precision) = self.phrase(p, title, &mut against);
            if title {
                title_cover = cover;
            }
            let mut s = cover.powf(1.6) + 0.45 * precision * cover;
            if cover > 0.93 && precision > 0.93 {
                s += 0.35;
                exact = true;
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
        (top + 0.25 * title_cover + tail - if against { points::NON } else { 0.0 }, exact && !against)
    }

    /// Whether a phrase holds a word of the weightiest group.
    fn holds_key(&self, phrase: u32) -> bool {
        self.index.phrase(phrase).iter().any(|t| {
            let mut links = links_of(&self.links.list, self.first, t & !(NEGATED | JOINED));
            links.any(|l| self.links.key.contains(&l.word))
        })
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
                let against = if link.negated { points::NEGATED_THERE } else { points::POLARITY };
                let q = if polar { link.quality } else { link.quality * against };
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
