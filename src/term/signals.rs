//! The signal thread: what the system asks for becomes a message.
//!
//! Owns TERM, HUP, INT and WINCH. A second TERM or INT gives the terminal back and ends the process at once,
//! so that a stuck program can always be left.

use crossbeam_channel::Sender;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End, in order: store what is pending, give the terminal back.
    Quit,
    /// The terminal is gone: the same, but nothing can be written to it.
    HangUp,
    Resize,
}

/// Starts the thread.
pub fn watch(out: Sender<Signal>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGWINCH, SIGCONT])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = 0;
        for signal in signals.forever() {
            let message = match signal {
                SIGWINCH | SIGCONT => Signal::Resize,
                SIGHUP => Signal::HangUp,
                _ => Signal::Quit,
            };
            if message != Signal::Resize {
                asked += 1;
                if asked > 1 {
                    super::restore();
                    std::process::exit(130);
                }
            }
            if out.send(message).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
