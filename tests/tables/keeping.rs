//! Releases in the data directory: one name for one content, nothing half-loaded, handed on whole.

use crate::*;
use std::process::Command;

fn codesk(dir: &Path) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_codesk"));
    c.env("CODESK_DATA_DIR", dir).env_remove("CODESK_BOOK_DIR");
    c
}

#[test]
fn the_same_content_has_one_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    let first = import(&mut s, POA).unwrap();
    assert!(!first[0].already);
    let again = import(&mut s, POA).unwrap();
    assert!(again[0].already && again[0].loaded.hash == first[0].loaded.hash);
    assert_eq!(s.releases().len(), 1);
    // another line end, another file, the same table
    let unix = dir.path().join("list.txt");
    std::fs::write(&unix, String::from_utf8(bytes(POA)).unwrap().replace("\r\n", "\n")).unwrap();
    assert!(s.import(&unix, &Stated::default(), now()).unwrap()[0].already);
    // an exported table is read back under the same name, by another site
    let content = s.content(&first[0].loaded.hash).unwrap();
    let handed = dir.path().join("handed-on");
    std::fs::write(&handed, content).unwrap();
    let other = tempfile::tempdir().unwrap();
    let got = store(other.path()).import(&handed, &Stated::default(), now()).unwrap();
    assert_eq!(got[0].loaded.hash, first[0].loaded.hash);
    // taken out, it is gone
    s.remove(&first[0].loaded.hash).unwrap();
    assert!(store(dir.path()).releases().is_empty());
}

#[test]
fn a_damaged_table_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    let hash = import(&mut s, MODIFIERS).unwrap()[0].loaded.hash.clone();
    let ok = codesk(dir.path()).args(["tables", "verify"]).output().unwrap();
    assert!(ok.status.success());
    let path = dir.path().join("tables").join(format!("{hash}.gz"));
    let mut kept = std::fs::read(&path).unwrap();
    let middle = kept.len() / 2;
    kept[middle] ^= 1;
    std::fs::write(&path, kept).unwrap();
    assert!(s.release(&hash).is_err());
    let bad = codesk(dir.path()).args(["tables", "verify", "--json"]).output().unwrap();
    assert_eq!(bad.status.code(), Some(1));
    let line: serde_json::Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!((line["ok"].as_bool(), line["hash"].as_str()), (Some(false), Some(hash.as_str())));
}

#[test]
fn a_list_of_tables_of_another_program_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("tables")).unwrap();
    let manifest = dir.path().join("tables/manifest.json");
    std::fs::write(&manifest, "{\"form\":9,\"releases\":[]}").unwrap();
    let error = TableStore::open(dir.path()).err().unwrap().to_string();
    assert!(error.contains("manifest.json") && error.contains("form 9"), "{error}");
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "{\"form\":9,\"releases\":[]}");
}

#[test]
fn the_command_line_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("page.html");
    std::fs::write(&bad, "<html/>").unwrap();
    let run = |args: &[&str]| {
        let out = codesk(dir.path()).args(args).output().unwrap();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (bad, good) = (bad.to_str().unwrap().to_string(), file(MODIFIERS).to_str().unwrap().to_string());
    // one refused, the other loaded all the same
    let (code, out, err) = run(&["tables", "import", &bad, &good, "--json"]);
    assert_eq!(code, Some(1), "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines[0]["refused"].as_str().unwrap().contains("<html>") && lines[0]["line"] == 1);
    assert_eq!((lines[1]["kind"].as_str(), lines[1]["rows"].as_u64()), (Some("modifiers"), Some(371)));
    assert!(err.contains("page.html line 1:"), "{err}");
    let (code, _, err) = run(&["tables", "import", "/nowhere/at/all"]);
    assert_eq!(code, Some(2), "{err}");
    let (code, out, _) = run(&["tables", "list"]);
    assert!(code == Some(0) && out.contains("371 modifiers") && out.contains("hcpcs_modifiers_2020-10.tsv"));
    assert!(out.contains("shipped with the program") && out.contains("licence:"));
    let (code, out, _) = run(&["tables", "export", "modifiers"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("{\"codesk_table\":1,\"system\":\"hcpcs\"") && out.lines().count() == 372);
    let (code, _, err) = run(&["tables", "export", "ffff"]);
    assert!(code == Some(2) && err.contains("no loaded table"), "{err}");
}

/// An import killed at any moment leaves the old set of tables or the new one, and every table whole.
#[test]
fn a_killed_import_leaves_the_old_set_or_the_new() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    import(&mut s, MODIFIERS).unwrap();
    let old = s.releases().to_vec();
    let (mut kept, mut done) = (0, 0);
    for round in 0..40u64 {
        let mut child = codesk(dir.path())
            .args(["tables", "import", file(CM_INDEX).to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 23 % 700));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = store(dir.path());
        match after.releases().len() {
            1 => kept += 1,
            2 => done += 1,
            n => panic!("{n} tables"),
        }
        assert_eq!(after.releases()[..1], old);
        for r in after.releases() {
            after.release(&r.hash).unwrap();
        }
        if let Some(new) = after.releases().get(1) {
            let hash = new.hash.clone();
            store(dir.path()).remove(&hash).unwrap();
        }
    }
    eprintln!("killed 40 times: {kept} times the old set, {done} times the new");
    // the files of imports that were cut off do not hinder the next
    import(&mut store(dir.path()), CM_INDEX).unwrap();
}
