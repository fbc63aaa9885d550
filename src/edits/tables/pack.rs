//! The packed form of a table: a header that says what it is, then columns of little-endian numbers.
//!
//! Owns the layout and its checks. A packed table is the same bytes for the same input, so that its SHA-256
//! names it. Opening reads the header and the bounds of the columns only; a column is read where it lies.
//! Whatever the bytes are, nothing here panics. Pure.
//!
//! `CSKEDIT1`, u64 length of the whole, u32 length of the header, u32 columns, (u64 start, u64 length) a
//! column, the header as JSON, the columns.

use super::Kind;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// A memory map or a vector.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

const MAGIC: &[u8; 8] = b"CSKEDIT1";

/// Why bytes are not a packed table of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table is damaged: {0}; import its files again")]
pub struct TableError(pub String);

/// What a release is and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub kind: Kind,
    /// `2026Q3 v322r0`: what findings cite.
    pub release: String,
    /// First day it is in force.
    pub from: NaiveDate,
    pub rows: u64,
    pub sources: Vec<Source>,
    /// Words the rows refer to by number: rationales.
    pub words: Vec<String>,
}

impl Meta {
    /// `NCCI PTP practitioner 2026Q3 v322r0`
    pub fn cite(&self) -> String {
        format!("{} {}", self.kind.label(), self.release)
    }
}

/// A file a release was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub file: String,
    pub sha256: String,
    pub rows: u64,
}

#[derive(Clone)]
pub struct Packed {
    bytes: SharedBytes,
    pub meta: Meta,
    columns: Vec<Range<usize>>,
}

fn damaged<T>(what: &str) -> Result<T, TableError> {
    Err(TableError(what.to_string()))
}

fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let mut out = [0u8; 8];
    out.get_mut(..len)?.copy_from_slice(bytes.get(at..at.checked_add(len)?)?);
    usize::try_from(u64::from_le_bytes(out)).ok()
}

impl Packed {
    pub fn open(bytes: SharedBytes) -> Result<Packed, TableError> {
        let all: &[u8] = (*bytes).as_ref();
        if all.get(..8) != Some(MAGIC) {
            return damaged("it is not a table of this program");
        }
        if number(all, 8, 8) != Some(all.len()) {
            return damaged("it is cut short");
        }
        let (Some(header), Some(n)) = (number(all, 16, 4), number(all, 20, 4)) else {
            return damaged("its head is cut short");
        };
        if n > 64 {
            return damaged("it has too many columns");
        }
        let mut columns = Vec::with_capacity(n);
        for i in 0..n {
            let (Some(start), Some(len)) = (number(all, 24 + 16 * i, 8), number(all, 32 + 16 * i, 8)) else {
                return damaged("its head is cut short");
            };
            match start.checked_add(len).filter(|end| *end <= all.len()) {
                Some(end) => columns.push(start..end),
                None => return damaged("a column goes past its end"),
            }
        }
        let at = 24 + 16 * n;
        let json = at.checked_add(header).and_then(|end| all.get(at..end));
        let meta = match json.map(serde_json::from_slice::<Meta>) {
            Some(Ok(meta)) => meta,
            _ => return damaged("its description cannot be read"),
        };
        Ok(Packed { bytes, meta, columns })
    }

    pub(super) fn column(&self, i: usize) -> Column<'_> {
        let all: &[u8] = (*self.bytes).as_ref();
        Column(self.columns.get(i).and_then(|r| all.get(r.clone())).unwrap_or(&[]))
    }

    /// Checks that column `i` has `n` entries of `width` bytes.
    pub(super) fn expect(&self, i: usize, n: usize, width: usize) -> Result<(), TableError> {
        match n.checked_mul(width) == Some(self.column(i).0.len()) {
            true => Ok(()),
            false => damaged("a column has the wrong length"),
        }
    }
}

/// One column. An entry past its end reads as 0: the lengths were checked when it was opened.
#[derive(Clone, Copy)]
pub(super) struct Column<'a>(pub &'a [u8]);

impl Column<'_> {
    pub fn u8(self, i: usize) -> u8 {
        self.0.get(i).copied().unwrap_or(0)
    }
    pub fn u16(self, i: usize) -> u16 {
        self.0.get(2 * i..2 * i + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
    }
    pub fn u32(self, i: usize) -> u32 {
        self.0.get(4 * i..4 * i + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    }
    pub fn u64(self, i: usize) -> u64 {
        self.0.get(8 * i..8 * i + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
    /// First place in `range` whose entry is not below `key`; the entries are sorted.
    pub fn lower_bound(self, range: Range<usize>, key: u32) -> usize {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.u32(mid) < key { low = mid + 1 } else { high = mid }
        }
        low
    }
}

/// Writes a packed table.
pub(super) fn pack(meta: &Meta, columns: &[Vec<u8>]) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(meta)?;
    let head = 24 + 16 * columns.len() + json.len();
    let total = head + columns.iter().map(Vec::len).sum::<usize>();
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(total as u64).to_le_bytes());
    out.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&u32::try_from(columns.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut at = head as u64;
    for c in columns {
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&(c.len() as u64).to_le_bytes());
        at += c.len() as u64;
    }
    out.extend_from_slice(&json);
    columns.iter().for_each(|c| out.extend_from_slice(c));
    Ok(out)
}
