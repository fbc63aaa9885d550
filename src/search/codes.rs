//! A query that is a code or the beginning of one, with o/0 and l/1 repaired.

use super::{Hit, Query};
use crate::codes::{Book, Doc};
use crate::domain::{CodeSystem, display_code};

/// Readings of what was typed as a code: as it is, then with letters and digits that look alike exchanged.
fn readings(text: &str) -> Vec<String> {
    let t: String = text.trim().chars().filter(|c| !matches!(c, '.' | '-' | ' ')).collect();
    let up = t.to_ascii_uppercase();
    let digit = |c: char| match c {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let mut out = vec![up.clone()];
    // ICD-10-CM: a letter, a digit, then nearly always digits.
    let mut cm = String::new();
    for (i, c) in up.chars().enumerate() {
        cm.push(match (i, c) {
            (0, '0') => 'O',
            (0, '1') => 'I',
            (0, c) => c,
            (1, c) => digit(c),
            (_, 'O') => '0',
            (_, 'I' | 'L') => '1',
            (_, c) => c,
        });
    }
    // `iso` for 150: every look-alike is a digit.
    let all: String = up.chars().map(|c| if c == 'S' { '5' } else { digit(c) }).collect();
    let mut i50 = cm.clone();
    i50 = i50.chars().enumerate().map(|(i, c)| if i > 0 && c == 'S' { '5' } else { c }).collect();
    for r in [cm, i50, all] {
        if !out.contains(&r) {
            out.push(r);
        }
    }
    out
}

/// Whether the text has the form of a code: a letter or digit, then at least one digit among the first three.
pub(super) fn looks_like_code(text: &str) -> bool {
    let t = text.trim();
    t.len() <= 8
        && t.len() >= 2
        && !t.contains(' ')
        && t.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && t.chars().any(|c| c.is_ascii_digit() || matches!(c.to_ascii_lowercase(), 'o' | 'i' | 'l'))
}

/// Codes that begin as typed, in order; `None` when no reading is one.
pub(super) fn look_up(book: &Book, q: &Query<'_>) -> Option<Vec<Hit>> {
    if !looks_like_code(q.text) {
        return None;
    }
    for (n, reading) in readings(q.text).iter().enumerate() {
        let mut hits: Vec<Hit> = Vec::new();
        for system in q.systems {
            match system {
                CodeSystem::Icd10cm | CodeSystem::Icd10pcs => {
                    let docs = book.beginning(*system, reading);
                    // A repaired reading has to be a whole category at least, or it would shadow words.
                    if n > 0 && reading.len() < 3 {
                        continue;
                    }
                    hits.extend(docs.iter().filter(|d| d.header || book.is_billable(d, q.date)).map(|d| {
                        let mut h = hit(book, d, q, 1.0);
                        h.why.push(match n {
                            0 => format!("code {}", display_code(*system, reading)),
                            _ => format!("{} read as {}", q.text.trim(), display_code(*system, reading)),
                        });
                        h
                    }));
                }
                CodeSystem::Cpt | CodeSystem::Hcpcs => hits.extend(site(book, q, *system, reading)),
            }
        }
        if !hits.is_empty() {
            // The code itself, then billable ones by use, then categories.
            let exact = |h: &Hit| h.code != *reading;
            hits.sort_by(|a, b| {
                (exact(a), !a.billable, a.code.len() == 3)
                    .cmp(&(exact(b), !b.billable, b.code.len() == 3))
                    .then(b.score.total_cmp(&a.score))
                    .then(a.code.cmp(&b.code))
            });
            return Some(hits);
        }
    }
    None
}

fn site(book: &Book, q: &Query<'_>, system: CodeSystem, prefix: &str) -> Vec<Hit> {
    let mut out: Vec<Hit> = q
        .site
        .iter()
        .flat_map(|fees| fees.0.range(prefix.to_string()..))
        .take_while(|(c, _)| c.starts_with(prefix))
        .filter(|(c, _)| CodeSystem::of_procedure(c) == Some(system))
        .map(|(c, f)| Hit {
            system,
            code: c.clone(),
            title: f.text.clone().or_else(|| book.title(system, c)).unwrap_or_default(),
            billable: true,
            score: 1.0,
            why: vec!["in the site's fee table".into()],
            matched: Vec::new(),
        })
        .collect();
    if system == CodeSystem::Hcpcs {
        let known: Vec<String> = out.iter().map(|h| h.code.clone()).collect();
        out.extend(book.hcpcs().filter(|(c, _)| c.starts_with(prefix) && !known.iter().any(|k| k == c)).map(
            |(c, t)| Hit {
                system,
                code: c.to_string(),
                title: t.to_string(),
                billable: true,
                score: 0.5,
                why: vec!["HCPCS starter list".into()],
                matched: Vec::new(),
            },
        ));
    }
    out
}

pub(super) fn hit(book: &Book, d: &Doc, q: &Query<'_>, score: f32) -> Hit {
    Hit {
        system: d.system,
        code: d.code().to_string(),
        title: book.title_of(d),
        billable: !d.header && book.is_billable(d, q.date),
        score: score + f32::from(d.usage) / 100.0,
        why: Vec::new(),
        matched: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_read_as_digits() {
        assert!(readings("e11.4").contains(&"E114".to_string()));
        assert!(readings("iso").contains(&"I50".to_string()));
        assert!(readings("elo9").contains(&"E109".to_string()));
        assert!(
            looks_like_code("e1140")
                && looks_like_code("iso")
                && !looks_like_code("diab ckd")
                && !looks_like_code("htn")
        );
    }
}
