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
fn a_kill_while_the_book_is_made_leaves_the_old_file_or_a_whole_one() {
    let (dir, book) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    codes_file::open(book.path(), &mut |_, _| {}).unwrap();
    let path = codes_file::path_in(book.path());
    let whole = std::fs::read(&path).unwrap();
    // Half a book is made again at every start.
    let half = whole[..whole.len() / 2].to_vec();
    for wait in [5u64, 60, 150, 300, 500, 800] {
        std::fs::write(&path, &half).unwrap();
        let mut child =
            search(&dir, &book).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("codesk starts");
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        // Whole or the old one, whichever it is: a machine this quick may have been done already.
        let now = std::fs::read(&path).unwrap();
        assert!(now == half || now == whole, "killed after {wait} ms: a mixture of {} bytes", now.len());
    }
    let out = search(&dir, &book).output().expect("codesk starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("I10"));
    assert!(std::fs::read(&path).unwrap() == whole);
}

/// What a site has loaded is a book of its own; the shipped one stays beside it.
#[test]
fn other_tables_are_another_book() {
    let book = tempfile::tempdir().unwrap();
    let mut made = 0;
    let site = codes_file::open_tables(book.path(), &of_a_site(), &mut |_, _| made += 1).unwrap();
    assert!(made > 0 && site.lookup(CodeSystem::Hcpcs, "G9999").is_some());
    let shipped = codes_file::open(book.path(), &mut |_, _| {}).unwrap();
    assert_eq!(shipped.tables_hash(), Tables::shipped().hash());
    assert!(shipped.lookup(CodeSystem::Hcpcs, "G9999").is_none());
    made = 0;
    codes_file::open_tables(book.path(), &of_a_site(), &mut |_, _| made += 1).unwrap();
    codes_file::open(book.path(), &mut |_, _| made += 1).unwrap();
    assert_eq!(made, 0, "a book that was there was made again");
}

#[test]
fn the_workstation_is_there_before_the_book() {
    let (dir, book) = (practice(), tempfile::tempdir().unwrap());
    let place = book.path().display().to_string();
    let mut term = Term::start(&dir, &["demo"], (120, 36), &[("CODESK_BOOK_DIR", &place)]);
    term.wait_for("10023");
    assert!(!codes_file::path_in(book.path()).exists(), "the first frame waited for the code book");
    term.wait_for(" %");
    // Typed before it is ready, answered when it is.
    term.send(b"\r");
    term.wait_for("PROGRESS NOTE");
    term.send(b"/htn");
    term.wait_for("I10");
    assert!(codes_file::path_in(book.path()).exists());
    term.signal("TERM");
    term.wait_exit();
}
