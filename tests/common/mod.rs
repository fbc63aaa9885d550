//! A small practice of invented people for tests of storage and exchange.

#![allow(dead_code)]

pub mod cluster;
pub mod conformance;
pub mod hub;
pub mod pg;
pub mod rig;

use codesk::domain::chart::Directory;
use codesk::domain::*;
use codesk::store::{ImportBatch, Store, StorePaths, text_hash};
use std::sync::Arc;

pub const NOW: i64 = 1_790_000_000_000;
pub const CLINIC: &str = "clinic";

pub fn scope() -> Scope {
    Scope(CLINIC.into())
}
pub fn shared() -> Scope {
    Scope(SHARED_SCOPE.into())
}
pub fn id(name: &str) -> Id {
    Id::from_sender(&[name])
}
pub fn item<T>(name: &str, body: T) -> Item<T> {
    Item::new(id(name), OrderKey::default(), body)
}
pub fn payer() -> Item<Payer> {
    item("payer", Payer { name: "Blue Harbor".into(), ..Payer::default() })
}
pub fn provider() -> Item<Provider> {
    item("provider", Provider { key: "shah".into(), npi: "2000000010".into(), ..Provider::default() })
}
pub fn site() -> Item<Site> {
    item("site", Site { name: "Lakeside".into(), ..Site::default() })
}
pub fn fees() -> Item<FeeTable> {
    let fee = Fee { code: "99213".into(), charge: Cents(12_000), global: None, text: None };
    item("fees", FeeTable([("99213".to_string(), fee)].into()))
}

/// The note of encounter `n`.
pub fn note(n: usize, lines: usize) -> String {
    let mut text = format!("Visit {n}\n");
    for i in 0..lines {
        text.push_str(&format!("Line {i} of the note of visit {n}: stable, continue present treatment.\n"));
    }
    text
}

/// An encounter as intake sends it: one note, one charge line, two diagnoses if `coded`.
pub fn encounter(n: usize) -> (Chart, Vec<Phi<String>>) {
    let name = format!("e{n}");
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1 + (n % 11) as u32, 1 + (n % 28) as u32).unwrap();
    let kind = VisitKind::ALL[n % 4];
    let header = Encounter {
        account: format!("{}", 10_000 + n),
        patient: id(&format!("{name}.patient")),
        kind,
        forms: vec![Form::Cms1500],
        from: day,
        through: day,
        place: Some("11".into()),
        bill_type: None,
        admission: None,
        admitting: None,
        roles: Roles { rendering: Some(id("provider")), ..Roles::default() },
        coverages: vec![id(&format!("{name}.coverage"))],
        state: CodingState::New,
        assigned: n.is_multiple_of(3).then(|| "dlee".to_string()),
        why: "new charge".into(),
        priority: (n % 5) as i32,
        sender: vec![SenderKey { system: "test".into(), value: name.clone() }],
        reason_text: "follow-up".into(),
        expected: Cents(10_000),
        extra: Extra::new(),
    };
    let patient = Patient {
        mrn: format!("M{n}").into(),
        name: Phi::new(PersonName {
            last: format!("Alvarez{n}"),
            first: "Maria".into(),
            ..PersonName::default()
        }),
        ..Patient::default()
    };
    let coverage = Coverage { payer: id("payer"), member_id: format!("W{n}").into(), ..Coverage::default() };
    let directory = Directory {
        patient: Some(item(&format!("{name}.patient"), patient)),
        coverages: [(id(&format!("{name}.coverage")), item(&format!("{name}.coverage"), coverage))].into(),
        ..Directory::default()
    };
    let mut chart = Chart::new(scope(), item(&name, header), Arc::new(directory));
    let text = note(n, 12);
    chart.documents.push(item(
        &format!("{name}.note"),
        Document {
            title: "Progress note".into(),
            author: "Shah MD".into(),
            written: None,
            status: DocumentStatus::Signed,
            hash: text_hash(&text),
            bytes: text.len() as u64,
            extra: Extra::new(),
        },
    ));
    let mut line = ServiceLine::new("99213", day);
    line.charge = Some(Cents(12_000));
    chart.lines.push(Item::new(id(&format!("{name}.line")), OrderKey::after(None), line));
    (chart, vec![Phi::new(text)])
}

pub fn practice(batch: &mut ImportBatch) {
    batch.add_item(&shared(), &payer()).unwrap();
    batch.add_item(&shared(), &provider()).unwrap();
    batch.add_item(&shared(), &fees()).unwrap();
    batch.add_item(&scope(), &site()).unwrap();
}

pub fn batch(range: std::ops::Range<usize>) -> ImportBatch {
    let mut batch = ImportBatch::new("demo");
    if range.start == 0 {
        practice(&mut batch);
    }
    for n in range {
        let (chart, texts) = encounter(n);
        batch.add_chart(&chart, texts).unwrap();
    }
    batch
}

/// A store in a folder of its own with `n` encounters.
pub fn store_with(n: usize) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&StorePaths::in_folder(folder.path())).unwrap();
    if n > 0 {
        store.import(&batch(0..n), "dlee", NOW, &mut IdMint::new(1)).unwrap();
    }
    (folder, store)
}

pub fn step(chart: &Chart, label: &str, edits: Vec<Edit>) -> EditSet {
    EditSet {
        scope: chart.scope.clone(),
        root: chart.id(),
        label: label.into(),
        edits,
        whole: false,
        fence: None,
    }
}

pub fn diagnosis(name: &str, code: &str) -> Item<Diagnosis> {
    Item::new(id(name), OrderKey::after(None), Diagnosis { code: code.into(), ..Diagnosis::default() })
}
