//! The compact table of one version: text in, `Tables` out.
//!
//! Owns the layout written by `import::compact_text`: first line `# ` with the provenance, then sections, each a
//! line `name count` and `count` lines of tab-separated fields. Code lines are front-coded: one digit for how
//! many characters are as in the line before, then the rest. A fault names the line. Pure: bytes come from the
//! caller. Called once a version, when it is first needed.

use super::case::Level;
use super::code::{Code, CodeMap};
use super::condition::{Condition, ConditionError, Operand, Word, parse};
use super::library::TableHead;
use super::program::{Program, TooLarge};
use super::tables::*;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::io::Read;

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the DRG table cannot be unpacked: {0}; take a whole copy of the file")]
    Unpack(std::io::Error),
    #[error("line {line} of the DRG table: {what}")]
    Line { line: usize, what: String },
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Reads a table as it is shipped: gzip text.
pub fn read_gz(bytes: &[u8]) -> Result<Tables, TableError> {
    let mut text = Vec::with_capacity(bytes.len() * 6);
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).map_err(TableError::Unpack)?;
    read(&text)
}

/// The first two lines of a table, without unpacking the rest.
pub fn head(bytes: &[u8]) -> Result<TableHead, TableError> {
    let mut text = vec![0; 4096];
    let mut gz = flate2::read::GzDecoder::new(bytes);
    let mut used = 0;
    while used < text.len() {
        match gz.read(&mut text[used..]).map_err(TableError::Unpack)? {
            0 => break,
            n => used += n,
        }
    }
    read_head(&mut Reader { rest: &text[..used], line: 0 })
}

/// Reads the text of a table.
pub fn read(text: &[u8]) -> Result<Tables, TableError> {
    let mut r = Reader { rest: text, line: 0 };
    let head = read_head(&mut r)?;
    let dx_lists = r.names("dxlists")?;
    let px_lists = r.names("pxlists")?;
    let names = ListNames::new(&dx_lists, &px_lists);
    let hacs = hac_rules(&mut r, &names)?;
    let drgs = drgs(&mut r)?;
    let rules = rules(&mut r, &names)?;
    let mut t = Tables {
        version: head.version,
        valid_from: head.valid_from,
        valid_to: head.valid_to,
        provenance: head.provenance,
        drgs,
        known: known(&names),
        dx_lists: Vec::new(),
        px_lists: Vec::new(),
        program: Program::compile(&rules)?,
        rules,
        hacs,
        dx: CodeMap::with_capacity(0),
        dx_codes: Vec::new(),
        dx_rows: Vec::new(),
        dx_sets: Vec::new(),
        px: CodeMap::with_capacity(0),
        px_rows: Vec::new(),
        px_sets: Vec::new(),
        lists: Vec::new(),
        parts: Vec::new(),
        part_runs: vec![Run::default()],
        clusters: Vec::new(),
        groups: Vec::new(),
        group_words: 0,
        load_faults: Vec::new(),
    };
    drop(names);
    t.dx_lists = dx_lists;
    t.px_lists = px_lists;
    sets(&mut r, &mut t)?;
    groups(&mut r, &mut t)?;
    codes(&mut r, &mut t)?;
    clusters(&mut r, &mut t)?;
    Ok(t)
}

fn read_head(r: &mut Reader<'_>) -> Result<TableHead, TableError> {
    let provenance = match r.next() {
        Some(l) if l.starts_with(b"# ") => String::from_utf8_lossy(&l[2..]).into_owned(),
        _ => return Err(r.fault("the file does not begin with its provenance ('# ...')")),
    };
    let head: Vec<String> = r.fields(b"version")?.map(String::from).collect();
    let [version, from, to] = head.as_slice() else {
        return Err(r.fault("a version, its first and its last day are expected"));
    };
    let valid_from = day(from).ok_or_else(|| r.fault("the first day is no date"))?;
    let valid_to =
        if to.is_empty() { None } else { Some(day(to).ok_or_else(|| r.fault("the last day is no date"))?) };
    Ok(TableHead { version: version.clone(), valid_from, valid_to, provenance })
}

pub(super) struct ListNames<'a> {
    dx: HashMap<&'a str, u16>,
    px: HashMap<&'a str, u16>,
}

impl<'a> ListNames<'a> {
    pub(super) fn new(dx: &'a [String], px: &'a [String]) -> ListNames<'a> {
        fn map(names: &[String]) -> HashMap<&str, u16> {
            (0..).zip(names).map(|(n, name)| (name.as_str(), n)).collect()
        }
        ListNames { dx: map(dx), px: map(px) }
    }
    pub(super) fn operand(&self, name: &str) -> Operand {
        let dx =
            |list: &str, make: fn(u16) -> Operand| self.dx.get(list).map_or(Operand::Unknown, |n| make(*n));
        match name.split_once(':') {
            Some(("PDX", l)) => dx(l, Operand::Pdx),
            Some(("SDX", l)) => dx(l, Operand::Sdx),
            Some(("ANY", l)) => dx(l, Operand::Any),
            Some(("ONLY", l)) => dx(l, Operand::Only),
            Some(_) => Operand::Unknown,
            None => match Word::parse(name) {
                Some(w) => Operand::Word(w),
                None => self.px.get(name).map_or(Operand::Unknown, |n| Operand::Px(*n)),
            },
        }
    }
    fn condition(&self, text: &str) -> Result<Condition, ConditionError> {
        parse(text, &mut |name| self.operand(name))
    }
}

/// The lists that steps and counters ask for, by the names `drg_list_names.txt` gives them.
fn known(names: &ListNames<'_>) -> KnownLists {
    let dx = |n: &str| names.dx.get(n).copied();
    let px = |n: &str| names.px.get(n).copied();
    let sites = ["head", "chest", "abdomen", "kidney", "urinary", "pelvis-spine", "upper-limb", "lower-limb"];
    let joints = ["left-hip", "right-hip", "left-knee", "right-knee", "left-ankle", "right-ankle"];
    KnownLists {
        external_cause: dx("external-cause"),
        trauma_sites: sites.iter().filter_map(|s| dx(&format!("trauma-{s}"))).collect(),
        joints: joints.iter().filter_map(|j| px(&format!("joint-{j}"))).collect(),
        stents: [1, 2, 3, 4].map(|n| px(&format!("stents-{n}"))),
        vessels: [1, 2, 3, 4].map(|n| px(&format!("vessels-{n}"))),
        anterior: px("fusion-anterior-single"),
        posterior: px("fusion-posterior-single"),
        posterior_column: px("fusion-posterior-column-single"),
        custom: px("fusion-anterior-custom-single"),
        or_lists: ["or-extensive", "or-nonextensive"].iter().filter_map(|n| px(n)).collect(),
    }
}

fn hac_rules(r: &mut Reader<'_>, names: &ListNames<'_>) -> Result<Vec<HacRule>, TableError> {
    let n = r.section("hac")?;
    let mut all = Vec::with_capacity(n);
    for _ in 0..n {
        let f = r.text_fields()?;
        let [number, text] = f.as_slice() else {
            return Err(r.fault("a number and a condition are expected"));
        };
        let number = number.parse().map_err(|_| r.fault("the number is none"))?;
        let condition = names.condition(text).map_err(|e| r.fault(e))?;
        all.push(HacRule { number, condition, text: (*text).to_string() });
    }
    Ok(all)
}

fn drgs(r: &mut Reader<'_>) -> Result<Vec<Drg>, TableError> {
    let n = r.section("drgs")?;
    let mut all: Vec<Drg> = Vec::with_capacity(n);
    for _ in 0..n {
        let f = r.text_fields()?;
        let [number, title] = f.as_slice() else { return Err(r.fault("a DRG and a title are expected")) };
        let number = number.parse().map_err(|_| r.fault("the DRG is no number"))?;
        if all.last().is_some_and(|d| d.number >= number) {
            return Err(r.fault("the DRGs are not in ascending order"));
        }
        all.push(Drg { number, title: (*title).to_string() });
    }
    Ok(all)
}

fn rules(r: &mut Reader<'_>, names: &ListNames<'_>) -> Result<Vec<Rule>, TableError> {
    let n = r.section("rules")?;
    let mut all = Vec::with_capacity(n);
    for _ in 0..n {
        let f = r.text_fields()?;
        let [scope, rank, drg, base, kind, reroute, suppress, text] = f.as_slice() else {
            return Err(r.fault("a rule has eight fields"));
        };
        let number =
            |t: &str, what: &str| t.parse::<u16>().map_err(|_| r.fault(format!("{what} is no number")));
        let scope_of = |t: &str, what: &str| -> Result<u8, TableError> {
            u8::try_from(number(t, what)?).map_err(|_| r.fault(format!("{what} is out of range")))
        };
        let kind = match *kind {
            "M" => DrgKind::Medical,
            "P" => DrgKind::Surgical,
            _ => DrgKind::None,
        };
        let mut lists = Vec::new();
        for name in suppress.split(' ').filter(|s| !s.is_empty()) {
            let l =
                names.dx.get(name).ok_or_else(|| r.fault(format!("no diagnosis list is named {name}")))?;
            lists.push(*l);
        }
        all.push(Rule {
            scope: scope_of(scope, "the scope")?,
            rank: number(rank, "the rank")?,
            drg: number(drg, "the DRG")?,
            base: number(base, "the family's DRG")?,
            kind,
            reroute: scope_of(reroute, "the reroute")?,
            suppress: lists,
            condition: names.condition(text).map_err(|e| r.fault(e))?,
            text: (*text).to_string(),
        });
    }
    Ok(all)
}

fn sets(r: &mut Reader<'_>, t: &mut Tables) -> Result<(), TableError> {
    let n = r.section("dxsets")?;
    for _ in 0..n {
        let f = r.text_fields()?;
        let [mdc, female, male, level, alive, lists, hacs] = f.as_slice() else {
            return Err(r.fault("a diagnosis set has seven fields"));
        };
        let small = |x: &str| x.parse::<u8>().map_err(|_| r.fault("an MDC is no number"));
        let set = DxSet {
            mdc: small(mdc)?,
            mdc_female: small(female)?,
            mdc_male: small(male)?,
            level: Level::parse(level).ok_or_else(|| r.fault("the severity is none of NCC, CC, MCC"))?,
            alive_only: *alive == "1",
            lists: run(&mut t.lists, lists, t.dx_lists.len())
                .ok_or_else(|| r.fault("a list number is wrong"))?,
            hac_lists: run(&mut t.lists, hacs, t.dx_lists.len())
                .ok_or_else(|| r.fault("a list number is wrong"))?,
        };
        t.dx_sets.push(set);
    }
    let n = r.section("pxsets")?;
    for _ in 0..n {
        let f = r.text_fields()?;
        let [class, lists] = f.as_slice() else { return Err(r.fault("a procedure set has two fields")) };
        let class = match *class {
            "E" => OrClass::Extensive,
            "N" => OrClass::NonExtensive,
            "P" => OrClass::PreMdc,
            "-" => OrClass::NonOr,
            _ => return Err(r.fault("the operating-room class is none of E, N, P and -")),
        };
        let lists =
            run(&mut t.lists, lists, t.px_lists.len()).ok_or_else(|| r.fault("a list number is wrong"))?;
        t.px_sets.push(PxSet { class, lists });
    }
    Ok(())
}

fn run(arena: &mut Vec<u16>, text: &str, lists: usize) -> Option<Run> {
    let start = arena.len() as u32;
    for n in text.split(' ').filter(|s| !s.is_empty()) {
        let n: u16 = n.parse().ok().filter(|n| usize::from(*n) < lists)?;
        arena.push(n);
    }
    Some(Run { start, len: arena.len() as u32 - start })
}

fn groups(r: &mut Reader<'_>, t: &mut Tables) -> Result<(), TableError> {
    let head = r.section_fields("exclusions")?;
    let [n, classes] = head.as_slice() else {
        return Err(r.fault("the numbers of groups and of classes are expected"));
    };
    if *n > 60_000 || *classes > 60_000 {
        return Err(r.fault("there are more exclusion groups than the grouper can hold"));
    }
    t.group_words = classes / 64 + 1;
    t.groups = vec![0; (n + 1) * t.group_words];
    for group in 1..=*n {
        let line = r.line()?;
        let mut at = 0;
        while at < line.len() {
            let class =
                number(line, &mut at).filter(|c| c <= classes).ok_or_else(|| r.fault("a class is wrong"))?;
            t.groups[group * t.group_words + class / 64] |= 1 << (class % 64);
            at += 1;
        }
    }
    Ok(())
}

fn codes(r: &mut Reader<'_>, t: &mut Tables) -> Result<(), TableError> {
    let n = r.section("dx")?;
    t.dx = CodeMap::with_capacity(n);
    t.dx_codes.reserve_exact(n);
    t.dx_rows.reserve_exact(n);
    let mut last = Vec::with_capacity(8);
    for row in 0..n {
        let line = r.line()?;
        let mut at = code_text(line, &mut last).ok_or_else(|| r.fault("the code cannot be read"))?;
        let mut next = || {
            at += 1;
            number(line, &mut at).and_then(|n| u16::try_from(n).ok())
        };
        let (Some(set), Some(group), Some(class)) = (next(), next(), next()) else {
            return Err(r.fault("a set, a group and a class are expected"));
        };
        let in_range = usize::from(set) < t.dx_sets.len()
            && usize::from(group) * t.group_words < t.groups.len()
            && usize::from(class) / 64 < t.group_words;
        if !in_range || !t.dx.insert(code(&last), row) {
            return Err(r.fault("a set, group or class is out of range, or the code is there twice"));
        }
        if t.dx_codes.last().is_some_and(|c| *c >= code(&last)) {
            return Err(r.fault("the codes are not in ascending order"));
        }
        t.dx_codes.push(code(&last));
        t.dx_rows.push(DxRow { set, group, class });
    }
    let n = r.section("px")?;
    t.px = CodeMap::with_capacity(n);
    t.px_rows.reserve_exact(n);
    last.clear();
    for row in 0..n {
        let line = r.line()?;
        let mut at = code_text(line, &mut last).ok_or_else(|| r.fault("the code cannot be read"))? + 1;
        let set = number(line, &mut at).and_then(|n| u16::try_from(n).ok());
        let Some(set) = set.filter(|s| usize::from(*s) < t.px_sets.len()) else {
            return Err(r.fault("the set is out of range"));
        };
        if !t.px.insert(code(&last), row) {
            return Err(r.fault("the code is there twice"));
        }
        t.px_rows.push(PxRow { set, parts: 0 });
    }
    Ok(())
}

fn clusters(r: &mut Reader<'_>, t: &mut Tables) -> Result<(), TableError> {
    let n = r.section("clusters")?;
    if n > 60_000 {
        return Err(r.fault("there are more combinations than the grouper can hold"));
    }
    let mut of_row: HashMap<usize, Vec<(u16, u8)>> = HashMap::new();
    for cluster in 0..n as u16 {
        let f = r.text_fields()?;
        let [mask, parts, lists] = f.as_slice() else {
            return Err(r.fault("a combination has three fields"));
        };
        let suppress = u32::from_str_radix(mask, 16).map_err(|_| r.fault("the scopes are no number"))?;
        let mut all_parts = 0u8;
        for (i, part) in parts.split('+').enumerate() {
            if i >= 8 {
                return Err(r.fault("a combination has at most eight parts"));
            }
            all_parts |= 1 << i;
            for text in part.split('/') {
                match t.px.get(Code::new(text)) {
                    Some(row) => of_row.entry(row).or_default().push((cluster, 1 << i)),
                    None => {
                        t.load_faults
                            .push(format!("combination {}: {text} is no procedure here", cluster + 1));
                    }
                }
            }
        }
        let lists =
            run(&mut t.lists, lists, t.px_lists.len()).ok_or_else(|| r.fault("a list number is wrong"))?;
        t.clusters.push(Cluster { all_parts, suppress, lists });
    }
    let mut rows: Vec<(usize, Vec<(u16, u8)>)> = of_row.into_iter().collect();
    rows.sort_unstable_by_key(|(row, _)| *row);
    for (row, parts) in rows {
        t.px_rows[row].parts = t.part_runs.len() as u16;
        t.part_runs.push(Run { start: t.parts.len() as u32, len: parts.len() as u32 });
        t.parts.extend(parts);
    }
    Ok(())
}

/// Puts the code of a front-coded line into `last`; the place after it.
fn code_text(line: &[u8], last: &mut Vec<u8>) -> Option<usize> {
    let shared = usize::from(line.first()?.checked_sub(b'0')?);
    let end = memchr::memchr(b'\t', line).unwrap_or(line.len());
    if shared > last.len() || shared + end - 1 > 7 {
        return None;
    }
    last.truncate(shared);
    last.extend_from_slice(&line[1..end]);
    Some(end)
}

fn code(bytes: &[u8]) -> Code {
    Code::new(std::str::from_utf8(bytes).unwrap_or(""))
}

fn number(line: &[u8], at: &mut usize) -> Option<usize> {
    let start = *at;
    let mut n = 0usize;
    while let Some(d) = line.get(*at).filter(|b| b.is_ascii_digit()) {
        n = n * 10 + usize::from(d - b'0');
        *at += 1;
    }
    (*at > start && *at - start < 10).then_some(n)
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

struct Reader<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest) = match memchr::memchr(b'\n', self.rest) {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
    fn fault(&self, what: impl ToString) -> TableError {
        TableError::Line { line: self.line, what: what.to_string() }
    }
    fn line(&mut self) -> Result<&'a [u8], TableError> {
        self.next().ok_or_else(|| self.fault("the table ends too early"))
    }
    fn text_fields(&mut self) -> Result<Vec<&'a str>, TableError> {
        let line = self.line()?;
        let text = std::str::from_utf8(line).map_err(|_| self.fault("the line is not UTF-8"))?;
        Ok(text.split('\t').collect())
    }
    /// The fields of a line that begins with `name`.
    fn fields(&mut self, name: &[u8]) -> Result<impl Iterator<Item = &'a str>, TableError> {
        let f = self.text_fields()?;
        if f.first().is_none_or(|n| n.as_bytes() != name) {
            return Err(self.fault(format!("'{}' is expected", String::from_utf8_lossy(name))));
        }
        Ok(f.into_iter().skip(1))
    }
    fn section_fields(&mut self, name: &str) -> Result<Vec<usize>, TableError> {
        let fields: Vec<&str> = self.fields(name.as_bytes())?.collect();
        let parsed: Option<Vec<usize>> =
            fields.iter().map(|f| f.parse().ok().filter(|n| *n <= CodeMap::MAX_ROWS)).collect();
        parsed.ok_or_else(|| self.fault("a count is no number, or too large"))
    }
    fn section(&mut self, name: &str) -> Result<usize, TableError> {
        match self.section_fields(name)?.as_slice() {
            [n] => Ok(*n),
            _ => Err(self.fault("one count is expected")),
        }
    }
    fn names(&mut self, name: &str) -> Result<Vec<String>, TableError> {
        let n = self.section(name)?;
        if n > MAX_LISTS {
            return Err(self.fault(format!("{n} lists are more than the grouper's {MAX_LISTS}")));
        }
        let mut all = Vec::with_capacity(n);
        for _ in 0..n {
            all.push(String::from_utf8_lossy(self.line()?).into_owned());
        }
        Ok(all)
    }
}
