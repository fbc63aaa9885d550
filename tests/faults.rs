//! Bad input and faults: one clear sentence, the right exit code, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use std::process::Output;

fn run(dir: &tempfile::TempDir, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = kit::command(dir).args(args).output().expect("codesk runs");
    let text = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn intake_names_the_fault_and_keeps_what_was_good() {
    let dir = empty();
    let file = dir.path().join("cut.json");
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"resource":{"resourceType":"Patient","id":"p1","name":[{"family":"Test","given":["A"]}],"gender":"female","birthDate":"1960-01-02"}},
        {"resource":{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"2026-10-05T09:00:00Z","end":"2026-10-05T09:30:00Z"}}},
        {"resource":{"resourceType":"Encounter","id":"e2","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"per"#;
    std::fs::write(&file, bundle).unwrap();
    let (code, out, _) = run(&dir, &["intake", file.to_str().unwrap(), "--json"]);
    let report: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(report["encounters"], 1, "{report}");
    assert_eq!(report["errors"].as_array().unwrap().len(), 1, "{report}");
    assert!(code == 1 || code == 2, "exit {code}");
    let (_, rows, _) = run(&dir, &["queue", "list", "all", "--json"]);
    assert_eq!(rows.lines().count(), 1);
    // Again: nothing new.
    run(&dir, &["intake", file.to_str().unwrap()]);
    assert_eq!(run(&dir, &["queue", "list", "all", "--json"]).1.lines().count(), 1);
}

#[test]
fn what_is_no_fhir_is_said_so() {
    let dir = empty();
    for (name, text) in
        [("a.json", "this is no JSON"), ("b.json", ""), ("c.json", "{\"resourceType\":\"Bundle\"")]
    {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        let (code, out, err) = run(&dir, &["intake", file.to_str().unwrap(), "--json"]);
        assert!(code == 1 || code == 2, "{name}: exit {code}");
        assert!(out.contains(name) || err.contains(name), "{name} is not named: {out} {err}");
    }
    let (code, out, err) = run(&dir, &["intake", "/no/such/folder"]);
    assert_eq!(code, 2);
    assert!(format!("{out}{err}").contains("/no/such/folder"));
}

#[test]
fn escape_sequences_in_a_note_never_reach_the_terminal() {
    let dir = empty();
    let note = "\u{1b}[2J\u{1b}]0;owned\u{7}BP 120/80\tstable \u{202e}txet";
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(note);
    let bundle = serde_json::json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "p1", "name": [{"family": "\u{1b}[31mTest"}], "gender": "male", "birthDate": "1960-01-02"}},
        {"resource": {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}, "subject": {"reference": "Patient/p1"}, "period": {"start": "2026-10-05T09:00:00Z"}}},
        {"resource": {"resourceType": "DocumentReference", "id": "d1", "status": "current", "subject": {"reference": "Patient/p1"},
            "context": {"encounter": [{"reference": "Encounter/e1"}]}, "content": [{"attachment": {"contentType": "text/plain", "data": data}}]}}]});
    let file = dir.path().join("esc.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    assert_eq!(run(&dir, &["intake", file.to_str().unwrap()]).0, 0);
    let mut term = kit::Term::start(&dir, &[], (100, 30), &[]);
    term.wait_for("Queue");
    // The queue opens on my list: all encounters are one list back.
    term.send(b"<");
    term.wait_for("Test");
    term.send(b"\r");
    term.wait_for("BP 120/80");
    let raw = String::from_utf8_lossy(&term.raw.lock().unwrap()).into_owned();
    assert!(!raw.contains("owned\u{7}") && !raw.contains('\u{202e}'), "a note wrote to the terminal");
    assert!(!raw.contains("\u{1b}]"), "a note set the window title");
    term.send(b"qq");
    assert_eq!(term.wait_exit(), 0);
}

#[test]
fn a_file_that_is_no_cache_is_left_alone() {
    let dir = kit::practice();
    let path = dir.path().join("cache.db");
    for end in ["-wal", "-shm", ".keymark"] {
        let _ = std::fs::remove_file(dir.path().join(format!("cache.db{end}")));
    }
    std::fs::write(&path, "just some text, no database").unwrap();
    let (code, _, err) = run(&dir, &["queue", "list"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("cache.db"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "just some text, no database");
}

#[test]
fn a_bad_key_file_is_named_with_its_line() {
    let dir = kit::practice();
    let key = dir.path().join("cache.key");
    let good = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, "# comment\nnot hexadecimal\n").unwrap();
    let (code, _, err) = run(&dir, &["queue", "list"]);
    assert_eq!(code, 2);
    assert!(err.contains("cache.key") && err.contains("line 2"), "{err}");
    std::fs::write(&key, good).unwrap();
    assert_eq!(run(&dir, &["queue", "list"]).0, 0);
}

#[test]
fn a_newer_cache_is_refused_untouched() {
    let dir = kit::practice();
    let path = dir.path().join("cache.db");
    let key = std::fs::read_to_string(dir.path().join("cache.key")).unwrap();
    let hex = key.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty()).unwrap().trim().to_string();
    {
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA user_version = 9999;")).unwrap();
    }
    let (code, _, err) = run(&dir, &["encounter", "code", "10023", "--dx", "I10"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("newer"), "{err}");
}

#[test]
fn a_bad_key_map_and_theme_are_named_and_the_rest_works() {
    let dir = kit::practice();
    std::fs::write(dir.path().join("keys.toml"), "[encounter]\n\"alt-x\" = \"undo\"\n\"R\" = \"remove\"\n")
        .unwrap();
    let (code, _, err) = run(&dir, &["keys", "--check"]);
    assert_eq!(code, 1);
    assert!(err.contains("keys.toml") && err.contains("line 2"), "{err}");
    std::fs::create_dir(dir.path().join("themes")).unwrap();
    std::fs::write(dir.path().join("themes/mine.toml"), "[roles]\nstop = \"mauve\"\n").unwrap();
    let (code, _, err) = run(&dir, &["themes", "--check"]);
    assert_eq!(code, 1);
    assert!(err.contains("mine.toml") && err.contains("mauve"), "{err}");
}

#[test]
fn usage_mistakes_exit_with_2_and_findings_with_1() {
    let dir = kit::practice();
    assert_eq!(run(&dir, &["queue", "list", "nonsense"]).0, 2);
    assert_eq!(run(&dir, &["encounter", "show", "99999999"]).0, 2);
    assert_eq!(run(&dir, &["encounter", "code", "10023", "--line", "9921"]).0, 2);
    let (code, out, _) =
        run(&dir, &["encounter", "code", "10023", "--dx", "I10", "--line", "99214@F=189", "--json"]);
    assert_eq!(code, 1);
    let v: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    let rules: Vec<&str> =
        v["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.iter().any(|r| r.starts_with("line.pointer")), "{rules:?}");
    let (code, out, _) = run(&dir, &["claim", "preview", "10023"]);
    assert_eq!(code, 0);
    assert!(out.contains("ALVAREZ"), "{out}");
    assert_eq!(run(&dir, &["claim", "preview", "10023", "--form", "ub04"]).0, 1);
    assert_eq!(run(&dir, &["search", "qqqqzzzz"]).0, 1);
    assert_eq!(run(&dir, &["doctor"]).0, 0);
    assert_eq!(run(&dir, &["completions", "bash"]).0, 0);
    assert!(run(&dir, &["man"]).1.contains("codesk"));
}

#[test]
fn intake_of_the_synthea_bundles_when_they_are_here() {
    let root = std::env::var_os("CODESK_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        std::path::PathBuf::from,
    );
    let root = if root.join("data/intake").is_dir() { root.join("data") } else { root };
    let folders = [root.join("intake/fhir-synthea-notes"), root.join("intake/fhir-synthea")];
    if !folders.iter().all(|f| f.is_dir()) {
        eprintln!("SKIPPED, LOUDLY: the Synthea bundles are not at {}; set CODESK_SHARED", root.display());
        return;
    }
    let dir = empty();
    let args = ["intake", folders[0].to_str().unwrap(), folders[1].to_str().unwrap(), "--json"];
    let (code, out, err) = run(&dir, &args);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), 22);
    let total: u64 = out
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["encounters"].as_u64().unwrap())
        .sum();
    let rows = run(&dir, &["queue", "list", "all", "--json"]).1.lines().count() as u64;
    assert_eq!(rows, total);
    let (_, _, err) = run(&dir, &args);
    assert!(err.contains("0 new encounters"), "{err}");
}

#[test]
fn the_sample_s_chains_are_whole_and_a_changed_byte_is_named() {
    let dir = kit::practice();
    let (code, said, _) = run(&dir, &["audit", "verify"]);
    assert_eq!((code, said.trim()), (0, "Every chain is whole."));
    let (code, _, why) = run(&dir, &["user", "add", "dlee", "--role", "admin"]);
    assert!(code != 0 && why.contains("only a person with the role admin"), "{why}");
    let (path, key_path) = (dir.path().join("hub.db"), dir.path().join("hub.key"));
    let key = codesk::store::Key::read(&key_path).unwrap();
    let conn = codesk::sqlite::open(&path, &key, &key_path, codesk::sqlite::OpenMode::Write, 100).unwrap();
    let row = "UPDATE log SET digest = zeroblob(32) WHERE scope = 'clinic' AND pos = 40";
    assert_eq!(conn.execute(row, []).unwrap(), 1);
    drop(conn);
    let (code, said, _) = run(&dir, &["audit", "verify", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &line["whole"], &line["first_bad"]["pos"]), (1, &false.into(), &40.into()), "{said}");
    assert_eq!(line["first_bad"]["scope"], "clinic");
}
