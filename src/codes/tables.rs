//! The shipped tables, unpacked: text with a provenance line.

use flate2::read::GzDecoder;
use include_dir::{Dir, include_dir};
use std::io::Read;

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/code_tables");

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the table {0} is missing from this build")]
    Missing(&'static str),
    #[error("the table {name} is damaged: {why}")]
    Damaged { name: &'static str, why: String },
    #[error("the table {name}, line {line}: {why}")]
    Line { name: &'static str, line: usize, why: &'static str },
}

/// Texts of the tables, each with its first line, the provenance, still on it.
pub struct Tables {
    pub cm_tabular: String,
    pub cm_valid: String,
    pub cm_titles: String,
    pub pcs_valid: String,
    pub pcs_titles: String,
    pub cm_usage: String,
    pub pcs_usage: String,
    pub shorthand: String,
    pub hcpcs: String,
}

fn packed(name: &'static str) -> Result<String, TableError> {
    let file = SHIPPED.get_file(name).ok_or(TableError::Missing(name))?;
    let mut text = String::new();
    GzDecoder::new(file.contents())
        .read_to_string(&mut text)
        .map_err(|e| TableError::Damaged { name, why: e.to_string() })?;
    Ok(text)
}

fn plain(name: &'static str) -> Result<String, TableError> {
    let file = SHIPPED.get_file(name).ok_or(TableError::Missing(name))?;
    file.contents_utf8().map(String::from).ok_or(TableError::Damaged { name, why: "is not text".into() })
}

impl Tables {
    pub fn shipped() -> Result<Tables, TableError> {
        Ok(Tables {
            cm_tabular: packed("icd10cm_tabular.txt.gz")?,
            cm_valid: packed("icd10cm_valid.txt.gz")?,
            cm_titles: packed("icd10cm_titles.txt.gz")?,
            pcs_valid: packed("icd10pcs_valid.txt.gz")?,
            pcs_titles: packed("icd10pcs_titles.txt.gz")?,
            cm_usage: packed("usage_icd10cm.txt.gz")?,
            pcs_usage: packed("usage_icd10pcs.txt.gz")?,
            shorthand: plain("shorthand.txt")?,
            hcpcs: plain("hcpcs_starter.txt")?,
        })
    }
}

/// The lines of a table after its provenance, with their numbers from 1.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, l)| (n + 1, l)).filter(|(_, l)| !l.is_empty() && !l.starts_with('#'))
}
