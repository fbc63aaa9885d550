//! The session guard alone, in a real pseudo-terminal: what it took it gives back, whoever ends it.
//!
//! This test program starts itself: `child` below is what runs inside the pseudo-terminal.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use codesk::term::{self, RawOut, Session, Signal};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PART: &str = "CODESK_SESSION_TEST";
const LONG: Duration = Duration::from_secs(20);

/// The inner program. As a test of its own, outside the pseudo-terminal, it does nothing.
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    let (out, signals) = crossbeam_channel::bounded(16);
    term::watch(out).expect("the signal thread starts");
    let session = match Session::enter() {
        Ok(s) => s,
        Err(e) => {
            println!("refused: {e}");
            return;
        }
    };
    say("entered");
    let next = || signals.recv_timeout(LONG).expect("a signal");
    match part.as_str() {
        "drop" => {
            drop(session);
            // A frame that comes late is not painted over the shell.
            say("late frame");
            println!("after");
        }
        "panic" => panic!("asked for by the test"),
        "worker" => {
            let died = std::thread::spawn(|| panic!("a worker died")).join();
            assert!(died.is_err());
            assert_eq!(next(), Signal::Quit);
            println!("ended in order");
        }
        "signal" => {
            let got = next();
            drop(session);
            println!("got {got:?}");
        }
        "stuck" => loop {
            say(&"x".repeat(4096));
        },
        "stopped" => {
            while next() != Signal::Resize {}
            say("drawn again");
            assert_eq!(next(), Signal::Quit);
        }
        other => panic!("no part {other}"),
    }
}

fn say(text: &str) {
    RawOut.write_all(text.as_bytes()).expect("the terminal takes bytes");
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Vec<u8>>>,
    before: String,
}

/// Starts one part of `child`; `reads` is whether anybody reads what it writes.
fn start(part: &str, reads: bool) -> Pty {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let before = format!("{:?}", pair.master.get_termios());
    let mut cmd = CommandBuilder::new(std::env::current_exe().expect("this program"));
    // The pseudo-terminal library starts in HOME by default, which need not exist.
    cmd.cwd(std::env::temp_dir());
    cmd.args(["--exact", "child", "--nocapture"]);
    cmd.env(PART, part);
    // A backtrace would scroll the message away.
    cmd.env("RUST_BACKTRACE", "0");
    let child = pair.slave.spawn_command(cmd).expect("starts");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let into = seen.clone();
    std::thread::spawn(move || {
        let mut buffer = [0u8; 4096];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..n]);
            while !reads && contains(&into.lock().unwrap(), "entered") {
                std::thread::sleep(Duration::from_millis(20));
                if Arc::strong_count(&into) == 1 {
                    return;
                }
            }
        }
    });
    Pty { master: pair.master, child, seen, before }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}

impl Pty {
    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    fn until(&mut self, what: &str, done: impl Fn(&mut Pty) -> bool) {
        let end = Instant::now() + LONG;
        while !done(self) {
            assert!(Instant::now() < end, "waited for {what}; written:\n{}", self.seen().escape_debug());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn until_seen(&mut self, text: &str) {
        self.until(text, |p| p.seen().contains(text));
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().expect("runs").to_string();
        let done = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(done.expect("kill runs").success());
    }

    fn is_raw(&self) -> bool {
        format!("{:?}", self.master.get_termios()) != self.before
    }

    fn until_ended(&mut self) {
        self.until("the end", |p| p.child.try_wait().expect("can be waited for").is_some());
    }

    /// Screen and settings are as before, and what was written after is on the user's own screen.
    fn assert_given_back(&mut self, last_words: &str) {
        self.until_seen(last_words);
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before);
        let mut screen = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        screen.process(&self.seen.lock().unwrap());
        let s = screen.screen();
        assert!(!s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        assert!(s.contents().contains(last_words), "{}", s.contents());
        assert_eq!(self.seen().matches("\x1b[?1049l").count(), 1, "given back twice");
        assert!(!self.seen().contains("late frame"));
    }
}

#[test]
fn drop_and_panic_give_the_terminal_back_once() {
    for (part, last) in [("drop", "after"), ("panic", "asked for by the test")] {
        let mut p = start(part, true);
        p.until_ended();
        p.assert_given_back(last);
    }
}

#[test]
fn a_dead_worker_ends_the_program_in_order() {
    let mut p = start("worker", true);
    p.until_ended();
    p.assert_given_back("ended in order");
    p.assert_given_back("a worker died");
}

#[test]
fn signals_to_end_are_told_and_stopping_by_key_is_not_possible() {
    for (signal, told) in
        [("TERM", "got Quit"), ("INT", "got Quit"), ("QUIT", "got Quit"), ("HUP", "got HangUp")]
    {
        let mut p = start("signal", true);
        p.until_seen("entered");
        assert!(p.is_raw());
        p.signal("TSTP");
        p.signal(signal);
        p.until_ended();
        p.assert_given_back(told);
    }
}

#[test]
fn a_program_stuck_on_a_terminal_that_does_not_read_can_be_ended() {
    let mut p = start("stuck", false);
    p.until_seen("entered");
    // Two that come close together are one to the kernel: ask until it has gone.
    p.until("the end", |p| {
        let ended = p.child.try_wait().expect("can be waited for").is_some();
        if !ended {
            p.signal("TERM");
            std::thread::sleep(Duration::from_millis(100));
        }
        ended
    });
    assert_eq!(format!("{:?}", p.master.get_termios()), p.before);
}

#[test]
fn after_a_stop_the_terminal_is_taken_again_and_drawn() {
    let mut p = start("stopped", true);
    p.until_seen("entered");
    p.signal("STOP");
    std::thread::sleep(Duration::from_millis(50));
    p.signal("CONT");
    p.until_seen("drawn again");
    assert_eq!(p.seen().matches("\x1b[?1049h").count(), 2);
    assert!(p.is_raw());
    p.signal("TERM");
    p.until_ended();
}

#[test]
fn without_a_terminal_it_is_refused_in_a_sentence() {
    let mut cmd = std::process::Command::new(std::env::current_exe().expect("this program"));
    let out = cmd.args(["--exact", "child", "--nocapture"]).env(PART, "drop").output().expect("starts");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("refused: codesk needs a terminal"), "{text}");
    assert!(!text.contains('\x1b'), "{text:?}");
}
