//! Keys as the app and the key maps know them, and how they are written: `j`, `ctrl-l`, `g g`, `shift-tab`.
//!
//! Owns the key type and its syntax: what `Display` prints, `parse` reads. Keys that do not survive SSH, tmux and
//! flow control are refused here, with the reason, so that nobody binds what will never arrive.
//! Never reads a terminal: `input` makes keys out of bytes. Pure; any thread.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// 1 to 12; only 1 to 9 may be bound.
    F(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
}

/// Names that are not one character; what help and hints print can be written too.
const NAMES: [(&str, KeyCode); 21] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
    ("backtab", KeyCode::BackTab),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
];

impl Key {
    pub const fn plain(code: KeyCode) -> Key {
        Key { code, ctrl: false }
    }
    pub const fn char(c: char) -> Key {
        Key::plain(KeyCode::Char(c))
    }
    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true }
    }

    /// A printable character that is text where text is typed.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl => Some(c),
            _ => None,
        }
    }

    /// Reads one key. Keys that do not survive SSH and tmux are refused with the reason.
    pub fn parse(text: &str) -> Result<Key, String> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, code)) = NAMES.iter().find(|(n, _)| *n == lower) {
            return Ok(Key::plain(*code));
        }
        if lower.starts_with("alt-") || lower.starts_with("meta-") || lower.starts_with("super-") {
            return Err(format!("{text}: Alt and Super do not arrive over every terminal"));
        }
        if let Some(rest) = lower.strip_prefix("ctrl-") {
            let mut c = rest.chars();
            return match (c.next(), c.next()) {
                (Some(c @ 'a'..='z'), None) => match c {
                    's' | 'q' => Err(format!("{text} stops and starts the terminal's output (flow control)")),
                    'z' => Err(format!("{text} belongs to the shell")),
                    'a' | 'b' => Err(format!("{text} belongs to screen and tmux")),
                    'i' | 'm' | 'h' | 'j' => {
                        Err(format!("{text} cannot be told from Tab, Enter or Backspace"))
                    }
                    _ => Ok(Key::ctrl(c)),
                },
                _ => Err(format!("{text}: ctrl takes one letter")),
            };
        }
        if let Some(n) = lower.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()) {
            return match n {
                1..=9 => Ok(Key::plain(KeyCode::F(n))),
                _ => Err(format!("{text}: only F1 to F9 arrive over every terminal")),
            };
        }
        let mut c = text.chars();
        match (c.next(), c.next()) {
            (Some(c), None) if !c.is_control() && c != ' ' => Ok(Key::char(c)),
            _ => Err(format!("{text:?} is not a key")),
        }
    }

    /// Reads a sequence: keys parted by blanks.
    pub fn parse_sequence(text: &str) -> Result<Vec<Key>, String> {
        let keys: Result<Vec<Key>, String> = text.split_whitespace().map(Key::parse).collect();
        match keys {
            Ok(k) if k.is_empty() => Err("no key".into()),
            other => other,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("BackTab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Delete => f.write_str("Del"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_dangerous_ones_refused() {
        assert_eq!(Key::parse("j"), Ok(Key::char('j')));
        assert_eq!(Key::parse("ctrl-l"), Ok(Key::ctrl('l')));
        assert_eq!(Key::parse("f5"), Ok(Key::plain(KeyCode::F(5))));
        assert_eq!(Key::parse("f"), Ok(Key::char('f')));
        assert_eq!(Key::parse("shift-tab"), Ok(Key::plain(KeyCode::BackTab)));
        assert_eq!(Key::parse_sequence("g g").map(|k| k.len()), Ok(2));
        for bad in ["alt-x", "f10", "ctrl-s", "ctrl-z", "ctrl-a", "ctrl-m", "", "jj"] {
            assert!(Key::parse(bad).is_err(), "{bad}");
        }
        assert!(Key::parse("alt-x").unwrap_err().contains("Alt"));
        assert!(Key::parse("ctrl-q").unwrap_err().contains("flow control"));
        assert!(Key::parse("f12").unwrap_err().contains("F1 to F9"));
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let named = NAMES.iter().map(|(_, code)| Key::plain(*code));
        let ctrl = "cdefgklnoprtuvwxy".chars().map(Key::ctrl);
        let plain = "aA/[].:?#$é".chars().map(Key::char).chain((1..=9).map(|n| Key::plain(KeyCode::F(n))));
        for key in named.chain(ctrl).chain(plain) {
            assert_eq!(Key::parse(&key.to_string()), Ok(key), "{key}");
        }
    }
}
