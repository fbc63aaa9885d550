//! NCCI Add-on Code files: which code may only stand beside which.
//!
//! Owns the reader of the fixed-width text (format of January 2022) and the three types. Layout, places
//! counted from 1: 1 type, 2-6 add-on code, 7-13 its deletion, 14-18 primary code (`CCCCC`: the contractor
//! decides), 19-25 its deletion, 26-32 first day, 33-39 last day, 40- note; days as year and day of the year
//! (`2026001`). Pure.

use super::{
    key::{Code, OPEN, day_number},
    pairs::{Indicator, Pair, Row},
    read::ReadError,
    text::{field, lines},
};
use chrono::NaiveDate;

/// How firm the list of primaries is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOnType {
    /// 1: only with one of the listed codes.
    Listed,
    /// 2: the contractor decides which codes.
    Contractor,
    /// 3: the listed codes and those the contractor adds.
    ListedAndContractor,
}

impl Pair<'_> {
    /// Of a row of the add-on table.
    pub fn add_on_type(&self) -> AddOnType {
        match self.indicator() {
            Indicator::Allowed => AddOnType::Listed,
            _ if self.tag == 2 => AddOnType::Contractor,
            _ => AddOnType::ListedAndContractor,
        }
    }
}

/// `CCCCC`
pub const CONTRACTOR: &str = "CCCCC";

/// Year and day of the year; blank or zeros or nines is none.
fn ordinal(text: &[u8]) -> Result<Option<NaiveDate>, ()> {
    let text = text.trim_ascii();
    if text.is_empty() || text.iter().all(|b| *b == b'0') || text.iter().all(|b| *b == b'9') {
        return Ok(None);
    }
    if text.len() != 7 || !text.iter().all(u8::is_ascii_digit) {
        return Err(());
    }
    let number = |t: &[u8]| t.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let year = i32::try_from(number(&text[..4])).map_err(|_| ())?;
    NaiveDate::from_yo_opt(year, number(&text[4..])).map(Some).ok_or(())
}

/// Whether a line has the shape of a row.
pub(super) fn is_row(line: &[u8]) -> bool {
    line.len() >= 32
        && matches!(line[0], b'1'..=b'3')
        && Code::of(&line[1..6]).is_some()
        && Code::of(field(line, 14, 18)).is_some()
        && matches!(ordinal(field(line, 26, 32)), Ok(Some(_)))
}

pub(super) fn rows(file: &str, bytes: &[u8]) -> Result<Vec<Row>, ReadError> {
    let mut out = Vec::new();
    for (n, line) in lines(bytes) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let fail = |why: &str| ReadError::at(file, n, why);
        if line.len() < 32 {
            return Err(fail("the row is cut short; it needs at least 32 characters"));
        }
        let kind = match line[0] {
            k @ b'1'..=b'3' => k - b'0',
            _ => return Err(fail("the add-on type in place 1 is not 1, 2 or 3")),
        };
        let first = Code::of(&line[1..6]).ok_or_else(|| fail("there is no add-on code in places 2 to 6"))?;
        let second = Code::of(field(line, 14, 18))
            .ok_or_else(|| fail("there is no primary code in places 14 to 18"))?;
        let day = |a, b, what: &str| {
            let why =
                format!("the {what} in places {a} to {b} is no day (year and day of the year, 2026001)");
            ordinal(field(line, a, b)).map_err(|()| ReadError::at(file, n, &why))
        };
        let from = day(26, 32, "first day")?.ok_or_else(|| fail("the first day is missing"))?;
        let ends = [
            day(7, 13, "deletion of the add-on code")?,
            day(19, 25, "deletion of the primary code")?,
            day(33, 39, "last day")?,
        ];
        let through = ends.into_iter().flatten().min().map_or(OPEN, day_number);
        out.push(Row { first, second, from: day_number(from), through, tag: kind, word: 0 });
    }
    Ok(out)
}
