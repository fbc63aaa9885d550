//! Lists a site holds under its own licence: CPT, revenue, condition, occurrence and value codes.
//!
//! Owns the site's mapping of their columns, written once (`columns.toml`), and reading a file by
//! it. A file is known by its column names, wherever they stand in its first lines. Nothing of
//! such a list ships, and no word is ever made up for a code. Pure.

use super::kind::Kind;
use super::refusal::{Refusal, lines};
use super::release::ListRow;
use super::sheets::date;
use super::xml::squeeze;
use crate::domain::CodeSystem;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::HashMap;

/// Where the columns of one kind of list are, by their names in the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub kind: Kind,
    /// Name of the column that holds the code.
    pub code: String,
    /// Name of the column that holds the description.
    pub text: String,
    /// Names of the columns with the first and last day, where there are any.
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    list: Vec<Mapping>,
}

/// What a site writes into `columns.toml`.
pub const EXAMPLE: &str = "[[list]]\nkind = \"cpt\"\ncode = \"CPT Code\"\ntext = \"Long Description\"\n";

/// Reads the mappings of a site.
pub fn mappings(text: &str) -> Result<Vec<Mapping>, Refusal> {
    let file: File = toml::from_str(text).map_err(|e| Refusal {
        line: e.span().map(|s| text.get(..s.start).unwrap_or("").matches('\n').count() + 1),
        reason: e.message().to_string(),
    })?;
    match file.list.iter().find(|m| !m.kind.is_licensed()) {
        Some(m) => Err(Refusal::whole(format!("{} is no list with columns of its own", m.kind.key()))),
        None => Ok(file.list),
    }
}

/// A mapping that fits a file: where its header is and which column is which.
pub struct Fit<'a> {
    mapping: &'a Mapping,
    line: usize,
    delimiter: char,
    columns: usize,
    code: usize,
    text: usize,
    from: Option<usize>,
    to: Option<usize>,
}

/// The columns' names stand in the first lines, after a notice perhaps.
const SEARCHED: usize = 40;

/// The mapping whose columns a file has.
pub fn fit<'a>(text: &str, mappings: &'a [Mapping]) -> Option<Fit<'a>> {
    for (line, header) in lines(text).take(SEARCHED) {
        for delimiter in ['\t', ',', '|', ';', '~'] {
            let names = split(header, delimiter);
            let find = |name: &str| names.iter().position(|n| n.eq_ignore_ascii_case(name.trim()));
            for m in mappings {
                let optional = |name: &Option<String>| match name {
                    Some(n) => find(n).map(Some),
                    None => Some(None),
                };
                if let (Some(code), Some(text), Some(from), Some(to)) =
                    (find(&m.code), find(&m.text), optional(&m.from), optional(&m.to))
                {
                    return Some(Fit {
                        mapping: m,
                        line,
                        delimiter,
                        columns: names.len(),
                        code,
                        text,
                        from,
                        to,
                    });
                }
            }
        }
    }
    None
}

/// Fields of one line; quotes hold a delimiter.
fn split(line: &str, delimiter: char) -> Vec<String> {
    let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => out.push(squeeze(&std::mem::take(&mut field))),
            c => field.push(c),
        }
    }
    out.push(squeeze(&field));
    out
}

/// The form of a code of the list, or nothing.
fn code_of(kind: Kind, text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    let alnum = !code.is_empty() && code.bytes().all(|c| c.is_ascii_alphanumeric());
    match kind {
        Kind::Cpt => (CodeSystem::of_procedure(&code) == Some(CodeSystem::Cpt)).then_some(code),
        // written with and without the zero in front
        Kind::Revenue => {
            let digits = code.bytes().all(|c| c.is_ascii_digit());
            (digits && matches!(code.len(), 3 | 4)).then(|| format!("{code:0>4}"))
        }
        _ => (alnum && code.len() <= 2).then(|| format!("{code:0>2}")),
    }
}

/// Reads a file by its mapping: kind, header line, and rows.
pub fn read(text: &str, fit: &Fit<'_>) -> Result<(Kind, Vec<ListRow>), Refusal> {
    let kind = fit.mapping.kind;
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::new();
    for (n, line) in lines(text).filter(|(n, l)| *n > fit.line && !l.trim().is_empty()) {
        let refuse = |reason: String| Refusal::at(n, reason);
        let fields = split(line, fit.delimiter);
        if fields.len() != fit.columns {
            let reason = format!(
                "{} columns where {} are due: the line is cut or its columns are shifted",
                fields.len(),
                fit.columns
            );
            return Err(refuse(reason));
        }
        let written = &fields[fit.code];
        let code = code_of(kind, written).ok_or_else(|| {
            refuse(format!("{written:?} in column {:?} is not one of the {}", fit.mapping.code, kind.label()))
        })?;
        if let Some(before) = seen.insert(code.clone(), n) {
            return Err(refuse(format!("{code} stands on line {before} already")));
        }
        let day = |i: Option<usize>| -> Result<Option<NaiveDate>, Refusal> {
            let text = i.map_or("", |i| fields[i].as_str());
            match text {
                "" => Ok(None),
                text => date(text).map(Some).ok_or_else(|| refuse(format!("{text:?} is not a date"))),
            }
        };
        let text = fields[fit.text].clone();
        if text.is_empty() {
            return Err(refuse(format!("{code} has no description")));
        }
        rows.push(ListRow { code, text, from: day(fit.from)?, to: day(fit.to)? });
    }
    match rows.is_empty() {
        true => Err(Refusal::at(fit.line, "a list without a code")),
        false => Ok((kind, rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_known_by_its_columns() {
        let m = mappings("[[list]]\nkind = \"revenue\"\ncode = \"Rev Code\"\ntext = \"Name\"\n").unwrap();
        let text = "Licensed to a site\n\nName,Rev Code\n\"Emergency, room\",450\nPharmacy,0250\n";
        let (kind, rows) = read(text, &fit(text, &m).unwrap()).unwrap();
        assert_eq!((kind, rows.len()), (Kind::Revenue, 2));
        assert_eq!((rows[0].code.as_str(), rows[0].text.as_str()), ("0450", "Emergency, room"));
        assert!(fit("a,b\n1,2\n", &m).is_none());
        let shifted = "Name,Rev Code\n450,Pharmacy\n";
        assert_eq!(read(shifted, &fit(shifted, &m).unwrap()).unwrap_err().line, Some(2));
    }

    #[test]
    fn a_bad_mapping_is_refused_with_its_line() {
        let e = mappings("[[list]]\nkind = \"cpt\"\ncode = 5\ntext = \"x\"\n").unwrap_err();
        assert_eq!(e.line, Some(3));
        assert!(mappings("[[list]]\nkind = \"cm-order\"\ncode = \"a\"\ntext = \"b\"\n").is_err());
        assert!(mappings(EXAMPLE).is_ok());
    }
}
