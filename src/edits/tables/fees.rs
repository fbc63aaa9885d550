//! The Medicare physician fee schedule: what may be billed how. Indicators only; no money is kept.
//!
//! Owns the readers of `PPRRVU…` as fixed-width text and as CSV, the packed form and the lookup by code and
//! modifier (26, TC, 53). Layout of the text, places from 1: 1-5 code, 6-7 modifier, 58 status, 73-74 and
//! 82-83 NA in office and facility, 103 PC/TC, 104-106 global days, 116 multiple, 117 bilateral, 118
//! assistant, 119 co-surgeon, 120 team. In the CSV the global days stand in the column `DAYS` and the
//! others around it. Source: CMS PPRRVU record layout; meanings: CMS Pub. 100-04 ch. 23 addendum MPFSDB.

use super::{
    Meta, TableError,
    key::Code,
    pack::Packed,
    read::ReadError,
    text::{field, latin1, lines},
};

const KEY: usize = 0;
const ROW: usize = 1;
/// Status, PC/TC, global (3), multiple, bilateral, assistant, co-surgeon, team, NA bits.
const WIDTH: usize = 11;

/// The indicators of one row, as the file writes them; a blank is `' '`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeRow(pub(super) [u8; WIDTH]);

impl FeeRow {
    fn letter(self, i: usize) -> char {
        char::from(self.0[i])
    }
    /// A active, B bundled, C carrier-priced, I not valid for Medicare, N not covered, R restricted, T ...
    pub fn status(self) -> char {
        self.letter(0)
    }
    /// 0 to 9.
    pub fn pc_tc(self) -> char {
        self.letter(1)
    }
    /// `000`, `010`, `090`, `MMM`, `XXX`, `YYY`, `ZZZ`.
    pub fn global(&self) -> &str {
        std::str::from_utf8(&self.0[2..5]).unwrap_or("")
    }
    /// 0: no reduction for several procedures applies.
    pub fn multiple(self) -> char {
        self.letter(5)
    }
    pub fn bilateral(self) -> char {
        self.letter(6)
    }
    pub fn assistant(self) -> char {
        self.letter(7)
    }
    pub fn co_surgeon(self) -> char {
        self.letter(8)
    }
    pub fn team(self) -> char {
        self.letter(9)
    }
    /// Rarely or never done outside a facility.
    pub fn not_in_office(self) -> bool {
        self.0[10] & 1 != 0
    }
    /// Rarely or never done in a facility.
    pub fn not_in_facility(self) -> bool {
        self.0[10] & 2 != 0
    }
}

#[derive(Clone)]
pub struct Fees {
    packed: Packed,
    rows: usize,
}

/// Code, then the modifier of the row: none, 26, TC or 53.
fn key(code: Code, modifier: &str) -> Option<u32> {
    let m = match modifier {
        "" => 0,
        "26" => 1,
        "TC" => 2,
        "53" => 3,
        _ => return None,
    };
    Some(code.0 * 4 + m)
}

impl Fees {
    pub(super) fn open(packed: Packed) -> Result<Fees, TableError> {
        let rows = usize::try_from(packed.meta.rows).map_err(|_| TableError("too many rows".into()))?;
        packed.expect(KEY, rows, 4)?;
        packed.expect(ROW, rows, WIDTH)?;
        let keys = packed.column(KEY);
        if !(1..rows).all(|i| keys.u32(i - 1) < keys.u32(i)) {
            return Err(TableError("its codes are out of order".into()));
        }
        Ok(Fees { packed, rows })
    }

    pub fn meta(&self) -> &Meta {
        &self.packed.meta
    }

    /// The row of the whole service.
    pub fn row(&self, code: Code) -> Option<FeeRow> {
        self.row_with(code, "")
    }

    /// The row of the professional (26) or technical (TC) part, or of a discontinued one (53).
    pub fn row_with(&self, code: Code, modifier: &str) -> Option<FeeRow> {
        let key = key(code, modifier)?;
        let keys = self.packed.column(KEY);
        let at = keys.lower_bound(0..self.rows, key);
        if at >= self.rows || keys.u32(at) != key {
            return None;
        }
        self.packed.column(ROW).0.get(at * WIDTH..(at + 1) * WIDTH)?.try_into().ok().map(FeeRow)
    }
}

const GLOBALS: [&[u8]; 7] = [b"000", b"010", b"090", b"MMM", b"XXX", b"YYY", b"ZZZ"];

fn row(cells: [&[u8]; 8], office: bool, facility: bool) -> Result<FeeRow, String> {
    let [status, pc_tc, global, multiple, bilateral, assistant, co, team] = cells;
    let mut out = [b' '; WIDTH];
    let mut put = |at: usize, cell: &[u8], what: &str, ok: &dyn Fn(u8) -> bool| match cell {
        [] => Ok(()),
        [c] if ok(*c) => {
            out[at] = *c;
            Ok(())
        }
        _ => Err(format!("{:?} is no {what}", latin1(cell))),
    };
    let digit = |c: u8| c.is_ascii_digit();
    put(0, status, "status code", &|c| c.is_ascii_uppercase())?;
    put(1, pc_tc, "PC/TC indicator", &digit)?;
    put(5, multiple, "indicator of several procedures", &digit)?;
    put(6, bilateral, "bilateral indicator", &digit)?;
    put(7, assistant, "assistant indicator", &digit)?;
    put(8, co, "co-surgeon indicator", &digit)?;
    put(9, team, "team indicator", &digit)?;
    if !GLOBALS.contains(&global) {
        return Err(format!("{:?} is no global period (000, 010, 090, MMM, XXX, YYY, ZZZ)", latin1(global)));
    }
    out[2..5].copy_from_slice(global);
    out[10] = u8::from(office) | u8::from(facility) << 1;
    Ok(FeeRow(out))
}

pub(super) type Keyed = (u32, FeeRow);

/// A row of the text form.
pub(super) fn is_text_row(line: &[u8]) -> bool {
    line.len() >= 120 && Code::of(&line[..5]).is_some() && GLOBALS.contains(&field(line, 104, 106))
}

pub(super) fn text_rows(file: &str, bytes: &[u8]) -> Result<Vec<Keyed>, ReadError> {
    let mut out = Vec::new();
    let mut begun = false;
    for (n, line) in lines(bytes) {
        if line.trim_ascii().is_empty() || (!begun && (line.starts_with(b"HDR") || !is_text_row(line))) {
            continue;
        }
        begun = true;
        let fail = |why: String| ReadError::at(file, n, &why);
        if line.len() < 120 {
            return Err(fail("the row is cut short; it needs at least 120 characters".into()));
        }
        let at = |a, b| field(line, a, b).trim_ascii();
        let code = Code::of(&line[..5]).ok_or_else(|| fail("there is no code in places 1 to 5".into()))?;
        let modifier = latin1(at(6, 7));
        let key = key(code, &modifier).ok_or_else(|| fail(format!("{modifier:?} is no row modifier")))?;
        let cells = [
            at(58, 58),
            at(103, 103),
            field(line, 104, 106),
            at(116, 116),
            at(117, 117),
            at(118, 118),
            at(119, 119),
            at(120, 120),
        ];
        out.push((key, row(cells, at(73, 74) == b"NA", at(82, 83) == b"NA").map_err(fail)?));
    }
    Ok(out)
}

/// Columns before the global days, and after: PC/TC, then three shares, then the surgery indicators.
fn header_column(record: &csv::ByteRecord) -> Option<usize> {
    let names: Vec<String> = record.iter().map(|c| latin1(c).trim().to_uppercase()).collect();
    (names.first().map(String::as_str) == Some("HCPCS") && names.len() >= 28)
        .then(|| names.iter().position(|n| n == "DAYS"))
        .flatten()
        .filter(|d| *d >= 10 && d + 8 < names.len())
}

pub(super) fn is_csv_header(line: &[u8]) -> bool {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let mut record = csv::ByteRecord::new();
    matches!(reader.read_byte_record(&mut record), Ok(true)) && header_column(&record).is_some()
}

pub(super) fn csv_rows(file: &str, bytes: &[u8]) -> Result<Vec<Keyed>, ReadError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut days = None;
    let mut width = 0;
    let mut out = Vec::new();
    loop {
        let more = reader.read_byte_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        if !more.map_err(|e| ReadError::at(file, line, &format!("it is not a CSV record: {e}")))? {
            break;
        }
        let Some(d) = days else {
            days = header_column(&record);
            width = record.len();
            continue;
        };
        let at = |i: usize| record.get(i).unwrap_or(&[]).trim_ascii();
        if (0..record.len()).all(|i| at(i).is_empty()) {
            continue;
        }
        let fail = |why: String| ReadError::at(file, line, &why);
        if record.len() < width {
            return Err(fail(format!("the row is cut short: {} fields instead of {width}", record.len())));
        }
        let code =
            Code::of(at(0)).ok_or_else(|| fail(format!("{:?} is no procedure code", latin1(at(0)))))?;
        let modifier = latin1(at(1));
        let key = key(code, &modifier).ok_or_else(|| fail(format!("{modifier:?} is no row modifier")))?;
        let cells = [at(3), at(d - 1), at(d), at(d + 4), at(d + 5), at(d + 6), at(d + 7), at(d + 8)];
        out.push((key, row(cells, at(7) == b"NA", at(9) == b"NA").map_err(fail)?));
    }
    if days.is_none() {
        return Err(ReadError::at(
            file,
            1,
            "there is no header that begins with HCPCS and has a column DAYS",
        ));
    }
    Ok(out)
}

pub(super) fn columns(file: &str, mut rows: Vec<Keyed>) -> Result<(usize, Vec<Vec<u8>>), ReadError> {
    rows.sort_unstable();
    rows.dedup();
    if let Some(w) = rows.windows(2).find(|w| w[0].0 == w[1].0) {
        let code = Code(w[0].0 / 4);
        return Err(ReadError::whole(file, &format!("{code} stands twice with different indicators")));
    }
    let mut c: Vec<Vec<u8>> = vec![Vec::new(); 2];
    for (key, row) in &rows {
        c[KEY].extend_from_slice(&key.to_le_bytes());
        c[ROW].extend_from_slice(&row.0);
    }
    Ok((rows.len(), c))
}
