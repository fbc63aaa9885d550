//! The sum of a site's releases: what they change in the book.
//!
//! Owns which release decides on which day, whose title and index terms count, and turning
//! entries of indexes and tables into search terms. Two releases of one kind lie side by side: on
//! a day the newest one in force by then decides; where none is, what was known before.
//! Never reads a file. Pure; called while a book is made.

use super::dating::{Known, Span, day_before, next_day, ymd};
use super::index::IndexTable;
use super::kind::Kind;
use super::release::{Content, HcpcsRow, ListRow, Meta, Release};
use crate::codes::tables::{PoaList, SiteList, SiteTables};
use crate::domain::{CodeSystem, normal_code};
use std::collections::{BTreeMap, HashMap};

/// Days in which one list decides which codes are valid.
struct Window {
    from: u32,
    /// 0 while open.
    to: u32,
    codes: Vec<String>,
}

/// Takes releases in the order of their import and gives their sum.
#[derive(Default)]
pub struct SiteBuilder {
    windows: HashMap<CodeSystem, Vec<Window>>,
    titles: BTreeMap<(CodeSystem, String), (u32, String)>,
    /// Lists with days of their own a row: HCPCS, CPT.
    lists: HashMap<Kind, Vec<(Meta, Vec<ListRow>)>>,
    /// Newest by first day; a later import of the same day wins.
    newest: HashMap<Kind, Release>,
    poa: Vec<PoaList>,
}

impl SiteBuilder {
    pub fn add(&mut self, release: Release) {
        let Release { meta, content } = release;
        let from = ymd(meta.from);
        match content {
            Content::Order(rows) => {
                let Some(system) = meta.kind.system() else { return };
                let mut codes = Vec::new();
                for r in rows {
                    if r.billable {
                        codes.push(r.code.clone());
                    }
                    // a heading of a procedure is no code of the book
                    if r.billable || system == CodeSystem::Icd10cm {
                        self.title(system, r.code, from, r.long);
                    }
                }
                let to = meta.to.map_or(0, ymd);
                self.windows.entry(system).or_default().push(Window { from, to, codes });
            }
            Content::Hcpcs(rows) if meta.kind == Kind::Hcpcs => {
                let rows = rows.into_iter().map(list_row).collect();
                self.list(meta, rows);
            }
            Content::List(rows) if meta.kind == Kind::Cpt => self.list(meta, rows),
            Content::List(rows) if meta.kind == Kind::PoaExempt => {
                let codes = rows.into_iter().map(|r| r.code).collect();
                self.poa.push(PoaList { from, to: meta.to.map_or(0, ymd), codes });
            }
            content => {
                let newer = self.newest.get(&meta.kind).is_none_or(|old| old.meta.from <= meta.from);
                if newer {
                    self.newest.insert(meta.kind, Release { meta, content });
                }
            }
        }
    }

    fn title(&mut self, system: CodeSystem, code: String, from: u32, title: String) {
        let slot = self.titles.entry((system, code)).or_default();
        if slot.0 <= from {
            *slot = (from, title);
        }
    }

    fn list(&mut self, meta: Meta, rows: Vec<ListRow>) {
        let Some(system) = meta.kind.system() else { return };
        for r in rows.iter().filter(|r| !r.text.is_empty()) {
            self.title(system, r.code.clone(), ymd(meta.from), r.text.clone());
        }
        self.lists.entry(meta.kind).or_default().push((meta, rows));
    }

    /// The sum. `base` gives what is known of a system's codes without the site's order files.
    pub fn finish(mut self, base: &dyn Fn(CodeSystem) -> Known) -> SiteTables {
        let mut out = SiteTables { poa_lists: std::mem::take(&mut self.poa), ..SiteTables::default() };
        for (system, mce) in
            [(CodeSystem::Icd10cm, Kind::MceDiagnoses), (CodeSystem::Icd10pcs, Kind::MceProcedures)]
        {
            let list = self.newest.get(&mce).map(|r| known_of(&r.content));
            let windows = self.windows.remove(&system).unwrap_or_default();
            if windows.is_empty() && list.is_none() {
                continue;
            }
            out.decided.push(system);
            let known = list.unwrap_or_else(|| base(system));
            for (code, spans) in decide(&known, windows) {
                out.periods.extend(spans.into_iter().map(|(from, to)| (system, code.clone(), from, to)));
            }
        }
        let lists = std::mem::take(&mut self.lists);
        let mut kinds: Vec<Kind> = lists.keys().copied().collect();
        kinds.sort();
        for kind in kinds {
            let Some(system) = kind.system() else { continue };
            for (code, (from, to)) in lasting(&lists[&kind]) {
                out.periods.push((system, code, from, to));
            }
            for (meta, _) in &lists[&kind] {
                let year = meta.from.checked_add_days(chrono::Days::new(365)).unwrap_or(meta.from);
                out.complete.push((system, ymd(meta.from), ymd(meta.to.unwrap_or(year))));
            }
        }
        out.titles = self.titles.into_iter().map(|((s, c), (_, t))| (s, c, t)).collect();
        let mut newest: Vec<(Kind, Release)> = self.newest.into_iter().collect();
        newest.sort_by_key(|(kind, _)| *kind);
        for (kind, release) in newest {
            match release.content {
                Content::Tabular(lines) => out.tabular = Some(lines.join("\n")),
                Content::Index(table) => terms(kind, &table, &mut out.terms),
                Content::Hcpcs(rows) => {
                    out.lists.extend(rows.into_iter().map(|r| site_list(kind, list_row(r))))
                }
                Content::List(rows) => out.lists.extend(rows.into_iter().map(|r| site_list(kind, r))),
                _ => {}
            }
        }
        out
    }
}

fn list_row(r: HcpcsRow) -> ListRow {
    ListRow { code: r.code, text: r.long, from: r.added.or(r.effective), to: r.ended }
}

fn site_list(kind: Kind, r: ListRow) -> SiteList {
    SiteList { kind, code: r.code, text: r.text, from: r.from.map_or(0, ymd), to: r.to.map_or(0, ymd) }
}

fn known_of(content: &Content) -> Known {
    let mut periods: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    if let Content::Periods(rows) = content {
        for r in rows {
            periods.entry(r.code.clone()).or_default().push((ymd(r.from), r.to.map_or(0, ymd)));
        }
    }
    Known::new(periods)
}

/// Periods of every code: a window decides inside its days, what was known outside.
fn decide(known: &Known, mut windows: Vec<Window>) -> BTreeMap<String, Vec<Span>> {
    // stable: of two of the same first day, the one imported later comes later
    windows.sort_by_key(|w| w.from);
    let mut kept: Vec<Window> = Vec::new();
    for w in windows {
        if kept.last().is_some_and(|k| k.from == w.from) {
            kept.pop();
        }
        kept.push(w);
    }
    for i in 0..kept.len() {
        match kept.get(i + 1).map(|n| n.from) {
            Some(next) if kept[i].to == 0 || next <= kept[i].to => kept[i].to = day_before(next),
            Some(_) => {}
            // the newest knowledge there is holds until newer comes
            None if kept[i].from >= known.last_change() => kept[i].to = 0,
            None => {}
        }
    }
    let mut out: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for code in known.codes() {
        let mut spans = known.periods(code).to_vec();
        for w in &kept {
            spans = spans.into_iter().flat_map(|s| without(s, w.from, w.to)).collect();
        }
        out.insert(code.to_string(), spans);
    }
    let windows = kept.len();
    for (i, w) in kept.into_iter().enumerate() {
        let newest = i + 1 == windows;
        for code in w.codes {
            // a code that nobody else knows does not end with the newest window; a newer one would decide
            let open_end = newest
                && !known.is_empty()
                && w.from >= known.last_change()
                && known.periods(&code).is_empty();
            let to = if open_end { 0 } else { w.to };
            out.entry(code).or_default().push((w.from, to));
        }
    }
    for spans in out.values_mut() {
        join(spans);
    }
    out.retain(|_, spans| !spans.is_empty());
    out
}

/// A span without the days of a window: what is before and after it.
fn without((from, to): Span, first: u32, last: u32) -> Vec<Span> {
    let mut out = Vec::new();
    let overlaps = (to == 0 || first <= to) && (last == 0 || from <= last);
    if !overlaps {
        return vec![(from, to)];
    }
    if from < first {
        out.push((from, day_before(first)));
    }
    if last != 0 && (to == 0 || last < to) {
        out.push((next_day(last), to));
    }
    out
}

/// Sorts spans and joins those that touch.
fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for &(from, to) in spans.iter() {
        match out.last_mut() {
            Some(last) if last.1 == 0 => {}
            Some(last) if from <= next_day(last.1) => last.1 = if to == 0 { 0 } else { last.1.max(to) },
            _ => out.push((from, to)),
        }
    }
    *spans = out;
}

/// Periods by the rows' own days; a code the next list leaves out ended the day before it.
fn lasting(lists: &[(Meta, Vec<ListRow>)]) -> BTreeMap<String, Span> {
    let mut order: Vec<&(Meta, Vec<ListRow>)> = lists.iter().collect();
    order.sort_by_key(|(m, _)| m.from);
    let mut out: BTreeMap<String, (Span, usize)> = BTreeMap::new();
    for (i, (meta, rows)) in order.iter().enumerate() {
        for r in rows {
            let seen = out.get(&r.code).map(|((from, _), _)| *from);
            let fresh = if i == 0 { 0 } else { ymd(meta.from) };
            let from = r.from.map(ymd).or(seen).unwrap_or(fresh);
            out.insert(r.code.clone(), ((from, r.to.map_or(0, ymd)), i));
        }
    }
    let last = order.len().saturating_sub(1);
    out.into_iter()
        .map(|(code, ((from, to), i))| {
            let end = order.get(i + 1).map_or(0, |(m, _)| day_before(ymd(m.from)));
            let to = if i == last || (to != 0 && to <= end) { to } else { end };
            (code, (from, to))
        })
        .collect()
}

/// What a coder says for a column: malignant without more is primary, by the rule of the table.
fn plain_column(kind: Kind, column: &str) -> &'static [&'static str] {
    match (kind, column) {
        (Kind::CmNeoplasm, "Malignant Primary") => &["malignant"],
        (Kind::CmNeoplasm, "Ca in situ") => &["carcinoma in situ"],
        _ => &[],
    }
}

/// The words under which an entry is found, and the codes it leads to.
fn terms(kind: Kind, table: &IndexTable, out: &mut Vec<(CodeSystem, String, String)>) {
    let system = if kind == Kind::PcsIndex { CodeSystem::Icd10pcs } else { CodeSystem::Icd10cm };
    let mut path: Vec<(u8, String)> = Vec::new();
    for e in table.entries() {
        path.retain(|(level, _)| *level < e.level);
        let own = match e.modifiers.as_str() {
            "" => e.term.clone(),
            m => format!("{} {m}", e.term),
        };
        path.push((e.level, own));
        let words =
            || path.iter().map(|(_, t)| t.as_str()).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ");
        for code in &e.codes {
            out.push((system, normal_code(code), words()));
        }
        for (cell, column) in e.cells.iter().zip(&table.columns) {
            let code = normal_code(cell);
            if code.len() >= 3 {
                for said in plain_column(kind, column) {
                    out.push((system, code.clone(), format!("{}, {said}", words())));
                }
                // a hyphen keeps the pair together: "Uncertain Behavior" is not "Unspecified Behavior"
                out.push((system, code, format!("{}, {}", words(), column.replace(' ', "-"))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known::new([
            ("A".to_string(), vec![(2015_1001, 0)]),
            ("B".to_string(), vec![(2015_1001, 2026_0930)]),
            ("C".to_string(), vec![(2026_1001, 0)]),
        ])
    }

    fn window(from: u32, to: u32, codes: &[&str]) -> Window {
        Window { from, to, codes: codes.iter().map(|c| c.to_string()).collect() }
    }

    #[test]
    fn a_window_decides_inside_its_days_only() {
        let p = decide(&known(), vec![window(2025_1001, 2026_0930, &["A", "B"])]);
        assert_eq!(p["A"], [(2015_1001, 0)]);
        assert_eq!(p["B"], [(2015_1001, 2026_0930)]);
        assert_eq!(p["C"], [(2026_1001, 0)]);
        let p = decide(&known(), vec![window(2025_1001, 2026_0930, &["A"])]);
        assert_eq!(p["B"], [(2015_1001, 2025_0930)]);
    }

    #[test]
    fn the_newest_list_holds_on() {
        let p = decide(&known(), vec![window(2027_1001, 2028_0930, &["A", "D"])]);
        assert_eq!(p["A"], [(2015_1001, 0)]);
        assert_eq!(p["C"], [(2026_1001, 2027_0930)]);
        assert_eq!(p["D"], [(2027_1001, 0)]);
        let two = vec![window(2027_1001, 2028_0930, &["A", "D"]), window(2028_1001, 2029_0930, &["A"])];
        let p = decide(&known(), two);
        assert_eq!(p["D"], [(2027_1001, 2028_0930)]);
    }

    #[test]
    fn rows_with_days_of_their_own() {
        let meta = |y| Meta {
            kind: Kind::Hcpcs,
            release: String::new(),
            from: chrono::NaiveDate::from_ymd_opt(y, 1, 1).unwrap(),
            to: None,
        };
        let row = |code: &str| ListRow { code: code.into(), text: String::new(), from: None, to: None };
        let p = lasting(&[(meta(2025), vec![row("A"), row("B")]), (meta(2026), vec![row("A"), row("C")])]);
        assert_eq!(p["A"], (0, 0));
        assert_eq!(p["B"], (0, 2025_1231));
        assert_eq!(p["C"], (2026_0101, 0));
    }
}
