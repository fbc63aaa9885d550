//! The Tabular List in its official XML, turned into the line form of the shipped table.
//!
//! Owns every element of it: an unknown one is refused, so that no note is lost. The line form is
//! C chapter, S section, D code, n note, x 7th character, tab-separated. Pure.

use super::order::is_code;
use super::refusal::Refusal;
use super::xml::{child_words, elements, refuse, squeeze, unknown, version, words};
use crate::domain::{CodeSystem, normal_code};
use roxmltree::Node;
use std::collections::HashSet;

/// The list with the year it is of.
pub struct Tabular {
    pub year: i32,
    pub lines: Vec<String>,
    /// Its codes, without dots, in tabular order.
    pub codes: Vec<String>,
}

struct Reader {
    lines: Vec<String>,
    codes: Vec<String>,
    seen: HashSet<String>,
}

/// Reads `ICD10CM.tabular`.
pub fn read(root: Node<'_, '_>) -> Result<Tabular, Refusal> {
    let year = version(root)?;
    let mut r = Reader { lines: Vec::new(), codes: Vec::new(), seen: HashSet::new() };
    for n in elements(root) {
        match n.tag_name().name() {
            // how to read the notes, in words that never change
            "version" | "title" | "introduction" => {}
            "chapter" => r.chapter(n)?,
            _ => return Err(unknown(n)),
        }
    }
    if r.codes.is_empty() {
        return Err(refuse(root, "a Tabular List without a code"));
    }
    Ok(Tabular { year, lines: r.lines, codes: r.codes })
}

/// The mark of a note's kind in the line form.
fn mark(name: &str) -> Option<&'static str> {
    Some(match name {
        "includes" => "I",
        "inclusionTerm" => "T",
        "excludes1" => "1",
        "excludes2" => "2",
        "codeFirst" => "F",
        "useAdditionalCode" => "U",
        "codeAlso" => "A",
        "notes" => "N",
        "sevenChrNote" => "7",
        _ => return None,
    })
}

impl Reader {
    fn chapter(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        self.lines.push(format!("C\t{}\t{}", child_words(node, "name"), child_words(node, "desc")));
        self.notes(node)?;
        for n in elements(node) {
            match n.tag_name().name() {
                "name" | "desc" | "sectionIndex" => {}
                "section" => self.section(n)?,
                name if mark(name).is_some() => {}
                _ => return Err(unknown(n)),
            }
        }
        Ok(())
    }

    fn section(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let id = node.attribute("id").unwrap_or("").to_string();
        if id.is_empty() {
            return Err(refuse(node, "a section without an id"));
        }
        self.lines.push(format!("S\t{}\t{}", squeeze(&id), child_words(node, "desc")));
        self.notes(node)?;
        for n in elements(node) {
            match n.tag_name().name() {
                "desc" => {}
                "diag" => self.code(n, &id)?,
                name if mark(name).is_some() => {}
                _ => return Err(unknown(n)),
            }
        }
        Ok(())
    }

    fn code(&mut self, node: Node<'_, '_>, above: &str) -> Result<(), Refusal> {
        let code = normal_code(&child_words(node, "name"));
        let title = child_words(node, "desc");
        if !is_code(CodeSystem::Icd10cm, &code) {
            return Err(refuse(node, format!("{code:?} is not a code")));
        }
        if title.is_empty() {
            return Err(refuse(node, format!("{code} has no title")));
        }
        if !self.seen.insert(code.clone()) {
            return Err(refuse(node, format!("{code} stands in the list twice")));
        }
        let placeholder = if node.attribute("placeholder") == Some("true") { "P" } else { "" };
        self.lines.push(format!("D\t{code}\t{above}\t{placeholder}\t{title}"));
        self.codes.push(code.clone());
        self.notes(node)?;
        for n in elements(node) {
            match n.tag_name().name() {
                "name" | "desc" | "visualImpairment" | "sevenChrDef" => {}
                "diag" => self.code(n, &code)?,
                name if mark(name).is_some() => {}
                _ => return Err(unknown(n)),
            }
        }
        Ok(())
    }

    /// Notes, 7th characters and the vision table of one element, in the order of the file.
    fn notes(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        for child in elements(node) {
            match child.tag_name().name() {
                "sevenChrDef" => self.sevenths(child)?,
                "visualImpairment" => {
                    for line in vision(child) {
                        self.lines.push(format!("n\tN\t{line}"));
                    }
                }
                name => {
                    let Some(mark) = mark(name) else { continue };
                    for n in elements(child) {
                        if !n.has_tag_name("note") {
                            return Err(unknown(n));
                        }
                        let text = words(n);
                        // an empty note is left in the official file itself
                        if !text.is_empty() {
                            self.lines.push(format!("n\t{mark}\t{text}"));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn sevenths(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let mut last = "";
        for n in elements(node) {
            let text = words(n);
            match n.tag_name().name() {
                "extension" => {
                    last = n.attribute("char").unwrap_or("");
                    if last.len() != 1 || text.is_empty() {
                        return Err(refuse(n, format!("{last:?} is not a 7th character with a meaning")));
                    }
                    self.lines.push(format!("x\t{last}\t{text}"));
                }
                // what else the character before it means
                "note" => self.lines.push(format!("n\tN\t7th character {last}: {text}")),
                _ => return Err(unknown(n)),
            }
        }
        Ok(())
    }
}

/// The table of visual impairment categories, a line a category.
fn vision(node: Node<'_, '_>) -> Vec<String> {
    let values = |n: Node<'_, '_>, name: &str| -> Vec<String> {
        let ends = elements(n).filter(|m| m.has_tag_name(name));
        ends.flat_map(|m| elements(m).filter(|v| v.has_tag_name("value")).map(words)).collect()
    };
    let range = |n: Node<'_, '_>| {
        let (most, least) = (values(n, "visMax").join(" / "), values(n, "visMin").join(" / "));
        match (most.starts_with(|c: char| c.is_ascii_digit()), least.as_str()) {
            (false, _) => most,
            (true, "") => format!("worse than {most}"),
            (true, least) => format!("worse than {most}, equal to or better than {least}"),
        }
    };
    let category = |n: Node<'_, '_>| {
        let name: Vec<String> = elements(n).filter(|v| v.has_tag_name("value")).map(words).collect();
        let ranges: Vec<String> = n.descendants().filter(|r| r.has_tag_name("visRange")).map(range).collect();
        format!("Visual impairment category {}: {}", name.join(" "), ranges.join("; "))
    };
    // the first category holds the headings of the table
    let headed = |n: &Node<'_, '_>| elements(*n).any(|v| v.has_tag_name("value"));
    elements(node).filter(|n| n.has_tag_name("visCategory")).filter(headed).map(category).collect()
}
