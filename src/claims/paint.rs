//! Drawing helpers of the faces: cells in a row, code grids, rules, money.
//!
//! Owns how text is cut and padded to columns, by display width. Never knows which form it draws. Pure.

use super::face::{FaceBox, FaceDx, FaceKind, FaceLine, FacePage, Spot};
use crate::domain::{Address, Cents, Place};
use chrono::NaiveDate;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cut to `n` columns, the last one an ellipsis when something was lost.
pub(super) fn cut(text: &str, n: usize) -> String {
    if width(text) <= n {
        return text.to_string();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > n {
            break;
        }
        used += w;
        out.push(c);
    }
    if n > 0 {
        out.push('…');
    }
    out
}

/// Cut and padded to exactly `n` columns.
pub(super) fn fit(text: &str, n: usize) -> String {
    let mut t = cut(text, n);
    let w = width(&t);
    t.extend(std::iter::repeat_n(' ', n.saturating_sub(w)));
    t
}

/// Columns of a table: their widths, a minus for those that stand at the right; one blank between.
pub(super) fn table<const N: usize>(widths: [i8; N], texts: [&str; N]) -> String {
    let mut out = String::new();
    for (w, t) in widths.into_iter().zip(texts) {
        let n = usize::from(w.unsigned_abs());
        let t = cut(t, n);
        let gap = " ".repeat(n - width(&t).min(n));
        let (before, after) = if w < 0 { (gap.as_str(), "") } else { ("", gap.as_str()) };
        out.extend([before, &t, after, " "]);
    }
    out
}

pub(super) fn line(kind: FaceKind, text: impl Into<String>) -> FaceLine {
    FaceLine { text: text.into().trim_end().to_string(), kind, spots: Vec::new() }
}

pub(super) fn blank() -> FaceLine {
    line(FaceKind::Blank, "")
}

/// `── words ─────`
pub(super) fn rule(words: &str, n: usize) -> FaceLine {
    let mut text = if words.is_empty() { String::new() } else { format!("── {words} ") };
    let w = width(&text);
    text.extend(std::iter::repeat_n('─', n.saturating_sub(w)));
    line(FaceKind::Rule, text)
}

/// A line whose whole width belongs to one place.
pub(super) fn at(text: String, place: Option<Place>) -> FaceLine {
    let mut l = line(FaceKind::Value, text);
    l.spots.extend(place.map(|place| Spot { from: 0, to: width(&l.text), place }));
    l
}

/// `1a 1EG4-TE5-MK73`; a box that says nothing shows a dash.
fn short(b: &FaceBox) -> String {
    let value = b.value.first().map_or("-", String::as_str);
    let value = if value.is_empty() { "-" } else { value };
    format!("{:<2} {value}", b.number)
}

/// Boxes side by side where they fit, else one below the other.
pub(super) fn side_by_side(page: &FacePage, numbers: &[&str], n: usize, out: &mut Vec<FaceLine>) {
    let boxes: Vec<&FaceBox> = numbers.iter().filter_map(|x| page.get(x)).collect();
    if boxes.is_empty() {
        return;
    }
    let column = n / boxes.len();
    let texts: Vec<String> = boxes.iter().map(|b| short(b)).collect();
    let last = texts.len() - 1;
    let fits = texts.iter().enumerate().all(|(i, t)| width(t) < column || (i == last && width(t) <= column));
    if !fits {
        out.extend(boxes.iter().zip(texts).map(|(b, t)| at(cut(&t, n), b.place.clone())));
        return;
    }
    let mut text = String::new();
    let mut spots = Vec::new();
    for (i, (b, t)) in boxes.iter().zip(&texts).enumerate() {
        let from = i * column;
        spots.extend(b.place.clone().map(|place| Spot { from, to: from + width(t), place }));
        text.push_str(&fit(t, column));
    }
    out.push(FaceLine { text: text.trim_end().to_string(), kind: FaceKind::Value, spots });
}

/// Diagnoses in as many columns as fit.
pub(super) fn grid(dx: &[FaceDx], n: usize, out: &mut Vec<FaceLine>) {
    let poa = dx.iter().any(|d| d.poa.is_some());
    let cell = if poa { 12 } else { 10 };
    let columns = ((n + 1) / cell).max(1);
    for row in dx.chunks(columns) {
        let mut text = String::new();
        let mut spots = Vec::new();
        for d in row {
            let from = width(&text);
            let mut t = format!("{:<1} {}", d.letter, d.code);
            if let Some(p) = d.poa {
                t = format!("{t:<9} {p}");
            }
            spots.push(Spot { from, to: from + width(&t), place: d.place.clone() });
            text.push_str(&fit(&t, cell));
        }
        out.push(FaceLine { text: text.trim_end().to_string(), kind: FaceKind::Value, spots });
    }
}

/// A row of boxes as cells: numbers and labels, then the values; the last cell takes what is left.
pub(super) fn cells(page: &FacePage, row: &[(&str, usize)], n: usize, out: &mut Vec<FaceLine>) {
    let boxes: Vec<(Option<&FaceBox>, usize)> = row.iter().map(|(x, w)| (page.get(x), *w)).collect();
    let height = boxes.iter().filter_map(|(b, _)| b.map(|b| b.value.len())).max().unwrap_or(0).max(1);
    let labels =
        boxes.iter().map(|(b, _)| b.map(|b| format!("{} {}", b.number, b.label)).unwrap_or_default());
    out.push(joined(FaceKind::Label, &boxes, labels.collect(), n));
    for i in 0..height {
        let values = boxes
            .iter()
            .map(|(b, _)| b.and_then(|b| b.value.get(i)).map(|v| format!(" {v}")).unwrap_or_default());
        out.push(joined(FaceKind::Value, &boxes, values.collect(), n));
    }
    out.push(rule("", n));
}

fn joined(kind: FaceKind, boxes: &[(Option<&FaceBox>, usize)], texts: Vec<String>, n: usize) -> FaceLine {
    let mut text = String::new();
    let mut spots = Vec::new();
    for (i, ((b, w), t)) in boxes.iter().zip(texts).enumerate() {
        if i > 0 {
            text.push('│');
        }
        let from = width(&text);
        let w = if i + 1 == boxes.len() { n.saturating_sub(from) } else { *w };
        text.push_str(&fit(&t, w));
        spots.extend(b.and_then(|b| b.place.clone()).map(|place| Spot { from, to: from + w, place }));
    }
    FaceLine { text: text.trim_end().to_string(), kind, spots }
}

/// `110326`, as boxes for six digits take a date.
pub(super) fn mmddyy(d: NaiveDate) -> String {
    d.format("%m%d%y").to_string()
}

/// `02 11 1968`
pub(super) fn mmddyyyy(d: NaiveDate) -> String {
    d.format("%m %d %Y").to_string()
}

/// `189 00`: the form's own line parts dollars and cents, a point would be read as a digit.
pub(super) fn split_cents(c: Cents) -> String {
    let a = c.0.unsigned_abs();
    format!("{}{} {:02}", if c.0 < 0 { "-" } else { "" }, a / 100, a % 100)
}

/// Street, then city, state and ZIP.
pub(super) fn address(a: &Address) -> Vec<String> {
    let parts = [&a.city, &a.state, &a.zip];
    let city: Vec<String> = parts.iter().filter(|x| !x.is_empty()).map(|x| x.to_uppercase()).collect();
    let city = city.join(" ");
    [a.street.to_uppercase(), city].into_iter().filter(|x| !x.is_empty()).collect()
}
