//! Intake against real Synthea bundles and CMS Blue Button answers, counted a second way.
//!
//! The files are not part of the project: without them the tests say so loudly and pass.

#![allow(clippy::unwrap_used)] // helpers of tests

use codesk::domain::{Form, VisitKind};
use codesk::intake::{FileReport, IntakeEncounter, IntakeItem, Options, read_path};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashSet},
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

fn shared(sub: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CODESK_SHARED").map(PathBuf::from);
    let found = named
        .into_iter()
        .flat_map(|p| [p.join("data"), p])
        .chain(["../shared/data", "../../shared/data"].map(PathBuf::from))
        .map(|p| p.join("intake").join(sub))
        .find(|p| p.is_dir());
    if found.is_none() {
        eprintln!("\n*** SKIPPED: no shared/data/intake/{sub}; set CODESK_SHARED to the shared folder ***\n");
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut list: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    list.sort();
    list
}

fn read(path: &Path) -> (Vec<IntakeItem>, Vec<FileReport>) {
    let mut items = Vec::new();
    let reports = read_path(path, &Options::default(), &mut |i| {
        items.push(i);
        ControlFlow::Continue(())
    });
    (items, reports)
}

fn encounters(items: &[IntakeItem]) -> Vec<&IntakeEncounter> {
    let mut all = Vec::new();
    for i in items {
        if let IntakeItem::Encounter(e) = i {
            all.push(&**e);
        }
    }
    all
}

#[test]
fn counts_are_those_of_the_file() {
    let (mut all, mut texts) = (0, 0);
    for folder in ["fhir-synthea-notes", "fhir-synthea"].iter().filter_map(|f| shared(f)) {
        for file in files(&folder) {
            let value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let of = |kind: &str| -> Vec<&Value> {
                let entries = value["entry"].as_array().unwrap().iter().map(|e| &e["resource"]);
                entries.filter(|r| r["resourceType"] == kind).collect()
            };
            let notes: HashSet<String> = of("DocumentReference")
                .iter()
                .map(|d| d["content"][0]["attachment"]["data"].as_str().unwrap().to_string())
                .collect();
            let (items, reports) = read(&file);
            let r = &reports[0];
            assert_eq!(r.errors, [], "{}", r.file);
            assert_eq!(r.warnings, [""; 0], "{}", r.file);
            assert_eq!(r.encounters as usize, of("Encounter").len());
            assert_eq!(r.documents as usize, notes.len());
            assert_eq!(r.patients, 1);
            let total: f64 = of("Claim")
                .iter()
                .filter(|c| c["type"]["coding"][0]["code"] != "pharmacy")
                .map(|c| c["total"]["value"].as_f64().unwrap())
                .sum();
            let read: i64 = encounters(&items).iter().map(|e| e.encounter.body.expected.0).sum();
            assert!((read as f64 / 100.0 - total).abs() < 0.01 * r.encounters as f64, "{read} {total}");
            let problems: usize = encounters(&items)
                .iter()
                .filter_map(|e| e.encounter.body.extra.get("problems"))
                .map(|p| p.as_array().unwrap().len())
                .sum();
            assert_eq!(problems, of("Condition").len());
            all += r.encounters;
            texts += r.documents;
        }
    }
    assert!(matches!((all, texts), (0, 0) | (626, 458)), "{all} {texts}");
}

#[test]
fn every_encounter_is_complete() {
    let Some(folder) = shared("fhir-synthea-notes") else { return };
    let (items, reports) = read(&folder);
    assert_eq!(reports.len(), 14);
    let all = encounters(&items);
    assert_eq!((all.len(), items.len()), (458, 458));
    let accounts: BTreeSet<_> = all.iter().map(|e| e.encounter.body.account.clone()).collect();
    assert_eq!(accounts.len(), 458);
    for e in &all {
        let body = &e.encounter.body;
        assert_eq!(body.patient, e.patient.id);
        assert!(!e.patient.body.name.reveal().last.is_empty());
        assert!(e.patient.body.birth.reveal().is_some());
        assert_eq!(e.documents.len(), 1);
        let text = e.documents[0].text.reveal();
        assert!(text.contains("# Chief Complaint"), "{}", e.encounter.id);
        assert!(text.contains(&body.from.to_string()), "the note carries the visit's date");
        let doctor = e.providers.iter().find(|p| Some(p.id) == body.roles.rendering).unwrap();
        assert_eq!(doctor.body.npi.len(), 10);
        assert!(!doctor.body.name.last.is_empty() && doctor.body.name.first != "Dr.");
        assert_eq!(body.coverages.len(), 1);
        assert_eq!(e.coverages[0].body.payer, e.payers[0].id);
        assert!(body.expected.0 > 0);
        assert_eq!(body.has_form(Form::Cms1500), body.kind != VisitKind::Inpatient);
    }
}

#[test]
fn twice_the_same() {
    let Some(folder) = shared("fhir-synthea") else { return };
    assert_eq!(read(&folder), read(&folder));
}

#[test]
fn blue_button_answers_are_read_or_counted() {
    let Some(folder) = shared("fhir-cms-eob") else { return };
    let (items, reports) = read(&folder);
    for r in &reports {
        assert_eq!(r.errors, [], "{}", r.file);
    }
    let skipped: u64 = reports.iter().filter_map(|r| r.skipped_types.get("ExplanationOfBenefit")).sum();
    assert!(skipped > 10);
    assert!(items.iter().any(|i| matches!(i, IntakeItem::Directory(d) if !d.patients.is_empty())));
}

#[test]
fn a_cut_file_gives_every_encounter_before_the_cut() {
    let Some(folder) = shared("fhir-synthea-notes") else { return };
    let text = fs::read(&files(&folder)[0]).unwrap();
    let starts: Vec<usize> = memchr::memmem::find_iter(&text, b"\"fullUrl\"").collect();
    for part in 1..40 {
        let cut = text.len() * part / 40;
        let mut items = Vec::new();
        let r = codesk::intake::read_stream("cut", &text[..cut], &Options::default(), &mut |i| {
            items.push(i);
            ControlFlow::Continue(())
        });
        assert_eq!(r.errors.len(), 1, "{:?}", r.errors);
        let last = starts.iter().rfind(|s| **s < cut).copied().unwrap_or(0);
        let whole = memchr::memmem::find_iter(&text[..last], b"\"resourceType\": \"Encounter\"").count();
        assert_eq!(encounters(&items).len(), whole, "cut at {cut}");
    }
}
