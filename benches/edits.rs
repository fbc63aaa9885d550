//! The edits of a 50-line claim with full-size tables: 2.6 million NCCI pairs for practitioners, made up here
//! in the official layout. Prints load time, memory and times. `cargo bench --bench edits [PAIRS]`
//!
//! The named peer is the hash map of the standard library over the same pairs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench fails by panicking

use codesk::domain::chart::Directory;
use codesk::domain::*;
use codesk::edit_tables::{self, Options};
use codesk::edits::tables::{Code, Tables};
use codesk::edits::{self, EditPolicy};
use codesk::facts::Codes;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// Resident memory in megabytes, and the part of it that maps no file.
fn memory() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mb = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name));
        let n = line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse::<f64>().ok());
        n.unwrap_or(0.0) / 1024.0
    };
    (mb("VmRSS:"), mb("RssAnon:"))
}

/// Codes 10000 to 69990 in steps, as many as NCCI has first codes.
fn code(i: usize) -> String {
    format!("{:05}", 10_000 + i * 5)
}

const CODES: usize = 12_000;

fn write_tables(dir: &std::path::Path, pairs: usize) -> Vec<std::path::PathBuf> {
    let each = pairs / CODES;
    let mut files = Vec::new();
    for part in 0..4 {
        let mut text = String::from("CPT only copyright AMA\r\nColumn1/Column2 Edits\r\n");
        for i in (part * CODES / 4)..((part + 1) * CODES / 4) {
            for k in 1..=each {
                let j = (i + k * 53) % CODES;
                let n = (i + j) % 10;
                let (indicator, end) = (if n < 3 { '0' } else { '1' }, if n == 9 { "20191231" } else { "*" });
                let _ = write!(
                    text,
                    "{}\t{}\t\t20{:02}0101\t{end}\t{indicator}\tMisuse of Column Two code with Column One code\r\n",
                    code(i),
                    code(j),
                    10 + n
                );
            }
        }
        let path = dir.join(format!("ccipra-v323r0-f{}.TXT", part + 1));
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    let mut mue = String::from(
        "\"HCPCS/\nCPT Code\",Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n",
    );
    let mut fees =
        String::from("HDR2026 National Physician Fee Schedule Relative Value File October Release\r\n");
    let mut add_on = String::new();
    for i in 0..CODES {
        let _ = writeln!(mue, "{},{},{} Edit,Clinical: Data", code(i), 1 + i % 4, 1 + i % 3);
        let mut row = [b' '; 140];
        for (at, text) in [(1, code(i).as_str()), (58, "A"), (103, "0"), (104, "000"), (116, "22222")] {
            row[at - 1..at - 1 + text.len()].copy_from_slice(text.as_bytes());
        }
        let _ = write!(fees, "{}\r\n", String::from_utf8_lossy(&row));
        if i % 20 == 0 {
            let _ =
                write!(add_on, "1{}       {}       2022001       note\r\n", code(i), code((i + 1) % CODES));
        }
    }
    for (name, text) in [
        ("MCR_MUE_PractitionerServices_Eff_10-01-2026.csv", mue),
        ("PPRRVU26_OCT.txt", fees),
        ("AOC_V2026Q4_01-MCR.txt", add_on),
    ] {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    files
}

fn id(name: &str) -> Id {
    Id::from_sender(&["bench", name])
}

/// Fifty lines of one day and provider, twelve diagnoses.
fn chart(step: usize) -> Chart {
    let day = "2026-11-03".parse().unwrap();
    let payer = Payer {
        name: "Medicare".into(),
        class: PayerClass::Medicare,
        filing_code: "MB".into(),
        ..Payer::default()
    };
    let coverage = Coverage { payer: id("payer"), member_id: "1EG4TE5MK73".into(), ..Coverage::default() };
    let item = |name: &str, order: &OrderKey| (id(name), order.clone());
    let directory = Directory {
        coverages: [(id("coverage"), Item::new(id("coverage"), OrderKey::default(), coverage))].into(),
        payers: [(id("payer"), Item::new(id("payer"), OrderKey::default(), payer))].into(),
        ..Directory::default()
    };
    let header: Encounter = serde_json::from_value(serde_json::json!({
        "account": "1", "patient": id("patient"), "kind": "surgery", "forms": ["cms1500"], "from": day,
        "through": day, "place": "22", "coverages": [id("coverage")], "state": "coding",
        "roles": {"rendering": id("provider")},
    }))
    .unwrap();
    let mut c = Chart::new(
        Scope("clinic".into()),
        Item::new(id("e"), OrderKey::default(), header),
        Arc::new(directory),
    );
    let dx = [
        "E1122", "I129", "N1831", "Z7984", "L570", "M25561", "J449", "E785", "I2510", "K219", "G4733",
        "Z87891",
    ];
    let mut order = OrderKey::default();
    for code in dx {
        order = OrderKey::after(Some(&order));
        let (id, order) = item(code, &order);
        c.diagnoses.push(Item::new(id, order, Diagnosis { code: code.into(), ..Diagnosis::default() }));
    }
    for i in 0..50 {
        order = OrderKey::after(Some(&order));
        let mut line = ServiceLine::new(&code((i * step) % CODES), day);
        line.charge = Some(Cents(1000));
        line.pointers = vec![Pointer::Diagnosis(c.diagnoses[i % 12].id)];
        c.lines.push(Item::new(id(&format!("l{i}")), order.clone(), line));
    }
    c
}

fn times(what: &str, n: usize, mut f: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..n)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_by(f64::total_cmp);
    println!("{what:<52} {:8.3} ms median {:8.3} ms p95", all[n / 2], all[n * 95 / 100]);
    all[n / 2]
}

fn main() {
    let pairs: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(2_640_000);
    let folder = tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
    let files = write_tables(folder.path(), pairs);
    let size: u64 = files.iter().map(|f| f.metadata().map_or(0, |m| m.len())).sum();
    let data = folder.path().join("data");
    let start = Instant::now();
    let new = edit_tables::import(&data, &files, Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let s = start.elapsed().as_secs_f64();
    println!("imported {:.0} MB of files in {s:.2} s ({:.0} MB/s)", size as f64 / 1e6, size as f64 / 1e6 / s);
    for e in &new {
        println!("  {:<44} {:>9} rows {:>7.1} MB", e.meta.cite(), e.meta.rows, e.bytes as f64 / 1e6);
    }
    let before = memory();
    let start = Instant::now();
    let (tables, errors) = edit_tables::load(&data);
    assert!(errors.is_empty(), "{errors:?}");
    println!("loaded (mapped) in {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    let after = memory();
    println!("memory: {:.1} MB resident ({:.1} anonymous) more", after.0 - before.0, after.1 - before.1);

    let book = std::env::temp_dir().join("codesk-bench-book");
    let codes = Codes::open(&book, &mut |_, _| {}).unwrap().with_edits(tables, EditPolicy::default());
    let plain = Codes::open(&book, &mut |_, _| {}).unwrap();
    let today = "2026-11-24".parse().unwrap();
    let (dense, sparse) = (chart(53), chart(211));
    for (name, c) in
        [("codes that are all pairs of each other", &dense), ("codes of which few are pairs", &sparse)]
    {
        let found = edits::run(c, &codes, today);
        let ptp = found.iter().filter(|f| f.rule == "ncci.ptp").count();
        println!("50 lines, {name}: {} findings, {ptp} of pairs", found.len());
        times("  all edits with every table", 400, || drop(edits::run(c, &codes, today)));
        times("  all edits without tables", 400, || drop(edits::run(c, &plain, today)));
    }
    let touched = memory();
    println!(
        "memory with what was touched: {:.1} MB resident ({:.1} anonymous) more",
        touched.0 - before.0,
        touched.1 - before.1
    );
    peer(&codes_tables(&data), pairs, &sparse);
}

fn codes_tables(data: &std::path::Path) -> Tables {
    edit_tables::load(data).0
}

/// 2,450 questions, as a claim of 50 lines asks them, to the mapped table and to a hash map of the same pairs.
fn peer(tables: &Tables, pairs: usize, c: &Chart) {
    let on = "2026-11-03".parse().unwrap();
    let table = tables.ptp(false, on).expect("is loaded");
    let codes: Vec<Code> = c.lines.iter().filter_map(|l| Code::new(&l.body.code)).collect();
    let mut found = 0;
    let ours = times("2,450 questions to the mapped table", 200, || {
        found = codes
            .iter()
            .flat_map(|a| codes.iter().map(move |b| (a, b)))
            .filter(|(a, b)| table.find(**a, **b, on).is_some())
            .count();
    });
    let before = memory();
    let start = Instant::now();
    let mut map: HashMap<(String, String), (u8, u16, u16)> = HashMap::new();
    let each = pairs / CODES;
    for i in 0..CODES {
        for k in 1..=each {
            map.insert((code(i), code((i + k * 53) % CODES)), (1, 0, u16::MAX));
        }
    }
    let filled = start.elapsed().as_secs_f64();
    let after = memory();
    let keys: Vec<String> = c.lines.iter().map(|l| l.body.code.clone()).collect();
    let mut there = 0;
    let theirs = times("2,450 questions to HashMap<(String, String), _>", 200, || {
        there = keys
            .iter()
            .flat_map(|a| keys.iter().map(move |b| (a.clone(), b.clone())))
            .filter(|k| map.contains_key(k))
            .count();
    });
    println!(
        "HashMap: filled in {filled:.2} s, {:.0} MB; the mapped table answers in {:.2} of its time ({found} and {there} found)",
        after.0 - before.0,
        ours / theirs
    );
}
