//! Why a code is an answer, and which parts of its title the query met.
//!
//! Owns the short reasons a coder can call up ("chf: congestive heart failure (abbreviation)")
//! and the byte ranges to mark. Only asked for hits that are shown. Pure.

use super::candidates::How;
use super::query::{Group, Parsed, Word};
use super::score::{Link, links_of};
use crate::codes::index::{Index, JOINED, NEGATED, PhraseSource};
use crate::codes::tokens::tokenize;

/// What ranking found out about the query's words.
pub struct Matches<'a> {
    pub index: &'a Index<'a>,
    pub parsed: &'a Parsed,
    pub links: &'a [Link],
    pub first: &'a [u32],
}

pub fn explain(m: &Matches<'_>, doc: u32, title: &str) -> (Vec<String>, Vec<(usize, usize)>) {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for t in tokenize(title) {
        let Some(id) = m.index.find(&t.text) else { continue };
        let met = links_of(m.links, m.first, id).max_by(|a, b| a.quality.total_cmp(&b.quality));
        if let Some(link) = met {
            let shown = title.get(t.start..t.end).unwrap_or_default();
            ranges.push((t.start, t.start + letters(link, shown)));
        }
    }
    ranges.sort_unstable();
    ranges.dedup();
    let why = m.parsed.groups.iter().filter_map(|g| reason(m, doc, g)).collect();
    (why, ranges)
}

/// How many bytes of a title's word were typed: all of it, unless it was met by its beginning alone.
fn letters(link: &Link, shown: &str) -> usize {
    let end = link.typed.and_then(|n| shown.char_indices().nth(n));
    end.map_or(shown.len(), |(at, _)| at)
}

/// The best word of the document for a group, said in a few words.
fn reason(m: &Matches<'_>, doc: u32, group: &Group) -> Option<String> {
    for (source, tokens) in phrases(m, doc) {
        for a in &group.alternatives {
            let met: Vec<(&Word, How, u32)> = a.words.iter().filter_map(|w| met_word(w, &tokens)).collect();
            let Some((_, how, token)) = met.first() else { continue };
            if met.len() * 2 < a.words.len() {
                continue;
            }
            let word = m.index.word(*token);
            let what = match (a.rewritten, how) {
                (true, _) => {
                    let words: Vec<&str> = a.words.iter().map(|w| w.text.as_str()).collect();
                    format!("{}: {} (abbreviation)", group.typed, words.join(" "))
                }
                (_, How::Exact) => format!("{word}: as typed"),
                (_, How::Plural) => format!("{}: {word} (same word)", group.typed),
                (_, How::Variant) => format!("{}: {word} (related word)", group.typed),
                (_, How::Prefix) => format!("{}…: {word} (beginning)", group.typed),
                (_, How::Typo) => format!("{}: {word} (typing error)", group.typed),
            };
            return Some(match source {
                PhraseSource::Title => what,
                other => format!("{what}, {}", other.label()),
            });
        }
    }
    None
}

fn phrases(m: &Matches<'_>, doc: u32) -> Vec<(PhraseSource, Vec<u32>)> {
    m.index
        .phrases(doc)
        .iter()
        .take(48)
        .map(|p| {
            let tokens = m.index.phrase(p).iter().map(|t| t & !(NEGATED | JOINED)).collect();
            (m.index.source(p), tokens)
        })
        .collect()
}

fn met_word<'a>(word: &'a Word, tokens: &[u32]) -> Option<(&'a Word, How, u32)> {
    word.candidates.iter().find(|c| tokens.contains(&c.token)).map(|c| (word, c.how, c.token))
}
