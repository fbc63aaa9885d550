//! Medically unlikely edits: the most units of a code that one patient has from one provider.
//!
//! Owns the reader of the CSV, the packed form and the lookup. A row has no dates: the release has. Source:
//! CMS MUE files (`MCR_MUE_PractitionerServices_Eff_10-01-2026.csv` and its two sisters); the adjudication
//! indicator (MAI) from CMS MLN 8853: 1 line edit, 2 day edit that is policy, 3 day edit that is clinical.

use super::{
    Kind, Meta, TableError,
    key::Code,
    pack::Packed,
    read::ReadError,
    text::{Words, latin1},
};

/// How the limit is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mai {
    /// 1: to each line.
    Line,
    /// 2: to the day, absolutely.
    DayPolicy,
    /// 3: to the day; more is paid on appeal with records.
    DayClinical,
}

impl Mai {
    pub fn digit(self) -> char {
        match self {
            Mai::Line => '1',
            Mai::DayPolicy => '2',
            Mai::DayClinical => '3',
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MueLimit<'a> {
    /// Whole units.
    pub units: u32,
    pub mai: Mai,
    pub rationale: &'a str,
}

const CODE: usize = 0;
const UNITS: usize = 1;
const MAI: usize = 2;
const WORD: usize = 3;

#[derive(Clone)]
pub struct Mue {
    packed: Packed,
    rows: usize,
}

impl Mue {
    pub(super) fn open(packed: Packed) -> Result<Mue, TableError> {
        let rows = usize::try_from(packed.meta.rows).map_err(|_| TableError("too many rows".into()))?;
        for (column, width) in [(CODE, 4), (UNITS, 4), (MAI, 1), (WORD, 1)] {
            packed.expect(column, rows, width)?;
        }
        let codes = packed.column(CODE);
        if !(1..rows).all(|i| codes.u32(i - 1) < codes.u32(i)) {
            return Err(TableError("its codes are out of order".into()));
        }
        Ok(Mue { packed, rows })
    }

    pub fn meta(&self) -> &Meta {
        &self.packed.meta
    }

    pub fn limit(&self, code: Code) -> Option<MueLimit<'_>> {
        let codes = self.packed.column(CODE);
        let at = codes.lower_bound(0..self.rows, code.0);
        if at >= self.rows || codes.u32(at) != code.0 {
            return None;
        }
        let mai = match self.packed.column(MAI).u8(at) {
            1 => Mai::Line,
            2 => Mai::DayPolicy,
            _ => Mai::DayClinical,
        };
        let word = usize::from(self.packed.column(WORD).u8(at));
        let rationale = self.packed.meta.words.get(word).map_or("", String::as_str);
        Some(MueLimit { units: self.packed.column(UNITS).u32(at), mai, rationale })
    }
}

/// Which of the three tables a header names.
pub(super) fn kind_of(header: &str) -> Option<Kind> {
    let h = header.to_lowercase();
    if !h.contains("mue value") {
        return None;
    }
    match () {
        () if h.contains("practitioner") => Some(Kind::MuePractitioner),
        () if h.contains("outpatient") => Some(Kind::MueOutpatient),
        () if h.contains("dme") => Some(Kind::MueDme),
        () => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    code: Code,
    units: u32,
    mai: u8,
    word: u8,
}

pub(super) fn rows(file: &str, bytes: &[u8], words: &mut Words) -> Result<Vec<Row>, ReadError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut out: Vec<Row> = Vec::new();
    let mut begun = false;
    loop {
        let more = reader.read_byte_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        if !more.map_err(|e| ReadError::at(file, line, &format!("it is not a CSV record: {e}")))? {
            break;
        }
        let cell = |i: usize| record.get(i).unwrap_or(&[]).trim_ascii();
        let header: String = (0..record.len()).map(|i| latin1(cell(i))).collect::<Vec<_>>().join(" ");
        if !begun {
            begun = kind_of(&header).is_some() && cell(0).to_ascii_uppercase().starts_with(b"HCPCS");
            continue;
        }
        if (0..record.len()).all(|i| cell(i).is_empty()) {
            continue;
        }
        let fail = |why: String| ReadError::at(file, line, &why);
        if kind_of(&header).is_some() {
            return Err(fail("a second header: two files were put together".into()));
        }
        if record.len() < 3 {
            return Err(fail(format!("the row is cut short: {} fields instead of 4", record.len())));
        }
        let code =
            Code::of(cell(0)).ok_or_else(|| fail(format!("{:?} is no procedure code", latin1(cell(0)))))?;
        let units = latin1(cell(1));
        let units: u32 = units.parse().map_err(|_| fail(format!("the MUE value {units:?} is no number")))?;
        let mai = match cell(2).first() {
            Some(m @ b'1'..=b'3') => m - b'0',
            _ => {
                return Err(fail(format!(
                    "the adjudication indicator {:?} is not 1, 2 or 3",
                    latin1(cell(2))
                )));
            }
        };
        out.push(Row { code, units, mai, word: words.number(&latin1(cell(3))) });
    }
    if !begun {
        return Err(ReadError::at(file, 1, "there is no header with \"MUE Values\""));
    }
    Ok(out)
}

/// Sorted columns; a code with two values is refused.
pub(super) fn columns(file: &str, mut rows: Vec<Row>) -> Result<(usize, Vec<Vec<u8>>), ReadError> {
    rows.sort_unstable();
    rows.dedup();
    if let Some(w) = rows.windows(2).find(|w| w[0].code == w[1].code) {
        return Err(ReadError::whole(file, &format!("{} stands twice with different values", w[0].code)));
    }
    let mut c: Vec<Vec<u8>> = vec![Vec::new(); 4];
    for r in &rows {
        c[CODE].extend_from_slice(&r.code.0.to_le_bytes());
        c[UNITS].extend_from_slice(&r.units.to_le_bytes());
        c[MAI].push(r.mai);
        c[WORD].push(r.word);
    }
    Ok((rows.len(), c))
}
