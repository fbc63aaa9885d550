//! HCPCS Level II as CMS publishes it to contractors (ANWEB): fixed columns, long descriptions
//! over several records.
//!
//! Owns the columns it needs and the joining of continuation records. Latin-1; notices before the
//! first record are passed over, anything strange after it is refused. Pure.

use super::refusal::{Refusal, columns, lines};
use super::release::HcpcsRow;
use super::sheets::date;
use super::xml::squeeze;
use crate::domain::CodeSystem;
use chrono::NaiveDate;
use std::collections::HashMap;

/// The file's codes and its modifiers, and the number of its records.
#[derive(Debug)]
pub struct Anweb {
    pub codes: Vec<HcpcsRow>,
    pub modifiers: Vec<HcpcsRow>,
    pub records: usize,
}

/// The shortest record: trailing filler may be cut off.
const SHORTEST: usize = 293;

/// Whether a line is one of ANWEB: sequence number and record kind where they belong.
pub fn is_record(line: &str) -> bool {
    let seq = columns(line, 5, 10);
    line.len() >= SHORTEST
        && seq.len() == 5
        && seq.bytes().all(|c| c.is_ascii_digit())
        && matches!(columns(line, 10, 11), "3" | "4" | "7" | "8")
}

fn day(line: &str, from: usize, what: &str) -> Result<Option<NaiveDate>, String> {
    let text = columns(line, from, from + 8);
    match text.trim() {
        "" => Ok(None),
        _ => date(text).map(Some).ok_or_else(|| {
            format!(
                "{text:?} in columns {} to {} is not a date ({what}): the columns are shifted",
                from + 1,
                from + 8
            )
        }),
    }
}

/// The first record of a code or modifier.
fn first(line: &str, code: &str) -> Result<HcpcsRow, String> {
    Ok(HcpcsRow {
        code: code.to_string(),
        long: squeeze(columns(line, 11, 91)),
        short: squeeze(columns(line, 91, 119)),
        coverage: columns(line, 229, 230).trim().to_string(),
        betos: columns(line, 256, 259).trim().to_string(),
        added: day(line, 268, "added")?,
        effective: day(line, 276, "effective")?,
        ended: day(line, 284, "ended")?,
        action: columns(line, 292, 293).trim().to_string(),
    })
}

/// Reads the whole file.
pub fn read(text: &str) -> Result<Anweb, Refusal> {
    let mut out = Anweb { codes: Vec::new(), modifiers: Vec::new(), records: 0 };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut last = String::new();
    for (n, line) in lines(text) {
        let refuse = |reason: String| Refusal::at(n, reason);
        if out.records == 0 && !is_record(line) {
            // notices of the publisher
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        if !is_record(line) {
            let reason = match line.chars().count() < SHORTEST {
                true => format!(
                    "{} characters where {SHORTEST} or more are due: the line is cut short",
                    line.chars().count()
                ),
                false => "no sequence number and record kind in columns 6 to 11: the columns are shifted"
                    .to_string(),
            };
            return Err(refuse(reason));
        }
        out.records += 1;
        let kind = columns(line, 10, 11);
        let modifier = matches!(kind, "7" | "8");
        let code = match modifier {
            true => columns(line, 3, 5).trim(),
            false => columns(line, 0, 5),
        };
        let sound = match modifier {
            true => code.len() == 2 && code.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
            false => CodeSystem::of_procedure(code).is_some(),
        };
        if !sound {
            return Err(refuse(format!("{code:?} is not a code")));
        }
        let list = if modifier { &mut out.modifiers } else { &mut out.codes };
        if matches!(kind, "3" | "7") {
            if let Some(before) = seen.insert(format!("{modifier} {code}"), n) {
                return Err(refuse(format!("{code} stands on line {before} already")));
            }
            let row = first(line, code).map_err(refuse)?;
            if row.long.is_empty() {
                return Err(refuse(format!("{code} has no description")));
            }
            last = code.to_string();
            list.push(row);
            continue;
        }
        match list.last_mut() {
            Some(row) if row.code == code && last == code => {
                row.long.push(' ');
                row.long.push_str(&squeeze(columns(line, 11, 91)));
            }
            _ => {
                return Err(refuse(format!(
                    "a continuation of {code} without its first record: lines are missing"
                )));
            }
        }
    }
    match out.codes.is_empty() {
        true => Err(Refusal::whole("no HCPCS record in the file")),
        false => Ok(out),
    }
}

/// The latest day on which the file says that something began: the release it is.
pub fn release_day(rows: &[HcpcsRow]) -> Option<NaiveDate> {
    rows.iter().flat_map(|r| [r.added, r.effective]).flatten().max()
}
