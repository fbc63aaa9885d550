//! Bytes of the terminal to keys and pastes.
//!
//! Owns the state machine: UTF-8, cursor and function keys (CSI and SS3), bracketed paste, and the Esc joiner.
//! A cursor key that the link split arrives as Esc, then `[B`: a lone Esc is therefore held for `JOIN`, and
//! for `LATE` after it was given out the tail of a cursor key is still swallowed whole rather than let loose as
//! commands. Never reads a clock of its own: the caller says when bytes came. Pure; the input thread owns one.

use crate::app::key::{Key, KeyCode};
use std::time::{Duration, Instant};

/// How long a lone Esc waits for the rest of a key.
pub const JOIN: Duration = Duration::from_millis(25);
/// How long after a lone Esc `[` or `O` and a final letter are taken as the rest of a split key.
pub const LATE: Duration = Duration::from_millis(150);
/// Longest paste kept; the rest is dropped.
const MAX_PASTE: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputEvent {
    Key(Key),
    Paste(String),
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// After Esc.
    Esc,
    /// After Esc `[` or Esc `O`: parameters so far.
    Sequence {
        ss3: bool,
        bytes: Vec<u8>,
    },
    /// Inside a bracketed paste.
    Paste(Vec<u8>),
    /// Inside a string sequence (OSC, DCS): swallowed to its end.
    Text {
        esc: bool,
    },
}

pub struct Decoder {
    state: State,
    utf8: Vec<u8>,
    /// When the last byte came.
    at: Option<Instant>,
    /// When a lone Esc was given out.
    lone: Option<Instant>,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder { state: State::Ground, utf8: Vec::new(), at: None, lone: None }
    }
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<InputEvent> {
        let mut out = Vec::new();
        for b in bytes {
            self.byte(*b, now, &mut out);
        }
        self.at = Some(now);
        out
    }

    /// When `timeout` has to be called if no byte comes before.
    pub fn deadline(&self) -> Option<Instant> {
        let at = self.at?;
        match &self.state {
            State::Esc => Some(at + JOIN),
            // Esc `[` alone may be a typed Esc and a typed bracket on a slow link; it is given up, not acted on.
            State::Sequence { .. } => Some(at + LATE),
            _ => None,
        }
    }

    /// Gives out a held Esc, or drops half a sequence that will not be finished.
    pub fn timeout(&mut self, now: Instant) -> Vec<InputEvent> {
        if self.deadline().is_none_or(|d| now < d) {
            return Vec::new();
        }
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Esc => {
                self.lone = Some(now);
                vec![InputEvent::Key(Key::plain(KeyCode::Esc))]
            }
            _ => Vec::new(),
        }
    }

    fn byte(&mut self, b: u8, now: Instant, out: &mut Vec<InputEvent>) {
        match &mut self.state {
            State::Ground => self.ground(b, now, out),
            State::Esc => match b {
                b'[' | b'O' => self.state = State::Sequence { ss3: b == b'O', bytes: Vec::new() },
                b']' | b'P' | b'X' | b'^' | b'_' => self.state = State::Text { esc: false },
                0x1b => out.push(InputEvent::Key(Key::plain(KeyCode::Esc))),
                // Esc and a character in one go is Alt, which nothing is bound to: the Esc counts, then the key.
                other => {
                    self.state = State::Ground;
                    out.push(InputEvent::Key(Key::plain(KeyCode::Esc)));
                    self.ground(other, now, out);
                }
            },
            State::Sequence { ss3, bytes } => match b {
                0x20..=0x3f if bytes.len() < 32 => bytes.push(b),
                0x40..=0x7e => {
                    let (ss3, bytes) = (*ss3, std::mem::take(bytes));
                    self.state = State::Ground;
                    self.finish(ss3, &bytes, b, out);
                }
                0x1b => self.state = State::Esc,
                _ => self.state = State::Ground,
            },
            State::Paste(text) => {
                if text.len() < MAX_PASTE {
                    text.push(b);
                }
                const END: &[u8] = b"\x1b[201~";
                if b == b'~' && text.ends_with(END) {
                    let end = text.len() - END.len();
                    let text = clean_paste(&text[..end]);
                    self.state = State::Ground;
                    out.push(InputEvent::Paste(text));
                }
            }
            State::Text { esc } => match b {
                0x07 => self.state = State::Ground,
                b'\\' if *esc => self.state = State::Ground,
                _ => *esc = b == 0x1b,
            },
        }
    }

    fn ground(&mut self, b: u8, now: Instant, out: &mut Vec<InputEvent>) {
        if !self.utf8.is_empty() {
            if (0x80..0xc0).contains(&b) {
                self.utf8.push(b);
                self.utf8_done(out);
                return;
            }
            self.utf8.clear();
        }
        let late = self.lone.take().is_some_and(|t| now.duration_since(t) < LATE);
        let key = match b {
            0x1b => {
                self.state = State::Esc;
                return;
            }
            // The tail of a cursor key whose Esc went out alone.
            b'[' | b'O' if late => {
                self.state = State::Sequence { ss3: b == b'O', bytes: Vec::new() };
                return;
            }
            b'\r' | b'\n' => Key::plain(KeyCode::Enter),
            b'\t' => Key::plain(KeyCode::Tab),
            0x7f | 0x08 => Key::plain(KeyCode::Backspace),
            0x01..=0x1a => Key::ctrl(char::from(b'a' + b - 1)),
            0x20..=0x7e => Key::char(char::from(b)),
            0xc2..=0xf4 => {
                self.utf8.push(b);
                return;
            }
            _ => return,
        };
        out.push(InputEvent::Key(key));
    }

    fn utf8_done(&mut self, out: &mut Vec<InputEvent>) {
        let want = match self.utf8[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        if self.utf8.len() < want {
            return;
        }
        let c = std::str::from_utf8(&self.utf8).ok().and_then(|s| s.chars().next());
        self.utf8.clear();
        out.extend(c.filter(|c| !c.is_control()).map(|c| InputEvent::Key(Key::char(c))));
    }

    fn finish(&mut self, ss3: bool, bytes: &[u8], last: u8, out: &mut Vec<InputEvent>) {
        let text = std::str::from_utf8(bytes).unwrap_or("");
        let first = text.split([';', ':']).next().and_then(|n| n.parse::<u16>().ok());
        let code = match (last, ss3) {
            (b'A', _) => KeyCode::Up,
            (b'B', _) => KeyCode::Down,
            (b'C', _) => KeyCode::Right,
            (b'D', _) => KeyCode::Left,
            (b'H', _) => KeyCode::Home,
            (b'F', _) => KeyCode::End,
            (b'Z', false) => KeyCode::BackTab,
            (b'M', true) => KeyCode::Enter,
            (b'P'..=b'S', true) => KeyCode::F(last - b'P' + 1),
            // With modifiers the first four function keys come as CSI 1;m P.
            (b'P'..=b'S', false) if first == Some(1) => KeyCode::F(last - b'P' + 1),
            (b'~', false) => match first {
                Some(1 | 7) => KeyCode::Home,
                Some(2) => KeyCode::Insert,
                Some(3) => KeyCode::Delete,
                Some(4 | 8) => KeyCode::End,
                Some(5) => KeyCode::PageUp,
                Some(6) => KeyCode::PageDown,
                Some(n @ 11..=15) => KeyCode::F(n as u8 - 10),
                Some(n @ 17..=21) => KeyCode::F(n as u8 - 11),
                Some(n @ 23..=24) => KeyCode::F(n as u8 - 12),
                Some(200) => {
                    self.state = State::Paste(Vec::new());
                    return;
                }
                _ => return,
            },
            _ => return,
        };
        out.push(InputEvent::Key(Key::plain(code)));
    }
}

/// Text of a paste: line breaks kept, every other control character gone.
fn clean_paste(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(chunks: &[(&[u8], u64)]) -> Vec<InputEvent> {
        let start = Instant::now();
        let mut d = Decoder::default();
        let mut out = Vec::new();
        let mut at = start;
        for (bytes, wait) in chunks {
            let next = at + Duration::from_millis(*wait);
            while let Some(deadline) = d.deadline().filter(|t| *t <= next) {
                out.extend(d.timeout(deadline));
            }
            at = next;
            out.extend(d.feed(bytes, at));
        }
        let end = at + Duration::from_secs(1);
        out.extend(d.timeout(end));
        out
    }
    fn key(c: KeyCode) -> InputEvent {
        InputEvent::Key(Key::plain(c))
    }

    #[test]
    fn a_cursor_key_split_by_the_link_is_one_key() {
        assert_eq!(keys(&[(b"\x1b", 0), (b"[", 20), (b"B", 20)]), [key(KeyCode::Down)]);
        // Too late to join: the Esc counts, the tail never acts as `[` and `B`.
        let late = keys(&[(b"\x1b", 0), (b"[", 90), (b"B", 90)]);
        assert_eq!(late, [key(KeyCode::Esc), key(KeyCode::Down)]);
        let very_late = keys(&[(b"\x1b", 0), (b"[B", 100)]);
        assert_eq!(very_late, [key(KeyCode::Esc), key(KeyCode::Down)]);
        // A bracket typed on purpose, long after Esc, is a bracket.
        assert_eq!(keys(&[(b"\x1b", 0), (b"[", 400)]), [key(KeyCode::Esc), key(KeyCode::Char('['))]);
    }

    #[test]
    fn sequences_never_leak_letters() {
        assert_eq!(keys(&[(b"\x1b[1;5C", 0)]), [key(KeyCode::Right)]);
        assert_eq!(keys(&[(b"\x1bOP", 0)]), [key(KeyCode::F(1))]);
        assert_eq!(keys(&[(b"\x1b[20~", 0)]), [key(KeyCode::F(9))]);
        assert_eq!(keys(&[(b"\x1b[?1;2c", 0)]), []);
        assert_eq!(keys(&[(b"\x1b]11;rgb:0/0/0\x1b\\", 0)]), []);
        assert_eq!(keys(&[("é界".as_bytes(), 0)]), [key(KeyCode::Char('é')), key(KeyCode::Char('界'))]);
        assert_eq!(
            keys(&[(b"\x03\x0c", 0)]),
            [InputEvent::Key(Key::ctrl('c')), InputEvent::Key(Key::ctrl('l'))]
        );
    }

    #[test]
    fn a_paste_is_text_and_never_commands() {
        let out = keys(&[(b"\x1b[200~q\r\n.\x1b[31mx\x1b[201~j", 0)]);
        assert_eq!(out, [InputEvent::Paste("q\n.[31mx".into()), key(KeyCode::Char('j'))]);
    }

    proptest! {
        #[test]
        fn cutting_a_stream_anywhere_changes_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0usize..80) {
            let at = cut.min(bytes.len());
            let whole = keys(&[(&bytes, 0)]);
            let parts = keys(&[(&bytes[..at], 0), (&bytes[at..], 0)]);
            prop_assert_eq!(whole, parts);
        }
    }
}
