//! `kill -9` at random moments of a typed session: every change that showed as saved is there, whole.
//!
//! The session adds and removes diagnoses one after another; each change writes records, a work item, an outbox
//! row and an audit row in one transaction. After the kill the cache must open, hold at least as many new
//! changes as the screen called saved, and agree with itself. `CODESK_KILLS` sets how often (200).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use codesk::domain::Scope;
use codesk::store::{Store, StorePaths};
use kit::{Term, practice};
use std::time::{Duration, Instant};

/// The number after `saved` in the header.
fn saved(text: &str) -> u64 {
    let head = text.lines().next().unwrap_or("");
    head.split("saved ")
        .nth(1)
        .and_then(|t| t.split_whitespace().next())
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

/// Changes ever made in the clinic, after everything in the file was held against everything else.
fn changes(dir: &tempfile::TempDir, round: u64) -> u64 {
    let mut store =
        Store::open(&StorePaths::in_folder(dir.path())).unwrap_or_else(|e| panic!("round {round}: {e}"));
    assert_eq!(
        store.repair_work_items().unwrap(),
        0,
        "round {round}: a list row was not what its records say"
    );
    assert_eq!(store.audit_verify().unwrap(), None, "round {round}: the audit chain is broken");
    store.sequence(&Scope("clinic".into())).unwrap().1
}

#[test]
fn nothing_that_showed_as_saved_is_lost() {
    let kills: u64 = std::env::var("CODESK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let dir = practice();
    let codes =
        ["i10", "e119", "e785", "n1831", "j449", "k219", "f411", "g4733", "l570", "e039", "d649", "r51.9"];
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let (mut shown, mut stored) = (0, 0);
    let mut before = changes(&dir, 0);
    for round in 1..=kills {
        random = random.rotate_left(13).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(round);
        let mut term = Term::start(&dir, &["demo"], (100, 30), &[]);
        term.wait_for("10023");
        term.send(b"\r");
        term.wait_for("PROGRESS NOTE");
        // What the last round left is removed first: a code that is there already would not be posted.
        term.send(b"xxxxxxxx");
        // The code book is open once the first code is posted.
        term.send(b"/z23\r");
        term.wait_for("Z23");
        term.send(b"x");
        term.wait_gone("Z23");
        let wanted = Duration::from_millis(20 + random % 600);
        let (start, mut typed) = (Instant::now(), 0);
        while start.elapsed() < wanted {
            let at = random as usize % codes.len() + typed;
            let (one, two) = (codes[at % codes.len()], codes[(at + 1) % codes.len()]);
            // Two in, changed places and back, out again: there is always something to write.
            term.send(format!("/{one}\r/{two}\rKJKJxx").as_bytes());
            typed += 1;
            std::thread::sleep(Duration::from_millis(12));
        }
        let seen = saved(&term.text());
        term.signal("KILL");
        term.child.wait().expect("it ends");
        let now = changes(&dir, round);
        assert!(now - before >= seen, "round {round}: {seen} showed as saved, {} are there", now - before);
        shown += seen;
        stored += now - before;
        before = now;
    }
    assert!(shown > kills * 5, "the session changed next to nothing: {shown} in {kills} rounds");
    println!("{kills} kills, {shown} changes showed as saved, {stored} are stored, lost 0");
}
