//! Building an ICD-10-PCS code character by character: what may follow, and what it means.
//!
//! Owns the legal continuations of a beginning, from the list of codes valid on the date, and the words
//! beside them: the official tables' where a site loaded them, else what the titles of the codes show.
//! Never offers a character that no valid code has, whatever the words say. Pure; any thread.

use super::format::Section;
use super::format::U16s;
use super::pcs_words;
use super::volumes::PcsVolume;
use super::{Book, CodeSystem, class};
use chrono::NaiveDate;
use std::collections::BTreeMap;

const PCS: CodeSystem = CodeSystem::Icd10pcs;

/// Characters of a whole code.
pub const LENGTH: usize = 7;

/// One character that may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    pub character: char,
    /// What it stands for; nothing where no loaded table says.
    pub label: Option<String>,
    /// A sentence more, where one is known.
    pub definition: Option<String>,
    /// Valid codes behind it.
    pub codes: usize,
}

/// A character as hands type it: PCS has no letters O and I, so that they mean 0 and 1.
pub fn character(c: char) -> Option<char> {
    match c.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' => Some('1'),
        c if c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    }
}

/// What a text begins when it is typed as a code: nothing when it cannot be one.
pub fn typed(text: &str) -> Option<String> {
    let code: Option<String> = text.trim().chars().map(character).collect();
    code.filter(|c| (1..=LENGTH).contains(&c.len()))
}

/// The words of one table: what characters 4 to 7 mean behind its three first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsLabels {
    words: BTreeMap<(usize, char), String>,
}

impl PcsLabels {
    fn of(&self, position: usize, c: char) -> Option<&String> {
        self.words.get(&(position, c))
    }
}

impl Book {
    fn valid_pcs(&self, prefix: &str, day: NaiveDate) -> impl Iterator<Item = u32> + '_ {
        let valid = self.lists_valid_on(day);
        let lists = U16s(self.part(Section::ValidOf));
        let classes = U16s(self.part(Section::Class));
        self.starting(PCS, prefix).filter(move |d| {
            classes.get(*d as usize) & class::BILLABLE != 0
                && valid.get(usize::from(lists.get(*d as usize))).copied().unwrap_or(false)
        })
    }

    /// Is there a code that begins so on the date?
    pub fn pcs_exists(&self, prefix: &str, day: NaiveDate) -> bool {
        prefix.len() <= LENGTH && self.valid_pcs(prefix, day).next().is_some()
    }

    /// The characters that may follow `prefix` on the date, in order, and how many codes each leaves.
    pub fn pcs_next(&self, prefix: &str, day: NaiveDate) -> Vec<(char, usize)> {
        let mut out: Vec<(char, usize)> = Vec::new();
        for doc in self.valid_pcs(prefix, day) {
            let Some(c) = self.doc_code(doc).chars().nth(prefix.len()) else { continue };
            match out.last_mut().filter(|(last, _)| *last == c) {
                Some((_, n)) => *n += 1,
                None => out.push((c, 1)),
            }
        }
        out
    }

    /// As `pcs_next`, with the words of each character.
    pub fn pcs_continuations(
        &self,
        prefix: &str,
        day: NaiveDate,
        labels: &PcsLabels,
        official: Option<&PcsVolume>,
    ) -> Vec<Continuation> {
        let next = self.pcs_next(prefix, day).into_iter();
        next.map(|(character, codes)| {
            let (label, definition) = pcs_words_of(prefix, character, labels, official);
            Continuation { character, label, definition, codes }
        })
        .collect()
    }

    /// What the titles of a table's codes show of characters 4 to 7. For characters 1 to 3 see `pcs_heading`.
    ///
    /// Titles of codes that differ in one character only differ in that character's words: what they do not
    /// share, widened to whole phrases, is its label. Wide groups go first: few words are shared by chance.
    pub fn pcs_labels(&self, table: &str) -> PcsLabels {
        let mut labels = PcsLabels::default();
        if table.len() != 3 {
            return labels;
        }
        let titled: Vec<(&str, String)> =
            self.starting(PCS, table).filter_map(|d| Some((self.doc_code(d), self.doc_title(d)?))).collect();
        for position in 4..=LENGTH {
            let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
            for (code, title) in &titled {
                let (Some(before), Some(after)) = (code.get(..position - 1), code.get(position..)) else {
                    continue;
                };
                let c = code[position - 1..].chars().next().unwrap_or('Z');
                groups.entry((before, after)).or_default().push((c, title.split(' ').collect()));
            }
            let mut groups: Vec<Group<'_>> = groups.into_values().filter(|g| g.len() > 1).collect();
            groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
            for (c, label) in groups.iter().flat_map(differences) {
                labels.words.entry((position, c)).or_insert(label);
            }
        }
        labels
    }
}

/// Words between which a phrase of a title ends.
const JOINTS: [&str; 8] = ["of", "into", "to", "with", "from", "using", "in", "at"];

/// Codes that differ in one character: that character, and the words of the title.
type Group<'a> = Vec<(char, Vec<&'a str>)>;

fn differences(group: &Group<'_>) -> Vec<(char, String)> {
    let Some((_, first)) = group.first() else { return Vec::new() };
    let shared = |at: &dyn Fn(&Vec<&str>, usize) -> Option<String>| {
        (0..first.len())
            .take_while(|i| {
                let word = at(first, *i);
                word.is_some() && group.iter().all(|(_, w)| at(w, *i) == word)
            })
            .count()
    };
    let head = shared(&|w, i| w.get(i).map(|x| x.to_string()));
    let tail = shared(&|w, i| w.len().checked_sub(i + 1).and_then(|n| w.get(n)).map(|x| x.to_string()));
    let mut out = Vec::new();
    for (c, words) in group {
        let (mut from, mut to) = (head, words.len().saturating_sub(tail));
        if to <= from {
            continue;
        }
        // widened to the whole phrase; the first word of a title is the operation
        while from > 1 && !JOINTS.contains(&words[from - 1]) && !words[from - 1].ends_with(',') {
            from -= 1;
        }
        while to < words.len() && !words[to - 1].ends_with(',') && !JOINTS.contains(&words[to]) {
            to += 1;
        }
        while from < to && JOINTS.contains(&words[from]) {
            from += 1;
        }
        let label = words[from..to].join(" ");
        let label = label.trim_end_matches(',');
        if !label.is_empty() {
            out.push((*c, label.to_string()));
        }
    }
    out
}

/// The words of the character `c` behind `prefix`: official, fixed, or shown by the titles.
pub fn pcs_words_of(
    prefix: &str,
    c: char,
    labels: &PcsLabels,
    official: Option<&PcsVolume>,
) -> (Option<String>, Option<String>) {
    let position = prefix.len() + 1;
    let fixed = pcs_words::fixed(prefix, c);
    if let Some((label, definition)) = official.and_then(|o| o.words(prefix, c)) {
        let short = fixed.and_then(|f| f.1).map(str::to_string);
        return (Some(label.to_string()), definition.map(str::to_string).or(short));
    }
    if let Some((label, definition)) = fixed {
        return (Some(label.to_string()), definition.map(str::to_string));
    }
    let none = match (position, c) {
        (6, 'Z') => Some("No Device".to_string()).filter(|_| pcs_words::axis(first(prefix), 6) == "Device"),
        (7, 'Z') => Some("No Qualifier".to_string()),
        _ => None,
    };
    (none.or_else(|| labels.of(position, c).cloned()), None)
}

fn first(prefix: &str) -> char {
    prefix.chars().next().unwrap_or('0')
}

/// What the character at a position (1 to 7) of a code that begins so stands for.
pub fn axis(prefix: &str, position: usize) -> &'static str {
    pcs_words::axis(first(prefix), position)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::book;
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 3).expect("a date")
    }

    #[test]
    fn a_central_line_is_built_by_legal_steps() {
        let b = book();
        let labels = b.pcs_labels("02H");
        let at = |prefix: &str| b.pcs_continuations(prefix, day(), &labels, None);
        let find = |prefix: &str, c: char| at(prefix).into_iter().find(|x| x.character == c);
        assert_eq!(find("02H", 'V').and_then(|c| c.label).as_deref(), Some("Superior Vena Cava"));
        assert_eq!(find("02HV", '3').and_then(|c| c.label).as_deref(), Some("Percutaneous"));
        assert_eq!(find("02HV3", '3').and_then(|c| c.label).as_deref(), Some("Infusion Device"));
        assert_eq!(find("02HV33", 'Z').map(|c| c.codes), Some(1));
        assert_eq!(find("0", '2').and_then(|c| c.label).as_deref(), Some("Heart and Great Vessels"));
        assert_eq!(find("02", 'H').and_then(|c| c.label).as_deref(), Some("Insertion"));
        assert!(find("02H", 'B').is_none() && !b.pcs_exists("02HB", day()));
        assert!(b.pcs_next("02HV33Z", day()).is_empty());
        assert_eq!(axis("02H", 4), "Body part");
    }

    #[test]
    fn legal_steps_lead_to_the_valid_codes_and_to_nothing_else() {
        let b = book();
        fn walk(b: &Book, prefix: &str, day: NaiveDate, found: &mut Vec<String>) -> usize {
            if prefix.len() == LENGTH {
                found.push(prefix.to_string());
                return 1;
            }
            let next = b.pcs_next(prefix, day);
            next.into_iter()
                .map(|(c, n)| {
                    let below = walk(b, &format!("{prefix}{c}"), day, found);
                    assert_eq!(below, n, "{prefix}{c}");
                    n
                })
                .sum()
        }
        for table in ["02H", "0SR", "B21", "XW0", "30233"] {
            let mut found = Vec::new();
            walk(b, table, day(), &mut found);
            let valid: Vec<String> = b
                .starting(PCS, table)
                .map(|d| b.doc_code(d).to_string())
                .filter(|c| b.status(PCS, c, day()) == super::super::CodeStatus::Valid)
                .collect();
            assert!(!valid.is_empty());
            assert_eq!(found, valid, "{table}");
        }
    }

    #[test]
    fn letters_that_pcs_has_not_are_digits() {
        assert_eq!(typed("o2h").as_deref(), Some("02H"));
        assert_eq!(typed("0I2").as_deref(), Some("012"));
        assert_eq!(typed("lap chole"), None);
        assert_eq!(typed(""), None);
        assert_eq!(typed("02HV33ZZ"), None);
    }
}
