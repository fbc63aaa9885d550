//! The chart: the document being read, with its title, its place and what was found in it.

use super::paint::{Painter, cut};
use crate::app::layout::Area;
use crate::app::{App, Overlay, Pane};
use crate::domain::DocumentStatus;
use crate::theme::Role;
use ratatui::layout::Rect;

pub fn pane(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let Some(open) = app.open.as_ref().filter(|_| !area.is_empty()) else { return };
    let area = match area.x {
        0 => area,
        _ => {
            p.bar(Area { w: 1, ..area });
            Area { x: area.x + 1, w: area.w - 1, ..area }
        }
    };
    let focused = open.pane == Pane::Chart && app.overlays.is_empty();
    let document = open.chart.documents.get(open.document).map(|d| &d.body);
    let (width, height) = (area.w.saturating_sub(1), area.h.saturating_sub(1));
    let (rows, top) = open.rows(width);
    let more = rows.len().saturating_sub(top + usize::from(height));
    let place = format!(
        "{}/{}{}",
        open.document + 1,
        open.texts.len().max(1),
        if more > 0 { format!(" · {more} below") } else { String::new() }
    );
    let title = match document {
        Some(d) => {
            let when = d.written.map(|w| format!(" {}", w.format("%m-%d %H:%M"))).unwrap_or_default();
            let author = if d.author.is_empty() { String::new() } else { format!(" · {}", d.author) };
            format!("{}{author} · {}{when}", d.title, d.status.label())
        }
        None => "No document".to_string(),
    };
    p.title(area, &title, &place, focused);
    if document.is_some_and(|d| d.status == DocumentStatus::Unsigned) {
        p.right(Area { w: area.w.saturating_sub(1), ..area }, area.y, "UNSIGNED", Role::Hold);
    }
    let text = open.text();
    let evidence = match app.overlays.last() {
        Some(Overlay::Evidence(e)) if e.document == open.document => Some(e.line),
        _ => None,
    };
    let needle = match app.overlays.last() {
        Some(Overlay::Find(_)) => open.found.to_lowercase(),
        _ => String::new(),
    };
    for (i, row) in rows.iter().skip(top).take(usize::from(height)).enumerate() {
        let y = area.y + 1 + i as u16;
        let piece = &text[row.start..row.end];
        let role = if is_heading(piece) { Role::Title } else { Role::Text };
        p.put(area.x + 1, y, width, piece, role);
        if evidence == Some(row.line) {
            p.put(area.x, y, 1, "▸", Role::Key);
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
        if !needle.trim().is_empty() {
            mark(p, area.x + 1, y, width, piece, &needle);
        }
    }
}

/// A line like `Assessment and plan` or `HPI:` that parts a note.
fn is_heading(line: &str) -> bool {
    let t = line.trim_end();
    let words = t.trim_end_matches(':');
    !t.is_empty()
        && !t.starts_with([' ', '-', '*'])
        && t.len() <= 40
        && (t.ends_with(':')
            || (t.chars().any(char::is_alphabetic) && t == t.to_uppercase() && words.len() > 2))
}

/// Marks where the found words stand in a row.
fn mark(p: &mut Painter<'_, '_>, x: u16, y: u16, w: u16, piece: &str, needle: &str) {
    let low = piece.to_lowercase();
    let mut from = 0;
    while let Some(at) = low.get(from..).and_then(|rest| rest.find(needle)) {
        let start = from + at;
        let before = super::paint::cols(&cut(low.get(..start).unwrap_or(""), u16::MAX));
        let width = super::paint::cols(needle);
        if before < w && y < p.buf.area.height {
            let style = p.style(Role::Match);
            let room = width.min(w - before).min(p.buf.area.width.saturating_sub(x + before));
            p.buf.set_style(Rect::new(x + before, y, room, 1), style);
        }
        from = start + needle.len();
    }
}
