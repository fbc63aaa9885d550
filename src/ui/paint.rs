//! Putting words on the screen: cut to columns, styled by role.
//!
//! Owns the few drawing verbs that every pane uses, so that all lists look alike. Coordinates are absolute.

use super::KeyName;
use crate::app::layout::Area;
use crate::app::{Command, Context};
use crate::domain::text;
use crate::theme::{Role, Theme};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use std::borrow::Cow;

pub struct Painter<'a, 'k> {
    pub buf: &'a mut Buffer,
    pub theme: &'a Theme,
    pub keys: &'a KeyName<'k>,
    /// Where the terminal's cursor goes, if a line is being typed.
    pub cursor: Option<(u16, u16)>,
}

/// Cut to `width` columns; what is cut off is shown by one `…`.
pub fn cut(text: &str, width: u16) -> Cow<'_, str> {
    text::cut(text, usize::from(width))
}

pub fn cols(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}

impl Painter<'_, '_> {
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    pub fn background(&mut self, area: Rect) {
        let style = self.theme.style(Role::Text);
        self.buf.set_style(area, style);
    }

    /// Text from `x`, at most `w` columns; returns the columns used.
    pub fn put(&mut self, x: u16, y: u16, w: u16, text: &str, role: Role) -> u16 {
        self.put_styled(x, y, w, text, self.theme.style(role))
    }

    pub fn put_styled(&mut self, x: u16, y: u16, w: u16, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        if y >= area.height || x >= area.width || w == 0 {
            return 0;
        }
        let w = w.min(area.width - x);
        // Notes are cleaned when they are opened; names, payers and messages come from senders as well.
        let text = text::clean_line(text);
        let text = text.as_ref();
        let (end, _) = self.buf.set_stringn(x, y, cut(text, w), usize::from(w), style);
        end.saturating_sub(x)
    }

    /// Text that ends at the right edge of the area; returns where it begins.
    pub fn right(&mut self, area: Area, y: u16, text: &str, role: Role) -> u16 {
        let w = cols(text).min(area.w);
        let x = area.x + area.w - w;
        self.put(x, y, w, text, role);
        x
    }

    /// A row in the style of the cursor, from edge to edge of the area.
    pub fn highlight(&mut self, area: Area, y: u16, role: Role) {
        let style = self.theme.style(role);
        if y < self.buf.area.height {
            let w = area.w.min(self.buf.area.width.saturating_sub(area.x));
            self.buf.set_style(Rect::new(area.x, y, w, 1), style);
        }
    }

    /// Empties an area, for what is laid over others.
    pub fn clear(&mut self, area: Area) {
        let whole = self.buf.area;
        let blank = " ".repeat(usize::from(area.w));
        let style = self.theme.style(Role::Text);
        for y in area.y..area.y.saturating_add(area.h).min(whole.height) {
            if area.x < whole.width {
                // Reset first: a style left by the pane below must not shine through.
                let w = area.w.min(whole.width - area.x);
                for x in area.x..area.x + w {
                    self.buf[(x, y)].reset();
                }
                self.buf.set_stringn(area.x, y, &blank, usize::from(w), style);
            }
        }
    }

    /// `▌Title ───────────── right`, the mark and bold only where the focus is.
    pub fn title(&mut self, area: Area, left: &str, right: &str, focused: bool) {
        if area.is_empty() {
            return;
        }
        let role = if focused { Role::TitleFocused } else { Role::Title };
        let y = area.y;
        let mark = if focused { "▌" } else { " " };
        let mut x = area.x + self.put(area.x, y, area.w, mark, role);
        let end = area.x + area.w;
        let right_w = if right.is_empty() { 0 } else { cols(right) + 1 };
        let room = end.saturating_sub(x).saturating_sub(right_w + 2);
        x += self.put(x, y, room, left, role);
        x += self.put(x, y, end.saturating_sub(x), " ", Role::Rule);
        let rule = end.saturating_sub(x).saturating_sub(right_w);
        self.put(x, y, rule, &"─".repeat(usize::from(rule)), Role::Rule);
        if !right.is_empty() {
            self.right(area, y, &format!(" {right}"), Role::Muted);
        }
    }

    /// The thin bar between two panes.
    pub fn bar(&mut self, area: Area) {
        for y in area.y..area.y + area.h {
            self.put(area.x, y, 1, "│", Role::Rule);
        }
    }

    /// A line of words broken to the width; returns the rows used, at most `most`.
    #[allow(clippy::too_many_arguments)]
    pub fn words(&mut self, x: u16, y: u16, w: u16, most: u16, text: &str, role: Role) -> u16 {
        let rows = crate::app::reading::wrap(text, usize::from(w));
        let n = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(most);
        for (i, row) in rows.iter().take(usize::from(n)).enumerate() {
            let last = i + 1 == usize::from(n) && rows.len() > usize::from(n);
            let piece = if last {
                format!("{}…", &text[row.start..row.end])
            } else {
                text[row.start..row.end].to_string()
            };
            self.put(x, y + i as u16, w, &piece, role);
        }
        n
    }

    /// Key and words, `/ find code`; returns the columns used.
    pub fn hint(&mut self, x: u16, y: u16, w: u16, context: Context, command: Command, words: &str) -> u16 {
        let Some(key) = (self.keys)(context, command) else { return 0 };
        let need = cols(&key) + 1 + cols(words);
        if need > w {
            return 0;
        }
        let k = self.put(x, y, w, &key, Role::Key);
        k + self.put(x + k, y, w - k, &format!(" {words}"), Role::Hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::{Depth, Themes};

    #[test]
    fn nothing_unsafe_reaches_the_screen_whatever_its_source() {
        let theme = Themes::default().get("ansi", Depth::Sixteen).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
        let mut p = Painter { buf: &mut buf, theme: &theme, keys: &|_, _| None, cursor: None };
        let used = p.put(0, 0, 20, "Al\u{202e}va\u{1b}rez\tM\nF", Role::Text);
        assert_eq!(used, 11);
        assert_eq!(buf, Buffer::with_lines(["Alvarez M F         "]));
    }
}
