//! Words: how titles and queries are cut, stemmed and compared.

/// Lower case, accents folded, possessive s dropped, parted at everything but letters, digits and decimals.
pub fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let c = fold(*c);
        let inside_number = c == '.'
            && i > 0
            && chars[i - 1].is_ascii_digit()
            && chars.get(i + 1).is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() || inside_number {
            word.extend(c.to_lowercase());
        } else if c == '\'' || c == '’' {
            // parkinson's is parkinson
            if chars.get(i + 1).is_none_or(|n| !n.eq_ignore_ascii_case(&'s')) {
                push(&mut out, &mut word);
            } else {
                word.push('\'');
            }
        } else {
            push(&mut out, &mut word);
        }
    }
    push(&mut out, &mut word);
    out
}

fn push(out: &mut Vec<String>, word: &mut String) {
    if let Some(at) = word.find('\'') {
        word.truncate(at);
    }
    if !word.is_empty() {
        out.push(std::mem::take(word));
    }
    word.clear();
}

fn fold(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
        'ó' | 'ò' | 'ô' | 'ö' => 'o',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        c => c,
    }
}

/// How much a word says besides being rare.
pub fn filler(word: &str) -> f32 {
    match word {
        "of" | "the" | "and" | "due" | "to" | "in" | "or" | "by" | "on" | "with" | "for" | "a" => 0.02,
        "unspecified" | "encounter" | "mellitus" => 0.04,
        "initial" | "type" | "closed" | "uncomplicated" | "specified" | "current" => 0.1,
        "disease" | "disorder" | "syndrome" | "site" | "acquired" | "primary" | "diseases" | "disorders" => {
            0.35
        }
        "other" => 0.45,
        // A type or stage that was not asked for says little against a title.
        w if w.len() == 1 => 0.12,
        "left" | "right" | "bilateral" => 0.5,
        _ => 1.0,
    }
}

/// Plural endings only.
pub fn stem(word: &str) -> &str {
    if word.len() > 4 {
        for (end, keep) in [("ies", 0), ("sses", 2), ("ses", 2), ("es", 1), ("s", 0)] {
            if let Some(base) = word.strip_suffix(end) {
                if end == "s" && (base.ends_with('s') || base.ends_with('u') || base.ends_with('i')) {
                    return word;
                }
                return &word[..base.len() + keep];
            }
        }
    }
    word
}

const ENDINGS: [&str; 24] = [
    "ation", "ating", "ated", "ate", "ical", "ic", "ia", "ial", "al", "us", "um", "itis", "osis", "otic",
    "ous", "ive", "ion", "ed", "ing", "y", "e", "ar", "a", "ary",
];

/// Same root, another ending: diabetic and diabetes, cirrhotic and cirrhosis.
pub fn same_root(a: &str, b: &str) -> bool {
    let root = |w: &str| -> usize {
        ENDINGS
            .iter()
            .filter(|e| w.ends_with(**e))
            .map(|e| w.len() - e.len())
            .filter(|n| *n >= 4)
            .min()
            .unwrap_or(w.len())
    };
    let n = common(a, b);
    n >= 4 && n >= root(a) && n >= root(b)
}

fn common(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count()
}

/// Optimal string alignment distance of two words, up to `most`; `None` beyond.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > most || a.len() > 40 || b.len() > 40 {
        return None;
    }
    let mut rows = [[0usize; 42]; 3];
    for (j, cell) in rows[1].iter_mut().enumerate().take(b.len() + 1) {
        *cell = j;
    }
    for i in 1..=a.len() {
        // Row i lives at (i + 1) mod 3.
        let (now, before, two) = ((i + 1) % 3, i % 3, (i + 2) % 3);
        rows[now][0] = i;
        let mut least = i;
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut d = (rows[before][j] + 1).min(rows[now][j - 1] + 1).min(rows[before][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                d = d.min(rows[two][j - 2] + 1);
            }
            rows[now][j] = d;
            least = least.min(d);
        }
        if least > most {
            return None;
        }
    }
    let d = rows[(a.len() + 1) % 3][b.len()];
    (d <= most).then_some(d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_and_comparing() {
        assert_eq!(
            tokens("Parkinson's disease, non-displaced 2.5 mg"),
            ["parkinson", "disease", "non", "displaced", "2.5", "mg"]
        );
        assert_eq!(stem("kidneys"), "kidney");
        assert_eq!(stem("diabetes"), "diabete");
        assert!(same_root("diabetic", "diabetes") || same_root("cirrhotic", "cirrhosis"));
        for (a, b, d) in [
            ("pnuemonia", "pneumonia", 1),
            ("hypertenison", "hypertension", 1),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
            ("abc", "abc", 0),
        ] {
            assert_eq!(distance(a, b, 3), Some(d), "{a} {b}");
        }
        assert_eq!(distance("abcdef", "ghijkl", 2), None);
    }
}
