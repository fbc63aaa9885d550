//! Codes that belong beside each other: the sides of one condition, and manifestations behind their cause.
//!
//! Owns finding the right, left, bilateral and unspecified form of a code among its siblings, and
//! reading off the Tabular List which code is never first. Never posts or orders codes. Pure; any thread.

use super::browse::Node;
use super::notes::{NoteKind, Target};
use super::tokens::tokenize;
use super::{Book, CodeSystem, normal_code, pad_seventh};

const CM: CodeSystem = CodeSystem::Icd10cm;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Right,
    Left,
    Bilateral,
    Unspecified,
}

impl Side {
    pub fn label(self) -> &'static str {
        match self {
            Side::Right => "right",
            Side::Left => "left",
            Side::Bilateral => "bilateral",
            Side::Unspecified => "unspecified",
        }
    }

    fn of_word(word: &str) -> Option<Side> {
        Some(match word {
            "right" => Side::Right,
            "left" => Side::Left,
            "bilateral" => Side::Bilateral,
            "unspecified" => Side::Unspecified,
            _ => return None,
        })
    }
}

/// The side a title names, and the title's words without it.
fn side_of(title: &str) -> (Option<Side>, Vec<String>) {
    let mut side = None;
    let mut rest = Vec::new();
    // the side stands last where several words of the title could be one
    for token in tokenize(title).into_iter().rev().filter(|t| !t.joined) {
        match Side::of_word(&token.text).filter(|_| side.is_none()) {
            Some(found) => side = Some(found),
            None => rest.push(token.text),
        }
    }
    rest.reverse();
    (side, rest)
}

impl Book {
    /// The same condition on each side, this code among them: right, left, bilateral, unspecified.
    /// Nothing where the code names no side or has no sibling that does.
    pub fn sides(&self, code: &str) -> Vec<(Side, String)> {
        let code = normal_code(code);
        let Some(listed) = self.base(&code).or_else(|| self.listed(&code)) else { return Vec::new() };
        let Some(parent) = self.doc_parent(listed).filter(|p| *p < self.first_group()) else {
            return Vec::new();
        };
        let base = self.doc_code(listed);
        let (Some(own), words) = side_of(&self.doc_title(listed).unwrap_or_default()) else {
            return Vec::new();
        };
        let mut out: Vec<(Side, String)> = Vec::new();
        for node in self.node_below(Node(parent)) {
            let sibling = self.doc_code(node.0);
            let (side, rest) = side_of(&self.doc_title(node.0).unwrap_or_default());
            // "..., bilateral" leaves out the organ that "..., right eye" names
            let same = rest == words
                || (side == Some(Side::Bilateral) || own == Side::Bilateral)
                    && (words.starts_with(&rest) || rest.starts_with(&words));
            if sibling.len() != base.len() || !same || out.iter().any(|(s, _)| Some(*s) == side) {
                continue;
            }
            let full = match code.chars().last().filter(|_| code.len() == 7 && base.len() < 7) {
                Some(seventh) => pad_seventh(sibling, seventh),
                None => sibling.to_string(),
            };
            if let Some(side) = side.filter(|_| self.find(CM, &full).is_some()) {
                out.push((side, full));
            }
        }
        out.sort();
        let sided = out.iter().any(|(s, _)| matches!(s, Side::Right | Side::Left));
        if out.len() < 2 || !sided { Vec::new() } else { out }
    }

    /// The code without its 7th character and the X before it, if it has one.
    fn base(&self, code: &str) -> Option<u32> {
        let base = code.get(..6).filter(|_| code.len() == 7)?.trim_end_matches('X');
        let doc = self.find(CM, base)?;
        (!self.seventh(base).is_empty()).then_some(doc)
    }

    /// Is the code a manifestation, which never stands first: its title says *in diseases classified
    /// elsewhere*, or its own notes have the underlying condition coded first whatever it is?
    pub fn is_manifestation(&self, code: &str) -> bool {
        let code = normal_code(code);
        let title = self.title(CM, &code).unwrap_or_default();
        if title.contains("classified elsewhere") && title.contains(" in ") {
            return true;
        }
        let always = |t: &str| t.contains("underlying") && !t.contains("if ") && !t.contains("any ");
        self.notes(&code).iter().any(|n| {
            n.kind == NoteKind::CodeFirst
                && code.starts_with(&n.level)
                && always(n.heading.as_deref().unwrap_or(&n.text))
        })
    }

    /// What the notes say has to stand before this code, nearest note first.
    pub fn coded_first(&self, code: &str) -> Vec<Target> {
        let notes = self.notes(code);
        notes.into_iter().filter(|n| n.kind == NoteKind::CodeFirst).flat_map(|n| n.targets).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::book;

    fn sides(code: &str) -> String {
        let all = book().sides(code);
        all.iter().map(|(s, c)| format!("{} {c}", s.label())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn sides_stand_beside_each_other() {
        assert_eq!(sides("M25.561"), "right M25561, left M25562, unspecified M25569");
        assert_eq!(sides("M25.569"), sides("M25.562"));
        assert_eq!(sides("H25.011"), "right H25011, left H25012, bilateral H25013, unspecified H25019");
        assert_eq!(sides("H25.013"), sides("H25.011"));
        assert_eq!(sides("S51.811A"), "right S51811A, left S51812A, unspecified S51819A");
        assert_eq!(sides("I10"), "");
        assert_eq!(sides("N18.9"), "");
        assert_eq!(sides("E11.9"), "");
    }

    #[test]
    fn manifestations_are_known() {
        let wrong = |codes: &[&str], is: bool| -> Vec<String> {
            codes.iter().filter(|c| book().is_manifestation(c) != is).map(|c| c.to_string()).collect()
        };
        assert_eq!(wrong(&["F02.80", "D63.1", "I43", "H42", "M36.0"], true), [""; 0]);
        assert_eq!(wrong(&["I10", "E11.22", "N18.31", "J44.1"], false), [""; 0]);
        let first = book().coded_first("F02.80");
        assert!(first.iter().any(|t| t.matches("G309")), "{first:?}");
    }
}
