//! What changes once official files are loaded: validity by date, titles, POA, children, search.

use crate::*;
use chrono::NaiveDate;
use codesk::codes::volumes::VolumeKind;
use codesk::codes::{Book, CodeStatus};
use codesk::codes_file::{SharedBook, open_site};
use codesk::domain::CodeSystem::{self, Cpt, Hcpcs, Icd10cm, Icd10pcs};
use codesk::edits::{CodeFacts, Status};
use codesk::facts::{Ask, Codes};

fn codes() -> &'static Codes {
    static CODES: OnceLock<Codes> = OnceLock::new();
    CODES.get_or_init(|| {
        let dir = everything().0.path();
        Codes::open_site(dir, &store(dir), &mut |_, _| {}).unwrap()
    })
}

fn book() -> &'static Book {
    &codes().book
}

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

#[test]
fn a_code_is_valid_on_its_days_only() {
    let (before, after) = (day(2026, 9, 30), day(2026, 10, 1));
    let status = |code, on| book().status(Icd10cm, code, on);
    assert_eq!(status("D69.11", before), CodeStatus::NotYet { from: after });
    assert_eq!(status("D69.11", after), CodeStatus::Valid);
    assert_eq!(status("Z68.1", before), CodeStatus::Valid);
    assert_ne!(status("Z68.1", after), CodeStatus::Valid);
    // D69.1 became a heading: valid before, and its children after
    assert_eq!(status("D69.1", before), CodeStatus::Valid);
    assert_eq!(status("D69.1", after), CodeStatus::Header);
    let children = |on| book().children_on("D69.1", on).into_iter().map(|e| e.code).collect::<Vec<_>>();
    assert_eq!(children(after), ["D6911", "D6919"]);
    assert!(children(before).is_empty());
    match codes().status(Icd10cm, "D69.1", after) {
        Status::Header { children } => assert_eq!(children, ["D6911", "D6919"]),
        other => panic!("{other:?}"),
    }
}

/// On every day both lists speak of, the order files and the master list say the same of every code.
#[test]
fn order_files_and_master_list_agree() {
    for (on, wanted) in [
        (day(2025, 10, 1), 74_719),
        (day(2026, 9, 30), 74_719),
        (day(2026, 10, 1), 74_879),
        (day(2028, 1, 1), 74_879),
        (day(2024, 10, 1), 74_260),
    ] {
        let valid = book()
            .docs(Icd10cm)
            .filter(|d| book().status(Icd10cm, book().doc_code(*d), on) == CodeStatus::Valid);
        assert_eq!(valid.count(), wanted, "{on}");
    }
    for (on, wanted) in [(day(2024, 10, 1), 78_948), (day(2025, 10, 1), 79_115), (day(2026, 4, 1), 79_193)] {
        let valid = book()
            .docs(Icd10pcs)
            .filter(|d| book().status(Icd10pcs, book().doc_code(*d), on) == CodeStatus::Valid);
        assert_eq!(valid.count(), wanted, "{on}");
    }
}

#[test]
fn titles_are_the_official_ones() {
    let Content::Order(rows) = loaded(Kind::CmOrder, "FY2027").content else { panic!("order rows") };
    for r in rows.iter().step_by(97) {
        assert_eq!(book().title(Icd10cm, &r.code).as_ref(), Some(&r.long), "{}", r.code);
    }
    assert_eq!(book().title(Icd10cm, "D69.11").as_deref(), Some("Glanzmann thrombasthenia"));
    let Content::Order(rows) = loaded(Kind::PcsOrder, "FY2026").content else { panic!("order rows") };
    let billable = rows.iter().filter(|r| r.billable);
    for r in billable.step_by(97) {
        assert_eq!(book().title(Icd10pcs, &r.code).as_ref(), Some(&r.long), "{}", r.code);
    }
    assert!(book().title(Hcpcs, "A4225").unwrap().contains("syringe type cartridge"));
    // no list, no words
    assert_eq!(book().title(Cpt, "99213"), None);
}

#[test]
fn the_notes_of_the_loaded_list_are_those_of_the_file() {
    // the shipped list is the same release: nothing may be lost or gained on the way
    let shipped = codesk::codes::Tables::shipped();
    let dir = tempfile::tempdir().unwrap();
    let plain = codesk::codes_file::open(dir.path(), &mut |_, _| {}).unwrap();
    assert_ne!(plain.tables_hash(), book().tables_hash());
    assert_eq!(plain.tables_hash(), shipped.hash());
    for d in plain.docs(Icd10cm).step_by(53) {
        let code = plain.doc_code(d);
        assert_eq!(plain.notes(code), book().notes(code), "{code}");
        assert_eq!(plain.groups(code), book().groups(code), "{code}");
    }
}

#[test]
fn exemption_from_present_on_admission_follows_the_list() {
    let Content::List(rows) = loaded(Kind::PoaExempt, "FY2026").content else { panic!("codes") };
    let on = day(2026, 1, 15);
    assert!(rows.iter().all(|r| codes().poa_exempt(&r.code, on) == Some(true)));
    assert_eq!(codes().poa_exempt("I10", on), Some(false));
    // the list of 2026 says nothing of a code that came after it, nor of days before it
    assert_eq!(codes().poa_exempt("D69.11", day(2026, 11, 1)), None);
    assert_eq!(codes().poa_exempt("I10", day(2026, 11, 1)), Some(false));
    assert_eq!(codes().poa_exempt("I10", day(2025, 9, 30)), None);
    assert_eq!(codes().poa_exempt("nothing", on), None);
}

#[test]
fn procedure_codes_are_checked_on_the_days_of_their_list() {
    let on = day(2019, 3, 1);
    assert_eq!(codes().status(Hcpcs, "A4225", on), Status::Valid);
    assert_eq!(codes().status(Hcpcs, "A0001", on), Status::Unknown);
    assert!(matches!(codes().status(Hcpcs, "A4225", day(2016, 12, 31)), Status::NotYet { .. }));
    // a list of 2019 cannot say that a code of today does not exist
    assert_eq!(codes().status(Hcpcs, "A0001", day(2026, 3, 1)), Status::Unchecked);
    assert_eq!(codes().status(Cpt, "99213", on), Status::Unchecked);
    assert_eq!(
        book().listed_text(Kind::Modifiers, "xu", day(2020, 11, 1)).map(|t| t.contains("non-overlapping")),
        Some(true)
    );
    assert!(book().listed_text(Kind::Modifiers, "ZA", day(2020, 11, 1)).is_none());
}

#[test]
fn licensed_lists_take_effect_by_their_columns() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    let columns = dir.path().join("columns.toml");
    std::fs::write(&columns, "[[list]]\nkind = \"cpt\"\ncode = \"Number\"\ntext = \"Words\"\nto = \"Until\"\n\n[[list]]\nkind = \"revenue\"\ncode = \"Rev\"\ntext = \"Name\"\n").unwrap();
    s.read_columns(&columns).unwrap();
    // invented words: no licensed text is in the project
    let cpt = dir.path().join("licensed.csv");
    std::fs::write(&cpt, "Licensed to this site\nNumber,Words,Until\n99213,site words for a visit,\n99214,other site words,2026-06-30\n").unwrap();
    let undated = s.import(&cpt, &Stated::default(), now()).unwrap_err().to_string();
    assert!(undated.contains("--from"), "{undated}");
    let stated = Stated { from: Some(day(2026, 1, 1)), to: Some(day(2026, 12, 31)), ..Stated::default() };
    s.import(&cpt, &stated, now()).unwrap();
    let rev = dir.path().join("rev.txt");
    std::fs::write(&rev, "Rev\tName\n450\tsite name\n").unwrap();
    s.import(&rev, &stated, now()).unwrap();
    let codes = Codes::open_site(dir.path(), &s, &mut |_, _| {}).unwrap();
    assert_eq!(codes.title(Cpt, "99213").as_deref(), Some("site words for a visit"));
    let on = day(2026, 7, 1);
    assert_eq!(codes.status(Cpt, "99213", on), Status::Valid);
    assert_eq!(codes.status(Cpt, "99214", on), Status::Expired { last: day(2026, 6, 30) });
    assert_eq!(codes.status(Cpt, "99215", on), Status::Unknown);
    assert_eq!(codes.status(Cpt, "99215", day(2028, 1, 1)), Status::Unchecked);
    assert_eq!(codes.book.listed_text(Kind::Revenue, "0450", on).as_deref(), Some("site name"));
}

fn search(text: &str, systems: &[CodeSystem]) -> Vec<String> {
    let overlay = codesk::codes::Overlay::new();
    let ask = Ask {
        text,
        systems,
        prefer: systems[0],
        date: day(2026, 1, 15),
        limit: 10,
        within: &[],
        overlay: &overlay,
    };
    codes().search(&ask, &|| false).hits.into_iter().map(|h| h.code).collect()
}

#[test]
fn index_paths_lead_to_codes() {
    assert_eq!(search("cirrhosis alcoholic ascites", &[Icd10cm])[0], "K7031");
    assert!(search("abasia", &[Icd10cm]).contains(&"F444".to_string()));
    assert!(search("abdominohysterectomy", &[Icd10pcs]).iter().all(|c| c.starts_with("0UT9")));
}

/// The figures of the search with the official index loaded, over the development queries.
#[test]
fn search_reaches_its_figures() {
    let bench = String::from_utf8(bytes("search/bench_dev.tsv")).unwrap();
    let (mut n, mut first, mut ten, mut mrr) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for line in bench.lines() {
        let mut fields = line.split('\t');
        let (query, wanted) = (fields.next().unwrap(), fields.next().unwrap());
        let hits = search(query, &[Icd10cm]);
        let fits = |hit: &str| {
            wanted.split(',').any(|w| match w.strip_suffix('*') {
                Some(stem) => hit.starts_with(&stem.replace('.', "")),
                None => hit == w.replace('.', ""),
            })
        };
        n += 1.0;
        if let Some(rank) = hits.iter().position(|h| fits(h)) {
            first += f64::from(u8::from(rank == 0));
            ten += 1.0;
            mrr += 1.0 / (rank as f64 + 1.0);
        }
    }
    let (r1, r10, mrr) = (100.0 * first / n, 100.0 * ten / n, 100.0 * mrr / n);
    eprintln!("{n} queries: R@1 {r1:.1} R@10 {r10:.1} MRR {mrr:.1}");
    assert!(r1 >= 94.7 && r10 >= 99.2 && mrr >= 96.4, "R@1 {r1:.2} R@10 {r10:.2} MRR {mrr:.2}");
}

#[test]
fn the_book_is_made_anew_when_the_tables_change_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    let open = |s: &TableStore| -> (SharedBook, bool) {
        let mut made = false;
        let book = open_site(dir.path(), s, &mut |_, _| made = true).unwrap();
        (book, made)
    };
    let (old, made) = open(&s);
    assert!(made && !open(&s).1);
    let hash = import(&mut s, MODIFIERS).unwrap()[0].loaded.hash.clone();
    let (new, made) = open(&s);
    assert!(made && s.made(&new) && !s.made(&old));
    // the old one still answers
    assert_eq!(old.status(Icd10cm, "I10", day(2026, 1, 1)), CodeStatus::Valid);
    assert!(old.listed_text(Kind::Modifiers, "XU", day(2020, 11, 1)).is_none());
    assert!(new.listed_text(Kind::Modifiers, "XU", day(2020, 11, 1)).is_some());
    s.remove(&hash).unwrap();
    assert!(s.made(&open(&s).0));
}

#[test]
fn the_book_screens_have_the_loaded_volumes() {
    let dir = everything().0.path();
    let v = store(dir).volumes(day(2026, 1, 15)).unwrap();
    let index = v.get(VolumeKind::Index).unwrap();
    assert_eq!(index.len(), 81_024);
    assert!(index.source.contains("FY2025") && index.source.contains("2024-10-01"));
    let at = index.see("Cirrhosis, alcoholic").unwrap();
    assert_eq!((index.row(at).title(), index.row(at).cell(0)), ("alcoholic", "K70.30"));
    let neoplasms = v.get(VolumeKind::Neoplasms).unwrap();
    assert_eq!((neoplasms.heads.len(), neoplasms.len()), (6, 1_939));
    assert_eq!(v.get(VolumeKind::Drugs).unwrap().len(), 7_428);
    assert_eq!(v.get(VolumeKind::External).unwrap().len(), 8_064);
    let pcs = v.pcs.unwrap();
    assert_eq!(pcs.tables.len(), 908);
    assert_eq!(pcs.words("02HV3", '3').unwrap().0, "Infusion Device");
    let (label, definition) = pcs.words("0DB", 'W').unwrap();
    assert_eq!(label, "Peritoneum");
    assert!(definition.is_some_and(|d| d.contains("Epiploic foramen")), "{definition:?}");
    assert!(store(tempfile::tempdir().unwrap().path()).volumes(day(2026, 1, 1)).unwrap().pcs.is_none());
}
