//! Everything laid over the panes but code search: prompts, menus, lists, help, the full claim.

use super::paint::{Painter, cols};
use super::{book, builder, search};
use crate::app::layout::{Area, Panes};
use crate::app::{
    App, COMMANDS, Context, Evidence, FindState, HoldMenu, Overlay, PaletteState, Prompt, Screen, Scroll,
    command,
};
use crate::claims;
use crate::domain::{CodeSystem, DocumentStatus, HoldReason, display_code};
use crate::theme::Role;

pub fn paint(app: &App, overlay: &Overlay, panes: &Panes, top: bool, p: &mut Painter<'_, '_>) {
    let small = |rows: u16| {
        let h = rows.min(panes.overlay.h);
        Area { y: panes.overlay.y + panes.overlay.h - h, h, ..panes.overlay }
    };
    match overlay {
        Overlay::Search(s) => search::overlay(app, s, panes.overlay, top, p),
        Overlay::Picker(x) => {
            let under = app.overlays.iter().any(|o| matches!(o, Overlay::Book(_)));
            let below = if under { panes.book } else { panes.overlay };
            builder::picker(app, x, below, panes.body, p)
        }
        Overlay::Book(x) => book::overlay(x, panes.book, top, p),
        Overlay::Builder(x) => builder::overlay(x, panes.overlay, p),
        Overlay::Prompt(x) => prompt(x, small(4), top, p),
        Overlay::Hold(x) => hold(x, small(12), p),
        Overlay::Evidence(x) => evidence(app, x, small(4), p),
        Overlay::Find(x) => find(app, x, panes.overlay, p),
        Overlay::Notes { code, scroll } => notes(app, code, scroll, panes.overlay, p),
        Overlay::Claim(scroll) => full_claim(app, scroll, panes.body, p),
        Overlay::Sides(scroll) => super::sides::overlay(app, scroll, panes.body, p),
        Overlay::Documents { cursor } => documents(app, *cursor, panes.overlay, p),
        Overlay::Help(scroll) => help(app, scroll, panes.body, p),
        Overlay::Palette(x) => {
            palette(app, x, if app.open.is_some() { panes.overlay } else { panes.body }, p)
        }
        Overlay::Poa { at } => super::stay::poa(app, *at, small(3), p),
        Overlay::WhatIf(x) => super::stay::what_if(app, x, panes.overlay, p),
        Overlay::Me => me(app, if app.open.is_some() { small(8) } else { panes.body }, p),
    }
}

pub(super) fn inner(area: Area, p: &mut Painter<'_, '_>) -> Area {
    p.clear(area);
    match area.x {
        0 => area,
        _ => {
            p.bar(Area { w: 1, ..area });
            Area { x: area.x + 1, w: area.w - 1, ..area }
        }
    }
}

/// Paints lines from the scroll place, which it clamps to what there is; returns how many are hidden below.
pub(super) fn scrolled(
    area: Area,
    scroll: &Scroll,
    lines: &[(String, Role)],
    p: &mut Painter<'_, '_>,
) -> usize {
    let h = usize::from(area.h);
    let top = scroll.top.get().min(lines.len().saturating_sub(h));
    scroll.top.set(top);
    for (i, (text, role)) in lines.iter().skip(top).take(h).enumerate() {
        p.put(area.x + 1, area.y + i as u16, area.w.saturating_sub(2), text, *role);
    }
    lines.len().saturating_sub(top + h)
}

fn prompt(x: &Prompt, area: Area, top: bool, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, &x.title, "", true);
    p.put(area.x + 1, area.y + 1, 2, "> ", Role::Key);
    p.put(area.x + 3, area.y + 1, area.w.saturating_sub(3), &x.line.text, Role::Input);
    if top {
        p.cursor = Some((area.x + 3 + cols(&x.line.text[..x.line.cursor]), area.y + 1));
    }
    match &x.error {
        Some(error) => p.put(area.x + 1, area.y + 2, area.w.saturating_sub(1), error, Role::Stop),
        None => p.put(area.x + 1, area.y + 2, area.w.saturating_sub(1), &x.hint, Role::Muted),
    };
}

fn hold(x: &HoldMenu, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, "Hold: why", "digit picks", true);
    for (i, reason) in HoldReason::ALL.iter().enumerate() {
        let y = area.y + 1 + i as u16;
        if y >= area.y + area.h {
            break;
        }
        let here = i == x.cursor;
        p.put(area.x, y, 1, if here { "▸" } else { " " }, Role::Key);
        p.put(area.x + 2, y, 1, &(i + 1).to_string(), Role::Key);
        let clears = if reason.clears_itself() { "  (clears itself when it is signed)" } else { "" };
        p.put(area.x + 4, y, area.w.saturating_sub(4), &format!("{}{clears}", reason.label()), Role::Text);
        if here {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
    let y = area.y + area.h - 1;
    if let Some(reason) = x.reason {
        let owner = x.owner.as_ref().map(|(_, name)| format!(" · {name}")).unwrap_or_default();
        let head = format!("{}{owner} · note > ", reason.label());
        let w = p.put(area.x + 1, y, area.w.saturating_sub(1), &head, Role::Hold);
        p.put(area.x + 1 + w, y, area.w.saturating_sub(1 + w), &x.note.text, Role::Input);
        p.cursor = Some((area.x + 1 + w + cols(&x.note.text[..x.note.cursor]), y));
    }
}

fn evidence(app: &App, x: &Evidence, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, &format!("Evidence: {}", x.ask), "", true);
    let Some(open) = &app.open else { return };
    let name = open.chart.documents.get(x.document).map(|d| d.body.title.clone()).unwrap_or_default();
    let line = open.texts.get(x.document).and_then(|t| t.split('\n').nth(x.line as usize)).unwrap_or("");
    p.put(
        area.x + 1,
        area.y + 1,
        area.w.saturating_sub(1),
        &format!("{name}, line {}:", x.line + 1),
        Role::Muted,
    );
    p.words(
        area.x + 1,
        area.y + 2,
        area.w.saturating_sub(2),
        area.h.saturating_sub(2),
        line.trim(),
        Role::Text,
    );
}

fn find(app: &App, x: &FindState, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    let n = x.hits.len();
    p.title(
        area,
        "Find in all documents",
        &if n > 0 { format!("{} of {n}", x.cursor + 1) } else { String::new() },
        true,
    );
    p.put(area.x + 1, area.y + 1, 2, "> ", Role::Key);
    p.put(area.x + 3, area.y + 1, area.w.saturating_sub(3), &x.line.text, Role::Input);
    p.cursor = Some((area.x + 3 + cols(&x.line.text[..x.line.cursor]), area.y + 1));
    let Some(open) = &app.open else { return };
    if n == 0 && !x.line.text.trim().is_empty() {
        let text = format!("not in any of the {} documents", open.texts.len());
        p.put(area.x + 2, area.y + 2, area.w.saturating_sub(2), &text, Role::Muted);
    }
    let fit = usize::from(area.h.saturating_sub(2)) / 2;
    let first = if fit > 0 && x.cursor >= fit { x.cursor + 1 - fit } else { 0 };
    for (i, hit) in x.hits.iter().enumerate().skip(first).take(fit) {
        let y = area.y + 2 + ((i - first) * 2) as u16;
        let here = i == x.cursor;
        let d = open.chart.documents.get(hit.document).map(|d| &d.body);
        let when =
            d.and_then(|d| d.written).map(|w| w.format(" %m-%d %H:%M").to_string()).unwrap_or_default();
        let title = d.map(|d| d.title.clone()).unwrap_or_default();
        p.put(area.x, y, 1, if here { "▸" } else { " " }, Role::Key);
        p.put(
            area.x + 1,
            y,
            area.w.saturating_sub(1),
            &format!("{} {title}{when} line {}", hit.document + 1, hit.line + 1),
            Role::Muted,
        );
        p.put(area.x + 3, y + 1, area.w.saturating_sub(3), &hit.snippet, Role::Text);
        if here {
            p.highlight(Area { h: 1, ..area }, y + 1, Role::Cursor);
        }
    }
}

fn notes(app: &App, code: &str, scroll: &Scroll, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    let title = app.facts.title(CodeSystem::Icd10cm, code).unwrap_or_default();
    let w = usize::from(area.w.saturating_sub(4));
    let mut lines: Vec<(String, Role)> = Vec::new();
    let push = |lines: &mut Vec<(String, Role)>, text: &str, indent: &str, role: Role| {
        for row in crate::app::reading::wrap(text, w.saturating_sub(indent.len())) {
            lines.push((format!("{indent}{}", &text[row.start..row.end]), role));
        }
    };
    push(&mut lines, &title, "", Role::Title);
    if let Some(open) = &app.open {
        for (n, c) in open.choices.iter().enumerate() {
            push(&mut lines, &format!("{} {}", n + 1, c.text), "", Role::Key);
        }
    }
    let mut last = String::new();
    for note in app.facts.notes(code) {
        let head = format!("{} · {}", note.kind.label(), display_code(CodeSystem::Icd10cm, &note.at));
        if head != last {
            push(&mut lines, &head, "", Role::Muted);
            last = head;
        }
        push(&mut lines, &note.text, "  ", Role::Text);
    }
    let body = area.below_title();
    p.title(area, &format!("Notes · {}", display_code(CodeSystem::Icd10cm, code)), "", true);
    let more = scrolled(body, scroll, &lines, p);
    if more > 0 {
        p.title(
            area,
            &format!("Notes · {}", display_code(CodeSystem::Icd10cm, code)),
            &format!("{more} below"),
            true,
        );
    }
}

fn full_claim(app: &App, scroll: &Scroll, area: Area, p: &mut Painter<'_, '_>) {
    p.clear(area);
    let Some(open) = &app.open else { return };
    let form = open.form();
    let face = claims::build(&open.chart, form, &*app.facts);
    let lines: Vec<(String, Role)> =
        face.full().into_iter().map(|l| (l.text, super::claim::face_role(l.kind))).collect();
    let more = scrolled(area.below_title(), scroll, &lines, p);
    let place = if more > 0 { format!("{more} below") } else { String::new() };
    p.title(area, &format!("{} · {}", form.label(), open.chart.header().account), &place, true);
}

fn documents(app: &App, cursor: usize, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    let Some(open) = &app.open else { return };
    let n = open.chart.documents.len();
    p.title(area, "Documents", &n.to_string(), true);
    let fit = usize::from(area.h.saturating_sub(1));
    let first = if cursor >= fit { cursor + 1 - fit } else { 0 };
    for (i, d) in open.chart.documents.iter().enumerate().skip(first).take(fit) {
        let y = area.y + 1 + (i - first) as u16;
        let when = d.body.written.map(|w| w.format("%m-%d %H:%M").to_string()).unwrap_or_default();
        p.put(area.x, y, 1, if i == cursor { "▸" } else { " " }, Role::Key);
        p.put(area.x + 1, y, 3, &(i + 1).to_string(), Role::Muted);
        p.put(area.x + 5, y, 12, &when, Role::Muted);
        let w = p.put(area.x + 17, y, area.w.saturating_sub(17), &d.body.title, Role::Text);
        let role = if d.body.status == DocumentStatus::Unsigned { Role::Hold } else { Role::Muted };
        let tail = format!(" {} {}", d.body.author, d.body.status.label());
        p.put(area.x + 17 + w, y, area.w.saturating_sub(17 + w), &tail, role);
        if i == cursor {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
}

/// Every command of this place with its key; what cannot be given now says why.
pub fn help(app: &App, scroll: &Scroll, area: Area, p: &mut Painter<'_, '_>) {
    p.clear(area);
    let here = match app.screen() {
        Screen::Queue => Context::Queue,
        Screen::Encounter => Context::Encounter,
    };
    let mut lines: Vec<(String, Role)> = Vec::new();
    for (context, title) in [
        (here, "Here"),
        (Context::Global, "Everywhere"),
        (Context::Text, "While typing"),
        (Context::Overlay, "In lists and texts laid over"),
    ] {
        if !lines.is_empty() {
            lines.push((String::new(), Role::Text));
        }
        lines.push((title.to_string(), Role::Title));
        for c in COMMANDS.iter().filter(|c| c.contexts.contains(&context)) {
            let Some(mut key) = (p.keys)(context, c.command) else { continue };
            match c.command.choice() {
                // Nine like rows would hide the others.
                Some(1) => key.push_str("…9"),
                Some(_) => continue,
                None => {}
            }
            let why = match context == here || context == Context::Global {
                true => command::refusal(app, c.command),
                false => None,
            };
            match why {
                None => lines.push((format!("  {key:<12} {}", c.doc), Role::Text)),
                Some(why) => lines.push((format!("  {key:<12} {} [not now: {why}]", c.doc), Role::Muted)),
            }
        }
    }
    let more = scrolled(area.below_title(), scroll, &lines, p);
    p.title(area, &format!("Keys · {} · Esc closes", app.keys), &format!("{more} below"), true);
}

fn palette(app: &App, x: &PaletteState, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, "Command", &format!("{}", x.found.len()), true);
    p.put(area.x + 1, area.y + 1, 2, ": ", Role::Key);
    p.put(area.x + 3, area.y + 1, area.w.saturating_sub(3), &x.line.text, Role::Input);
    p.cursor = Some((area.x + 3 + cols(&x.line.text[..x.line.cursor]), area.y + 1));
    let context = match app.screen() {
        Screen::Queue => Context::Queue,
        Screen::Encounter => Context::Encounter,
    };
    let fit = usize::from(area.h.saturating_sub(2));
    let first = if x.cursor >= fit { x.cursor + 1 - fit } else { 0 };
    for (i, (command, why)) in x.found.iter().enumerate().skip(first).take(fit) {
        let y = area.y + 2 + (i - first) as u16;
        let info = command.info();
        let key =
            (p.keys)(context, *command).or_else(|| (p.keys)(Context::Global, *command)).unwrap_or_default();
        p.put(area.x, y, 1, if i == x.cursor { "▸" } else { " " }, Role::Key);
        p.put(area.x + 1, y, 9, &key, Role::Key);
        p.put(area.x + 11, y, 18, info.title, if why.is_some() { Role::Muted } else { Role::Text });
        let tail = why.clone().map_or_else(|| info.doc.to_string(), |w| format!("not now: {w}"));
        p.put(area.x + 30, y, area.w.saturating_sub(30), &tail, Role::Muted);
        if i == x.cursor {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
}

fn me(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, &format!("{} · this session", app.me.login), "", true);
    let hours = (app.now - app.started).num_seconds().max(1) as f64 / 3600.0;
    let rate = if app.tally.submitted > 0 {
        format!("{:.1} an hour", f64::from(app.tally.submitted) / hours)
    } else {
        String::new()
    };
    let rows = [
        ("submitted", format!("{}  {rate}", app.tally.submitted)),
        ("put on hold", app.tally.held.to_string()),
        ("changes", format!("{} made, {} saved", app.save.made, app.save.saved())),
        ("since", app.started.format("%H:%M").to_string()),
    ];
    for (i, (name, value)) in rows.iter().enumerate() {
        p.put(area.x + 2, area.y + 1 + i as u16, 12, name, Role::Muted);
        p.put(area.x + 15, area.y + 1 + i as u16, area.w.saturating_sub(15), value, Role::Text);
    }
}
