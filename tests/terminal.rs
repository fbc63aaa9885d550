//! What the terminal owes its user: it is given back, nothing typed acts by mistake, and it is quiet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::{Term, practice};
use std::time::{Duration, Instant};

const SIZE: (u16, u16) = (100, 30);

fn started(dir: &tempfile::TempDir, env: &[(&str, &str)]) -> Term {
    let term = Term::start(dir, &["demo"], SIZE, env);
    term.wait_for("10023");
    term
}

fn assert_given_back(term: &Term) {
    assert!(!term.alternate(), "the alternate screen was not left");
    assert!(!term.cursor_hidden(), "the cursor stays hidden");
    assert!(!term.bracketed_paste(), "bracketed paste stays on");
}

#[test]
fn the_terminal_is_given_back_after_quit_and_signals() {
    let dir = practice();
    let mut term = started(&dir, &[]);
    assert!(term.alternate() && term.bracketed_paste());
    term.send(b"q");
    assert_eq!(term.wait_exit(), 0);
    assert_given_back(&term);
    for signal in ["TERM", "HUP", "INT"] {
        let mut term = started(&dir, &[]);
        term.signal(signal);
        term.wait_exit();
        assert_given_back(&term);
    }
}

#[test]
fn the_terminal_is_given_back_after_a_panic() {
    let dir = practice();
    let mut term = Term::start(&dir, &["demo", "--test-panic"], SIZE, &[]);
    term.wait_for("10023");
    term.send(b"\x07");
    assert_ne!(term.wait_exit(), 0);
    assert_given_back(&term);
    assert!(!term.text().contains("Alvarez"), "a panic message shows a name");
}

#[test]
fn a_hung_up_terminal_ends_the_process() {
    let dir = practice();
    let term = started(&dir, &[]);
    let mut child = term.hang_up();
    let until = Instant::now() + Duration::from_secs(10);
    while child.try_wait().expect("can be waited for").is_none() {
        assert!(Instant::now() < until, "the process outlives its terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn split_arrow_keys_never_act_as_commands() {
    let dir = practice();
    let mut term = started(&dir, &[]);
    term.send(b"\r");
    term.wait_for("PROGRESS NOTE");
    term.settle();
    for pause in [5, 60, 110] {
        for part in [&b"\x1b"[..], b"[", b"B"] {
            term.send(part);
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
    term.settle();
    // Esc may have left the encounter; nothing was changed and no document was turned.
    assert!(!term.text().contains("saved"), "{}", term.text());
    assert!(!term.text().contains("first document"), "{}", term.text());
}

#[test]
fn no_color_keeps_the_selection_visible() {
    let dir = practice();
    let mut term = started(&dir, &[("NO_COLOR", "1")]);
    assert!(term.is_reversed("10023"), "the selected row is not in reverse video:\n{}", term.text());
    let raw = term.raw.lock().unwrap().clone();
    let raw = String::from_utf8_lossy(&raw).into_owned();
    assert!(!raw.contains("\x1b[38;") && !raw.contains("\x1b[31m"), "colour was written under NO_COLOR");
    term.send(b"q");
    term.wait_exit();
}

#[test]
fn a_paste_never_runs_commands() {
    let dir = practice();
    let mut term = started(&dir, &[]);
    term.send(b"\x1b[200~q\n\n.xx\x1b[201~");
    term.wait_for("pasted text was not used");
    term.send(b"\r");
    term.wait_for("PROGRESS NOTE");
    term.send(b"/");
    term.wait_for("Find diagnosis");
    term.send(b"\x1b[200~diab\nckd\x1b[201~");
    term.wait_for("> diab ckd");
    assert!(!term.text().contains("saved"));
}

#[test]
fn idle_is_silent() {
    let dir = practice();
    let term = started(&dir, &[]);
    term.settle();
    let before = term.raw.lock().unwrap().len();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(term.raw.lock().unwrap().len(), before, "bytes were written while nothing happened");
}

#[test]
fn a_burst_of_keys_is_a_few_frames() {
    let dir = practice();
    let mut term = started(&dir, &[]);
    term.settle();
    let before = term.raw.lock().unwrap().len();
    term.send(&b"j".repeat(200));
    term.settle();
    let raw = term.raw.lock().unwrap()[before..].to_vec();
    let frames = raw.windows(8).filter(|w| *w == b"\x1b[?2026h").count();
    assert!((1..100).contains(&frames), "{frames} frames for 200 keys");
}

#[test]
fn a_tiny_terminal_says_so_and_can_be_left() {
    let dir = practice();
    let mut term = Term::start(&dir, &["demo"], (20, 5), &[]);
    term.wait_for("codesk needs");
    term.resize(100, 30);
    term.wait_for("10023");
    term.resize(20, 5);
    term.wait_for("codesk needs");
    term.send(b"q");
    assert_eq!(term.wait_exit(), 0);
}

#[test]
fn a_second_instance_is_told_so() {
    let dir = practice();
    let _first = started(&dir, &[]);
    let mut second = Term::start(&dir, &["demo"], SIZE, &[]);
    second.wait_for("another codesk");
    assert_eq!(second.wait_exit(), 2);
}
