//! How a text falls into tokens, the same way for a title, an alias and a query.
//!
//! Owns folding (case, accents, possessive s), splitting, the joined form of a hyphenated pair,
//! negation inside a phrase and the weight factors of filler words.
//! Never looks a token up: that is `index`. Pure; any thread.

/// One token of a phrase, with where it stood in the text (bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub start: usize,
    pub end: usize,
    /// Stands after *without*, *not*, *no* or *whether*.
    pub negated: bool,
    /// The joined form of the two tokens before it (`non-displaced` also as `nondisplaced`).
    pub joined: bool,
}

/// One character in lower case without its accent. Titles carry a handful of names
/// (Ménière, Sjögren, Sézary); a table of the Latin letters they use is enough.
pub fn fold(c: char) -> char {
    match c {
        'à'..='å' | 'À'..='Å' => 'a',
        'è'..='ë' | 'È'..='Ë' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' => 'i',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' => 'o',
        'ù'..='ü' | 'Ù'..='Ü' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' | 'Ñ' => 'n',
        'ý' | 'ÿ' => 'y',
        _ => c.to_ascii_lowercase(),
    }
}

fn starts_negation(word: &str) -> bool {
    matches!(word, "without" | "not" | "no" | "whether")
}

/// Splits a text into tokens with negation marked.
pub fn tokenize(text: &str) -> Vec<Token> {
    let chars: Vec<(usize, char)> = text.char_indices().map(|(i, c)| (i, fold(c))).collect();
    let at = |i: usize| chars.get(i).map(|&(_, c)| c);
    let byte = |i: usize| chars.get(i).map_or(text.len(), |&(b, _)| b);
    let mut out: Vec<Token> = Vec::new();
    let mut negated = false;
    // "unspecified whether with hypoxia or hypercapnia" has neither
    let mut whether = false;
    let mut last_hyphen = false;
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i].1;
        if !c.is_alphanumeric() {
            if matches!(c, ',' | ';') {
                (negated, whether) = (false, false);
            }
            last_hyphen = c == '-' && i > 0 && chars[i - 1].1.is_alphanumeric();
            i += 1;
            continue;
        }
        let from = i;
        let mut word = String::new();
        while let Some(c) = at(i) {
            let decimal = c == '.'
                && word.ends_with(|d: char| d.is_ascii_digit())
                && at(i + 1).is_some_and(|d| d.is_ascii_digit());
            if !(c.is_alphanumeric() || decimal) {
                break;
            }
            word.push(c);
            i += 1;
        }
        let to = i;
        let apostrophe = matches!(at(i), Some('\'' | '’'));
        if apostrophe && at(i + 1) == Some('s') && !at(i + 2).is_some_and(char::is_alphanumeric) {
            i += 2;
        }
        // "without foreign body of left forearm" has a forearm; "without loss of consciousness" ends later
        let needs_of = |t: &Token| matches!(t.text.as_str(), "loss" | "mention" | "evidence" | "involvement");
        if word == "with" && !whether || word == "of" && !out.last().is_some_and(needs_of) {
            negated = false;
        }
        let joined = match out.last() {
            Some(last) if last_hyphen && !last.joined => Some((format!("{}{word}", last.text), last.start)),
            _ => None,
        };
        last_hyphen = false;
        let opens = starts_negation(&word);
        whether |= word == "whether";
        out.push(Token { text: word, start: byte(from), end: byte(to), negated, joined: false });
        if let Some((text, start)) = joined {
            out.push(Token { text, start, end: byte(to), negated, joined: true });
        }
        negated |= opens;
    }
    out
}

/// Words that carry little meaning weigh little, whatever their frequency says.
pub fn filler(word: &str) -> f32 {
    match word {
        "of" | "the" | "and" | "due" | "to" | "in" | "for" | "a" | "an" | "by" | "as" | "at" | "on"
        | "or" => 0.02,
        "with" | "without" | "not" | "no" => 0.02,
        "unspecified" | "encounter" | "mellitus" | "elsewhere" | "classified" => 0.04,
        "initial" | "closed" | "uncomplicated" | "specified" | "current" | "nos" => 0.1,
        "disease" | "diseases" | "disorder" | "disorders" | "syndrome" | "site" | "type" | "acquired"
        | "primary" | "condition" => 0.35,
        "other" => 0.45,
        "left" | "right" | "bilateral" => 0.5,
        "approach" | "open" | "percutaneous" | "device" => 0.6,
        _ => 1.0,
    }
}

/// The first eight letters, for the deletion neighbourhoods of typing errors.
pub fn head(word: &str) -> &str {
    match word.char_indices().nth(8) {
        Some((i, _)) => &word[..i],
        None => word,
    }
}

/// Hashes of every string that is left after taking up to `depth` letters out of `word`'s head.
pub fn deletions(word: &str, depth: usize) -> Vec<u32> {
    let chars: Vec<char> = head(word).chars().collect();
    let mut out = vec![hash(&chars, None, None)];
    if depth >= 1 {
        for i in 0..chars.len() {
            out.push(hash(&chars, Some(i), None));
            if depth >= 2 {
                for j in i + 1..chars.len() {
                    out.push(hash(&chars, Some(i), Some(j)));
                }
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// FNV-1a; a collision only costs one needless distance check.
fn hash(chars: &[char], skip: Option<usize>, skip2: Option<usize>) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    for (i, &c) in chars.iter().enumerate() {
        if Some(i) != skip && Some(i) != skip2 {
            h = (h ^ c as u32).wrapping_mul(0x0100_0193);
        }
    }
    h
}

/// How many edits a word of this many letters may have.
pub fn edits_allowed(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokenize(text).into_iter().map(|t| if t.negated { format!("-{}", t.text) } else { t.text }).collect()
    }

    #[test]
    fn titles_fall_into_tokens() {
        assert_eq!(words("Ménière's disease, right ear"), ["meniere", "disease", "right", "ear"]);
        assert_eq!(words("BMI 20.0-20.9"), ["bmi", "20.0", "20.9", "20.020.9"]);
        assert_eq!(words("Non-displaced fracture"), ["non", "displaced", "nondisplaced", "fracture"]);
        assert_eq!(
            words("Nephropathy without coma, left with pain"),
            ["nephropathy", "without", "-coma", "left", "with", "pain"]
        );
        assert_eq!(
            words("Laceration without foreign body of left arm"),
            ["laceration", "without", "-foreign", "-body", "of", "left", "arm"]
        );
    }
}
