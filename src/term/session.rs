//! The session guard: raw mode, alternate screen, bracketed paste; and giving all of it back.
//!
//! Owns what was changed about the terminal. `restore` is idempotent and may run from drop, from the panic hook
//! and from the signal thread; whoever is first does it, and it never waits for a terminal that does not read.
//! After it `RawOut` swallows frames: one that comes late must not be painted over the user's shell.
//! Never sends a query: an answer that comes late would be read as keys.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

#[derive(Debug, thiserror::Error)]
pub enum TermError {
    #[error(
        "codesk needs a terminal: standard input and output must not be redirected \
         (see codesk --help for commands that may)"
    )]
    NotATerminal,
    #[error("the terminal cannot be set up: {0}")]
    Io(#[from] std::io::Error),
}

impl From<Errno> for TermError {
    fn from(e: Errno) -> TermError {
        TermError::Io(e.into())
    }
}

/// The terminal's own settings, and ours.
struct Held {
    before: Termios,
    raw: Termios,
}

/// What we hold; `None` when it has been given back.
static HELD: Mutex<Option<Held>> = Mutex::new(None);
/// The terminal has been given back: nothing more is written to it.
static GIVEN_BACK: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Alternate screen, cleared, no wrap at the edge, bracketed paste, cursor hidden.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?7l\x1b[?2004h\x1b[?25l";
/// End of a synchronized update first: a frame may have been cut in the middle.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";
/// How long a terminal that does not read is waited for when it is given back.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 300_000_000 };

pub struct Session(());

impl Session {
    pub fn enter() -> Result<Session, TermError> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        if !stdin.is_terminal() || !stdout.is_terminal() {
            return Err(TermError::NotATerminal);
        }
        let before = termios::tcgetattr(&stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        let session = Session(());
        GIVEN_BACK.store(false, Ordering::SeqCst);
        *held() = Some(Held { before, raw: raw.clone() });
        hook_panics();
        termios::tcsetattr(&stdin, OptionalActions::Flush, &raw)?;
        RawOut.write_all(ENTER)?;
        Ok(session)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        restore();
    }
}

/// A poisoned lock still holds the settings, and they still have to be given back.
fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The message of a panic is written after the terminal was given back, or nobody would see it.
fn hook_panics() {
    let painter = std::thread::current().id();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let was_held = restore();
            previous(info);
            if was_held && std::thread::current().id() != painter {
                // A worker died, and the screen is gone. The loop would go on unseen: ask it to end in order, so
                // that what is pending is stored.
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
            }
        }));
    });
}

/// Gives the terminal back and says whether there was something to give; does nothing the second time.
pub fn restore() -> bool {
    let Some(Held { before, .. }) = held().take() else { return false };
    GIVEN_BACK.store(true, Ordering::SeqCst);
    // Straight to the descriptor: the standard lock may be held by the thread that panicked.
    let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
    let mut rest = LEAVE;
    while !rest.is_empty() && may_write(Some(&PATIENCE)) {
        match rustix::io::write(stdout, rest) {
            Ok(n) if n > 0 => rest = &rest[n..],
            Err(Errno::INTR | Errno::AGAIN) => {}
            _ => break,
        }
    }
    // What was typed and not read would be run by the shell. Not `OptionalActions::Flush`: it waits until all
    // output is read, for ever where nobody reads.
    let _ = termios::tcflush(stdin, QueueSelector::IFlush);
    let _ = termios::tcsetattr(stdin, OptionalActions::Now, &before);
    true
}

/// Takes the terminal again after the process was stopped and continued: the shell has used it in between.
/// Does nothing when it is not held, or while another program is in front (asking then would stop us again).
pub fn resume() {
    let Some(raw) = held().as_ref().map(|h| h.raw.clone()) else { return };
    let stdin = rustix::stdio::stdin();
    if termios::tcgetpgrp(stdin).ok() != Some(rustix::process::getpgrp()) {
        return;
    }
    if termios::tcsetattr(stdin, OptionalActions::Now, &raw).is_ok() && may_write(Some(&PATIENCE)) {
        let _ = rustix::io::write(rustix::stdio::stdout(), ENTER);
    }
}

/// Waits until standard output takes bytes, at most that long.
fn may_write(wait: Option<&Timespec>) -> bool {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
    matches!(poll(&mut fds, wait), Ok(n) if n > 0) && fds[0].revents().contains(PollFlags::OUT)
}

/// Standard output without a buffer of its own: a frame goes out as it is, in one write where it is taken whole.
pub struct RawOut;

impl Write for RawOut {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        loop {
            if GIVEN_BACK.load(Ordering::SeqCst) {
                return Ok(bytes.len());
            }
            match rustix::io::write(rustix::stdio::stdout(), bytes) {
                Ok(n) => return Ok(n),
                Err(Errno::INTR) => {}
                // Another program made the shared descriptor non-blocking; wait as a blocking write would.
                Err(Errno::AGAIN) => {
                    may_write(None);
                }
                Err(e) => return Err(e.into()),
            }
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
