//! The search sections of a book, as typed views.
//!
//! Owns how vocabulary, postings, phrases, deletions and short lists are read.
//! Never ranks: that is `search`. Views borrow the book; pure; any thread.

use super::CodeSystem;
use super::class;
use super::format::{U16s, U32s};
use super::tokens::deletions;
use std::ops::Range;

/// Bits of a phrase's token beside its word number.
pub const NEGATED: u32 = 1 << 31;
pub const JOINED: u32 = 1 << 30;
/// Bits of a posting beside its document number.
pub const POST_ALIAS: u32 = 1 << 31;
pub const POST_NEGATED: u32 = 1 << 30;
pub const DOC: u32 = 0x00ff_ffff;

/// Where a phrase is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum PhraseSource {
    Title = 0,
    Inclusion = 1,
    Alias = 2,
    IndexTerm = 3,
}

impl PhraseSource {
    pub fn label(self) -> &'static str {
        match self {
            PhraseSource::Title => "title",
            PhraseSource::Inclusion => "inclusion term",
            PhraseSource::Alias => "synonym",
            PhraseSource::IndexTerm => "index term",
        }
    }
}

/// One slot for each letter or digit, and for each pair of them.
pub const SHORT_SLOTS: usize = 36 + 36 * 36;

pub fn short_slot(prefix: &str) -> Option<usize> {
    let n = |c: u8| match c {
        b'a'..=b'z' => Some(usize::from(c - b'a')),
        b'0'..=b'9' => Some(usize::from(c - b'0') + 26),
        _ => None,
    };
    match *prefix.as_bytes() {
        [a] => n(a),
        [a, b] => Some(36 + n(a)? * 36 + n(b)?),
        _ => None,
    }
}

/// The search sections of one book.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    pub(super) vocab_start: U32s<'a>,
    pub(super) vocab_text: &'a [u8],
    pub(super) vocab_weight: U32s<'a>,
    pub(super) post_start: U32s<'a>,
    pub(super) posts: U32s<'a>,
    pub(super) phrase_start: U32s<'a>,
    pub(super) phrase_tokens: U32s<'a>,
    pub(super) phrase_source: &'a [u8],
    pub(super) doc_phrase_start: U32s<'a>,
    pub(super) doc_phrases: U32s<'a>,
    pub(super) deletion_hash: U32s<'a>,
    pub(super) deletion_token: U32s<'a>,
    pub(super) short_start: U32s<'a>,
    pub(super) short_docs: U32s<'a>,
    pub(super) prior: &'a [u8],
    pub(super) class: U16s<'a>,
    pub(super) valid_of: U16s<'a>,
}

impl<'a> Index<'a> {
    pub fn docs(&self) -> usize {
        self.prior.len()
    }

    pub fn words(&self) -> usize {
        self.vocab_start.len().saturating_sub(1)
    }

    pub fn word(&self, token: u32) -> &'a str {
        let part = self.vocab_text.get(self.vocab_start.span(token as usize)).unwrap_or_default();
        std::str::from_utf8(part).unwrap_or("")
    }

    fn word_bytes(&self, token: usize) -> &'a [u8] {
        self.vocab_text.get(self.vocab_start.span(token)).unwrap_or_default()
    }

    /// First word not below `text`.
    fn lower_bound(&self, text: &[u8]) -> usize {
        let (mut lo, mut hi) = (0, self.words());
        while lo < hi {
            let mid = (lo + hi) / 2;
            if self.word_bytes(mid) < text {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        lo
    }

    /// The word of this text, if any code has it.
    pub fn find(&self, text: &str) -> Option<u32> {
        let i = self.lower_bound(text.as_bytes());
        (i < self.words() && self.word_bytes(i) == text.as_bytes() && self.posted(i as u32))
            .then_some(i as u32)
    }

    /// Does any code have the word? Some words stand in the vocabulary as parts of abbreviations only.
    pub fn posted(&self, token: u32) -> bool {
        !self.post_start.span(token as usize).is_empty()
    }

    /// The words that begin with `prefix`.
    pub fn starting(&self, prefix: &str) -> Range<u32> {
        let from = self.lower_bound(prefix.as_bytes());
        let (mut lo, mut hi) = (from, self.words());
        while lo < hi {
            let mid = (lo + hi) / 2;
            if self.word_bytes(mid).starts_with(prefix.as_bytes()) {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        from as u32..lo as u32
    }

    #[inline]
    pub fn weight(&self, token: u32) -> f32 {
        f32::from_bits(self.vocab_weight.get(token as usize))
    }

    /// Documents that have the word: number and `POST_` bits.
    pub fn posts(&self, token: u32) -> U32s<'a> {
        self.posts.slice(self.post_start.span(token as usize))
    }

    /// The phrases of a document, its title first.
    pub fn phrases(&self, doc: u32) -> U32s<'a> {
        self.doc_phrases.slice(self.doc_phrase_start.span(doc as usize))
    }

    pub fn phrase(&self, phrase: u32) -> U32s<'a> {
        self.phrase_tokens.slice(self.phrase_start.span(phrase as usize))
    }

    pub fn source(&self, phrase: u32) -> PhraseSource {
        match self.phrase_source.get(phrase as usize) {
            Some(0) => PhraseSource::Title,
            Some(1) => PhraseSource::Inclusion,
            Some(2) => PhraseSource::Alias,
            _ => PhraseSource::IndexTerm,
        }
    }

    /// Words whose deletion neighbourhood meets that of `word` (still to be checked).
    pub fn near(&self, word: &str, edits: usize) -> Vec<u32> {
        let mut out = Vec::new();
        for h in deletions(word, edits) {
            let mut i = self.deletion_hash.lower_bound(h);
            while i < self.deletion_hash.len() && self.deletion_hash.get(i) == h {
                out.push(self.deletion_token.get(i));
                i += 1;
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The likeliest codes with a title word beginning with one or two letters.
    pub fn short_list(&self, system: CodeSystem, prefix: &str) -> U32s<'a> {
        match short_slot(prefix) {
            Some(s) => {
                self.short_docs.slice(self.short_start.span(class::system_index(system) * SHORT_SLOTS + s))
            }
            None => U32s(&[]),
        }
    }

    /// How often the code is used, 0 to 1.
    #[inline]
    pub fn prior(&self, doc: u32) -> f32 {
        f32::from(self.prior.get(doc as usize).copied().unwrap_or(0)) / 15.0
    }

    #[inline]
    pub fn class(&self, doc: u32) -> u16 {
        self.class.get(doc as usize)
    }

    /// Number of the document's list of validity periods.
    #[inline]
    pub fn validity(&self, doc: u32) -> u16 {
        self.valid_of.get(doc as usize)
    }
}
