//! The grouper against the official software's answers, and the shipped tables against their facts.
//!
//! The cases and the facts are not in the repository: `CODESK_SHARED` names the folder that holds them. Without it
//! these tests say so loudly and fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod drg_cases;

use codesk::drg::import::{FILES, Release, compact_text};
use codesk::drg::{
    Case, Code, CodedDiagnosis, Difference, DischargeStatus, HospitalPoa, Library, NoTable, Place, PoaMark,
    Sex, Tables, Use, read, read_gz,
};
use drg_cases::{facts, official};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;

fn day(y: i32, m: u32, d: u32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

fn stay(pdx: &str, sdx: &[(&str, &str)], procs: &[&str]) -> Case {
    Case {
        sex: Sex::Female,
        discharge: DischargeStatus::HOME,
        hospital: HospitalPoa::NonExempt,
        principal: CodedDiagnosis::new(pdx, PoaMark::Yes),
        secondary: sdx.iter().map(|(c, p)| CodedDiagnosis::new(c, PoaMark::parse(p))).collect(),
        procedures: procs.iter().map(|c| Code::new(c)).collect(),
    }
}

/// Every field of every case, as the official grouper gave it.
fn all_equal(file: &str, expected: usize) {
    let library = Library::shipped().unwrap();
    let cases = official(file);
    assert_eq!(cases.len(), expected, "{file} is another file");
    let mut wrong = BTreeMap::new();
    for c in &cases {
        let o = library.version(&c.version).unwrap().group(&c.case);
        let got = (o.drg, o.mdc, o.initial_drg, o.initial_mdc, o.return_code.name());
        let hac = c.hac_status.as_deref().is_none_or(|h| h == o.hac.name());
        if got != (c.drg, c.mdc, c.initial_drg, c.initial_mdc, c.return_code.as_str()) || !hac {
            wrong.insert(c.id.clone(), format!("{o:?}"));
        }
    }
    let first = wrong.iter().next();
    assert!(wrong.is_empty(), "{} of {} wrong, first {first:?}", wrong.len(), cases.len());
}

#[test]
fn version_43_1_is_the_official_grouper() {
    all_equal("cases_v43_1.jsonl.xz", 25_000);
}

#[test]
fn versions_42_1_and_43_0_are_the_official_grouper() {
    all_equal("cases_v41_1_to_v43_0.jsonl.xz", 10_000);
}

#[test]
fn version_44_0_agrees_with_two_groupers() {
    all_equal("cases_v44_unofficial.jsonl.xz", 15_000);
}

#[test]
fn the_shipped_tables_are_the_facts() {
    for (version, folder) in [("42.1", "v42_1"), ("43.0", "v43_0"), ("43.1", "v43_1"), ("44.0", "v44_0")] {
        let shipped =
            fs::read(format!("{}/code_tables/drg_{version}.txt.gz", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let tables = read_gz(&shipped).unwrap();
        let release = Release {
            version,
            valid_from: tables.valid_from,
            valid_to: tables.valid_to,
            provenance: &tables.provenance,
        };
        let made = compact_text(&release, &|n| fs::read_to_string(facts(folder).join(n)).ok()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(shipped.as_slice()), &mut text)
            .unwrap();
        assert!(made.text == text, "{version}: run code_tables/build_drg.sh");
        assert_eq!(made.faults, Vec::<String>::new());
    }
}

#[test]
fn the_discharge_date_chooses_the_version() {
    let library = Library::shipped().unwrap();
    let on = |date| library.on(date).map(|t| t.version.clone());
    assert_eq!(on(day(2025, 9, 30)).unwrap(), "42.1");
    assert_eq!(on(day(2025, 10, 1)).unwrap(), "43.0");
    assert_eq!(on(day(2026, 3, 31)).unwrap(), "43.0");
    assert_eq!(on(day(2026, 4, 1)).unwrap(), "43.1");
    assert_eq!(on(day(2026, 10, 1)).unwrap(), "44.0");
    assert!(
        matches!(on(day(2024, 10, 1)), Err(NoTable::Date { .. })),
        "an older stay is never grouped by a newer table"
    );
    assert!(library.version("41.0").is_err());
}

#[test]
fn weights_are_those_of_the_year_or_none() {
    let library = Library::shipped().unwrap();
    let w = library.weights_on(day(2026, 11, 2)).unwrap();
    let failure = w.get(291).unwrap();
    assert_eq!((failure.weight, failure.gmlos, failure.amlos), (12_685, Some(38), Some(49)));
    assert!(failure.post_acute && !failure.special_pay);
    assert!(w.get(999).is_none());
    assert!(library.weights_on(day(2026, 9, 30)).is_none(), "no weight is borrowed from another year");
}

#[test]
fn an_explanation_names_what_drove_the_drg() {
    let library = Library::shipped().unwrap();
    let t = library.version("43.1").unwrap();
    // Hypertensive heart and kidney disease with acute on chronic systolic failure: the failure is the MCC.
    let told = t.explain(&stay("I130", &[("I5023", "Y"), ("N1831", "Y"), ("I420", "Y")], &[]));
    assert_eq!(told.outcome.drg, 291);
    assert_eq!(told.drivers, [Place::Principal, Place::Secondary(0)]);
    let usage: Vec<Use> = told.secondary.iter().map(|s| s.usage).collect();
    assert_eq!(usage, [Use::Counts, Use::NotCc, Use::Excluded]);
    assert!(t.excludes(Code::new("I130"), Code::new("I420")));
}

#[test]
fn a_hospital_acquired_condition_stops_counting() {
    let library = Library::shipped().unwrap();
    let t = library.version("43.1").unwrap();
    let with = |poa: &str| t.explain(&stay("K5190", &[("L89023", poa)], &[]));
    let present = with("Y");
    assert_eq!((present.outcome.drg, present.outcome.initial_drg), (385, 385));
    let acquired = with("N");
    assert_eq!((acquired.outcome.drg, acquired.outcome.initial_drg), (387, 385));
    assert_eq!(acquired.secondary[0].usage, Use::HospitalAcquired);
    assert_eq!(acquired.secondary[0].hacs, [4]);
    assert_eq!(with("").outcome.return_code.name(), "HAC_MISSING_ONE_POA");
}

#[test]
fn codes_past_the_claims_room_do_not_count() {
    let library = Library::shipped().unwrap();
    let t = library.version("43.1").unwrap();
    let mut sdx = vec![("Z9989", "Y"); 24];
    sdx.push(("I5023", "Y"));
    let told = t.explain(&stay("I10", &sdx, &[]));
    assert_eq!(told.outcome.severity.label(), "NONE");
    assert_eq!(told.secondary[24].usage, Use::NotOnClaim);
}

#[test]
fn an_import_makes_a_new_version_of_a_library_that_had_one() {
    let folder = facts("v44_0");
    let mut library = Library::empty();
    let bytes = fs::read(format!("{}/code_tables/drg_43.1.txt.gz", env!("CARGO_MANIFEST_DIR"))).unwrap();
    library.add(bytes).unwrap();
    assert!(library.version("44.0").is_err());
    let release = Release {
        version: "44.0",
        valid_from: day(2026, 10, 1),
        valid_to: None,
        provenance: "a site's import",
    };
    let made = compact_text(&release, &|n| fs::read_to_string(folder.join(n)).ok()).unwrap();
    let (old, new) = (library.version("43.1").unwrap(), read(made.text.as_bytes()).unwrap());
    let diff = Difference::between(&old, &new);
    assert_eq!((diff.drgs_new.len(), diff.drgs_removed.len()), (14, 18));
    assert!(diff.families_changed.len() >= 30);
    let report = diff.to_string();
    for part in ["DRGs new (14):", "DRGs removed (18):", "rules changed ("] {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
    assert!(Difference::between(&new, &new).is_empty());
    let cases = official("cases_v44_unofficial.jsonl.xz");
    let equal = cases.iter().filter(|c| new.group(&c.case).drg == c.drg).count();
    assert_eq!(equal, cases.len());
}

#[test]
fn faults_of_a_table_are_named() {
    let library = Library::shipped().unwrap();
    let faults = library.version("43.1").unwrap().faults();
    assert!(faults.iter().any(|f| f.contains("rule 15/2") && f.contains("'5' names no list")), "{faults:?}");
    // A facts folder with one thing wrong at a time.
    let text = |n: &str| fs::read_to_string(facts("v43_1").join(n)).ok();
    let release =
        Release { version: "43.1", valid_from: day(2026, 4, 1), valid_to: None, provenance: "test" };
    let with = |file: &'static str, from: &str, to: &str| {
        let change = |n: &'static str| {
            let t = text(n)?;
            Some(if n == file { t.replacen(from, to, 1) } else { t })
        };
        compact_text(&release, &change)
    };
    let fault = |file, from, to| with(file, from, to).err().expect("refused").to_string();
    assert_eq!(
        fault("rules.csv", "scope_mdc", "scope"),
        "rules.csv has no column 'scope_mdc'; its first line must name the columns"
    );
    assert!(fault("rules.csv", "cart | cartor", "cart | (cartor").starts_with("rules.csv, line 6: "));
    assert_eq!(
        fault("dx.csv", "A000,6,,,CC", "A000,6,,,XX"),
        "dx.csv, line 2: the severity 'XX' is none of NCC, CC, MCC"
    );
    let made = with("dx.csv", "A000,6,,,CC", "A000,6,,,MCC").unwrap();
    assert_eq!(made.faults, ["A000 is MCC in dx.csv and CC in ccmcc.csv"]);
    let made = with("rules.csv", "cart | cartor", "cart | cartoon").unwrap();
    let faults = read(made.text.as_bytes()).unwrap().faults();
    assert!(faults.iter().any(|f| f.contains("'cartoon' names no list")), "{faults:?}");
    for missing in FILES {
        let gone = compact_text(&release, &|n| if n == missing { None } else { text(n) });
        assert!(gone.err().expect("refused").to_string().starts_with(missing));
    }
}

proptest! {
    /// Any damage to a table is refused or read, never a crash.
    #[test]
    fn a_damaged_table_is_refused(at in 0usize..400_000, byte in any::<u8>(), cut in any::<bool>()) {
        let text = drg_cases::small_table();
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(t) = read(&bytes) {
            t.group(&stay("I10", &[("A000", "N")], &["0016070"]));
        }
    }

    /// The order of secondary diagnoses and procedures does not matter, and no stay is refused with a panic.
    #[test]
    fn order_does_not_matter(picks in proptest::collection::vec(0usize..60_000, 2..12), seed in any::<u64>()) {
        static TABLES: std::sync::OnceLock<std::sync::Arc<Tables>> = std::sync::OnceLock::new();
        let t = TABLES.get_or_init(|| Library::shipped().unwrap().version("43.1").unwrap());
        let cases = drg_cases::some_official();
        let c = &cases[picks[0] % cases.len()].case;
        let mut turned = c.clone();
        if !turned.secondary.is_empty() {
            let n = seed as usize % turned.secondary.len();
            turned.secondary.rotate_left(n);
        }
        turned.procedures.reverse();
        prop_assert_eq!(t.group(c).drg, t.group(&turned).drg);
    }
}
