//! The terminal itself: entering and leaving it, signals, one write a frame.
//!
//! Owns the guard that gives the terminal back whatever happens (quit, error, panic, signal, hang-up), the
//! signal thread, the frame writer and the pace of frames. Never knows what is painted.

mod canvas;
mod clipboard;
mod frame_writer;
mod pace;
mod session;
mod signals;
mod size;

pub use canvas::Canvas;
pub use clipboard::{Clipboard, ClipboardError};
pub use frame_writer::{FrameWriter, Presented};
pub use pace::Pace;
pub use session::{RawOut, Session, TermError, restore, resume};
pub use signals::{Signal, watch};
pub use size::size;
