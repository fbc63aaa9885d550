//! Reading a chart file of the sample practice (`CHARTS.md` says how one is written).
//!
//! Owns the file format. Never makes records of it: that is `practice`.

use crate::domain::{Cents, DocumentStatus, VisitKind};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

static CHARTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/demo/charts");

#[derive(Debug, thiserror::Error)]
#[error("chart {file}: {problem}")]
pub struct ChartFileError {
    pub file: String,
    pub problem: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PatientHead {
    pub mrn: String,
    pub name: String,
    pub sex: String,
    pub birth: NaiveDate,
    pub street: String,
    pub city: String,
    pub state: String,
    pub zip: String,
    #[serde(default)]
    pub phone: String,
}

/// What a good coder ends with, in the text form of the command line.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Key {
    #[serde(default)]
    pub dx: Vec<String>,
    #[serde(default)]
    pub px: Vec<String>,
    #[serde(default)]
    pub lines: Vec<String>,
    #[serde(default)]
    pub admitting: Option<String>,
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ChargeHead {
    pub rev: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default = "one")]
    pub units: f64,
    pub amount: f64,
    #[serde(default)]
    pub date: Option<NaiveDate>,
    #[serde(default)]
    pub modifiers: Vec<String>,
}

fn one() -> f64 {
    1.0
}

impl ChargeHead {
    pub fn cents(&self) -> Cents {
        Cents((self.amount * 100.0).round() as i64)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Head {
    pub slug: String,
    pub kind: String,
    pub scope: String,
    pub account: u32,
    pub payer: String,
    #[serde(default)]
    pub secondary: Option<String>,
    #[serde(default)]
    pub member_id: Option<String>,
    pub dos: NaiveDate,
    #[serde(default)]
    pub discharge: Option<NaiveDate>,
    #[serde(default)]
    pub discharge_status: Option<String>,
    #[serde(default)]
    pub admit_type: Option<String>,
    #[serde(default)]
    pub admit_source: Option<String>,
    #[serde(default)]
    pub pos: Option<String>,
    pub forms: Vec<String>,
    pub provider: String,
    #[serde(default)]
    pub operating: Option<String>,
    #[serde(default)]
    pub referring: Option<String>,
    #[serde(default)]
    pub open_hold: Option<String>,
    pub patient: PatientHead,
    #[serde(default)]
    pub key: Key,
    #[serde(default, rename = "charge")]
    pub charges: Vec<ChargeHead>,
}

#[derive(Clone, Debug)]
pub struct DocumentPart {
    pub title: String,
    pub author: String,
    pub written: DateTime<Utc>,
    pub status: DocumentStatus,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct ChartFile {
    pub head: Head,
    pub documents: Vec<DocumentPart>,
}

impl ChartFile {
    pub fn kind(&self) -> Option<VisitKind> {
        match self.head.kind.as_str() {
            "office" => Some(VisitKind::Office),
            "ed" => Some(VisitKind::Emergency),
            "inpatient" => Some(VisitKind::Inpatient),
            "surgery" => Some(VisitKind::Surgery),
            "ancillary" => Some(VisitKind::Ancillary),
            _ => None,
        }
    }

    pub fn parse(name: &str, text: &str) -> Result<ChartFile, ChartFileError> {
        let bad = |problem: String| ChartFileError { file: name.to_string(), problem };
        let rest = text.strip_prefix("+++\n").ok_or_else(|| bad("does not begin with +++".into()))?;
        let (head, body) =
            rest.split_once("\n+++\n").ok_or_else(|| bad("the head does not end with +++".into()))?;
        let head: Head = toml::from_str(head).map_err(|e| bad(e.to_string()))?;
        let mut documents: Vec<DocumentPart> = Vec::new();
        for line in body.lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                documents.push(heading(title).map_err(bad)?);
            } else if let Some(d) = documents.last_mut() {
                d.text.push_str(line.trim_end());
                d.text.push('\n');
            } else if !line.trim().is_empty() {
                return Err(bad("text before the first document".into()));
            }
        }
        if documents.is_empty() {
            return Err(bad("no document".into()));
        }
        for d in &mut documents {
            d.text.truncate(d.text.trim_end().len());
        }
        Ok(ChartFile { head, documents })
    }
}

/// `Progress note | Shah, Anita MD | 2026-11-03 17:40 | signed`
fn heading(text: &str) -> Result<DocumentPart, String> {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let [title, author, written, status] = parts.as_slice() else {
        return Err(format!("a document begins with title | author | date time | status, not {text:?}"));
    };
    let written = NaiveDateTime::parse_from_str(written, "%Y-%m-%d %H:%M")
        .map_err(|_| format!("{written:?} is not a date and time"))?
        .and_utc();
    let status = match *status {
        "signed" => DocumentStatus::Signed,
        "unsigned" => DocumentStatus::Unsigned,
        "final" => DocumentStatus::Final,
        "addendum" => DocumentStatus::Addendum,
        other => return Err(format!("{other:?} is not a document status")),
    };
    Ok(DocumentPart {
        title: title.to_string(),
        author: author.to_string(),
        written,
        status,
        text: String::new(),
    })
}

/// Every chart written by hand, by account number.
pub fn chart_files() -> Result<Vec<ChartFile>, ChartFileError> {
    let mut out = Vec::new();
    for folder in CHARTS.dirs() {
        for file in folder.files() {
            let name = file.path().display().to_string();
            let text = file
                .contents_utf8()
                .ok_or_else(|| ChartFileError { file: name.clone(), problem: "is not UTF-8".into() })?;
            out.push(ChartFile::parse(&name, text)?);
        }
    }
    out.sort_by_key(|f| f.head.account);
    Ok(out)
}
