//! Files in, claims out, and back: reader, model, faces and writer of the 837.
//!
//! Reads the clean files of `CODESK_SHARED`; without them the tests fail and say so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::claims::bill::{Bill, Contact, face};
use codesk::claims::{CodeFacts, Status};
use codesk::demo;
use codesk::domain::{
    Cents, Chart, ClaimState, CodeSystem, Decided, Decision, Form, PayerClass, Phi, Severity, Units,
};
use codesk::x12::{Checker, Delimiters, Envelope, Issue, parse, scan, view_of, write_837};
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::OnceLock;

fn files() -> Vec<(PathBuf, String)> {
    let Some(dir) = std::env::var_os("CODESK_SHARED") else {
        panic!("set CODESK_SHARED to the folder with the shared test data (x12/own)");
    };
    let mut out = Vec::new();
    for folder in ["837P", "837I"] {
        let roots = [PathBuf::from(&dir).join("x12/own"), PathBuf::from(&dir).join("data/x12/own")];
        let dir =
            roots.into_iter().find(|p| p.is_dir()).expect("CODESK_SHARED holds no x12/own").join(folder);
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            out.push((path, text));
        }
    }
    out.sort();
    assert_eq!(out.len(), 38);
    out
}

fn read(text: &[u8]) -> Vec<Bill> {
    let mut out = Vec::new();
    parse(text, |b| out.push(b.expect("the claim is read"))).expect("the file is read");
    out
}

fn stops(text: &[u8]) -> Vec<Issue> {
    let mut out = Vec::new();
    let mut sink = Checker::new(None, |i: Issue| {
        if i.severity == Severity::Stop {
            out.push(i);
        }
    });
    scan(text, &mut sink).expect("the file is read");
    out
}

fn envelope() -> Envelope {
    let at = chrono::NaiveDate::from_ymd_opt(2026, 3, 16).unwrap().and_hms_opt(9, 15, 0).unwrap();
    Envelope {
        created: at,
        interchange: 101,
        group: 101,
        contact: Contact { name: "EDI".into(), numbers: vec![("TE".into(), "5125550100".into())] },
        ..Envelope::empty()
    }
}

fn written(env: &Envelope, bills: &[Bill]) -> Vec<u8> {
    let mut out = Vec::new();
    write_837(&mut out, env, bills[0].form, bills).expect("memory takes it");
    out
}

/// Segments from the first billing level to before SE.
fn body(text: &str) -> Vec<String> {
    let segs = text.split('~').map(|s| s.trim().to_string()).filter(|s| !s.is_empty());
    segs.skip_while(|s| !s.starts_with("HL*")).take_while(|s| !s.starts_with("SE*")).collect()
}

#[test]
fn each_clean_file_is_read_shown_and_written_back_to_the_same_segments() {
    for (path, text) in files() {
        let name = path.display();
        let bills = read(text.as_bytes());
        assert!(!bills.is_empty(), "{name}");
        for b in &bills {
            let face = face::face(b);
            let account = if b.form == Form::Ub04 { "3a" } else { "26" };
            assert_eq!(face.find(account).expect("the box is there").value, [b.account.as_str()], "{name}");
            assert_eq!(face.total, b.total, "{name}");
            assert_eq!(face.pages.iter().map(|p| p.rows.len()).sum::<usize>(), b.lines.len(), "{name}");
            assert!(face.full().len() > 20 && face.compact(40).len() > 10, "{name}");
            assert!(view_of(b).iter().any(|l| l.contains("2300 claim")), "{name}");
        }
        let again = written(&envelope(), &bills);
        assert_eq!(read(&again), bills, "{name}");
        assert_eq!(body(std::str::from_utf8(&again).unwrap()), body(&text), "{name}");
        assert_eq!(stops(&again), [], "{name}");
    }
}

#[test]
fn the_face_of_a_file_names_what_the_file_says() {
    let (_, text) = files().into_iter().find(|(p, _)| p.ends_with("837P/replacement-freq7.edi")).unwrap();
    let face = face::face(&read(text.as_bytes())[0]);
    let value = |n: &str| face.find(n).expect("the box is there").value.join(" ");
    assert_eq!(value("1a"), "W123456789");
    assert!(value("22").contains("26061ABC000123"), "{}", value("22"));
    assert_eq!(face.pages[0].rows[0].pointers, "AB");
    let (_, text) = files().into_iter().find(|(p, _)| p.ends_with("837I/inpatient-drg-poa.edi")).unwrap();
    let face = face::face(&read(text.as_bytes())[0]);
    let value = |n: &str| face.find(n).expect("the box is there").value.join(" ");
    assert_eq!((value("4").as_str(), value("69").as_str()), ("0111", "R1011"));
    assert!(value("74").starts_with("0FT44ZZ"), "{}", value("74"));
    assert_eq!(face.pages[0].diagnoses[3].poa, Some('N'));
}

fn redelimited(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '*' => '|',
            ':' => '>',
            '^' => '#',
            '~' => '!',
            c => c,
        })
        .collect()
}

#[test]
fn line_breaks_delimiters_and_groups_do_not_matter() {
    for (path, text) in files() {
        let name = path.display();
        let bills = read(text.as_bytes());
        let one_line: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let crlf = one_line.replace('~', "~\r\n");
        let newline = one_line.replace('~', "\n");
        let wrapped: String = one_line
            .as_bytes()
            .chunks(80)
            .map(|c| format!("{}\r\n", std::str::from_utf8(c).unwrap()))
            .collect();
        let bom = format!("\u{feff}{text}\n\n");
        for (what, t) in [
            ("one line", &one_line),
            ("crlf", &crlf),
            ("newline ends", &newline),
            ("80 columns", &wrapped),
            ("mark", &bom),
        ] {
            assert_eq!(read(t.as_bytes()), bills, "{name} {what}");
            assert_eq!(stops(t.as_bytes()), [], "{name} {what}");
        }
        let other = redelimited(&text);
        assert_eq!(read(other.as_bytes()).len(), bills.len(), "{name}");
        assert_eq!(stops(other.as_bytes()), [], "{name}");
        assert_eq!(read(other.as_bytes()), bills, "{name}");
    }
}

#[test]
fn several_groups_and_interchanges_of_both_kinds_are_one_file() {
    let all = files();
    let get = |n: &str| all.iter().find(|(p, _)| p.ends_with(n)).unwrap().1.clone();
    let (p, i) = (get("837P/office-visit-subscriber.edi"), get("837I/outpatient-er.edi"));
    let both = format!("{p}{}", redelimited(&i));
    assert_eq!(read(both.as_bytes()).len(), 2);
    assert_eq!(stops(both.as_bytes()), []);
    // Both groups in one interchange.
    let segs = |t: &str| -> Vec<String> {
        t.split('~').map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect()
    };
    let (a, b) = (segs(&p), segs(&i));
    let mut one = a[..a.len() - 1].to_vec();
    one.extend_from_slice(&b[1..b.len() - 1]);
    one.push("IEA*2*000000101".into());
    let text: String = one.iter().map(|s| format!("{s}~")).collect();
    assert_eq!(read(text.as_bytes()).len(), 2);
    assert_eq!(stops(text.as_bytes()), []);
}

#[test]
fn a_batch_shares_levels_and_says_where_each_claim_is() {
    let mut bills: Vec<Bill> = Vec::new();
    for (_, text) in files().iter().filter(|(p, _)| p.to_string_lossy().contains("837P")) {
        bills.extend(read(text.as_bytes()));
    }
    let mut out = Vec::new();
    let spans = write_837(&mut out, &envelope(), Form::Cms1500, &bills).unwrap();
    assert_eq!(read(&out), bills);
    assert_eq!(stops(&out), []);
    let text = String::from_utf8(out).unwrap();
    let segs: Vec<&str> = text.lines().skip(2).collect();
    for (b, s) in bills.iter().zip(&spans) {
        let first = segs[usize::try_from(s.first).unwrap() - 1];
        assert!(first.starts_with(&format!("CLM*{}*", b.account)), "{first}");
    }
}

#[test]
fn data_never_carries_a_delimiter() {
    let (_, text) =
        files().into_iter().find(|(p, _)| p.ends_with("837P/office-visit-subscriber.edi")).unwrap();
    let mut b = read(text.as_bytes()).remove(0);
    let mut name = b.subscriber.party.name.reveal().clone();
    name.last = "Peña*~:^\u{1b}\u{202e}".into();
    name.first = "o’neil".into();
    b.subscriber.party.name = Phi::new(name);
    let out = written(&envelope(), &[b]);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("NM1*IL*1*PENA*O'NEIL*"), "{text}");
    assert_eq!(stops(text.as_bytes()), []);
}

/// No code tables: nothing is said about codes.
struct Silent;

impl CodeFacts for Silent {
    fn status(&self, _: CodeSystem, _: &str, _: chrono::NaiveDate) -> Status {
        Status::Unchecked
    }
    fn title(&self, _: CodeSystem, _: &str) -> Option<String> {
        None
    }
    fn excludes1(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn notes(&self, _: &str) -> Vec<codesk::edits::Note> {
        Vec::new()
    }
    fn poa_exempt(&self, _: &str, _: chrono::NaiveDate) -> Option<bool> {
        None
    }
}

/// Charts of the sample practice whose claims are ready.
fn ready() -> Vec<Chart> {
    let practice = demo::practice().expect("the practice is whole");
    let charts = practice.encounters.into_iter().map(|e| e.chart);
    charts.filter(|c| c.claims.iter().any(|c| c.body.state == ClaimState::Ready)).collect()
}

#[test]
fn the_face_of_a_chart_is_the_face_of_its_837() {
    let mut seen = 0;
    for chart in ready() {
        for claim in &chart.claims {
            let form = claim.body.form;
            let bill = Bill::of(&chart, form, 1, &Silent);
            let back = read(&written(&envelope(), std::slice::from_ref(&bill)));
            assert_eq!(back.len(), 1);
            let (ours, theirs) = (codesk::claims::build(&chart, form, &Silent), face::face(&back[0]));
            let account = &chart.header().account;
            assert_eq!(ours.total, theirs.total, "{account}");
            let rows = |f: &codesk::claims::ClaimFace| -> Vec<String> {
                f.pages
                    .iter()
                    .flat_map(|p| &p.rows)
                    .map(|r| {
                        format!(
                            "{} {} {} {:?} {} {:?} {} {}",
                            r.revenue, r.date, r.code, r.modifiers, r.pointers, r.charge, r.units, r.npi
                        )
                    })
                    .collect()
            };
            // A revenue line without a procedure carries no date in the 837.
            if form == Form::Cms1500 {
                assert_eq!(rows(&ours), rows(&theirs), "{account}");
            }
            let boxes: &[&str] = match form {
                // Box 5 has the telephone, which the 837 has not.
                Form::Cms1500 => &["1a", "2", "3", "4", "25", "26", "28", "33a"],
                Form::Ub04 => {
                    &["1", "3a", "4", "5", "6", "8", "10", "11", "14", "15", "17", "51", "56", "60", "74"]
                }
            };
            for n in boxes {
                // Telephone numbers lose their hyphens.
                let value = |f: &codesk::claims::ClaimFace| {
                    f.find(n).map(|b| b.value.join(" ").to_uppercase().replace('-', ""))
                };
                assert_eq!(value(&ours), value(&theirs), "{account} box {n}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} claims");
}

#[test]
fn a_secondary_claim_carries_what_the_primary_decided() {
    let mut seen = 0;
    for mut chart in ready() {
        let second = chart.coverages().get(1).map(|(c, _)| c.id);
        if second.is_none()
            || chart.coverages().iter().any(|(_, p)| p.is_none_or(|p| p.class == PayerClass::SelfPay))
        {
            continue;
        }
        for n in 0..chart.claims.len() {
            let form = chart.claims[n].body.form;
            // Each line: eight tenths allowed and paid, the rest contract.
            let lines: Vec<(Cents, Vec<Decided>)> = chart
                .lines_of(form)
                .map(|l| {
                    let charge = l.body.charge.unwrap_or_default();
                    let paid = Cents(charge.0 * 8 / 10);
                    let rest = Decided {
                        group: "CO".into(),
                        reason: "45".into(),
                        amount: charge - paid,
                        units: None,
                    };
                    (paid, vec![rest])
                })
                .collect();
            let paid = lines.iter().map(|(p, _)| *p).sum();
            let day = chart.header().through;
            let decision = Decision { date: Some(day), paid, adjustments: Vec::new(), lines };
            chart.claims[n].body.set_decision(&decision);
            let bill = Bill::of(&chart, form, 2, &Silent);
            assert_eq!((bill.subscriber.order.as_str(), bill.others[0].order.as_str()), ("S", "P"));
            assert_eq!(bill.lines[0].decisions.len(), 1);
            let env = Envelope {
                created: chrono::NaiveDate::from_ymd_opt(2026, 11, 12).unwrap().and_hms_opt(9, 0, 0).unwrap(),
                ..envelope()
            };
            let text = written(&env, std::slice::from_ref(&bill));
            // Why Medicare pays second is asked of a person, and the one department has a short ZIP.
            let found: Vec<Issue> =
                stops(&text).into_iter().filter(|i| !matches!(i.rule, "x12.msp" | "x12.zip9")).collect();
            assert_eq!(found, [], "{}", chart.header().account);
            assert_eq!(read(&text)[0].others[0].amounts, [("D".to_string(), paid)]);
            seen += 1;
        }
    }
    assert!(seen > 0, "the practice has no visit with two payers");
}

#[test]
fn a_replacement_names_the_payers_claim_and_a_rejected_claim_does_not() {
    let mut chart = ready().into_iter().find(|c| c.claims[0].body.form == Form::Cms1500).unwrap();
    let bill = Bill::of(&chart, Form::Cms1500, 1, &Silent);
    assert_eq!((bill.frequency.as_str(), bill.reference("F8")), ("1", ""));
    chart.claims[0].body.control_number = Some("26061ABC".into());
    let bill = Bill::of(&chart, Form::Cms1500, 1, &Silent);
    assert_eq!((bill.frequency.as_str(), bill.reference("F8")), ("7", "26061ABC"));
    chart.claims[0].body.extra.insert("void".into(), true.into());
    assert_eq!(Bill::of(&chart, Form::Cms1500, 1, &Silent).frequency, "8");
}

fn bases() -> &'static [Bill] {
    static BASES: OnceLock<Vec<Bill>> = OnceLock::new();
    BASES.get_or_init(|| files().iter().flat_map(|(_, t)| read(t.as_bytes())).collect())
}

fn word(max: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!(
        "[A-Z0-9]([A-Z0-9 .,#/-]{{0,{}}}[A-Z0-9])?",
        max.saturating_sub(2).max(1)
    ))
    .expect("the pattern is right")
}

fn varied() -> impl Strategy<Value = Bill> {
    let texts = (word(30), word(20), word(20), word(30), word(40));
    let numbers = (0i64..99_999_999, 1i64..9_999_999, proptest::collection::vec(1u8..=12, 1..=4));
    (0..usize::MAX, texts, numbers, any::<[bool; 4]>()).prop_map(|(n, t, (cents, units, pointers), flags)| {
        let mut b = bases()[n % bases().len()].clone();
        let mut name = b.subscriber.party.name.reveal().clone();
        (name.last, name.first) = (t.0, t.1);
        b.subscriber.party.name = Phi::new(name);
        b.account = t.2;
        b.billing.address.street = t.3;
        b.notes.push(("ADD".into(), Phi::new(t.4)));
        b.total = Cents(cents);
        if let Some(l) = b.lines.first_mut() {
            l.charge = Cents(cents);
            l.quantity = Units(units);
            l.noncovered = (flags[0] && b.form == Form::Ub04).then_some(Cents(cents / 2));
            if b.form == Form::Cms1500 {
                l.pointers = pointers;
                (l.emergency, l.epsdt, l.copay_exempt) = (flags[1], flags[2], flags[3]);
            }
        }
        b
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read_as_the_same_claim(b in varied(), other in any::<bool>()) {
        let mut env = envelope();
        if other {
            env.delimiters = Delimiters { element: b'|', repetition: b'!', component: b'>', terminator: b'\'' };
        }
        let out = written(&env, std::slice::from_ref(&b));
        prop_assert_eq!(read(&out), vec![b]);
    }

    #[test]
    fn any_bytes_are_refused_or_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut isa = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260316*0915*^*00501*000000101*0*T*:~".to_vec();
        isa.extend_from_slice(&bytes);
        for text in [&bytes[..], &isa[..]] {
            let _ = scan(text, &mut Checker::new(None, |_: Issue| {}));
            let _ = parse(text, |_| {});
        }
    }

    #[test]
    fn damaged_files_are_read_without_a_panic(
        n in 0..usize::MAX,
        cuts in proptest::collection::vec((0..usize::MAX, 0usize..40, proptest::collection::vec(any::<u8>(), 0..6)), 1..8),
    ) {
        static TEXTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let all = TEXTS.get_or_init(|| files().into_iter().map(|(_, t)| t.into_bytes()).collect());
        let mut text = all[n % all.len()].clone();
        for (at, len, new) in cuts {
            let from = at % text.len().max(1);
            let to = (from + len).min(text.len());
            text.splice(from..to, new);
        }
        let _ = scan(text.as_slice(), &mut Checker::new(None, |_: Issue| {}));
        let _ = parse(text.as_slice(), |_| {});
    }
}
