//! The code book: volumes, the path from the chapter down, the list, and the notes beside it.
//!
//! Owns how a page looks at each width. What stands on it was worked out when the reader moved.

use super::builder::first_row;
use super::paint::{Painter, cols};
use super::{book_notes, book_volume, overlays};
use crate::app::layout::Area;
use crate::app::{BookFocus, BookRow, BookView, Command, Context, NoteLineKind, Page};
use crate::codes::browse::Level;
use crate::codes::volumes::VolumeKind;
use crate::codes::{CodeStatus, display_code};
use crate::domain::CodeSystem;
use crate::theme::Role;
use std::borrow::Cow;

/// Keys worth showing, in the order a hand needs them.
pub fn next_keys(b: &BookView) -> (Context, &'static [(Command, &'static str)]) {
    use Command as C;
    if b.line.is_some() {
        let words: &[(Command, &str)] = match b.page {
            Page::Volume(_) => &[(C::Open, "keep the filter"), (C::Down, "down"), (C::Back, "whole entry")],
            Page::Tabular(_) => &[(C::Open, "stay there"), (C::Back, "end")],
        };
        return (Context::Text, words);
    }
    let heading = b.row().is_some_and(|r| r.status == CodeStatus::Header);
    let keys: &[(Command, &str)] = match (&b.page, b.focus) {
        (_, BookFocus::Notes) => &[
            (C::Open, "follow"),
            (C::Down, "next link"),
            (C::PaneNext, "list"),
            (C::BookBack, "back"),
            (C::Back, "close"),
        ],
        _ if b.is_missing() => {
            &[(C::ListNext, "next volume"), (C::ListPrev, "volume before"), (C::Back, "close")]
        }
        (Page::Tabular(_), _) if heading => &[
            (C::Open, "open"),
            (C::Left, "above"),
            (C::PaneNext, "notes"),
            (C::BookBack, "back"),
            (C::Back, "close"),
            (C::Search, "go to"),
            (C::ListNext, "index"),
            (C::BookForward, "forward"),
        ],
        (Page::Tabular(_), _) if b.pair.is_some() => {
            &[(C::Open, "take"), (C::Left, "above"), (C::BookBack, "back"), (C::Back, "close")]
        }
        (Page::Tabular(_), _) if b.replaces.is_some() => &[
            (C::Open, "post"),
            (C::BookReplace, "replace"),
            (C::Expand, "below"),
            (C::PaneNext, "notes"),
            (C::BookBack, "back"),
            (C::Back, "close"),
            (C::Left, "above"),
            (C::Search, "go to"),
            (C::ListNext, "index"),
        ],
        (Page::Tabular(_), _) => &[
            (C::Open, "post"),
            (C::Expand, "below"),
            (C::Left, "above"),
            (C::PaneNext, "notes"),
            (C::BookBack, "back"),
            (C::Back, "close"),
            (C::Search, "go to"),
            (C::ListNext, "index"),
            (C::BookForward, "forward"),
        ],
        (Page::Volume(p), _) if p.kind.has_columns() => &[
            (C::Open, "see the code"),
            (C::Expand, "next column"),
            (C::Search, "filter"),
            (C::Back, "close"),
            (C::BookBack, "back"),
            (C::ListNext, "next volume"),
        ],
        (Page::Volume(_), _) => &[
            (C::Open, "see the code"),
            (C::Expand, "below"),
            (C::Search, "filter"),
            (C::Back, "close"),
            (C::BookBack, "back"),
            (C::ListNext, "next volume"),
        ],
    };
    (Context::Overlay, keys)
}

pub fn overlay(b: &BookView, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    let area = overlays::inner(area, p);
    let valid = format!("valid {}", b.date);
    p.title(area, "Code book", &valid, top && b.focus == BookFocus::List);
    volumes(b, Area { y: area.y + 1, h: 1, ..area }, p);
    let body = Area { y: area.y + 2, h: area.h.saturating_sub(2), ..area };
    if let Page::Volume(v) = &b.page
        && b.is_missing()
    {
        book_volume::not_loaded(v.kind, body, p);
        return;
    }
    let columns = matches!(&b.page, Page::Volume(v) if v.kind.has_columns());
    let (list, notes) = match (columns, area.w) {
        // a table by columns takes the width, its notes lie below
        (true, _) | (_, 0..72) => {
            let h = (body.h / 3).min(10);
            let list = Area { h: body.h - h, ..body };
            (list, Area { y: list.y + list.h, h, ..body })
        }
        _ => {
            let w = (area.w * 52 / 100).min(72);
            let right = Area { x: body.x + w + 1, w: body.w - w - 1, ..body };
            p.bar(Area { x: body.x + w, w: 1, ..body });
            (Area { w, ..body }, right)
        }
    };
    match &b.page {
        Page::Tabular(_) => tabular(b, list, top, p),
        Page::Volume(v) => book_volume::list(b, v, list, top, p),
    }
    book_notes::pane(b, notes, top, p);
}

/// `Tabular List │ Alphabetic Index │ …`, the one that is open marked.
fn volumes(b: &BookView, area: Area, p: &mut Painter<'_, '_>) {
    let here = match &b.page {
        Page::Tabular(_) => None,
        Page::Volume(v) => Some(v.kind),
    };
    let mut x = area.x + 1;
    let tabs = std::iter::once((None, "Tabular List"))
        .chain(VolumeKind::ALL.into_iter().map(|k| (Some(k), k.title())));
    let end = area.x + area.w;
    for (i, (kind, title)) in tabs.enumerate() {
        if i > 0 {
            x += p.put(x, area.y, end.saturating_sub(x).min(3), " │ ", Role::Rule);
        }
        let loaded = kind.is_none_or(|k| b.volumes.get(k).is_some());
        let role = match (kind == here, loaded) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Muted,
        };
        x += p.put(x, area.y, end.saturating_sub(x), title, role);
    }
    let (back, forward) = b.history();
    let marks = match (back, forward) {
        (0, 0) => String::new(),
        (b, 0) => format!("‹{b}"),
        (b, f) => format!("‹{b}  {f}›"),
    };
    if cols(&marks) + x < end {
        p.right(area, area.y, &format!("{marks} "), Role::Muted);
    }
}

/// A line being typed, under the volumes; returns the rows it took.
pub(super) fn typed_line(b: &BookView, area: Area, top: bool, p: &mut Painter<'_, '_>) -> u16 {
    let kept = match &b.page {
        Page::Volume(v) if b.line.is_none() && !v.filter.is_empty() => Some(v.filter.as_str()),
        _ => None,
    };
    let Some(text) = b.line.as_ref().map(|l| l.text.as_str()).or(kept) else { return 0 };
    let word = if matches!(b.page, Page::Tabular(_)) { "go to " } else { "filter " };
    let used = p.put(area.x + 1, area.y, area.w.saturating_sub(2), word, Role::Muted);
    p.put(area.x + 1 + used, area.y, area.w.saturating_sub(2 + used), text, Role::Input);
    if let Some(line) = b.line.as_ref().filter(|_| top) {
        p.cursor = Some((area.x + 1 + used + cols(&line.text[..line.cursor]), area.y));
    }
    1
}

fn tabular(b: &BookView, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    let mut y = area.y + typed_line(b, area, top, p);
    let end = area.y + area.h;
    if let Some(pair) = &b.pair {
        let n = pair.wanted.len();
        let text = format!("{} of {n} from the index: {}", pair.taken.len() + 1, pair.wanted.join(" then "));
        p.put(area.x + 1, y, area.w.saturating_sub(2), &text, Role::Info);
        y += 1;
    }
    // The way down to the list, the nearest kept where there is little room.
    let most = usize::from(area.h / 3).max(1);
    let path = &b.path[b.path.len().saturating_sub(most)..];
    let name_w = name_width(path.iter().chain(&b.rows));
    for row in path {
        path_row(row, name_w, Area { y, h: 1, ..area }, p);
        y += 1;
    }
    // The highlighted title in full, where its row has to cut it.
    let row = b.row();
    let foot = match row {
        Some(r) if cols(&r.title) > title_room(r, name_w, area.w) && area.h > 10 => 3,
        _ => 0,
    };
    let mut list = Area { y, h: end.saturating_sub(y + foot), ..area };
    if b.rows.len() > usize::from(list.h) && list.h > 3 {
        // the last row counts what is out of sight
        list.h -= 1;
        let text = format!("{} of {}", b.cursor + 1, b.rows.len());
        p.right(area, list.y + list.h, &format!("{text} "), Role::Muted);
    }
    let fit = usize::from(list.h);
    let first = first_row(b.cursor, fit);
    for (i, row) in b.rows.iter().enumerate().skip(first).take(fit) {
        let at = Area { y: list.y + (i - first) as u16, h: 1, ..list };
        code_row(row, i == b.cursor, name_w, at, p);
    }
    if let Some(row) = row.filter(|_| foot > 0) {
        p.words(area.x + 2, end - foot + 1, area.w.saturating_sub(4), foot - 1, &row.title, Role::Text);
    }
}

/// Columns left for the title of a row.
fn title_room(row: &BookRow, name_w: u16, width: u16) -> u16 {
    width.saturating_sub(name_w + 5 + cols(&tail(row)))
}

fn name_width<'a>(rows: impl Iterator<Item = &'a BookRow>) -> u16 {
    rows.map(|r| cols(&name_of(r))).max().unwrap_or(0).clamp(4, 12)
}

fn name_of(row: &BookRow) -> Cow<'_, str> {
    match row.level {
        Level::Chapter => format!("ch. {}", row.name).into(),
        _ => row.name.as_str().into(),
    }
}

/// The title, or where it does not fit what the heading above does not say.
fn title_of(row: &BookRow, room: u16) -> &str {
    match &row.short {
        Some(short) if cols(&row.title) > room => short,
        _ => &row.title,
    }
}

fn path_row(row: &BookRow, name_w: u16, area: Area, p: &mut Painter<'_, '_>) {
    p.put(area.x + 2, area.y, name_w, &name_of(row), Role::CodeHeader);
    p.put(area.x + name_w + 3, area.y, area.w.saturating_sub(name_w + 4), &row.title, Role::Muted);
}

/// What stands at the end of a row: a word for what cannot be billed as it is.
fn tail(row: &BookRow) -> String {
    match &row.status {
        CodeStatus::Valid => String::new(),
        CodeStatus::Header if row.below > 0 => format!("{} below ›", row.below),
        CodeStatus::Header if matches!(row.level, Level::Chapter | Level::Section) => "›".into(),
        CodeStatus::Header => "none valid".into(),
        CodeStatus::NeedsSeventh => "7th ›".into(),
        CodeStatus::NotYet { from } => format!("from {from}"),
        CodeStatus::Expired { last_day } => format!("until {last_day}"),
        CodeStatus::Unknown => "unknown".into(),
    }
}

fn code_row(row: &BookRow, here: bool, name_w: u16, area: Area, p: &mut Painter<'_, '_>) {
    let (x, y) = (area.x, area.y);
    let (name_role, text_role, tail_role) = match row.status {
        _ if here => (Role::Code, Role::Text, Role::Text),
        CodeStatus::Valid => (Role::Code, Role::Text, Role::Muted),
        CodeStatus::NeedsSeventh => (Role::Code, Role::Text, Role::Ask),
        CodeStatus::Header => (Role::CodeHeader, Role::Text, Role::Muted),
        _ => (Role::Muted, Role::Muted, Role::Ask),
    };
    p.put(x, y, 1, if here { "▸" } else { " " }, Role::Key);
    p.put(x + 2, y, name_w, &name_of(row), name_role);
    let tail = tail(row);
    let tail_w = cols(&tail);
    let room = title_room(row, name_w, area.w);
    p.put(x + name_w + 3, y, room, title_of(row, room), text_role);
    p.put((x + area.w).saturating_sub(tail_w + 1), y, tail_w, &tail, tail_role);
    if here {
        p.highlight(area, y, Role::Cursor);
    }
}

pub fn plain(b: &BookView, out: &mut Vec<String>) {
    match &b.page {
        Page::Tabular(_) => {
            let path: Vec<&str> = b.path.iter().map(|r| r.title.as_str()).collect();
            out.push(format!("Code book, {}.", path.join(", ")));
            if let Some(row) = b.row() {
                out.push(format!(
                    "Row {} of {}: {} {}, {}",
                    b.cursor + 1,
                    b.rows.len(),
                    row.name,
                    row.title,
                    super::book::tail(row)
                ));
            }
        }
        Page::Volume(v) => {
            out.push(format!("{}, row {} of {}.", v.kind.title(), b.cursor + 1, b.listed.len()));
            match b.volumes.get(v.kind) {
                Some(volume) => out.push(volume.path(v.row)),
                None => out.push(format!("It is not loaded: import {}.", v.kind.file())),
            }
            if let Some((code, _)) = b.volume_code() {
                out.push(format!("Code {}", display_code(CodeSystem::Icd10cm, &code)));
            }
        }
    }
    for line in &b.notes {
        match line.kind {
            NoteLineKind::Label(_) | NoteLineKind::Level => out.push(format!("{}:", line.text)),
            _ => out.push(line.text.clone()),
        }
    }
}
