//! Coverage policies (NCD, LCD with their articles): which diagnoses support a procedure.
//!
//! Owns our CSV form, its packed form and the question "does this diagnosis support this procedure". CMS
//! publishes the lists inside articles, with licensed CPT text around them: a site extracts the codes it
//! needs into this form. First line, exactly:
//!
//! `policy,article,title,states,procedures,diagnoses,support,from,through`
//!
//! `policy` L33797 or NCD 190.18; `article` A56634 or empty; `states` two-letter codes with blanks between,
//! empty for all; `procedures` and `diagnoses` codes or ranges `A-B` with blanks between, a diagnosis may end
//! in `*` for everything below it; `support` yes or no; days as 2026-01-01, `through` empty for no end.
//! A policy with several groups of codes has several rows.

use super::{
    Meta, TableError,
    key::{Code, diagnosis},
    pack::Packed,
    read::ReadError,
    text::latin1,
};
use crate::domain::{CodeRange, normal_code};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const HEADER: [&str; 9] =
    ["policy", "article", "title", "states", "procedures", "diagnoses", "support", "from", "through"];

const GROUPS: usize = 0;
const PROCEDURES: usize = 1;
const DIAGNOSES: usize = 2;

/// One row of the CSV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    policy: String,
    article: String,
    title: String,
    states: Vec<String>,
    supports: bool,
    from: NaiveDate,
    through: Option<NaiveDate>,
    procedures: (u32, u32),
    diagnoses: (u32, u32),
}

/// A policy that speaks about a procedure.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    group: &'a Group,
    of: &'a Coverage,
}

/// What the policies say about a procedure and its diagnoses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Yes,
    /// Listed as not supporting.
    No,
    /// In neither list.
    NotListed,
}

#[derive(Clone)]
pub struct Coverage {
    packed: Packed,
    groups: Arc<Vec<Group>>,
    by_code: Arc<HashMap<u32, Vec<u32>>>,
    ranges: Arc<Vec<(u32, u32, u32)>>,
}

impl Coverage {
    pub(super) fn open(packed: Packed) -> Result<Coverage, TableError> {
        let groups: Vec<Group> = serde_json::from_slice(packed.column(GROUPS).0)
            .map_err(|_| TableError("its policies cannot be read".into()))?;
        let procedures = packed.column(PROCEDURES).0.len() / 8;
        let diagnoses = packed.column(DIAGNOSES).0.len() / 16;
        packed.expect(PROCEDURES, procedures, 8)?;
        packed.expect(DIAGNOSES, diagnoses, 16)?;
        let mut by_code: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut ranges = Vec::new();
        for (n, g) in groups.iter().enumerate() {
            let inside = |(a, b): (u32, u32), len: usize| a <= b && b as usize <= len;
            if !inside(g.procedures, procedures) || !inside(g.diagnoses, diagnoses) {
                return Err(TableError("a policy points past its codes".into()));
            }
            let n = u32::try_from(n).map_err(|_| TableError("too many policies".into()))?;
            for i in g.procedures.0..g.procedures.1 {
                let column = packed.column(PROCEDURES);
                let (a, b) = (column.u32(2 * i as usize), column.u32(2 * i as usize + 1));
                match a == b {
                    true => by_code.entry(a).or_default().push(n),
                    false => ranges.push((a, b, n)),
                }
            }
        }
        Ok(Coverage { packed, groups: groups.into(), by_code: by_code.into(), ranges: ranges.into() })
    }

    pub fn meta(&self) -> &Meta {
        &self.packed.meta
    }

    /// The policies that name `code` on `on` in `state`, in the order of the file.
    pub fn policies<'a>(&'a self, code: Code, on: NaiveDate, state: &str) -> Vec<Policy<'a>> {
        let listed = self.by_code.get(&code.0).into_iter().flatten().copied();
        let within = self.ranges.iter().filter(|(a, b, _)| (*a..=*b).contains(&code.0)).map(|(_, _, n)| *n);
        let mut found: Vec<u32> = listed.chain(within).collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|n| self.groups.get(n as usize))
            .filter(|g| g.from <= on && g.through.is_none_or(|t| on <= t))
            .filter(|g| g.states.is_empty() || g.states.iter().any(|s| s == state))
            .map(|group| Policy { group, of: self })
            .collect()
    }
}

impl Policy<'_> {
    /// `L33797`
    pub fn id(&self) -> &str {
        &self.group.policy
    }
    /// `LCD L33797, article A56634: …`
    pub fn cite(&self) -> String {
        let g = self.group;
        let article = if g.article.is_empty() { String::new() } else { format!(", article {}", g.article) };
        let title = if g.title.is_empty() { String::new() } else { format!(": {}", g.title) };
        format!("{}{article}{title}", g.policy)
    }
    pub fn supports(&self) -> bool {
        self.group.supports
    }
    fn range(&self, i: usize) -> (u64, u64) {
        let column = self.of.packed.column(DIAGNOSES);
        (column.u64(2 * i), column.u64(2 * i + 1))
    }
    /// Whether the diagnosis, in normal form, is in the list of this row.
    pub fn lists(&self, code: &str) -> bool {
        let Some(key) = diagnosis(code, 0) else { return false };
        // Sorted by first code and without overlaps: the last that begins at or before it decides.
        let (start, end) = (self.group.diagnoses.0 as usize, self.group.diagnoses.1 as usize);
        let (mut low, mut high) = (start, end);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.range(mid).0 <= key { low = mid + 1 } else { high = mid }
        }
        low > start && key <= self.range(low - 1).1
    }
    /// The listed codes, at most `n` ranges.
    pub fn diagnoses(&self, n: usize) -> Vec<CodeRange> {
        let (start, end) = (self.group.diagnoses.0 as usize, self.group.diagnoses.1 as usize);
        (start..end)
            .take(n)
            .map(|i| {
                let (a, b) = self.range(i);
                CodeRange { first: letters(a), last: letters(b) }
            })
            .collect()
    }
}

/// A packed diagnosis back to text; the fillers at its end are dropped.
fn letters(mut n: u64) -> String {
    let mut out = [b' '; 7];
    for slot in out.iter_mut().rev() {
        let d = u8::try_from(n % 37).unwrap_or(0);
        *slot = match d {
            0 => b' ',
            1..=10 => b'0' + d - 1,
            _ => b'A' + d - 11,
        };
        n /= 37;
    }
    let text = String::from_utf8_lossy(&out).into_owned();
    // The filler of an open end reads as Z, which no ICD-10-CM code has behind its first letter.
    match text.trim_end().trim_end_matches('Z') {
        "" => "Z".to_string(),
        bare => bare.to_string(),
    }
}

fn spans(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split([' ', ';']).filter(|w| !w.is_empty()).map(|w| w.split_once('-').unwrap_or((w, w)))
}

/// Groups, procedures and diagnoses of a CSV.
#[derive(Default)]
pub(super) struct Built {
    groups: Vec<Group>,
    procedures: Vec<u8>,
    diagnoses: Vec<u8>,
}

pub(super) fn rows(file: &str, bytes: &[u8], out: &mut Built) -> Result<u64, ReadError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut begun = false;
    let mut n = 0;
    loop {
        let more = reader.read_byte_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        if !more.map_err(|e| ReadError::at(file, line, &format!("it is not a CSV record: {e}")))? {
            break;
        }
        let cell = |i: usize| latin1(record.get(i).unwrap_or(&[])).trim().to_string();
        if !begun {
            begun = is_header(&(0..record.len()).map(cell).collect::<Vec<_>>());
            if !begun {
                return Err(ReadError::at(
                    file,
                    line,
                    &format!("the first line has to be {}", HEADER.join(",")),
                ));
            }
            continue;
        }
        if (0..record.len()).all(|i| cell(i).is_empty()) {
            continue;
        }
        if record.len() != HEADER.len() {
            let why = format!("{} fields instead of {}", record.len(), HEADER.len());
            return Err(ReadError::at(file, line, &why));
        }
        group(&cell, out).map_err(|why| ReadError::at(file, line, &why))?;
        n += 1;
    }
    Ok(n)
}

pub(super) fn is_header(cells: &[String]) -> bool {
    cells.len() == HEADER.len()
        && cells.iter().zip(HEADER).all(|(a, b)| a.trim_start_matches('\u{feff}').eq_ignore_ascii_case(b))
}

fn group(cell: &dyn Fn(usize) -> String, out: &mut Built) -> Result<(), String> {
    let policy = cell(0);
    if policy.is_empty() {
        return Err("the policy has no number".into());
    }
    let supports = match cell(6).to_lowercase().as_str() {
        "yes" => true,
        "no" => false,
        other => return Err(format!("support is yes or no, not {other:?}")),
    };
    let day =
        |text: String| text.parse::<NaiveDate>().map_err(|_| format!("{text:?} is no day like 2026-01-01"));
    let from = day(cell(7))?;
    let through = match cell(8) {
        t if t.is_empty() => None,
        t => Some(day(t)?),
    };
    if through.is_some_and(|t| t < from) {
        return Err("it ends before it begins".into());
    }
    let first =
        |len: usize, width: usize| u32::try_from(len / width).map_err(|_| "too many codes".to_string());
    let procedures_from = first(out.procedures.len(), 8)?;
    for (a, b) in spans(&cell(4)) {
        let code = |t: &str| Code::new(&normal_code(t)).ok_or_else(|| format!("{t:?} is no procedure code"));
        let (a, b) = (code(a)?, code(b)?);
        if a > b {
            return Err(format!("{a}-{b} runs backwards"));
        }
        out.procedures.extend_from_slice(&a.0.to_le_bytes());
        out.procedures.extend_from_slice(&b.0.to_le_bytes());
    }
    let mut dx: Vec<(u64, u64)> = Vec::new();
    for (a, b) in spans(&cell(5)) {
        let wide = a != b || a.ends_with('*');
        let pack = |t: &str, fill| {
            let code = normal_code(t.trim_end_matches('*'));
            let formed = code.len() >= 3 || t.ends_with('*');
            diagnosis(&code, fill).filter(|_| formed).ok_or_else(|| format!("{t:?} is no diagnosis code"))
        };
        let (low, high) = (pack(a, 0)?, pack(b, if wide { 36 } else { 0 })?);
        if low > high {
            return Err(format!("{a}-{b} runs backwards"));
        }
        dx.push((low, high));
    }
    if procedures_from == first(out.procedures.len(), 8)? {
        return Err("it names no procedure".into());
    }
    if dx.is_empty() {
        return Err("it names no diagnosis".into());
    }
    dx.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (a, b) in dx {
        match merged.last_mut() {
            Some(last) if a <= last.1 => last.1 = last.1.max(b),
            _ => merged.push((a, b)),
        }
    }
    let diagnoses_from = first(out.diagnoses.len(), 16)?;
    for (a, b) in merged {
        out.diagnoses.extend_from_slice(&a.to_le_bytes());
        out.diagnoses.extend_from_slice(&b.to_le_bytes());
    }
    out.groups.push(Group {
        policy,
        article: cell(1),
        title: cell(2),
        states: cell(3).to_uppercase().split_whitespace().map(str::to_string).collect(),
        supports,
        from,
        through,
        procedures: (procedures_from, first(out.procedures.len(), 8)?),
        diagnoses: (diagnoses_from, first(out.diagnoses.len(), 16)?),
    });
    Ok(())
}

pub(super) fn columns(built: Built) -> Result<(usize, Vec<Vec<u8>>), serde_json::Error> {
    let groups = serde_json::to_vec(&built.groups)?;
    Ok((built.groups.len(), vec![groups, built.procedures, built.diagnoses]))
}

/// First day on which a row of these is in force: the release's own.
pub(super) fn first_day(built: &Built) -> Option<NaiveDate> {
    built.groups.iter().map(|g| g.from).min()
}
