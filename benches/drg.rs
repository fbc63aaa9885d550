//! Speed and memory of the MS-DRG grouper: in process, through JSON, loading.
//!
//! `cargo bench --bench drg`. Reads the official cases of the shared data (`CODESK_SHARED`). Where a Python with
//! PyPI `msdrg` or `drgpy` is found (`CODESK_PYTHON`, or `python3`), the same cases go through them in the same run,
//! so that the figures mean something on any machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench fails by panicking

#[path = "../tests/drg_cases/mod.rs"]
mod drg_cases;

use codesk::cli::group::group_lines;
use codesk::drg::{Code, Library, read_gz};
use drg_cases::official;
use serde_json::Value;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

/// Best of several runs: the others had company.
fn best(runs: usize, mut run: impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(|_| time(&mut run)).fold(f64::MAX, f64::min)
}

/// A line of `/proc/self/status`, in megabytes.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|l| l.strip_prefix(line)?.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

fn main() {
    // Memory first, while nothing else is in the process.
    let before = memory("VmRSS:");
    let library = Library::shipped().unwrap();
    let t = library.version("43.1").unwrap();
    let (after, peak) = (memory("VmRSS:"), memory("VmHWM:"));
    println!(
        "memory: {:.1} MB for version 43.1 (process {after:.1} MB, peak while loading {peak:.1} MB)",
        after - before
    );
    let bytes = std::fs::read(format!("{}/code_tables/drg_43.1.txt.gz", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let load = best(15, || {
        black_box(read_gz(&bytes).unwrap());
    });
    println!("load: {:.1} ms for version 43.1, from the shipped gzip text", load * 1e3);

    let cases = official("cases_v43_1.jsonl.xz");
    let n = cases.len() as f64;
    let plain = best(7, || {
        for c in &cases {
            black_box(t.group(&c.case));
        }
    });
    println!("in process: {:.0} cases/s on one core, {} cases", n / plain, cases.len());
    let told = best(5, || {
        for c in &cases {
            black_box(t.explain(&c.case));
        }
    });
    println!("with drivers and severity of each code: {:.0} cases/s", n / told);
    let text: String = cases.iter().map(|c| format!("{}\n", c.line)).collect();
    let mut out = Vec::with_capacity(text.len() * 2);
    let json = best(5, || {
        out.clear();
        group_lines(&library, None, text.as_bytes(), &mut out).unwrap();
    });
    println!("JSON lines in and out: {:.0} cases/s", n / json);
    peers(&text, plain, json, n);
    compare(&library);
}

/// Results beside those of PyPI `msdrg` on 20,000 cases: half of the official ones, half made by putting the codes
/// of different cases together, so that nobody has seen them. Every difference is explained, or counted as not.
fn compare(library: &Library) {
    let official = official("cases_v43_1.jsonl.xz");
    let mut lines: Vec<String> = official.iter().take(10_000).map(|c| c.line.clone()).collect();
    let parsed: Vec<Value> = lines.iter().filter_map(|l| serde_json::from_str(l).ok()).collect();
    for n in 0..10_000 {
        let (a, b) = (&parsed[n], &parsed[(n * 7919 + 13) % parsed.len()]);
        let mut c = a.clone();
        for field in ["sdx", "procs"] {
            let both = [&a[field], &b[field]].into_iter().filter_map(Value::as_array).flatten();
            let mut all: Vec<Value> = Vec::new();
            for v in both {
                let code = |v: &Value| v.get("code").unwrap_or(v).clone();
                if !all.iter().any(|x| code(x) == code(v)) {
                    all.push(v.clone());
                }
            }
            all.truncate(24);
            c[field] = Value::Array(all);
        }
        c["id"] = Value::String(format!("made-{n}"));
        lines.push(c.to_string());
    }
    let text = lines.join("\n");
    let file = std::env::temp_dir().join(format!("codesk-drg-compare-{}.jsonl", std::process::id()));
    std::fs::write(&file, &text).unwrap();
    let python = std::env::var("CODESK_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = format!("{}/benches/drg_peers.py", env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(&python).arg(&script).arg("msdrg").arg(&file).output();
    let _ = std::fs::remove_file(&file);
    let Ok(theirs) = ran.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()) else { return };
    if theirs.is_empty() {
        println!("comparison with PyPI msdrg: not found");
        return;
    }
    let mut ours = Vec::new();
    group_lines(library, None, text.as_bytes(), &mut ours).unwrap();
    let ours = String::from_utf8(ours).unwrap();
    let mut equal = 0;
    let mut why: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((case, a), b) in lines.iter().zip(ours.lines()).zip(theirs.lines()) {
        let [case, a, b] = [case.as_str(), a, b].map(|l| serde_json::from_str::<Value>(l).unwrap());
        let number = |v: &Value| v.as_str().and_then(|s| s.parse::<u64>().ok());
        let numbers = ["drg", "mdc", "initial_drg", "initial_mdc"];
        let same = numbers.iter().all(|f| number(&a[*f]) == b[*f].as_u64());
        if same && a["return_code"] == b["return_code"] && a["hac_status"] == b["hac_status"] {
            equal += 1;
        } else {
            why.entry(explain(library, &case, &a, &b, same)).or_default().push(case["id"].to_string());
        }
    }
    println!("comparison with PyPI msdrg: {equal} of {} cases equal", lines.len());
    for (reason, ids) in why {
        println!("  {} {reason}; first {}", ids.len(), ids[0]);
    }
}

/// Why the two differ on a case.
fn explain(library: &Library, case: &Value, a: &Value, b: &Value, numbers_same: bool) -> &'static str {
    let t = library.version(case["version"].as_str().unwrap()).unwrap();
    let on = |list: &str| {
        let codes = case["procs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        codes.filter(|c| t.procedure_lists(Code::new(c)).contains(&list)).count()
    };
    let (front, back) = (on("fusion-anterior-single"), on("fusion-posterior-single"));
    if front + back >= 3 && (front == 0 || back == 0) {
        return "spinal fusion counter: three single-level fusions on one side only are no combined fusion; \
                msdrg counts both sides together";
    }
    if numbers_same && case["hospital_poa_status"] == "UNKNOWN" && a["return_code"] != b["return_code"] {
        return "return code where the hospital's reporting status is unknown: the official software looks at the \
                number of secondary diagnoses, msdrg at their marks; the DRG is the same";
    }
    if case["sdx"].as_array().into_iter().flatten().any(|d| d["poa"] == "1" || d["poa"] == "E") {
        return "a mark 1 or E, which msdrg does not take, was given to it as blank";
    }
    if a["return_code"] == "UNGROUPABLE" && b["drg"] == 0 {
        return "no rule fits: 999 here, no DRG at all there";
    }
    "NOT EXPLAINED"
}

/// The same cases through the Python packages.
fn peers(text: &str, plain: f64, json: f64, n: f64) {
    let python = std::env::var("CODESK_PYTHON").unwrap_or_else(|_| "python3".into());
    let file = std::env::temp_dir().join(format!("codesk-drg-{}.jsonl", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let script = format!("{}/benches/drg_peers.py", env!("CARGO_MANIFEST_DIR"));
    for package in ["msdrg", "drgpy"] {
        let ran = Command::new(&python).arg(&script).arg(package).arg("--rate").arg(&file).output();
        match ran {
            Ok(o) if o.status.success() => {
                let said = String::from_utf8_lossy(&o.stdout);
                let rate: f64 =
                    said.split_whitespace().next().and_then(|r| r.parse().ok()).unwrap_or(f64::NAN);
                println!(
                    "PyPI {package}: {rate:.0} cases/s; codesk is {:.1} times as fast in process, {:.1} times through JSON",
                    n / plain / rate,
                    n / json / rate
                );
            }
            _ => println!("PyPI {package}: not found; name a Python that has it in CODESK_PYTHON"),
        }
    }
    let _ = std::fs::remove_file(&file);
}
