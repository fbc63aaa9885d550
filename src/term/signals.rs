//! The signal thread: what the system asks for becomes a message.
//!
//! Owns TERM, HUP, INT, QUIT, WINCH, CONT and TSTP. A second request to end gives the terminal back and ends the
//! process at once, so that a stuck program can always be left; therefore this thread never waits for anybody.
//! TSTP is taken and dropped: a full-screen program with a lease on an encounter does not go to the background.
//! PIPE is ignored by the Rust runtime: a write to a closed pipe is an error, not an end.

use crossbeam_channel::Sender;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End, in order: store what is pending, give the terminal back.
    Quit,
    /// The terminal is gone: the same, but nothing can be written to it.
    HangUp,
    /// Ask for the size and draw everything again.
    Resize,
}

/// Starts the thread. Do so before the terminal is touched: a signal that came in between would leave it raw.
pub fn watch(out: Sender<Signal>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = 0;
        for signal in signals.forever() {
            let message = match signal {
                SIGTSTP => continue,
                SIGCONT => {
                    super::session::resume();
                    Signal::Resize
                }
                SIGWINCH => Signal::Resize,
                SIGHUP => Signal::HangUp,
                _ => Signal::Quit,
            };
            if message == Signal::Resize {
                // One that waits to be read says it all; while a window is dragged they come by the hundred.
                if out.is_empty() {
                    let _ = out.try_send(message);
                }
                continue;
            }
            asked += 1;
            let deaf = out.try_send(message).is_err();
            if asked > 1 || deaf {
                super::restore();
                std::process::exit(130);
            }
        }
    })?;
    Ok(())
}
