//! The XML of the printed indexes: Alphabetic Index, external causes, neoplasms, drugs, and the
//! index of ICD-10-PCS.
//!
//! Owns their elements and attributes. Which of them a file is, its headings tell. Pure.

use super::index::{IndexEntry, IndexTable};
use super::kind::Kind;
use super::refusal::Refusal;
use super::xml::{child_words, elements, line_of, own_words, refuse, squeeze, unknown, version, words};
use roxmltree::Node;

/// An index with the year it is of.
pub struct Index {
    pub kind: Kind,
    pub year: i32,
    pub table: IndexTable,
}

/// Reads `ICD10CM.index` or `ICD10PCS.index`.
pub fn read(root: Node<'_, '_>) -> Result<Index, Refusal> {
    let year = version(root)?;
    let mut columns = Vec::new();
    let mut entries = Vec::new();
    let mut lines = Vec::new();
    for n in elements(root) {
        match n.tag_name().name() {
            "version" | "title" | "introduction" => {}
            "indexHeading" => columns = headings(n)?,
            "letter" => {
                for m in elements(n) {
                    match m.tag_name().name() {
                        "title" => {}
                        "mainTerm" => entry(m, 0, &columns, &mut entries, &mut lines)?,
                        _ => return Err(unknown(m)),
                    }
                }
            }
            _ => return Err(unknown(n)),
        }
    }
    let kind = kind_of(root, &columns)?;
    if entries.is_empty() {
        return Err(refuse(root, "an index without a term"));
    }
    // a level that skips one is told by the entry's number: the file's line is wanted
    let table = IndexTable::new(columns, entries)
        .map_err(|r| Refusal { line: r.line.and_then(|n| lines.get(n - 1).copied()), reason: r.reason })?;
    Ok(Index { kind, year, table })
}

fn kind_of(root: Node<'_, '_>, columns: &[String]) -> Result<Kind, Refusal> {
    if root.has_tag_name("ICD10PCS.index") {
        return Ok(Kind::PcsIndex);
    }
    let first = columns.first().map(|c| c.to_ascii_lowercase()).unwrap_or_default();
    if first.contains("malignant") {
        return Ok(Kind::CmNeoplasm);
    }
    if first.contains("poisoning") {
        return Ok(Kind::CmDrugs);
    }
    let title = child_words(root, "title").to_ascii_uppercase();
    match (columns.is_empty(), title.contains("EXTERNAL CAUSE")) {
        (true, true) => Ok(Kind::CmExternalCause),
        (true, false) if title.contains("INDEX") => Ok(Kind::CmIndex),
        _ => Err(refuse(
            root,
            format!("an index with the title {title:?} and the headings {columns:?} is not known here"),
        )),
    }
}

/// Headings of the cells: columns 2 to 7.
fn headings(node: Node<'_, '_>) -> Result<Vec<String>, Refusal> {
    let mut out = Vec::new();
    for (i, h) in elements(node).enumerate() {
        if h.attribute("col") != Some((i + 1).to_string().as_str()) {
            return Err(refuse(
                h,
                format!("heading {} where column {} is due", h.attribute("col").unwrap_or("?"), i + 1),
            ));
        }
        if i > 0 {
            out.push(words(h));
        }
    }
    Ok(out)
}

fn entry(
    node: Node<'_, '_>,
    level: u8,
    columns: &[String],
    out: &mut Vec<IndexEntry>,
    lines: &mut Vec<usize>,
) -> Result<(), Refusal> {
    if level > 0 && node.attribute("level") != Some(level.to_string().as_str()) {
        let found = node.attribute("level").unwrap_or("none");
        return Err(refuse(node, format!("level {found} where {level} is due")));
    }
    let mut e = IndexEntry { level, cells: vec![String::new(); columns.len()], ..IndexEntry::default() };
    let at = out.len();
    out.push(IndexEntry::default());
    // counting lines is slow: only the terms that could be refused later need theirs
    lines.push(if level > 1 { 0 } else { line_of(node) });
    for n in elements(node) {
        match n.tag_name().name() {
            "title" => title(n, &mut e)?,
            "see" | "seecat" | "subcat" => link(n, &mut e.see, &mut e.codes),
            "seeAlso" => link(n, &mut e.see_also, &mut e.codes),
            "use" => link(n, &mut e.uses, &mut e.codes),
            "code" | "codes" | "tab" => e.codes.push(code(n)?),
            "manif" => {
                let text = words(n);
                match is_code(&text) {
                    true => e.manifestations.push(text),
                    // a remark in the place of a manifestation code
                    false => e.modifiers = squeeze(&format!("{} [{text}]", e.modifiers)),
                }
            }
            "warning" => e.modifiers = squeeze(&format!("{} {}", e.modifiers, words(n))),
            "cell" => cell(n, columns, &mut e.cells)?,
            "term" => entry(n, level + 1, columns, out, lines)?,
            _ => return Err(unknown(n)),
        }
    }
    if e.term.is_empty() && e.see.is_empty() && e.uses.is_empty() && e.codes.is_empty() {
        return Err(refuse(node, "an index entry without a word"));
    }
    out[at] = e;
    Ok(())
}

/// `Abandonment<nemod>(causing …)</nemod> NEC`: the term, its modifiers apart.
fn title(node: Node<'_, '_>, e: &mut IndexEntry) -> Result<(), Refusal> {
    let mut modifiers = Vec::new();
    for n in elements(node) {
        match n.tag_name().name() {
            "nemod" => modifiers.push(words(n)),
            _ => return Err(unknown(n)),
        }
    }
    e.term = own_words(node);
    e.modifiers = squeeze(&format!("{} {}", e.modifiers, modifiers.join(" ")));
    Ok(())
}

/// A reference, with the codes it names beside its words.
fn link(node: Node<'_, '_>, texts: &mut Vec<String>, codes: &mut Vec<String>) {
    let text = own_words(node);
    let category = matches!(node.tag_name().name(), "seecat" | "subcat");
    for n in elements(node) {
        codes.push(words(n));
    }
    match category {
        true if node.has_tag_name("seecat") => texts.push(format!("category {text}")),
        true => texts.push(format!("subcategory {text}")),
        false => texts.push(text),
    }
}

fn code(node: Node<'_, '_>) -> Result<String, Refusal> {
    let text = words(node);
    match is_code(&text) {
        true => Ok(text),
        false => Err(refuse(node, format!("{text:?} is not a code"))),
    }
}

/// Three to eight characters, a dot after the third of a diagnosis, perhaps a dash at the end.
pub fn is_code(text: &str) -> bool {
    let plain = text.trim_end_matches('-');
    let plain = plain.strip_suffix('.').unwrap_or(plain);
    let chars = plain.bytes().filter(|c| *c != b'.');
    let sound = chars.clone().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let dot = plain.find('.');
    sound && (3..=7).contains(&chars.count()) && dot.is_none_or(|at| at == 3) && text.len() - plain.len() <= 2
}

fn cell(node: Node<'_, '_>, columns: &[String], cells: &mut [String]) -> Result<(), Refusal> {
    let col = node.attribute("col").and_then(|c| c.parse::<usize>().ok()).unwrap_or(0);
    let Some(slot) = col.checked_sub(2).and_then(|i| cells.get_mut(i)) else {
        return Err(refuse(node, format!("column {col} of a table of {}", columns.len() + 1)));
    };
    let text = words(node);
    // one dash or two: no code for this behaviour or intent
    if text.chars().all(|c| c == '-') {
        return Ok(());
    }
    // a mark after a code stands for a note above the table
    let bare = text.trim_end_matches(['*', '#', '\u{2020}', '\u{2021}']).trim();
    if !is_code(bare) {
        return Err(refuse(node, format!("{text:?} is not a code")));
    }
    *slot = bare.to_string();
    Ok(())
}
