//! The sample practice: what is in it, that its keys are right, and that it is the same every time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::demo::{self, chart_files};
use codesk::domain::coding::{parse_diagnosis, parse_line, parse_procedure};
use codesk::domain::{ClaimState, CodeSystem, VisitKind, npi_is_valid};
use codesk::edits::{CodeFacts, Status};
use codesk::facts::Codes;
use std::collections::HashSet;

#[test]
fn charts_written_by_hand() {
    let files = chart_files().unwrap_or_else(|e| panic!("{e}"));
    let n =
        |kinds: &[VisitKind]| files.iter().filter(|f| f.kind().is_some_and(|k| kinds.contains(&k))).count();
    assert_eq!(n(&[VisitKind::Office]), 40);
    assert_eq!(n(&[VisitKind::Emergency]), 15);
    assert_eq!(n(&[VisitKind::Inpatient]), 12);
    assert_eq!(n(&[VisitKind::Surgery, VisitKind::Ancillary]), 13);
    assert!(files.iter().any(|f| f.documents.len() == 41), "no chart has 41 documents");
    let accounts: HashSet<u32> = files.iter().map(|f| f.head.account).collect();
    let mrns: HashSet<&str> = files.iter().map(|f| f.head.patient.mrn.as_str()).collect();
    assert_eq!((accounts.len(), mrns.len()), (files.len(), files.len()), "an account or an MRN stands twice");
    for f in &files {
        for d in &f.documents {
            assert!(d.text.is_ascii(), "{}: not plain ASCII", f.head.slug);
        }
    }
}

#[test]
fn every_code_of_a_key_is_billable_on_its_date() {
    let codes = Codes::open(&std::env::temp_dir().join("codesk-test-book"), &mut |_, _| {}).unwrap();
    let mut faults = Vec::new();
    for f in chart_files().unwrap() {
        let h = &f.head;
        let on = if f.kind() == Some(VisitKind::Inpatient) { h.discharge.unwrap_or(h.dos) } else { h.dos };
        for text in &h.key.dx {
            let dx = parse_diagnosis(text).unwrap_or_else(|e| panic!("{}: {e}", h.slug));
            if codes.status(CodeSystem::Icd10cm, &dx.code, on) != Status::Valid {
                faults.push(format!("{}: {text} on {on}", h.slug));
            }
        }
        for text in &h.key.px {
            let px = parse_procedure(text).unwrap_or_else(|e| panic!("{}: {e}", h.slug));
            if codes.status(CodeSystem::Icd10pcs, &px.code, on) != Status::Valid {
                faults.push(format!("{}: {text} on {on}", h.slug));
            }
        }
        for text in &h.key.lines {
            let line = parse_line(text).unwrap_or_else(|e| panic!("{}: {e}", h.slug));
            assert!(line.charge.is_some(), "{}: {text} has no price", h.slug);
            let most = line.pointers.iter().copied().max().unwrap_or(0);
            assert!(usize::from(most) <= h.key.dx.len(), "{}: {text} points past the diagnoses", h.slug);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_practice_is_whole_and_the_same_every_time() {
    let p = demo::practice().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(p.encounters.len(), demo::ENCOUNTERS);
    assert_eq!(p.directory.providers.len(), 12);
    assert_eq!(p.directory.payers.len(), 6);
    assert_eq!(p.sites.len(), 3);
    for provider in p.directory.providers.values() {
        assert!(npi_is_valid(&provider.body.npi), "{}", provider.body.key);
    }
    let claims = |state: ClaimState| {
        let of = |e: &&demo::DemoEncounter| e.chart.claims.iter().any(|c| c.body.state == state);
        p.encounters.iter().filter(of).count()
    };
    assert_eq!(claims(ClaimState::Rejected), demo::REJECTED);
    assert_eq!(claims(ClaimState::Denied), demo::DENIED);
    let together = |e: &&demo::DemoEncounter| {
        e.chart.claims.iter().flat_map(|c| &c.body.responses).any(|r| r.code == "A7:500:85")
    };
    assert_eq!(p.encounters.iter().filter(together).count(), demo::REJECTED_TOGETHER);
    let accounts: HashSet<&str> = p.encounters.iter().map(|e| e.chart.header().account.as_str()).collect();
    assert_eq!(accounts.len(), p.encounters.len());
    let again = demo::practice().unwrap();
    for (a, b) in p.encounters.iter().zip(&again.encounters) {
        assert_eq!(a.chart, b.chart);
    }
    assert_eq!(demo::today().to_string(), "2026-11-12");
}
