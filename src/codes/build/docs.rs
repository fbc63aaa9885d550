//! The codes of a book: which there are, what they are called, when they are valid, what is above.
//!
//! Owns putting the Tabular List, the validity lists, the titles and what a site imported
//! together, one record a code, sorted by system and code.
//! Never indexes a word: that is `index`. Pure.

use super::tabular::{Level, Tree};
use super::{Sections, TextPool};
use crate::codes::format::{Section, Writer};
use crate::codes::tables::{Tables, field, periods_of, records};
use crate::codes::tokens::tokenize;
use crate::codes::{BookError, CodeSystem, class};
use std::collections::{BTreeMap, HashMap};

/// A code on its way into the book.
#[derive(Default)]
pub struct Draft {
    pub code: String,
    pub title: Option<String>,
    /// Title of the code without its 7th character, and that character's meaning.
    composed: Option<(String, String)>,
    pub periods: Vec<(u32, u32)>,
    /// The tabular node the code is or hangs under.
    pub node: Option<usize>,
    /// Is that node itself (not an expansion of it).
    pub listed: bool,
    pub prior: u8,
    pub class: u16,
    parent: Option<usize>,
}

pub struct Codes {
    pub drafts: Vec<Draft>,
    pub systems: Vec<CodeSystem>,
    index: HashMap<(CodeSystem, String), usize>,
    /// First and one past the last draft of each system, as in `CodeSystem::ALL`.
    pub ranges: [std::ops::Range<usize>; 4],
}

impl Codes {
    pub fn find(&self, system: CodeSystem, code: &str) -> Option<usize> {
        self.index.get(&(system, code.to_string())).copied()
    }

    /// Every draft whose code begins with `prefix`.
    pub fn below(&self, system: CodeSystem, prefix: &str) -> std::ops::Range<usize> {
        let range = self.ranges[class::system_index(system)].clone();
        let part = &self.drafts[range.clone()];
        let from = part.partition_point(|d| d.code.as_str() < prefix);
        let len = part[from..].partition_point(|d| d.code.starts_with(prefix));
        range.start + from..range.start + from + len
    }
}

type Map = BTreeMap<(CodeSystem, String), Draft>;

fn read_periods(map: &mut Map, system: CodeSystem, text: &str) {
    for r in records(text) {
        let periods = periods_of(field(&r, 1));
        map.entry((system, field(&r, 0).to_string())).or_default().periods = periods;
    }
}

/// The listed code an expanded one comes from: without its 7th character and the X before it.
fn base_of(tree: &Tree, code: &str) -> Option<(usize, char)> {
    let seventh = code.chars().last().filter(|_| code.len() == 7)?;
    let mut base = code.get(..6)?;
    loop {
        if let Some(&node) = tree.of_code.get(base)
            && tree.nodes[node].leaf
        {
            return Some((node, seventh));
        }
        base = base.strip_suffix('X')?;
    }
}

pub fn collect(tables: &Tables, tree: &Tree) -> Result<Codes, BookError> {
    use CodeSystem::{Hcpcs, Icd10cm, Icd10pcs};
    let mut map = Map::new();
    for (system, table) in [(Icd10cm, "icd10cm_valid.txt.gz"), (Icd10pcs, "icd10pcs_valid.txt.gz")] {
        if !tables.site.decided.contains(&system) {
            read_periods(&mut map, system, &tables.text(table)?);
        }
    }
    let mut site: BTreeMap<(CodeSystem, String), Vec<(u32, u32)>> = BTreeMap::new();
    for (system, code, from, to) in &tables.site.periods {
        site.entry((*system, code.clone())).or_default().push((*from, *to));
    }
    for (key, mut periods) in site {
        periods.sort_unstable();
        map.entry(key).or_default().periods = periods;
    }
    for (code, &node) in &tree.of_code {
        let d = map.entry((Icd10cm, code.clone())).or_default();
        d.title = Some(tree.nodes[node].title.clone());
        (d.node, d.listed) = (Some(node), true);
    }
    for ((system, code), d) in &mut map {
        if *system != Icd10cm || d.listed {
            continue;
        }
        if let Some((node, seventh)) = base_of(tree, code)
            && let Some((_, meaning)) = tree.sevenths(node).iter().find(|(c, _)| *c == seventh)
        {
            d.node = Some(node);
            d.composed = Some((tree.nodes[node].title.clone(), meaning.clone()));
            d.title = Some(format!("{}, {meaning}", tree.nodes[node].title));
        }
    }
    for (system, table) in [(Icd10cm, "icd10cm_titles.txt.gz"), (Icd10pcs, "icd10pcs_titles.txt.gz")] {
        for r in records(&tables.text(table)?) {
            if let Some(d) = map.get_mut(&(system, field(&r, 0).to_string())) {
                d.title = Some(field(&r, 1).to_string());
                d.composed = None;
            }
        }
    }
    for r in records(&tables.text("hcpcs_starter.txt")?) {
        let d = map.entry((Hcpcs, field(&r, 0).to_string())).or_default();
        d.title = Some(field(&r, 1).to_string());
        // a side without a date is open; what the site loaded knows better
        if d.periods.is_empty() {
            let (from, to) = field(&r, 2).split_once('-').unwrap_or(("", ""));
            d.periods = vec![(from.parse().unwrap_or(0), to.parse().unwrap_or(0))];
        }
        d.prior = 4;
    }
    for (system, code, title) in &tables.site.titles {
        let d = map.entry((*system, code.clone())).or_default();
        d.title = Some(title.clone());
        d.composed = None;
    }
    for (system, table) in [(Icd10cm, "usage_icd10cm.txt.gz"), (Icd10pcs, "usage_icd10pcs.txt.gz")] {
        for r in records(&tables.text(table)?) {
            let level: u8 = field(&r, 0).parse().unwrap_or(0);
            for code in field(&r, 1).split(' ') {
                if let Some(d) = map.get_mut(&(system, code.to_string())) {
                    d.prior = level.min(15);
                }
            }
        }
    }
    inherit_prior(&mut map);
    finish(map, tree)
}

/// A code younger than the usage figures takes on the use of what it was split from, or most of
/// that of its neighbours.
fn inherit_prior(map: &mut Map) {
    const SPLIT_SINCE: u32 = 2018_1001;
    let young: Vec<(CodeSystem, String)> = map
        .iter()
        .filter(|((s, _), d)| *s == CodeSystem::Icd10cm && d.prior == 0)
        .filter(|(_, d)| d.periods.first().is_some_and(|p| p.0 >= SPLIT_SINCE))
        .map(|(k, _)| k.clone())
        .collect();
    let guesses: Vec<u8> = young
        .iter()
        .map(|(system, code)| {
            let prior = |c: &str| map.get(&(*system, c.to_string())).map_or(0, |d| d.prior);
            let above = (3..code.len()).rev().map(|n| prior(&code[..n])).find(|p| *p > 0);
            let stem = code.get(..code.len().min(6) - 1).unwrap_or(code).to_string();
            let beside = map
                .range((*system, stem.clone())..)
                .take_while(|((s, c), _)| s == system && c.starts_with(&stem))
                .map(|(_, d)| d.prior)
                .max();
            above.unwrap_or(0).saturating_sub(1).max(beside.unwrap_or(0) * 7 / 10)
        })
        .collect();
    for (key, prior) in young.into_iter().zip(guesses) {
        if let Some(d) = map.get_mut(&key) {
            d.prior = prior;
        }
    }
}

fn finish(map: Map, tree: &Tree) -> Result<Codes, BookError> {
    let mut codes = Codes {
        drafts: Vec::with_capacity(map.len()),
        systems: Vec::with_capacity(map.len()),
        index: HashMap::with_capacity(map.len()),
        ranges: Default::default(),
    };
    for ((system, code), mut d) in map {
        if code.is_empty() || code.len() > 7 || !code.is_ascii() {
            continue;
        }
        let at = codes.drafts.len();
        d.class = classify(system, &code, d.title.as_deref(), !d.periods.is_empty());
        codes.index.insert((system, code.clone()), at);
        d.code = code;
        codes.drafts.push(d);
        codes.systems.push(system);
    }
    if codes.drafts.len() >= 1 << 24 {
        return Err(BookError::TooLarge);
    }
    for (i, system) in CodeSystem::ALL.into_iter().enumerate() {
        let from = codes.systems.partition_point(|s| *s < system);
        codes.ranges[i] = from..codes.systems.partition_point(|s| *s <= system);
    }
    for i in 0..codes.drafts.len() {
        codes.drafts[i].parent = parent_of(&codes, tree, i);
    }
    Ok(codes)
}

fn parent_of(codes: &Codes, tree: &Tree, i: usize) -> Option<usize> {
    let d = &codes.drafts[i];
    match d.node {
        Some(node) if d.listed => {
            let above = tree.nodes[node].parent?;
            match tree.nodes[above].level {
                Level::Code => codes.find(CodeSystem::Icd10cm, &tree.nodes[above].id),
                // sections and chapters come after the codes
                _ => Some(codes.drafts.len() + group_number(tree, above)),
            }
        }
        Some(node) => codes.find(CodeSystem::Icd10cm, &tree.nodes[node].id),
        None if codes.systems[i] == CodeSystem::Icd10cm => (3..d.code.len()).rev().find_map(|len| {
            codes.find(CodeSystem::Icd10cm, &d.code[..len]).filter(|&p| codes.drafts[p].listed)
        }),
        None => None,
    }
}

fn group_number(tree: &Tree, node: usize) -> usize {
    tree.nodes[..node].iter().filter(|n| n.level != Level::Code).count()
}

fn classify(system: CodeSystem, code: &str, title: Option<&str>, billable: bool) -> u16 {
    let mut c = class::system_bits(system);
    if billable {
        c |= class::BILLABLE;
    }
    let tokens = tokenize(title.unwrap_or(""));
    let has = |w: &str| tokens.iter().any(|t| t.text == w && !t.negated);
    c |= match (has("left"), has("right"), has("bilateral")) {
        (true, false, false) => class::LEFT,
        (false, true, false) => class::RIGHT,
        (_, _, true) => class::BILATERAL,
        _ => 0,
    };
    if code.len() == 7 && system == CodeSystem::Icd10cm {
        if has("subsequent") {
            c |= class::SUBSEQUENT;
        } else if tokens.last().is_some_and(|t| t.text == "sequela") {
            c |= class::SEQUELA;
        }
    }
    // a second infarction within four weeks: meant only when the words say so
    if system == CodeSystem::Icd10cm && tokens.first().is_some_and(|t| t.text == "subsequent") {
        c |= class::SUBSEQUENT;
    }
    if system == CodeSystem::Icd10cm && code.starts_with(['O', 'P']) {
        c |= class::BIRTH;
        if code.len() == 7 && code.ends_with(|d: char| ('1'..='9').contains(&d)) && has("fetus") {
            c |= class::FETUS;
        }
    }
    if has("unspecified") {
        c |= class::UNSPECIFIED;
    }
    if tokens.first().is_some_and(|t| t.text == "other") {
        c |= class::OTHER;
    }
    c
}

pub const NO_PARENT: u32 = u32::MAX;

pub fn write(codes: &Codes, tree: &Tree, pool: &mut TextPool, out: &mut Sections) -> Result<(), BookError> {
    let mut docs = Writer::default();
    let (mut valid_start, mut valid_spans, mut valid_of) =
        (Writer::default(), Writer::default(), Writer::default());
    let mut lists: HashMap<&[(u32, u32)], u16> = HashMap::new();
    let (mut prior, mut classes) = (Vec::new(), Writer::default());
    let mut spans = 0;
    valid_start.u32(0);
    for d in &codes.drafts {
        let mut code = [0u8; 8];
        code[..d.code.len()].copy_from_slice(d.code.as_bytes());
        code[7] = d.code.len() as u8;
        docs.0.extend_from_slice(&code);
        docs.u32(d.parent.map_or(NO_PARENT, |p| p as u32));
        let (main, tail) = match &d.composed {
            Some((base, meaning)) => (base.as_str(), meaning.as_str()),
            None => (d.title.as_deref().unwrap_or(""), ""),
        };
        for text in [main, tail] {
            let (at, len) = pool.add(text);
            docs.u32(at);
            docs.u32(len);
        }
        let next = lists.len() as u16;
        let list = *lists.entry(&d.periods).or_insert(next);
        if list == next {
            for &(from, to) in &d.periods {
                valid_spans.u32(from);
                valid_spans.u32(to);
                spans += 1;
            }
            valid_start.u32(spans);
        }
        if lists.len() > usize::from(u16::MAX) {
            return Err(BookError::TooLarge);
        }
        valid_of.u16(list);
        prior.push(d.prior);
        classes.u16(d.class);
    }
    out.put(Section::Docs, docs.0);
    out.put(Section::ValidStart, valid_start.0);
    out.put(Section::ValidSpans, valid_spans.0);
    out.put(Section::ValidOf, valid_of.0);
    out.put(Section::Prior, prior);
    out.put(Section::Class, classes.0);
    write_tree(codes, tree, pool, out);
    Ok(())
}

fn write_tree(codes: &Codes, tree: &Tree, pool: &mut TextPool, out: &mut Sections) {
    let mut groups = Writer::default();
    let mut ids: Vec<(u32, usize)> = Vec::with_capacity(tree.nodes.len());
    let mut group = codes.drafts.len() as u32;
    let mut group_of: HashMap<usize, u32> = HashMap::new();
    for (i, n) in tree.nodes.iter().enumerate() {
        if n.level == Level::Code {
            if let Some(doc) = codes.find(CodeSystem::Icd10cm, &n.id) {
                ids.push((doc as u32, i));
            }
            continue;
        }
        group_of.insert(i, group);
        ids.push((group, i));
        group += 1;
        let id = match n.level {
            Level::Chapter => format!("chapter {}", n.id),
            _ => n.id.clone(),
        };
        groups.u32(n.parent.and_then(|p| group_of.get(&p).copied()).unwrap_or(NO_PARENT));
        for text in [&id, &n.title] {
            let (at, len) = pool.add(text);
            groups.u32(at);
            groups.u32(len);
        }
    }
    out.put(Section::Groups, groups.0);
    ids.sort_unstable();
    let (mut note_start, mut notes) = (Writer::default(), Writer::default());
    let (mut seventh_start, mut sevenths) = (Writer::default(), Writer::default());
    let (mut n_notes, mut n_sevenths) = (0u32, 0u32);
    for (id, i) in ids {
        let n = &tree.nodes[i];
        if !n.notes.is_empty() {
            note_start.u32(id);
            note_start.u32(n_notes);
            note_start.u32(n.notes.len() as u32);
            n_notes += n.notes.len() as u32;
            for (kind, text) in &n.notes {
                let (at, len) = pool.add(text);
                notes.u32(*kind as u32);
                notes.u32(at);
                notes.u32(len);
            }
        }
        if !n.sevenths.is_empty() {
            seventh_start.u32(id);
            seventh_start.u32(n_sevenths);
            seventh_start.u32(n.sevenths.len() as u32);
            n_sevenths += n.sevenths.len() as u32;
            for (c, text) in &n.sevenths {
                let (at, len) = pool.add(text);
                sevenths.u32(*c as u32);
                sevenths.u32(at);
                sevenths.u32(len);
            }
        }
    }
    out.put(Section::NoteStart, note_start.0);
    out.put(Section::Notes, notes.0);
    out.put(Section::SeventhStart, seventh_start.0);
    out.put(Section::Sevenths, sevenths.0);
}
