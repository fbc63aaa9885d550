//! The book's file form: a header with checksums, then sections of little-endian numbers and text.
//!
//! Owns magic, format version, byte-order mark, the section list and its CRC-32 sums, and the
//! typed views over a section's bytes.
//! Never touches a file and never trusts a number it reads: a view out of range is empty.
//! Pure; any thread.

use super::BookError;
use flate2::Crc;
use std::ops::Range;

const MAGIC: &[u8; 8] = b"CODESKBK";
/// Raise it whenever a section or the meaning of a field changes: old files are rebuilt.
pub const FORMAT_VERSION: u32 = 2;
const BYTE_ORDER: u32 = 0x0102_0304;
const FIXED: usize = 8 + 4 + 4 + 32 + 8 + 4 + 4;
const ENTRY: usize = 4 + 4 + 8 + 8;

/// The parts of a book. The numbers are the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Section {
    Docs = 0,
    Text,
    ValidStart,
    ValidSpans,
    ValidOf,
    Groups,
    NoteStart,
    Notes,
    SeventhStart,
    Sevenths,
    Prior,
    Class,
    VocabStart,
    VocabText,
    VocabWeight,
    PostStart,
    Posts,
    PhraseStart,
    PhraseTokens,
    PhraseSource,
    DocPhraseStart,
    DocPhrases,
    DeletionHash,
    DeletionToken,
    ShortStart,
    ShortDocs,
    Shorthand,
    Places,
    PoaLists,
    PoaDocs,
    ClaimLists,
    Complete,
}

pub const SECTIONS: usize = Section::Complete as usize + 1;

fn crc(parts: &[&[u8]]) -> u32 {
    let mut c = Crc::new();
    for p in parts {
        c.update(p);
    }
    c.sum()
}

/// Puts the sections behind a header.
pub fn seal(hash: &[u8; 32], sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
    let start = FIXED + ENTRY * SECTIONS;
    let mut at = start.next_multiple_of(8);
    let mut table = Vec::with_capacity(ENTRY * SECTIONS);
    for (i, s) in sections.iter().enumerate() {
        table.extend_from_slice(&(i as u32).to_le_bytes());
        table.extend_from_slice(&crc(&[s]).to_le_bytes());
        table.extend_from_slice(&(at as u64).to_le_bytes());
        table.extend_from_slice(&(s.len() as u64).to_le_bytes());
        at = (at + s.len()).next_multiple_of(8);
    }
    let mut out = Vec::with_capacity(at);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&BYTE_ORDER.to_le_bytes());
    out.extend_from_slice(hash);
    out.extend_from_slice(&(at as u64).to_le_bytes());
    out.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
    let sum = crc(&[&out, &table]);
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&table);
    for s in sections {
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend_from_slice(s);
    }
    out.resize(at, 0);
    out
}

/// Where the sections of a checked file lie.
#[derive(Clone, Debug)]
pub struct Layout {
    pub tables_hash: [u8; 32],
    ranges: Vec<Range<usize>>,
}

impl Layout {
    /// Reads the header and checks every sum.
    pub fn check(bytes: &[u8]) -> Result<Layout, BookError> {
        let fixed = bytes.get(..FIXED).ok_or(BookError::Short)?;
        if &fixed[..8] != MAGIC {
            return Err(BookError::NotABook);
        }
        if u32_at(fixed, 12) != BYTE_ORDER {
            return Err(BookError::ByteOrder);
        }
        let version = u32_at(fixed, 8);
        if version != FORMAT_VERSION {
            return Err(BookError::Version { found: version, wanted: FORMAT_VERSION });
        }
        let table = bytes.get(FIXED..FIXED + ENTRY * SECTIONS).ok_or(BookError::Short)?;
        if u32_at(fixed, 56) as usize != SECTIONS
            || crc(&[&fixed[..FIXED - 4], table]) != u32_at(fixed, FIXED - 4)
        {
            return Err(BookError::Damaged("header"));
        }
        if u64_at(fixed, 48) != bytes.len() as u64 {
            return Err(BookError::Short);
        }
        let mut ranges = Vec::with_capacity(SECTIONS);
        for entry in table.chunks_exact(ENTRY) {
            let (from, len) = (u64_at(entry, 8) as usize, u64_at(entry, 16) as usize);
            let to = from.checked_add(len).ok_or(BookError::Short)?;
            let part = bytes.get(from..to).ok_or(BookError::Short)?;
            if crc(&[part]) != u32_at(entry, 4) {
                return Err(BookError::Damaged("section"));
            }
            ranges.push(from..to);
        }
        let mut tables_hash = [0; 32];
        tables_hash.copy_from_slice(&fixed[16..48]);
        Ok(Layout { tables_hash, ranges })
    }

    pub fn part<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        self.ranges.get(section as usize).and_then(|r| bytes.get(r.clone())).unwrap_or_default()
    }
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    match b.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

/// Little-endian u32 numbers over bytes.
#[derive(Clone, Copy, Debug)]
pub struct U32s<'a>(pub &'a [u8]);

impl<'a> U32s<'a> {
    pub fn len(self) -> usize {
        self.0.len() / 4
    }

    pub fn is_empty(self) -> bool {
        self.0.len() < 4
    }

    #[inline]
    pub fn get(self, i: usize) -> u32 {
        match self.0.get(i * 4..i * 4 + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    pub fn slice(self, range: Range<usize>) -> U32s<'a> {
        U32s(self.0.get(range.start * 4..range.end * 4).unwrap_or_default())
    }

    pub fn iter(self) -> impl Iterator<Item = u32> + 'a {
        self.0.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
    }

    /// Entry `i` of a list of starts with one more entry than things, as a range.
    pub fn span(self, i: usize) -> Range<usize> {
        self.get(i) as usize..self.get(i + 1) as usize
    }

    /// First position whose value is not below `value`, in a sorted list.
    pub fn lower_bound(self, value: u32) -> usize {
        let (mut lo, mut hi) = (0, self.len());
        while lo < hi {
            let mid = (lo + hi) / 2;
            if self.get(mid) < value {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        lo
    }
}

/// Little-endian u16 numbers over bytes.
#[derive(Clone, Copy, Debug)]
pub struct U16s<'a>(pub &'a [u8]);

impl U16s<'_> {
    #[inline]
    pub fn get(self, i: usize) -> u16 {
        match self.0.get(i * 2..i * 2 + 2) {
            Some(&[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        }
    }
}

/// Collects numbers as bytes.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn u32(&mut self, n: u32) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    pub fn u16(&mut self, n: u16) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }
}
