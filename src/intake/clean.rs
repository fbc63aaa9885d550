//! Text as it may enter the workstation: no control characters, tabs as blanks, `\n` line ends.
//!
//! Owns the boundary rule for notes and names: what a sender writes can neither move the cursor, nor change
//! a colour, nor turn the reading direction. To be replaced by `domain::text::clean` when that is there.
//! Never changes a visible letter. Pure; any thread.

use std::borrow::Cow;

/// Columns a tab advances to a multiple of.
const TAB: usize = 8;

/// Strips C0, C1 and bidirectional controls, expands tabs, makes `\r\n` and a bare `\r` into `\n`.
pub(crate) fn clean_text(text: &str) -> Cow<'_, str> {
    // C1 and the bidi controls begin with C2 or E2 (or D8) in UTF-8; plain ASCII is done here.
    let suspect = |b: u8| (b < b' ' && b != b'\n') || b == 0x7f || matches!(b, 0xc2 | 0xd8 | 0xe2 | 0xef);
    if !text.bytes().any(suspect) || !text.chars().any(is_foul) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                out.push('\n');
                column = 0;
            }
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
                column = 0;
            }
            '\t' => {
                let n = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', n));
                column += n;
            }
            c if is_foul(c) => {}
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// A short field: cleaned, on one line, without blanks around it.
pub(crate) fn clean_line(text: &str) -> String {
    let text = clean_text(text.trim());
    if text.contains('\n') {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text.into_owned()
    }
}

fn is_foul(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_go_and_words_stay() {
        assert!(matches!(clean_text("plain\ntext é"), Cow::Borrowed(_)));
        assert_eq!(clean_text("a\tb\r\nc\x1b[31md\u{202e}e\u{9b}f\u{feff}"), "a       b\nc[31mdef");
        assert_eq!(clean_text("a\rb"), "a\nb");
        assert_eq!(clean_line(" two\nlines "), "two lines");
    }
}
