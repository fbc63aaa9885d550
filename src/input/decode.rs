//! Bytes of the terminal to keys and pastes.
//!
//! Owns the state machine: UTF-8, cursor and function keys (CSI and SS3), bracketed paste, and the Esc joiner.
//! Never reads a clock of its own: the caller says when bytes came. Pure; the input thread owns one.
//!
//! The joiner. A cursor key that the link split arrives as Esc, `[`, `B`, and a lone Esc looks just like it:
//! 1. a lone Esc is held for `JOIN`, then given out as Esc;
//! 2. after that, `[` or `O` within `LATE` is the tail of a key whose Esc has already acted: the whole tail is
//!    swallowed, because the key was meant for the layer that the Esc has left. Only a paste is still a paste;
//! 3. a key whose beginning came in time may dawdle: for `LATE` every byte belongs to it, and until `REST` those
//!    that can only be the rest of a key (digits, `;`, the final letters of keys) still do. So `3~` of a split
//!    Delete never acts as the third choice.
//!
//! Beyond `REST` bytes are keys again, and the key maps bind nothing that changes a record to `[OABCDFHPQRS~`.

use crate::app::key::{Key, KeyCode};
use crate::domain::text;
use std::time::{Duration, Instant};

/// How long a lone Esc waits for the rest of a key.
pub const JOIN: Duration = Duration::from_millis(25);
/// How long after a lone Esc was given out `[` and `O` are taken as the rest of a split key.
pub const LATE: Duration = Duration::from_millis(150);
/// How long the rest of a key that has begun is waited for.
pub const REST: Duration = Duration::from_secs(1);
/// A paste that is silent for this long can be ended by Ctrl-C, lest a lost end mark kills the keyboard.
const STALLED: Duration = Duration::from_secs(2);
/// Longest paste kept; the rest is dropped.
const MAX_PASTE: usize = 1 << 20;
/// Longest list of parameters of a key that is looked at.
const MAX_PARAMETERS: usize = 32;
const PASTE_END: &[u8] = b"\x1b[201~";

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
    /// After Esc `[` or Esc `O`: parameters so far. `mute`: its Esc has been given out already.
    Sequence {
        ss3: bool,
        mute: bool,
        bytes: Vec<u8>,
    },
    /// After Esc `[ [`: the Linux console sends its first five function keys so.
    Console {
        mute: bool,
    },
    /// This many bytes of an old-style mouse report are still to come.
    Mouse(u8),
    /// Inside a bracketed paste: the text, and how many bytes of the end mark have come after it.
    Paste {
        text: Vec<u8>,
        ending: usize,
    },
    /// Inside a string sequence (OSC, DCS and the like), opened by this byte: swallowed to its end.
    Text {
        opener: u8,
        empty: bool,
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
            if !self.forget(*b, now, &mut out) {
                self.byte(*b, now, &mut out);
            }
            self.at = Some(now);
        }
        out
    }

    /// When `timeout` has to be called if no byte comes before; `None` while nothing is held back.
    pub fn deadline(&self) -> Option<Instant> {
        let at = self.at?;
        match &self.state {
            State::Esc => Some(at + JOIN),
            State::Text { empty: true, .. } => Some(at + LATE),
            _ => None,
        }
    }

    /// Gives out what was held back for more to come.
    pub fn timeout(&mut self, now: Instant) -> Vec<InputEvent> {
        if self.deadline().is_none_or(|d| now < d) {
            return Vec::new();
        }
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Esc => {
                self.lone = Some(now);
                vec![InputEvent::Key(Key::plain(KeyCode::Esc))]
            }
            // Esc and `]` typed fast on a link that sends them together: a string never came.
            State::Text { opener, .. } => {
                vec![
                    InputEvent::Key(Key::plain(KeyCode::Esc)),
                    InputEvent::Key(Key::char(char::from(opener))),
                ]
            }
            other => {
                self.state = other;
                Vec::new()
            }
        }
    }

    /// Drops a sequence that fell silent, so that no state swallows what is typed for ever. Says whether the
    /// byte has been used up by that.
    fn forget(&mut self, b: u8, now: Instant, out: &mut Vec<InputEvent>) -> bool {
        let silent = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let over = match &mut self.state {
            State::Ground | State::Esc => false,
            State::Sequence { .. } | State::Console { .. } => {
                silent > REST || (silent > LATE && !is_rest_of_a_key(b))
            }
            State::Mouse(_) | State::Text { .. } => silent > LATE,
            State::Paste { text, .. } => {
                if b != 0x03 || silent < STALLED {
                    return false;
                }
                out.push(InputEvent::Paste(clean_paste(text)));
                self.state = State::Ground;
                return true;
            }
        };
        if over {
            self.state = State::Ground;
        }
        false
    }

    fn byte(&mut self, b: u8, now: Instant, out: &mut Vec<InputEvent>) {
        match &mut self.state {
            State::Ground => self.ground(b, now, out),
            State::Esc => match b {
                b'[' | b'O' => self.state = sequence(b, false),
                b']' | b'P' | b'X' | b'^' | b'_' => {
                    self.state = State::Text { opener: b, empty: true, esc: false };
                }
                0x1b => out.push(InputEvent::Key(Key::plain(KeyCode::Esc))),
                // Esc and a character in one go is Alt, which nothing is bound to: the Esc counts, then the key.
                other => {
                    self.state = State::Ground;
                    out.push(InputEvent::Key(Key::plain(KeyCode::Esc)));
                    self.ground(other, now, out);
                }
            },
            State::Sequence { ss3, mute, bytes } => match b {
                b'[' if !*ss3 && bytes.is_empty() => self.state = State::Console { mute: *mute },
                0x20..=0x3f => {
                    // What is too long to be a key is still swallowed to its end.
                    if bytes.len() < MAX_PARAMETERS {
                        bytes.push(b);
                    }
                }
                0x40..=0x7e => {
                    let (ss3, mute, bytes) = (*ss3, *mute, std::mem::take(bytes));
                    self.state = State::Ground;
                    self.finish(ss3, mute, &bytes, b, out);
                }
                0x1b => self.state = State::Esc,
                _ => self.state = State::Ground,
            },
            State::Console { mute } => {
                let mute = *mute;
                self.state = if b == 0x1b { State::Esc } else { State::Ground };
                if let (b'A'..=b'E', false) = (b, mute) {
                    out.push(InputEvent::Key(Key::plain(KeyCode::F(b - b'A' + 1))));
                }
            }
            State::Mouse(left) => match left.saturating_sub(1) {
                0 => self.state = State::Ground,
                n => *left = n,
            },
            State::Paste { text, ending } => {
                if b == PASTE_END[*ending] {
                    *ending += 1;
                    if *ending == PASTE_END.len() {
                        out.push(InputEvent::Paste(clean_paste(text)));
                        self.state = State::Ground;
                    }
                    return;
                }
                keep(text, &PASTE_END[..*ending]);
                *ending = usize::from(b == PASTE_END[0]);
                if *ending == 0 {
                    keep(text, &[b]);
                }
            }
            State::Text { empty, esc, .. } => match b {
                0x07 | 0x18 | 0x1a => self.state = State::Ground,
                b'\\' if *esc => self.state = State::Ground,
                _ => {
                    *esc = b == 0x1b;
                    *empty = false;
                }
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
        let late = self.lone.take().is_some_and(|t| now.saturating_duration_since(t) < LATE);
        let key = match b {
            0x1b => {
                self.state = State::Esc;
                return;
            }
            b'[' | b'O' if late => {
                self.state = sequence(b, true);
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
        let want = match self.utf8.first() {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            _ => 4,
        };
        if self.utf8.len() < want {
            return;
        }
        let c = std::str::from_utf8(&self.utf8).ok().and_then(|s| s.chars().next());
        self.utf8.clear();
        out.extend(c.filter(|c| !text::is_unsafe(*c)).map(|c| InputEvent::Key(Key::char(c))));
    }

    fn finish(&mut self, ss3: bool, mute: bool, bytes: &[u8], last: u8, out: &mut Vec<InputEvent>) {
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
            // A mouse we never asked for, left on by another program: its three bytes are not keys.
            (b'M', false) if bytes.is_empty() => {
                self.state = State::Mouse(3);
                return;
            }
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
                    self.state = State::Paste { text: Vec::new(), ending: 0 };
                    return;
                }
                _ => return,
            },
            _ => return,
        };
        if !mute {
            out.push(InputEvent::Key(Key::plain(code)));
        }
    }
}

fn sequence(opener: u8, mute: bool) -> State {
    State::Sequence { ss3: opener == b'O', mute, bytes: Vec::new() }
}

/// Bytes that go on or end a key and that hardly anybody types after a pause.
fn is_rest_of_a_key(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b';' | b'~' | b'[' | b'A'..=b'F' | b'H' | b'M' | b'P'..=b'S' | b'Z')
}

fn keep(text: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_PASTE.saturating_sub(text.len());
    text.extend_from_slice(&more[..more.len().min(room)]);
}

/// Text of a paste: line breaks and tabs kept, every other control or invisible character gone.
fn clean_paste(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !text::is_unsafe(*c)).collect()
}

#[cfg(test)]
mod tests;
