//! Elements of one segment against the guide: required, allowed, type, length, code lists, dates.
//!
//! Owns what can be said of a segment by itself. What an element means together with others is `rules`. Never
//! stores; writes findings into the list it is given. Called by `scan` for every segment.

use super::Seg;
use super::guide::{Atom, Kind, LoopUse, SegmentUse, Shape, Usage};
use super::issue::{Issue, shown};
use super::walk::here;
use chrono::{NaiveDate, NaiveTime};

const GUIDE: &str = "X12 005010X222A1, 005010X223A2";
const TYPES: &str = "X12.6 005010 data element types";

pub(super) struct Ctx<'a> {
    pub lp: &'a LoopUse,
    pub number: u64,
    pub line: Option<u32>,
    pub key_reported: bool,
}

pub(super) fn check(seg: &Seg<'_>, use_: &SegmentUse, cx: &Ctx<'_>, out: &mut Vec<Issue>) {
    let mut n = 0;
    for (i, value) in seg.elements().skip(1).enumerate() {
        n = i + 1;
        let (Some(element), Some(shape)) = (use_.elements.get(i), use_.shapes.get(i)) else {
            if !value.is_empty() {
                say(
                    out,
                    cx,
                    use_,
                    field(use_, n, 0),
                    "x12.unused",
                    "the guide has no such element".into(),
                    "",
                );
            }
            continue;
        };
        if value.is_empty() {
            if element.usage.required {
                required(out, cx, use_, n, 0, shape);
            }
            continue;
        }
        if !element.usage.used {
            let message = format!("{} is not used here", field(use_, n, 0));
            say(out, cx, use_, field(use_, n, 0), "x12.unused", message, "remove it");
            continue;
        }
        match shape {
            Shape::Unused => {}
            Shape::Simple(atom) => one(seg, value, atom, &element.usage, n, 0, use_, cx, out),
            Shape::Composite(atoms) => {
                let mut seen = 0;
                for (c, part) in seg.parts(value).enumerate() {
                    seen = c + 1;
                    let (Some(atom), Some(usage)) = (atoms.get(c), element.components.get(c)) else {
                        if !part.is_empty() {
                            let message = format!("{} has too many components", field(use_, n, 0));
                            say(out, cx, use_, field(use_, n, c + 1), "x12.unused", message, "");
                        }
                        continue;
                    };
                    match (part.is_empty(), usage.required, usage.used) {
                        (true, true, _) => required(out, cx, use_, n, c + 1, shape),
                        (true, false, _) => {}
                        (false, _, false) => {
                            let message = format!("{} is not used here", field(use_, n, c + 1));
                            say(out, cx, use_, field(use_, n, c + 1), "x12.unused", message, "remove it");
                        }
                        (false, _, true) => one(seg, part, atom, usage, n, c + 1, use_, cx, out),
                    }
                }
                for (c, usage) in element.components.iter().enumerate().skip(seen) {
                    if usage.required {
                        required(out, cx, use_, n, c + 1, shape);
                    }
                }
            }
        }
    }
    for (i, element) in use_.elements.iter().enumerate().skip(n) {
        if element.usage.required {
            required(out, cx, use_, i + 1, 0, &use_.shapes[i]);
        }
    }
    if seg.text().as_bytes().last() == Some(&seg.delimiters().element) {
        let message = format!("{} ends with empty elements", use_.id);
        let at = here(cx.lp.id, use_.id, use_.id.to_string(), cx.number, cx.line);
        out.push(Issue::warn("x12.trailing", at, message, TYPES));
    }
}

fn field(use_: &SegmentUse, n: usize, c: usize) -> String {
    match c {
        0 => format!("{}{n:02}", use_.id),
        c => format!("{}{n:02}-{c}", use_.id),
    }
}

fn say(
    out: &mut Vec<Issue>,
    cx: &Ctx<'_>,
    use_: &SegmentUse,
    field: String,
    rule: &'static str,
    message: String,
    fix: &str,
) {
    let at = here(cx.lp.id, use_.id, field, cx.number, cx.line);
    out.push(Issue::stop(rule, at, message, if rule == "x12.type" { TYPES } else { GUIDE }).fix(fix));
}

fn required(out: &mut Vec<Issue>, cx: &Ctx<'_>, use_: &SegmentUse, n: usize, c: usize, shape: &Shape) {
    let name = match (shape, c) {
        (Shape::Simple(a), _) => a.name,
        (Shape::Composite(atoms), c) => atoms.get(c.saturating_sub(1)).map_or("", |a| a.name),
        (Shape::Unused, _) => "",
    };
    let f = field(use_, n, c);
    let message = format!("{f} ({}: {}) is missing", use_.name, name.replace('_', " "));
    say(out, cx, use_, f, "x12.required", message, &format!("give the {}", name.replace('_', " ")));
}

#[allow(clippy::too_many_arguments)] // one element of one segment of one loop: each is needed
fn one(
    seg: &Seg<'_>,
    value: &str,
    atom: &Atom,
    usage: &Usage,
    n: usize,
    c: usize,
    use_: &SegmentUse,
    cx: &Ctx<'_>,
    out: &mut Vec<Issue>,
) {
    let bytes = value.as_bytes();
    if !usage.codes.is_empty() && !usage.codes.contains(&value) {
        let is_key = use_.key == Some((n, c));
        if is_key && cx.key_reported {
            return;
        }
        let f = field(use_, n, c);
        let want = usage.codes.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        let message =
            format!("{f} ({}) is {}; {want} are possible", atom.name.replace('_', " "), shown(value));
        let rule = if is_key { "x12.qualifier" } else { "x12.code" };
        say(out, cx, use_, f, rule, message, &format!("use one of {want}"));
        return;
    }
    let bad = match atom.kind {
        Kind::Decimal => (!is_decimal(bytes)).then_some("a number with a decimal point at most"),
        Kind::Whole => (!bytes.iter().all(u8::is_ascii_digit)).then_some("a whole number"),
        Kind::Date => day(value).is_none().then_some("a date of the calendar, CCYYMMDD"),
        Kind::Time => time(value).is_none().then_some("a time, HHMM"),
        Kind::Text | Kind::Code => {
            if bytes.first() == Some(&b' ') || bytes.iter().all(|b| *b == b' ') {
                Some("text without blanks before it")
            } else if seg.delimiters().repetition == b'^' && bytes.contains(&b'^') {
                Some("one value: the repetition character may not stand in it")
            } else if seg.delimiters().component == b':' && c == 0 && bytes.contains(&b':') {
                Some("one value without components")
            } else {
                None
            }
        }
    };
    if let Some(want) = bad {
        let f = field(use_, n, c);
        let message = format!("{f} ({}) has to be {want}", atom.name.replace('_', " "));
        say(out, cx, use_, f, "x12.type", message, "");
        return;
    }
    let length = match atom.kind {
        // Sign and point do not count (X12.6).
        Kind::Decimal => bytes.iter().filter(|b| b.is_ascii_digit()).count(),
        _ => value.chars().count(),
    };
    if length < atom.least || length > atom.most {
        let f = field(use_, n, c);
        let want = if atom.least == atom.most {
            format!("exactly {}", atom.least)
        } else {
            format!("{} to {}", atom.least, atom.most)
        };
        let message =
            format!("{f} ({}) has {length} characters; {want} are possible", atom.name.replace('_', " "));
        say(out, cx, use_, f, "x12.length", message, "");
    }
}

/// `-12.50`: sign, digits, one point.
pub fn is_decimal(b: &[u8]) -> bool {
    let b = b.strip_prefix(b"-").unwrap_or(b);
    let mut digits = 0;
    let mut points = 0;
    for c in b {
        match c {
            b'0'..=b'9' => digits += 1,
            b'.' => points += 1,
            _ => return false,
        }
    }
    digits > 0 && points <= 1
}

/// CCYYMMDD of the calendar.
pub fn day(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n = |r: std::ops::Range<usize>| text.get(r)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(n(0..4)?.cast_signed(), n(4..6)?, n(6..8)?).filter(|_| !text.starts_with("00"))
}

/// HHMM, with seconds and hundredths if given.
pub fn time(text: &str) -> Option<NaiveTime> {
    if !matches!(text.len(), 4 | 6 | 7 | 8) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n = |r: std::ops::Range<usize>| text.get(r).and_then(|t| t.parse::<u32>().ok());
    NaiveTime::from_hms_opt(n(0..2)?, n(2..4)?, n(4..6).unwrap_or(0))
}

/// First and last day of a date by its format: D8, RD8, DT.
pub fn days(format: &str, text: &str) -> Option<(NaiveDate, NaiveDate)> {
    match format {
        "D8" => day(text).map(|d| (d, d)),
        "RD8" => {
            let (a, b) = text.split_once('-')?;
            Some((day(a)?, day(b)?))
        }
        "DT" => {
            time(text.get(8..)?)?;
            day(text.get(..8)?).map(|d| (d, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_those_of_x12() {
        for good in ["1", "0", "-1.5", ".5", "100.25", "1."] {
            assert!(is_decimal(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", ".", "1,000", "1.2.3", "$1", "1e3", "+1"] {
            assert!(!is_decimal(bad.as_bytes()), "{bad}");
        }
        assert!(day("20260230").is_none() && day("20240229").is_some() && day("2026022").is_none());
        assert!(time("2400").is_none() && time("2359").is_some() && time("120").is_none());
        assert!(days("RD8", "20260101").is_none() && days("DT", "202603010840").is_some());
    }
}
