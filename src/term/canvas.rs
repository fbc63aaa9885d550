//! The screen as last painted, and what has to be written to make it the new one.
//!
//! Owns the two buffers, the diff and where the terminal's cursor stands. ratatui's own `Terminal` writes
//! cursor codes on every draw; here a frame that changes nothing is zero bytes.

use super::frame_writer::{FrameWriter, Presented};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::{buffer::Buffer, layout::Position, layout::Rect};
use std::io::{self, Write};

pub struct Canvas {
    shown: Buffer,
    next: Buffer,
    /// Where the cursor is shown; `None` while it is hidden.
    cursor: Option<Position>,
    writer: FrameWriter,
    /// Nothing on the terminal can be trusted: write every cell.
    stale: bool,
}

impl Canvas {
    pub fn new(w: u16, h: u16) -> Canvas {
        let area = Rect::new(0, 0, w, h);
        Canvas {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            writer: FrameWriter::default(),
            stale: false,
        }
    }

    pub fn resize(&mut self, w: u16, h: u16) {
        let area = Rect::new(0, 0, w, h);
        if area != self.shown.area {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
        }
        self.stale = true;
    }

    /// Writes everything at the next frame.
    pub fn redraw(&mut self) {
        self.stale = true;
    }

    /// The buffer to paint into: empty.
    pub fn buffer(&mut self) -> &mut Buffer {
        self.next.reset();
        &mut self.next
    }

    /// Sends what differs from the last frame, in one write; nothing when nothing does.
    pub fn present(&mut self, cursor: Option<(u16, u16)>, out: &mut impl Write) -> io::Result<Presented> {
        let area = self.next.area;
        let cursor = cursor.filter(|(x, y)| *x < area.width && *y < area.height).map(Position::from);
        let mut backend = CrosstermBackend::new(&mut self.writer);
        if std::mem::take(&mut self.stale) {
            backend.clear()?;
            self.shown.reset();
        }
        let changes = self.shown.diff(&self.next);
        let moved = !changes.is_empty();
        if moved {
            // A visible cursor would be dragged over the screen by the writing.
            backend.draw(changes.into_iter())?;
        }
        match (self.cursor, cursor) {
            (_, Some(at)) if moved || self.cursor != cursor => {
                backend.set_cursor_position(at)?;
                if self.cursor.is_none() {
                    backend.show_cursor()?;
                }
            }
            (Some(_), None) => backend.hide_cursor()?,
            _ => {}
        }
        self.cursor = cursor;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.writer.present(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn an_unchanged_frame_is_zero_bytes_and_a_change_is_small() {
        let mut c = Canvas::new(80, 24);
        let mut out = Vec::new();
        let mut frame = |text: &str, cursor| {
            c.buffer().set_string(0, 0, text, Style::default());
            out.clear();
            c.present(cursor, &mut out).unwrap().bytes
        };
        assert!(frame("diab ckd", None) > 0);
        assert_eq!(frame("diab ckd", None), 0);
        let one = frame("diab ckx", None);
        assert!(one > 0 && one < 60, "{one}");
        assert!(frame("diab ckx", Some((3, 0))) > 0);
        assert_eq!(frame("diab ckx", Some((3, 0))), 0);
        assert!(frame("diab ckx", None) > 0);
    }
}
