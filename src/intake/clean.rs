//! Text as it may enter the workstation: no control characters, tabs as blanks, `\n` line ends.
//!
//! Owns the boundary rule for notes and names: what a sender writes can neither move the cursor, nor change
//! a colour, nor turn the reading direction.
//! Never changes a visible letter. Pure; any thread.

use std::borrow::Cow;

/// Controls stripped, tabs expanded, `\n` line ends: the same rule as everywhere.
pub(crate) fn clean_text(text: &str) -> Cow<'_, str> {
    crate::domain::text::clean(text)
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
