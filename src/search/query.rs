//! Reads what was typed into groups of alternatives.
//!
//! Owns abbreviations (longest first, up to four words), noise, negation, sides and encounters as
//! attributes, and unknown words split in two or joined to one.
//! Never weighs documents: that is `rank`. Pure.

use super::candidates::{Candidate, How, candidates, corrections, known};
use crate::codes::index::Index;
use crate::codes::tokens::{filler, fold, tokenize};
use crate::codes::{Book, class};

/// How far the literal reading of an abbreviation of several words stands behind its meaning.
const SEVERAL: f32 = 0.93;
/// The same for an abbreviation read as the beginning of a word.
const BEGINNING: f32 = 0.8;

/// A word of an alternative and what it may stand for.
#[derive(Debug)]
pub struct Word {
    pub text: String,
    pub candidates: Vec<Candidate>,
    pub weight: f32,
}

/// Words that belong together.
#[derive(Debug)]
pub struct Alternative {
    pub words: Vec<Word>,
    pub factor: f32,
    /// Written out from an abbreviation, split or joined.
    pub rewritten: bool,
}

/// What was typed as one thing, and everything it may mean.
#[derive(Debug)]
pub struct Group {
    pub typed: String,
    pub alternatives: Vec<Alternative>,
    pub negated: bool,
    pub weight: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encounter {
    Initial,
    Subsequent,
    Sequela,
}

#[derive(Debug, Default)]
pub struct Parsed {
    pub groups: Vec<Group>,
    /// Side bits of `class`, 0 when none was typed.
    pub side: u16,
    pub encounter: Option<Encounter>,
    /// A negation with nothing to negate: the words came in another order than the title's.
    pub loose_negation: bool,
    /// One or two letters at the end that are no word yet.
    pub tail: Option<String>,
    /// *specified* was typed: the index's word for codes whose title says *other*.
    pub specified: bool,
    /// The words speak of pregnancy, birth or a newborn.
    pub birth: bool,
    /// A certain one of several fetuses is meant.
    pub one_fetus: bool,
    /// Words whose presence in a title speaks against it (`nondisplaced` when `displaced` is meant).
    pub against: Vec<u32>,
}

enum Piece {
    Word(String),
    /// What was typed, what it stands for, and how sure that is.
    Meaning(String, String, f32),
    Negate,
    Attribute(Attribute),
    Comma,
}

#[derive(Clone, Copy)]
enum Attribute {
    Side(u16),
    Encounter(Encounter),
}

fn attribute(word: &str) -> Option<Attribute> {
    let unfinished = |whole: &str, least: usize| word.len() >= least && whole.starts_with(word);
    Some(match word {
        "left" | "lt" => Attribute::Side(class::LEFT),
        "right" | "rt" => Attribute::Side(class::RIGHT),
        _ if unfinished("bilateral", 5) || word == "bilaterally" => Attribute::Side(class::BILATERAL),
        _ if unfinished("initial", 4) => Attribute::Encounter(Encounter::Initial),
        _ if unfinished("subsequent", 4) => Attribute::Encounter(Encounter::Subsequent),
        _ if unfinished("sequela", 4) => Attribute::Encounter(Encounter::Sequela),
        _ => return None,
    })
}

/// Words as typed, without the punctuation around them.
fn raw_words(text: &str) -> Vec<(String, bool)> {
    text.split_whitespace()
        .map(|w| {
            let folded: String = w.chars().map(fold).collect();
            let keep = |c: char| c.is_alphanumeric() || matches!(c, '+' | '&' | '#' | '@' | '<' | '>');
            let comma = folded.ends_with([',', ';']);
            (folded.trim_matches(|c| !keep(c)).to_string(), comma)
        })
        .filter(|(w, _)| !w.is_empty())
        .collect()
}

/// A word of the query that is not an abbreviation: taken apart at slashes, hyphens, brackets.
fn split_word(book: &Book, index: &Index<'_>, word: &str, out: &mut Vec<Piece>) {
    let plain = |c: char| c.is_alphanumeric() || c == '.';
    if word.contains('-') && word.chars().all(|c| plain(c) || c == '-') {
        let joined = word.replace('-', "");
        if known(index, &joined) {
            out.push(Piece::Word(joined));
            return;
        }
    }
    for t in tokenize(word).into_iter().filter(|t| !t.joined) {
        match book.shorthand(&t.text) {
            // parts of a slashed word may be abbreviations of their own (`htn/dm`)
            Some(m) if t.text.len() < word.len() => shorthand_piece(&t.text, m, 1.0, out),
            _ => out.push(Piece::Word(t.text)),
        }
    }
}

fn shorthand_piece(key: &str, meaning: &str, sure: f32, out: &mut Vec<Piece>) {
    match meaning {
        "-" => {}
        "!" => out.push(Piece::Negate),
        m if m.starts_with('@') => {
            // `@right upper lobe`: a side and a meaning
            let (side, rest) = m[1..].split_once(' ').unwrap_or((&m[1..], ""));
            out.extend(attribute(side).map(Piece::Attribute));
            if !rest.is_empty() {
                out.push(Piece::Meaning(key.to_string(), rest.to_string(), sure));
            }
        }
        m => out.push(Piece::Meaning(key.to_string(), m.to_string(), sure)),
    }
}

/// Readings of misspelt words, word by word; an empty list is a word that stands as typed.
fn repairs(book: &Book, index: &Index<'_>, raw: &[(String, bool)]) -> Vec<Vec<String>> {
    raw.iter()
        .map(|(w, _)| {
            let plain = w.len() >= 4 && w.bytes().all(|c| c.is_ascii_lowercase());
            if !plain || known(index, w) || attribute(w).is_some() || book.shorthand(w).is_some() {
                return Vec::new();
            }
            // four letters may be the beginning of many words
            if w.len() == 4 && index.starting(w).any(|t| index.posted(t)) {
                return Vec::new();
            }
            corrections(index, w)
        })
        .collect()
}

/// An abbreviation of several words, one or two of them misspelt.
fn repaired_meaning<'b>(book: &'b Book, raw: &[(String, bool)], fixes: &[Vec<String>]) -> Option<&'b str> {
    if fixes.iter().all(Vec::is_empty) {
        return None;
    }
    let mut keys = vec![String::new()];
    for ((word, _), fix) in raw.iter().zip(fixes) {
        let readings: Vec<&str> = match fix.is_empty() {
            true => vec![word.as_str()],
            false => fix.iter().map(String::as_str).collect(),
        };
        keys = keys
            .iter()
            .flat_map(|k| {
                readings.iter().map(move |r| if k.is_empty() { r.to_string() } else { format!("{k} {r}") })
            })
            .take(8)
            .collect();
    }
    keys.iter().find_map(|k| book.shorthand(k))
}

fn pieces(book: &Book, index: &Index<'_>, text: &str) -> Vec<Piece> {
    let raw = raw_words(text);
    let fixes = repairs(book, index, &raw);
    let mut out = Vec::new();
    let mut i = 0;
    'words: while i < raw.len() {
        // `post menopausal` is one word written in two, though `post` alone is an abbreviation
        if let Some(whole) = written_apart(index, &raw[i..]) {
            out.push(Piece::Word(whole));
            if raw[i + 1].1 {
                out.push(Piece::Comma);
            }
            i += 2;
            continue;
        }
        for len in (1..=4.min(raw.len() - i)).rev() {
            let key = raw[i..i + len].iter().map(|(w, _)| w.as_str()).collect::<Vec<_>>().join(" ");
            let exact = book.shorthand(&key).map(|m| (m, 1.0));
            let near = || repaired_meaning(book, &raw[i..i + len], &fixes[i..i + len]).map(|m| (m, 0.82));
            if let Some((meaning, sure)) = exact.or_else(near) {
                shorthand_piece(&key, meaning, sure, &mut out);
                if raw[i + len - 1].1 {
                    out.push(Piece::Comma);
                }
                i += len;
                continue 'words;
            }
        }
        let (word, comma) = &raw[i];
        let word = word.trim_start_matches(['<', '>', '=']);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        let repaired = fixes[i].iter().take(1).find_map(|f| attribute(f));
        if let (Some(Piece::Meaning(_, m, _)), Ok(n)) = (out.last(), word.parse::<f32>())
            && m.starts_with("body mass index")
        {
            out.push(Piece::Word(bmi_band(n)));
            i += 1;
            continue;
        }
        match (word, attribute(word).or(repaired)) {
            ("without" | "not" | "no" | "withou" | "witho", _) => out.push(Piece::Negate),
            (_, Some(a)) => out.push(Piece::Attribute(a)),
            _ => split_word(book, index, word, &mut out),
        }
        if *comma {
            out.push(Piece::Comma);
        }
        i += 1;
    }
    out
}

/// A first part that only begins words, and the rest of the word behind a blank.
fn written_apart(index: &Index<'_>, raw: &[(String, bool)]) -> Option<String> {
    const FIRST: [&str; 12] =
        ["post", "pre", "non", "anti", "hyper", "hypo", "sub", "intra", "inter", "peri", "para", "poly"];
    let [(first, false), (rest, _), ..] = raw else { return None };
    let whole = format!("{first}{rest}");
    (FIRST.contains(&first.as_str()) && rest.len() >= 4 && known(index, &whole)).then_some(whole)
}

/// The number in the title of the band a body mass index falls in.
fn bmi_band(n: f32) -> String {
    match n {
        n if n < 20.0 => "19.9".to_string(),
        n if n < 40.0 => format!("{}.0", n as u32),
        n if n < 45.0 => "40.0".to_string(),
        n if n < 50.0 => "45.0".to_string(),
        n if n < 60.0 => "50.0".to_string(),
        n if n < 70.0 => "60.0".to_string(),
        _ => "70".to_string(),
    }
}

/// The weight of a word with several candidates: as rare as all of them together.
fn word_weight(index: &Index<'_>, list: &[Candidate]) -> f32 {
    if let Some(c) = list.first().filter(|c| c.how == How::Exact) {
        return index.weight(c.token);
    }
    let odds: f32 = list.iter().map(|c| 1.0 / index.weight(c.token).exp_m1().max(1e-6)).sum();
    if odds > 0.0 { (1.0 / odds).ln_1p() } else { 0.0 }
}

fn word(index: &Index<'_>, text: &str, typed: bool) -> Word {
    let candidates = candidates(index, text, typed);
    Word { text: text.to_string(), weight: word_weight(index, &candidates), candidates }
}

fn expansion(index: &Index<'_>, meaning: &str) -> Vec<Alternative> {
    let mut out = Vec::new();
    for (i, alternative) in meaning.split('|').map(str::trim).filter(|a| !a.is_empty()).enumerate() {
        let tokens = tokenize(alternative);
        // a joined form the book knows stands for its two parts
        let mut texts: Vec<&str> = Vec::new();
        for t in &tokens {
            if t.joined {
                if index.find(&t.text).is_some() {
                    texts.truncate(texts.len().saturating_sub(2));
                    texts.push(&t.text);
                }
            } else if filler(&t.text) > 0.02 && !t.negated {
                texts.push(&t.text);
            }
        }
        let words: Vec<Word> =
            texts.into_iter().map(|t| word(index, t, false)).filter(|w| !w.candidates.is_empty()).collect();
        if !words.is_empty() {
            out.push(Alternative { words, factor: 1.0 - 0.02 * i.min(5) as f32, rewritten: true });
        }
    }
    out
}

fn literal(index: &Index<'_>, text: &str, typed: bool, factor: f32) -> Option<Alternative> {
    let w = word(index, text, typed);
    (!w.candidates.is_empty()).then(|| Alternative { words: vec![w], factor, rewritten: false })
}

/// An abbreviation read as the beginning of words.
fn beginning(index: &Index<'_>, text: &str) -> Option<Alternative> {
    let mut w = word(index, text, true);
    w.candidates.retain(|c| c.how == How::Prefix);
    (!w.candidates.is_empty()).then(|| Alternative { words: vec![w], factor: BEGINNING, rewritten: false })
}

/// An abbreviation of several words read word by word, where the book knows them all.
fn literal_words(index: &Index<'_>, text: &str) -> Option<Alternative> {
    let texts: Vec<&str> = text.split(' ').filter(|t| filler(t) > 0.02).collect();
    let whole = texts.len() > 1 && texts.iter().all(|t| t.len() > 2 && known(index, t));
    let words: Vec<Word> = texts.into_iter().filter(|_| whole).map(|t| word(index, t, false)).collect();
    whole.then_some(Alternative { words, factor: SEVERAL, rewritten: false })
}

/// An unknown word of six letters or more as two known ones.
fn split(index: &Index<'_>, text: &str) -> Option<Alternative> {
    if text.len() < 6 || !text.is_ascii() {
        return None;
    }
    let at = (3..=text.len() - 3)
        .filter(|&i| index.find(&text[..i]).is_some() && known(index, &text[i..]))
        .max_by_key(|&i| i.min(text.len() - i))?;
    let words = vec![word(index, &text[..at], false), word(index, &text[at..], false)];
    Some(Alternative { words, factor: 0.9, rewritten: true })
}

fn group(typed: &str, alternatives: Vec<Alternative>, negated: bool) -> Option<Group> {
    let first = alternatives.first()?;
    // words that belong together weigh less than as many typed one by one
    let most = first.words.iter().map(|w| w.weight).fold(0.0, f32::max);
    let sum: f32 = first.words.iter().map(|w| w.weight).sum();
    let weight = most + 0.6 * (sum - most);
    Some(Group { typed: typed.to_string(), alternatives, negated, weight })
}

pub fn parse(book: &Book, text: &str) -> Parsed {
    let index = book.index();
    let index = &index;
    let list = pieces(book, index, text);
    let mut out = Parsed::default();
    let mut negate = false;
    out.birth = list.iter().any(|p| match p {
        Piece::Word(w) => speaks_of_birth(w),
        Piece::Meaning(typed, meaning, _) => speaks_of_birth(typed) || speaks_of_birth(meaning),
        _ => false,
    });
    out.one_fetus = list.windows(2).any(|p| match p {
        [Piece::Word(f), Piece::Word(n)] => f == "fetus" && n.len() == 1 || f == "other" && n == "fetus",
        _ => false,
    });
    let words = list.iter().filter(|p| matches!(p, Piece::Word(_) | Piece::Meaning(..))).count();
    let mut skip = false;
    for (i, piece) in list.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match piece {
            Piece::Negate => {
                out.loose_negation |= negate;
                negate = true;
            }
            Piece::Comma => negate = false,
            Piece::Attribute(a) => {
                out.loose_negation |= std::mem::take(&mut negate);
                match *a {
                    Attribute::Side(s) => out.side = s,
                    Attribute::Encounter(e) => out.encounter = Some(e),
                }
                if words == 0 {
                    let text = match *a {
                        Attribute::Side(class::LEFT) => "left",
                        Attribute::Side(class::RIGHT) => "right",
                        Attribute::Side(_) => "bilateral",
                        Attribute::Encounter(Encounter::Initial) => "initial",
                        Attribute::Encounter(Encounter::Subsequent) => "subsequent",
                        Attribute::Encounter(Encounter::Sequela) => "sequela",
                    };
                    out.groups
                        .extend(literal(index, text, false, 1.0).and_then(|a| group(text, vec![a], false)));
                }
            }
            Piece::Meaning(key, meaning, sure) => {
                let mut alternatives = expansion(index, meaning);
                alternatives.iter_mut().for_each(|a| a.factor *= sure);
                if key.contains(' ') {
                    alternatives.extend(literal_words(index, key));
                } else if key.len() >= 3 {
                    // a real word is as good as what the list makes of it
                    let factor = if key.len() >= 5 && index.find(key).is_some() { 1.0 } else { 0.93 };
                    alternatives.extend(literal(index, key, *sure < 1.0, factor));
                    if index.find(key).is_none() && *sure >= 1.0 {
                        // `neph` is nephritis on the list, and the beginning of nephropathy
                        alternatives.extend(beginning(index, key));
                    }
                }
                out.groups.extend(group(key, alternatives, std::mem::take(&mut negate)));
            }
            Piece::Word(w) => {
                out.specified |= w == "specified";
                let last = i + 1 == list.len();
                if w.chars().count() <= 2 && index.find(w).is_none() {
                    if last && words > 1 {
                        out.tail = Some(w.clone());
                    }
                    continue;
                }
                if filler(w) <= 0.02 {
                    if w == "with" {
                        out.loose_negation |= std::mem::take(&mut negate);
                    }
                    continue;
                }
                let next = list.get(i + 1);
                let joined = match next {
                    Some(Piece::Word(n)) => {
                        Some(format!("{w}{n}")).filter(|j| j.len() >= 5 && index.find(j).is_some())
                    }
                    _ => None,
                };
                let negated = std::mem::take(&mut negate);
                if let (Some(j), Some(Piece::Word(n))) = (joined, next) {
                    let words: Vec<Word> = [w, n].into_iter().map(|t| word(index, t, true)).collect();
                    let both = words.iter().all(|w| !w.candidates.is_empty());
                    let mut alternatives: Vec<Alternative> =
                        literal(index, &j, false, 0.97).into_iter().collect();
                    alternatives.iter_mut().for_each(|a| a.rewritten = true);
                    if both {
                        alternatives.insert(0, Alternative { words, factor: 1.0, rewritten: false });
                    }
                    out.groups.extend(group(&format!("{w} {n}"), alternatives, negated));
                    against(index, &j, &mut out.against);
                    skip = true;
                    continue;
                }
                let mut alternatives: Vec<Alternative> = literal(index, w, true, 1.0).into_iter().collect();
                if !known(index, w) {
                    alternatives.extend(split(index, w));
                }
                against(index, w, &mut out.against);
                out.groups.extend(group(w, alternatives, negated));
            }
        }
    }
    out.loose_negation |= negate;
    let whole: f32 = out.groups.iter().map(|g| g.weight).sum();
    if whole <= 0.0 {
        out.groups.iter_mut().for_each(|g| g.weight = 1.0);
    }
    out
}

fn speaks_of_birth(text: &str) -> bool {
    const STEMS: [&str; 30] = [
        "pregnan",
        "matern",
        "newborn",
        "neonat",
        "perinat",
        "labor",
        "deliver",
        "trimest",
        "fetus",
        "fetal",
        "puerper",
        "obstet",
        "birth",
        "eclamp",
        "abort",
        "gestat",
        "partum",
        "placent",
        "cesar",
        "preterm",
        "liveborn",
        "infant",
        "hellp",
        "ectopic",
        "amnio",
        "natal",
        "membranes",
        "breech",
        "twin",
        "meconium",
    ];
    STEMS.iter().any(|s| text.contains(s))
}

/// `non-X` when X was typed, X when `non-X` was.
fn against(index: &Index<'_>, word: &str, out: &mut Vec<u32>) {
    out.extend(index.find(&format!("non{word}")));
    if let Some(rest) = word.strip_prefix("non").filter(|r| r.len() >= 4) {
        out.extend(index.find(rest));
    }
}
