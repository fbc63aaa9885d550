//! The volumes of the book that a site loads: index entries, and tables read by columns.
//!
//! Owns their rows at each width, and what is said of a volume that is not loaded.

use super::builder::first_row;
use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{BookView, VolumePage};
use crate::codes::volumes::{Volume, VolumeKind};
use crate::theme::Role;

pub fn list(b: &BookView, v: &VolumePage, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    let Some(volume) = b.volumes.get(v.kind) else { return };
    let mut y = area.y + super::book::typed_line(b, area, top, p);
    if let Some(entry) = v.entry {
        let path = volume.path(entry);
        p.put(area.x + 1, y, area.w.saturating_sub(2), &path, Role::Title);
        y += 1;
    }
    let columns = columns_shown(volume, v.column, area.w);
    if v.kind.has_columns() {
        for (x, w, i) in column_places(area, &columns) {
            let role = if i == v.column { Role::Selected } else { Role::Muted };
            let head = volume.heads.get(i).map(String::as_str).unwrap_or("");
            p.put(x, y, w, head, role);
        }
        y += 1;
    }
    let fit = usize::from((area.y + area.h).saturating_sub(y));
    if b.listed.is_empty() {
        let text = if v.filter.is_empty() { "nothing below this entry" } else { "no row has these words" };
        p.put(area.x + 2, y, area.w.saturating_sub(3), text, Role::Muted);
    }
    let base = b.listed.iter().map(|i| volume.row(*i).level).min().unwrap_or(0);
    let first = first_row(b.cursor, fit);
    for (n, i) in b.listed.iter().enumerate().skip(first).take(fit) {
        let at = Area { y: y + (n - first) as u16, h: 1, ..area };
        volume_row(volume, *i, v, base, n == b.cursor, &columns, at, p);
    }
}

/// Which columns fit beside the terms, the chosen one among them.
fn columns_shown(volume: &Volume, chosen: usize, width: u16) -> std::ops::Range<usize> {
    let n = volume.heads.len();
    let fit = usize::from(width.saturating_sub(34) / COLUMN).clamp(1, n.max(1));
    let from = if chosen >= fit { chosen + 1 - fit } else { 0 };
    from..(from + fit).min(n)
}

/// Columns of a table's column: a code, and room for the end of its head.
const COLUMN: u16 = 12;

fn column_places(area: Area, shown: &std::ops::Range<usize>) -> Vec<(u16, u16, usize)> {
    let start = (area.x + area.w).saturating_sub(COLUMN * shown.len() as u16);
    shown.clone().enumerate().map(|(n, i)| (start + COLUMN * n as u16, COLUMN - 1, i)).collect()
}

#[allow(clippy::too_many_arguments)]
fn volume_row(
    volume: &Volume,
    i: usize,
    v: &VolumePage,
    base: u8,
    here: bool,
    columns: &std::ops::Range<usize>,
    area: Area,
    p: &mut Painter<'_, '_>,
) {
    let row = volume.row(i);
    let (x, y) = (area.x, area.y);
    let indent = 2 * u16::from(row.level.saturating_sub(base).min(9));
    p.put(x, y, 1, if here { "▸" } else { " " }, Role::Key);
    let see = match (row.see(), row.see_also()) {
        ("", "") => String::new(),
        ("", also) => format!("see also {also}"),
        (see, _) => format!("see {see}"),
    };
    let codes = match v.kind.has_columns() {
        true => String::new(),
        false => match (row.cell(0), row.cell(1)) {
            ("", _) if volume.below(i).is_empty() => String::new(),
            ("", _) => "›".into(),
            (code, "") => code.to_string(),
            (code, paired) => format!("{code} [{paired}]"),
        },
    };
    let right = match v.kind.has_columns() {
        true => COLUMN * columns.len() as u16,
        false => cols(&codes) + 1,
    };
    let room = area.w.saturating_sub(3 + indent + right);
    let mut used = p.put(x + 2 + indent, y, room, row.title(), Role::Text);
    for (text, role) in [(row.modifiers(), Role::Muted), (see.as_str(), Role::Info)] {
        if !text.is_empty() && used + 1 < room {
            used += 1 + p.put(x + 3 + indent + used, y, room - used - 1, text, role);
        }
    }
    if here {
        p.highlight(area, y, Role::Cursor);
    }
    if v.kind.has_columns() {
        for (cx, w, c) in column_places(area, columns) {
            let code = row.cell(c);
            let chosen = here && c == v.column;
            p.put(cx, y, w, if code.is_empty() { "-" } else { code }, Role::Code);
            if here {
                let role = if chosen { Role::Selected } else { Role::Cursor };
                p.highlight(Area { x: cx, y, w, h: 1 }, y, role);
            }
        }
    } else if !codes.is_empty() {
        p.put((x + area.w).saturating_sub(cols(&codes) + 1), y, cols(&codes), &codes, Role::Code);
        if here {
            p.highlight(area, y, Role::Cursor);
        }
    }
}

pub fn not_loaded(kind: VolumeKind, area: Area, p: &mut Painter<'_, '_>) {
    let w = area.w.saturating_sub(4);
    let mut y = area.y + 1;
    y += p.words(area.x + 2, y, w, 3, &format!("{} is not loaded.", kind.title()), Role::Title);
    let text = format!(
        "Its official file is {}, published by CDC/NCHS with each year's ICD-10-CM. An administrator loads it once for all:",
        kind.file()
    );
    y += p.words(area.x + 2, y + 1, w, 5, &text, Role::Text) + 2;
    p.put(area.x + 4, y, w, "codesk tables import FILE", Role::Key);
    let text = "The Tabular List with all its notes is here without it; search finds index words that ship with the program.";
    p.words(area.x + 2, y + 2, w, 4, text, Role::Muted);
}
