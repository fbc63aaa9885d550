//! The book against the official Tabular List and order file: every entry, every note panel, every 7th character.
//!
//! The files are read by a small reader of the tests' own, so that nothing is compared with itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod official;

use chrono::NaiveDate;
use codesk::app::{BookView, NoteLineKind};
use codesk::codes::{Book, CodeStatus, CodeSystem, NoteKind, Tables, build, normal_code, pad_seventh};
use official::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

const CM: CodeSystem = CodeSystem::Icd10cm;

/// A day on which both files are in force.
fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, 1).unwrap()
}

fn book() -> Arc<Book> {
    static BOOK: OnceLock<Arc<Book>> = OnceLock::new();
    let make = || {
        let bytes = build(&Tables::shipped(), &mut |_, _| {}).expect("the shipped tables build");
        Arc::new(Book::from_bytes(&bytes).expect("a fresh book opens"))
    };
    BOOK.get_or_init(make).clone()
}

fn tabular() -> &'static Element {
    static LIST: OnceLock<Element> = OnceLock::new();
    LIST.get_or_init(|| {
        let mut document = official::xml(&official::file("icd10cm/icd10c-tabular-April-1-2026.xml"));
        document.children.remove(0)
    })
}

/// Billable or heading, by code, as the order file has it.
fn order() -> &'static BTreeMap<String, bool> {
    static ORDER: OnceLock<BTreeMap<String, bool>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let text = official::file("icd10cm/icd10cm-order-2026.txt");
        text.lines().map(|l| (l[6..13].trim().to_string(), &l[14..15] == "1")).collect()
    })
}

/// One entry with what stands above it, nearest first.
struct Entry {
    code: String,
    leaf: bool,
    placeholder: bool,
    /// The 7th characters it takes, its own or the nearest above.
    sevenths: BTreeMap<char, String>,
}

fn own_sevenths(diag: &Element) -> BTreeMap<char, String> {
    let extensions = diag.all("sevenChrDef").flat_map(|d| d.all("extension"));
    extensions.map(|e| (e.attribute("char").chars().next().expect("a character"), e.words())).collect()
}

fn walk(diag: &Element, inherited: &BTreeMap<char, String>, out: &mut Vec<Entry>) {
    let own = own_sevenths(diag);
    let sevenths = if own.is_empty() { inherited.clone() } else { own };
    out.push(Entry {
        code: normal_code(&diag.text_of("name")),
        leaf: diag.first("diag").is_none(),
        placeholder: diag.attribute("placeholder") == "true",
        sevenths: sevenths.clone(),
    });
    for below in diag.all("diag") {
        walk(below, &sevenths, out);
    }
}

fn entries() -> Vec<Entry> {
    let mut out = Vec::new();
    for section in tabular().all("chapter").flat_map(|c| c.all("section")) {
        for diag in section.all("diag") {
            walk(diag, &BTreeMap::new(), &mut out);
        }
    }
    out
}

#[test]
fn every_entry_has_its_seventh_characters_and_placeholders() {
    let (book, order, entries) = (book(), order(), entries());
    assert_eq!(entries.len(), 46_881);
    let mut wrong: Vec<String> = Vec::new();
    let (mut with_sevenths, mut expanded, mut placeholders) = (0, 0, 0);
    for e in &entries {
        let mut fail = |what: String| wrong.push(format!("{}: {what}", e.code));
        let status = book.status(CM, &e.code, day());
        // what the order file has below the entry with seven characters, by their last
        let made: BTreeSet<char> = order
            .range(e.code.clone()..)
            .take_while(|(c, _)| c.starts_with(&e.code))
            .filter(|(c, billable)| **billable && c.len() == 7 && e.code.len() < 7)
            .filter(|(c, _)| c[e.code.len()..6].bytes().all(|x| x == b'X'))
            .filter_map(|(c, _)| c.chars().last())
            .collect();
        let offered: BTreeSet<char> = book.seventh_on(&e.code, day()).iter().map(|(c, _)| *c).collect();
        if e.leaf {
            if offered != made {
                fail(format!("offers {offered:?}, the order file has {made:?}"));
            }
            for (c, meaning) in book.seventh_on(&e.code, day()) {
                expanded += 1;
                let code = pad_seventh(&e.code, c);
                if order.get(&code) != Some(&true) {
                    fail(format!("{code} is no billable code of the order file"));
                }
                if e.sevenths.get(&c) != Some(&meaning) {
                    fail(format!("{c} means {meaning:?}, the list says {:?}", e.sevenths.get(&c)));
                }
                if book.status(CM, &code, day()) != CodeStatus::Valid {
                    fail(format!("{code} is not valid"));
                }
            }
            let expected = match offered.is_empty() {
                true => CodeStatus::Valid,
                false => CodeStatus::NeedsSeventh,
            };
            if status != expected {
                fail(format!("is {status:?}, not {expected:?}"));
            }
            with_sevenths += usize::from(!offered.is_empty());
        }
        if order.get(&e.code) != Some(&(status == CodeStatus::Valid)) {
            fail(format!("is {status:?}, the order file says billable {:?}", order.get(&e.code)));
        }
        if e.placeholder {
            placeholders += 1;
            if !e.code.contains('X') {
                fail("is a placeholder without an X".into());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong, the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    println!("{with_sevenths} entries take 7th characters: {expanded} codes; {placeholders} placeholders");
    assert_eq!(expanded, 98_186 - 46_881);
    assert!(placeholders > 0);
}

/// Notes of a node of the file, in the order of the file, by kind.
fn notes_of(node: &Element) -> Vec<(NoteKind, String)> {
    let mut out = Vec::new();
    for part in &node.children {
        let kind = match part.name.as_str() {
            "includes" => NoteKind::Includes,
            "inclusionTerm" => NoteKind::Inclusion,
            "excludes1" => NoteKind::Excludes1,
            "excludes2" => NoteKind::Excludes2,
            "codeFirst" => NoteKind::CodeFirst,
            "useAdditionalCode" => NoteKind::UseAdditional,
            "codeAlso" => NoteKind::CodeAlso,
            "notes" => NoteKind::Text,
            "sevenChrNote" => NoteKind::Seventh,
            _ => continue,
        };
        out.extend(part.all("note").map(|n| (kind, n.words())).filter(|(_, text)| !text.is_empty()));
    }
    out
}

/// Levels of the file from the code up to its chapter, with their notes.
fn expected(code: &str) -> Vec<(String, Vec<(NoteKind, String)>)> {
    fn find<'a>(diag: &'a Element, code: &str, path: &mut Vec<&'a Element>) -> bool {
        let here = normal_code(&diag.text_of("name"));
        if !code.starts_with(&here) {
            return false;
        }
        path.push(diag);
        here == code || diag.all("diag").any(|d| find(d, code, path)) || {
            path.pop();
            false
        }
    }
    for chapter in tabular().all("chapter") {
        for section in chapter.all("section") {
            let mut path = Vec::new();
            if section.all("diag").any(|d| find(d, code, &mut path)) {
                let codes = path.iter().rev().map(|d| (normal_code(&d.text_of("name")), notes_of(d)));
                let above = [
                    (section.attribute("id").to_string(), notes_of(section)),
                    (format!("chapter {}", chapter.text_of("name")), notes_of(chapter)),
                ];
                return codes.chain(above).filter(|(_, notes)| !notes.is_empty()).collect();
            }
        }
    }
    panic!("{code} is not in the Tabular List");
}

/// Forty codes of daily work, and ten whose chapter excludes something.
const PANELS: [&str; 50] = [
    "E11.22", "E10.65", "I10", "I12.9", "I13.0", "I50.23", "I25.110", "I48.19", "I63.9", "I21.4", "J44.1",
    "J45.901", "J18.9", "J96.01", "J01.00", "N18.31", "N39.0", "K21.9", "K70.31", "K57.30", "M54.50",
    "M25.561", "M17.11", "M80.051", "S51.811", "S72.001", "S06.0X0", "S93.401", "T36.0X5", "T81.40", "W01.0",
    "Y92.010", "Z23", "Z79.4", "Z00.00", "F32.A", "F02.80", "G30.9", "G40.909",
    "R07.9", // and with the chapter's Excludes:
    "A41.9", "C50.911", "D63.1", "E78.5", "H25.011", "L57.0", "O10.02", "P07.18", "Q21.0", "R51.9",
];

#[test]
fn fifty_note_panels_equal_the_tabular_list() {
    let book = book();
    let mut with_chapter_excludes = 0;
    for code in PANELS {
        let code = normal_code(code);
        let node = book.node(&code).unwrap_or_else(|| panic!("{code} is not in the book"));
        let view = BookView::new(book.clone(), Arc::default(), day(), Some(node));
        // what the reader sees, level by level
        let mut shown: Vec<(String, Vec<(NoteKind, String)>)> = Vec::new();
        for line in &view.notes {
            match line.kind {
                NoteLineKind::Level => shown.push((line.text.clone(), Vec::new())),
                // What is said of one 7th character stands in its own list in the file.
                NoteLineKind::Note(_) if line.text.starts_with("7th character ") => {}
                NoteLineKind::Note(kind) => {
                    shown.last_mut().expect("a level first").1.push((kind, line.text.clone()));
                }
                _ => {}
            }
        }
        let wanted = expected(&code);
        let names: Vec<String> = wanted
            .iter()
            .map(|(name, _)| match name.strip_prefix("chapter ") {
                Some(n) => format!("Chapter {n}"),
                None if name.contains('-') => name.clone(),
                None => codesk::codes::display_code(CM, name),
            })
            .collect();
        let shown_names: Vec<&String> = shown.iter().map(|(n, _)| n).collect();
        assert_eq!(shown_names, names.iter().collect::<Vec<_>>(), "levels of {code}");
        for ((level, seen), (_, said)) in shown.iter().zip(&wanted) {
            // the panel keeps the order inside each kind
            let by_kind = |notes: &[(NoteKind, String)]| {
                let mut kinds: BTreeMap<NoteKind, Vec<String>> = BTreeMap::new();
                notes.iter().for_each(|(k, t)| kinds.entry(*k).or_default().push(t.clone()));
                kinds
            };
            assert_eq!(by_kind(seen), by_kind(said), "notes of {code} at {level}");
            let excludes =
                |(k, _): &(NoteKind, String)| matches!(k, NoteKind::Excludes1 | NoteKind::Excludes2);
            with_chapter_excludes += usize::from(level.starts_with("Chapter") && seen.iter().any(excludes));
        }
    }
    assert!(
        with_chapter_excludes >= 10,
        "{with_chapter_excludes} panels inherit Excludes from their chapter"
    );
    println!("{} panels, {with_chapter_excludes} with Excludes of their chapter", PANELS.len());
}

#[test]
fn every_link_of_every_note_leads_to_a_place_that_it_names() {
    let book = book();
    let mut links = 0;
    for entry in entries() {
        let Some(node) = book.node(&entry.code) else { panic!("{} is not in the book", entry.code) };
        for note in book.panel(node).iter().filter(|n| n.level == entry.code) {
            for link in book.links(&note.text) {
                links += 1;
                let printed = &note.text[link.start..link.end];
                let name = book.node_name(link.node);
                let first = normal_code(printed.split('-').next().unwrap_or(""));
                assert!(name.starts_with(&first), "{}: {printed} leads to {name}", entry.code);
            }
        }
    }
    println!("{links} links");
    assert!(links > 8_000, "{links} links");
}

#[test]
fn official_procedure_tables_and_the_valid_codes_agree() {
    let book = book();
    let tables = official::pcs_tables();
    assert_eq!(tables.tables.len(), 908);
    let on = NaiveDate::from_ymd_opt(2024, 10, 1).unwrap();
    let mut legal = 0;
    for (prefix, table) in &tables.tables {
        let mut codes: BTreeSet<String> = BTreeSet::new();
        for row in &table.rows {
            let mut made = vec![prefix.clone()];
            for column in &row.columns {
                made = made.iter().flat_map(|p| column.iter().map(move |(c, _)| format!("{p}{c}"))).collect();
            }
            codes.extend(made);
        }
        // every step of the builder, from the table down
        let mut open = vec![prefix.clone()];
        let mut built = BTreeSet::new();
        while let Some(begin) = open.pop() {
            if begin.len() == 7 {
                built.insert(begin);
                continue;
            }
            open.extend(book.pcs_next(&begin, on).into_iter().map(|(c, _)| format!("{begin}{c}")));
        }
        assert_eq!(built, codes, "table {prefix}");
        legal += built.len();
    }
    assert_eq!(legal, 78_948);
    // with the official tables loaded every character has its official words
    let none = Default::default();
    for prefix in ["02H", "0SR", "B21", "XW0", "3E0"] {
        for (c, _) in book.pcs_next(prefix, on) {
            let (label, _) = codesk::codes::pcs::pcs_words_of(prefix, c, &none, Some(&tables));
            assert!(label.is_some(), "{prefix}{c} has no words");
        }
    }
}

#[test]
fn words_read_off_the_titles_are_the_official_ones() {
    let book = book();
    let tables = official::pcs_tables();
    let on = NaiveDate::from_ymd_opt(2024, 10, 1).unwrap();
    let key = |text: &str| {
        let text = text.to_lowercase().replace([',', '(', ')'], " ");
        text.split_whitespace().map(str::to_string).collect::<BTreeSet<String>>()
    };
    let (mut same, mut other, mut none) = (0, Vec::new(), 0);
    for prefix in tables.tables.keys().filter(|p| p.starts_with('0')) {
        let labels = book.pcs_labels(prefix);
        for (c, _) in book.pcs_next(prefix, on) {
            let official = tables.words(prefix, c).map(|w| w.0.to_string()).unwrap_or_default();
            match codesk::codes::pcs::pcs_words_of(prefix, c, &labels, None).0 {
                Some(label) if key(&label) == key(&official) => same += 1,
                Some(label) => other.push(format!("{prefix}{c}: {label} / {official}")),
                None => none += 1,
            }
        }
    }
    let all = same + other.len() + none;
    println!("body parts of section 0: {same} of {all} as in the official tables, {none} without words");
    other.iter().step_by(other.len() / 20 + 1).for_each(|o| println!("  {o}"));
    assert!(same * 100 >= all * 95, "{same} of {all}");
}
