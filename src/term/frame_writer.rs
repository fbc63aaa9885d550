//! One frame, one write.
//!
//! Owns the bytes of the frame being painted. A frame goes out inside synchronized-update marks in a single
//! write(2); a frame that changed nothing writes nothing at all, not even the marks. Measured: an unguarded
//! ratatui draw writes some bytes on every redraw, and standard output splits a frame into several writes.

use std::io::{self, Write};
use std::time::{Duration, Instant};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Collects what the backend writes; give it to ratatui's crossterm backend by `&mut`.
#[derive(Default)]
pub struct FrameWriter {
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presented {
    pub bytes: usize,
    /// How long the terminal held the write: what a slow link feels like.
    pub blocked: Duration,
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameWriter {
    /// The bytes so far, for tests.
    pub fn pending(&self) -> &[u8] {
        &self.bytes
    }

    /// Throws away what was collected.
    pub fn discard(&mut self) {
        self.bytes.clear();
    }

    /// Sends the frame to `out`, a descriptor that is written in one call where it takes it.
    pub fn present(&mut self, out: &mut impl Write) -> io::Result<Presented> {
        if self.bytes.is_empty() {
            return Ok(Presented::default());
        }
        let mut frame = Vec::with_capacity(self.bytes.len() + BEGIN.len() + END.len());
        frame.extend_from_slice(BEGIN);
        frame.append(&mut self.bytes);
        frame.extend_from_slice(END);
        let start = Instant::now();
        out.write_all(&frame)?;
        Ok(Presented { bytes: frame.len(), blocked: start.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(Vec<usize>);
    impl Write for Count {
        fn write(&mut self, b: &[u8]) -> io::Result<usize> {
            self.0.push(b.len());
            Ok(b.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_and_an_empty_one_is_none() {
        let mut w = FrameWriter::default();
        let mut out = Count(Vec::new());
        assert_eq!(w.present(&mut out).unwrap().bytes, 0);
        for part in ["\x1b[1;1H", "codesk"] {
            w.write_all(part.as_bytes()).unwrap();
            w.flush().unwrap();
        }
        let sent = w.present(&mut out).unwrap();
        assert_eq!(out.0, [sent.bytes]);
        assert_eq!(w.present(&mut out).unwrap().bytes, 0);
    }
}
