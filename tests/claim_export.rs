//! Claims of the sample practice leave as 837 files: enough of them, right ones, each once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use codesk::store::{Store, StorePaths, text_hash};
use serde_json::{Value, json};
use std::path::Path;

fn lines(out: &std::process::Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

fn export(dir: &tempfile::TempDir, out: &Path, what: &[&str]) -> Vec<Value> {
    let mut args = vec!["claim", "export"];
    args.extend_from_slice(what);
    let done =
        kit::command(dir).args(args).arg("--json").arg("--out").arg(out).output().expect("codesk starts");
    assert!(done.status.code().is_some_and(|c| c <= 1), "{}", String::from_utf8_lossy(&done.stderr));
    lines(&done)
}

#[test]
fn ready_claims_are_sent_once_in_valid_files() {
    let dir = kit::practice();
    let out = dir.path().join("out");
    let rows = export(&dir, &out, &["--ready"]);
    let of = |form: &str| -> usize {
        rows.iter()
            .filter(|r| r["form"] == form && r["file"].is_string())
            .map(|r| r["claims"].as_array().unwrap().len())
            .sum()
    };
    assert!(of("cms1500") >= 20, "{} professional claims", of("cms1500"));
    assert!(of("ub04") >= 10, "{} institutional claims", of("ub04"));
    // The emergency department's ZIP has five digits: its claims stay, and say so.
    let refused: Vec<&Value> = rows.iter().filter(|r| r["refused"].is_string()).collect();
    assert!(!refused.is_empty());
    for r in &refused {
        let reasons = r["reasons"].to_string();
        assert!(reasons.contains("ZIP"), "{r}");
    }
    let mut numbers = std::collections::HashSet::new();
    for r in rows.iter().filter(|r| r["file"].is_string()) {
        let path = Path::new(r["file"].as_str().unwrap());
        assert!(numbers.insert(r["interchange"].as_u64().unwrap()), "a control number twice");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let text = std::fs::read_to_string(path).unwrap();
        // Each claim is where the batch says.
        let segs: Vec<&str> = text.lines().skip(2).collect();
        for c in r["claims"].as_array().unwrap() {
            let first = segs[usize::try_from(c["first"].as_u64().unwrap()).unwrap() - 1];
            let want = format!("CLM*{}*", c["account"].as_str().unwrap());
            assert!(first.starts_with(&want), "{first}");
        }
    }
    let check = kit::command(&dir).arg("check").arg(&out).arg("--json").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));

    let account =
        rows.iter().find(|r| r["file"].is_string()).unwrap()["claims"][0]["account"].as_str().unwrap();
    let status = kit::command(&dir).args(["claim", "status", account, "--json"]).output().unwrap();
    assert_eq!(lines(&status)[0]["state"], "sent");
    assert!(lines(&status)[0]["place"]["first"].as_u64().unwrap() > 1);
    let again = export(&dir, &out, &["--ready"]);
    assert!(again.iter().all(|r| r["file"].is_null()), "a claim was sent twice");
    let one = export(&dir, &out, &[account]);
    assert!(one[0]["reasons"][0].as_str().unwrap().contains("sent"), "{one:?}");
}

#[test]
fn a_file_that_never_got_its_name_is_written_again() {
    let dir = kit::practice();
    let out = dir.path().join("out");
    let rows = export(&dir, &out, &["--ready"]);
    let row = rows.iter().find(|r| r["file"].is_string()).unwrap();
    let path = Path::new(row["file"].as_str().unwrap());
    let text = std::fs::read_to_string(path).unwrap();
    // As after a crash between the commit and the rename.
    std::fs::remove_file(path).unwrap();
    let mut store = Store::open(&StorePaths::in_folder(dir.path())).unwrap();
    let note = json!({"batch": row["batch"], "path": path, "hash": text_hash(&text)}).to_string();
    store.set_setting("export.unfinished", &note).unwrap();
    drop(store);
    export(&dir, &out, &["--ready"]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
