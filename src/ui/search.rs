//! The code search overlay: what is typed, the hits, and the notes of the highlighted code.

use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{App, BookState, SearchState};
use crate::domain::{CodeSystem, display_code};
use crate::edits::NoteKind;
use crate::search::Hit;
use crate::theme::Role;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

pub fn overlay(app: &App, s: &SearchState, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    p.clear(area);
    let area = match area.x {
        0 => area,
        _ => {
            p.bar(Area { w: 1, ..area });
            Area { x: area.x + 1, w: area.w - 1, ..area }
        }
    };
    let on =
        app.open.as_ref().map(|o| format!(" · valid {}", o.chart.header().code_date())).unwrap_or_default();
    let n = s.results.hits.len();
    // Two rows a hit while the titles are long, the notes of the code below.
    let notes_h = if area.h >= 14 { (area.h / 3).min(7) } else { 0 };
    let list = Area { y: area.y + 2, h: area.h.saturating_sub(2 + notes_h), ..area };
    let fit = usize::from(list.h);
    let first = if s.cursor >= fit { s.cursor + 1 - fit } else { 0 };
    let place = match n {
        0 => String::new(),
        _ => format!("{}-{} of {}", first + 1, (first + fit).min(n), s.results.total),
    };
    p.title(area, &format!("{}{on}", s.title()), &place, top);
    p.put(area.x + 1, area.y + 1, 2, "> ", Role::Key);
    p.put(area.x + 3, area.y + 1, area.w.saturating_sub(3), &s.line.text, Role::Input);
    if top {
        p.cursor = Some((area.x + 3 + cols(&s.line.text[..s.line.cursor]), area.y + 1));
    }
    if !s.posted.is_empty() {
        p.right(area, area.y + 1, &format!("posted {}", s.posted.join(" ")), Role::Ok);
    }
    if n == 0 {
        p.put(list.x + 2, list.y, list.w.saturating_sub(2), &empty_words(app, s), Role::Muted);
    }
    for (i, hit) in s.results.hits.iter().enumerate().skip(first).take(fit) {
        row(app, s, hit, i == s.cursor, Area { y: list.y + (i - first) as u16, h: 1, ..list }, p);
    }
    if notes_h > 0 {
        notes(app, s, Area { y: area.y + area.h - notes_h, h: notes_h, ..area }, p);
    }
}

fn empty_words(app: &App, s: &SearchState) -> String {
    if let BookState::Building(what) = &app.book {
        return format!("{what}: codes can be looked up in a moment");
    }
    let typed = s.line.text.trim();
    match s.answered.as_deref() {
        Some(t) if t == s.line.text && !typed.is_empty() => match s.purpose {
            crate::app::SearchPurpose::AddLine => {
                "in no loaded table: Enter posts a CPT or HCPCS number as typed. CPT text: load your licensed file".into()
            }
            _ => "nothing found".into(),
        },
        _ if typed.is_empty() => "type a few letters of each word, an abbreviation, or a code".into(),
        _ => String::new(),
    }
}

fn row(app: &App, s: &SearchState, hit: &Hit, here: bool, area: Area, p: &mut Painter<'_, '_>) {
    let (x, y) = (area.x, area.y);
    p.put(x, y, 1, if here { "▸" } else { " " }, Role::Key);
    let shown = display_code(hit.system, &hit.code);
    let shown = if hit.billable || hit.system != CodeSystem::Icd10cm {
        shown
    } else {
        format!("{shown}.-").replace("..", ".")
    };
    let role = if hit.billable { Role::Code } else { Role::CodeHeader };
    p.put(x + 1, y, 10, &shown, role);
    let title = match (&hit.title, hit.system) {
        (Some(t), _) => t.clone(),
        (_, CodeSystem::Cpt) => {
            let fee = app.open.as_ref().and_then(|o| o.chart.directory.fees.charge(&hit.code));
            let fee = fee.map(|f| format!("  ${f}")).unwrap_or_default();
            format!("CPT text: load your licensed file{fee}")
        }
        _ => "(no title loaded)".into(),
    };
    let tail = match () {
        _ if !hit.billable => "→ below".into(),
        _ if s.is_mixed() => hit.system.label().into(),
        _ => String::new(),
    };
    let tail_w = cols(&tail).min(area.w / 2);
    let room = area.w.saturating_sub(12 + if tail_w > 0 { tail_w + 1 } else { 0 });
    p.put(x + 11, y, room, &title, if hit.billable { Role::Text } else { Role::Muted });
    if tail_w > 0 {
        p.put(x + area.w - tail_w, y, tail_w, &tail, Role::Muted);
    }
    if here {
        p.highlight(area, y, Role::Cursor);
    }
    for (from, to) in &hit.matched {
        let (Some(head), Some(word)) = (title.get(..*from), title.get(*from..*to)) else { continue };
        let (start, len) = (head.width() as u16, word.width() as u16);
        if start < room && y < p.buf.area.height {
            let style = p.style(Role::Match);
            let w = len.min(room - start).min(p.buf.area.width.saturating_sub(x + 11 + start));
            p.buf.set_style(Rect::new(x + 11 + start, y, w, 1), style);
        }
    }
}

/// `use additional: stage of CKD (N18.1-N18.6)` and the like, of the highlighted code.
fn notes(app: &App, s: &SearchState, area: Area, p: &mut Painter<'_, '_>) {
    let Some(hit) = s.current() else {
        p.title(area, "", "", false);
        return;
    };
    p.title(area, &display_code(hit.system, &hit.code), "", false);
    let mut y = area.y + 1;
    let end = area.y + area.h;
    if s.show_why {
        let why = format!("found by {}", hit.why.join(" · "));
        y += p.words(area.x + 1, y, area.w.saturating_sub(2), 3.min(end - y), &why, Role::Ok);
    }
    // The whole title first, where the row had to cut it.
    if hit.title.as_deref().unwrap_or_default().width() > usize::from(area.w.saturating_sub(12)) {
        y += p.words(
            area.x + 1,
            y,
            area.w.saturating_sub(2),
            2.min(end - y),
            hit.title.as_deref().unwrap_or_default(),
            Role::Text,
        );
    }
    if hit.system != CodeSystem::Icd10cm {
        return;
    }
    let wanted = [
        NoteKind::CodeFirst,
        NoteKind::UseAdditional,
        NoteKind::Excludes1,
        NoteKind::CodeAlso,
        NoteKind::Excludes2,
    ];
    let all = app.facts.notes(&hit.code);
    let mut shown = 0;
    for kind in wanted {
        let of: Vec<&str> = all.iter().filter(|n| n.kind == kind).map(|n| n.text.as_str()).collect();
        if of.is_empty() || y >= end {
            continue;
        }
        let text = format!("{}: {}", kind.label(), of.join("; "));
        p.put(
            area.x + 1,
            y,
            area.w.saturating_sub(2),
            &text,
            if kind == NoteKind::Excludes1 { Role::Ask } else { Role::Info },
        );
        y += 1;
        shown += 1;
    }
    if shown == 0 && y < end {
        p.put(area.x + 1, y, area.w.saturating_sub(2), "no notes on this code", Role::Muted);
    }
}
