//! Why a file is refused: the line and one sentence.
//!
//! Owns `Refusal` and the first look at bytes: what is no text at all, wrong encodings, control
//! characters. Never names the file: whoever opened it does. Pure; any thread.

use crate::domain::text::is_unsafe;
use std::borrow::Cow;

/// A file, or a line of it, that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 1 for the first line; `None` when the whole file is meant.
    pub line: Option<usize>,
    pub reason: String,
}

impl Refusal {
    pub fn at(line: usize, reason: impl Into<String>) -> Refusal {
        Refusal { line: Some(line), reason: reason.into() }
    }

    pub fn whole(reason: impl Into<String>) -> Refusal {
        Refusal { line: None, reason: reason.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Refusal {}

/// The largest file that is read, in bytes. The largest official one has 15 MB.
pub const MOST_BYTES: usize = 256 << 20;

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes.iter().take(at).filter(|b| **b == b'\n').count() + 1
}

/// What the first bytes betray about a file that is no text.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let begins = |with: &[u8]| bytes.starts_with(with);
    Some(match () {
        () if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") => {
            "this is a zip archive or a spreadsheet: unpack it, or save the sheet as text, and import that"
        }
        () if begins(b"\x1f\x8b") => "this is a gzip file: unpack it and import what is inside",
        () if begins(b"%PDF") => "this is a PDF: import the text or XML file of the same release",
        () if begins(b"\xff\xfe") || begins(b"\xfe\xff") => {
            "this is UTF-16 text: save it as UTF-8 and import it again"
        }
        () if begins(b"\xd0\xcf\x11\xe0") => {
            "this is a spreadsheet or document: save it as text and import that"
        }
        () => return None,
    })
}

/// The text of a file. `latin1` is for the forms that are published in it.
pub fn text_of(bytes: &[u8], latin1: bool) -> Result<Cow<'_, str>, Refusal> {
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::whole(format!(
            "{} MB: no official table is larger than {} MB",
            bytes.len() >> 20,
            MOST_BYTES >> 20
        )));
    }
    if let Some(reason) = foreign(bytes) {
        return Err(Refusal::at(1, reason));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if latin1 => Cow::Owned(bytes.iter().map(|b| char::from(*b)).collect()),
        Err(e) => {
            let at = e.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or(0);
            let line = line_of(bytes, at);
            return Err(Refusal::at(
                line,
                format!("byte {byte:#04x} is not UTF-8: the file is damaged, or saved in another encoding"),
            ));
        }
    };
    // printed addenda begin a page with a form feed
    let text = match text.contains("\n\u{c}") {
        true => Cow::Owned(text.replace("\n\u{c}", "\n")),
        false => text,
    };
    let unfit = |c: char| (is_unsafe(c) && !matches!(c, '\n' | '\r' | '\t')) || c == '\u{fffd}';
    if let Some((at, c)) = text.char_indices().find(|(_, c)| unfit(*c)) {
        let line = line_of(text.as_bytes(), at);
        return Err(Refusal::at(line, format!("character U+{:04X} has no place in a code table", c as u32)));
    }
    if text.trim().is_empty() {
        return Err(Refusal::whole("the file is empty"));
    }
    Ok(text)
}

/// The lines of a text with their numbers, without their ends.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, l)| (i + 1, l.trim_end_matches('\r')))
}

/// Characters `from..to` of a line, counted from 0, as much of them as is there.
pub fn columns(line: &str, from: usize, to: usize) -> &str {
    if line.is_ascii() {
        return line.get(from.min(line.len())..to.min(line.len())).unwrap_or("");
    }
    let at = |n: usize| line.char_indices().nth(n).map_or(line.len(), |(i, _)| i);
    line.get(at(from)..at(to)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        let reason = |b: &[u8]| text_of(b, false).map(|_| ()).unwrap_err().reason;
        assert!(reason(b"PK\x03\x04rest").contains("zip"));
        assert!(reason(b"\xff\xfeA\0").contains("UTF-16"));
        assert!(reason(b"  \n").contains("empty"));
        assert_eq!(text_of(b"a\nb\xe9\n", false).unwrap_err().line, Some(2));
        assert_eq!(text_of(b"a\nb\xe9\n", true).unwrap(), "a\nb\u{e9}\n");
        assert_eq!(text_of(b"a\n\x1b[2Jb\n", false).unwrap_err().line, Some(2));
        assert_eq!(text_of("a\n\u{202e}b".as_bytes(), false).unwrap_err().line, Some(2));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(columns("abcdef", 2, 4), "cd");
        assert_eq!(columns("ab", 2, 4), "");
        assert_eq!(columns("a\u{e9}cdef", 2, 4), "cd");
    }
}
