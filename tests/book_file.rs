//! The code book's file: a kill while it is made leaves the old one, changed tables make it anew, and the
//! workstation is on the screen before it is ready.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use codesk::codes::{CodeSystem, SiteTables, Tables};
use codesk::codes_file;
use kit::{Term, command, practice};
use std::process::Stdio;
use std::time::Duration;

fn of_a_site() -> Tables {
    Tables::with_site(SiteTables {
        titles: vec![(CodeSystem::Hcpcs, "G9999".into(), "A title of this site".into())],
        ..SiteTables::default()
    })
}

/// The program's own look-up over the book in `book`; it makes the book first where that is of other tables.
fn search(dir: &tempfile::TempDir, book: &tempfile::TempDir) -> std::process::Command {
    let mut c = command(dir);
    c.env("CODESK_BOOK_DIR", book.path()).args(["search", "htn"]).stdin(Stdio::null());
    c
}

#[test]
fn a_kill_while_the_book_is_made_leaves_the_old_one() {
    let (dir, book) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    codes_file::open_with(book.path(), &of_a_site(), &mut |_, _| {}).unwrap();
    let path = codes_file::path_in(book.path());
    let old = std::fs::read(&path).unwrap();
    for wait in [5u64, 60, 150, 300, 500, 800] {
        let mut child =
            search(&dir, &book).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("codesk starts");
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        // Whole, whichever it is: a machine this quick may have been done already.
        let mut made = 0;
        let now = codes_file::open_with(book.path(), &of_a_site(), &mut |_, _| made += 1).unwrap();
        assert!(now.lookup(CodeSystem::Hcpcs, "G9999").is_some());
        if made == 0 {
            assert!(std::fs::read(&path).unwrap() == old, "killed after {wait} ms: the file has changed");
        }
    }
    // Other tables than the file's: made anew, and the answer is of the new ones.
    let out = search(&dir, &book).output().expect("codesk starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stderr).contains("making the code book"));
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("I10"));
    let mut made = 0;
    let now = codes_file::open(book.path(), &mut |_, _| made += 1).unwrap();
    assert_eq!((made, now.tables_hash()), (0, Tables::shipped().hash()));
    assert!(now.lookup(CodeSystem::Hcpcs, "G9999").is_none());
}

#[test]
fn the_workstation_is_there_before_the_book() {
    let (dir, book) = (practice(), tempfile::tempdir().unwrap());
    let place = book.path().display().to_string();
    let mut term = Term::start(&dir, &["demo"], (120, 36), &[("CODESK_BOOK_DIR", &place)]);
    term.wait_for("Lakeside");
    assert!(!codes_file::path_in(book.path()).exists(), "the first frame waited for the code book");
    term.wait_for(" %");
    // Typed before it is ready, answered when it is.
    term.send(b"\r/htn");
    term.wait_for("I10");
    assert!(codes_file::path_in(book.path()).exists());
    term.signal("TERM");
    term.wait_exit();
}
