//! Relative weights and lengths of stay of one fiscal year (IPPS Table 5).
//!
//! Owns reading the shipped table and the agency's own text, and the look-up by DRG. A year that is not loaded has
//! no weights: none is ever borrowed from another. Pure; read once, shared.

use super::compact::TableError;
use chrono::NaiveDate;
use std::fmt::Write as _;
use std::io::Read;

/// One DRG's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    pub drg: u16,
    /// Relative weight in ten-thousandths.
    pub weight: u32,
    /// Geometric and arithmetic mean length of stay in tenths of a day; `None` where the table gives none.
    pub gmlos: Option<u32>,
    pub amlos: Option<u32>,
    /// A discharge to post-acute care before the mean stay is paid as a transfer.
    pub post_acute: bool,
    /// Such a transfer is paid half the full rate on the first day.
    pub special_pay: bool,
}

/// A figure in ten-thousandths, as printed.
pub fn weight_text(weight: u32) -> String {
    format!("{}.{:04}", weight / 10_000, weight % 10_000)
}

/// A figure in tenths, as printed.
pub fn days_text(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Fiscal year; 2027 begins on October 1, 2026.
    pub fiscal_year: u16,
    pub valid_from: NaiveDate,
    pub valid_to: NaiveDate,
    pub provenance: String,
    rows: Vec<Weight>,
}

impl Weights {
    pub fn get(&self, drg: u16) -> Option<&Weight> {
        let at = self.rows.binary_search_by_key(&drg, |w| w.drg).ok()?;
        self.rows.get(at)
    }
    pub fn is_valid_on(&self, date: NaiveDate) -> bool {
        self.valid_from <= date && date <= self.valid_to
    }
    pub fn rows(&self) -> &[Weight] {
        &self.rows
    }

    pub fn read_gz(bytes: &[u8]) -> Result<Weights, TableError> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).map_err(TableError::Unpack)?;
        Weights::read(&text)
    }

    /// The compact text: provenance, `weights YEAR COUNT`, then one DRG a line.
    pub fn read(text: &str) -> Result<Weights, TableError> {
        let fault = |line: usize, what: &str| TableError::Line { line, what: what.to_string() };
        let mut lines = text.lines();
        let provenance = lines.next().and_then(|l| l.strip_prefix("# "));
        let provenance = provenance.ok_or_else(|| fault(1, "the file does not begin with its provenance"))?;
        let head: Vec<&str> = lines.next().unwrap_or("").split('\t').collect();
        let ["weights", year, count] = head.as_slice() else {
            return Err(fault(2, "'weights', a year and a count are expected"));
        };
        let year: u16 = year.parse().map_err(|_| fault(2, "the fiscal year is no number"))?;
        let mut rows = Vec::new();
        for (n, line) in (3..).zip(lines) {
            rows.push(row(line).ok_or_else(|| fault(n, "a DRG, four figures and two marks are expected"))?);
        }
        if Ok(rows.len()) != count.parse() {
            return Err(fault(2, "the count is not that of the rows"));
        }
        Weights::new(year, provenance, rows).ok_or_else(|| fault(2, "the fiscal year is out of range"))
    }

    fn new(year: u16, provenance: &str, mut rows: Vec<Weight>) -> Option<Weights> {
        rows.sort_by_key(|w| w.drg);
        rows.dedup_by_key(|w| w.drg);
        Some(Weights {
            fiscal_year: year,
            valid_from: NaiveDate::from_ymd_opt(i32::from(year) - 1, 10, 1)?,
            valid_to: NaiveDate::from_ymd_opt(i32::from(year), 9, 30)?,
            provenance: provenance.to_string(),
            rows,
        })
    }

    /// Table 5 as the agency publishes it (tab-separated; columns by position: DRG, post-acute, special pay, MDC,
    /// type, title, weight, weight with the cap, geometric and arithmetic mean stay), or a comma-separated file with
    /// named columns. The weight with the cap is the one that is paid. Lines that begin with no DRG are titles.
    pub fn import(text: &str, year: u16, provenance: &str) -> Result<Weights, TableError> {
        let fault = |line: usize, what: &str| TableError::Line { line, what: what.to_string() };
        let mut columns = Columns::TABLE_5;
        let mut rows = Vec::new();
        for (n, line) in (1..).zip(text.lines()) {
            let cells = cells(line);
            if cells.first().is_some_and(|c| c == "drg") {
                columns = Columns::named(&cells).ok_or_else(|| fault(n, "a column is missing"))?;
                continue;
            }
            let Some(drg) = cells.first().and_then(|c| c.trim().parse::<u16>().ok()) else { continue };
            if cells.get(columns.weight).is_none_or(|c| matches!(c.trim(), "" | ".")) {
                continue; // 998 and 999 have none
            }
            rows.push(columns.row(drg, &cells).ok_or_else(|| fault(n, "a figure cannot be read"))?);
        }
        if rows.is_empty() {
            return Err(fault(1, "no line begins with a DRG number; is this Table 5?"));
        }
        Weights::new(year, provenance, rows).ok_or_else(|| fault(1, "the fiscal year is out of range"))
    }

    /// The compact text that `read` takes.
    pub fn compact_text(&self) -> String {
        let mut out = format!("# {}\nweights\t{}\t{}\n", self.provenance, self.fiscal_year, self.rows.len());
        let day = |d: Option<u32>| d.map(|d| d.to_string()).unwrap_or_default();
        let mark = |b: bool| if b { "Y" } else { "N" };
        for w in &self.rows {
            let _ = writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}\t{}",
                w.drg,
                w.weight,
                day(w.gmlos),
                day(w.amlos),
                mark(w.post_acute),
                mark(w.special_pay)
            );
        }
        out
    }
}

fn row(line: &str) -> Option<Weight> {
    let f: Vec<&str> = line.split('\t').collect();
    let [drg, weight, gmlos, amlos, post, special] = f.as_slice() else { return None };
    let days = |t: &str| if t.is_empty() { Some(None) } else { t.parse().ok().map(Some) };
    Some(Weight {
        drg: drg.parse().ok()?,
        weight: weight.parse().ok()?,
        gmlos: days(gmlos)?,
        amlos: days(amlos)?,
        post_acute: *post == "Y",
        special_pay: *special == "Y",
    })
}

/// Where each figure stands.
struct Columns {
    weight: usize,
    gmlos: usize,
    amlos: usize,
    post: usize,
    special: usize,
}

impl Columns {
    const TABLE_5: Columns = Columns { weight: 7, gmlos: 8, amlos: 9, post: 1, special: 2 };

    fn named(head: &[String]) -> Option<Columns> {
        let at = |name: &str| head.iter().position(|h| h == name);
        Some(Columns {
            weight: at("relative_weight")?,
            gmlos: at("gmlos")?,
            amlos: at("amlos")?,
            post: at("post_acute_drg")?,
            special: at("special_pay_drg")?,
        })
    }

    fn row(&self, drg: u16, cells: &[String]) -> Option<Weight> {
        let cell = |n: usize| cells.get(n).map_or("", |c| c.trim());
        let yes = |n: usize| cell(n).eq_ignore_ascii_case("y") || cell(n).eq_ignore_ascii_case("yes");
        Some(Weight {
            drg,
            weight: scaled(cell(self.weight), 4)??,
            gmlos: scaled(cell(self.gmlos), 1)?,
            amlos: scaled(cell(self.amlos), 1)?,
            post_acute: yes(self.post),
            special_pay: yes(self.special),
        })
    }
}

/// A decimal as an integer with `places` places; `Some(None)` is a cell without a figure.
fn scaled(text: &str, places: usize) -> Option<Option<u32>> {
    if text.is_empty() || text == "." || text.eq_ignore_ascii_case("n/a") {
        return Some(None);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > places || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = whole.replace(',', "").parse::<u32>().ok()?;
    let part: u32 = format!("{part:0<places$}").parse().ok()?;
    Some(Some(whole.checked_mul(10u32.pow(places as u32))?.checked_add(part)?))
}

fn cells(line: &str) -> Vec<String> {
    if line.contains('\t') {
        line.split('\t').map(|c| c.trim_matches('"').to_string()).collect()
    } else {
        super::import::fields(line)
    }
}
