//! The code tables inside the binary, and what a site adds to them.
//!
//! Owns the list of shipped tables (`code_tables/`, written by `build.py`), their provenance
//! lines, unpacking, and the hash that names a set of tables.
//! Never reads a file: shipped tables are compiled in, a site's come as values.
//! Pure; any thread.

use super::import::{Kind, ReleaseHash};
use super::{BookError, CodeSystem};
use flate2::{Crc, read::GzDecoder};
use sha2::{Digest, Sha256};
use std::io::Read;

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../code_tables/", $name)))),*]
    };
}

static SHIPPED: &[(&str, &[u8])] = shipped![
    "icd10cm_tabular.txt.gz",
    "icd10cm_titles.txt.gz",
    "icd10cm_valid.txt.gz",
    "icd10pcs_titles.txt.gz",
    "icd10pcs_valid.txt.gz",
    "icd10pcs_terms.txt.gz",
    "place_of_service.txt.gz",
    "usage_icd10cm.txt.gz",
    "usage_icd10pcs.txt.gz",
    "shorthand.txt",
    "aliases.txt",
    "hcpcs_starter.txt",
];

/// What a site has imported: it wins over what ships.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteTables {
    /// Codes and their titles.
    pub titles: Vec<(CodeSystem, String, String)>,
    /// First and last day (`yyyymmdd`; last 0 while open) of a code; a code valid in several
    /// periods comes several times. They replace what ships for the code.
    pub periods: Vec<(CodeSystem, String, u32, u32)>,
    /// Systems whose periods are all given here: nothing that ships says when their codes are valid.
    pub decided: Vec<CodeSystem>,
    /// Index terms: code or beginning of a code, and the path that leads to it.
    pub terms: Vec<(CodeSystem, String, String)>,
    /// The Tabular List in the form of the shipped table.
    pub tabular: Option<String>,
    /// Codes exempt from present-on-admission reporting.
    pub poa_lists: Vec<PoaList>,
    /// Lists of the claim that are no code system: modifiers, revenue codes, …
    pub lists: Vec<SiteList>,
    /// First and last day in which a system's codes are all loaded: one that is not there then is
    /// no code.
    pub complete: Vec<(CodeSystem, u32, u32)>,
    /// Names the set when it is made of releases; else its content does.
    pub name: Option<[u8; 32]>,
}

/// One official list of codes exempt from present-on-admission reporting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoaList {
    /// First and last day (0 while open), `yyyymmdd`.
    pub from: u32,
    pub to: u32,
    pub codes: Vec<String>,
}

/// A code of a list of the claim.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteList {
    pub kind: Kind,
    pub code: String,
    pub text: String,
    /// First and last day (0 while open), `yyyymmdd`.
    pub from: u32,
    pub to: u32,
}

/// A code with the first and last days (yyyymmdd) of the times in which it is valid.
pub type CodePeriods = (String, Vec<(u32, u32)>);

/// A set of tables a book is made from.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub site: SiteTables,
}

/// Where a shipped table is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub table: &'static str,
    pub line: String,
}

impl Tables {
    /// What every copy of the program carries.
    pub fn shipped() -> Tables {
        Tables::default()
    }

    pub fn with_site(site: SiteTables) -> Tables {
        Tables { site }
    }

    /// The hash of the shipped tables with a set of releases, without loading them.
    pub fn hash_with(releases: &[ReleaseHash]) -> [u8; 32] {
        let mut h = shipped_hash();
        for r in releases {
            h.update(r.0);
        }
        h.finalize().into()
    }

    /// When each code of a system is valid, by the shipped list.
    pub fn shipped_periods(system: CodeSystem) -> Result<Vec<CodePeriods>, BookError> {
        let table = match system {
            CodeSystem::Icd10cm => "icd10cm_valid.txt.gz",
            CodeSystem::Icd10pcs => "icd10pcs_valid.txt.gz",
            CodeSystem::Cpt | CodeSystem::Hcpcs => return Ok(Vec::new()),
        };
        let text = Tables::shipped().text(table)?;
        Ok(records(&text).map(|r| (field(&r, 0).to_string(), periods_of(field(&r, 1)))).collect())
    }

    /// Names the set: the same tables give the same hash, any change another.
    pub fn hash(&self) -> [u8; 32] {
        if let Some(name) = self.site.name {
            return name;
        }
        let mut h = shipped_hash();
        for (part, rows) in [("titles", &self.site.titles), ("terms", &self.site.terms)] {
            for (system, code, text) in rows {
                h.update(format!("{part}\t{}\t{code}\t{text}\n", system.key()));
            }
        }
        for (system, code, from, to) in &self.site.periods {
            h.update(format!("period\t{}\t{code}\t{from}\t{to}\n", system.key()));
        }
        for system in &self.site.decided {
            h.update(format!("decided\t{}\n", system.key()));
        }
        for list in &self.site.poa_lists {
            h.update(format!("poa\t{}\t{}\t{}\n", list.from, list.to, list.codes.join(" ")));
        }
        for l in &self.site.lists {
            h.update(format!("{}\t{}\t{}\t{}\t{}\n", l.kind.key(), l.code, l.text, l.from, l.to));
        }
        for (system, from, to) in &self.site.complete {
            h.update(format!("complete\t{}\t{from}\t{to}\n", system.key()));
        }
        if let Some(tabular) = &self.site.tabular {
            h.update(tabular);
        }
        h.finalize().into()
    }

    /// The text of a shipped table without its comment lines.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, BookError> {
        let raw = raw(name)?;
        let text = match name.ends_with(".gz") {
            true => {
                let mut text = String::new();
                GzDecoder::new(raw).read_to_string(&mut text).map_err(|_| BookError::Table(name))?;
                text
            }
            false => std::str::from_utf8(raw).map_err(|_| BookError::Table(name))?.to_string(),
        };
        Ok(text)
    }

    /// Provenance lines of the shipped tables.
    pub fn provenance(&self) -> Result<Vec<Provenance>, BookError> {
        SHIPPED
            .iter()
            .map(|(name, _)| {
                let text = self.text(name)?;
                let line = text.lines().next().unwrap_or("").trim_start_matches("# ").to_string();
                Ok(Provenance { table: name, line })
            })
            .collect()
    }
}

fn shipped_hash() -> Sha256 {
    let mut h = Sha256::new();
    h.update(super::format::FORMAT_VERSION.to_le_bytes());
    for (name, bytes) in SHIPPED {
        // A CRC a table keeps the start of the program short; nobody forges shipped tables.
        let mut crc = Crc::new();
        crc.update(bytes);
        h.update(name.as_bytes());
        h.update((bytes.len() as u64).to_le_bytes());
        h.update(crc.sum().to_le_bytes());
    }
    h
}

/// `20151001-20200930,20221001-` as first and last days, 0 while open.
pub(crate) fn periods_of(text: &str) -> Vec<(u32, u32)> {
    text.split(',')
        .filter_map(|p| p.split_once('-'))
        .map(|(from, to)| (from.parse().unwrap_or(0), to.parse().unwrap_or(0)))
        .collect()
}

fn raw(name: &'static str) -> Result<&'static [u8], BookError> {
    SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, b)| *b).ok_or(BookError::Table(name))
}

/// The records of a table: lines split at tabs, comments and blank lines left out.
pub(crate) fn records(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(|l| l.split('\t').collect())
}

/// Shortest tab-separated record: field `i`, or nothing.
pub(crate) fn field<'a>(record: &[&'a str], i: usize) -> &'a str {
    record.get(i).copied().unwrap_or("")
}
