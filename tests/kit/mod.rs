//! Helpers of the end-to-end tests: the program in a real pseudo-terminal, its screen read back.
//!
//! Waits are for something to be on the screen, never for a time to pass; a wait that fails prints the screen.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program as it is shipped when `CODESK_BIN` names it (tests/run does), else the one of this build.
pub fn codesk() -> PathBuf {
    std::env::var_os("CODESK_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_codesk")), PathBuf::from)
}

/// A data directory with the sample practice. The code book is shared by all tests: building it is the slow part.
pub fn practice() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let out = command(&dir).args(["demo", "--no-tui"]).output().expect("codesk starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    dir
}

/// `codesk` with an empty environment but for what it needs.
pub fn command(dir: &tempfile::TempDir) -> std::process::Command {
    let mut c = std::process::Command::new(codesk());
    c.env("CODESK_DATA_DIR", dir.path()).env("CODESK_BOOK_DIR", book_dir()).env_remove("NO_COLOR");
    c
}

pub fn book_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("book")
}

fn cells(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).expect("a terminal has rows and columns")
}

pub struct Term {
    master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    pub raw: Arc<Mutex<Vec<u8>>>,
    /// Set to let the reading thread end at its next read: it holds the terminal open.
    stop: Arc<AtomicBool>,
    reading: std::thread::JoinHandle<()>,
}

impl Term {
    pub fn start(dir: &tempfile::TempDir, args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Term {
        Term::start_program(codesk(), dir, args, size, env)
    }

    /// Starts something that becomes `codesk`: a wrapper around it.
    pub fn start_program(
        program: impl AsRef<std::ffi::OsStr>,
        dir: &tempfile::TempDir,
        args: &[&str],
        size: (u16, u16),
        env: &[(&str, &str)],
    ) -> Term {
        let pair = native_pty_system()
            .openpty(PtySize { rows: size.1, cols: size.0, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut cmd = CommandBuilder::new(program);
        cmd.args(args);
        // The pseudo-terminal library starts in HOME by default, which need not exist.
        cmd.cwd(dir.path());
        for name in ["NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "COLORTERM"] {
            cmd.env_remove(name);
        }
        cmd.env("TERM", "xterm-256color");
        cmd.env("CODESK_DATA_DIR", dir.path());
        cmd.env("CODESK_BOOK_DIR", book_dir());
        for (name, value) in env {
            cmd.env(name, value);
        }
        let child = pair.slave.spawn_command(cmd).expect("codesk starts");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(size.1), cells(size.0), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (screen2, raw2) = (screen.clone(), raw.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let stop2 = stop.clone();
        let reading = std::thread::spawn(move || {
            let mut buffer = [0u8; 65536];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || stop2.load(Ordering::SeqCst) {
                    return;
                }
                screen2.lock().unwrap().process(&buffer[..n]);
                raw2.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Term { master: pair.master, child, writer, screen, raw, stop, reading }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).expect("the program reads");
        self.writer.flush().expect("the program reads");
    }

    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether a cell of the row that holds `text` is in reverse video.
    pub fn is_reversed(&self, text: &str) -> bool {
        let guard = self.screen.lock().unwrap();
        let screen = guard.screen();
        let (rows, cols) = screen.size();
        let (rows, cols) = (rows.get(), cols.get());
        (0..rows).any(|r| {
            let line: String =
                (0..cols).filter_map(|c| screen.cell(r, c)).map(|c| c.contents().to_string()).collect();
            line.contains(text) && (0..cols).filter_map(|c| screen.cell(r, c)).any(|c| c.inverse())
        })
    }

    pub fn alternate(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    pub fn cursor_hidden(&self) -> bool {
        self.screen.lock().unwrap().screen().hide_cursor()
    }

    pub fn bracketed_paste(&self) -> bool {
        self.screen.lock().unwrap().screen().bracketed_paste()
    }

    pub fn resize(&mut self, w: u16, h: u16) {
        self.master.resize(PtySize { rows: h, cols: w, pixel_width: 0, pixel_height: 0 }).expect("resizes");
        self.screen.lock().unwrap().screen_mut().set_size(cells(h), cells(w));
    }

    pub fn try_wait_for(&self, wanted: &str, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            if self.text().contains(wanted) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    pub fn wait_for(&self, wanted: &str) {
        assert!(
            self.try_wait_for(wanted, Duration::from_secs(30)),
            "{wanted:?} did not appear on:\n{}",
            self.text()
        );
    }

    pub fn wait_gone(&self, unwanted: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.text().contains(unwanted) {
            assert!(Instant::now() < until, "{unwanted:?} is still on:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until nothing has been written for a while.
    pub fn settle(&self) {
        let mut last = self.raw.lock().unwrap().len();
        loop {
            std::thread::sleep(Duration::from_millis(120));
            let now = self.raw.lock().unwrap().len();
            if now == last {
                return;
            }
            last = now;
        }
    }

    pub fn wait_exit(&mut self) -> u32 {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().expect("can be waited for") {
                std::thread::sleep(Duration::from_millis(50));
                return status.exit_code();
            }
            assert!(Instant::now() < until, "the program did not end; screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("runs")
    }

    pub fn signal(&self, name: &str) {
        let done =
            std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(done.expect("kill runs").success());
    }

    /// Closes the terminal under the program, as a dropped connection does.
    pub fn hang_up(mut self) -> Box<dyn Child + Send + Sync> {
        self.stop.store(true, Ordering::SeqCst);
        self.send(b"j");
        self.reading.join().expect("the reading thread ends");
        drop(self.writer);
        drop(self.master);
        self.child
    }
}
