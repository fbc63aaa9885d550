//! Line mode, as a screen reader meets it: words only, only what is new, the whole job by keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use std::io::Write;
use std::process::Stdio;

/// What `codesk run --plain` says to these lines of input.
fn said(dir: &tempfile::TempDir, input: &str) -> String {
    let mut child = kit::command(dir)
        .args(["run", "--plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("codesk starts");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    assert!(out.stdout.iter().all(|b| *b == b'\n' || *b >= 0x20), "a control byte reached the terminal");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn an_encounter_is_coded_by_lines_of_keys() {
    let dir = kit::practice();
    // Open, post a code by its shorthand, ask to submit, take the code back, leave.
    let out = said(&dir, "\n/\nckd 3a\n\n.\nu\nq\nq\n");
    let at = |text: &str| out.find(text).unwrap_or_else(|| panic!("{text:?} was not said:\n{out}"));
    let order = [
        at("? lists the commands"),
        at("Row 1 of 42: 10023"),
        at("PROGRESS NOTE"),
        at("Find diagnosis"),
        at("Hit 1 of "),
        at("Diagnosis A: N18.31"),
        at("Saved 1."),
        at("Saved 2."),
    ];
    assert!(order.is_sorted(), "{order:?}\n{out}");
    assert!(at("no service line for the CMS-1500") > at("PROGRESS NOTE"));
    // What was said stays said: the note is read once.
    assert_eq!(out.matches("PROGRESS NOTE").count(), 1, "{out}");
    let shown = kit::command(&dir).args(["encounter", "show", "10023", "--json"]).output().unwrap();
    let chart: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(chart["diagnoses"].as_array().unwrap().len(), 0, "undo reached the cache");
}

#[test]
fn a_wrong_key_name_is_told_and_the_rest_goes_on() {
    let dir = kit::practice();
    let out = said(&dir, "key Nonsense\nkey Enter\nkey q\nq\n");
    assert!(out.contains("Nonsense"), "{out}");
    assert!(out.contains("PROGRESS NOTE"), "{out}");
}
