//! The order files of ICD-10-CM and ICD-10-PCS.
//!
//! Owns the fixed columns (order number, code, heading or valid, short and long title) and what
//! must hold of them: numbers without a gap, each code once, a heading above every code.
//! Never decides for which days the list is: `dating` does. Pure.

use super::refusal::{Refusal, columns, lines};
use super::release::OrderRow;
use crate::domain::CodeSystem;
use std::collections::HashMap;

/// Whether a line is one of an order file.
pub fn is_row(line: &str) -> bool {
    let b = line.as_bytes();
    b.len() > 77
        && b[..5].iter().all(u8::is_ascii_digit)
        && b[5] == b' '
        && b[6].is_ascii_alphanumeric()
        && b[15] == b' '
}

/// The form of a code. A diagnosis begins with a letter and has a digit (`QA0` is a category).
pub fn is_code(system: CodeSystem, code: &str) -> bool {
    let b = code.as_bytes();
    let upper = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    match system {
        CodeSystem::Icd10cm => {
            let digit = b.iter().skip(1).any(u8::is_ascii_digit);
            (3..=7).contains(&b.len()) && b[0].is_ascii_uppercase() && digit && b.iter().all(upper)
        }
        // neither I nor O stands in a procedure code
        CodeSystem::Icd10pcs => {
            (3..=7).contains(&b.len()) && b.iter().all(|c| upper(c) && !matches!(c, b'I' | b'O'))
        }
        CodeSystem::Cpt | CodeSystem::Hcpcs => CodeSystem::of_procedure(code) == Some(system),
    }
}

/// Which system the file is of, by its first code.
pub fn system_of(text: &str) -> CodeSystem {
    let first = text.lines().next().unwrap_or("");
    match first.as_bytes().get(6) {
        Some(c) if c.is_ascii_uppercase() => CodeSystem::Icd10cm,
        _ => CodeSystem::Icd10pcs,
    }
}

/// One row, or what is wrong with it.
fn row(system: CodeSystem, line: &str) -> Result<OrderRow, String> {
    let field = |from, to| columns(line, from, to);
    for (at, what) in [(5, "order number"), (13, "code"), (15, "flag"), (76, "short title")] {
        let gap = field(at, at + 1);
        if !gap.is_empty() && gap != " " {
            return Err(format!("column {} after the {what} holds {gap:?}: the columns are shifted", at + 1));
        }
    }
    let code = field(6, 13).trim_end();
    if !is_code(system, code) {
        return Err(format!("{code:?} in columns 7 to 13 is not a code of {system}"));
    }
    let billable = match field(14, 15) {
        "1" => true,
        "0" => false,
        "" => return Err(format!("the line ends after {code}: it is cut short")),
        other => return Err(format!("column 15 must be 0 or 1, it is {other:?}: the columns are shifted")),
    };
    let (short, long) = (field(16, 76).trim(), field(77, usize::MAX).trim());
    if short.is_empty() || long.is_empty() {
        return Err(format!(
            "{code} has no {} title: the line is cut short",
            if short.is_empty() { "short" } else { "long" }
        ));
    }
    Ok(OrderRow { code: code.into(), billable, short: short.into(), long: long.into() })
}

/// Reads a whole order file.
pub fn read(system: CodeSystem, text: &str) -> Result<Vec<OrderRow>, Refusal> {
    let mut rows: Vec<OrderRow> = Vec::with_capacity(text.len() / 120);
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(rows.capacity());
    for (n, line) in lines(text) {
        if line.trim().is_empty() && rows.len() + 1 == n {
            // a blank line at the end
            continue;
        }
        if n != rows.len() + 1 {
            return Err(Refusal::at(n - 1, "a blank line inside the file"));
        }
        let number = columns(line, 0, 5);
        match number.parse::<usize>() {
            Ok(found) if found == n => {}
            Ok(found) => {
                let reason = format!(
                    "order number {found:05} where {n:05} is due: lines are missing or from another file"
                );
                return Err(Refusal::at(n, reason));
            }
            Err(_) => {
                return Err(Refusal::at(n, format!("{number:?} in columns 1 to 5 is not an order number")));
            }
        }
        let r = row(system, line).map_err(|e| Refusal::at(n, e))?;
        if let Some(before) = seen.insert(r.code.clone(), n) {
            return Err(Refusal::at(n, format!("{} stands on line {before} already", r.code)));
        }
        if let Some(above) = heading_of(&rows, &r)
            && above.billable
        {
            let reason = format!(
                "{} stands under {}, which is marked valid and must be a heading",
                r.code, above.code
            );
            return Err(Refusal::at(n, reason));
        }
        rows.push(r);
    }
    Ok(rows)
}

/// The last row whose code begins this one.
fn heading_of<'a>(rows: &'a [OrderRow], row: &OrderRow) -> Option<&'a OrderRow> {
    // headings stand above their codes: a few steps back at most, along codes of the same category
    let stem = row.code.get(..3)?;
    rows.iter()
        .rev()
        .take_while(|r| r.code.starts_with(stem))
        .take(64)
        .find(|r| r.code.len() < row.code.len() && row.code.starts_with(r.code.as_str()))
}
