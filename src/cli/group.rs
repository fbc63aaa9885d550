//! `codesk group`: inpatient stays to MS-DRGs, a JSON line each; and a new version's tables.
//!
//! Streams: one line in, one line out, in the same order, nothing kept. A line that cannot be read gets a line that
//! says why, and the exit code tells. Owns the shape of both; the grouping is `drg`'s.

use super::{CliError, Outcome, PlaceArgs};
use crate::config::Config;
use crate::drg::import::Release;
use crate::drg::{self, Case, Code, CodedDiagnosis, Difference, DischargeStatus, HospitalPoa, Library};
use crate::drg::{PoaMark, Sex, Tables, Use, Weights};
use crate::drg_file;
use chrono::NaiveDate;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct GroupArgs {
    /// Cases, one JSON object a line; - is standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["import", "import_weights", "list"])]
    file: Option<PathBuf>,
    /// MS-DRG version for every case, as 43.1; otherwise each case's own version or discharge date decides
    #[arg(long, value_name = "V")]
    grouper: Option<String>,
    /// Load a new version from a folder of its facts and show what changed
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "grouper"])]
    import: Option<PathBuf>,
    /// Version of the import; the folder's name by default (v44_0 is 44.0)
    #[arg(long, value_name = "V", requires = "import")]
    version: Option<String>,
    /// First day of discharge the import is for; that of the version's fiscal half-year by default
    #[arg(long, value_name = "YYYY-MM-DD", requires = "import")]
    from: Option<NaiveDate>,
    /// Last day, inclusive; open by default
    #[arg(long, value_name = "YYYY-MM-DD", requires = "import")]
    to: Option<NaiveDate>,
    /// Compare the import with this version; the one before it by default
    #[arg(long, value_name = "V", requires = "import")]
    compare: Option<String>,
    /// Where the import's facts are from, one line
    #[arg(long, value_name = "TEXT")]
    provenance: Option<String>,
    /// Write the import to this file instead of the data directory
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Load weights and lengths of stay from IPPS Table 5
    #[arg(long, value_name = "FILE", requires = "year", conflicts_with_all = ["file", "import"])]
    import_weights: Option<PathBuf>,
    /// Fiscal year of the weights
    #[arg(long, value_name = "YYYY")]
    year: Option<u16>,
    /// List the versions and weights that are loaded
    #[arg(long)]
    list: bool,
    /// Name the faults of each loaded table
    #[arg(long, requires = "list")]
    faults: bool,
}

pub fn run(place: &PlaceArgs, args: &GroupArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let dir = config.dir.clone();
    if let Some(folder) = &args.import {
        return import(&dir, folder, args);
    }
    if let (Some(file), Some(year)) = (&args.import_weights, args.year) {
        let provenance = args.provenance.clone().unwrap_or_else(|| format!("IPPS Table 5, fiscal {year}"));
        let (weights, bytes) = drg_file::import_weights(file, year, &provenance)?;
        let path = match &args.out {
            Some(out) => drg_file::write(out, &bytes)?,
            None => drg_file::store_weights(&dir, &weights, &bytes)?,
        };
        eprintln!("weights of {} DRGs for fiscal {year} stored in {}", weights.rows().len(), path.display());
        return Ok(Outcome::Done);
    }
    let (library, faults) = drg_file::open(&dir)?;
    faults.iter().for_each(|f| eprintln!("codesk: {f}"));
    if args.list {
        return list(&library, args.faults);
    }
    let file = args.file.as_deref().unwrap_or_else(|| std::path::Path::new("-"));
    let input: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(file)
            .map_err(|e| CliError::Usage(format!("cannot read {}: {e}", file.display())))?;
        Box::new(std::io::BufReader::with_capacity(1 << 16, opened))
    };
    let fixed = args.grouper.as_deref().map(|v| library.version(v)).transpose();
    let fixed = fixed.map_err(|e| CliError::Usage(e.to_string()))?;
    let out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    group_lines(&library, fixed, input, out)
}

/// Groups every line of `input` to one line of `out`, in order.
pub fn group_lines(
    library: &Library,
    fixed: Option<Arc<Tables>>,
    mut input: impl BufRead,
    mut out: impl Write,
) -> Result<Outcome, CliError> {
    let mut picked = Picked { library, fixed, last: None };
    let mut failed = false;
    let mut line = String::new();
    let mut number = 0usize;
    loop {
        line.clear();
        let read = input.read_line(&mut line);
        number += 1;
        match read {
            Ok(0) => break,
            Ok(_) if line.trim().is_empty() => continue,
            Ok(_) => {}
            // Not UTF-8: the line is used up, the next ones are read.
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                failed = true;
                refuse(&mut out, number, None, "the line is not UTF-8")?;
                continue;
            }
            Err(e) => return Err(CliError::Usage(format!("cannot read the cases: {e}"))),
        }
        match serde_json::from_str::<CaseLine<'_>>(&line) {
            Ok(case) => match picked.group(&case) {
                Ok(result) => serde_json::to_writer(&mut out, &result)?,
                Err(why) => {
                    failed = true;
                    refuse(&mut out, number, case.id.as_ref(), &why)?;
                    continue;
                }
            },
            Err(e) => {
                failed = true;
                let why = format!("column {}: not a case: {}", e.column(), json_fault(&e));
                refuse(&mut out, number, None, &why)?;
                continue;
            }
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(if failed { Outcome::Findings } else { Outcome::Done })
}

/// The kind of fault without the text around it, which may be anything.
fn json_fault(e: &serde_json::Error) -> &'static str {
    match e.classify() {
        serde_json::error::Category::Eof => "the line ends too early",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is missing or of another type",
        serde_json::error::Category::Io => "it cannot be read",
    }
}

fn refuse(
    out: &mut impl Write,
    line: usize,
    id: Option<&serde_json::Value>,
    why: &str,
) -> Result<(), CliError> {
    let error = serde_json::json!({ "id": id, "line": line, "error": why });
    serde_json::to_writer(&mut *out, &error)?;
    out.write_all(b"\n")?;
    Ok(())
}

#[derive(Deserialize)]
struct CaseLine<'a> {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(borrow, default)]
    version: Cow<'a, str>,
    #[serde(default)]
    discharge_date: Option<NaiveDate>,
    #[serde(borrow, default)]
    sex: Cow<'a, str>,
    #[serde(borrow)]
    discharge_status: Cow<'a, str>,
    #[serde(borrow, default)]
    hospital_poa_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pdx: Cow<'a, str>,
    #[serde(borrow, default)]
    pdx_poa: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sdx: Vec<DxLine<'a>>,
    #[serde(borrow, default)]
    procs: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct DxLine<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow, default)]
    poa: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct ResultLine<'a> {
    id: &'a Option<serde_json::Value>,
    version: &'a str,
    drg: Padded<3>,
    mdc: Padded<2>,
    initial_drg: Padded<3>,
    initial_mdc: Padded<2>,
    return_code: &'static str,
    hac_status: &'static str,
    severity: &'static str,
    /// Codes that drove the result.
    drivers: Vec<String>,
    title: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `null`: no weight is loaded for the version's year.
    #[serde(serialize_with = "decimal4")]
    weight: Option<u32>,
    #[serde(serialize_with = "decimal1")]
    gmlos: Option<u32>,
    #[serde(serialize_with = "decimal1")]
    amlos: Option<u32>,
    post_acute: Option<bool>,
    /// Secondary diagnoses that are CC or MCC in the version or unknown to it, and what became of them.
    secondary: Vec<SecondaryLine>,
}

#[derive(Serialize)]
struct SecondaryLine {
    code: String,
    level: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hac: Vec<u8>,
}

/// A number with leading noughts.
struct Padded<const N: usize>(u16);

impl<const N: usize> Serialize for Padded<N> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:0N$}", self.0))
    }
}

fn decimal4<S: serde::Serializer>(v: &Option<u32>, s: S) -> Result<S::Ok, S::Error> {
    v.map(|v| f64::from(v) / 10_000.0).serialize(s)
}
fn decimal1<S: serde::Serializer>(v: &Option<u32>, s: S) -> Result<S::Ok, S::Error> {
    v.map(|v| f64::from(v) / 10.0).serialize(s)
}

/// The table of the line at hand: mostly that of the line before.
struct Picked<'l> {
    library: &'l Library,
    fixed: Option<Arc<Tables>>,
    last: Option<(Arc<Tables>, Option<Arc<Weights>>)>,
}

impl Picked<'_> {
    fn table(&mut self, line: &CaseLine<'_>) -> Result<&(Arc<Tables>, Option<Arc<Weights>>), String> {
        let same = |t: &Tables| match (&self.fixed, line.version.as_ref(), line.discharge_date) {
            (Some(f), _, _) => f.version == t.version,
            (None, v, _) if !v.is_empty() => t.version == v,
            _ => false,
        };
        if !self.last.as_ref().is_some_and(|(t, _)| same(t)) {
            let tables = match (&self.fixed, line.version.as_ref(), line.discharge_date) {
                (Some(f), _, _) => f.clone(),
                (None, "", Some(date)) => self.library.on(date).map_err(|e| e.to_string())?,
                (None, "", None) => return Err("a version or a discharge_date is needed".to_string()),
                (None, v, _) => self.library.version(v).map_err(|e| e.to_string())?,
            };
            let weights = match line.discharge_date {
                Some(date) => self.library.weights_on(date),
                None => self.library.weights_for(&tables),
            };
            self.last = Some((tables, weights));
        }
        self.last.as_ref().ok_or_else(|| "no table".to_string())
    }

    fn group<'a>(&'a mut self, line: &'a CaseLine<'_>) -> Result<ResultLine<'a>, String> {
        let case = case(line)?;
        let (tables, weights) = self.table(line)?;
        let told = tables.explain(&case);
        let o = told.outcome;
        let code = |place: &drg::Place| match place {
            drg::Place::Principal => case.principal.code,
            drg::Place::Secondary(i) => case.secondary[*i].code,
            drg::Place::Procedure(i) => case.procedures[*i],
        };
        let told_of = |u: &drg::SecondaryUse| u.level != drg::Level::None || u.usage == Use::Unknown;
        let listed = told.secondary.iter().zip(&case.secondary).filter(|(u, _)| told_of(u));
        let weight = weights.as_ref().and_then(|w| w.get(o.drg));
        Ok(ResultLine {
            id: &line.id,
            version: &tables.version,
            drg: Padded(o.drg),
            mdc: Padded(o.mdc.into()),
            initial_drg: Padded(o.initial_drg),
            initial_mdc: Padded(o.initial_mdc.into()),
            return_code: o.return_code.name(),
            hac_status: o.hac.name(),
            severity: o.severity.label(),
            drivers: told.drivers.iter().map(|p| code(p).to_string()).collect(),
            title: tables.drg_title(o.drg),
            kind: tables.drg_kind(o.drg).letter(),
            weight: weight.map(|w| w.weight),
            gmlos: weight.and_then(|w| w.gmlos),
            amlos: weight.and_then(|w| w.amlos),
            post_acute: weight.map(|w| w.post_acute),
            secondary: listed
                .map(|(u, d)| SecondaryLine {
                    code: d.code.to_string(),
                    level: u.level.label(),
                    usage: usage(u.usage),
                    hac: u.hacs.clone(),
                })
                .collect(),
        })
    }
}

fn usage(u: Use) -> &'static str {
    match u {
        Use::Counts => "counts",
        Use::NotCc => "not_cc",
        Use::Excluded => "excluded_by_principal",
        Use::AliveOnly => "alive_only",
        Use::Suppressed => "qualifies_the_drg",
        Use::HospitalAcquired => "hospital_acquired",
        Use::Unknown => "unknown",
        Use::NotOnClaim => "not_on_claim",
    }
}

fn case(line: &CaseLine<'_>) -> Result<Case, String> {
    let discharge = DischargeStatus::parse(&line.discharge_status)
        .ok_or_else(|| "discharge_status is not two digits".to_string())?;
    let hospital = HospitalPoa::parse(line.hospital_poa_status.as_deref().unwrap_or(""))
        .ok_or_else(|| "hospital_poa_status is none of NON_EXEMPT, EXEMPT, UNKNOWN".to_string())?;
    let poa = |p: &Option<Cow<'_, str>>| PoaMark::parse(p.as_deref().unwrap_or(""));
    let secondary = line.sdx.iter().map(|d| CodedDiagnosis::new(&d.code, poa(&d.poa)));
    Ok(Case {
        sex: Sex::parse(&line.sex),
        discharge,
        hospital,
        principal: CodedDiagnosis::new(&line.pdx, poa(&line.pdx_poa)),
        secondary: secondary.collect(),
        procedures: line.procs.iter().map(|p| Code::new(p)).collect(),
    })
}

fn list(library: &Library, faults: bool) -> Result<Outcome, CliError> {
    let mut out = std::io::stdout().lock();
    for (head, imported) in library.versions() {
        let to = head.valid_to.map_or_else(|| "open".to_string(), |d| d.to_string());
        let from = if imported { "imported" } else { "shipped" };
        writeln!(out, "{}\t{} to {to}\t{from}\t{}", head.version, head.valid_from, head.provenance)?;
        if faults {
            let tables = library.version(&head.version).map_err(|e| CliError::Refused(e.to_string()))?;
            for f in tables.faults() {
                writeln!(out, "\t{f}")?;
            }
        }
    }
    for w in library.weights() {
        writeln!(out, "weights {}\t{} DRGs\t{}", w.fiscal_year, w.rows().len(), w.provenance)?;
    }
    Ok(Outcome::Done)
}

/// Version 44.0 begins on October 1, 2026, 43.1 on April 1, 2026.
fn first_day(version: &str) -> Option<NaiveDate> {
    let (major, minor) = version.split_once('.')?;
    let year = major.parse::<i32>().ok()? + 1982;
    match minor {
        "0" => NaiveDate::from_ymd_opt(year, 10, 1),
        _ => NaiveDate::from_ymd_opt(year + 1, 4, 1),
    }
}

fn import(dir: &std::path::Path, folder: &std::path::Path, args: &GroupArgs) -> Result<Outcome, CliError> {
    let named = folder.file_name().map(|n| n.to_string_lossy().trim_start_matches('v').replace('_', "."));
    let version = args.version.clone().or(named).unwrap_or_default();
    let from = args.from.or_else(|| first_day(&version)).ok_or_else(|| {
        CliError::Usage(format!("{version:?} is no MS-DRG version: give --version, as 44.0, or --from"))
    })?;
    let provenance =
        args.provenance.clone().unwrap_or_else(|| format!("MS-DRG {version}, imported by the site"));
    let release = Release { version: &version, valid_from: from, valid_to: args.to, provenance: &provenance };
    let (bytes, faults) = drg_file::import(folder, &release)?;
    // Read back before it is kept: what is stored can be grouped with.
    let mut fresh = Library::empty();
    let head = fresh.add(bytes.clone()).map_err(|e| CliError::Refused(e.to_string()))?;
    let tables = fresh.version(&version).map_err(|e| CliError::Refused(e.to_string()))?;
    let (library, _) = drg_file::open(dir)?;
    let before = match &args.compare {
        Some(v) => Some(library.version(v).map_err(|e| CliError::Usage(e.to_string()))?),
        None => library
            .versions()
            .filter(|(h, _)| h.valid_from < from)
            .last()
            .and_then(|(h, _)| library.version(&h.version).ok()),
    };
    let path = match &args.out {
        Some(out) => drg_file::write(out, &bytes)?,
        None => drg_file::store(dir, &head, &bytes)?,
    };
    let mut out = std::io::stdout().lock();
    match before {
        Some(before) => write!(out, "{}", Difference::between(&before, &tables))?,
        None => writeln!(out, "no older version is loaded: nothing to compare with")?,
    }
    let faults: Vec<String> = faults.into_iter().chain(tables.faults()).collect();
    writeln!(out, "faults of the table ({}):", faults.len())?;
    for f in &faults {
        writeln!(out, "  {f}")?;
    }
    eprintln!(
        "MS-DRG {version}: {} DRGs, {} diagnosis codes, {} procedure codes, {} rules; stored in {}",
        tables.drgs.len(),
        tables.diagnosis_count(),
        tables.procedure_count(),
        tables.rules.len(),
        path.display()
    );
    Ok(Outcome::Done)
}
