//! The volumes of the book that a site loads beside the Tabular List: Alphabetic Index, index of external
//! causes, tables of neoplasms and drugs, and the official ICD-10-PCS tables.
//!
//! Owns how they are held (one run of text a volume, rows by their place in it), walking an entry and
//! filtering inside it, and following *see*. Whoever reads an official file fills a volume with `push`.
//! Never reads a file and never makes up a row. Pure; any thread.

use std::collections::BTreeMap;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VolumeKind {
    Index,
    External,
    Neoplasms,
    Drugs,
}

impl VolumeKind {
    pub const ALL: [VolumeKind; 4] =
        [VolumeKind::Index, VolumeKind::External, VolumeKind::Neoplasms, VolumeKind::Drugs];

    pub fn title(self) -> &'static str {
        match self {
            VolumeKind::Index => "Alphabetic Index",
            VolumeKind::External => "External causes",
            VolumeKind::Neoplasms => "Neoplasms",
            VolumeKind::Drugs => "Drugs",
        }
    }

    /// The official file that holds it, as its publisher names it.
    pub fn file(self) -> &'static str {
        match self {
            VolumeKind::Index => "icd10cm-index-YYYY.xml, or its flattened CSV",
            VolumeKind::External => "icd10cm-eindex-YYYY.xml",
            VolumeKind::Neoplasms => "icd10cm-neoplasm-YYYY.xml",
            VolumeKind::Drugs => "icd10cm-drug-YYYY.xml",
        }
    }

    /// Is it read by columns?
    pub fn has_columns(self) -> bool {
        matches!(self, VolumeKind::Neoplasms | VolumeKind::Drugs)
    }
}

/// One row to be put into a volume.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowParts<'a> {
    /// 0 for a main term.
    pub level: u8,
    pub title: &'a str,
    /// Words in brackets that change nothing.
    pub modifiers: &'a str,
    pub see: &'a str,
    pub see_also: &'a str,
    /// Of an index: the code and, if it is a pair, its manifestation. Of a table: one a column.
    pub cells: &'a [&'a str],
}

/// One row of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub level: u8,
    text: &'a str,
}

impl<'a> Row<'a> {
    fn field(&self, i: usize) -> &'a str {
        self.text.split('\t').nth(i).unwrap_or("")
    }
    pub fn title(&self) -> &'a str {
        self.field(0)
    }
    pub fn modifiers(&self) -> &'a str {
        self.field(1)
    }
    pub fn see(&self) -> &'a str {
        self.field(2)
    }
    pub fn see_also(&self) -> &'a str {
        self.field(3)
    }
    /// A column's code as printed (`C79.8-`, `-`), the first is 0.
    pub fn cell(&self, column: usize) -> &'a str {
        self.field(4 + column)
    }
    pub fn cells(&self) -> impl Iterator<Item = &'a str> {
        self.text.split('\t').skip(4)
    }
}

/// One loaded volume.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// Authority, release and dates, for the reader.
    pub source: String,
    /// Names of the columns; empty for an index.
    pub heads: Vec<String>,
    text: String,
    rows: Vec<(u32, u8)>,
}

impl Volume {
    pub fn new(source: &str, heads: &[&str]) -> Volume {
        let heads = heads.iter().map(|h| h.to_string()).collect();
        Volume { source: source.to_string(), heads, ..Volume::default() }
    }

    /// Adds a row behind the others. Tabs and line breaks in a field become blanks.
    pub fn push(&mut self, row: RowParts<'_>) {
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let fields = [row.title, row.modifiers, row.see, row.see_also];
        for (i, field) in fields.iter().chain(row.cells).enumerate() {
            if i > 0 {
                self.text.push('\t');
            }
            self.text.extend(field.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        self.rows.push((at, row.level));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn row(&self, i: usize) -> Row<'_> {
        let Some(&(from, level)) = self.rows.get(i) else { return Row { level: 0, text: "" } };
        let to = self.rows.get(i + 1).map_or(self.text.len(), |r| r.0 as usize);
        Row { level, text: self.text.get(from as usize..to).unwrap_or("") }
    }

    /// The rows below row `i`, itself not among them.
    pub fn below(&self, i: usize) -> Range<usize> {
        let Some(&(_, level)) = self.rows.get(i) else { return 0..0 };
        let rest = &self.rows[i + 1..];
        i + 1..i + 1 + rest.iter().take_while(|r| r.1 > level).count()
    }

    pub fn above(&self, i: usize) -> Option<usize> {
        let &(_, level) = self.rows.get(i)?;
        self.rows[..i].iter().rposition(|r| r.1 < level)
    }

    /// Titles from the main term down to row `i`: `Dementia, in, Alzheimer's disease`.
    pub fn path(&self, i: usize) -> String {
        let mut out = vec![self.row(i).title()];
        let mut at = i;
        while let Some(up) = self.above(at) {
            out.push(self.row(up).title());
            at = up;
        }
        out.reverse();
        out.join(", ")
    }

    /// The rows of an entry (`None`: the main terms, or all rows of a table by columns) that a filter
    /// leaves. Each typed word has to begin a word of the row or of a row above it; what stands above a
    /// row that is left is left as well, so that it can be read.
    pub fn listed(&self, entry: Option<usize>, filter: &str) -> Vec<usize> {
        let flat = !self.heads.is_empty();
        let range = match entry {
            Some(i) => self.below(i),
            None => 0..self.rows.len(),
        };
        let words: Vec<String> = filter.to_lowercase().split_whitespace().map(str::to_string).collect();
        let top = range.clone().map(|i| self.rows[i].1).min().unwrap_or(0);
        let main_terms_only = entry.is_none() && !flat;
        if words.is_empty() {
            return range.filter(|i| !main_terms_only || self.rows[*i].1 == top).collect();
        }
        let met = |i: usize, word: &str| {
            let row = self.row(i);
            let text = format!("{} {}", row.title(), row.modifiers()).to_lowercase();
            text.split(|c: char| !c.is_alphanumeric()).any(|w| w.starts_with(word))
        };
        let mut out: Vec<usize> = Vec::new();
        // rows that stand open above the one looked at: place, and which words have been met so far
        let mut open: Vec<(usize, Vec<bool>)> = Vec::new();
        for i in range {
            let level = self.rows[i].1;
            if main_terms_only && level != top {
                continue;
            }
            open.retain(|(at, _)| self.rows[*at].1 < level);
            let before = open.last().map(|(_, seen)| seen.clone()).unwrap_or(vec![false; words.len()]);
            let own: Vec<bool> = words.iter().map(|w| met(i, w)).collect();
            let seen: Vec<bool> = before.iter().zip(&own).map(|(a, b)| *a || *b).collect();
            if seen.iter().all(|s| *s) {
                for at in open.iter().map(|(at, _)| *at).chain([i]) {
                    if out.last().is_none_or(|last| *last < at) {
                        out.push(at);
                    }
                }
            }
            open.push((i, seen));
        }
        out
    }

    /// Of the rows a filter left, the one meant: a title that begins as typed, else the first that has
    /// all the last word names, else the first.
    pub fn best(&self, listed: &[usize], filter: &str) -> Option<usize> {
        let typed = filter.trim().to_lowercase();
        let last = typed.split_whitespace().last().unwrap_or("");
        let title = |i: &usize| self.row(*i).title().to_lowercase();
        let begins = |i: &&usize| !typed.is_empty() && title(i).starts_with(&typed);
        let has_last = |i: &&usize| {
            let title = title(i);
            !last.is_empty() && title.split(|c: char| !c.is_alphanumeric()).any(|w| w.starts_with(last))
        };
        let found = listed.iter().find(begins).or_else(|| listed.iter().find(has_last));
        found.or(listed.first()).copied()
    }

    /// The main term that a word begins, the first in order.
    pub fn main_term(&self, start: &str) -> Option<usize> {
        let start = start.trim().to_lowercase();
        let is = |i: &usize, exact: bool| {
            let title = self.row(*i).title().to_lowercase();
            if exact { title == start } else { title.starts_with(&start) }
        };
        let mains = || (0..self.rows.len()).filter(|i| self.rows[*i].1 == 0);
        mains().find(|i| is(i, true)).or_else(|| mains().find(|i| is(i, false)))
    }

    /// Where *see* leads: `Accident, transport, car occupant`, as far as its steps are found.
    pub fn see(&self, text: &str) -> Option<usize> {
        let mut steps = text.split(',').map(str::trim).filter(|s| !s.is_empty() && *s != "by type");
        let mut at = self.main_term(steps.next()?)?;
        let mut pending = String::new();
        for step in steps {
            // a title may have a comma of its own
            pending = if pending.is_empty() { step.to_string() } else { format!("{pending}, {step}") };
            let level = self.rows[at].1 + 1;
            let wanted = pending.to_lowercase();
            let found = self.below(at).filter(|i| self.rows[*i].1 == level).find(|i| {
                let title = self.row(*i).title().to_lowercase();
                title == wanted || title.starts_with(&format!("{wanted} "))
            });
            if let Some(i) = found {
                at = i;
                pending.clear();
            }
        }
        Some(at)
    }
}

/// One row of an official ICD-10-PCS table: every value of one column goes with every value of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsRow {
    /// Character and label, for positions 4 to 7.
    pub columns: [Vec<(char, String)>; 4],
}

/// One official table: the names of its first three characters and its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsTable {
    pub names: [String; 3],
    /// What the operation is.
    pub definition: String,
    pub rows: Vec<PcsRow>,
}

/// The official ICD-10-PCS tables and definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcsVolume {
    pub source: String,
    /// By the three first characters.
    pub tables: BTreeMap<String, PcsTable>,
    /// By section, position and label: what it means.
    pub definitions: BTreeMap<(char, usize, String), String>,
}

impl PcsVolume {
    /// Label and definition of a character behind `prefix`, in the rows that `prefix` leaves.
    pub fn words(&self, prefix: &str, c: char) -> Option<(&str, Option<&str>)> {
        let (label, own) = match prefix.len() {
            n @ 0..=2 => {
                let begin = format!("{prefix}{c}");
                let (_, t) =
                    self.tables.range(begin.clone()..).next().filter(|(k, _)| k.starts_with(&begin))?;
                (t.names[n].as_str(), (n == 2).then_some(t.definition.as_str()))
            }
            n @ 3..=6 => {
                let table = self.tables.get(prefix.get(..3)?)?;
                let chosen: Vec<char> = prefix.chars().skip(3).collect();
                let holds = |row: &&PcsRow| {
                    chosen.iter().zip(&row.columns).all(|(c, col)| col.iter().any(|(x, _)| x == c))
                };
                let row = table.rows.iter().filter(holds);
                let mut labels = row.filter_map(|r| r.columns[n - 3].iter().find(|(x, _)| *x == c));
                (labels.next()?.1.as_str(), None)
            }
            _ => return None,
        };
        let section = prefix.chars().next().unwrap_or(c);
        let defined = self.definitions.get(&(section, prefix.len() + 1, label.to_string()));
        Some((label, own.filter(|d| !d.is_empty()).or(defined.map(String::as_str))))
    }
}

/// What a site has loaded; every volume may be missing.
#[derive(Clone, Debug, Default)]
pub struct Volumes {
    volumes: BTreeMap<VolumeKind, Volume>,
    pub pcs: Option<PcsVolume>,
}

impl Volumes {
    pub fn load(&mut self, kind: VolumeKind, volume: Volume) {
        self.volumes.insert(kind, volume);
    }

    pub fn get(&self, kind: VolumeKind) -> Option<&Volume> {
        self.volumes.get(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Volume {
        let mut v = Volume::new("test", &[]);
        let mut row = |level, title, cells: &[&str], see| {
            v.push(RowParts { level, title, cells, see, ..RowParts::default() });
        };
        row(0, "Dementia", &["F03.90"], "");
        row(1, "in (due to)", &[], "");
        row(2, "Alzheimer's disease", &["G30.9", "F02.80"], "");
        row(2, "Parkinson's disease", &["G20.A1", "F02.80"], "");
        row(1, "vascular", &["F01.50"], "");
        row(0, "Demineralization, bone", &[], "Osteoporosis");
        row(0, "Osteoporosis", &["M81.0"], "");
        row(0, "Alzheimer's", &[], "Dementia, in, Alzheimer's disease");
        v
    }

    #[test]
    fn entries_are_walked_and_filtered() {
        let v = index();
        assert_eq!(v.listed(None, ""), [0, 5, 6, 7]);
        assert_eq!(v.listed(None, "dem"), [0, 5]);
        assert_eq!(v.listed(Some(0), ""), [1, 2, 3, 4]);
        assert_eq!(v.listed(Some(0), "alz"), [1, 2]);
        assert_eq!(v.listed(Some(0), "due park"), [1, 3]);
        assert_eq!(v.listed(Some(0), "x"), [0; 0]);
        assert_eq!(v.best(&[1, 2], "alz"), Some(2));
        assert_eq!(v.best(&[1, 3], "due park"), Some(3));
        assert_eq!(v.best(&[0, 5], "demin"), Some(5));
        assert_eq!(v.best(&[], "x"), None);
        assert_eq!(v.path(2), "Dementia, in (due to), Alzheimer's disease");
        assert_eq!((v.row(2).cell(0), v.row(2).cell(1), v.row(4).cell(1)), ("G30.9", "F02.80", ""));
        assert_eq!(v.above(3), Some(1));
        assert_eq!(v.below(0), 1..5);
    }

    #[test]
    fn see_leads_as_far_as_its_steps_go() {
        let v = index();
        assert_eq!(v.see("Osteoporosis"), Some(6));
        assert_eq!(v.see("Dementia, in, Alzheimer's disease"), Some(2));
        assert_eq!(v.see("Dementia, no such step"), Some(0));
        assert_eq!(v.see("Nothing"), None);
        assert_eq!(v.see(""), None);
    }

    #[test]
    fn a_row_never_breaks_the_text() {
        let mut v = Volume::new("", &["a", "b"]);
        v.push(RowParts { title: "x\ty\n", cells: &["1\t2", "3"], ..RowParts::default() });
        v.push(RowParts::default());
        assert_eq!((v.row(0).title(), v.row(0).cell(0), v.row(0).cell(1)), ("x y ", "1 2", "3"));
        assert_eq!(v.row(9).title(), "");
        assert_eq!(v.row(1).cells().count(), 0);
    }

    #[test]
    fn official_words_follow_the_row() {
        let col = |s: &str| s.chars().map(|c| (c, format!("label {c}"))).collect::<Vec<_>>();
        let mut t = PcsTable { names: ["S".into(), "B".into(), "O".into()], ..PcsTable::default() };
        t.definition = "what it does".into();
        t.rows.push(PcsRow { columns: [col("1"), col("0"), col("Z"), col("Z")] });
        t.rows.push(PcsRow { columns: [col("2"), col("0"), vec![('Z', "other".into())], col("X")] });
        let mut v = PcsVolume::default();
        v.tables.insert("02H".into(), t);
        assert_eq!(v.words("02", 'H'), Some(("O", Some("what it does"))));
        assert_eq!(v.words("", '0'), Some(("S", None)));
        assert_eq!(v.words("02H20", 'Z'), Some(("other", None)));
        assert_eq!(v.words("02H10", 'Z'), Some(("label Z", None)));
        assert_eq!(v.words("02H1", '7'), None);
        assert_eq!(v.words("02H10ZZ", 'Z'), None);
    }
}
