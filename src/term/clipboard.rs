//! The terminal's clipboard, by OSC 52.
//!
//! Owns the sequence and the refusal. Off unless the person switched it on: what is copied leaves the program for
//! a clipboard that other programs, and clipboard histories, can read, and charts are full of protected health
//! information. Never reads the clipboard. Pure; whoever writes frames sends the bytes.

use base64::Engine;

/// Longest text that terminals commonly take.
const MOST: usize = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipboardError {
    #[error("copying is off: charts must not end up in a clipboard by accident")]
    Off,
    #[error("{bytes} bytes are too many for a terminal's clipboard; {MOST} fit")]
    TooLong { bytes: usize },
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Clipboard {
    on: bool,
}

impl Clipboard {
    /// As the settings say; `default()` is off.
    pub fn new(on: bool) -> Clipboard {
        Clipboard { on }
    }

    /// The bytes that put `text` into the terminal's clipboard.
    pub fn copy(self, text: &str) -> Result<Vec<u8>, ClipboardError> {
        if !self.on {
            return Err(ClipboardError::Off);
        }
        if text.len() > MOST {
            return Err(ClipboardError::TooLong { bytes: text.len() });
        }
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        Ok(format!("\x1b]52;c;{text}\x07").into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_copied_unless_it_was_switched_on() {
        assert_eq!(Clipboard::default().copy("E11.22"), Err(ClipboardError::Off));
        assert_eq!(Clipboard::new(true).copy("E11.22"), Ok(b"\x1b]52;c;RTExLjIy\x07".to_vec()));
        let long = "x".repeat(MOST + 1);
        assert_eq!(Clipboard::new(true).copy(&long), Err(ClipboardError::TooLong { bytes: MOST + 1 }));
    }
}
