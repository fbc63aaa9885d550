//! The Alphabetic Index as a flat CSV: one line an entry, with its level.
//!
//! Owns the columns RowID, Letter, Level, Term, See, SeeAlso, NonEssModif, Code. Pure.

use super::index::{IndexEntry, IndexTable};
use super::index_xml::is_code;
use super::refusal::Refusal;
use super::xml::squeeze;

const HEADER: [&str; 8] = ["RowID", "Letter", "Level", "Term", "See", "SeeAlso", "NonEssModif", "Code"];

/// Whether a first line is this form's.
pub fn is_header(line: &str) -> bool {
    line.to_ascii_lowercase().starts_with("rowid,letter,level,")
}

/// Reads the whole index.
pub fn read(text: &str) -> Result<IndexTable, Refusal> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut entries = Vec::with_capacity(text.len() / 32);
    let mut lines = Vec::with_capacity(text.len() / 32);
    for record in reader.records() {
        let record =
            record.map_err(|e| Refusal::at(entries.len() + 2, format!("the CSV is damaged: {e}")))?;
        let line = record.position().map_or(1, |p| p.line() as usize);
        if line == 1 {
            if record.iter().ne(HEADER) {
                return Err(Refusal::at(1, format!("the columns must be {}", HEADER.join(","))));
            }
            continue;
        }
        let e = entry(&record, entries.len() + 1).map_err(|reason| Refusal::at(line, reason))?;
        entries.push(e);
        lines.push(line);
    }
    IndexTable::new(Vec::new(), entries)
        .map_err(|r| Refusal { line: r.line.and_then(|n| lines.get(n - 1).copied()), reason: r.reason })
}

fn entry(record: &csv::StringRecord, due: usize) -> Result<IndexEntry, String> {
    if record.len() != HEADER.len() {
        return Err(format!(
            "{} columns where {} are due: the line is cut or its columns are shifted",
            record.len(),
            HEADER.len()
        ));
    }
    let field = |i: usize| squeeze(record.get(i).unwrap_or(""));
    if field(0).parse() != Ok(due) {
        return Err(format!("row {:?} where row {due} is due: lines are missing", field(0)));
    }
    let level = field(2).parse::<u8>().ok().filter(|l| *l < 16);
    let level = level
        .ok_or_else(|| format!("{:?} in column Level is not a level: the columns are shifted", field(2)))?;
    let (term, modifiers) = (field(3), field(6));
    // the official index itself has a few entries of nonessential words alone: `(somatoform)`
    if term.is_empty() && modifiers.is_empty() {
        return Err("an entry without a term".into());
    }
    let list = |text: String| if text.is_empty() { Vec::new() } else { vec![text] };
    let code = field(7);
    if !code.is_empty() && !is_code(&code) {
        return Err(format!("{code:?} in column Code is not a code: the columns are shifted"));
    }
    Ok(IndexEntry {
        level,
        term,
        modifiers,
        see: list(field(4)),
        see_also: list(field(5)),
        codes: list(code),
        ..IndexEntry::default()
    })
}
