//! The notes beside the book: status, sides, and every note from the code up to its chapter.
//!
//! Owns how the lines are broken, where links stand on them, and keeping the highlighted link in view.

use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::reading::wrap;
use crate::app::{BookFocus, BookView, NoteLine, NoteLineKind};
use crate::codes::{CodeSystem, NoteKind, display_code};
use crate::theme::Role;
use unicode_width::UnicodeWidthStr;

/// A row on the screen: which line it is of, its bytes, and its links' places.
struct Painted {
    line: usize,
    start: usize,
    end: usize,
    first: bool,
}

fn role_of(kind: NoteLineKind, text: &str) -> Role {
    match kind {
        NoteLineKind::Status if text.starts_with("billable") => Role::Ok,
        NoteLineKind::Status => Role::Ask,
        NoteLineKind::Sides => Role::Text,
        NoteLineKind::Level => Role::Rule,
        NoteLineKind::Label(NoteKind::Excludes1) => Role::Ask,
        NoteLineKind::Label(NoteKind::CodeFirst | NoteKind::UseAdditional | NoteKind::CodeAlso) => Role::Info,
        NoteLineKind::Label(_) => Role::Muted,
        NoteLineKind::Note(_) => Role::Text,
    }
}

/// Columns before the text of a line: the digit, then its indent.
fn margin(line: &NoteLine) -> usize {
    3 + 2 * usize::from(line.indent)
}

fn broken(b: &BookView, width: usize) -> Vec<Painted> {
    let mut out = Vec::new();
    for (i, line) in b.notes.iter().enumerate() {
        for (n, row) in wrap(&line.text, width.saturating_sub(margin(line)).max(8)).into_iter().enumerate() {
            out.push(Painted { line: i, start: row.start, end: row.end, first: n == 0 });
        }
    }
    out
}

pub fn pane(b: &BookView, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    if area.h < 2 || area.w < 12 {
        return;
    }
    let focused = top && b.focus == BookFocus::Notes;
    let rows = broken(b, usize::from(area.w.saturating_sub(2)));
    let h = usize::from(area.h - 1);
    let links = b.all_links();
    let at = links.get(b.link).filter(|_| focused);
    let mut first = b.notes_scroll.top.get().min(rows.len().saturating_sub(h));
    if let Some((line, link)) = at {
        let row = rows.iter().position(|r| r.line == *line && r.end > link.start).unwrap_or(0);
        // the label and place above a link help to read it
        if row < first + 1 {
            first = row.saturating_sub(2);
        } else if row + 1 >= first + h {
            first = (row + 2).saturating_sub(h).min(rows.len().saturating_sub(h));
        }
    }
    b.notes_scroll.top.set(first);
    let hidden = rows.len().saturating_sub(first + h);
    let count = match (focused, links.len()) {
        (true, n @ 1..) => format!("link {} of {n}", b.link + 1),
        _ if hidden > 0 => format!("{hidden} more below"),
        _ => String::new(),
    };
    let name = match b.notes_node().map(|n| b.book.node_name(n)) {
        Some(name) if name.contains([' ', '-']) => format!("Notes · {name}"),
        Some(code) => format!("Notes · {}", display_code(CodeSystem::Icd10cm, code)),
        None => "Notes".into(),
    };
    p.title(area, &name, &count, focused);
    if rows.is_empty() {
        p.put(area.x + 2, area.y + 1, area.w.saturating_sub(3), "no code on this row", Role::Muted);
    }
    for (i, row) in rows.iter().skip(first).take(h).enumerate() {
        let y = area.y + 1 + i as u16;
        paint_row(b, row, at, area, y, p);
    }
}

fn paint_row(
    b: &BookView,
    row: &Painted,
    at: Option<&(usize, crate::codes::Link)>,
    area: Area,
    y: u16,
    p: &mut Painter<'_, '_>,
) {
    let Some(line) = b.notes.get(row.line) else { return };
    let Some(text) = line.text.get(row.start..row.end) else { return };
    if line.kind == NoteLineKind::Level {
        let x = area.x + 1;
        let used = p.put(x, y, area.w.saturating_sub(2), &format!("── {text} "), Role::Rule);
        let rest = area.w.saturating_sub(2 + used);
        p.put(x + used, y, rest, &"─".repeat(usize::from(rest)), Role::Rule);
        return;
    }
    if let Some(digit) = line.digit.filter(|_| row.first) {
        p.put(area.x + 1, y, 1, &digit.to_string(), Role::Key);
    }
    let x = area.x + margin(line) as u16;
    let room = (area.x + area.w).saturating_sub(x + 1);
    p.put(x, y, room, text, role_of(line.kind, &line.text));
    for link in &line.links {
        let (from, to) = (link.start.max(row.start), link.end.min(row.end));
        let (Some(head), Some(word)) = (line.text.get(row.start..from), line.text.get(from..to)) else {
            continue;
        };
        if word.is_empty() {
            continue;
        }
        let here = at.is_some_and(|(l, k)| *l == row.line && k == link);
        let (start, w) = (head.width() as u16, cols(word));
        p.put(x + start, y, room.saturating_sub(start).min(w), word, Role::Code);
        if here && start < room {
            p.highlight(Area { x: x + start, y, w: w.min(room - start), h: 1 }, y, Role::Cursor);
        }
    }
}
