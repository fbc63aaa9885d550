//! Search through its public interface, on the shipped tables.

use super::*;
use crate::codes::fixture::book;
use proptest::prelude::*;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 15).expect("a date")
}

const CM: &[CodeSystem] = &[CodeSystem::Icd10cm];

fn hits(text: &str) -> Vec<Hit> {
    let query = Query { systems: CM, ..Query::new(text, day()) };
    run(book(), &query, &Prior::shipped(), &|| false).hits
}

fn first(text: &str) -> String {
    hits(text).first().map(|h| h.code.clone()).unwrap_or_default()
}

fn found(text: &str, code: &str) -> bool {
    hits(text).iter().any(|h| h.code == code)
}

#[test]
fn shorthand_is_understood() {
    for (typed, code) in [
        ("htn", "I10"),
        ("dm2 neuropathy", "E1140"),
        ("s/p cabg", "Z951"),
        ("copd exac", "J441"),
        ("t2dm w/o comp", "E119"),
        ("acute on chronic diastolic chf", "I5033"),
        ("ckd 3b", "N1832"),
        ("r/o pneumonia", "J189"),
    ] {
        assert_eq!(first(typed), code, "{typed}");
    }
    assert!(first("chf exac").starts_with("I50"));
}

#[test]
fn typing_errors_and_beginnings() {
    assert_eq!(first("pnuemonia"), "J189");
    assert_eq!(first("hypertenison"), "I10");
    assert_eq!(first("afbi rapid"), first("afib rapid"));
    assert!(found("cirrh alcoh asci", "K7031"));
    assert!(found("ost neo scap", "D1600") || found("ost neo scap", "C4000"));
    assert!(found("hyper heart dis failu", "I110"));
}

#[test]
fn codes_prefixes_and_confused_letters() {
    assert_eq!(first("E1140"), "E1140");
    assert_eq!(first("e11.40"), "E1140");
    assert_eq!(first("ell.4o"), "E1140");
    assert!(hits("e11.4").iter().all(|h| h.code.starts_with("E114")));
    assert!(first("iso").starts_with("I50"));
    assert!(hits("150").iter().any(|h| h.code.starts_with("I50")));
    // a heading is found, is no answer to bill, and stands last
    let under = hits("s51.811");
    assert!(under[0].billable);
    let last = under.last().expect("hits");
    assert_eq!((last.code.as_str(), last.billable), ("S51811", false));
    assert_eq!(last.status, CodeStatus::NeedsSeventh);
}

#[test]
fn a_leading_category_filters() {
    let list = hits("s52 distal left");
    assert!(!list.is_empty() && list.iter().all(|h| h.code.starts_with("S52")));
    assert!(hits("e11 neuropathy").iter().all(|h| h.code.starts_with("E11")));
}

#[test]
fn sides_encounters_and_negation() {
    assert_eq!(first("laceration left forearm"), "S51812A");
    assert_eq!(first("laceration left forearm subsequent"), "S51812D");
    assert_eq!(first("laceration right forearm"), "S51811A");
    assert_eq!(first("severe sepsis w/o shock"), "R6520");
    assert_eq!(first("severe sepsis with shock"), "R6521");
    let wrist = first("wrist fx left subsequent");
    let title = book().title(CodeSystem::Icd10cm, &wrist).unwrap_or_default();
    assert!(title.contains("left") && title.contains("subsequent"), "{title}");
    assert!(title.contains("wrist") || title.contains("radius") || title.contains("carpal"), "{title}");
    let displaced = first("displaced fracture shaft left tibia transverse");
    let title = book().title(CodeSystem::Icd10cm, &displaced).unwrap_or_default();
    assert!(title.starts_with("Displaced"), "{title}");
}

#[test]
fn headings_never_outrank_codes() {
    for text in ["laceration forearm", "type 2 diabetes", "fracture of shaft of tibia", "pressure ulcer"] {
        let query = Query { systems: CM, limit: 30, ..Query::new(text, day()) };
        let list = run(book(), &query, &Prior::shipped(), &|| false).hits;
        let heading = list.iter().position(|h| !h.billable).unwrap_or(list.len());
        assert!(list[heading..].iter().all(|h| !h.billable), "{text}");
        assert!(heading > 0, "{text}");
    }
}

#[test]
fn the_date_of_service_filters() {
    let old = Query { systems: CM, ..Query::new("low back pain", day()) };
    let before = Query { date: NaiveDate::from_ymd_opt(2020, 5, 1).expect("a date"), ..old.clone() };
    let prior = Prior::shipped();
    let code = |q: &Query<'_>| run(book(), q, &prior, &|| false).hits[0].code.clone();
    assert_eq!(code(&old), "M5450");
    assert_eq!(code(&before), "M545");
}

#[test]
fn one_and_two_letters_answer() {
    for text in ["h", "hy", "p", "z", "9"] {
        let list = hits(text);
        assert!(!list.is_empty() || text == "9", "{text}");
        assert!(list.iter().all(|h| h.billable));
    }
    assert!(found("ra", "M069"));
    assert_eq!(first("e1"), hits("E1")[0].code);
}

#[test]
fn what_is_used_here_comes_first() {
    let b = book();
    let plain = hits("fracture femur");
    let third = plain[2].code.clone();
    let uses = [(CodeSystem::Icd10cm, third.as_str(), 150.0, 60.0)];
    let prior = Prior::with_uses(b, uses);
    let query = Query { systems: CM, ..Query::new("fracture femur", day()) };
    let list = run(b, &query, &prior, &|| false).hits;
    let at = |l: &[Hit]| l.iter().position(|h| h.code == third);
    assert!(at(&list) < at(&plain));
}

/// Everything of the filter used all day long, but for one code.
fn all_used_but(rival: &str) -> Prior {
    let docs = book().docs(CodeSystem::Icd10cm);
    let codes: Vec<&str> = docs.map(|d| book().doc_code(d)).filter(|c| *c != rival).collect();
    // the four thousand commonest neighbours are more than anybody uses
    Prior::with_uses(book(), codes.into_iter().step_by(3).map(|c| (CodeSystem::Icd10cm, c, 500.0, 500.0)))
}

#[test]
fn use_never_takes_the_place_of_an_exact_answer() {
    for (text, code) in [
        ("E11.9", "E119"),
        ("e1140", "E1140"),
        ("htn", "I10"),
        ("dm2 neuropathy", "E1140"),
        ("copd exac", "J441"),
        ("essential hypertension", "I10"),
        ("type 2 diabetes mellitus without complications", "E119"),
        ("ckd 3b", "N1832"),
        ("s/p cabg", "Z951"),
    ] {
        let prior = all_used_but(code);
        let query = Query { systems: CM, ..Query::new(text, day()) };
        let list = run(book(), &query, &prior, &|| false).hits;
        assert_eq!(list[0].code, code, "{text}: {:?}", list.iter().map(|h| &h.code).collect::<Vec<_>>());
    }
}

#[test]
fn use_is_a_reason_and_reaches_the_short_lists() {
    let uses = [(CodeSystem::Icd10cm, "Q8789", 0.0, 200.0)];
    let prior = Prior::with_uses(book(), uses);
    let find = |text: &str| {
        let query = Query { systems: CM, ..Query::new(text, day()) };
        run(book(), &query, &prior, &|| false).hits
    };
    let title = book().title(CodeSystem::Icd10cm, "Q8789").unwrap_or_default();
    for text in ["co", title.as_str()] {
        let list = find(text);
        let hit = list.iter().find(|h| h.code == "Q8789").unwrap_or_else(|| panic!("{text}"));
        assert!(hit.why.iter().any(|w| w == "used by you 200 times"), "{text}: {:?}", hit.why);
    }
}

#[test]
fn choices_of_a_note_are_searched_alone() {
    let notes = book().notes("E11.22");
    let targets: Vec<Target> = notes
        .into_iter()
        .filter(|n| n.kind == crate::codes::NoteKind::UseAdditional)
        .flat_map(|n| n.targets)
        .collect();
    for text in ["", "stage 3", "insulin"] {
        let query = Query { systems: CM, within: Some(&targets), ..Query::new(text, day()) };
        let list = run(book(), &query, &Prior::shipped(), &|| false).hits;
        assert!(!list.is_empty(), "{text}");
        assert!(list.iter().all(|h| targets.iter().any(|t| t.matches(&h.code))), "{text}");
    }
}

#[test]
fn site_numbers_are_found_by_their_beginning() {
    let mut overlay = Overlay::new();
    overlay.add("99213", None);
    overlay.add("99214", None);
    let query = Query { overlay: Some(&overlay), ..Query::new("992", day()) };
    let list = run(book(), &query, &Prior::shipped(), &|| false).hits;
    assert_eq!((list[0].code.as_str(), list[0].system), ("99213", CodeSystem::Cpt));
    assert_eq!(list[0].title, None);
}

#[test]
fn procedures_are_found() {
    let query = Query { systems: &[CodeSystem::Icd10pcs], ..Query::new("lap chole", day()) };
    let list = run(book(), &query, &Prior::shipped(), &|| false).hits;
    assert!(list.iter().any(|h| h.code == "0FT44ZZ"), "{list:?}");
}

#[test]
fn hits_say_why() {
    let list = hits("chf pnuemonia");
    assert!(
        list.iter().any(|h| h.why.iter().any(|w| w.contains("abbreviation") || w.contains("typing error")))
    );
    // a word met by its beginning is marked as far as it was typed
    let h = &hits("hypertens heart")[0];
    let title = h.title.clone().unwrap_or_default();
    assert!(h.matched.iter().any(|&(a, b)| &title[a..b] == "Hypertens"), "{title} {:?}", h.matched);
    let h = &hits("essential hypertension")[0];
    let title = h.title.clone().unwrap_or_default();
    assert!(h.matched.iter().any(|&(a, b)| title[a..b].eq_ignore_ascii_case("hypertension")));
}

#[test]
fn a_query_can_be_abandoned() {
    let r = run(book(), &Query::new("chronic kidney disease", day()), &Prior::shipped(), &|| true);
    assert!(r.abandoned && r.hits.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = run(book(), &Query::new(&text, day()), &Prior::shipped(), &|| false);
    }

    #[test]
    fn no_shorthand_panics(
        text in "([a-z]{1,9}|w/o|s/p|[a-z][0-9o]{2}|-|/|é|with|no|left|non-[a-z]{3})( ([a-z]{1,9}|w/o|h/o|[0-9]{1,3})){0,6}"
    ) {
        let query = Query { systems: CM, ..Query::new(&text, day()) };
        let r = run(book(), &query, &Prior::shipped(), &|| false);
        prop_assert!(r.hits.len() <= 10);
        for h in &r.hits {
            let title = h.title.clone().unwrap_or_default();
            for &(a, b) in &h.matched {
                prop_assert!(title.get(a..b).is_some());
            }
        }
    }
}
