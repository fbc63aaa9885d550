//! Reads the Tabular List's text form into a tree.
//!
//! Owns the line forms of `icd10cm_tabular.txt`: C chapter, S section, D code, n note, x 7th
//! character. Never drops a note. Pure.

use crate::codes::notes::NoteKind;
use crate::codes::tables::{field, records};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Chapter,
    Section,
    Code,
}

pub struct Node {
    pub level: Level,
    pub id: String,
    pub title: String,
    /// Index of the node above.
    pub parent: Option<usize>,
    pub placeholder: bool,
    pub notes: Vec<(NoteKind, String)>,
    pub sevenths: Vec<(char, String)>,
    pub leaf: bool,
}

pub struct Tree {
    pub nodes: Vec<Node>,
    /// Code to node; chapters and sections are not in it, a section may bear a category's name.
    pub of_code: HashMap<String, usize>,
}

impl Tree {
    /// The 7th characters a code takes, its own or the nearest above.
    pub fn sevenths(&self, mut node: usize) -> &[(char, String)] {
        loop {
            let n = &self.nodes[node];
            if !n.sevenths.is_empty() {
                return &n.sevenths;
            }
            match n.parent {
                Some(p) => node = p,
                None => return &[],
            }
        }
    }
}

pub fn read(text: &str) -> Tree {
    let mut tree = Tree { nodes: Vec::new(), of_code: HashMap::new() };
    let (mut chapter, mut section) = (None, None);
    for r in records(text) {
        let here = tree.nodes.len();
        let node = |level, id: &str, title: &str, parent| Node {
            level,
            id: id.to_string(),
            title: title.to_string(),
            parent,
            placeholder: false,
            notes: Vec::new(),
            sevenths: Vec::new(),
            leaf: true,
        };
        match field(&r, 0) {
            "C" => {
                tree.nodes.push(node(Level::Chapter, field(&r, 1), field(&r, 2), None));
                (chapter, section) = (Some(here), None);
            }
            "S" => {
                tree.nodes.push(node(Level::Section, field(&r, 1), field(&r, 2), chapter));
                section = Some(here);
            }
            "D" => {
                let code = field(&r, 1);
                // a category stands in the section even when the section bears its name
                let above = match code.len() {
                    0..=3 => section,
                    _ => tree.of_code.get(field(&r, 2)).copied().or(section),
                };
                if let Some(p) = above {
                    tree.nodes[p].leaf = false;
                }
                let mut n = node(Level::Code, code, field(&r, 4), above);
                n.placeholder = field(&r, 3) == "P";
                tree.of_code.insert(code.to_string(), here);
                tree.nodes.push(n);
            }
            "n" => {
                if let (Some(n), Some(kind)) = (tree.nodes.last_mut(), NoteKind::of_mark(field(&r, 1))) {
                    n.notes.push((kind, field(&r, 2).to_string()));
                }
            }
            "x" => {
                if let (Some(n), Some(c)) = (tree.nodes.last_mut(), field(&r, 1).chars().next()) {
                    n.sevenths.push((c, field(&r, 2).to_string()));
                }
            }
            _ => {}
        }
    }
    tree
}
