//! ICD-10 codes packed into one integer.
//!
//! Owns the packing of up to seven letters and digits into 42 bits, in text order, and the table from a packed
//! code to its row. Never holds text: a code is unpacked only to be shown.
//! Called from every thread; all values are plain and immutable.

use std::fmt;

/// An ICD-10-CM or ICD-10-PCS code without dot, upper case: six bits a character, left-justified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Code(u64);

/// Set on what is no code at all (too long, odd characters); its first characters are kept.
const MALFORMED: u64 = 1 << 42;
const CHARS: u32 = 7;

impl Code {
    /// Packs `text`; dots are dropped and lower case is raised. What cannot be a code packs to a value that is in
    /// no table.
    pub fn new(text: &str) -> Code {
        let mut packed = 0u64;
        let mut used = 0;
        let mut bad = false;
        for b in text.bytes() {
            let value = match b {
                b'0'..=b'9' => b - b'0' + 1,
                b'A'..=b'Z' => b - b'A' + 11,
                b'a'..=b'z' => b - b'a' + 11,
                b'.' => continue,
                _ => {
                    bad = true;
                    continue;
                }
            };
            if used == CHARS {
                bad = true;
                break;
            }
            packed = packed << 6 | u64::from(value);
            used += 1;
        }
        packed <<= 6 * (CHARS - used);
        Code(if bad { packed | MALFORMED } else { packed })
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first three characters.
    pub(super) fn category(self) -> Code {
        Code(self.0 & (0o777777 << (6 * (CHARS - 3))))
    }

    /// The first character, or a blank.
    pub fn first(self) -> char {
        self.chars().next().unwrap_or(' ')
    }

    fn chars(self) -> impl Iterator<Item = char> {
        (0..CHARS).map_while(move |i| {
            let v = (self.0 >> (6 * (CHARS - 1 - i)) & 63) as u8;
            match v {
                1..=10 => Some(char::from(b'0' + v - 1)),
                11..=36 => Some(char::from(b'A' + v - 11)),
                _ => None,
            }
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; CHARS as usize];
        let mut n = 0;
        for c in self.chars() {
            text[n] = c as u8;
            n += 1;
        }
        f.pad(std::str::from_utf8(&text[..n]).unwrap_or(""))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From code to row number: open addressing, one word a slot (code and row together).
pub(super) struct CodeMap {
    slots: Vec<u64>,
    shift: u32,
    len: usize,
}

const ROW_BITS: u32 = 20;

impl CodeMap {
    pub(super) const MAX_ROWS: usize = (1 << ROW_BITS) - 1;

    pub(super) fn with_capacity(n: usize) -> CodeMap {
        let size = (n * 2).next_power_of_two().max(16);
        CodeMap { slots: vec![0; size], shift: 64 - size.trailing_zeros(), len: 0 }
    }

    fn slot(&self, code: Code) -> usize {
        (code.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// Adds a row; false if the code is already there, malformed, or the table is full.
    pub(super) fn insert(&mut self, code: Code, row: usize) -> bool {
        if code.is_empty()
            || code.0 >= MALFORMED
            || row > Self::MAX_ROWS
            || self.len * 4 >= self.slots.len() * 3
        {
            return false;
        }
        let mut at = self.slot(code);
        while self.slots[at] != 0 {
            if self.slots[at] >> ROW_BITS == code.0 {
                return false;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = code.0 << ROW_BITS | row as u64;
        self.len += 1;
        true
    }

    pub(super) fn get(&self, code: Code) -> Option<usize> {
        let mut at = self.slot(code);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if slot >> ROW_BITS == code.0 {
                return Some((slot & ((1 << ROW_BITS) - 1)) as usize);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Every code with its row, in code order.
    pub(super) fn sorted(&self) -> Vec<(Code, usize)> {
        let mut all: Vec<(Code, usize)> = self
            .slots
            .iter()
            .filter(|s| **s != 0)
            .map(|s| (Code(s >> ROW_BITS), (s & ((1 << ROW_BITS) - 1)) as usize))
            .collect();
        all.sort_unstable();
        all
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_text_and_order() {
        for text in ["A000", "I5023", "Z9989", "02HV33Z", "S066X9A", "0016070"] {
            assert_eq!(Code::new(text).to_string(), text);
        }
        assert_eq!(Code::new("i50.23"), Code::new("I5023"));
        assert!(Code::new("I50") < Code::new("I500"));
        assert!(Code::new("0ZZ") < Code::new("A00"));
        assert!(Code::new("").is_empty());
    }

    #[test]
    fn what_is_no_code_is_in_no_table() {
        let mut map = CodeMap::with_capacity(4);
        assert!(map.insert(Code::new("I10"), 3));
        assert!(!map.insert(Code::new("I10"), 4), "a second row of one code");
        assert!(!map.insert(Code::new("I10XXXXXX"), 4));
        assert_eq!(map.get(Code::new("I10")), Some(3));
        assert_eq!(map.get(Code::new("I1 0")), None);
        assert_eq!(map.get(Code::new("")), None);
        assert_eq!(Code::new("V9999999999").first(), 'V');
    }
}
