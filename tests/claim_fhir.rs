//! Encounters of FHIR bundles become claims; what one still lacks is said in a biller's words.
//!
//! The bundles are read from `CODESK_SHARED`; without them this test fails and says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use serde_json::{Value, json};
use std::path::PathBuf;

const PAYERS: [&str; 5] = ["Aetna", "Humana", "Cigna Health", "Medicaid", "Anthem"];

fn bundles() -> PathBuf {
    let Some(dir) = std::env::var_os("CODESK_SHARED") else {
        panic!("set CODESK_SHARED to the folder with the shared test data (intake/fhir-synthea)");
    };
    let dir = PathBuf::from(dir);
    let roots = [dir.join("intake"), dir.join("data/intake")];
    roots.into_iter().find(|p| p.is_dir()).expect("CODESK_SHARED holds no intake")
}

fn run(dir: &tempfile::TempDir, args: &[&str]) -> (Vec<Value>, String) {
    let out = kit::command(dir).args(args).output().expect("codesk starts");
    let err = String::from_utf8_lossy(&out.stderr).to_string();
    assert!(out.status.code().is_some_and(|c| c <= 1), "{args:?}: {err}");
    let text = String::from_utf8_lossy(&out.stdout);
    (text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect(), err)
}

#[test]
fn five_are_exported_and_every_other_one_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["fhir-synthea", "fhir-synthea-notes"] {
        run(&dir, &["intake", bundles().join(folder).to_str().unwrap(), "--json"]);
    }
    let (all, _) = run(&dir, &["queue", "list", "all", "--json"]);
    let late: Vec<&Value> = all.iter().filter(|r| r["dos"].as_str().unwrap() >= "2015-10-01").collect();
    let of_payer = |r: &&&Value| PAYERS.contains(&r["payer"].as_str().unwrap()) && r["type"] == "office";
    let five: Vec<&Value> = late.iter().filter(of_payer).take(5).copied().collect();
    assert_eq!(five.len(), 5);
    let id = |r: &Value| r["id"].as_str().unwrap().to_string();

    // What the bundles do not hold is set up once: the site, payer ids, NPI, addresses, member ids.
    let providers: Vec<Value> = five
        .iter()
        .map(|r| {
            let show = run(&dir, &["encounter", "show", &id(r), "--json"]).0.remove(0);
            let last = show["rendering"].as_str().unwrap().split(' ').next().unwrap().to_string();
            json!({"name": {"last": last, "first": "Ann"}, "npi": "1315000020", "taxonomy": "207Q00000X"})
        })
        .collect();
    let setup = json!({
        "scope": "main",
        "site": {
            "name": "Harbor Clinic", "npi": "1215000013", "tax_id": "741234567", "taxonomy": "207Q00000X",
            "phone": "5125550101",
            "address": {"street": "500 Clinic Way", "city": "Austin", "state": "TX", "zip": "787010500"},
            "sending": {
                "submitter": "Harbor Clinic", "submitter_id": "HC01", "contact": "Desk", "phone": "5125550100",
                "code": "HARBORCLINIC", "receiver": {"name": "Clearing", "id": "CLR", "code": "CLEARING"},
            },
        },
        "payers": PAYERS.iter().enumerate().map(|(i, n)| json!({
            "name": n, "payer_id": format!("P{i:04}"), "filing_code": if *n == "Medicaid" { "MC" } else { "CI" },
        })).collect::<Vec<_>>(),
        "providers": providers,
        "registration": five.iter().enumerate().map(|(i, r)| json!({
            "account": r["account"], "member_id": format!("W{i:09}"),
            "address": {"street": "1 Main St", "city": "Boston", "state": "MA", "zip": "021101234"},
        })).collect::<Vec<_>>(),
    });
    let file = dir.path().join("setup.json");
    std::fs::write(&file, setup.to_string()).unwrap();
    let (answer, _) = run(&dir, &["setup", "import", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer[0]["errors"], json!([]));

    for r in &five {
        let args =
            ["encounter", "code", &id(r), "--dx", "I10", "--line", "99213@A=125", "--submit", "--json"];
        let (answer, _) = run(&dir, &args);
        assert_eq!(answer[0]["submitted"], true, "{}", answer[0]["refused"]);
    }
    let out = dir.path().join("out");
    let ids: Vec<String> = late.iter().map(|r| id(r)).collect();
    let mut args = vec!["claim", "export", "--json", "--out", out.to_str().unwrap()];
    args.extend(ids.iter().map(String::as_str));
    let (rows, _) = run(&dir, &args);
    let sent: usize =
        rows.iter().filter(|r| r["file"].is_string()).map(|r| r["claims"].as_array().unwrap().len()).sum();
    assert_eq!(sent, 5);
    let refused: Vec<&Value> = rows.iter().filter(|r| r["refused"].is_string()).collect();
    assert_eq!(refused.len(), late.len() - 5);
    for r in refused {
        let reasons: Vec<&str> =
            r["reasons"].as_array().unwrap().iter().map(|x| x.as_str().unwrap()).collect();
        assert!(reasons.iter().any(|x| x.contains("no diagnosis")), "{reasons:?}");
        assert!(reasons.len() >= 2 && reasons.iter().all(|x| x.contains(' ')), "{reasons:?}");
    }
    let (found, err) = run(&dir, &["check", out.to_str().unwrap(), "--json"]);
    assert!(found.iter().all(|f| f["severity"] != "stop"), "{found:?} {err}");
}

#[test]
fn a_set_up_row_with_a_wrong_number_is_refused_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let setup = json!({
        "site": {"name": "A", "npi": "1215000014", "tax_id": "741234567"},
        "payers": [{"name": "B", "payer_id": "B1", "filing_code": "CI"}, {"name": "C"}],
        "providers": [
            {"key": "d", "name": {"last": "D"}, "npi": "1315000020", "taxonomy": "207Q"},
            {"key": "e", "name": {"last": "E"}, "npi": "1315000020", "taxonomy": "207Q00000X"},
        ],
    });
    let file = dir.path().join("setup.json");
    std::fs::write(&file, setup.to_string()).unwrap();
    let (answer, _) = run(&dir, &["setup", "import", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer[0]["taken"], 2);
    let errors: Vec<&str> =
        answer[0]["errors"].as_array().unwrap().iter().map(|e| e["at"].as_str().unwrap()).collect();
    assert_eq!(errors, ["site main", "payer C", "provider d"]);
}
