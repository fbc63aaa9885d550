//! The session guard: raw mode, alternate screen, bracketed paste; and giving all of it back.
//!
//! Owns what was changed about the terminal. `restore` is idempotent and may run from drop, from the panic
//! hook and from the signal thread; whoever is first does it. No query is sent at start: an answer that comes
//! late would be read as keys.

use rustix::termios::{self, OptionalActions, Termios};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;

#[derive(Debug, thiserror::Error)]
pub enum TermError {
    #[error(
        "codesk needs a terminal: standard input and output must not be redirected (see codesk --help for commands that may)"
    )]
    NotATerminal,
    #[error("the terminal cannot be set up: {0}")]
    Io(#[from] std::io::Error),
}

impl From<rustix::io::Errno> for TermError {
    fn from(e: rustix::io::Errno) -> TermError {
        TermError::Io(e.into())
    }
}

/// The terminal's own settings while we hold it; `None` when it has been given back.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Alternate screen, cleared, no wrap at the edge, bracketed paste, cursor hidden.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?7l\x1b[?2004h\x1b[?25l";
/// End of a synchronized update first: a frame may have been cut in the middle.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";

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
        if let Ok(mut saved) = SAVED.lock() {
            *saved = Some(before);
        }
        let session = Session(());
        termios::tcsetattr(&stdin, OptionalActions::Flush, &raw)?;
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            previous(info);
        }));
        let mut out = stdout.lock();
        out.write_all(ENTER)?;
        out.flush()?;
        Ok(session)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; does nothing the second time.
pub fn restore() {
    // A poisoned lock still holds the settings, and they still have to be given back.
    let saved = match SAVED.lock() {
        Ok(mut s) => s.take(),
        Err(mut poisoned) => poisoned.get_mut().take(),
    };
    let Some(before) = saved else { return };
    // Straight to the descriptor: the standard lock may be held by the thread that panicked.
    let stdout = rustix::stdio::stdout();
    let mut rest = LEAVE;
    while !rest.is_empty() {
        match rustix::io::write(stdout, rest) {
            Ok(0) | Err(_) => break,
            Ok(n) => rest = &rest[n..],
        }
    }
    let _ = termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &before);
}

/// Columns and rows; 80x24 where the terminal does not say.
pub fn size() -> (u16, u16) {
    match termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(s) if s.ws_col > 0 && s.ws_row > 0 => (s.ws_col, s.ws_row),
        _ => (80, 24),
    }
}

/// Standard output without a buffer of its own: a frame goes out as it is, in one write.
pub struct RawOut;

impl Write for RawOut {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        loop {
            match rustix::io::write(rustix::stdio::stdout(), bytes) {
                Ok(n) => return Ok(n),
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
