//! The first and the last row: where I am, who I am, what is saved; the next keys here, or what was just said.

use super::paint::{Painter, cols};
use crate::app::layout::{Area, MIN};
use crate::app::{App, BookState, Command, Context, Level, Overlay, Pane, Screen};
use crate::theme::Role;

pub fn too_small(app: &App, p: &mut Painter<'_, '_>) {
    let (w, h) = app.size;
    let text = format!("codesk needs {}x{}, this is {w}x{h}. ? help  q leave", MIN.0, MIN.1);
    p.words(0, 0, w, h, &text, Role::Text);
}

/// `Alvarez, Maria · 58 F · 2026-11-03 · Medicare`
pub fn encounter_words(app: &App, short: bool) -> String {
    let Some(open) = &app.open else { return String::new() };
    let e = open.chart.header();
    let mut parts = Vec::new();
    if let Some(patient) = open.chart.patient() {
        let name = patient.name.reveal();
        parts.push(if short { name.short() } else { name.full() });
        let age = patient.age_on(e.from).map(|a| a.to_string()).unwrap_or_default();
        parts.push(format!("{age} {}", patient.sex.letter()).trim().to_string());
    }
    parts.push(match e.from == e.through {
        true => e.from.to_string(),
        false => format!("{} to {}", e.from, e.through.format("%m-%d")),
    });
    if let Some(payer) = open.chart.primary_payer() {
        parts.push(payer.name.clone());
    }
    format!("{} {}", e.account, parts.join(" · "))
}

/// `saved 5`: the number of changes of this session that are on the disk.
fn save_words(app: &App) -> (String, Role) {
    let s = app.save;
    match () {
        _ if s.failed => ("NOT SAVED".to_string(), Role::Stop),
        _ if s.answered < s.made => (format!("saved {} of {}", s.saved(), s.made - s.lost), Role::Changed),
        _ if s.made > 0 => (format!("saved {}", s.saved()), Role::Ok),
        _ => (String::new(), Role::Muted),
    }
}

pub fn header(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let left = match app.screen() {
        Screen::Queue => app.site.clone(),
        Screen::Encounter => encounter_words(app, area.w < 120),
    };
    let (saved, saved_role) = save_words(app);
    let sync_role = if app.sync.offline { Role::Offline } else { Role::Muted };
    let who = match area.w >= 100 {
        true => format!("{} · {}", app.me.login, app.me.role.label()),
        false => String::new(),
    };
    let book = match &app.book {
        BookState::Opening | BookState::Ready => String::new(),
        BookState::Building(what) => what.clone(),
        BookState::Failed(_) => "no code tables".into(),
    };
    let mut end = area.x + area.w;
    for (text, role) in [
        (app.sync.words.as_str(), sync_role),
        (&saved, saved_role),
        (&book, Role::Changed),
        (&who, Role::Muted),
    ] {
        if !text.is_empty() {
            let w = cols(text);
            end = end.saturating_sub(w + 2);
            p.put(end + 1, area.y, w, text, role);
        }
    }
    let x = area.x + 1 + p.put(area.x + 1, area.y, 8, "codesk", Role::Title);
    p.put(x + 2, area.y, end.saturating_sub(x + 3), &left, Role::TitleFocused);
}

/// `chart 2/3 │ CODES │ claim $312.00 │ edits 1 asks`
pub fn tabs(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let Some(open) = app.open.as_ref().filter(|_| !area.is_empty()) else { return };
    let (stops, asks) = open.counts();
    let edits = match (stops, asks) {
        (0, 0) => "edits clear".to_string(),
        (0, a) => format!("edits {a} asks"),
        (s, 0) => format!("edits {s} stop"),
        (s, a) => format!("edits {s} stop {a} asks"),
    };
    let tabs = [
        (Pane::Chart, format!("chart {}/{}", open.document + 1, open.texts.len().max(1))),
        (Pane::Codes, format!("codes {}", open.chart.diagnoses.len())),
        (Pane::Lines, format!("lines {}", open.chart.lines.len())),
        (Pane::Edits, edits),
        (Pane::Claim, format!("claim ${}", open.chart.total(open.form()))),
    ];
    let mut x = area.x + 1;
    for (i, (pane, words)) in tabs.iter().enumerate() {
        if i > 0 {
            x += p.put(x, area.y, 3, " │ ", Role::Rule);
        }
        let here = *pane == open.pane;
        let role = match (here, pane) {
            (true, _) => Role::Selected,
            (false, Pane::Edits) if stops > 0 => Role::Stop,
            (false, Pane::Edits) if asks > 0 => Role::Ask,
            _ => Role::Muted,
        };
        let words = if here { words.to_uppercase() } else { words.clone() };
        x += p.put(x, area.y, (area.x + area.w).saturating_sub(x), &words, role);
    }
}

/// Keys worth showing, in the order a hand needs them.
fn next_keys(app: &App) -> (Context, &'static [(Command, &'static str)]) {
    use Command as C;
    match app.overlays.last() {
        Some(Overlay::Search(_)) => (
            Context::Text,
            &[
                (C::Open, "post"),
                (C::PaneNext, "post, stay"),
                (C::Expand, "below"),
                (C::Notes, "notes"),
                (C::Book, "book"),
                (C::Why, "why"),
                (C::SystemNext, "systems"),
                (C::SearchAll, "all hits"),
                (C::Back, "close"),
            ],
        ),
        Some(Overlay::Book(b)) => super::book::next_keys(b),
        Some(Overlay::Builder(b)) if b.is_complete() => {
            (Context::Overlay, &[(C::Open, "post"), (C::BookBack, "take back"), (C::Back, "close")])
        }
        Some(Overlay::Builder(_)) => (
            Context::Overlay,
            &[(C::BookBack, "take back"), (C::Open, "take this one"), (C::Back, "search instead")],
        ),
        Some(Overlay::Find(_)) => {
            (Context::Text, &[(C::Open, "stay there"), (C::Down, "next hit"), (C::Back, "close")])
        }
        Some(Overlay::Palette(_)) => {
            (Context::Text, &[(C::Open, "run"), (C::Down, "next"), (C::Back, "close")])
        }
        Some(Overlay::Prompt(_)) => {
            (Context::Text, &[(C::Open, "accept"), (C::TextClear, "clear"), (C::Back, "cancel")])
        }
        Some(Overlay::Hold(h)) if h.reason.is_some() => {
            (Context::Text, &[(C::Open, "place the hold"), (C::Back, "reasons")])
        }
        Some(Overlay::Hold(_)) => (Context::Overlay, &[(C::Open, "pick"), (C::Back, "cancel")]),
        Some(Overlay::Evidence(_)) => (
            Context::Overlay,
            &[
                (C::Open, "attach this line"),
                (C::Down, "next line"),
                (C::Up, "line before"),
                (C::Back, "not now"),
            ],
        ),
        Some(Overlay::Picker(_)) => (Context::Overlay, &[(C::Open, "post"), (C::Back, "cancel")]),
        Some(Overlay::Poa { .. }) => {
            (Context::Overlay, &[(C::Down, "next code"), (C::Up, "code before"), (C::Back, "done")])
        }
        Some(Overlay::WhatIf(_)) => (
            Context::Overlay,
            &[
                (C::PaneNext, "other list"),
                (C::Expand, "keep one more in place"),
                (C::Left, "one less"),
                (C::Back, "close"),
            ],
        ),
        Some(Overlay::Claim(_)) => {
            (Context::Overlay, &[(C::Down, "scroll"), (C::FormNext, "other form"), (C::Back, "close")])
        }
        Some(_) => (Context::Overlay, &[(C::Open, "choose"), (C::Down, "down"), (C::Back, "close")]),
        None if app.queue.filter_line.is_some() => {
            (Context::Text, &[(C::Open, "keep the filter"), (C::Back, "all rows")])
        }
        None => match app.screen() {
            Screen::Queue => (
                Context::Queue,
                &[
                    (C::Open, "open"),
                    (C::Next, "next"),
                    (C::Search, "filter"),
                    (C::ListNext, "next list"),
                    (C::Undo, "undo"),
                    (C::Help, "all keys"),
                    (C::Palette, "command"),
                    (C::Quit, "quit"),
                ],
            ),
            Screen::Encounter => (
                Context::Encounter,
                &[
                    (C::Search, "find code"),
                    (C::Lines, "lines"),
                    (C::Submit, "submit and next"),
                    (C::Next, "next"),
                    (C::Hold, "hold"),
                    (C::ClaimFull, "claim"),
                    (C::Notes, "notes"),
                    (C::Undo, "undo"),
                    (C::EditNext, "edit"),
                    (C::PaneNext, "pane"),
                    (C::Help, "all keys"),
                    (C::Palette, "command"),
                ],
            ),
        },
    }
}

pub fn hints(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    if area.is_empty() {
        return;
    }
    let notice = app.notice.as_ref().map(|n| {
        let role = match n.level {
            Level::Info => Role::Banner,
            Level::Warn => Role::Ask,
            Level::Error => Role::BannerError,
        };
        let word = match n.level {
            Level::Info => "",
            Level::Warn => "! ",
            Level::Error => "ERROR ",
        };
        (format!("{word}{}", n.text), role)
    });
    if let Some((text, role)) = notice {
        p.put(area.x + 1, area.y, area.w.saturating_sub(2), &text, role);
        return;
    }
    let (context, keys) = next_keys(app);
    let help_room = match app.overlays.is_empty() && app.queue.filter_line.is_none() {
        true => 14,
        false => 0,
    };
    let end = area.x + area.w;
    let mut x = area.x + 1;
    for (command, words) in keys {
        // Help keeps its place on a narrow screen: it leads to all the rest.
        let room = match command {
            Command::Help | Command::Palette => end.saturating_sub(x),
            _ => end.saturating_sub(x + help_room),
        };
        let used = match command {
            Command::Help | Command::Palette | Command::Me => {
                p.hint(x, area.y, room, Context::Global, *command, words)
            }
            _ => p.hint(x, area.y, room, context, *command, words),
        };
        if used > 0 {
            x += used + 3;
        }
    }
}

/// What may follow the keys typed so far.
pub fn which_key(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let Some(keys) = &app.which_key else { return };
    let h = u16::try_from(keys.len()).unwrap_or(u16::MAX).min(area.h / 2).max(1) + 1;
    let w = 34.min(area.w);
    let box_ = Area::new(area.x + area.w - w, area.y + area.h - h, w, h);
    p.clear(box_);
    p.title(box_, "then", "", true);
    for (i, (key, title)) in keys.iter().take(usize::from(h - 1)).enumerate() {
        let y = box_.y + 1 + i as u16;
        p.put(box_.x + 1, y, 8, key, Role::Key);
        p.put(box_.x + 10, y, w - 10, title, Role::Text);
    }
}
