//! A release: one table as published once, named by the hash of its content.
//!
//! Owns what a release says of itself (kind, release, effective days), its rows, and the one
//! canonical form both are written in: a line of JSON for the head, then a line a row. The same
//! table from two files of different form has the same hash; any change gives another.
//! Never touches a file. Pure; any thread.

use super::index::IndexTable;
use super::kind::Kind;
use super::pcs::{PcsDefinitionAxis, PcsDefinitions, PcsDevice, PcsTable, PcsTables};
use super::refusal::Refusal;
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of a release's canonical content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReleaseHash(pub [u8; 32]);

impl ReleaseHash {
    pub fn of(content: &[u8]) -> ReleaseHash {
        ReleaseHash(Sha256::digest(content).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<ReleaseHash> {
        let mut out = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(ReleaseHash(out))
    }
}

impl fmt::Display for ReleaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for ReleaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a release says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub kind: Kind,
    /// As its publisher names it: `FY2026`, `2026-07`.
    pub release: String,
    /// First day of service it is for.
    pub from: NaiveDate,
    /// Last day, when it is known.
    pub to: Option<NaiveDate>,
}

/// A line of an order file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Upper case, no dot.
    pub code: String,
    /// Valid for a claim; a heading otherwise.
    pub billable: bool,
    pub short: String,
    pub long: String,
}

/// A HCPCS Level II code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HcpcsRow {
    pub code: String,
    pub long: String,
    pub short: String,
    /// Coverage: C carrier judgment, D special instructions, I not payable, M non-covered, S statute.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub coverage: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub betos: String,
    pub added: Option<NaiveDate>,
    /// First day of what this row says.
    pub effective: Option<NaiveDate>,
    /// Last day on which the code is valid.
    pub ended: Option<NaiveDate>,
    /// What the release did to it: A added, B change of both, D discontinued, N nothing, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
}

/// A period of a list of valid codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodRow {
    pub code: String,
    pub from: NaiveDate,
    /// Nothing while it is open.
    pub to: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flags: String,
}

/// A row of a list that a site holds under its own licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    pub code: String,
    pub text: String,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// The rows of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Order files of ICD-10-CM and ICD-10-PCS, in tabular order.
    Order(Vec<OrderRow>),
    /// The Tabular List in the line form of the shipped table.
    Tabular(Vec<String>),
    /// Alphabetic Index, external causes, neoplasms, drugs, ICD-10-PCS index.
    Index(IndexTable),
    PcsTables(PcsTables),
    PcsDefinitions(PcsDefinitions),
    /// HCPCS codes or modifiers.
    Hcpcs(Vec<HcpcsRow>),
    Periods(Vec<PeriodRow>),
    /// POA-exempt codes, and lists of the institutional claim.
    List(Vec<ListRow>),
}

/// One table as published once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub meta: Meta,
    pub content: Content,
}

#[derive(Serialize, Deserialize)]
struct Head {
    codesk_table: u32,
    system: String,
    authority: String,
    #[serde(flatten)]
    meta: Meta,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
}

/// The version of the canonical form.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Definition {
    Axis(PcsDefinitionAxis),
    Device(PcsDevice),
}

impl Release {
    /// The canonical form: what is hashed, kept and handed on.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        let columns = match &self.content {
            Content::Index(t) => t.columns.clone(),
            _ => Vec::new(),
        };
        let head = Head {
            codesk_table: FORM,
            system: self.meta.kind.system_key().to_string(),
            authority: self.meta.kind.authority().to_string(),
            meta: self.meta.clone(),
            columns,
        };
        let mut out = serde_json::to_vec(&head)?;
        out.push(b'\n');
        let o = &mut out;
        match &self.content {
            Content::Order(rows) => write_rows(o, rows.iter())?,
            Content::Tabular(lines) => write_rows(o, lines.iter())?,
            Content::Index(t) => write_rows(o, t.entries().iter())?,
            Content::PcsTables(t) => write_rows(o, t.tables().iter())?,
            Content::PcsDefinitions(d) => {
                write_rows(o, d.axes.iter())?;
                write_rows(o, d.devices.iter())?;
            }
            Content::Hcpcs(rows) => write_rows(o, rows.iter())?,
            Content::Periods(rows) => write_rows(o, rows.iter())?,
            Content::List(rows) => write_rows(o, rows.iter())?,
        }
        Ok(out)
    }

    /// Reads the canonical form back.
    pub fn from_canonical(bytes: &[u8]) -> Result<Release, Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::whole("not a release of codesk"))?;
        let (first, rest) = text.split_once('\n').ok_or_else(|| Refusal::whole("not a release of codesk"))?;
        let head: Head = serde_json::from_str(first)
            .map_err(|e| Refusal::at(1, format!("not a release of codesk: {e}")))?;
        if head.codesk_table != FORM {
            let reason = format!("release form {}, this program reads {FORM}", head.codesk_table);
            return Err(Refusal::at(1, reason));
        }
        let content = match head.meta.kind {
            Kind::CmOrder | Kind::PcsOrder => Content::Order(read_rows(rest)?),
            Kind::CmTabular => Content::Tabular(read_rows(rest)?),
            Kind::CmIndex | Kind::CmExternalCause | Kind::CmNeoplasm | Kind::CmDrugs | Kind::PcsIndex => {
                Content::Index(IndexTable::new(head.columns, read_rows(rest)?)?)
            }
            Kind::PcsTables => Content::PcsTables(PcsTables::new(read_rows::<PcsTable>(rest)?)),
            Kind::PcsDefinitions => {
                let mut all = PcsDefinitions::default();
                for d in read_rows::<Definition>(rest)? {
                    match d {
                        Definition::Axis(a) => all.axes.push(a),
                        Definition::Device(d) => all.devices.push(d),
                    }
                }
                Content::PcsDefinitions(all)
            }
            Kind::Hcpcs | Kind::Modifiers => Content::Hcpcs(read_rows(rest)?),
            Kind::MceDiagnoses | Kind::MceProcedures => Content::Periods(read_rows(rest)?),
            Kind::PoaExempt
            | Kind::Cpt
            | Kind::Revenue
            | Kind::Condition
            | Kind::Occurrence
            | Kind::Value => Content::List(read_rows(rest)?),
        };
        Ok(Release { meta: head.meta, content })
    }

    /// How much is in it: what a person counts, the first figure being its rows.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        match &self.content {
            Content::Order(rows) => {
                vec![("rows", rows.len()), ("billable", rows.iter().filter(|r| r.billable).count())]
            }
            Content::Tabular(lines) => {
                let codes = lines.iter().filter(|l| l.starts_with("D\t")).count();
                let notes = lines.iter().filter(|l| l.starts_with("n\t")).count();
                vec![("codes", codes), ("notes", notes)]
            }
            Content::Index(t) => {
                let mut out = vec![("entries", t.len()), ("main terms", t.mains().count())];
                if !t.columns.is_empty() {
                    let cells = t.entries().iter().flat_map(|e| &e.cells).filter(|c| !c.is_empty()).count();
                    out.push(("codes in cells", cells));
                }
                out
            }
            Content::PcsTables(t) => vec![("tables", t.tables().len()), ("codes", t.codes().len())],
            Content::PcsDefinitions(d) => {
                let terms = d.axes.iter().map(|a| a.terms.len()).sum();
                vec![("terms", terms), ("devices", d.devices.len())]
            }
            Content::Hcpcs(rows) if self.meta.kind == Kind::Modifiers => vec![("modifiers", rows.len())],
            Content::Hcpcs(rows) => vec![("codes", rows.len())],
            Content::Periods(rows) => vec![("periods", rows.len())],
            Content::List(rows) => vec![("codes", rows.len())],
        }
    }
}

fn write_rows<T: Serialize>(
    out: &mut Vec<u8>,
    rows: impl Iterator<Item = T>,
) -> Result<(), serde_json::Error> {
    for row in rows {
        serde_json::to_writer(&mut *out, &row)?;
        out.push(b'\n');
    }
    Ok(())
}

fn read_rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Refusal> {
    // line 1 is the head
    let read =
        |(i, line)| serde_json::from_str(line).map_err(|e| Refusal::at(i + 2, format!("damaged row: {e}")));
    text.lines().enumerate().map(read).collect()
}
