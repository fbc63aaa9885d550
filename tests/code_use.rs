//! What is used here comes first: counted with the posting, fading, switched off on wish.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use codesk::domain::*;
use codesk::store::{CodeUse, PulledPage, Reader, Store};
use common::*;

const DAY: i64 = 86_400_000;

fn post(store: &mut Store, chart: &str, code: &str, op: &str, at: i64) -> EditSet {
    let chart = store.reader().unwrap().chart(id(chart)).unwrap().unwrap();
    let set = step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis(op, code)))]);
    store.commit(&set, "dlee", at, id(op)).unwrap();
    set
}

fn used(reader: &Reader, code: &str, at: i64) -> (f32, f32) {
    let uses = reader.uses(at).unwrap();
    let of = |u: &&CodeUse| u.code == code;
    uses.iter().find(of).map_or((0.0, 0.0), |u| (u.site, u.own))
}

#[test]
fn a_posting_is_counted_fades_and_is_taken_back_by_undo() {
    let (_folder, mut store) = store_with(4);
    let reader = store.reader().unwrap();
    let before = store.learned().load(std::sync::atomic::Ordering::SeqCst);
    post(&mut store, "e1", "E1122", "p1", NOW);
    let second = post(&mut store, "e2", "E1122", "p2", NOW);
    assert_eq!(used(&reader, "E1122", NOW), (0.0, 2.0));
    assert!(store.learned().load(std::sync::atomic::Ordering::SeqCst) > before);
    let u = &reader.uses(NOW).unwrap().into_iter().find(|u| u.code == "E1122").unwrap();
    assert_eq!(u.system, CodeSystem::Icd10cm);
    // Half after the half-life, a quarter after two of them, nothing worth reading after ten.
    let own = |days: i64| used(&reader, "E1122", NOW + days * DAY).1;
    assert!((own(180) - 1.0).abs() < 0.02, "{}", own(180));
    assert!((own(360) - 0.5).abs() < 0.02, "{}", own(360));
    assert_eq!(own(1800), 0.0);
    // The same edit again is one edit.
    store.commit(&second, "dlee", NOW, id("p2")).unwrap();
    assert_eq!(used(&reader, "E1122", NOW).1, 2.0);
    store.commit(&second.inverse(), "dlee", NOW, id("p3")).unwrap();
    assert_eq!(used(&reader, "E1122", NOW).1, 1.0);
    // A use after half a year stands on what is left of the first.
    post(&mut store, "e3", "E1122", "p4", NOW + 180 * DAY);
    let later = used(&reader, "E1122", NOW + 180 * DAY).1;
    assert!((later - 1.5).abs() < 0.02, "{later}");
}

#[test]
fn an_edit_that_is_refused_teaches_nothing() {
    let (_folder, mut store) = store_with(2);
    let reader = store.reader().unwrap();
    let chart = reader.chart(id("e1")).unwrap().unwrap();
    let both = |state| {
        vec![Edit::Diagnosis(Change::Add(diagnosis("dx", "I10"))), chart.set_header(move |e| e.state = state)]
    };
    store.commit(&step(&chart, "code.add", both(CodingState::Coding)), "dlee", NOW, id("o1")).unwrap();
    assert_eq!(used(&reader, "I10", NOW).1, 1.0);
    // Made on a chart that has changed since.
    let stale = step(&chart, "code.add", both(CodingState::Coded));
    assert!(store.commit(&stale, "dlee", NOW, id("o2")).is_err());
    assert_eq!(used(&reader, "I10", NOW).1, 1.0);
}

#[test]
fn switched_off_nothing_is_counted() {
    let (_folder, mut store) = store_with(2);
    let reader = store.reader().unwrap();
    store.set_learning(false);
    post(&mut store, "e1", "E1122", "p1", NOW);
    assert!(reader.uses(NOW).unwrap().iter().all(|u| u.code != "E1122"));
}

#[test]
fn what_others_coded_counts_for_the_site_once() {
    let (_folder, mut store) = store_with(1);
    let reader = store.reader().unwrap();
    let scope = scope();
    let record = |name: &str, version: u64| Record {
        scope: scope.clone(),
        id: id(name),
        root: id("e0"),
        kind: RecordKind::Diagnosis,
        visibility: Visibility::All,
        version,
        order: OrderKey::default(),
        deleted: false,
        body: serde_json::json!({ "code": "J441" }),
    };
    let mut page = PulledPage {
        scope: scope.clone(),
        records: vec![record("d1", 1), record("d2", 1)],
        items: Vec::new(),
        cursor: Cursor { pos: 1, hash: [1; 32] },
        complete: true,
    };
    store.apply_page(&page, NOW).unwrap();
    assert_eq!(used(&reader, "J441", NOW), (2.0, 0.0));
    // A newer version of a record that is here already is no new use.
    page.records = vec![record("d1", 2)];
    store.apply_page(&page, NOW).unwrap();
    assert_eq!(used(&reader, "J441", NOW), (2.0, 0.0));
}
