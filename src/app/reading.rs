//! Reading documents: wrapping a note to a width, and finding words in it.
//!
//! Owns the rows a note is shown in; each knows its source line, so that scroll place and evidence survive
//! a resize. The text is clean already (control characters are stripped when it enters the store). Pure.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One screen row: bytes `start..end` of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the source text, from 0.
    pub line: u32,
    pub start: usize,
    pub end: usize,
}

/// Breaks at blanks; a word longer than the width is cut. Never returns an empty list.
pub fn wrap(text: &str, width: usize) -> Vec<Row> {
    let width = width.max(1);
    let mut rows = Vec::new();
    let mut at = 0;
    for (n, line) in text.split('\n').enumerate() {
        let number = u32::try_from(n).unwrap_or(u32::MAX);
        let end = at + line.trim_end().len();
        let mut start = at;
        loop {
            let cut = fit(&text[start..end], width);
            if start + cut >= end {
                rows.push(Row { line: number, start, end });
                break;
            }
            let piece = &text[start..start + cut];
            let next_is_blank = text[start + cut..].starts_with(' ');
            let stop = match piece.trim_end().rfind(' ') {
                Some(i) if !next_is_blank && !piece.ends_with(' ') && !piece[..i].trim().is_empty() => {
                    start + i
                }
                _ => start + cut,
            };
            rows.push(Row { line: number, start, end: start + text[start..stop].trim_end().len() });
            start = stop + (text[stop..end].len() - text[stop..end].trim_start().len());
        }
        at += line.len() + 1;
    }
    rows
}

/// Bytes of `s` that fit in `width` columns; at least one character.
fn fit(s: &str, width: usize) -> usize {
    if s.width() <= width {
        return s.len();
    }
    let mut used = 0;
    for (i, c) in s.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            return if i == 0 { c.len_utf8() } else { i };
        }
    }
    s.len()
}

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
    use proptest::prelude::*;

    #[test]
    fn wraps_at_blanks_and_keeps_lines() {
        let t = "Assessment and plan\n  1. Type 2 diabetes with kidney disease\n\nend";
        let rows: Vec<&str> = wrap(t, 20).iter().map(|r| &t[r.start..r.end]).collect();
        assert_eq!(rows, ["Assessment and plan", "  1. Type 2 diabetes", "with kidney disease", "", "end"]);
        assert_eq!(wrap("", 10).len(), 1);
        assert_eq!(find(t, "DIABETES"), vec![(1, 12)]);
        assert_eq!(best_line(t, &["diabetes".into(), "kidney".into()]), Some(1));
    }

    proptest! {
        #[test]
        fn no_row_is_too_wide_and_no_word_is_lost(t in "[a-z éß界 \n]{0,300}", w in 2usize..40) {
            let rows = wrap(&t, w);
            for r in &rows {
                prop_assert!(t[r.start..r.end].width() <= w);
            }
            let all: String = rows.iter().map(|r| &t[r.start..r.end]).collect();
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&all), strip(&t));
        }
    }
}
