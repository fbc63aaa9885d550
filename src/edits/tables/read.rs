//! Recognising a file by what is in it, and reading files into packed releases: all of them or none.
//!
//! Owns the refusal of wrong, cut or mixed files, each with file, line and reason. What the content does not
//! say (practitioner or hospital and the quarter of an NCCI pair file, the first day of an MUE file) is read
//! from the name CMS gives it, or told by the person who imports. Pure.

use super::{
    Kind, Meta, Source, addon, coverage, fees,
    key::{Code, OPEN, day_number},
    mue,
    pack::pack,
    pairs, quarter,
    text::{Words, latin1, lines},
};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|n| format!(" line {n}")).unwrap_or_default())]
pub struct ReadError {
    pub file: String,
    pub line: Option<u64>,
    pub why: String,
}

impl ReadError {
    pub(super) fn at(file: &str, line: u64, why: &str) -> ReadError {
        ReadError { file: file.into(), line: Some(line), why: why.into() }
    }
    pub(super) fn whole(file: &str, why: &str) -> ReadError {
        ReadError { file: file.into(), line: None, why: why.into() }
    }
}

/// What the person says where neither content nor name does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub kind: Option<Kind>,
    /// First day in force.
    pub from: Option<NaiveDate>,
    /// How many parts an NCCI pair release has.
    pub parts: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Pairs,
    Mue,
    AddOn,
    FeesText,
    FeesCsv,
    Coverage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    pub kind: Kind,
    pub release: String,
    pub from: NaiveDate,
    /// `f2` of an NCCI pair release.
    pub part: Option<u8>,
    layout: Layout,
}

/// A file: its name, without folder, and all its bytes.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// A file of a release, and which part of it.
type Part<'a> = (Input<'a>, Option<u8>);

/// A release ready to be stored.
pub struct Built {
    pub meta: Meta,
    pub bytes: Vec<u8>,
}

/// Lines looked at to find out what a file is: notices and headers come first.
const LOOK: usize = 60;

/// CMS publishes the pairs of a quarter in this many files.
const PARTS: u8 = 4;

fn is_pair_row(line: &[u8]) -> bool {
    let cells: Vec<&[u8]> = line.split(|b| *b == b'\t').collect();
    cells.len() >= 6 && Code::of(cells[0].trim_ascii()).is_some() && Code::of(cells[1].trim_ascii()).is_some()
}

fn layout(bytes: &[u8]) -> Option<Layout> {
    let head: Vec<&[u8]> = lines(bytes).map(|(_, l)| l).take(LOOK).collect();
    let text = head.iter().map(|l| latin1(l)).collect::<Vec<_>>().join(" ");
    let first = latin1(head.first().copied().unwrap_or(&[]));
    if coverage::is_header(&first.split(',').map(|c| c.trim().to_string()).collect::<Vec<_>>()) {
        return Some(Layout::Coverage);
    }
    if head.iter().any(|l| fees::is_csv_header(l)) {
        return Some(Layout::FeesCsv);
    }
    if mue::kind_of(&text).is_some() {
        return Some(Layout::Mue);
    }
    if head.iter().any(|l| is_pair_row(l)) {
        return Some(Layout::Pairs);
    }
    if head.iter().any(|l| fees::is_text_row(l)) {
        return Some(Layout::FeesText);
    }
    head.iter().any(|l| addon::is_row(l)).then_some(Layout::AddOn)
}

/// Digits of `text` right after `mark`.
fn digits_after(text: &str, mark: &str, n: usize) -> Option<u32> {
    let at = text.find(mark)? + mark.len();
    text.get(at..at + n)?.parse().ok()
}

/// `ccipra-v322r0-f1`: practitioner, third quarter of 2026 (version 32.2), first file.
fn pair_name(name: &str) -> (Option<Kind>, Option<(NaiveDate, String)>, Option<u8>) {
    let kind = match () {
        () if name.contains("ccipra") => Some(Kind::PtpPractitioner),
        () if name.contains("ccioph") => Some(Kind::PtpOutpatient),
        () => None,
    };
    let version =
        name.find("-v").and_then(|at| name.get(at + 2..at + 5)).filter(|v| v.parse::<u32>().is_ok());
    let release = version.and_then(|v| {
        let n: u32 = v.parse().ok()?;
        let year = i32::try_from(1994 + n / 10).ok()?;
        let from = NaiveDate::from_ymd_opt(year, n % 10 * 3 + 1, 1)?;
        let revision = digits_after(name, &format!("v{v}r"), 1).unwrap_or(0);
        Some((from, format!("{} v{v}r{revision}", quarter(from))))
    });
    let part = digits_after(name, "-f", 1).and_then(|p| u8::try_from(p).ok());
    (kind, release, part)
}

/// `…_Eff_10-01-2026.csv`
fn mue_name(name: &str) -> Option<NaiveDate> {
    let at = name.find("eff_")? + 4;
    NaiveDate::parse_from_str(name.get(at..at + 10)?, "%m-%d-%Y").ok()
}

/// `AOC_V2026Q4_01-MCR.txt`
fn add_on_name(name: &str) -> Option<NaiveDate> {
    let (year, q) = (digits_after(name, "aoc_v", 4)?, digits_after(name, "q", 1)?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, q.checked_sub(1)? * 3 + 1, 1)
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `2026 National Physician Fee Schedule Relative Value File January Release`, else `PPRRVU26_JAN`.
fn fee_day(name: &str, bytes: &[u8]) -> Option<NaiveDate> {
    let head: String =
        lines(bytes).take(10).map(|(_, l)| latin1(l)).collect::<Vec<_>>().join(" ").to_lowercase();
    let month_before = |text: &str, end: usize| -> Option<u32> {
        let word = text.get(..end)?.split_whitespace().next_back()?;
        MONTHS.iter().position(|m| word.starts_with(m)).and_then(|m| u32::try_from(m + 1).ok())
    };
    let said = head.find("relative value file").and_then(|at| {
        let words: Vec<&str> = head.get(..at)?.split_whitespace().collect();
        let year =
            words.iter().rev().find_map(|w| w.parse::<i32>().ok().filter(|y| (1992..2150).contains(y)))?;
        let release = at + head.get(at..)?.find("release")?;
        NaiveDate::from_ymd_opt(year, month_before(&head, release)?, 1)
    });
    said.or_else(|| {
        let at = name.find("pprrvu")? + 6;
        let digits: String = name.get(at..)?.chars().take_while(char::is_ascii_digit).collect();
        let year: i32 = digits.parse().ok().map(|y: i32| if y < 100 { 2000 + y } else { y })?;
        let rest = name.get(at + digits.len()..)?.trim_start_matches('_');
        let month = MONTHS.iter().position(|m| rest.starts_with(m)).map_or(1, |m| m + 1);
        NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, 1)
    })
}

/// Says what a file is, or why it cannot be taken.
pub fn recognise(input: Input<'_>, told: Told) -> Result<Recognised, ReadError> {
    let file = input.name;
    let name = file.to_lowercase();
    let fail = |why: &str| Err(ReadError::whole(file, why));
    if input.bytes.starts_with(b"PK\x03\x04") {
        return fail("it is a ZIP or Excel file: unpack it and give the text or CSV file inside");
    }
    let Some(layout) = layout(input.bytes) else {
        return fail(
            "it is neither NCCI pairs, MUE, add-on codes, a fee schedule nor a coverage list (see codesk edits import --help)",
        );
    };
    let dated = |kind: Kind, from: Option<NaiveDate>, how: &str| match told.from.or(from) {
        Some(from) => Ok(Recognised { kind, release: quarter(from), from, part: None, layout }),
        None => Err(ReadError::whole(file, &format!("it does not say from when it is in force: {how}"))),
    };
    let same = |kind: Kind| match told.kind {
        Some(k) if k != kind => {
            let why = format!("it was given as {}, but it holds {}", k.key(), kind.key());
            Err(ReadError::whole(file, &why))
        }
        _ => Ok(kind),
    };
    match layout {
        Layout::Pairs => {
            let (kind, release, part) = pair_name(&name);
            let Some(kind) = told.kind.or(kind) else {
                return fail(
                    "it does not say whether its pairs are for practitioners or outpatient hospitals: keep CMS's name \
                     (ccipra-v322r0-f1.TXT, ccioph-v322r0-f1.TXT) or give --kind ptp-practitioner|ptp-outpatient",
                );
            };
            if !matches!(kind, Kind::PtpPractitioner | Kind::PtpOutpatient) {
                return fail(&format!("it was given as {}, but it holds NCCI pairs", kind.key()));
            }
            let (from, release) = match (told.from, release) {
                (Some(from), _) => (from, quarter(from)),
                (None, Some(r)) => r,
                (None, None) => {
                    return fail(
                        "it does not say its quarter: keep CMS's name (ccipra-v322r0-f1.TXT) or give --from DATE",
                    );
                }
            };
            Ok(Recognised { kind, release, from, part, layout })
        }
        Layout::Mue => {
            let head: String =
                lines(input.bytes).take(LOOK).map(|(_, l)| latin1(l)).collect::<Vec<_>>().join(" ");
            let header = head.to_lowercase();
            // The notice before the header may name other services: the words right before "MUE Values" count.
            let at = header.find("mue value").unwrap_or(0);
            let near = header.get(at.saturating_sub(40)..at + 9).unwrap_or(&header);
            let Some(kind) = mue::kind_of(near) else {
                return fail("its header does not say whose MUE values these are");
            };
            let named = [
                ("practitioner", Kind::MuePractitioner),
                ("outpatient", Kind::MueOutpatient),
                ("dme", Kind::MueDme),
            ];
            if let Some((_, k)) = named.iter().find(|(w, _)| name.contains(w)).filter(|(_, k)| *k != kind) {
                return fail(&format!("its name says {}, its header {}", k.key(), kind.key()));
            }
            dated(same(kind)?, mue_name(&name), "keep CMS's name (…_Eff_10-01-2026.csv) or give --from DATE")
        }
        Layout::AddOn => {
            let how = "keep CMS's name (AOC_V2026Q4_01-MCR.txt) or give --from DATE";
            dated(same(Kind::AddOn)?, add_on_name(&name), how)
        }
        Layout::FeesText | Layout::FeesCsv => {
            let how = "keep CMS's header lines or name (PPRRVU26_JAN), or give --from DATE";
            dated(same(Kind::FeeSchedule)?, fee_day(&name, input.bytes), how)
        }
        Layout::Coverage => {
            let kind = same(Kind::Coverage)?;
            let mut built = coverage::Built::default();
            coverage::rows(file, input.bytes, &mut built)?;
            let how = "it has no row";
            dated(kind, coverage::first_day(&built), how)
        }
    }
}

fn pair_rows(file: &str, bytes: &[u8], words: &mut Words) -> Result<Vec<pairs::Row>, ReadError> {
    let mut out = Vec::new();
    let mut begun = false;
    for (n, line) in lines(bytes) {
        if line.trim_ascii().is_empty() || (!begun && !is_pair_row(line)) {
            continue;
        }
        begun = true;
        let fail = |why: &str| ReadError::at(file, n, why);
        let cells: Vec<&[u8]> = line.split(|b| *b == b'\t').map(<[u8]>::trim_ascii).collect();
        if cells.len() < 6 {
            return Err(fail(&format!("the row is cut short: {} fields instead of 7", cells.len())));
        }
        let code = |i: usize| {
            let why = format!("{:?} is no procedure code", latin1(cells[i]));
            Code::of(cells[i]).ok_or_else(|| ReadError::at(file, n, &why))
        };
        let (first, second) = (code(0)?, code(1)?);
        if !matches!(cells[2], b"" | b"*") {
            return Err(fail("the third field is neither empty nor * (in existence before 1996)"));
        }
        let day = |i: usize| {
            let text = latin1(cells[i]);
            let why = format!("{text:?} is no day like 20260701");
            NaiveDate::parse_from_str(&text, "%Y%m%d").map_err(|_| ReadError::at(file, n, &why))
        };
        let from = day_number(day(3)?);
        let through = match cells[4] {
            b"*" | b"" => OPEN,
            _ => day_number(day(4)?),
        };
        let tag = match cells[5] {
            b"0" => 0,
            b"1" => 1,
            b"9" => 9,
            other => {
                return Err(fail(&format!("the modifier indicator {:?} is not 0, 1 or 9", latin1(other))));
            }
        };
        let word = words.number(&latin1(cells.get(6).copied().unwrap_or(&[])));
        out.push(pairs::Row { first, second, from, through, tag, word });
    }
    Ok(out)
}

/// Every release in these files, or every reason why not.
pub fn read(inputs: &[Input<'_>], told: Told) -> Result<Vec<Built>, Vec<ReadError>> {
    let mut groups: Vec<(Recognised, Vec<Part<'_>>)> = Vec::new();
    let mut errors = Vec::new();
    for input in inputs {
        match recognise(*input, told) {
            Ok(r) => match groups.iter_mut().find(|(g, _)| g.kind == r.kind && g.from == r.from) {
                Some((g, _)) if g.release != r.release || g.layout != r.layout => {
                    let why =
                        format!("{} and {} were given together: which one counts?", g.release, r.release);
                    errors.push(ReadError::whole(input.name, &why));
                }
                Some((_, files)) => files.push((*input, r.part)),
                None => {
                    let part = r.part;
                    groups.push((r, vec![(*input, part)]));
                }
            },
            Err(e) => errors.push(e),
        }
    }
    let mut out = Vec::new();
    for (what, files) in &groups {
        if let Err(e) = parts(what, files, told.parts) {
            errors.push(e);
            continue;
        }
        match build(what, files) {
            Ok(built) => out.push(built),
            Err(e) => errors.push(e),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// A release in parts has to be whole: half the pairs would be half the edits, without a word.
fn parts(what: &Recognised, files: &[Part<'_>], told: Option<u8>) -> Result<(), ReadError> {
    let file = files.last().map_or("", |(i, _)| i.name);
    let mut have: Vec<u8> = files.iter().filter_map(|(_, p)| *p).collect();
    have.sort_unstable();
    let pairs = what.layout == Layout::Pairs;
    if let Some(p) = have.windows(2).find(|w| w[0] == w[1]) {
        return Err(ReadError::whole(file, &format!("part f{} of {} was given twice", p[0], what.release)));
    }
    if pairs && have.is_empty() && files.len() == 1 {
        return Ok(());
    }
    if pairs {
        let n = told.unwrap_or(PARTS).max(1);
        let missing: Vec<String> = (1..=n).filter(|p| !have.contains(p)).map(|p| format!("f{p}")).collect();
        if !missing.is_empty() || have.len() != files.len() {
            let why = format!(
                "{} {} comes in {n} parts and {} missing: give all of them in one command (or --parts N)",
                what.kind.label(),
                what.release,
                match missing.as_slice() {
                    [one] => format!("{one} is"),
                    many => format!("{} are", many.join(", ")),
                }
            );
            return Err(ReadError::whole(file, &why));
        }
    } else if files.len() > 1 && what.layout != Layout::Coverage {
        let why = format!("two files of {} {} were given", what.kind.label(), what.release);
        return Err(ReadError::whole(file, &why));
    }
    Ok(())
}

fn build(what: &Recognised, files: &[Part<'_>]) -> Result<Built, ReadError> {
    let mut words = Words::new();
    let mut sources = Vec::new();
    let mut pair_list = Vec::new();
    let mut mue_list = Vec::new();
    let mut fee_list = Vec::new();
    let mut policies = coverage::Built::default();
    let mut files: Vec<&Part<'_>> = files.iter().collect();
    files.sort_by_key(|(i, part)| (*part, i.name));
    for (input, _) in files {
        let (name, bytes) = (input.name, input.bytes);
        let before = pair_list.len() + mue_list.len() + fee_list.len();
        let mut rows = 0;
        match what.layout {
            Layout::Pairs => pair_list.extend(pair_rows(name, bytes, &mut words)?),
            Layout::AddOn => pair_list.extend(addon::rows(name, bytes)?),
            Layout::Mue => mue_list.extend(mue::rows(name, bytes, &mut words)?),
            Layout::FeesText => fee_list.extend(fees::text_rows(name, bytes)?),
            Layout::FeesCsv => fee_list.extend(fees::csv_rows(name, bytes)?),
            Layout::Coverage => rows = coverage::rows(name, bytes, &mut policies)?,
        }
        rows += (pair_list.len() + mue_list.len() + fee_list.len() - before) as u64;
        if rows == 0 {
            return Err(ReadError::whole(name, "it has no rows"));
        }
        if !bytes.ends_with(b"\n") && what.layout == Layout::Pairs && !whole_last_row(bytes) {
            return Err(ReadError::whole(name, "it ends in the middle of a row"));
        }
        sources.push(Source { file: name.to_string(), sha256: hex(&Sha256::digest(bytes)), rows });
    }
    let file = sources.first().map_or("", |s| s.file.as_str()).to_string();
    let (rows, columns) = match what.layout {
        Layout::Pairs | Layout::AddOn => pairs::columns(pair_list),
        Layout::Mue => mue::columns(&file, mue_list)?,
        Layout::FeesText | Layout::FeesCsv => fees::columns(&file, fee_list)?,
        Layout::Coverage => {
            coverage::columns(policies).map_err(|e| ReadError::whole(&file, &e.to_string()))?
        }
    };
    let release = match what.kind {
        Kind::FeeSchedule => what.from.format("%Y-%m").to_string(),
        Kind::Coverage => format!("as of {}", what.from),
        _ => what.release.clone(),
    };
    let meta = Meta { kind: what.kind, release, from: what.from, rows: rows as u64, sources, words: words.0 };
    let bytes = pack(&meta, &columns).map_err(|e| ReadError::whole(&file, &e.to_string()))?;
    Ok(Built { meta, bytes })
}

/// The last row has its rationale: a file that breaks off earlier is not whole.
fn whole_last_row(bytes: &[u8]) -> bool {
    let last = bytes.rsplit(|b| *b == b'\n').next().unwrap_or(&[]);
    last.split(|b| *b == b'\t').nth(6).is_some_and(|w| w.trim_ascii().len() > 3)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
