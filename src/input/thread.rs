//! The input thread: reads the terminal, decodes, sends.
//!
//! Owns the reading end of the terminal. Wakes only for bytes, for the Esc joiner and to be stopped; never polls
//! on a timer. Ends by itself when the terminal hangs up: a bare reader of a dead terminal would spin.
//! Never interprets a key. The thread is called `input`; `spawn` is called once, by the event loop.

use super::decode::{Decoder, InputEvent};
use crossbeam_channel::Sender;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// What the input thread tells.
#[derive(Debug, PartialEq, Eq)]
pub enum FromTerminal {
    Event(InputEvent),
    /// The terminal is gone.
    HangUp,
}

/// The running thread. Dropping this leaves it running.
pub struct InputThread {
    thread: JoinHandle<()>,
    wake: Arc<OwnedFd>,
}

impl InputThread {
    /// Asks the thread to end without reading another byte. It tells nothing more; join to be sure it has ended,
    /// but only while its channel has room or nobody listens: it may be waiting to send.
    pub fn stop(self) -> JoinHandle<()> {
        let _ = rustix::io::write(&*self.wake, b"x");
        self.thread
    }
}

/// Starts the thread on standard input. It ends at hang-up or when nobody listens any more.
pub fn spawn(out: Sender<FromTerminal>) -> std::io::Result<InputThread> {
    spawn_on(std::io::stdin().as_fd().try_clone_to_owned()?, out)
}

/// The same on any descriptor.
pub fn spawn_on(terminal: OwnedFd, out: Sender<FromTerminal>) -> std::io::Result<InputThread> {
    let (woken, wake) = pipe_with(PipeFlags::CLOEXEC)?;
    let wake = Arc::new(wake);
    // The thread keeps the pipe open itself, so that dropping the handle does not look like being woken.
    let kept = wake.clone();
    let thread = std::thread::Builder::new().name("input".into()).spawn(move || {
        let _kept = kept;
        if run(terminal.as_fd(), woken.as_fd(), &out) == End::HangUp {
            // Whatever ended the reading, the program must not go on deaf.
            let _ = out.send(FromTerminal::HangUp);
        }
    })?;
    Ok(InputThread { thread, wake })
}

#[derive(PartialEq, Eq)]
enum End {
    HangUp,
    Asked,
}

fn run(terminal: BorrowedFd<'_>, woken: BorrowedFd<'_>, out: &Sender<FromTerminal>) -> End {
    let mut decoder = Decoder::default();
    let mut buffer = [0u8; 4096];
    loop {
        let wait = decoder.deadline().map(|d| timespec(d, Instant::now()));
        let mut fds = [PollFd::new(&terminal, PollFlags::IN), PollFd::new(&woken, PollFlags::IN)];
        match poll(&mut fds, wait.as_ref()) {
            Ok(0) => {
                if !send(out, decoder.timeout(Instant::now())) {
                    return End::Asked;
                }
                continue;
            }
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return End::HangUp,
        }
        if !fds[1].revents().is_empty() {
            return End::Asked;
        }
        let ready = fds[0].revents();
        // Bytes first: what was typed before a hang-up still counts, and reading tells the end as well.
        if ready.contains(PollFlags::IN) {
            match rustix::io::read(terminal, &mut buffer[..]) {
                Ok(0) => return End::HangUp,
                Ok(n) => {
                    if !send(out, decoder.feed(&buffer[..n], Instant::now())) {
                        return End::Asked;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return End::HangUp,
            }
        } else if ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return End::HangUp;
        }
    }
}

/// From now to the deadline, and a millisecond more: waking a little early would be a turn for nothing.
fn timespec(deadline: Instant, now: Instant) -> Timespec {
    let wait = deadline.saturating_duration_since(now) + std::time::Duration::from_millis(1);
    Timespec { tv_sec: wait.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: wait.subsec_nanos().into() }
}

fn send(out: &Sender<FromTerminal>, events: Vec<InputEvent>) -> bool {
    events.into_iter().all(|e| out.send(FromTerminal::Event(e)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::key::{Key, KeyCode};
    use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(20);

    fn start() -> (OwnedFd, InputThread, Receiver<FromTerminal>) {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let (out, events) = bounded(64);
        (write, spawn_on(read, out).unwrap(), events)
    }

    fn key(code: KeyCode) -> FromTerminal {
        FromTerminal::Event(InputEvent::Key(Key::plain(code)))
    }

    #[test]
    fn a_lone_esc_is_given_out_without_another_byte() {
        let (terminal, _thread, events) = start();
        rustix::io::write(&terminal, b"j\x1b").unwrap();
        assert_eq!(events.recv_timeout(LONG), Ok(key(KeyCode::Char('j'))));
        assert_eq!(events.recv_timeout(LONG), Ok(key(KeyCode::Esc)));
    }

    #[test]
    fn a_hung_up_terminal_is_told_once_and_ends_the_thread() {
        let (terminal, thread, events) = start();
        rustix::io::write(&terminal, b"\x1b[B").unwrap();
        drop(terminal);
        assert_eq!(events.recv_timeout(LONG), Ok(key(KeyCode::Down)));
        assert_eq!(events.recv_timeout(LONG), Ok(FromTerminal::HangUp));
        assert_eq!(events.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        thread.thread.join().unwrap();
    }

    #[test]
    fn it_is_stopped_while_it_waits_and_lives_on_without_its_handle() {
        let (_terminal, thread, events) = start();
        thread.stop().join().unwrap();
        assert_eq!(events.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));

        let (terminal, thread, events) = start();
        drop(thread);
        rustix::io::write(&terminal, b"q").unwrap();
        assert_eq!(events.recv_timeout(LONG), Ok(key(KeyCode::Char('q'))));
    }
}
