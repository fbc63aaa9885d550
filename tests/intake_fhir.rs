//! Intake of hand-written FHIR files: US Core shapes, bulk export, damage, truncation, huge files.

#![allow(clippy::unwrap_used)] // helpers of tests

use codesk::domain::{Cents, DocumentStatus, Form, PayerClass, Poa, Pointer, Units, VisitKind};
use codesk::intake::{
    FileReport, IntakeEncounter, IntakeItem, Options, OrphanRecord, exit_code, read_path, read_stream,
};
use proptest::prelude::*;
use std::{
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fhir").join(name)
}

fn read(path: &Path) -> (Vec<IntakeItem>, Vec<FileReport>) {
    let mut items = Vec::new();
    let reports = read_path(path, &Options::default(), &mut |i| {
        items.push(i);
        ControlFlow::Continue(())
    });
    (items, reports)
}

fn read_text(name: &str, from: impl Read) -> (Vec<IntakeItem>, FileReport) {
    let mut items = Vec::new();
    let report = read_stream(name, from, &Options::default(), &mut |i| {
        items.push(i);
        ControlFlow::Continue(())
    });
    (items, report)
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

fn words(e: &IntakeEncounter, key: &str) -> Vec<String> {
    let list = e.encounter.body.extra.get(key).and_then(|v| v.as_array()).cloned().unwrap_or_default();
    list.iter().map(|w| w.as_str().unwrap().to_string()).collect()
}

#[test]
fn a_us_core_stay_with_everything() {
    let (items, reports) = read(&fixture("us_core.json"));
    let r = &reports[0];
    assert_eq!(r.errors, []);
    assert_eq!(items.len(), 1, "{items:?}");
    let e = encounters(&items)[0];
    let b = &e.encounter.body;
    assert_eq!(
        (b.account.as_str(), b.kind, b.forms.as_slice()),
        ("H100482", VisitKind::Inpatient, &[Form::Ub04][..])
    );
    assert_eq!((b.from.to_string(), b.through.to_string()), ("2026-11-01".into(), "2026-11-04".into()));
    assert_eq!((b.place.as_deref(), b.bill_type.as_deref()), (Some("21"), Some("111")));
    let a = b.admission.clone().unwrap();
    assert_eq!((a.kind.as_str(), a.source.as_str(), a.status.as_str()), ("1", "4", "06"));
    assert_eq!((a.hour.as_deref(), a.discharge_hour.as_deref()), (Some("22"), Some("11")));
    assert_eq!((b.reason_text.as_str(), b.admitting.as_deref()), ("Shortness of breath", Some("R0602")));

    let p = &e.patient.body;
    assert_eq!((p.mrn.reveal().as_str(), p.name.reveal().full().as_str()), ("M-20417", "Brandt, Ruth"));
    let dx: Vec<_> = e.diagnoses.iter().map(|d| (d.body.code.as_str(), d.body.poa)).collect();
    assert_eq!(dx, [("I5023", Some(Poa::Y)), ("N179", Some(Poa::N))]);
    assert!(e.diagnoses[0].order < e.diagnoses[1].order);
    assert_eq!(words(e, "problems"), ["Hypertensive disorder", "Pneumonia (unconfirmed)"]);
    assert_eq!(words(e, "performed"), ["Echocardiography"]);
    assert_eq!(words(e, "uncoded_charges"), ["Influenza vaccine 41.50"]);
    assert_eq!(b.extra["facility"], "Dover General");

    let names: Vec<_> = e.providers.iter().map(|p| (p.body.short(), p.body.npi.clone())).collect();
    assert!(names.contains(&("Shah MD".into(), "1234567893".into())), "{names:?}");
    assert!(names.contains(&("Moss".into(), "1881018208".into())), "{names:?}");
    let shah = e.providers.iter().find(|p| p.body.key == "shah").unwrap();
    assert_eq!((b.roles.attending, shah.body.specialty.as_str()), (Some(shah.id), "Cardiology"));
    assert!(b.roles.referring.is_some() && b.roles.operating.is_none());
    assert_eq!(
        (e.procedures[0].body.code.as_str(), e.procedures[0].body.provider),
        ("02HV33Z", Some(shah.id))
    );

    assert_eq!(
        (e.coverages[0].body.member_id.reveal().as_str(), e.payers[0].body.class),
        ("1EG4TE5MK73", PayerClass::Medicare)
    );
    assert_eq!((e.payers[0].body.payer_id.as_str(), b.coverages.len()), ("12501", 1));
    let l = &e.lines[0].body;
    assert_eq!((l.code.as_str(), l.revenue.as_deref(), l.units), ("J1940", Some("0636"), Units(2500)));
    assert_eq!((l.charge, l.modifiers.as_slice()), (Some(Cents(2503)), &["JZ".to_string()][..]));
    assert_eq!(l.pointers, [Pointer::Diagnosis(e.diagnoses[0].id), Pointer::Diagnosis(e.diagnoses[1].id)]);
    assert_eq!(b.expected, Cents(1825010));

    let docs: Vec<_> = e.documents.iter().map(|d| (d.document.title.as_str(), d.document.status)).collect();
    assert_eq!(
        docs,
        [
            ("History and physical", DocumentStatus::Final),
            ("Discharge summary", DocumentStatus::Unsigned),
            ("Operative report", DocumentStatus::Final)
        ]
    );
    assert_eq!(e.documents[0].document.author, "Shah MD");
    assert!(!e.documents[0].text.reveal().contains('\t'), "the tab is expanded");
    assert_eq!(
        e.documents[1].text.reveal(),
        "Discharge summary\nWeight down 4 kg & breathing well.\n\nHome today."
    );
    assert!(e.documents[2].text.reveal().starts_with("Operative report"));
    assert_eq!((r.encounters, r.documents, r.diagnoses, r.procedures, r.lines), (1, 3, 2, 1, 1));
    assert_eq!((r.patients, r.skipped, r.skipped_types["Observation"]), (1, 1, 1));
    assert_eq!(
        r.warnings,
        [
            "entry[11] DocumentReference/n2: content[0].attachment.url points outside the file; the text is not here"
        ]
    );
}

#[test]
fn the_same_records_each_time_and_changed_bodies_under_the_same_ids() {
    let text = std::fs::read_to_string(fixture("us_core.json")).unwrap();
    let (first, _) = read_text("a", text.as_bytes());
    let (second, _) = read_text("b", text.as_bytes());
    assert_eq!(first, second);
    let (third, _) =
        read_text("c", text.replace("Shortness of breath", "Dyspnea").replace("N17.9", "N17.8").as_bytes());
    let (a, b) = (encounters(&first)[0], encounters(&third)[0]);
    assert_eq!((a.encounter.id, a.diagnoses[1].id), (b.encounter.id, b.diagnoses[1].id));
    assert_ne!(a.encounter.body, b.encounter.body);
    assert_eq!(b.diagnoses[1].body.code, "N178");
}

#[test]
fn without_type_and_period_and_with_a_contained_patient() {
    for name in ["no_period.json", "array.json"] {
        let (items, reports) = read(&fixture(name));
        assert_eq!(reports[0].errors, [], "{name}");
        let e = encounters(&items)[0];
        assert_eq!(e.encounter.body.from.to_string(), "2026-10-07", "{name}");
        assert_eq!(e.patient.body.name.reveal().full(), "Duarte, Ines");
        assert_eq!((e.documents.len(), e.encounter.body.kind), (1, VisitKind::Office));
        assert!(
            reports[0].warnings.iter().any(|w| w.contains("period is missing")),
            "{:?}",
            reports[0].warnings
        );
    }
    let (items, _) = read(&fixture("single.json"));
    assert_eq!(encounters(&items)[0].encounter.body.from.to_string(), "2026-10-08");
}

#[test]
fn a_bulk_export_is_joined_across_its_files() {
    let (items, reports) = read(&fixture("bulk"));
    let [condition, document, encounter, patient] = reports.as_slice() else { panic!("{reports:?}") };
    let all = encounters(&items);
    assert_eq!((all.len(), encounter.encounters, patient.patients, document.documents), (2, 2, 2, 2));
    assert_eq!((all[0].documents.len(), all[0].diagnoses[0].body.code.as_str()), (1, "S93401A"));
    assert_eq!(
        (all[1].encounter.body.kind, all[1].encounter.body.why.as_str()),
        (VisitKind::Surgery, "the sender says: in-progress")
    );
    let at: Vec<_> = encounter.errors.iter().map(|e| e.at.as_str()).collect();
    assert_eq!(at, ["line 2", "line 4"]);
    assert_eq!(exit_code(&reports), 1);
    assert!(condition.warnings[0].starts_with("line 2 Condition/21:"));
    let orphans: Vec<_> = items
        .iter()
        .filter_map(|i| match i {
            IntakeItem::Orphan(o) => Some(o),
            _ => None,
        })
        .collect();
    assert_eq!(orphans.len(), 2);
    assert!(orphans.iter().all(|o| o.encounter.is_some() && o.patient == Some(all[0].patient.id)));
    assert_eq!(orphans[0].encounter, orphans[1].encounter);
    assert!(matches!(&orphans[0].record, OrphanRecord::Document(d) if d.text.reveal() == "Elsewhere."));
    let Some(IntakeItem::Directory(d)) = items.last() else { panic!("no directory") };
    assert_eq!(d.patients[0].body.extra["problems"][0], "Gout");
}

#[test]
fn each_bad_resource_is_named_and_the_rest_goes_in() {
    let (items, reports) = read(&fixture("damaged.json"));
    let r = &reports[0];
    let faults: Vec<_> =
        r.errors.iter().map(|e| (e.at.as_str(), e.field.as_str(), e.message.as_str())).collect();
    assert_eq!(
        faults,
        [
            ("entry[2] Encounter/type", "class", "is a text where an object is expected"),
            ("entry[3] Encounter/date", "period.start", "is not a date as FHIR writes it"),
            ("entry[4] Encounter/noclass", "class", "is missing, so the kind of visit is not known"),
            ("entry[5] Encounter/nosubject", "subject", "names no patient"),
            ("entry[6] Encounter/order", "period.end", "is before period.start"),
            ("entry[8] DocumentReference/base64", "content[0].attachment.data", "is not valid base64"),
            (
                "entry[10] DocumentReference/utf8",
                "content[0].attachment.data",
                "holds bytes that are not text in the character set it names"
            ),
            ("entry[12] DocumentReference/noway", "content", "is a text where a list is expected"),
            ("entry[13]", "resourceType", "is missing: this is no FHIR resource"),
            ("entry[14] Condition/cc", "recordedDate", "is not a date as FHIR writes it"),
            ("entry[15] Claim/kk", "total.value", "is not an amount"),
        ]
    );
    let all = encounters(&items);
    assert_eq!((all.len(), r.encounters, r.documents), (2, 2, 2));
    assert_eq!(all[0].documents[1].text.reveal(), "café");
    assert_eq!(
        r.warnings,
        ["entry[9] DocumentReference/pdf: an attachment is application/pdf, which is not read"]
    );
    assert!(!serde_json::to_string(r).unwrap().contains("Secret"));
}

#[test]
fn a_note_of_another_patient_never_enters_a_chart() {
    let doc = |id: &str, patient: &str, encounter: &str| {
        format!(
            r#"{{"resourceType":"DocumentReference","id":"{id}","subject":{{"reference":"Patient/{patient}"}},
            "content":[{{"attachment":{{"contentType":"text/plain","data":"Tm9ybWFsLg=="}}}}]{encounter}}}"#
        )
        .replace('\n', "")
    };
    let at = r#","context":{"encounter":[{"reference":"Encounter/1"}]}"#;
    let lines = [
        r#"{"resourceType":"Patient","id":"1","name":[{"family":"A"}]}"#.to_string(),
        r#"{"resourceType":"Patient","id":"2","name":[{"family":"B"}]}"#.to_string(),
        r#"{"resourceType":"Encounter","id":"1","class":{"code":"AMB"},"subject":{"reference":"Patient/1"},"period":{"start":"2026-10-01"}}"#.to_string(),
        doc("own", "1", at),
        doc("other", "2", at),
        // The same words in two patients' loose notes are two notes.
        doc("loose1", "1", ""),
        doc("loose2", "2", ""),
        r#"{"resourceType":"Claim","id":"9","patient":{"reference":"Patient/2"},"total":{"value":9},"item":[{"encounter":[{"reference":"Encounter/1"}]}]}"#.to_string(),
    ];
    let (items, r) = read_text("x.ndjson", lines.join("\n").as_bytes());
    let e = encounters(&items)[0];
    assert_eq!((e.documents.len(), e.encounter.body.expected), (1, Cents::ZERO));
    let faults: Vec<_> = r.errors.iter().map(|e| (e.at.as_str(), e.field.as_str())).collect();
    assert_eq!(faults, [("line 5 DocumentReference/other", "subject"), ("line 8 Claim/9", "subject")]);
    assert_eq!(items.iter().filter(|i| matches!(i, IntakeItem::Orphan(_))).count(), 2);
    assert_eq!(r.documents, 3);
}

#[test]
fn folders_are_read_in_order_and_other_files_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::copy(fixture("us_core.json"), inner.join("b.json")).unwrap();
    std::fs::copy(fixture("single.json"), dir.path().join("z")).unwrap();
    std::fs::write(dir.path().join("README.txt"), "about").unwrap();
    std::fs::write(dir.path().join(".hidden"), "{").unwrap();
    let (items, reports) = read(dir.path());
    let seen: Vec<_> = reports.iter().map(|r| r.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(seen, ["README.txt", "z", "b.json"]);
    assert_eq!(reports[0].warnings, ["passed over: it is not JSON"]);
    assert_eq!((encounters(&items).len(), exit_code(&reports)), (2, 0));
}

#[test]
fn a_sender_named_by_the_site_gives_one_set_of_ids() {
    let text = std::fs::read_to_string(fixture("us_core.json")).unwrap();
    let other = text.replace("ehr.example.org", "mirror.example.org");
    let id = |text: &str, sender: &str| {
        let mut found = None;
        let options = Options { sender: sender.into() };
        read_stream("x", text.as_bytes(), &options, &mut |i| {
            if let IntakeItem::Encounter(e) = i {
                found = Some(e.encounter.id);
            }
            ControlFlow::Continue(())
        });
        found.unwrap()
    };
    assert_ne!(id(&text, ""), id(&other, ""));
    assert_eq!(id(&text, "dover"), id(&other, "dover"));
}

#[test]
fn files_that_are_something_else_get_one_sentence() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (b"MSH|^~\\&|A", "HL7 version 2"),
        (b"ISA*00*", "X12"),
        (b"<Bundle xmlns=\"http://hl7.org/fhir\"/>", "XML"),
        (b"\xff\xfe{\0", "UTF-16"),
        (b"{\0\"\0", "UTF-16"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"hello", "not JSON"),
    ];
    for (bytes, says) in cases {
        let (items, r) = read_text("x", bytes);
        assert!(items.is_empty() && r.unreadable && r.errors.len() == 1, "{says}");
        assert!(r.errors[0].message.contains(says), "{:?}", r.errors);
    }
    let (_, r) = read(Path::new("/no/such/file"));
    assert_eq!((exit_code(&r), r[0].errors[0].message.as_str()), (2, "it does not exist"));
    let bom = [b"\xef\xbb\xbf".as_slice(), &std::fs::read(fixture("single.json")).unwrap()].concat();
    assert_eq!(read_text("x", bom.as_slice()).1.encounters, 1);
}

#[test]
fn a_broken_entry_is_one_error_and_the_next_ones_are_read() {
    let text = std::fs::read_to_string(fixture("us_core.json")).unwrap();
    let compact = serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string();
    for (text, lost) in
        [(&text, "\"Binary\""), (&compact, "\"Binary\""), (&text, "{\n    \"resourceType\": \"Binary\"")]
    {
        // A quote or a brace lost in the middle of the file.
        let Some(at) = text.find(lost) else { continue };
        let broken = format!("{}{}", &text[..at], &text[at + 1..]);
        let (items, r) = read_text("x", broken.as_bytes());
        assert_eq!((encounters(&items).len(), r.errors.len()), (1, 1), "{:?}", r.errors);
        assert_eq!(r.errors[0].at, "entry[14]", "{:?}", r.errors);
        let e = encounters(&items)[0];
        assert_eq!((e.documents.len(), e.lines.len(), e.payers.len()), (2, 1, 1));
    }
}

#[test]
fn break_stops_the_reading() {
    let mut n = 0;
    let reports = read_path(&fixture(""), &Options::default(), &mut |_| {
        n += 1;
        ControlFlow::Break(())
    });
    assert!(n == 1 && reports.len() < 5, "{n} {}", reports.len());
}

/// A bundle of `left` more patients with 100 kB of ballast each, made as it is read.
struct Endless {
    left: usize,
    n: usize,
    buf: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buf.len() {
            self.at = 0;
            self.buf = match self.left {
                0 => Vec::new(),
                1 => b"]}".to_vec(),
                _ => {
                    let head = if self.n == 0 { "{\"resourceType\":\"Bundle\",\"entry\":[" } else { "," };
                    let fat = "x".repeat(100_000);
                    let n = self.n;
                    format!("{head}{{\"resource\":{{\"resourceType\":\"Observation\",\"id\":\"{n}\",\"note\":\"{fat}\"}}}}").into_bytes()
                }
            };
            self.left = self.left.saturating_sub(1);
            self.n += 1;
        }
        let n = out.len().min(self.buf.len() - self.at);
        out[..n].copy_from_slice(&self.buf[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Peak resident memory so far, in kB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn half_a_gigabyte_needs_the_memory_of_its_largest_entry() {
    let before = peak();
    let (_, r) = read_text("big", Endless { left: 5001, n: 0, buf: Vec::new(), at: 0 });
    assert_eq!((r.skipped, r.errors.len()), (5000, 0));
    if let (Some(a), Some(b)) = (before, peak()) {
        // Other tests of this process run beside it; the file itself is 500 MB.
        assert!(b - a < 60_000, "grew by {} kB", b - a);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_cut_is_one_error_and_loses_nothing_before_it(part in 0.0f64..1.0, compact in any::<bool>()) {
        let mut text = std::fs::read(fixture("us_core.json")).unwrap();
        if compact {
            text = serde_json::from_slice::<serde_json::Value>(&text).unwrap().to_string().into_bytes();
        }
        let whole = text.trim_ascii_end().len();
        let cut = (part * whole as f64) as usize;
        let (items, r) = read_text("cut", &text[..cut]);
        prop_assert_eq!(r.errors.len(), 1, "at {}: {:?}", cut, r.errors);
        // What stands in a whole entry before the cut arrives.
        let text = String::from_utf8_lossy(&text[..cut]);
        let begun = |kind: &str| text.matches(&format!("/{kind}\",")).count();
        let all = encounters(&items);
        // A whole entry is sure once the next one has begun.
        let sure = |n: usize, at_least: usize| n == at_least || n == at_least + 1;
        prop_assert!(sure(all.len(), begun("Condition/c2")) && all.len() <= 1);
        if let Some(e) = all.first() {
            let codes = begun("Condition/c1") + begun("Condition/c3");
            prop_assert!(sure(e.diagnoses.len(), codes.min(2)), "at {}", cut);
            let texts = begun("DocumentReference/n2") + begun("DocumentReference/n3") + begun("Practitioner/d1");
            prop_assert!(sure(e.documents.len(), texts), "at {}", cut);
            prop_assert!(sure(e.procedures.len(), begun("Procedure/x2")));
        }
    }

    #[test]
    fn any_bytes_are_survived(text in "[\\[\\]{}\":,a-e0-9\\\\ \n]{0,200}", lines in any::<bool>()) {
        let name = if lines { "x.ndjson" } else { "x.json" };
        read_text(name, text.as_bytes());
        read_text(name, format!("{{\"resourceType\":\"Bundle\",\"entry\":[{text}").as_bytes());
        read_text(name, format!("{{\"resourceType\":\"Encounter\",{text}").as_bytes());
    }

    #[test]
    fn a_changed_byte_is_survived(at in 0.0f64..1.0, byte in any::<u8>()) {
        let mut text = std::fs::read(fixture("us_core.json")).unwrap();
        let at = (at * (text.len() - 1) as f64) as usize;
        text[at] = byte;
        read_text("x", text.as_slice());
    }
}
