//! Order addenda: what a new fiscal year adds to, deletes from and revises in an order file.
//!
//! Owns the lines (`Add:`, `Delete:`, `Revise from:`, `Revise to:`), the closing summary that
//! names both years and their counts, and applying them to the order file they are for.
//! Never applies half: a line that does not fit the base, or a sum that is not reached, refuses
//! the whole. Pure.

use super::order::is_code;
use super::refusal::{Refusal, columns, lines};
use super::release::OrderRow;
use crate::domain::{CodeSystem, display_code};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Delete,
    From,
    To,
}

#[derive(Clone, Debug)]
struct Line {
    n: usize,
    action: Action,
    row: OrderRow,
}

/// Addenda, read and checked against their own summary.
#[derive(Clone, Debug)]
pub struct Addenda {
    pub system: CodeSystem,
    lines: Vec<Line>,
    /// Year and number of billable codes of the file they are for.
    pub base: (i32, usize),
    /// The same of the file they make.
    pub result: (i32, usize),
}

impl Addenda {
    /// Number of changes.
    pub fn changes(&self) -> usize {
        self.lines.len()
    }
}

/// Whether a line is one of order addenda.
pub fn is_line(line: &str) -> bool {
    ["Add:", "Delete:", "Revise from:", "Revise to:"].iter().any(|a| line.starts_with(a))
}

fn action(line: &str) -> Option<Action> {
    Some(match columns(line, 0, 13).trim_end() {
        "Add:" => Action::Add,
        "Delete:" => Action::Delete,
        "Revise from:" => Action::From,
        "Revise to:" => Action::To,
        _ => return None,
    })
}

fn change(line: &str) -> Result<(CodeSystem, OrderRow), String> {
    // procedures have no column for the flag: their code stands where it would be
    let flag = columns(line, 13, 14);
    let gap = columns(line, 14, 15);
    let (system, billable, at) = match (flag, gap) {
        ("0", " ") => (CodeSystem::Icd10cm, false, 15),
        ("1", " ") => (CodeSystem::Icd10cm, true, 15),
        _ => (CodeSystem::Icd10pcs, true, 13),
    };
    let code = columns(line, at, at + 7).trim_end();
    let full = system == CodeSystem::Icd10cm || code.len() == 7;
    if !is_code(system, code) || !full {
        return Err(format!(
            "{code:?} in columns {} to {} is not a code: the columns are shifted",
            at + 1,
            at + 7
        ));
    }
    let (short, long) = (columns(line, at + 8, at + 68).trim(), columns(line, at + 69, usize::MAX).trim());
    if short.is_empty() || long.is_empty() {
        return Err(format!("{code} has no title: the line is cut short or its columns are shifted"));
    }
    Ok((system, OrderRow { code: code.into(), billable, short: short.into(), long: long.into() }))
}

/// `  74260 codes in icd10cm_order_2025.txt` gives 2025 and 74,260.
fn summed(line: &str) -> Option<(i32, usize)> {
    let (count, file) = line.trim().split_once(" codes in ")?;
    let digits: String = file.chars().skip_while(|c| *c != '_').filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, count.trim().parse().ok()?))
}

/// Reads addenda with their summary.
pub fn read(text: &str) -> Result<Addenda, Refusal> {
    let mut changes: Vec<Line> = Vec::new();
    let mut sums = Vec::new();
    let (mut system, mut last) = (None, 1);
    for (n, line) in lines(text) {
        last = n;
        if let Some(action) = action(line) {
            let (of, row) = change(line).map_err(|e| Refusal::at(n, e))?;
            if *system.get_or_insert(of) != of {
                return Err(Refusal::at(n, "diagnoses and procedures in one file"));
            }
            let from = changes.last().filter(|l: &&Line| l.action == Action::From);
            let paired = action == Action::To && from.is_some_and(|f| f.row.code == row.code);
            if !paired && (from.is_some() || action == Action::To) {
                return Err(Refusal::at(
                    n,
                    "\"Revise to\" must follow its \"Revise from\": a line is missing",
                ));
            }
            changes.push(Line { n, action, row });
        } else if let Some(sum) = summed(line) {
            sums.push((n, sum));
        } else if sums.is_empty() && !line.trim().is_empty() && is_line(line) {
            return Err(Refusal::at(n, "not a line of order addenda: the columns are shifted"));
        }
    }
    let (Some(system), [(_, base), (_, result)]) = (system, sums.as_slice()) else {
        return Err(Refusal::at(
            last,
            "the closing summary with the codes of both years is missing: the file is cut short",
        ));
    };
    Ok(Addenda { system, lines: changes, base: *base, result: *result })
}

/// The order file that the addenda make of `base`.
pub fn apply(addenda: &Addenda, base: &[OrderRow]) -> Result<Vec<OrderRow>, Refusal> {
    let mut rows: Vec<Option<OrderRow>> = base.iter().cloned().map(Some).collect();
    let mut at: HashMap<String, usize> = base.iter().enumerate().map(|(i, r)| (r.code.clone(), i)).collect();
    let mut added: Vec<OrderRow> = Vec::new();
    for Line { n, action, row } in &addenda.lines {
        let code = display_code(addenda.system, &row.code);
        let refuse = |why: String| Refusal::at(*n, why);
        match action {
            Action::Delete => {
                let i = at
                    .remove(&row.code)
                    .ok_or_else(|| refuse(format!("{code} is to be deleted, the base has no such code")))?;
                if rows[i].as_ref().is_some_and(|r| r.billable != row.billable) {
                    return Err(refuse(format!(
                        "{code} is to be deleted, but is another kind of row in the base"
                    )));
                }
                rows[i] = None;
            }
            Action::Add => {
                if at.contains_key(&row.code) || added.iter().any(|r| r.code == row.code) {
                    return Err(refuse(format!("{code} is to be added, the base has it already")));
                }
                added.push(row.clone());
            }
            Action::From => {
                let same = at.get(&row.code).and_then(|i| rows[*i].as_ref());
                if same.is_none_or(|r| r.short != row.short || r.long != row.long) {
                    return Err(refuse(format!("{code} is to be revised, but reads otherwise in the base")));
                }
            }
            Action::To => {
                if let Some(i) = at.get(&row.code) {
                    rows[*i] = Some(row.clone());
                }
            }
        }
    }
    let mut out: Vec<OrderRow> = rows.into_iter().flatten().collect();
    insert(&mut out, added);
    let billable = out.iter().filter(|r| r.billable).count();
    if billable != addenda.result.1 {
        return Err(Refusal::whole(format!(
            "the addenda give {billable} codes, their summary says {}: lines are missing",
            addenda.result.1
        )));
    }
    Ok(out)
}

/// Puts each new code where the tabular order has it: after the last code of its family that is
/// lower, else right after its heading.
fn insert(rows: &mut Vec<OrderRow>, mut added: Vec<OrderRow>) {
    added.sort_by(|a, b| a.code.cmp(&b.code));
    for row in added {
        let family =
            |r: &OrderRow, len: usize| row.code.get(..len).is_some_and(|stem| r.code.starts_with(stem));
        let at = (1..row.code.len()).rev().find_map(|len| {
            let lower = |r: &OrderRow| family(r, len) && r.code < row.code;
            rows.iter().rposition(lower).map(|i| i + 1).or_else(|| rows.iter().position(|r| family(r, len)))
        });
        rows.insert(at.unwrap_or(rows.len()), row);
    }
}
