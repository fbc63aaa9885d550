//! A new version of the tables: from the facts as comma-separated files to the compact table.
//!
//! Owns reading `dx.csv`, `px.csv`, `clusters.csv`, `rules.csv`, `drgs.csv`, `hac_rules.csv`, `ccmcc.csv`,
//! `exclusion_groups.csv` and `pdx_exclusion_group_of.csv` (columns by name, any order), our own list names, and the
//! writing of the compact text. Never opens a file: the caller hands over each file's text. A fault names file,
//! line and column. Called by the command line, once a year.

use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

/// The files an import needs.
pub const FILES: [&str; 9] = [
    "drgs.csv",
    "rules.csv",
    "hac_rules.csv",
    "dx.csv",
    "ccmcc.csv",
    "px.csv",
    "clusters.csv",
    "exclusion_groups.csv",
    "pdx_exclusion_group_of.csv",
];

const NAMES: &str = include_str!("../../code_tables/drg_list_names.txt");

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ImportError {
    #[error("{file} is missing; an import needs {}", FILES.join(", "))]
    Missing { file: &'static str },
    #[error("{file} has no column '{column}'; its first line must name the columns")]
    Column { file: &'static str, column: &'static str },
    #[error("{file}, line {line}: {what}")]
    Line { file: &'static str, line: usize, what: String },
}

/// What a table is and where it is from.
pub struct Release<'a> {
    /// As `43.1`.
    pub version: &'a str,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    /// One line: authority, source, date.
    pub provenance: &'a str,
}

/// What an import made.
pub struct Imported {
    pub text: String,
    /// What the files disagree on, each a sentence; the import stands all the same.
    pub faults: Vec<String>,
}

/// The compact text of the version whose files `file` gives by name.
pub fn compact_text(
    release: &Release<'_>,
    file: &dyn Fn(&'static str) -> Option<String>,
) -> Result<Imported, ImportError> {
    let load = |name: &'static str| {
        let text = file(name).ok_or(ImportError::Missing { file: name })?;
        Ok::<Csv, ImportError>(Csv { file: name, text })
    };
    let names = Names::new();
    let mut out = String::with_capacity(3 << 20);
    let one_line = release.provenance.replace(['\n', '\r', '\t'], " ");
    let to = release.valid_to.map(|d| d.format("%Y%m%d").to_string()).unwrap_or_default();
    let _ = writeln!(out, "# {one_line}");
    let _ = writeln!(out, "version\t{}\t{}\t{to}", release.version, release.valid_from.format("%Y%m%d"));

    let dx = Diagnoses::read(&load("dx.csv")?, &load("ccmcc.csv")?, &names)?;
    let px = Procedures::read(&load("px.csv")?, &load("clusters.csv")?, &names)?;
    let mut faults = dx.faults.clone();
    let exclusions = Exclusions::read(&load("exclusion_groups.csv")?, &load("pdx_exclusion_group_of.csv")?)?;

    exclusions.check(&dx.codes, &mut faults);
    write_names(&mut out, "dxlists", &dx.lists);
    write_names(&mut out, "pxlists", &px.lists);
    write_hacs(&mut out, &load("hac_rules.csv")?, &names)?;
    write_drgs(&mut out, &load("drgs.csv")?)?;
    write_rules(&mut out, &load("rules.csv")?, &names)?;
    dx.write_sets(&mut out);
    px.write_sets(&mut out);
    exclusions.write(&mut out);
    dx.write_codes(&mut out, &exclusions);
    px.write_codes(&mut out);
    px.write_clusters(&mut out);
    Ok(Imported { text: out, faults })
}

/// Our names of the source's lists.
struct Names(HashMap<&'static str, &'static str>);

impl Names {
    fn new() -> Names {
        let lines = NAMES.lines().filter(|l| !l.starts_with('#'));
        Names(lines.filter_map(|l| l.split_once('\t')).collect())
    }
    /// A list that is new with this version keeps its source's name, in lower case.
    fn list(&self, theirs: &str) -> String {
        match self.0.get(theirs) {
            Some(ours) => (*ours).to_string(),
            None => theirs.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
        }
    }
    fn condition(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            if matches!(c, '&' | '|' | '~' | '(' | ')' | ' ') {
                out.push_str(&self.word(&word));
                word.clear();
                out.push(c);
            } else {
                word.push(c);
            }
        }
        out.trim_end().to_string()
    }
    fn word(&self, word: &str) -> String {
        match word.split_once(':') {
            Some((prefix, list)) => format!("{prefix}:{}", self.list(list)),
            None => match self.0.get(word) {
                Some(ours) => (*ours).to_string(),
                None if super::condition::Word::parse(word).is_some() => word.to_string(),
                None if word.chars().any(|c| c.is_ascii_lowercase()) => self.list(word),
                None => word.to_string(),
            },
        }
    }
}

struct Csv {
    file: &'static str,
    text: String,
}

impl Csv {
    fn fault(&self, line: usize, what: impl ToString) -> ImportError {
        ImportError::Line { file: self.file, line, what: what.to_string() }
    }
    /// Rows as the named columns, with their line number.
    fn rows<const N: usize>(
        &self,
        columns: [&'static str; N],
    ) -> Result<impl Iterator<Item = (usize, [String; N])>, ImportError> {
        let mut lines = (1..).zip(self.text.lines());
        let head = lines.next().map(|(_, l)| fields(l)).unwrap_or_default();
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            // "parts(each: ...)" is named by what stands before the bracket.
            let named = |h: &String| h.split('(').next().is_some_and(|n| n.trim() == column);
            *place = head.iter().position(named).ok_or(ImportError::Column { file: self.file, column })?;
        }
        Ok(lines.filter(|(_, l)| !l.is_empty()).map(move |(n, line)| {
            let mut all = fields(line);
            (n, places.map(|p| all.get_mut(p).map(std::mem::take).unwrap_or_default()))
        }))
    }
}

/// The fields of one line; quotes keep commas, doubled quotes are one.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut out, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => push(&mut out, c),
        }
    }
    out
}

fn push(out: &mut [String], c: char) {
    if let Some(last) = out.last_mut() {
        last.push(c);
    }
}

fn write_names(out: &mut String, section: &str, names: &[String]) {
    let _ = writeln!(out, "{section}\t{}", names.len());
    for n in names {
        let _ = writeln!(out, "{n}");
    }
}

fn write_hacs(out: &mut String, csv: &Csv, names: &Names) -> Result<(), ImportError> {
    let rows: Vec<_> = csv.rows(["hac", "condition"])?.collect();
    let _ = writeln!(out, "hac\t{}", rows.len());
    for (_, [hac, condition]) in rows {
        let _ = writeln!(out, "{hac}\t{}", names.condition(&condition));
    }
    Ok(())
}

fn write_drgs(out: &mut String, csv: &Csv) -> Result<(), ImportError> {
    let mut all = BTreeMap::new();
    for (line, [drg, title]) in csv.rows(["drg", "title"])? {
        let number: u16 = drg.parse().map_err(|_| csv.fault(line, format!("'{drg}' is no DRG")))?;
        all.insert(number, title.replace('\t', " "));
    }
    let _ = writeln!(out, "drgs\t{}", all.len());
    for (number, title) in all {
        let _ = writeln!(out, "{number:03}\t{title}");
    }
    Ok(())
}

fn write_rules(out: &mut String, csv: &Csv, names: &Names) -> Result<(), ImportError> {
    let columns = [
        "scope_mdc",
        "rank",
        "drg",
        "base_drg",
        "type",
        "reroute_scope",
        "severity_suppressing_lists",
        "condition",
    ];
    // A row that only names its own scope is a mark of the source, never true.
    let is_mark = |r: &(usize, [String; 8])| {
        let of = r.1[7].strip_prefix("MDC").and_then(|n| n.parse::<u8>().ok());
        of.is_some() && of == r.1[0].parse().ok()
    };
    let rows: Vec<_> = csv.rows(columns)?.filter(|r| !is_mark(r)).collect();
    let _ = writeln!(out, "rules\t{}", rows.len());
    for (line, [scope, rank, drg, base, kind, reroute, suppress, condition]) in rows {
        for n in [&scope, &rank, &drg, &base, &reroute] {
            if n.parse::<u16>().is_err() {
                return Err(csv.fault(line, format!("'{n}' is no number")));
            }
        }
        let kind = match kind.as_str() {
            "MEDICAL" => "M",
            "SURGICAL" => "P",
            "NA" => "-",
            other => {
                return Err(csv.fault(line, format!("the type '{other}' is none of MEDICAL, SURGICAL, NA")));
            }
        };
        let mut lists: Vec<String> = lists_of(&suppress).map(|l| names.list(l)).collect();
        lists.sort();
        let text = names.condition(&condition);
        super::condition::parse(&text, &mut |_| super::condition::Operand::Unknown)
            .map_err(|e| csv.fault(line, e))?;
        let _ =
            writeln!(out, "{scope}\t{rank}\t{drg}\t{base}\t{kind}\t{reroute}\t{}\t{text}", lists.join(" "));
    }
    Ok(())
}

fn lists_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').filter(|l| !l.is_empty())
}

/// Interned attribute lines: each distinct one gets a number, in order of first appearance.
#[derive(Default)]
struct Interner {
    seen: HashMap<String, usize>,
    all: Vec<String>,
}

impl Interner {
    fn number(&mut self, text: String) -> usize {
        if let Some(n) = self.seen.get(&text) {
            return *n;
        }
        self.all.push(text.clone());
        self.seen.insert(text, self.all.len() - 1);
        self.all.len() - 1
    }
    fn write(&self, out: &mut String, section: &str) {
        let _ = writeln!(out, "{section}\t{}", self.all.len());
        for line in &self.all {
            let _ = writeln!(out, "{line}");
        }
    }
}

/// List names to numbers, names in order.
fn numbered(names: BTreeSet<String>) -> (Vec<String>, HashMap<String, usize>) {
    let all: Vec<String> = names.into_iter().collect();
    let at = all.iter().enumerate().map(|(n, name)| (name.clone(), n)).collect();
    (all, at)
}

fn join(lists: &[String], at: &HashMap<String, usize>) -> String {
    let mut numbers: Vec<usize> = lists.iter().filter_map(|l| at.get(l).copied()).collect();
    numbers.sort_unstable();
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// `code` after `last`, front-coded.
fn write_code(out: &mut String, last: &mut String, code: &str) {
    let shared = last.bytes().zip(code.bytes()).take_while(|(a, b)| a == b).count();
    let _ = write!(out, "{shared}{}", &code[shared..]);
    last.clear();
    last.push_str(code);
}

struct Diagnoses {
    lists: Vec<String>,
    sets: Interner,
    codes: BTreeMap<String, usize>,
    faults: Vec<String>,
}

impl Diagnoses {
    fn read(dx: &Csv, ccmcc: &Csv, names: &Names) -> Result<Diagnoses, ImportError> {
        let mut alive_only = BTreeSet::new();
        let mut levels = BTreeMap::new();
        for (_, [code, level, alive]) in ccmcc.rows(["code", "level", "alive_only"])? {
            if alive == "Y" {
                alive_only.insert(code.clone());
            }
            levels.insert(code, level);
        }
        let mut faults = Vec::new();
        let rows: Vec<_> =
            dx.rows(["code", "mdc", "mdc_female", "mdc_male", "severity", "lists", "hac_lists"])?.collect();
        let mut all = BTreeSet::new();
        for (_, row) in &rows {
            all.extend(lists_of(&row[5]).chain(lists_of(&row[6])).map(|l| names.list(l)));
        }
        let (lists, at) = numbered(all);
        let mut sets = Interner::default();
        let mut codes = BTreeMap::new();
        for (line, [code, mdc, female, male, severity, on, hacs]) in rows {
            is_code(dx, line, &code)?;
            if super::case::Level::parse(&severity).is_none() {
                return Err(dx.fault(line, format!("the severity '{severity}' is none of NCC, CC, MCC")));
            }
            let mdc_of = |t: &str| if t.is_empty() { "0".to_string() } else { t.to_string() };
            let ours = |t: &str| join(&lists_of(t).map(|l| names.list(l)).collect::<Vec<_>>(), &at);
            let set = sets.number(format!(
                "{}\t{}\t{}\t{severity}\t{}\t{}\t{}",
                mdc_of(&mdc),
                mdc_of(&female),
                mdc_of(&male),
                u8::from(alive_only.contains(&code)),
                ours(&on),
                ours(&hacs)
            ));
            let level = levels.remove(&code).unwrap_or_else(|| "NCC".to_string());
            if level != severity {
                faults.push(format!("{code} is {severity} in dx.csv and {level} in ccmcc.csv"));
            }
            if codes.insert(code.clone(), set).is_some() {
                return Err(dx.fault(line, format!("{code} is there twice")));
            }
        }
        faults.extend(levels.keys().map(|c| format!("{c} is in ccmcc.csv and not in dx.csv")));
        Ok(Diagnoses { lists, sets, codes, faults })
    }
    fn write_sets(&self, out: &mut String) {
        self.sets.write(out, "dxsets");
    }
    fn write_codes(&self, out: &mut String, exclusions: &Exclusions) {
        let _ = writeln!(out, "dx\t{}", self.codes.len());
        let mut last = String::new();
        for (code, set) in &self.codes {
            write_code(out, &mut last, code);
            let group = exclusions.group_of.get(code).copied().unwrap_or(0);
            let class = exclusions.class_of.get(code).copied().unwrap_or(0);
            let _ = writeln!(out, "\t{set}\t{group}\t{class}");
        }
    }
}

fn is_code(csv: &Csv, line: usize, code: &str) -> Result<(), ImportError> {
    let good =
        (3..=7).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if good { Ok(()) } else { Err(csv.fault(line, format!("'{code}' is no code"))) }
}

struct Procedures {
    lists: Vec<String>,
    sets: Interner,
    codes: BTreeMap<String, usize>,
    /// Scope mask, parts, lists.
    clusters: Vec<String>,
}

impl Procedures {
    fn read(px: &Csv, clusters: &Csv, names: &Names) -> Result<Procedures, ImportError> {
        let rows: Vec<_> = px.rows(["code", "or_class", "lists"])?.collect();
        let cluster_rows: Vec<_> = clusters.rows(["suppress_in_mdcs", "parts", "lists"])?.collect();
        let mut all = BTreeSet::new();
        for lists in rows.iter().map(|(_, r)| &r[2]).chain(cluster_rows.iter().map(|(_, r)| &r[2])) {
            all.extend(lists_of(lists).map(|l| names.list(l)));
        }
        let (lists, at) = numbered(all);
        let ours = |t: &str| join(&lists_of(t).map(|l| names.list(l)).collect::<Vec<_>>(), &at);
        let mut sets = Interner::default();
        let mut codes = BTreeMap::new();
        for (line, [code, class, on]) in rows {
            is_code(px, line, &code)?;
            let class = match class.as_str() {
                "EXTENSIVE" => "E",
                "NONEXTENSIVE" => "N",
                "OR_PREMDC" => "P",
                "NONOR" => "-",
                other => return Err(px.fault(line, format!("'{other}' is no operating-room class"))),
            };
            let set = sets.number(format!("{class}\t{}", ours(&on)));
            if codes.insert(code.clone(), set).is_some() {
                return Err(px.fault(line, format!("{code} is there twice")));
            }
        }
        let mut lines = Vec::with_capacity(cluster_rows.len());
        for (line, [scopes, parts, on]) in cluster_rows {
            let mut mask = 0u32;
            for s in lists_of(&scopes) {
                let s: u32 = s.parse().map_err(|_| clusters.fault(line, format!("'{s}' is no MDC")))?;
                mask |= if s < 32 { 1 << s } else { 0 };
            }
            lines.push(format!("{mask:x}\t{parts}\t{}", ours(&on)));
        }
        Ok(Procedures { lists, sets, codes, clusters: lines })
    }
    fn write_sets(&self, out: &mut String) {
        self.sets.write(out, "pxsets");
    }
    fn write_codes(&self, out: &mut String) {
        let _ = writeln!(out, "px\t{}", self.codes.len());
        let mut last = String::new();
        for (code, set) in &self.codes {
            write_code(out, &mut last, code);
            let _ = writeln!(out, "\t{set}");
        }
    }
    fn write_clusters(&self, out: &mut String) {
        let _ = writeln!(out, "clusters\t{}", self.clusters.len());
        for line in &self.clusters {
            let _ = writeln!(out, "{line}");
        }
    }
}

/// Exclusions with the secondary codes that are always excluded together made one class.
struct Exclusions {
    /// Of each group (numbered from 1), its classes.
    groups: Vec<Vec<usize>>,
    group_of: HashMap<String, usize>,
    class_of: HashMap<String, usize>,
    classes: usize,
}

impl Exclusions {
    fn read(groups: &Csv, of: &Csv) -> Result<Exclusions, ImportError> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut member_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (line, [group, codes]) in groups.rows(["group", "sdx_codes"])? {
            let n = numbers.len() + 1;
            if numbers.insert(group.clone(), n).is_some() {
                return Err(groups.fault(line, format!("group {group} is there twice")));
            }
            for code in lists_of(&codes) {
                member_of.entry(code.to_string()).or_default().push(n);
            }
        }
        let mut classes: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut class_of = HashMap::new();
        for (code, on) in member_of {
            let n = classes.len() + 1;
            class_of.insert(code, *classes.entry(on).or_insert(n));
        }
        let mut of_group = vec![Vec::new(); numbers.len()];
        for (on, class) in &classes {
            on.iter().for_each(|g| of_group[g - 1].push(*class));
        }
        of_group.iter_mut().for_each(|g| g.sort_unstable());
        let mut group_of = HashMap::new();
        for (line, [pdx, group]) in of.rows(["pdx", "group"])? {
            let n = numbers
                .get(&group)
                .ok_or_else(|| of.fault(line, format!("group {group} is not in exclusion_groups.csv")))?;
            group_of.insert(pdx, *n);
        }
        Ok(Exclusions { groups: of_group, group_of, class_of, classes: classes.len() })
    }
    /// Names codes of the exclusions that are no diagnosis of this version: all in one sentence a file.
    fn check(&self, codes: &BTreeMap<String, usize>, faults: &mut Vec<String>) {
        for (file, of) in
            [("exclusion_groups.csv", &self.class_of), ("pdx_exclusion_group_of.csv", &self.group_of)]
        {
            let unknown: BTreeSet<&String> = of.keys().filter(|c| !codes.contains_key(*c)).collect();
            if let Some(first) = unknown.first() {
                faults.push(format!(
                    "{file} names {} codes that are not in dx.csv, {first} first",
                    unknown.len()
                ));
            }
        }
    }
    fn write(&self, out: &mut String) {
        let _ = writeln!(out, "exclusions\t{}\t{}", self.groups.len(), self.classes);
        for g in &self.groups {
            let classes: Vec<String> = g.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "{}", classes.join(" "));
        }
    }
}
