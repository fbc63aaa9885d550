//! From the bytes of a file to a release: which form it has, and for which days it is.
//!
//! Owns recognising a form by content, dating, and the checks that need what is already loaded.
//! The file's name is a hint for the year only where no content tells it. Pure.

use super::dating::{Fit, Known, fiscal_days};
use super::kind::Kind;
use super::licensed::Mapping;
use super::refusal::{Refusal, lines, text_of};
use super::release::{Content, Meta, OrderRow, Release, ReleaseHash};
use super::{
    addenda, hcpcs, index_addenda, index_csv, index_xml, licensed, order, pcs_xml, sheets, tabular, xml,
};
use crate::domain::{CodeSystem, normal_code};
use chrono::NaiveDate;

/// What the reader must know of the tables already loaded.
pub trait Library {
    /// Validity of a system's codes, as far as it is known.
    fn known(&self, system: CodeSystem) -> &Known;
    /// The site's columns of its licensed lists.
    fn mappings(&self) -> &[Mapping];
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

/// Reads one file of any form that is known here. A file may hold two tables: HCPCS codes and
/// modifiers come in one.
pub fn read(bytes: &[u8], stated: &Stated, library: &dyn Library) -> Result<Vec<Reading>, Refusal> {
    let latin1 = lines_of(bytes).take(60).any(|l| hcpcs::is_record(&String::from_utf8_lossy(l)));
    let text = text_of(bytes, latin1)?;
    let text = text.as_ref();
    let (at, first) = lines(text).find(|(_, l)| !l.trim().is_empty()).unwrap_or((1, ""));
    let one = |r: Result<Reading, Refusal>| r.map(|r| vec![r]);
    if latin1 {
        return anweb(text, stated);
    }
    if first.starts_with("{\"codesk_table\"") {
        return one(handed_on(bytes));
    }
    if first.trim_start().starts_with('<') {
        return one(from_xml(text, stated, library));
    }
    if index_csv::is_header(first) {
        return one(flat_index(text, stated, library));
    }
    if index_addenda::is_title(first) {
        return one(addenda_of_index(text, stated, library));
    }
    if sheets::is_poa(first) {
        return one(poa_exempt(text, stated, library));
    }
    if sheets::is_poa_change(first) {
        return Err(Refusal::at(
            at,
            "this lists changes of the POA-exempt list: import the complete list of the year",
        ));
    }
    if sheets::is_modifiers(first) {
        return one(modifiers(text, stated));
    }
    if sheets::is_periods(first) {
        return one(periods(text, stated));
    }
    if addenda::is_line(first) {
        return one(order_addenda(text, stated, library));
    }
    if let Some(fit) = licensed::fit(text, library.mappings()) {
        return one(licensed_list(text, &fit, stated));
    }
    // the first line of an order file may be the damaged one
    if lines(text).take(5).any(|(_, l)| order::is_row(l)) {
        return one(order_file(text, stated, library));
    }
    if lines(text).take(5).any(|(_, l)| looks_like_codes_file(l)) {
        return Err(Refusal::at(
            at,
            "this is the file of codes alone: import the order file of the same release",
        ));
    }
    Err(Refusal::at(
        at,
        "no code table known here begins so; a licensed list needs its column names in columns.toml in the data directory",
    ))
}

fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l))
}

/// `A000    Cholera due to …`: the codes file that comes with an order file.
fn looks_like_codes_file(line: &str) -> bool {
    let (code, gap) = (super::refusal::columns(line, 0, 7).trim_end(), super::refusal::columns(line, 7, 8));
    line.len() > 10
        && gap == " "
        && (order::is_code(CodeSystem::Icd10cm, code)
            || code.len() == 7 && order::is_code(CodeSystem::Icd10pcs, code))
}

/// A release as another site exports it.
fn handed_on(bytes: &[u8]) -> Result<Reading, Refusal> {
    let release = Release::from_canonical(bytes)?;
    let records = release.counts().first().map_or(0, |c| c.1);
    Ok(Reading::of(release, records))
}

fn fiscal(year: i32) -> Option<(NaiveDate, Option<NaiveDate>)> {
    fiscal_days(year).map(|(from, to)| (from, Some(to)))
}

fn from_xml(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let doc = xml::parse(text)?;
    let root = doc.root_element();
    let done = |kind, year, content: Content| {
        let release = Release { meta: meta(kind, stated, fiscal(year))?, content };
        let records = release.counts().first().map_or(0, |c| c.1);
        Ok(Reading::of(release, records))
    };
    match root.tag_name().name() {
        "ICD10CM.tabular" => {
            let t = tabular::read(root)?;
            checked_tabular(&t, library)?;
            done(Kind::CmTabular, t.year, Content::Tabular(t.lines))
        }
        "ICD10CM.index" | "ICD10PCS.index" => {
            let i = index_xml::read(root)?;
            done(i.kind, i.year, Content::Index(i.table))
        }
        "ICD10PCS.tabular" => {
            let (year, tables) = pcs_xml::tables(root)?;
            done(Kind::PcsTables, year, Content::PcsTables(tables))
        }
        "ICD10PCS.definitions" => {
            let (year, definitions) = pcs_xml::definitions(root)?;
            done(Kind::PcsDefinitions, year, Content::PcsDefinitions(definitions))
        }
        other => Err(Refusal::at(1, format!("XML with the root <{other}> is no code table known here"))),
    }
}

/// A Tabular List whose last codes are missing is well-formed XML all the same when chapters are.
fn checked_tabular(t: &tabular::Tabular, library: &dyn Library) -> Result<(), Refusal> {
    let known = library.known(CodeSystem::Icd10cm);
    let (Some((from, _)), false) = (fiscal_days(t.year), known.is_empty()) else { return Ok(()) };
    let listed: std::collections::HashSet<&str> = t.codes.iter().map(String::as_str).collect();
    let has = |code: &str| {
        // a code with a 7th character stands on the listed one without it and the X before it
        let mut stem = code;
        loop {
            if listed.contains(stem) {
                return true;
            }
            match stem.strip_suffix('X').or_else(|| stem.get(..stem.len() - 1).filter(|_| stem.len() == 7)) {
                Some(shorter) => stem = shorter,
                None => return false,
            }
        }
    };
    let first_day = super::dating::ymd(from);
    let mut missing: Vec<&str> = known.valid(first_day).filter(|c| !has(c)).collect();
    missing.sort_unstable();
    // a release within the year moves a few codes; it takes no whole category away
    let category = |c: &str| c.get(..3).is_some_and(|stem| !t.codes.iter().any(|l| l.starts_with(stem)));
    let lost = missing.iter().find(|c| category(c)).or(missing.get(200));
    match lost {
        Some(code) => Err(Refusal::whole(format!(
            "{} codes valid on {from} are missing, {code} among them: chapters are missing",
            missing.len()
        ))),
        None => Ok(()),
    }
}

/// The fiscal year whose codes a list names: the year in the file's name where several are as good.
fn year_of<'a>(
    system: CodeSystem,
    codes: impl Iterator<Item = &'a str>,
    stated: &Stated,
    library: &dyn Library,
) -> Option<(i32, usize)> {
    let (first, last, hits) = library.known(system).best_years(codes)?;
    let year = stated.year().filter(|y| (first..=last).contains(y)).unwrap_or(first);
    Some((year, hits))
}

fn flat_index(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let table = index_csv::read(text)?;
    let codes: Vec<String> = table
        .entries()
        .iter()
        .flat_map(|e| &e.codes)
        .filter(|c| !c.ends_with('-'))
        .map(|c| normal_code(c))
        .collect();
    let year = year_of(CodeSystem::Icd10cm, codes.iter().map(String::as_str), stated, library).map(|y| y.0);
    let records = table.len();
    let meta = meta(Kind::CmIndex, stated, year.and_then(fiscal))?;
    Ok(Reading::of(Release { meta, content: Content::Index(table) }, records))
}

fn addenda_of_index(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let addenda = index_addenda::read(text)?;
    let before = fiscal_days(addenda.year - 1);
    let base = library
        .releases(Kind::CmIndex)
        .into_iter()
        .rev()
        .find(|(_, m)| before.is_some_and(|(from, _)| m.from == from));
    let Some((hash, base_meta)) = base else {
        return Err(Refusal::whole(format!(
            "these addenda change the Alphabetic Index of {} into that of {}; the index of {} is not loaded: import it first",
            addenda.year - 1,
            addenda.year,
            addenda.year - 1
        )));
    };
    let Release { content: Content::Index(table), .. } = library.load(hash)? else {
        return Err(Refusal::whole("the loaded index is damaged: import it again"));
    };
    let (table, mut remarks) = index_addenda::apply(&addenda, &table)?;
    let meta = meta(Kind::CmIndex, stated, fiscal(addenda.year))?;
    let mut reading = Reading::of(Release { meta, content: Content::Index(table) }, addenda.changes());
    reading.base = Some(hash);
    remarks.insert(0, format!("applied to {} {}", Kind::CmIndex.label(), base_meta.release));
    reading.remarks = remarks;
    Ok(reading)
}

fn poa_exempt(text: &str, stated: &Stated, library: &dyn Library) -> Result<Reading, Refusal> {
    let (rows, row_lines) = sheets::poa_exempt(text)?;
    let codes = || rows.iter().map(|r| r.code.as_str());
    let mut year = year_of(CodeSystem::Icd10cm, codes(), stated, library);
    if let Some((y, hits)) = year
        && hits < rows.len()
        && stated.from.is_none()
    {
        let known = library.known(CodeSystem::Icd10cm);
        let day = fiscal_days(y).map_or(0, |d| super::dating::ymd(d.0));
        let strange =
            rows.iter().position(|r| !known.periods(&r.code).is_empty() && !known.valid_on(&r.code, day));
        if let Some(i) = strange {
            let reason = format!(
                "{} is not valid in fiscal year {y}, whose codes the others are: the file mixes years",
                rows[i].code
            );
            return Err(Refusal::at(row_lines[i], reason));
        }
        // codes nobody knows yet: a newer list than the validity lists at hand
        year = stated.year().map(|y| (y, hits));
    }
    let records = rows.len();
    let meta = meta(Kind::PoaExempt, stated, year.and_then(|y| fiscal(y.0)))?;
    Ok(Reading::of(Release { meta, content: Content::List(rows) }, records))
}

fn anweb(text: &str, stated: &Stated) -> Result<Vec<Reading>, Refusal> {
    let file = hcpcs::read(text)?;
    let day = hcpcs::release_day(&file.codes).map(|d| (d, None));
    let mut out = Vec::new();
    for (kind, rows) in [(Kind::Hcpcs, file.codes), (Kind::Modifiers, file.modifiers)] {
        if !rows.is_empty() {
            let meta = meta(kind, stated, day)?;
            out.push(Reading::of(Release { meta, content: Content::Hcpcs(rows) }, file.records));
        }
    }
    Ok(out)
}

fn modifiers(text: &str, stated: &Stated) -> Result<Reading, Refusal> {
    let rows = sheets::modifiers(text)?;
    let records = rows.len();
    let meta = meta(Kind::Modifiers, stated, hcpcs::release_day(&rows).map(|d| (d, None)))?;
    Ok(Reading::of(Release { meta, content: Content::Hcpcs(rows) }, records))
}

fn periods(text: &str, stated: &Stated) -> Result<Reading, Refusal> {
    let (system, horizon, rows) = sheets::periods(text)?;
    let kind = if system == CodeSystem::Icd10pcs { Kind::MceProcedures } else { Kind::MceDiagnoses };
    let first = rows.iter().map(|r| r.from).max();
    let records = rows.len();
    let meta = meta(kind, stated, first.map(|f| (f, Some(horizon))))?;
    Ok(Reading::of(Release { meta, content: Content::Periods(rows) }, records))
}

fn licensed_list(text: &str, fit: &licensed::Fit<'_>, stated: &Stated) -> Result<Reading, Refusal> {
    let (kind, rows) = licensed::read(text, fit)?;
    let year = stated.year().and_then(|y| NaiveDate::from_ymd_opt(y, 1, 1)).map(|d| (d, None));
    let records = rows.len();
    let meta = meta(kind, stated, year)?;
    Ok(Reading::of(Release { meta, content: Content::List(rows) }, records))
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
                let mut reading =
                    Reading::of(Release { meta, content: Content::Order(rows) }, addenda.changes());
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
