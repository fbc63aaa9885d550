//! Money as integer cents.
//!
//! Owns parsing and printing of dollar amounts. Never a float: a claim that is a cent off is rejected.

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub},
};

/// An amount in US cents. May be negative (a reversal, a takeback).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    pub const ZERO: Cents = Cents(0);

    /// Reads `189`, `189.0`, `189.00`, `$1,234.56`, `-12.30`. More than two decimals is refused.
    pub fn parse(text: &str) -> Option<Cents> {
        let t = text.trim();
        let (negative, t) = match t.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, t),
        };
        let t = t.strip_prefix('$').unwrap_or(t);
        let (whole, part) = t.split_once('.').unwrap_or((t, ""));
        if part.len() > 2 || (whole.is_empty() && part.is_empty()) {
            return None;
        }
        let whole: String = whole.chars().filter(|c| *c != ',').collect();
        if !whole.chars().all(|c| c.is_ascii_digit()) || !part.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let dollars: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let cents: i64 = match part.len() {
            0 => 0,
            1 => part.parse::<i64>().ok()? * 10,
            _ => part.parse().ok()?,
        };
        let total = dollars.checked_mul(100)?.checked_add(cents)?;
        Some(Cents(if negative { -total } else { total }))
    }

    /// Times a whole number of units; `None` on overflow.
    pub fn times(self, units: i64) -> Option<Cents> {
        self.0.checked_mul(units).map(Cents)
    }

    /// Whole dollars with thousands separated, for lists: `3,870`.
    pub fn dollars(self) -> String {
        group(self.0 / 100)
    }
}

fn group(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let a = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", a / 100, a % 100))
    }
}

impl Add for Cents {
    type Output = Cents;
    fn add(self, o: Cents) -> Cents {
        Cents(self.0.saturating_add(o.0))
    }
}
impl Sub for Cents {
    type Output = Cents;
    fn sub(self, o: Cents) -> Cents {
        Cents(self.0.saturating_sub(o.0))
    }
}
impl Neg for Cents {
    type Output = Cents;
    fn neg(self) -> Cents {
        Cents(-self.0)
    }
}
impl AddAssign for Cents {
    fn add_assign(&mut self, o: Cents) {
        *self = *self + o;
    }
}
impl Sum for Cents {
    fn sum<I: Iterator<Item = Cents>>(iter: I) -> Cents {
        iter.fold(Cents::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        for (text, cents) in
            [("189", 18900), ("189.5", 18950), ("$1,234.56", 123456), ("-12.30", -1230), (".5", 50)]
        {
            assert_eq!(Cents::parse(text), Some(Cents(cents)), "{text}");
        }
        for bad in ["", ".", "1.234", "12x", "--1", "99999999999999999999"] {
            assert_eq!(Cents::parse(bad), None, "{bad}");
        }
        assert_eq!(Cents(123456789).dollars(), "1,234,567");
    }

    proptest! {
        #[test]
        fn printing_then_reading_is_the_same(n in -1_000_000_000i64..1_000_000_000) {
            prop_assert_eq!(Cents::parse(&Cents(n).to_string()), Some(Cents(n)));
        }
    }
}
