//! The input thread: reads the terminal, decodes, sends.
//!
//! Owns the reading end of the terminal. Ends by itself when the terminal hangs up: a bare reader of a dead
//! terminal would spin. Wakes only for bytes and for the Esc joiner; never polls on a timer.

use super::decode::{Decoder, InputEvent};
use crossbeam_channel::Sender;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use std::thread::JoinHandle;
use std::time::Instant;

/// What the input thread tells.
#[derive(Debug, PartialEq, Eq)]
pub enum FromTerminal {
    Event(InputEvent),
    /// The terminal is gone.
    HangUp,
}

/// Starts the thread. It ends at hang-up or when nobody listens any more.
pub fn spawn(out: Sender<FromTerminal>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("input".into()).spawn(move || {
        run(&out);
        // Whatever ended the reading, the program must not go on deaf.
        let _ = out.send(FromTerminal::HangUp);
    })
}

fn run(out: &Sender<FromTerminal>) {
    let stdin = std::io::stdin();
    let mut decoder = Decoder::default();
    let mut buffer = [0u8; 4096];
    loop {
        let timeout = decoder.deadline().map(|d| d.saturating_duration_since(Instant::now()));
        let timeout =
            timeout.map(|t| Timespec { tv_sec: 0, tv_nsec: i64::from(t.subsec_nanos()) + 1_000_000 });
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => {
                if !send(out, decoder.timeout(Instant::now())) {
                    return;
                }
                continue;
            }
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let ready = fds[0].revents();
        if ready.contains(PollFlags::IN) {
            match rustix::io::read(stdin.as_fd(), &mut buffer[..]) {
                Ok(0) => return,
                Ok(n) => {
                    if !send(out, decoder.feed(&buffer[..n], Instant::now())) {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return,
            }
        } else if ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
    }
}

fn send(out: &Sender<FromTerminal>, events: Vec<InputEvent>) -> bool {
    events.into_iter().all(|e| out.send(FromTerminal::Event(e)).is_ok())
}
