//! Code pairs with dates: NCCI procedure-to-procedure edits, and add-on codes with their primaries.
//!
//! Owns the packed form and the lookup. The first codes stand once each with the range of their rows; the
//! rows of one first code are sorted by the second, so that a lookup is two short binary searches in two
//! columns. 2.6 million pairs are 26 MB on disk and nothing in memory but what is touched.
//! Deletion days are the last day in force; a pair deleted on the day it began never was (NCCI file notes).

use super::{
    Meta, TableError,
    key::{Code, OPEN, day_number, day_of},
    pack::{Column, Packed},
};
use chrono::NaiveDate;

const FIRST: usize = 0;
const START: usize = 1;
const SECOND: usize = 2;
const FROM: usize = 3;
const THROUGH: usize = 4;
const TAG: usize = 5;
const WORD: usize = 6;

/// Whether a modifier may set an NCCI pair aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indicator {
    /// 0: never.
    NotAllowed,
    /// 1: with a modifier that the chart supports.
    Allowed,
    /// 9: the pair was deleted back to its beginning.
    NotApplicable,
}

impl Indicator {
    pub fn digit(self) -> char {
        match self {
            Indicator::NotAllowed => '0',
            Indicator::Allowed => '1',
            Indicator::NotApplicable => '9',
        }
    }
}

/// One row as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    pub from: NaiveDate,
    pub through: Option<NaiveDate>,
    pub(super) tag: u8,
    /// The rationale of the table; empty when it gives none.
    pub word: &'a str,
}

impl Pair<'_> {
    pub fn indicator(&self) -> Indicator {
        match self.tag {
            0 => Indicator::NotAllowed,
            1 => Indicator::Allowed,
            _ => Indicator::NotApplicable,
        }
    }
}

/// A row on its way into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub first: Code,
    pub second: Code,
    pub from: u16,
    pub through: u16,
    pub tag: u8,
    pub word: u8,
}

/// Columns of sorted rows; equal rows are one.
pub(super) fn columns(mut rows: Vec<Row>) -> (usize, Vec<Vec<u8>>) {
    rows.sort_unstable();
    rows.dedup();
    let mut c: Vec<Vec<u8>> = vec![Vec::new(); 7];
    let mut last = None;
    for (i, r) in rows.iter().enumerate() {
        if last != Some(r.first) {
            c[FIRST].extend_from_slice(&r.first.0.to_le_bytes());
            c[START].extend_from_slice(&u32::try_from(i).unwrap_or(u32::MAX).to_le_bytes());
            last = Some(r.first);
        }
        c[SECOND].extend_from_slice(&r.second.0.to_le_bytes());
        c[FROM].extend_from_slice(&r.from.to_le_bytes());
        c[THROUGH].extend_from_slice(&r.through.to_le_bytes());
        c[TAG].push(r.tag);
        c[WORD].push(r.word);
    }
    c[START].extend_from_slice(&u32::try_from(rows.len()).unwrap_or(u32::MAX).to_le_bytes());
    (rows.len(), c)
}

#[derive(Clone)]
pub struct Pairs {
    packed: Packed,
    firsts: usize,
}

impl Pairs {
    pub(super) fn open(packed: Packed) -> Result<Pairs, TableError> {
        let firsts = packed.column(FIRST).0.len() / 4;
        let rows = usize::try_from(packed.meta.rows).map_err(|_| TableError("too many rows".into()))?;
        packed.expect(FIRST, firsts, 4)?;
        packed.expect(START, firsts + 1, 4)?;
        for (column, width) in [(SECOND, 4), (FROM, 2), (THROUGH, 2), (TAG, 1), (WORD, 1)] {
            packed.expect(column, rows, width)?;
        }
        let (first, start) = (packed.column(FIRST), packed.column(START));
        let sorted = (1..firsts).all(|i| first.u32(i - 1) < first.u32(i));
        let rising = (0..firsts).all(|i| start.u32(i) < start.u32(i + 1));
        if !sorted || !rising || start.u32(firsts) as usize != rows {
            return Err(TableError("its codes are out of order".into()));
        }
        Ok(Pairs { packed, firsts })
    }

    pub fn meta(&self) -> &Meta {
        &self.packed.meta
    }

    fn range(&self, first: Code) -> std::ops::Range<usize> {
        let column = self.packed.column(FIRST);
        let at = column.lower_bound(0..self.firsts, first.0);
        if at >= self.firsts || column.u32(at) != first.0 {
            return 0..0;
        }
        let start: Column<'_> = self.packed.column(START);
        start.u32(at) as usize..start.u32(at + 1) as usize
    }

    fn row(&self, i: usize) -> Pair<'_> {
        let through = self.packed.column(THROUGH).u16(i);
        let word = usize::from(self.packed.column(WORD).u8(i));
        Pair {
            from: day_of(self.packed.column(FROM).u16(i)),
            through: (through != OPEN).then(|| day_of(through)),
            tag: self.packed.column(TAG).u8(i),
            word: self.packed.meta.words.get(word).map_or("", String::as_str),
        }
    }

    fn in_force(&self, i: usize, on: u16) -> bool {
        let (from, through) = (self.packed.column(FROM).u16(i), self.packed.column(THROUGH).u16(i));
        from <= on && on <= through && from != through
    }

    /// The row of this pair, in this order, that is in force on `on`.
    pub fn find(&self, first: Code, second: Code, on: NaiveDate) -> Option<Pair<'_>> {
        let range = self.range(first);
        if range.is_empty() {
            return None;
        }
        let (column, on) = (self.packed.column(SECOND), day_number(on));
        let at = column.lower_bound(range.clone(), second.0);
        // The same pair may stand several times with other dates; the latest that fits counts.
        (at..range.end)
            .take_while(|i| column.u32(*i) == second.0)
            .filter(|i| self.in_force(*i, on))
            .last()
            .map(|i| self.row(i))
    }

    /// Every second code of `first` in force on `on`.
    pub fn seconds(&self, first: Code, on: NaiveDate) -> impl Iterator<Item = (Code, Pair<'_>)> {
        let (column, on) = (self.packed.column(SECOND), day_number(on));
        self.range(first)
            .filter(move |i| self.in_force(*i, on))
            .map(move |i| (Code(column.u32(i)), self.row(i)))
    }
}
