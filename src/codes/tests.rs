//! The book through its public interface, on the shipped tables.

use super::fixture::{book, bytes};
use super::*;
use chrono::NaiveDate;

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).expect("a date")
}

const CM: CodeSystem = CodeSystem::Icd10cm;

#[test]
fn titles_of_listed_expanded_and_procedure_codes() {
    let b = book();
    assert_eq!(b.title(CM, "I10").as_deref(), Some("Essential (primary) hypertension"));
    assert_eq!(
        b.title(CM, "s51.811a").as_deref(),
        Some("Laceration without foreign body of right forearm, initial encounter")
    );
    assert_eq!(
        b.title(CodeSystem::Icd10pcs, "0FT44ZZ").as_deref(),
        Some("Resection of Gallbladder, Percutaneous Endoscopic Approach")
    );
    assert_eq!(b.title(CodeSystem::Cpt, "99213"), None);
    assert_eq!(b.lookup(CM, "Q99.99"), None);
    assert!(b.lookup(CodeSystem::Hcpcs, "J1885").is_some_and(|e| e.title.is_some()));
    assert!(b.places().iter().any(|(code, text)| *code == "11" && text.contains("OFFICE")));
}

#[test]
fn status_follows_the_date_of_service() {
    let b = book();
    let fy26 = day(2026, 1, 15);
    assert_eq!(b.status(CM, "I10", fy26), CodeStatus::Valid);
    assert_eq!(b.status(CM, "S51.811", fy26), CodeStatus::NeedsSeventh);
    assert_eq!(b.status(CM, "W01.0", fy26), CodeStatus::NeedsSeventh);
    assert_eq!(b.status(CM, "W01.0XX", fy26), CodeStatus::NeedsSeventh);
    assert_eq!(b.status(CM, "E11", fy26), CodeStatus::Header);
    assert_eq!(b.status(CM, "XYZ", fy26), CodeStatus::Unknown);
    assert_eq!(b.status(CM, "", fy26), CodeStatus::Unknown);
    // D69.11 starts with fiscal 2027: refused the day before
    let start = day(2026, 10, 1);
    assert_eq!(b.status(CM, "D69.11", day(2026, 9, 30)), CodeStatus::NotYet { from: start });
    assert_eq!(b.status(CM, "D69.11", start), CodeStatus::Valid);
    // C78.3 was split that day: a code before, a heading after
    assert_eq!(b.status(CM, "C78.30", day(2026, 9, 30)), CodeStatus::Valid);
    // M54.5 was split in October 2021
    assert_eq!(b.status(CM, "M54.5", day(2021, 9, 30)), CodeStatus::Valid);
    assert_eq!(b.status(CM, "M54.5", fy26), CodeStatus::Header);
    assert_eq!(b.status(CodeSystem::Icd10pcs, "0FT44ZZ", fy26), CodeStatus::Valid);
    assert_eq!(b.status(CodeSystem::Icd10pcs, "0FT", fy26), CodeStatus::Header);
}

#[test]
fn starter_codes_end_when_they_ended() {
    let b = book();
    let hcpcs = CodeSystem::Hcpcs;
    assert_eq!(b.status(hcpcs, "J1885", day(2026, 1, 15)), CodeStatus::Valid);
    assert_eq!(b.status(hcpcs, "J1030", day(2024, 3, 31)), CodeStatus::Valid);
    let last_day = day(2024, 3, 31);
    assert_eq!(b.status(hcpcs, "J1030", day(2024, 4, 1)), CodeStatus::Expired { last_day });
    assert_eq!(b.status(hcpcs, "J1010", day(2024, 3, 31)), CodeStatus::NotYet { from: day(2024, 4, 1) });
}

#[test]
fn retired_codes_name_their_last_day() {
    let b = book();
    let all = b.docs(CM);
    let retired = all.into_iter().find_map(|d| {
        let code = b.doc_code(d).to_string();
        match b.status(CM, &code, day(2026, 11, 1)) {
            CodeStatus::Expired { last_day } => Some((code, last_day)),
            _ => None,
        }
    });
    let (code, last) = retired.expect("some code has been retired");
    assert_eq!(b.status(CM, &code, last), CodeStatus::Valid);
}

#[test]
fn sevenths_complete_a_code() {
    let b = book();
    let chars: String = b.seventh("S51.811").iter().map(|(c, _)| *c).collect();
    assert_eq!(chars, "ADS");
    assert!(b.seventh("S72.001").len() > 10);
    assert_eq!(b.seventh("S51.811")[0].1, "initial encounter");
    assert!(b.seventh("I10").is_empty());
    assert!(b.seventh("S51.811A").is_empty());
    assert_eq!(pad_seventh("W01.0", 'A'), "W010XXA");
    assert_eq!(pad_seventh("S51.811", 'd'), "S51811D");
    assert_eq!(b.seventh("W01.0XX").len(), 3);
}

#[test]
fn hierarchy_goes_both_ways() {
    let b = book();
    assert_eq!(b.parent("E11.22").map(|e| e.code).as_deref(), Some("E112"));
    assert_eq!(b.parent("S51.811A").map(|e| e.code).as_deref(), Some("S51811"));
    assert_eq!(b.parent("E11"), None);
    let children: Vec<String> = b.children("E11.2").into_iter().map(|e| e.code).collect();
    assert_eq!(children, ["E1121", "E1122", "E1129"]);
    assert_eq!(b.children("S51.811").len(), 3);
    let groups = b.groups("E11.22");
    assert_eq!(groups[0].0, "E08-E13");
    assert_eq!(groups[1].0, "chapter 4");
    // a section that bears its only category's name
    assert!(b.groups("D49.0").iter().any(|g| g.0 == "D49"));
}

#[test]
fn notes_are_inherited_nearest_first() {
    let b = book();
    let notes = b.notes("E11.22");
    assert_eq!(notes[0].level, "E1122");
    let stage = notes.iter().find(|n| n.kind == NoteKind::UseAdditional && n.level == "E1122");
    assert!(stage.is_some_and(|n| n.targets.iter().any(|t| t.matches("N183"))));
    // the category lists its choices one by one, under their heading
    let insulin =
        notes.iter().find(|n| n.level == "E11" && n.text.starts_with("insulin (")).expect("insulin");
    assert_eq!(insulin.kind, NoteKind::UseAdditional);
    assert_eq!(insulin.targets, [Target::Code("Z794".into())]);
    assert!(insulin.heading.as_deref().is_some_and(|h| h.contains("control")));
    let depth = |n: &Note| match n.level.as_str() {
        "E1122" => 0,
        "E112" => 1,
        "E11" => 2,
        "E08-E13" => 3,
        _ => 4,
    };
    assert!(notes.windows(2).all(|w| depth(&w[0]) <= depth(&w[1])));
    // an expanded code has the notes of the code it stands on
    assert_eq!(b.notes("S51.811A"), b.notes("S51.811"));
    assert!(b.notes("nothing").is_empty());
}

#[test]
fn excludes1_in_either_direction() {
    let b = book();
    let i10 = b.notes("I10");
    assert!(i10.iter().any(|n| n.kind == NoteKind::Excludes2 && n.level == "I10"));
    let found = b.excludes1("E11.9", "E10.9").expect("types of diabetes exclude each other");
    assert_eq!(found.kind, NoteKind::Excludes1);
    assert!(b.excludes1("E10.9", "E11.9").is_some());
    assert!(b.excludes1("I10", "O10.02").is_some() && b.excludes1("O10.02", "I10").is_some());
    assert_eq!(b.excludes1("I10", "E11.9"), None);
    assert_eq!(b.excludes1("I10", "I10"), None);
}

#[test]
fn every_alias_leads_somewhere() {
    let b = book();
    let text = Tables::shipped().text("aliases.txt").expect("aliases");
    let lost: Vec<String> = tables::records(&text)
        .map(|r| tables::field(&r, 0).to_string())
        .filter(|key| {
            let (system, code) = match key.split_once(':') {
                // The starter list is short: these wait for the official one.
                Some(("hcpcs", code)) => return code.len() != 5,
                Some(("icd10pcs", code)) => (CodeSystem::Icd10pcs, code),
                _ => (CM, key.as_str()),
            };
            b.starting(system, &normal_code(code)).is_empty()
        })
        .collect();
    assert!(lost.is_empty(), "aliases of codes nobody knows: {lost:?}");
}

#[test]
fn tables_say_where_they_are_from() {
    for p in Tables::shipped().provenance().expect("readable tables") {
        assert!(p.line.contains("source:"), "{} has no provenance line", p.table);
        assert!(p.line.contains("licence:"), "{} names no licence", p.table);
    }
}

#[test]
fn a_site_adds_titles_terms_and_periods() {
    let site = SiteTables {
        titles: vec![(CM, "D6911".into(), "A new code's title".into())],
        periods: vec![(CodeSystem::Hcpcs, "J9999".into(), 2020_0101, 0)],
        terms: vec![(CM, "I10".into(), "pressure, arterial, raised".into())],
        ..SiteTables::default()
    };
    let tables = Tables::with_site(site);
    assert_ne!(tables.hash(), Tables::shipped().hash());
    let made = build(&tables, &mut |_, _| {}).expect("builds");
    let b = Book::from_bytes(&made).expect("opens");
    assert_eq!(b.title(CM, "D69.11").as_deref(), Some("A new code's title"));
    assert_eq!(b.status(CodeSystem::Hcpcs, "J9999", day(2021, 1, 1)), CodeStatus::Valid);
    assert_eq!(b.tables_hash(), tables.hash());
}

#[test]
fn damaged_books_are_refused() {
    let good = bytes();
    assert_eq!(Book::from_bytes(&[]).err(), Some(BookError::Short));
    assert_eq!(Book::from_bytes(&[b'x'; 4096]).err(), Some(BookError::NotABook));
    for cut in [10, 60, 500, good.len() / 2, good.len() - 1] {
        assert!(Book::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
    }
    let mut copy = good.to_vec();
    for at in (0..good.len()).step_by(good.len() / 23).chain([8, 12, 20, 50, 57, 61, 70]) {
        copy[at] ^= 0x40;
        // padding between sections means nothing
        let refused = Book::from_bytes(&copy).is_err();
        copy[at] ^= 0x40;
        assert!(refused || good[at] == 0, "flipped at {at}");
    }
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let again = build(&Tables::shipped(), &mut |_, _| {}).expect("builds");
    assert!(again == bytes());
}

#[test]
fn site_numbers_carry_no_words_of_ours() {
    let mut o = Overlay::new();
    assert!(o.add("99213", None) && o.add("99214", Some(" licensed words ")) && o.add("J1885", None));
    assert!(!o.add("I10", None) && !o.add("", None));
    assert_eq!(o.title("99213"), None);
    assert_eq!(o.title("99214"), Some("licensed words"));
    assert_eq!(o.starting("992").count(), 2);
}
