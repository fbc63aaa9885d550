//! The Medicare Code Editor: every list fires on a real row of it, and not on a day outside the row's dates.
//!
//! The master lists are in the shared data (`CODESK_SHARED`); without them these tests say so loudly and fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod drg_cases;

use chrono::NaiveDate;
use codesk::drg::mce::{Flag, MceCase, MceEdit, MceTable, edit};
use codesk::drg::{Code, DischargeStatus, Place, Sex};
use std::collections::BTreeMap;
use std::fs;

fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y%m%d").unwrap()
}

/// A row of a master list: code, first and last day, flags.
type Row = (String, NaiveDate, NaiveDate, Vec<String>);

/// Rows of a master list by flag; validity periods by code.
struct Lists {
    flagged: BTreeMap<String, Vec<Row>>,
    periods: BTreeMap<String, Vec<Row>>,
}

fn lists(file: &str) -> Lists {
    let text = fs::read_to_string(drg_cases::shared().join("mce").join(file)).unwrap();
    let mut all = Lists { flagged: BTreeMap::new(), periods: BTreeMap::new() };
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split('\t').collect();
        let flags: Vec<String> =
            f.get(3).unwrap_or(&"").split([',', '|']).filter(|x| !x.is_empty()).map(String::from).collect();
        let row: Row = (f[0].to_string(), day(f[1]), day(f[2]), flags.clone());
        for flag in flags {
            all.flagged.entry(flag).or_default().push(row.clone());
        }
        all.periods.entry(row.0.clone()).or_default().push(row);
    }
    all
}

fn stay(on: NaiveDate, pdx: &str, sdx: &[&str], procs: &[&str]) -> MceCase {
    MceCase {
        discharged: on,
        age: Some(50),
        sex: Sex::Unknown,
        status: Some(DischargeStatus::HOME),
        length_of_stay: Some(5),
        principal: Code::new(pdx),
        secondary: sdx.iter().map(|c| Code::new(c)).collect(),
        procedures: procs.iter().map(|c| Code::new(c)).collect(),
    }
}

fn edits(case: &MceCase) -> Vec<(MceEdit, Option<Place>)> {
    let table = MceTable::shipped().unwrap();
    edit(&table, case, &|_, _| Some(true)).into_iter().map(|f| (f.edit, f.place)).collect()
}

/// A stay on which the row's flag has to fire, and the edit.
fn firing(flag: &str, code: &str, on: NaiveDate) -> Option<(MceCase, MceEdit)> {
    let pdx = |case: MceCase, edit| Some((case, edit));
    let as_principal = |age| MceCase { age: Some(age), ..stay(on, code, &[], &[]) };
    let performed = |sdx: &[&str]| stay(on, "I5020", sdx, &[code]);
    match flag {
        "newborn" => pdx(as_principal(30), MceEdit::AgeConflict),
        "pediatric" => pdx(as_principal(18), MceEdit::AgeConflict),
        "maternity" => pdx(as_principal(66), MceEdit::AgeConflict),
        "adult" => pdx(as_principal(14), MceEdit::AgeConflict),
        "ecodepdx" => pdx(as_principal(50), MceEdit::ExternalCausePrincipal),
        "manifestation" => pdx(as_principal(50), MceEdit::ManifestationPrincipal),
        "qadm" => pdx(as_principal(50), MceEdit::QuestionableAdmission),
        "unacceptable" if code == "Z5189" => None,
        "unacceptable" => pdx(as_principal(50), MceEdit::UnacceptablePrincipal),
        "reqsdx" => pdx(as_principal(50), MceEdit::RequiresSecondary),
        "unspecified" => pdx(stay(on, "I5020", &[code], &[]), MceEdit::Unspecified),
        "wrngproc" => pdx(stay(on, "I5020", &[code], &[]), MceEdit::WrongProcedure),
        "noncovered" => pdx(performed(&[]), MceEdit::NonCovered),
        "ncov45" => pdx(performed(&[]), MceEdit::NonCovered),
        "ncov12agele60" => pdx(MceCase { age: Some(61), ..performed(&[]) }, MceEdit::NonCovered),
        "csect" | "vagdel" => pdx(performed(&[]), MceEdit::QuestionableObstetric),
        "los" => pdx(MceCase { length_of_stay: Some(3), ..performed(&[]) }, MceEdit::LengthOfStay),
        _ => None,
    }
}

fn every_list(file: &str, seen: &mut Vec<String>) {
    let table = MceTable::shipped().unwrap();
    let lists = lists(file);
    let fires = |case: &MceCase, wanted: MceEdit| {
        edit(&table, case, &|_, _| Some(true)).iter().any(|f| f.edit == wanted)
    };
    for (flag, rows) in &lists.flagged {
        let mut tried = (0, 0);
        for (code, from, to, _) in rows {
            for on in [*from, *to] {
                let Some((case, wanted)) = firing(flag, code, on) else { continue };
                assert!(fires(&case, wanted), "{flag}: {code} on {on}");
                tried.0 += 1;
            }
            // Outside every row of the code that has the flag.
            let mut outside = vec![from.pred_opt().unwrap()];
            if *to != day("20270331") {
                outside.push(to.succ_opt().unwrap());
            }
            for on in outside {
                let has = |r: &Row| r.1 <= on && on <= r.2 && r.3.contains(flag);
                if lists.periods[code].iter().any(has) {
                    continue;
                }
                let Some((case, wanted)) = firing(flag, code, on) else { continue };
                assert!(!fires(&case, wanted), "{flag}: {code} on {on}, outside its dates");
                tried.1 += 1;
            }
        }
        if tried.0 > 0 {
            assert!(tried.1 > 0, "{flag}: no day outside its dates was tried");
            seen.push(flag.clone());
        }
    }
}

#[test]
fn every_list_fires_on_its_rows_and_only_on_their_days() {
    let mut seen = Vec::new();
    every_list("mce_i10dx_master.tsv", &mut seen);
    every_list("mce_i10sg_master.tsv", &mut seen);
    let expected = [
        "adult",
        "ecodepdx",
        "manifestation",
        "maternity",
        "newborn",
        "pediatric",
        "qadm",
        "reqsdx",
        "unacceptable",
        "unspecified",
        "wrngproc",
        "csect",
        "los",
        "ncov12agele60",
        "ncov45",
        "noncovered",
        "vagdel",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn sex_edits_fire_only_while_the_lists_have_them() {
    let cases = [("A1816", Sex::Male), ("A1815", Sex::Female)];
    for (code, sex) in cases {
        let on = |d: &str| edits(&MceCase { sex, ..stay(day(d), code, &[], &[]) });
        assert_eq!(on("20240930"), [(MceEdit::SexConflict, Some(Place::Principal))]);
        assert_eq!(on("20241001"), []);
    }
    let procedure = |d: &str| edits(&MceCase { sex: Sex::Male, ..stay(day(d), "I5020", &[], &["04LE0CT"]) });
    assert_eq!(procedure("20240930"), [(MceEdit::SexConflict, Some(Place::Procedure(0)))]);
    assert_eq!(procedure("20241001"), []);
}

#[test]
fn coverage_depends_on_what_else_is_coded() {
    let on = day("20261101");
    let of = |pdx: &str, sdx: &[&str], px: &[&str]| -> Vec<MceEdit> {
        edits(&stay(on, pdx, sdx, px)).into_iter().map(|(e, _)| e).collect()
    };
    // Sterilization is covered unless it is the purpose of the stay.
    assert_eq!(of("I5020", &[], &["0U570ZZ"]), []);
    assert_eq!(of("I5020", &["Z302"], &["0U570ZZ"]), [MceEdit::NonCovered]);
    // Allogeneic stem cells, leukemia not in remission.
    assert_eq!(of("I5020", &[], &["30233G0"]), []);
    assert_eq!(of("C9100", &[], &["30233G0"]), [MceEdit::NonCovered]);
    // Pancreas alone; with type 1 diabetes; with a kidney.
    assert_eq!(of("I5020", &[], &["0FYG0Z0"]), [MceEdit::NonCovered]);
    assert_eq!(of("E1010", &[], &["0FYG0Z0"]), [MceEdit::LimitedCoverage]);
    assert_eq!(
        of("I5020", &[], &["0FYG0Z0", "0TY00Z0"]),
        [MceEdit::LimitedCoverage, MceEdit::LimitedCoverage]
    );
    // A disc prosthesis up to the age of 60.
    assert_eq!(of("I5020", &[], &["0SR20JZ"]), []);
    // Two parts of an artificial heart, while the list was in force.
    let hearts = stay(day("20220301"), "I5020", &[], &["02RK0JZ", "02RL0JZ"]);
    assert_eq!(edits(&hearts).len(), 2);
    // A delivery with its outcome.
    assert_eq!(edits(&MceCase { age: Some(30), ..stay(on, "O80", &["Z370"], &["10D00Z0"]) }), []);
    assert_eq!(of("Z5189", &["I10"], &[]), []);
}

#[test]
fn duplicates_invalid_codes_age_and_status_are_named_at_their_place() {
    let on = day("20261101");
    assert_eq!(
        edits(&stay(on, "I5020", &["E119", "I5020"], &[])),
        [(MceEdit::DuplicateOfPrincipal, Some(Place::Secondary(1)))]
    );
    let table = MceTable::shipped().unwrap();
    // What is valid comes from the master lists here, from the code book in the program.
    let (dx, px) = (lists("mce_i10dx_master.tsv"), lists("mce_i10sg_master.tsv"));
    let known = |is_dx: bool, code: Code, on: NaiveDate| {
        let of = if is_dx { &dx.periods } else { &px.periods };
        of.get(&code.to_string()).is_some_and(|p| p.iter().any(|r| r.1 <= on && on <= r.2))
    };
    let invalid = |case: &MceCase| -> Vec<Option<Place>> {
        let found = edit(&table, case, &|is_dx, c| Some(known(is_dx, c, case.discharged)));
        found.into_iter().filter(|f| f.edit == MceEdit::InvalidCode).map(|f| f.place).collect()
    };
    // I42.0 ended on September 30, 2026.
    assert_eq!(invalid(&stay(day("20260930"), "I5020", &["I420"], &["0016070"])), []);
    assert_eq!(
        invalid(&stay(day("20261001"), "I5020", &["I420"], &["0000000"])),
        [Some(Place::Secondary(0)), Some(Place::Procedure(0))]
    );
    let odd = MceCase { age: Some(125), status: DischargeStatus::parse("99"), ..stay(on, "I5020", &[], &[]) };
    assert_eq!(edits(&odd), [(MceEdit::InvalidAge, None), (MceEdit::InvalidStatus, None)]);
    // 84 came on October 1, 2013.
    let planned = |d: &str| table.takes_status(DischargeStatus(84), day(d));
    assert!(planned("20131001") && !planned("20130930"));
}

#[test]
fn maternity_ages_changed_in_2019() {
    let at = |age, d: &str| edits(&MceCase { age: Some(age), ..stay(day(d), "O80", &[], &[]) });
    let table = MceTable::shipped().unwrap();
    assert!(table.diagnosis(Code::new("O80"), day("20190930")).has(Flag::Maternity));
    assert_eq!(at(10, "20190930"), [(MceEdit::AgeConflict, Some(Place::Principal))]);
    assert_eq!(at(10, "20191001"), []);
}

#[test]
fn every_edit_has_a_number_and_a_rule_of_its_own() {
    let mut rules: Vec<&str> = MceEdit::ALL.iter().map(|e| e.rule()).collect();
    rules.dedup();
    assert_eq!(rules.len(), MceEdit::ALL.len());
    for e in MceEdit::ALL {
        assert!(e.rule().starts_with(&format!("mce.{:02}", e.number())));
        assert!(!e.sentence().is_empty());
    }
}
