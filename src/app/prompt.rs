//! Lines of text being typed: modifiers, pointers, units, charge, POA, reasons, filters.
//!
//! Owns the line editor and what each prompt is for. Never parses what was typed: that is `posting`.

use crate::domain::Id;
use unicode_segmentation::UnicodeSegmentation;

/// A line of text with a cursor, edited by grapheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextLine {
    pub text: String,
    /// Byte offset, always at a grapheme boundary.
    pub cursor: usize,
}

/// Longest line that is taken; a paste of a whole note is cut.
const MAX: usize = 400;

impl TextLine {
    pub fn new(text: &str) -> TextLine {
        TextLine { text: text.to_string(), cursor: text.len() }
    }
    pub fn insert(&mut self, c: char) {
        if !c.is_control() && self.text.len() < MAX {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }
    /// Pasted text: line breaks become blanks, control characters go.
    pub fn insert_str(&mut self, s: &str) {
        for c in s.chars() {
            self.insert(if c == '\n' || c == '\t' { ' ' } else { c });
        }
    }
    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(i, _)| i)
    }
    fn after(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |g| self.cursor + g.len())
    }
    pub fn backspace(&mut self) {
        let from = self.before();
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }
    pub fn delete(&mut self) {
        let to = self.after();
        self.text.replace_range(self.cursor..to, "");
    }
    pub fn left(&mut self) {
        self.cursor = self.before();
    }
    pub fn right(&mut self) {
        self.cursor = self.after();
    }
    pub fn at_end(&self) -> bool {
        self.cursor == self.text.len()
    }
    pub fn kill_word(&mut self) {
        let head = self.text[..self.cursor].trim_end();
        let from = head.rfind(char::is_whitespace).map_or(0, |i| i + 1);
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }
}

/// What a prompt asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptKind {
    Modifiers {
        line: Id,
    },
    /// After this line, the next one that has no pointer is asked for.
    Pointers {
        line: Id,
    },
    Units {
        line: Id,
    },
    Charge {
        line: Id,
    },
    ProcedureDate {
        procedure: Id,
    },
    /// Reason of an override: rule and place of the finding.
    OverrideReason {
        rule: &'static str,
        place: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub kind: PromptKind,
    pub title: String,
    pub hint: String,
    pub line: TextLine,
    /// What was wrong with the last try; what was typed is kept.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_editor_moves_by_grapheme() {
        let mut l = TextLine::new("e\u{301}a");
        l.left();
        l.backspace();
        assert_eq!(l.text, "a");
        l.insert_str("one\ntwo\x1b[31m ");
        assert_eq!(l.text, "one two[31m a");
        l.cursor = l.text.len();
        l.kill_word();
        assert_eq!(l.text, "one two[31m ");
        l.kill_word();
        assert_eq!(l.text, "one ");
        l.insert_str(&"x".repeat(1000));
        assert!(l.text.len() <= MAX);
    }
}
