//! What was typed, as groups of alternatives.
//!
//! Longest abbreviation first (up to four words); the literal reading stays as a weaker one. Sides and
//! encounters are attributes, not words, once anything else is there.

use super::index::Index;
use super::words::tokens;

/// Words that belong together: one meaning of what was typed.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    pub words: Vec<String>,
    pub weight: f32,
    /// `dm2 = type 2 diabetes mellitus`
    pub why: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub alternatives: Vec<Alternative>,
    /// w/o, no, without.
    pub negated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub left: bool,
    pub right: bool,
    pub bilateral: bool,
    pub initial: bool,
    pub subsequent: bool,
    pub sequela: bool,
}

#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub groups: Vec<Group>,
    pub attributes: Attributes,
    /// `s52 distal left`: only codes that begin so.
    pub category: Option<String>,
}

/// Said in passing, never searched.
const NOISE: [&str; 9] = ["r/o", "the", "of", "with", "and", "pt", "due", "to", "in"];

/// `exists` says whether any code begins so.
pub(super) fn parse(index: &Index, text: &str, exists: &dyn Fn(&str) -> bool) -> Parsed {
    let mut out = Parsed::default();
    let lower = text.to_lowercase().replace("w/o", " without ").replace("w/", " ").replace("r/o", " ");
    let mut words = tokens(&lower);
    let abbreviation = (1..=words.len().min(4)).any(|n| index.shorthand.contains_key(&words[..n].join(" ")));
    if words.len() > 1 && !abbreviation && is_category(&words[0]) && exists(&words[0].to_uppercase()) {
        out.category = Some(words.remove(0).to_uppercase());
    }
    let many = words.len() > 1;
    let mut negate = false;
    let mut i = 0;
    while i < words.len() {
        let word = words[i].as_str();
        if matches!(word, "without" | "no" | "not") {
            negate = true;
            i += 1;
            continue;
        }
        if many && attribute(word, &mut out.attributes) {
            i += 1;
            continue;
        }
        if many && NOISE.contains(&word) {
            i += 1;
            continue;
        }
        let (group, used) = group_at(index, &words, i);
        out.groups.push(Group { negated: std::mem::take(&mut negate), ..group });
        i += used;
    }
    if out.groups.is_empty() {
        // Only sides were typed: then they are the words.
        out.attributes = Attributes::default();
        for w in &words {
            out.groups.push(literal(w));
        }
    }
    out
}

fn is_category(word: &str) -> bool {
    let b = word.as_bytes();
    b.len() >= 3
        && b.len() <= 7
        && b[0].is_ascii_alphabetic()
        && b[1].is_ascii_digit()
        && b[2].is_ascii_digit()
}

fn attribute(word: &str, a: &mut Attributes) -> bool {
    match word {
        "left" | "lt" | "l" => a.left = true,
        "right" | "rt" | "r" => a.right = true,
        "bilateral" | "bilat" | "bil" => a.bilateral = true,
        "initial" | "init" => a.initial = true,
        "subsequent" | "subseq" => a.subsequent = true,
        "sequela" | "sequelae" | "sequ" => a.sequela = true,
        _ => return false,
    }
    true
}

fn literal(word: &str) -> Group {
    let alternative = Alternative { words: vec![word.to_string()], weight: 1.0, why: None };
    Group { alternatives: vec![alternative], negated: false }
}

fn group_at(index: &Index, words: &[String], at: usize) -> (Group, usize) {
    for n in (1..=4usize.min(words.len() - at)).rev() {
        let typed = words[at..at + n].join(" ");
        let Some(meanings) = index.shorthand.get(&typed) else { continue };
        let mut alternatives: Vec<Alternative> = meanings
            .iter()
            .map(|m| Alternative {
                words: m.clone(),
                weight: 1.0,
                why: Some(format!("{typed} = {}", m.join(" "))),
            })
            .collect();
        if !meanings.iter().any(|m| *m == words[at..at + n]) {
            alternatives.push(Alternative { words: words[at..at + n].to_vec(), weight: 0.93, why: None });
        }
        return (Group { alternatives, negated: false }, n);
    }
    let word = &words[at];
    let mut group = literal(word);
    // Two words typed as one, or one typed as two.
    if word.len() >= 6 && index.word(word).is_none() && index.prefixed(word).is_empty() {
        for cut in 3..word.len() - 2 {
            if !word.is_char_boundary(cut) {
                continue;
            }
            let (a, b) = word.split_at(cut);
            if index.word(a).is_some() && index.word(b).is_some() {
                let words = vec![a.to_string(), b.to_string()];
                group.alternatives.push(Alternative {
                    words,
                    weight: 0.9,
                    why: Some(format!("{word} = {a} {b}")),
                });
            }
        }
    }
    if let Some(next) = words.get(at + 1) {
        let joined = format!("{word}{next}");
        if index.word(&joined).is_some() && index.word(word).is_none() {
            let alternative = Alternative { words: vec![joined], weight: 0.97, why: None };
            return (Group { alternatives: vec![alternative], negated: false }, 2);
        }
    }
    (group, 1)
}
