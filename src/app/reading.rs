//! Reading documents: the rows a note is shown in, and finding words in it.
//!
//! Owns looking for a word and for the line that supports a code. Rows know their source line, so that scroll
//! place and evidence survive a resize. The text is clean already: `domain::text` does it when a chart is opened,
//! and keeps the line numbers. Pure.

pub use crate::domain::text::{Row, wrap};

/// Every place where `needle` stands in `text`, ignoring case: (line from 0, byte offset in the line).
pub fn find(text: &str, needle: &str) -> Vec<(u32, usize)> {
    let needle = needle.to_lowercase();
    if needle.trim().is_empty() {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for (n, line) in text.split('\n').enumerate() {
        let low = line.to_lowercase();
        // Offsets are the lowered line's: good enough to place a snippet, and always a boundary there.
        if let Some(at) = low.find(&needle) {
            hits.push((u32::try_from(n).unwrap_or(u32::MAX), at));
        }
    }
    hits
}

/// The line of a document that best supports a code: the one that shares most words with its title,
/// later lines first (the assessment stands at the end). `None` when no word is shared.
pub fn best_line(text: &str, words: &[String]) -> Option<u32> {
    let mut best: Option<(usize, u32)> = None;
    for (n, line) in text.split('\n').enumerate() {
        let low = line.to_lowercase();
        let score = words.iter().filter(|w| low.contains(w.as_str())).count();
        if score > 0 && best.is_none_or(|(s, _)| score >= s) {
            best = Some((score, u32::try_from(n).unwrap_or(u32::MAX)));
        }
    }
    best.map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_stand() {
        let t = "Assessment and plan\n  1. Type 2 diabetes with kidney disease\n\nend";
        assert_eq!(find(t, "DIABETES"), vec![(1, 12)]);
        assert_eq!(best_line(t, &["diabetes".into(), "kidney".into()]), Some(1));
    }
}
