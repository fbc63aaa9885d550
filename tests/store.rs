//! The cache through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use codesk::domain::*;
use codesk::sqlite::DbError;
use codesk::store::{ErrorKind, Key, Reader, Store, StoreError, StorePaths};
use common::*;
use std::fs;

#[test]
fn an_edit_is_read_back_and_its_inverse_undoes_it() {
    let (_folder, mut store) = store_with(5);
    let reader = store.reader().unwrap();
    let chart = reader.chart(id("e3")).unwrap().unwrap();
    assert_eq!(chart.patient().unwrap().name.reveal().last, "Alvarez3");
    assert_eq!(chart.primary_payer().unwrap().name, "Blue Harbor");
    assert_eq!(chart.directory.site.as_ref().unwrap().body.name, "Lakeside");
    assert_eq!(chart.directory.fees.charge("99213"), Some(Cents(12_000)));
    assert_eq!(chart.provider(Some(id("provider"))).unwrap().key, "shah");
    assert!(reader.texts(&chart).unwrap()[0].starts_with("Visit 3"));

    let set = step(
        &chart,
        "code.add",
        vec![
            Edit::Diagnosis(Change::Add(diagnosis("dx", "E1122"))),
            chart.set_header(|e| e.state = CodingState::Coding),
        ],
    );
    let done = store.commit(&set, "dlee", NOW, id("op1")).unwrap();
    assert_eq!(done.version, chart.encounter.version + 1);
    let item = done.item.clone().unwrap();
    assert_eq!((item.state, item.diagnoses, item.dollars), (CodingState::Coding, 1, Cents(12_000)));
    // The same call again is the same edit.
    assert_eq!(store.commit(&set, "dlee", NOW, id("op1")).unwrap(), done);

    let after = reader.chart(id("e3")).unwrap().unwrap();
    let mut expected = chart.clone();
    expected.apply(&set).unwrap();
    assert_eq!(after.diagnoses[0].body, expected.diagnoses[0].body);
    assert_eq!(after.header(), expected.header());
    // What the first edit read has changed: a stale chart is refused, in words.
    let stale = step(&chart, "header", vec![chart.set_header(|e| e.state = CodingState::Coded)]);
    let e = store.commit(&stale, "dlee", NOW, id("op2")).unwrap_err();
    assert!(matches!(&e, StoreError::Conflict { field, .. } if field == "state"), "{e}");
    assert_eq!(e.kind(), ErrorKind::Conflict);

    store.commit(&set.inverse(), "dlee", NOW, id("op3")).unwrap();
    let undone = reader.chart(id("e3")).unwrap().unwrap();
    assert_eq!(undone.header(), chart.header());
    assert!(undone.diagnoses.is_empty());
    // One op in the outbox and one row of audit for each.
    assert_eq!(reader.pending_count().unwrap(), 4 + 5 + 2);
    assert_eq!(store.audit_verify().unwrap(), None);
}

#[test]
fn importing_again_adds_nothing_and_never_touches_what_people_decided() {
    let (_folder, mut store) = store_with(4);
    let mut mint = IdMint::new(2);
    let again = store.import(&batch(0..4), "dlee", NOW, &mut mint).unwrap();
    assert_eq!((again.added, again.updated, again.unchanged), (0, 0, 8));
    let reader = store.reader().unwrap();
    let chart = reader.chart(id("e1")).unwrap().unwrap();
    let set = step(
        &chart,
        "submit",
        vec![
            Edit::Line(Change::Remove(chart.lines[0].clone())),
            chart.set_header(|e| {
                e.state = CodingState::Coded;
                e.priority = 9;
                e.place = Some("22".into());
            }),
        ],
    );
    store.commit(&set, "dlee", NOW, id("op")).unwrap();
    // The sender corrects the date and sends a late charge.
    let (mut late, texts) = encounter(1);
    late.encounter.body.through = "2026-11-30".parse().unwrap();
    late.lines.push(Item::new(
        id("late"),
        OrderKey::after(None),
        ServiceLine::new("J1030", late.header().from),
    ));
    let mut b = codesk::store::ImportBatch::new("intake.fhir");
    b.add_chart(&late, texts).unwrap();
    let done = store.import(&b, "dlee", NOW, &mut mint).unwrap();
    assert_eq!((done.updated, done.held_back), (1, 1));
    let now = reader.chart(id("e1")).unwrap().unwrap();
    assert_eq!(now.header().through, late.header().through);
    assert_eq!((now.header().state, now.header().priority), (CodingState::Coded, 9));
    assert_eq!(now.header().place.as_deref(), Some("22"));
    assert!(now.lines.is_empty());
}

#[test]
fn lists_are_in_order_and_counted() {
    let (_folder, mut store) = store_with(120);
    let reader = store.reader().unwrap();
    let ask = |view, text: &str, offset, limit| WorkQuery {
        view,
        me: "dlee".into(),
        text: text.into(),
        offset,
        limit,
    };
    for view in WorkView::ALL {
        let (all, total) = reader.queue(&ask(view, "", 0, 1000)).unwrap();
        assert_eq!(all.len() as u64, total, "{view:?}");
        assert_eq!(reader.counts("dlee").unwrap().iter().find(|(v, _)| *v == view).unwrap().1, total);
        let key = |w: &WorkItem| (-w.priority, w.through, w.account.clone());
        assert!(all.windows(2).all(|w| key(&w[0]) <= key(&w[1])), "{view:?}");
        let mut paged = Vec::new();
        while paged.len() < all.len() {
            paged.extend(reader.queue(&ask(view, "", paged.len() as u32, 7)).unwrap().0);
        }
        assert_eq!(paged, all);
    }
    assert_eq!(reader.queue(&ask(WorkView::Mine, "", 0, 60)).unwrap().1, 40);
    assert_eq!(reader.queue(&ask(WorkView::All, "1001", 0, 60)).unwrap().1, 10);
    assert_eq!(reader.queue(&ask(WorkView::All, "ALVAREZ11", 0, 60)).unwrap().1, 11);
    assert_eq!(reader.find("10007").unwrap()[0].id, id("e7"));

    // Walking the list visits every free row once and skips what is held or somebody else's.
    let mine = reader.queue(&ask(WorkView::Mine, "", 0, 60)).unwrap().0;
    let held = reader.chart(mine[1].id).unwrap().unwrap();
    let hold = Edit::Hold(Change::Add(item("hold", Hold::default())));
    let row = store.commit(&step(&held, "hold", vec![hold]), "dlee", NOW, id("h")).unwrap().item.unwrap();
    assert_eq!((row.holds, row.status()), (1, "hold"));
    let lease = Lease {
        holder: Some("mruiz".into()),
        fence: 1,
        until: chrono::DateTime::from_timestamp_millis(NOW + 1),
    };
    store.set_lease(mine[2].id, &lease).unwrap();
    let query = ask(WorkView::Mine, "", 0, 0);
    assert_eq!(reader.next_after(&query, None, NOW).unwrap().unwrap().id, mine[0].id);
    assert_eq!(reader.next_after(&query, Some(mine[0].id), NOW).unwrap().unwrap().id, mine[3].id);
    assert_eq!(reader.next_after(&query, Some(mine[0].id), NOW + 2).unwrap().unwrap().id, mine[2].id);
    let last = mine.last().unwrap().id;
    assert_eq!(reader.next_after(&query, Some(last), NOW).unwrap().unwrap().id, mine[0].id);
    assert_eq!(reader.queue(&ask(WorkView::Held, "", 0, 60)).unwrap().1, 1);
    assert_eq!(reader.queue(&ask(WorkView::Mine, "", 0, 60)).unwrap().1, 40, "held work stays in mine");
    assert_eq!(store.repair_work_items().unwrap(), 0);
}

#[test]
fn a_changed_patient_or_payer_changes_the_rows_that_name_them() {
    let (_folder, mut store) = store_with(6);
    let reader = store.reader().unwrap();
    let chart = reader.chart(id("e2")).unwrap().unwrap();
    let before = chart.directory.patient.clone().unwrap();
    let mut after = before.body.clone();
    after.name = Phi::new(PersonName { last: "Reyes".into(), first: "Ana".into(), ..PersonName::default() });
    let set = step(
        &chart,
        "patient",
        vec![Edit::Patient(Change::Set { id: before.id, before: before.body, after })],
    );
    let row = store.commit(&set, "dlee", NOW, id("op")).unwrap().item.unwrap();
    assert_eq!(row.name.reveal(), "Reyes A");
    let p = payer();
    let set = EditSet {
        scope: shared(),
        root: p.id,
        label: "payer".into(),
        edits: vec![Edit::Payer(Change::Set {
            id: p.id,
            before: p.body.clone(),
            after: Payer { name: "Unity".into(), ..p.body.clone() },
        })],
        whole: false,
        fence: None,
    };
    store.commit(&set, "kwong", NOW, id("op2")).unwrap();
    assert_eq!(reader.work_item(id("e5")).unwrap().unwrap().payer, "Unity");
    assert_eq!(reader.chart(id("e5")).unwrap().unwrap().primary_payer().unwrap().name, "Unity");
    assert_eq!(store.repair_work_items().unwrap(), 0);
}

fn open_error(paths: &StorePaths) -> String {
    match Store::open(paths) {
        Ok(_) => panic!("it opened"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn every_reason_not_to_open_has_its_own_sentence() {
    let (folder, store) = store_with(1);
    let paths = store.paths().clone();
    let text = open_error(&paths);
    assert!(text.contains("another codesk (process") && text.contains("close it first"), "{text}");
    drop(store);
    drop(Store::open(&paths).unwrap());

    // Nothing of a patient is on the disk in clear.
    let file = fs::read(&paths.database).unwrap();
    assert!(!file.windows(7).any(|w| w == b"Alvarez"));
    assert!(!file.starts_with(b"SQLite format"));

    let key = fs::read_to_string(&paths.key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&paths.key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&paths.key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open_error(&paths).contains("chmod 600"));
        fs::set_permissions(&paths.key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(&paths.key, "# a key\nnot a key\n").unwrap();
    assert!(open_error(&paths).contains("cache.key, line 2"));
    fs::write(&paths.key, "00".repeat(32)).unwrap();
    assert!(open_error(&paths).contains("is not the key of"));
    fs::remove_file(&paths.key).unwrap();
    assert!(open_error(&paths).contains("its key file"));
    fs::write(&paths.key, &key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&paths.key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    drop(Store::open(&paths).unwrap());

    // The right key and a damaged first page.
    let mut torn = fs::read(&paths.database).unwrap();
    torn[200..400].fill(7);
    fs::write(&paths.database, &torn).unwrap();
    assert!(open_error(&paths).contains("is damaged"));

    // A file of something else.
    let other = StorePaths { database: folder.path().join("notes.db"), key: paths.key.clone() };
    fs::write(&other.database, "just some notes").unwrap();
    assert!(open_error(&other).contains("not a codesk database"));
    assert_eq!(fs::read(&other.database).unwrap(), b"just some notes");
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let (_folder, store) = store_with(0);
    let paths = store.paths().clone();
    drop(store);
    let key = Key::read(&paths.key).unwrap();
    let conn = codesk::sqlite::open(&paths.database, &key, &paths.key, codesk::sqlite::OpenMode::Write, 100)
        .unwrap();
    conn.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    drop(conn);
    let before = fs::read(&paths.database).unwrap();
    match Store::open(&paths) {
        Err(StoreError::Db(DbError::TooNew { found: 99, .. })) => {}
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(fs::read(&paths.database).unwrap(), before);
}

#[test]
fn a_damaged_cache_is_set_aside_and_its_unsent_work_rescued() {
    let (_folder, mut store) = store_with(3);
    let client = store.client();
    let chart = store.reader().unwrap().chart(id("e1")).unwrap().unwrap();
    let set = step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis("dx", "I10")))]);
    store.commit(&set, "dlee", NOW, id("op")).unwrap();
    let pending = store.pending(&scope(), 100).unwrap();
    let paths = store.paths().clone();
    drop(store);
    let (store, report) = Store::recover_damaged(&paths, NOW).unwrap();
    assert!(report.set_aside.exists());
    assert!(!report.incomplete);
    assert_eq!(report.pending, 3 + 4 + 1);
    assert_eq!(store.client(), client);
    assert_eq!(store.pending(&scope(), 100).unwrap(), pending);
    assert!(Reader::open(&paths).unwrap().chart(id("e1")).unwrap().is_none());
}

#[test]
fn a_changed_audit_row_is_found() {
    let (_folder, store) = store_with(3);
    let paths = store.paths().clone();
    drop(store);
    let key = Key::read(&paths.key).unwrap();
    let conn = codesk::sqlite::open(&paths.database, &key, &paths.key, codesk::sqlite::OpenMode::Write, 100)
        .unwrap();
    conn.execute("UPDATE audit SET actor = 'somebody' WHERE scope = 'clinic' AND n = 2", []).unwrap();
    drop(conn);
    let fault = Store::open(&paths).unwrap().audit_verify().unwrap().unwrap();
    assert_eq!((fault.scope, fault.n), (scope(), 2));
}
