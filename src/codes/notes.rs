//! Instructional notes: the codes they name, and lists put together with their heading.

use crate::domain::{CodeRange, normal_code};

/// A note of the Tabular List as it applies to a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookNote {
    /// `I` includes, `T` inclusion term, `1` and `2` Excludes, `F` code first, `U` use additional, `A` code
    /// also, `N` note.
    pub kind: char,
    /// Code, block or chapter it stands on.
    pub at: String,
    pub text: String,
    pub ranges: Vec<CodeRange>,
}

fn is_code(text: &str) -> bool {
    let b = text.as_bytes();
    (3..=7).contains(&b.len())
        && b[0].is_ascii_uppercase()
        && b[1].is_ascii_digit()
        && b.iter().all(u8::is_ascii_alphanumeric)
}

/// The codes in the parentheses of a note: `(E08.22, I12.-, N18.1-N18.6)`.
pub fn parse_ranges(text: &str) -> Vec<CodeRange> {
    let mut out: Vec<CodeRange> = Vec::new();
    for group in text.split('(').skip(1) {
        let inside = group.split(')').next().unwrap_or("");
        for part in inside.split([',', ';']) {
            let part = part.trim();
            let range = match part.split_once('-') {
                Some((first, "")) => one(first),
                Some((first, last)) => {
                    let (a, b) = (normal_code(first), normal_code(last));
                    (is_code(&a) && is_code(&b) && a.len() == first.trim().replace('.', "").len())
                        .then_some(CodeRange { first: a, last: b })
                }
                None => one(part),
            };
            out.extend(range);
        }
    }
    out.dedup();
    out
}

fn one(text: &str) -> Option<CodeRange> {
    let code = normal_code(text);
    let plain = text.trim().trim_end_matches('-').replace('.', "");
    (is_code(&code) && code == plain).then(|| CodeRange::one(&code))
}

/// Puts `code to identify control using:` before each item of the list that follows it. Items go by code, as
/// the printed book has them.
pub(super) fn joined(kind: char, at: &str, lines: &[&str]) -> Vec<BookNote> {
    let mut out: Vec<BookNote> = Vec::new();
    let mut heading: Option<&str> = None;
    let mut list_from = 0;
    for line in lines {
        if line.ends_with(':') {
            sort(&mut out[list_from..]);
            heading = Some(line);
            list_from = out.len();
            continue;
        }
        let text = match heading {
            Some(h) => format!("{h} {line}"),
            None => line.to_string(),
        };
        out.push(BookNote { kind, at: at.to_string(), ranges: parse_ranges(line), text });
    }
    if heading.is_some() {
        sort(&mut out[list_from..]);
    }
    // Two names of one drug class ask for one code: the first name stands.
    out.dedup_by(|b, a| !a.ranges.is_empty() && a.ranges == b.ranges && heading.is_some());
    out
}

fn sort(items: &mut [BookNote]) {
    items.sort_by(|a, b| {
        let key = |n: &BookNote| n.ranges.first().map(|r| r.first.clone());
        key(a).cmp(&key(b))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_notes() {
        let show = |t: &str| {
            parse_ranges(t).iter().map(|r| format!("{}..{}", r.first, r.last)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(show("stage (N18.1-N18.6)"), "N181..N186");
        assert_eq!(show("x (E08.-, O24.4-), y (P70.2)"), "E08..E08 O244..O244 P702..P702");
        assert_eq!(show("a (O00-O07, O08.8)"), "O00..O07 O088..O088");
        assert_eq!(show("diabetes (mellitus) due to (see also) NOS"), "");
    }

    #[test]
    fn lists_go_by_code_under_their_heading() {
        let notes = joined(
            'U',
            "E11",
            &[
                "code to identify control using:",
                "injectable (Z79.85)",
                "insulin (Z79.4)",
                "oral (Z79.84)",
                "oral hypo (Z79.84)",
            ],
        );
        let texts: Vec<&str> = notes.iter().map(|n| n.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "code to identify control using: insulin (Z79.4)",
                "code to identify control using: oral (Z79.84)",
                "code to identify control using: injectable (Z79.85)"
            ]
        );
    }
}
