//! The code tables inside the binary, and what a site adds to them.
//!
//! Owns the list of shipped tables (`code_tables/`, written by `build.py`), their provenance
//! lines, unpacking, and the hash that names a set of tables.
//! Never reads a file: shipped tables are compiled in, a site's come as values.
//! Pure; any thread.

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
    /// First and last day (`yyyymmdd`; last 0 while open) of a code.
    pub periods: Vec<(CodeSystem, String, u32, u32)>,
    /// Index terms: code or beginning of a code, and the path that leads to it.
    pub terms: Vec<(CodeSystem, String, String)>,
}

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

    /// Names the set: the same tables give the same hash, any change another.
    pub fn hash(&self) -> [u8; 32] {
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
        for (part, rows) in [("titles", &self.site.titles), ("terms", &self.site.terms)] {
            for (system, code, text) in rows {
                h.update(format!("{part}\t{}\t{code}\t{text}\n", system.key()));
            }
        }
        for (system, code, from, to) in &self.site.periods {
            h.update(format!("period\t{}\t{code}\t{from}\t{to}\n", system.key()));
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
