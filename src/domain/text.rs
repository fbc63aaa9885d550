//! Text that came from elsewhere, made fit for a screen: cleaned, measured, cut and wrapped.
//!
//! Owns what counts as a dangerous character and how many columns a text takes. Every note is cleaned before
//! it is shown: a control character could drive the terminal, a bidi override could show another order of words
//! than the one stored, a tab has no width of its own. Cleaning keeps the line breaks, so that a line number
//! means the same before and after. Never does I/O. Pure; any thread.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const TAB: usize = 8;

/// A character that must not reach a terminal: C0 and C1 controls, bidi controls, and those that are not seen
/// (a code with a zero-width blank in it looks right and is not found).
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'                    // soft hyphen: terminals differ on its width
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}'
            | '\u{2028}' | '\u{2029}'   // line breaks to some, nothing to others
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Strips unsafe characters, expands tabs to columns of 8, makes CR LF and a lone CR into LF. Borrows where
/// nothing is wrong.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                out.push('\n');
                column = 0;
            }
            '\t' => {
                let n = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', n));
                column += n;
            }
            '\u{2028}' | '\u{2029}' => {
                out.push(' ');
                column += 1;
            }
            c if is_unsafe(c) => {}
            c => {
                out.push(c);
                column += c.width().unwrap_or(0);
            }
        }
    }
    Cow::Owned(out)
}

fn is_clean(text: &str) -> bool {
    // Most notes are plain ASCII: look at bytes first.
    let plain = |b: u8| (0x20..0x7f).contains(&b) || b == b'\n';
    text.bytes().all(plain) || !text.chars().any(|c| c != '\n' && is_unsafe(c))
}

/// As `clean`, for what has to stay one line: line breaks become blanks.
pub fn clean_line(text: &str) -> Cow<'_, str> {
    match clean(text) {
        Cow::Borrowed(t) if !t.contains('\n') => Cow::Borrowed(t),
        t => Cow::Owned(t.replace('\n', " ")),
    }
}

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cut to `columns`; what is cut off is shown by one `…`. Never cuts inside what is one letter to the eye.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    // No character is wider than its bytes are many.
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 0;
    let mut end = 0;
    for g in text.graphemes(true) {
        let w = g.width();
        if used + w + 1 > columns {
            break;
        }
        used += w;
        end += g.len();
    }
    Cow::Owned(if columns == 0 { String::new() } else { format!("{}…", &text[..end]) })
}

/// One row of a wrapped text: bytes `start..end` of it.
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

/// Bytes of `s` that fit in `width` columns; at least one letter.
fn fit(s: &str, width: usize) -> usize {
    if s.len() <= width || s.width() <= width {
        return s.len();
    }
    let mut used = 0;
    for (i, g) in s.grapheme_indices(true) {
        used += g.width();
        if used > width {
            return if i == 0 { g.len() } else { i };
        }
    }
    s.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_drive_or_fool_a_terminal_is_stripped() {
        assert_eq!(clean("a\u{1b}[2Jb\u{7}\u{9b}31m\u{7f}"), "a[2Jb31m");
        assert_eq!(
            clean("dose \u{202e}05\u{202c} mg E11\u{200b}.22 dia\u{ad}betes\u{feff}"),
            "dose 05 mg E11.22 diabetes"
        );
        assert_eq!(clean("plan\r\n1. rest\r\n"), "plan\n1. rest\n");
        assert_eq!(clean("plan\r1. rest"), "plan\n1. rest");
        assert_eq!(clean("a\rb\nc\r"), "a\nb\nc\n");
        assert!(matches!(clean("Señora Muñoz, 36.5 °C\n  µg — “ok”"), Cow::Borrowed(_)));
        assert_eq!(clean_line("a\nb\tc"), "a b       c");
    }

    #[test]
    fn tabs_go_to_columns_of_eight() {
        assert_eq!(clean("a\tb\n\tc"), "a       b\n        c");
        assert_eq!(clean("12345678\tx"), "12345678        x");
        assert_eq!(clean("界\tx"), "界      x");
    }

    #[test]
    fn cutting_never_overflows_and_never_splits_a_letter() {
        assert_eq!(cut("diabetes", 8), "diabetes");
        assert_eq!(cut("diabetes", 5), "diab…");
        assert_eq!(cut("界界界", 4), "界…");
        assert_eq!(cut("界界", 1), "…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("cafe\u{301} au lait", 5), "cafe\u{301}…");
    }

    #[test]
    fn wraps_at_blanks_and_keeps_lines() {
        let t = "Assessment and plan\n  1. Type 2 diabetes with kidney disease\n\nend";
        let rows: Vec<(u32, &str)> = wrap(t, 20).iter().map(|r| (r.line, &t[r.start..r.end])).collect();
        let wanted = [
            (0, "Assessment and plan"),
            (1, "  1. Type 2 diabetes"),
            (1, "with kidney disease"),
            (2, ""),
            (3, "end"),
        ];
        assert_eq!(rows, wanted);
        assert_eq!(wrap("", 10).len(), 1);
    }

    proptest! {
        #[test]
        fn cleaning_is_complete_and_idempotent(t in any::<String>()) {
            let c = clean(&t).into_owned();
            prop_assert!(!c.chars().any(|c| c != '\n' && is_unsafe(c)));
            prop_assert_eq!(&clean(&c), &c);
            let lines = t.replace("\r\n", "\n").matches(['\n', '\r']).count();
            prop_assert_eq!(lines, c.matches('\n').count());
        }

        #[test]
        fn a_cut_fits(t in any::<String>(), n in 0usize..30) {
            prop_assert!(cut(&clean_line(&t), n).width() <= n);
        }

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
