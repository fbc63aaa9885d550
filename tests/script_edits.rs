//! The edits at work in a pseudo-terminal, with imported tables: the field guide's script 1, steps 5 to 9, and
//! script 3, step 8; an override from its reason to its count; what `codesk edits` and `codesk check` say.
//!
//! The tables are written here in the official layouts; pairs with CPT numbers are invented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::{Term, practice};
use std::path::Path;
use std::process::Output;

const NOTICE: &str = "CPT only copyright American Medical Association.\r\nColumn1/Column2 Edits\r\n\
    Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\r\n";

fn write(dir: &Path, name: &str, rows: &[&str]) -> String {
    let path = dir.join(name);
    std::fs::write(&path, format!("{NOTICE}{}\r\n", rows.join("\r\n"))).unwrap();
    path.display().to_string()
}

fn codesk(dir: &tempfile::TempDir, args: &[&str]) -> (Output, String) {
    let out = kit::command(dir).args(args).output().expect("codesk runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out, text)
}

fn import(dir: &tempfile::TempDir, paths: &[&str]) {
    let (out, text) = codesk(dir, &[&["edits", "import"], paths].concat());
    assert!(out.status.success(), "{text}");
}

fn see(t: &Term, wanted: &str) {
    t.wait_for(wanted);
}

#[test]
fn script_1_steps_5_to_9_with_a_loaded_quarter() {
    let dir = practice();
    let files = tempfile::tempdir().unwrap();
    let ptp = write(
        files.path(),
        "ccipra-v323r0.TXT",
        &["17000\t99214\t\t20100101\t*\t1\tMisuse of Column Two code"],
    );
    import(&dir, &[&ptp]);
    let mut t = Term::start(&dir, &["demo"], (120, 36), &[]);
    let keys = |t: &mut Term, k: &str| t.send(k.as_bytes());
    see(&t, "10023");
    keys(&mut t, "\r");
    see(&t, "Alvarez");
    for (typed, code) in [("diab ckd", "A E11.22"), ("n1831", "B N18.31")] {
        keys(&mut t, "/");
        see(&t, "Find diagnosis");
        keys(&mut t, typed);
        see(&t, &code[2..]);
        t.settle();
        keys(&mut t, "\r");
        see(&t, code);
    }
    // 5: the presumption cites its source and is never made by itself.
    keys(&mut t, "/");
    see(&t, "Find diagnosis");
    keys(&mut t, "i10");
    see(&t, "Essential");
    keys(&mut t, "\r");
    see(&t, "I.C.9.a");
    assert!(t.text().contains("C I10"), "nothing is swapped by itself:\n{}", t.text());
    keys(&mut t, "1");
    see(&t, "B I12.9");
    // 6: the drug the note asks for, and the lesion.
    keys(&mut t, "2");
    see(&t, "Z79.84");
    keys(&mut t, "/");
    see(&t, "Find diagnosis");
    keys(&mut t, "l570");
    see(&t, "Actinic keratosis");
    keys(&mut t, "\r");
    see(&t, "E L57.0");
    // 7: two lines with their pointers.
    keys(&mut t, "c");
    see(&t, "Find service");
    keys(&mut t, "99214\r");
    see(&t, "posted 99214");
    keys(&mut t, "17000\r");
    see(&t, "99214 17000");
    keys(&mut t, "\r");
    see(&t, "Diagnoses of 99214");
    keys(&mut t, "abc\r");
    see(&t, "Diagnoses of 17000");
    keys(&mut t, "e\r");
    see(&t, "ABC");
    // 8: the pair is in the loaded quarter with indicator 1: a question, with its source.
    see(&t, "separately documented");
    see(&t, "NCCI");
    t.settle();
    // An answer instead of the modifier: a reason, and the line of the chart.
    keys(&mut t, "e");
    t.settle();
    keys(&mut t, "o");
    see(&t, "Override:");
    keys(&mut t, "payer agreed in writing\r");
    see(&t, "Evidence");
    keys(&mut t, "\r");
    see(&t, "answered");
    see(&t, "payer agreed in writing");
    see(&t, "overridden: ncci.em25");
    // It is a step like any other: undone, and made again.
    keys(&mut t, "u");
    t.wait_gone("payer agreed in writing");
    keys(&mut t, "U");
    see(&t, "payer agreed in writing");
    // o on an answered edit takes the answer back.
    t.settle();
    keys(&mut t, "o");
    t.wait_gone("overridden: ncci.em25");
    keys(&mut t, "u");
    see(&t, "overridden: ncci.em25");
    t.settle();
    keys(&mut t, "qq");
    assert_eq!(t.wait_exit(), 0);
    // Counted per rule, with the release it was made with.
    let (_, text) = codesk(&dir, &["check", "10023"]);
    let count = text.lines().find(|l| l.starts_with("ncci.em25")).unwrap_or_else(|| panic!("{text}"));
    assert!(count.contains("1 overridden"), "{count}");
    assert!(text.contains("NCCI PTP practitioner 2026Q4 v323r0"), "{text}");
    let (_, shown) = codesk(&dir, &["encounter", "show", "10023", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let o = &shown["overrides"][0];
    assert_eq!((o["rule"].as_str(), o["role"].as_str()), (Some("ncci.em25"), Some("coder")));
    assert_eq!(o["release"], "NCCI PTP practitioner 2026Q4 v323r0");
    assert!(o["evidence"].as_str().is_some_and(|e| !e.is_empty()), "{o}");
    // 8 and 9 by the book: the modifier with its evidence, nothing left, submitted.
    let mut t = Term::start(&dir, &["demo"], (120, 36), &[]);
    see(&t, "10023");
    keys(&mut t, "\r");
    see(&t, "99214");
    // The line is reached from the codes.
    keys(&mut t, "\t\tgg");
    t.settle();
    keys(&mut t, "m");
    see(&t, "Modifiers of 99214");
    keys(&mut t, "25\r");
    see(&t, "Evidence");
    keys(&mut t, "\r");
    see(&t, "99214 25");
    keys(&mut t, "s");
    see(&t, "0 stop");
    keys(&mut t, ".");
    see(&t, "submitted 10023");
    t.settle();
    keys(&mut t, "qq");
    assert_eq!(t.wait_exit(), 0);
}

#[test]
fn script_3_step_8_two_sides_apart() {
    let dir = practice();
    let files = tempfile::tempdir().unwrap();
    let prac = write(
        files.path(),
        "ccipra-v323r0.TXT",
        &["12002\t99283\t\t20100101\t*\t1\tMisuse of Column Two code"],
    );
    let hosp = write(
        files.path(),
        "ccioph-v323r0.TXT",
        &["12002\t90471\t\t20100101\t*\t0\tStandards of medical practice"],
    );
    import(&dir, &[&prac, &hosp]);
    let dx = ["S51.811A", "W01.0XXA", "Y92.010", "Y93.G1", "Y99.8", "Z23"];
    let lines = ["99283@A=176.00", "12002@A=198.00", "90471@F=31.00", "90715@F=52.00"];
    let mut args = vec!["encounter", "code", "20022"];
    dx.iter().for_each(|d| args.extend(["--dx", d]));
    lines.iter().for_each(|l| args.extend(["--line", l]));
    let (out, text) = codesk(&dir, &args);
    assert!(out.status.code().is_some_and(|c| c < 2), "{text}");
    let mut t = Term::start(&dir, &["demo"], (120, 36), &[]);
    see(&t, "10023");
    // The list of the emergency department, and the account in it.
    let found = (0..8).any(|_| {
        t.send(b">");
        t.settle();
        t.send(b"/20022\r");
        t.settle();
        if t.text().contains("Vandermeer") {
            return true;
        }
        t.send(b"\x1b");
        t.settle();
        false
    });
    assert!(found, "{}", t.text());
    t.send(b"\r");
    see(&t, "S51.811A");
    see(&t, "separately documented");
    // The question is the practitioner's, the stop the facility's, side by side.
    t.settle();
    t.send(b"s");
    see(&t, "CMS-1500: 0 stop, 1 asks");
    see(&t, "UB-04: 1 stop, 0 asks");
    see(&t, "NCCI PTP outpatient hospital");
    t.send(b"\x1b");
    t.wait_gone("UB-04: 1 stop, 0 asks");
    // With the practitioner's side clean the visit still does not go: the facility's is red.
    t.settle();
    t.send(b"e");
    t.settle();
    let screen = t.text();
    let row = screen.lines().find(|l| l.contains("add 25 to 99283")).unwrap_or_else(|| panic!("{screen}"));
    let at = row.find("add 25 to 99283").unwrap();
    let digit = row[..at].trim_end().chars().last().unwrap();
    assert!(digit.is_ascii_digit(), "{row}");
    t.send(digit.to_string().as_bytes());
    see(&t, "Evidence");
    t.send(b"\r");
    see(&t, "99283 25");
    t.send(b"s");
    see(&t, "CMS-1500: 0 stop, 0 asks");
    see(&t, "UB-04: 1 stop, 0 asks");
    t.send(b"\x1b");
    t.wait_gone("UB-04: 1 stop, 0 asks");
    t.settle();
    t.send(b".");
    see(&t, "not submitted");
    t.settle();
    t.send(b"qq");
    assert_eq!(t.wait_exit(), 0);
}

#[test]
fn the_command_line_of_tables_and_checks() {
    let dir = practice();
    let files = tempfile::tempdir().unwrap();
    let (_, text) = codesk(&dir, &["edits", "list"]);
    assert!(text.contains("nothing is loaded"), "{text}");
    let bad = write(
        files.path(),
        "ccipra-v323r0.TXT",
        &["17000\t99214\t\t20100101\t*\t1\tx", "17000\t99215\t\t20100101\t*\tyes\tx"],
    );
    let (out, text) = codesk(&dir, &["edits", "import", &bad]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text.contains("ccipra-v323r0.TXT line 5: the modifier indicator"), "{text}");
    let (_, text) = codesk(&dir, &["edits", "list"]);
    assert!(text.contains("nothing is loaded"), "{text}");
    let good = write(files.path(), "ccipra-v323r0.TXT", &["17000\t99214\t\t20100101\t*\t1\tx"]);
    import(&dir, &[&good]);
    let (out, text) = codesk(&dir, &["edits", "list", "--verify", "--json"]);
    assert!(out.status.success(), "{text}");
    let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((row["kind"].as_str(), row["whole"].as_bool()), (Some("ptp-practitioner"), Some(true)));
    // A bad line of edits.toml is named, and the rest applies.
    std::fs::write(
        dir.path().join("edits.toml"),
        "[severity]\n\"claim.zip9\" = \"loud\"\n\"hold.open\" = \"info\"\n",
    )
    .unwrap();
    let (_, text) = codesk(&dir, &["check", "10023"]);
    assert!(
        text.contains("edits.toml line 2: \"loud\" is not stop")
            && text.contains("line 3: hold.open cannot be lowered"),
        "{text}"
    );
    let (out, text) = codesk(&dir, &["doctor"]);
    assert!(text.contains("NCCI PTP practitioner 2026Q4") && text.contains("line 2"), "{text}");
    assert_eq!(out.status.code(), Some(1));
    // In bulk: a count for every rule, machine-readable.
    let (out, text) = codesk(&dir, &["check", "--all", "--json"]);
    assert!(out.status.code().is_some_and(|c| c < 2), "{text}");
    let counts = text.lines().filter(|l| l.contains("\"count\"")).count();
    assert!(counts > 5, "{text}");
    let (out, _) = codesk(&dir, &["check"]);
    assert_eq!(out.status.code(), Some(2));
}
