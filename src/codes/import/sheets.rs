//! Tables in tab-separated text whose first line names the columns: POA-exempt list, HCPCS
//! modifiers, lists of valid codes.
//!
//! Owns those columns, and the splitting all of them share, which names the line of a fault. Pure.

use super::order::is_code;
use super::refusal::Refusal;
use super::release::{HcpcsRow, ListRow, PeriodRow};
use super::xml::squeeze;
use crate::domain::{CodeSystem, normal_code};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Records of a separated text with their lines, each with as many fields as the first.
pub fn records(text: &str, delimiter: u8) -> Result<Vec<(usize, csv::StringRecord)>, Refusal> {
    // a carriage return before the line feed would shift the lines the reader counts by one
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut out: Vec<(usize, csv::StringRecord)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| Refusal::at(out.len() + 1, format!("the text is damaged: {e}")))?;
        let line = record.position().map_or(1, |p| p.line() as usize);
        let due = out.first().map_or(record.len(), |(_, r)| r.len());
        if record.len() != due {
            let reason = format!(
                "{} columns where {due} are due: the line is cut or its columns are shifted",
                record.len()
            );
            return Err(Refusal::at(line, reason));
        }
        out.push((line, record));
    }
    Ok(out)
}

/// `20151001`, `2015-10-01` or `10/01/2015`.
pub fn date(text: &str) -> Option<NaiveDate> {
    let t = text.trim();
    let parse = |form| NaiveDate::parse_from_str(t, form).ok();
    match t.len() {
        8 if t.bytes().all(|c| c.is_ascii_digit()) => parse("%Y%m%d"),
        10 if t.as_bytes()[4] == b'-' => parse("%Y-%m-%d"),
        _ if t.contains('/') => parse("%m/%d/%Y"),
        _ => None,
    }
}

/// Refuses a code that came before.
fn once(seen: &mut HashMap<String, usize>, code: &str, line: usize) -> Result<(), Refusal> {
    match seen.insert(code.to_string(), line) {
        None => Ok(()),
        Some(before) => Err(Refusal::at(line, format!("{code} stands on line {before} already"))),
    }
}

/// Whether a first line is that of the POA-exempt list.
pub fn is_poa(line: &str) -> bool {
    line.starts_with("Order") && line.to_ascii_lowercase().contains("poaexemptcode")
}

/// Whether a first line is that of the changes to a POA-exempt list.
pub fn is_poa_change(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.starts_with("order") && lower.contains("action") && lower.contains("code")
}

/// The POA-exempt list: order number, dotted code, description.
pub fn poa_exempt(text: &str) -> Result<(Vec<ListRow>, Vec<usize>), Refusal> {
    let mut seen = HashMap::new();
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let mut last = 0;
    for (line, r) in records(text, b'\t')?.iter().skip(1) {
        let refuse = |reason: String| Refusal::at(*line, reason);
        if r.len() != 3 {
            return Err(refuse("the columns must be order, code and description".into()));
        }
        let order =
            r[0].trim().parse::<u32>().map_err(|_| refuse(format!("{:?} is not an order number", &r[0])))?;
        if order <= last {
            return Err(refuse(format!(
                "order number {order:05} after {last:05}: lines are from another file"
            )));
        }
        last = order;
        let code = normal_code(&r[1]);
        if !is_code(CodeSystem::Icd10cm, &code) || r[1].trim().find('.').is_some_and(|at| at != 3) {
            return Err(refuse(format!("{:?} is not a code of ICD-10-CM", &r[1])));
        }
        if r[2].trim().is_empty() {
            return Err(refuse(format!("{code} has no description: the line is cut short")));
        }
        once(&mut seen, &code, *line)?;
        rows.push(ListRow { code, text: squeeze(&r[2]), from: None, to: None });
        lines.push(*line);
    }
    match rows.is_empty() {
        true => Err(Refusal::at(1, "a list without a code")),
        false => Ok((rows, lines)),
    }
}

const MODIFIERS: [&str; 7] = ["modifier", "long", "short", "add", "eff", "term", "action"];

/// Whether a first line is that of the HCPCS modifiers.
pub fn is_modifiers(line: &str) -> bool {
    line.starts_with("modifier\tlong\tshort\t")
}

/// The HCPCS modifiers file.
pub fn modifiers(text: &str) -> Result<Vec<HcpcsRow>, Refusal> {
    let all = records(text, b'\t')?;
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for (i, (line, r)) in all.iter().enumerate() {
        if i == 0 {
            if r.iter().ne(MODIFIERS) {
                return Err(Refusal::at(*line, format!("the columns must be {}", MODIFIERS.join(", "))));
            }
            continue;
        }
        let refuse = |reason: String| Refusal::at(*line, reason);
        let code = r[0].trim();
        if code.len() != 2 || !code.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
            return Err(refuse(format!("{code:?} is not a modifier: two letters or digits")));
        }
        once(&mut seen, code, *line)?;
        let day = |i: usize| match r[i].trim() {
            "" | "nan--" => Ok(None),
            text => date(text)
                .map(Some)
                .ok_or_else(|| refuse(format!("{text:?} in column {} is not a date", MODIFIERS[i]))),
        };
        if r[1].trim().is_empty() {
            return Err(refuse(format!("{code} has no description")));
        }
        rows.push(HcpcsRow {
            code: code.into(),
            long: squeeze(&r[1]),
            short: squeeze(&r[2]),
            added: day(3)?,
            effective: day(4)?,
            ended: day(5)?,
            action: squeeze(&r[6]),
            ..HcpcsRow::default()
        });
    }
    match rows.is_empty() {
        true => Err(Refusal::at(1, "a list without a modifier")),
        false => Ok(rows),
    }
}

/// Whether a first line is that of a master list of valid codes.
pub fn is_periods(line: &str) -> bool {
    line.starts_with("code\tstart\tend\t") || line == "code\tstart\tend"
}

/// A master list: code, first and last day, flags. The latest last day of the list is its horizon:
/// a code that lasts until then is open. Gives the system and the horizon with the periods.
pub fn periods(text: &str) -> Result<(CodeSystem, NaiveDate, Vec<PeriodRow>), Refusal> {
    let all = records(text, b'\t')?;
    let mut rows: Vec<PeriodRow> = Vec::with_capacity(all.len());
    let mut system = None;
    for (line, r) in all.iter().skip(1) {
        let refuse = |reason: String| Refusal::at(*line, reason);
        let code = r[0].trim();
        // the first code tells: those of procedures begin with a digit there
        let of = match code.starts_with(|c: char| c.is_ascii_digit()) {
            true => CodeSystem::Icd10pcs,
            false => CodeSystem::Icd10cm,
        };
        let of = *system.get_or_insert(of);
        if !is_code(of, code) || (of == CodeSystem::Icd10pcs && code.len() != 7) {
            return Err(refuse(format!("{code:?} is not a code of {of}")));
        }
        let day =
            |i: usize| date(&r[i]).ok_or_else(|| refuse(format!("{:?} is not a date (yyyymmdd)", &r[i])));
        let (from, to) = (day(1)?, day(2)?);
        if to < from {
            return Err(refuse(format!("{code} ends on {to}, before it begins: the columns are shifted")));
        }
        if let Some(before) = rows.last() {
            let overlap = before.code == code && before.to.is_some_and(|to| to >= from);
            if overlap || before.code.as_str() > code {
                return Err(refuse(format!(
                    "{code} after {}: lines are out of order or overlap",
                    before.code
                )));
            }
        }
        rows.push(PeriodRow {
            code: code.into(),
            from,
            to: Some(to),
            flags: r.get(3).unwrap_or("").trim().into(),
        });
    }
    let horizon = rows.iter().filter_map(|r| r.to).max();
    let (Some(system), Some(horizon)) = (system, horizon) else {
        return Err(Refusal::at(1, "a list without a code"));
    };
    for r in rows.iter_mut().filter(|r| r.to == Some(horizon)) {
        r.to = None;
    }
    Ok((system, horizon, rows))
}
