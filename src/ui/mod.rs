//! What the screen shows: `render` paints the app's state, and nothing else.
//!
//! Owns every line, title and word on the screen. Never changes state (but for remembered scroll places),
//! never reads a file or the clock; the text of documents was cleaned of control characters on its way in,
//! and what is painted passes ratatui's own filter as well. Runs on the UI thread.

mod book;
mod book_notes;
mod book_volume;
mod builder;
mod chart;
mod claim;
mod codes;
mod edits;
mod frame;
mod overlays;
mod paint;
pub mod plain;
mod queue;
mod search;
mod sides;
mod stay;

use crate::app::layout::{Panes, Shape, shape};
use crate::app::{App, Command, Context, Overlay, Screen};
use crate::theme::Theme;
use paint::Painter;
use ratatui::buffer::Buffer;

/// The key that gives a command in a context, as people read it; `None` when it has none.
pub type KeyName<'a> = dyn Fn(Context, Command) -> Option<String> + 'a;

/// Paints one frame; returns where the terminal's cursor goes when a line is being typed.
pub fn render(app: &App, theme: &Theme, keys: &KeyName<'_>, buf: &mut Buffer) -> Option<(u16, u16)> {
    let area = buf.area;
    let mut p = Painter { buf, theme, keys, cursor: None };
    p.background(area);
    paint(app, &mut p);
    p.cursor
}

fn paint(app: &App, p: &mut Painter<'_, '_>) {
    if shape(app.size) == Shape::TooSmall {
        frame::too_small(app, p);
        if let Some(Overlay::Help(scroll)) = app.overlays.last() {
            overlays::help(app, scroll, crate::app::layout::Area::new(0, 0, app.size.0, app.size.1), p);
        }
        return;
    }
    let panes = Panes::of(app);
    frame::header(app, panes.header, p);
    match app.screen() {
        Screen::Queue => queue::screen(app, panes.body, p),
        Screen::Encounter => {
            frame::tabs(app, panes.tabs, p);
            queue::pane(app, panes.queue, p);
            chart::pane(app, panes.chart, p);
            codes::pane(app, panes.codes, p);
            edits::pane(app, panes.edits, p);
            claim::pane(app, panes.claim, p);
        }
    }
    for (i, overlay) in app.overlays.iter().enumerate() {
        let top = i + 1 == app.overlays.len();
        overlays::paint(app, overlay, &panes, top, p);
    }
    frame::which_key(app, panes.body, p);
    frame::hints(app, panes.hints, p);
}
