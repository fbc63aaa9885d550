//! Instructional notes of the Tabular List and the codes they name.
//!
//! Owns the kinds of note, lists under a heading ("use additional code to identify: insulin
//! (Z79.4) ...") taken apart into choices, and the codes in brackets read as targets.
//! Never decides what a note means for a claim: that is `edits`. Pure; any thread.

use std::ops::Range;

/// What a note asks or tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum NoteKind {
    Includes = 0,
    Inclusion,
    Excludes1,
    Excludes2,
    CodeFirst,
    UseAdditional,
    CodeAlso,
    Text,
    Seventh,
}

impl NoteKind {
    const ALL: [NoteKind; 9] = [
        NoteKind::Includes,
        NoteKind::Inclusion,
        NoteKind::Excludes1,
        NoteKind::Excludes2,
        NoteKind::CodeFirst,
        NoteKind::UseAdditional,
        NoteKind::CodeAlso,
        NoteKind::Text,
        NoteKind::Seventh,
    ];

    /// The mark of the table's `n` lines.
    pub(super) fn of_mark(mark: &str) -> Option<NoteKind> {
        let i = ["I", "T", "1", "2", "F", "U", "A", "N", "7"].iter().position(|m| *m == mark)?;
        Some(NoteKind::ALL[i])
    }

    pub(super) fn of_number(n: u32) -> NoteKind {
        NoteKind::ALL.get(n as usize).copied().unwrap_or(NoteKind::Text)
    }

    /// The words the Tabular List prints before such notes.
    pub fn label(self) -> &'static str {
        match self {
            NoteKind::Includes => "Includes",
            NoteKind::Inclusion => "Inclusion term",
            NoteKind::Excludes1 => "Excludes1",
            NoteKind::Excludes2 => "Excludes2",
            NoteKind::CodeFirst => "Code first",
            NoteKind::UseAdditional => "Use additional",
            NoteKind::CodeAlso => "Code also",
            NoteKind::Text => "Note",
            NoteKind::Seventh => "7th character",
        }
    }
}

/// One note, or one choice of a note that lists several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub kind: NoteKind,
    /// The code or section the note stands on (`E11`, `I10-I1A`, `chapter 4`).
    pub level: String,
    /// The line above a list of choices, for one of those choices.
    pub heading: Option<String>,
    pub text: String,
    pub targets: Vec<Target>,
}

/// Codes a note names; without dots, upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Code(String),
    Prefix(String),
    Range(String, String),
    /// Only those of them with one of these characters in place ("T36-T50 with fifth or sixth
    /// character 5").
    Limited(Box<Target>, Vec<Place>),
}

/// Characters a code must have at a position (1 is the first; 0 stands for the end of the code).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub position: usize,
    pub one_of: Vec<String>,
}

impl Place {
    fn holds(&self, code: &str) -> bool {
        self.one_of.iter().any(|v| match self.position {
            0 => code.ends_with(v.as_str()),
            n => code.get(n - 1..).is_some_and(|rest| rest.starts_with(v.as_str())),
        })
    }
}

impl Target {
    /// Is `code` (without a dot) meant? A named header means what is below it as well.
    pub fn matches(&self, code: &str) -> bool {
        match self {
            Target::Code(c) | Target::Prefix(c) => code.starts_with(c.as_str()),
            Target::Range(from, to) => {
                let key = tabular_key(code);
                key >= tabular_key(from) && (code.starts_with(to.as_str()) || key <= tabular_key(to))
            }
            Target::Limited(of, places) => of.matches(code) && places.iter().any(|p| p.holds(code)),
        }
    }
}

/// Sorts codes as the Tabular List does: categories with a letter in third place stand where
/// the list puts them, not where the letter would.
pub fn tabular_key(code: &str) -> String {
    const MOVED: [(&str, &str); 10] = [
        ("C4A", "C43~A"),
        ("C7A", "C75~A"),
        ("C7B", "C75~B"),
        ("D3A", "D36~A"),
        ("I1A", "I16~A"),
        ("I5A", "I52~A"),
        ("J4A", "J44~A"),
        ("M1A", "M08~A"),
        ("O9A", "O99~A"),
        ("Z3A", "Z36~A"),
    ];
    match MOVED.iter().find_map(|(c, to)| Some((code.strip_prefix(c)?, to))) {
        Some((rest, to)) => format!("{to}{rest}"),
        None => code.to_string(),
    }
}

/// The codes in round or square brackets of a note.
pub fn targets(text: &str) -> Vec<Target> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['(', '[']) {
        let inside = &rest[open + 1..];
        let close = inside.find([')', ']']).unwrap_or(inside.len());
        let first = out.len();
        read_codes(&inside[..close], &mut |target, _| out.push(target));
        rest = inside.get(close..).unwrap_or("");
        // the condition stands inside the brackets or right behind them
        let behind = rest.get(1..).filter(|r| r.starts_with(" with ")).unwrap_or("");
        let places = limits(if inside[..close].contains("with ") { &inside[..close] } else { behind });
        if !places.is_empty() {
            for t in &mut out[first..] {
                *t = Target::Limited(Box::new(t.clone()), places.clone());
            }
        }
    }
    out
}

/// Reads "with fifth or sixth character 1-4", "with final characters -23", "with .51-.52".
fn limits(text: &str) -> Vec<Place> {
    let Some((_, condition)) = text.split_once("with ") else { return Vec::new() };
    if condition.starts_with('.') {
        return values(condition).map(|one_of| vec![Place { position: 4, one_of }]).unwrap_or_default();
    }
    if condition.starts_with("open fracture") {
        // initial and later encounters of the three classes of open fracture
        let one_of = ["B", "C", "E", "F", "H", "J", "M", "N", "Q", "R"].map(String::from).to_vec();
        return vec![Place { position: 7, one_of }];
    }
    let Some((which, what)) = condition.split_once("character") else { return Vec::new() };
    let what = what.trim_start_matches('s');
    let Some(one_of) = values(what) else { return Vec::new() };
    let mut positions: Vec<usize> = which
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|w| match w {
            "fourth" | "4th" => Some(4),
            "fifth" | "5th" => Some(5),
            "sixth" | "6th" | "six" => Some(6),
            "seventh" | "7th" => Some(7),
            _ => None,
        })
        .collect();
    if which.contains("final") {
        // before a 7th character the last one is the fifth or sixth
        positions = if one_of.iter().all(|v| v.len() == 1) { vec![5, 6] } else { vec![0] };
    }
    if one_of.iter().any(|v| v.len() > 1) {
        // "fifth to sixth characters 51" begin at the fifth
        positions.truncate(1);
    }
    positions.into_iter().map(|position| Place { position, one_of: one_of.clone() }).collect()
}

/// `5`, `1-4`, `1-4 or 6`, `B or C`, `.51-.52`, `-23`; nothing when it is no list of characters.
fn values(text: &str) -> Option<Vec<String>> {
    let text = text.trim().trim_start_matches('-');
    let mut out = Vec::new();
    for part in text.split(" or ").flat_map(|p| p.split(',')).map(str::trim) {
        let plain: Vec<&str> = part.split('-').map(|v| v.trim().trim_start_matches('.')).collect();
        let sound = |v: &&str| {
            (1..=2).contains(&v.len()) && v.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
        };
        if !plain.iter().all(sound) {
            return None;
        }
        match plain.as_slice() {
            [one] => out.push(one.to_string()),
            [from, to] if from.len() == to.len() => {
                let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
                out.extend((from..=to).map(|n| n.to_string()));
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Every code, prefix and range of a text, with the bytes it takes.
pub(super) fn read_codes(text: &str, found: &mut dyn FnMut(Target, Range<usize>)) {
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() {
        let fresh = i == 0 || !b[i - 1].is_ascii_alphanumeric();
        let Some((code, len)) = fresh.then(|| code_at(&b[i..])).flatten() else {
            i += 1;
            continue;
        };
        let start = i;
        i += len;
        // `E11.-` and `O60.0-` name everything below; `I20-I25` and `E08.0-E13.9` a range
        let dash = match (b.get(i), b.get(i + 1)) {
            (Some(b'.'), Some(b'-')) => 2,
            (Some(b'-'), _) => 1,
            _ => 0,
        };
        if dash == 0 {
            found(Target::Code(code), start..i);
            continue;
        }
        i += dash;
        match b.get(i..).and_then(code_at) {
            Some((to, len)) => {
                i += len;
                if b.get(i) == Some(&b'.') && b.get(i + 1) == Some(&b'-') {
                    i += 2;
                } else if b.get(i) == Some(&b'-') {
                    i += 1;
                }
                found(Target::Range(code, to), start..i);
            }
            None => found(Target::Prefix(code), start..i),
        }
    }
}

/// A diagnosis code at the beginning of `b`, and how many bytes it takes.
fn code_at(b: &[u8]) -> Option<(String, usize)> {
    let upper = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    let head = b.get(..3)?;
    if !(head[0].is_ascii_uppercase() && head[1].is_ascii_digit() && upper(&head[2])) {
        return None;
    }
    let mut len = 3;
    if b.get(3) == Some(&b'.') && b.get(4).is_some_and(upper) {
        let tail = b[4..].iter().take_while(|c| upper(c)).count();
        if tail > 4 {
            return None;
        }
        len = 4 + tail;
    }
    if b.get(len).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let code = b[..len].iter().filter(|c| **c != b'.').map(|c| *c as char).collect();
    Some((code, len))
}

/// Takes the notes of one node apart: a line that ends in a colon heads the choices after it.
pub fn unfold(level: &str, lines: &[(NoteKind, &str)]) -> Vec<Note> {
    let mut out = Vec::new();
    let mut heading: Option<(NoteKind, &str)> = None;
    for (i, &(kind, text)) in lines.iter().enumerate() {
        // an instruction of its own ends the list before it
        let instruction = text.starts_with("code") || text.starts_with("Code");
        if heading.is_some_and(|(k, _)| k != kind) || instruction {
            heading = None;
        }
        let followed = lines
            .get(i + 1)
            .is_some_and(|&(k, next)| k == kind && !next.ends_with(':') && !next.starts_with("code"));
        if text.ends_with(':') && followed {
            heading = Some((kind, text));
            continue;
        }
        out.push(Note {
            kind,
            level: level.to_string(),
            heading: heading.map(|(_, h)| h.to_string()),
            text: text.to_string(),
            targets: targets(text),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_brackets_are_read() {
        let t = |s: &str| targets(s);
        assert_eq!(t("insulin (Z79.4)"), [Target::Code("Z794".into())]);
        assert_eq!(t("gestational diabetes (O24.4-)"), [Target::Prefix("O244".into())]);
        assert_eq!(
            t("x (E08.-, I20-I25, K70.0-K77)"),
            [
                Target::Prefix("E08".into()),
                Target::Range("I20".into(), "I25".into()),
                Target::Range("K700".into(), "K77".into())
            ]
        );
        assert_eq!(t("spine (C1-C4) vitamin (A1c)"), []);
    }

    #[test]
    fn conditions_on_characters_are_kept() {
        let one = |s: &str| targets(s).remove(0);
        let adverse = one("drug (T36-T50 with fifth or sixth character 5)");
        assert!(adverse.matches("T360X5A") && adverse.matches("T50995A") && !adverse.matches("T360X1A"));
        let poisoning = one("(T36-T65 with fifth or sixth character 1-4 or 6)");
        assert!(poisoning.matches("T360X6A") && !poisoning.matches("T360X5A"));
        assert!(one("underdosing (T36-T50) with fifth or sixth character 6").matches("T383X6A"));
        let drug = one("hallucinations in drug psychosis (F11-F19 with fifth to sixth characters 51)");
        assert!(drug.matches("F19951") && !drug.matches("F1910"));
        let stroke = one("following cerebrovascular disease (I69. with final characters -93)");
        assert!(stroke.matches("I69393") && !stroke.matches("I69392"));
        let pvd = one("gangrene (E08-E13 with .52)");
        assert!(pvd.matches("E1152") && !pvd.matches("E1151"));
        let open = one("(S52.- with open fracture 7th character)");
        assert!(open.matches("S52501B") && !open.matches("S52501A"));
        assert!(one("(S42.- with 7th character B or C)").matches("S42001B"));
    }

    #[test]
    fn targets_know_the_order_of_the_list() {
        let r = Target::Range("C43".into(), "C44".into());
        assert!(r.matches("C4A9") && r.matches("C449") && !r.matches("C450"));
        assert!(Target::Range("I20".into(), "I25".into()).matches("I2510"));
        assert!(!Target::Prefix("E11".into()).matches("E10"));
    }
}
