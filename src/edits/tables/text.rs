//! Lines, fixed places and words of the official files, which are Latin-1 or ASCII.
//!
//! Owns small readers that all tables share. Never fails on any bytes. Pure.

/// Lines with their numbers from 1, without line ends.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    bytes.split(|b| *b == b'\n').zip(1u64..).map(|(line, n)| (n, line.strip_suffix(b"\r").unwrap_or(line)))
}

/// Places `a` to `b` of a line, counted from 1, both inclusive; what is past its end is missing.
pub(super) fn field(line: &[u8], a: usize, b: usize) -> &[u8] {
    line.get(a - 1..b.min(line.len())).unwrap_or(&[])
}

/// Every byte is a character.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).filter(|c| !c.is_control()).collect()
}

/// Words that many rows repeat, by number. Past 255 different ones a row has none.
#[derive(Default)]
pub(super) struct Words(pub Vec<String>);

impl Words {
    pub fn new() -> Words {
        Words(vec![String::new()])
    }
    pub fn number(&mut self, word: &str) -> u8 {
        let word = word.trim().trim_matches('"').trim();
        let at = self.0.iter().position(|w| w == word).unwrap_or_else(|| {
            if self.0.len() > usize::from(u8::MAX) {
                return 0;
            }
            self.0.push(word.to_string());
            self.0.len() - 1
        });
        u8::try_from(at).unwrap_or(0)
    }
}
