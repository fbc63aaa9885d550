//! From the bytes of a file to a release: which form it has, and for which days it is.
//!
//! Owns recognising a form by content, dating, and the checks that need what is already loaded.
//! The file's name is a hint for the year only where no content tells it. Pure.

use super::dating::{Fit, Known, fiscal_days};
use super::kind::Kind;
use super::refusal::{Refusal, text_of};
use super::release::{Content, Meta, OrderRow, Release, ReleaseHash};
use super::{addenda, order};
use crate::domain::CodeSystem;
use chrono::NaiveDate;

/// What the reader must know of the tables already loaded.
pub trait Library {
    /// Validity of a system's codes, as far as it is known.
    fn known(&self, system: CodeSystem) -> &Known;
    /// Loaded releases of a kind, in the order of their import.
    fn releases(&self, kind: Kind) -> Vec<(ReleaseHash, Meta)>;
    /// A loaded release.
    fn load(&self, hash: ReleaseHash) -> Result<Release, Refusal>;
}

/// What the caller says of a file, and its name.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// File name without folders: a hint for the year where the content has none.
    pub name: String,
    pub release: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Stated {
    /// The year in the file's name: `icd10cm_order_2028.txt`, `POAexemptCodesFY28.txt`.
    fn year(&self) -> Option<i32> {
        let digits = |s: &str| s.chars().take_while(char::is_ascii_digit).collect::<String>();
        let name = &self.name;
        let full = name.match_indices("20").map(|(i, _)| digits(&name[i..])).find(|d| d.len() == 4);
        let short =
            || name.to_ascii_uppercase().find("FY").map(|i| digits(&name[i + 2..])).filter(|d| d.len() == 2);
        full.or_else(|| short().map(|d| format!("20{d}"))).and_then(|d| d.parse().ok())
    }
}

/// A file, read whole.
#[derive(Clone, Debug)]
pub struct Reading {
    pub release: Release,
    /// Records of the file itself, which addenda have fewer of than the release they make.
    pub records: usize,
    /// The release that addenda were applied to.
    pub base: Option<ReleaseHash>,
    /// What the person who imports should know.
    pub remarks: Vec<String>,
}

impl Reading {
    pub(super) fn of(release: Release, records: usize) -> Reading {
        Reading { release, records, base: None, remarks: Vec::new() }
    }
}

/// Reads one file of any form that is known here.
pub fn read(bytes: &[u8], stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let text = text_of(bytes, false)?;
    let text = text.as_ref();
    let (first_line, first) =
        super::refusal::lines(text).find(|(_, l)| !l.trim().is_empty()).unwrap_or((1, ""));
    if order::is_row(first) || first.starts_with("0000") {
        return order_file(text, stated, library);
    }
    if addenda::is_line(first) {
        return order_addenda(text, stated, library);
    }
    Err(Refusal::at(first_line, "no code table known here begins so"))
}

fn rows_with_lines(rows: &[OrderRow]) -> Vec<(&str, usize)> {
    rows.iter().enumerate().filter(|(_, r)| r.billable).map(|(i, r)| (r.code.as_str(), i + 1)).collect()
}

/// The days a fiscal year's release is for: as stated, else as the codes say, else as the year says.
pub(super) fn meta(
    kind: Kind,
    stated: &Stated,
    told: Option<(NaiveDate, Option<NaiveDate>)>,
) -> Result<Meta, Refusal> {
    let (from, to) = match (stated.from, told) {
        (Some(from), _) => (from, stated.to),
        (None, Some((from, to))) => (from, stated.to.or(to)),
        (None, None) => {
            return Err(Refusal::whole(
                "nothing in the file says for which days it is: give --from and --to",
            ));
        }
    };
    if to.is_some_and(|to| to < from) {
        return Err(Refusal::whole("the last day is before the first"));
    }
    let year = super::dating::fiscal_year(from);
    let starts = fiscal_days(year).is_some_and(|(first, _)| first == from);
    let name = match (&stated.release, starts, kind.system()) {
        (Some(name), _, _) => name.clone(),
        (None, true, Some(CodeSystem::Icd10cm | CodeSystem::Icd10pcs)) => format!("FY{year}"),
        _ => from.format("%Y-%m-%d").to_string(),
    };
    Ok(Meta { kind, release: name, from, to })
}

fn order_file(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let system = order::system_of(text);
    let kind = if system == CodeSystem::Icd10cm { Kind::CmOrder } else { Kind::PcsOrder };
    let rows = order::read(system, text)?;
    let told = match library.known(system).fit(system, &rows_with_lines(&rows)) {
        Ok(Fit::Days(from, to)) => Some((from, Some(to))),
        Ok(Fit::Newer) => stated.year().and_then(fiscal_days).map(|(from, to)| (from, Some(to))),
        // whoever states the days answers for them; a gap in the numbers has been refused before
        Err(_) if stated.from.is_some() => None,
        Err(refusal) => return Err(refusal),
    };
    let records = rows.len();
    let meta = meta(kind, stated, told)?;
    Ok(Reading::of(Release { meta, content: Content::Order(rows) }, records))
}

fn order_addenda(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let addenda = addenda::read(text)?;
    let (kind, word) = match addenda.system {
        CodeSystem::Icd10cm => (Kind::CmOrder, "icd10cm"),
        _ => (Kind::PcsOrder, "icd10pcs"),
    };
    let mut why = None;
    for (hash, base_meta) in library.releases(kind).into_iter().rev() {
        let Release { content: Content::Order(base), .. } = library.load(hash)? else { continue };
        if base.iter().filter(|r| r.billable).count() != addenda.base.1 {
            continue;
        }
        match addenda::apply(&addenda, &base) {
            Ok(rows) => {
                let told = fiscal_days(addenda.result.0).map(|(from, to)| (from, Some(to)));
                let meta = meta(kind, stated, told)?;
                let mut reading = Reading::of(Release { meta, content: Content::Order(rows) }, addenda.changes());
                reading.base = Some(hash);
                reading.remarks.push(format!("applied to {} {}", kind.label(), base_meta.release));
                return Ok(reading);
            }
            Err(refusal) => why = Some(refusal),
        }
    }
    let ((base, codes), (result, _)) = (addenda.base, addenda.result);
    Err(why.unwrap_or_else(|| {
        Refusal::whole(format!(
            "these addenda change the order file of {base} ({codes} codes) into that of {result}; \
             the file of {base} is not loaded: import {word}_order_{base}.txt first, or the complete \
             order file of {result} instead"
        ))
    }))
}
