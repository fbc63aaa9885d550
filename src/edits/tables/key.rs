//! Codes and days as numbers: what the packed tables are sorted and searched by.
//!
//! Owns the packing of a five-character procedure code, of an ICD-10-CM code and of a day. Order is kept:
//! the numbers sort as the codes do. Pure.

use chrono::{Days, NaiveDate};

/// A CPT or HCPCS code of exactly five letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub(super) u32);

fn digit(b: u8) -> Option<u32> {
    match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'A'..=b'Z' => Some(u32::from(b - b'A') + 10),
        _ => None,
    }
}

impl Code {
    /// Upper case, five characters; anything else is no procedure code.
    pub fn new(text: &str) -> Option<Code> {
        Code::of(text.as_bytes())
    }
    pub(super) fn of(text: &[u8]) -> Option<Code> {
        if text.len() != 5 {
            return None;
        }
        text.iter().try_fold(0, |n, b| Some(n * 36 + digit(*b)?)).map(Code)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = [b'0'; 5];
        let mut n = self.0;
        for slot in out.iter_mut().rev() {
            let d = u8::try_from(n % 36).unwrap_or(0);
            *slot = if d < 10 { b'0' + d } else { b'A' + d - 10 };
            n /= 36;
        }
        f.pad(std::str::from_utf8(&out).unwrap_or("?????"))
    }
}

/// An ICD-10-CM code, left-justified in seven places: `fill` is 0 for the first code below it, 36 for the last.
pub(super) fn diagnosis(code: &str, fill: u64) -> Option<u64> {
    let b = code.as_bytes();
    if !(1..=7).contains(&b.len()) {
        return None;
    }
    let mut n = 0u64;
    for i in 0..7 {
        let d = match b.get(i) {
            Some(c) => u64::from(digit(*c)?) + 1,
            None => fill,
        };
        n = n * 37 + d;
    }
    Some(n)
}

/// No last day.
pub(super) const OPEN: u16 = u16::MAX;

/// Days since 1970, as far as sixteen bits go (June 2149); earlier days count as the first.
pub(super) fn day_number(day: NaiveDate) -> u16 {
    let since = day.signed_duration_since(NaiveDate::default()).num_days();
    u16::try_from(since.clamp(0, i64::from(OPEN) - 1)).unwrap_or(0)
}

pub(super) fn day_of(number: u16) -> NaiveDate {
    NaiveDate::default().checked_add_days(Days::new(u64::from(number))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_keep_text_and_order(a in "[0-9A-Z]{5}", b in "[0-9A-Z]{5}") {
            let (x, y) = (Code::new(&a).unwrap(), Code::new(&b).unwrap());
            prop_assert_eq!(x.to_string(), a.clone());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
        #[test]
        fn other_text_is_no_code(a in "\\PC{0,8}") {
            prop_assert_eq!(Code::new(&a).is_some(), a.len() == 5 && a.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()));
        }
        #[test]
        fn diagnoses_keep_order(a in "[A-Z][0-9][0-9A-Z]{1,5}", b in "[A-Z][0-9][0-9A-Z]{1,5}") {
            let (x, y) = (diagnosis(&a, 0).unwrap(), diagnosis(&b, 0).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!((x..=diagnosis(&a, 36).unwrap()).contains(&y), b.starts_with(&a));
        }
    }

    #[test]
    fn days_come_back() {
        for text in ["1970-01-01", "1996-01-01", "2026-11-03", "2149-06-01"] {
            let day: NaiveDate = text.parse().unwrap();
            assert_eq!(day_of(day_number(day)), day);
        }
        assert_eq!(day_number("1901-01-01".parse().unwrap()), 0);
    }
}
