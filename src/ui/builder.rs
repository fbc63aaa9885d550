//! The procedure code builder, and the picker of 7th characters: one key a character.
//!
//! Owns their rows: key, what it means, and the code it makes. Never decides what is legal.

use super::overlays::inner;
use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{App, Builder, Picker};
use crate::codes::pad_seventh;
use crate::codes::pcs::{Continuation, LENGTH};
use crate::domain::{CodeSystem, display_code};
use crate::theme::Role;
use std::borrow::Cow;

/// Columns of the name of a character's place.
const AXIS: u16 = 19;

/// First row shown so that the cursor is in view, scrolling at the edge.
pub fn first_row(cursor: usize, fit: usize) -> usize {
    if fit > 0 && cursor >= fit { cursor + 1 - fit } else { 0 }
}

pub fn overlay(x: &Builder, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    p.title(area, "Build a procedure code", &format!("valid {}", x.date), true);
    let mut y = area.y + 1;
    code_cells(x, area, y, p);
    y += 2;
    let end = area.y + area.h;
    // What is chosen stays in sight; on a short screen the first three go on one line.
    let short = area.h < 18;
    if short {
        let words: Vec<&str> = x.chosen.iter().take(3).filter_map(|c| c.label.as_deref()).collect();
        if !words.is_empty() {
            p.put(area.x + 2, y, area.w.saturating_sub(3), &words.join(" · "), Role::Muted);
            y += 1;
        }
    }
    for (i, c) in x.chosen.iter().enumerate().skip(if short { 3 } else { 0 }) {
        if y + 2 >= end {
            break;
        }
        chosen(x, i + 1, c, Area { y, h: 1, ..area }, p);
        y += 1;
    }
    if x.is_complete() {
        complete(x, Area { y: y + 1, h: end.saturating_sub(y + 1), ..area }, p);
        return;
    }
    if !x.chosen.is_empty() && !short {
        y += 1;
    }
    choices(x, Area { y, h: end.saturating_sub(y), ..area }, p);
}

/// `0 2 H   V 3 _ _`
fn code_cells(x: &Builder, area: Area, y: u16, p: &mut Painter<'_, '_>) {
    let mut at = area.x + 2;
    for i in 0..LENGTH {
        let (text, role) = match x.code.chars().nth(i) {
            Some(c) => (c.to_string(), Role::Code),
            None if i == x.code.len() => ("▁".to_string(), Role::Key),
            None => ("·".to_string(), Role::Muted),
        };
        at += p.put(at, y, 1, &text, role) + 1;
        if i == 2 {
            at += 2;
        }
    }
    if x.is_complete() {
        p.put(at + 1, y, 2, "✓", Role::Ok);
    }
}

fn chosen(x: &Builder, position: usize, c: &Continuation, area: Area, p: &mut Painter<'_, '_>) {
    let name = format!("{position} {}", x.axis(position));
    p.put(area.x + 2, area.y, AXIS, &name, Role::Muted);
    p.put(area.x + 2 + AXIS, area.y, 1, &c.character.to_string(), Role::Code);
    let label = c.label.as_deref().unwrap_or("(no words loaded)");
    p.put(area.x + 5 + AXIS, area.y, area.w.saturating_sub(6 + AXIS), label, Role::Text);
}

fn complete(x: &Builder, area: Area, p: &mut Painter<'_, '_>) {
    let title = x.title.as_deref().unwrap_or("(no title loaded: import the ICD-10-PCS order file)");
    let used = p.words(area.x + 2, area.y, area.w.saturating_sub(4), area.h.min(4), title, Role::Title);
    if used + 1 < area.h {
        let text = format!("{} is valid on {}: Enter posts it", x.code, x.date);
        p.put(area.x + 2, area.y + used + 1, area.w.saturating_sub(3), &text, Role::Ok);
    }
}

fn choices(x: &Builder, area: Area, p: &mut Painter<'_, '_>) {
    if area.h < 2 {
        return;
    }
    let position = x.code.len() + 1;
    let n = x.choices.len();
    let count = if n == 1 { "1 choice".to_string() } else { format!("{n} choices") };
    p.title(area, &format!("{position} {}", x.axis(position)), &count, false);
    // The last row explains the highlighted one where it has more to say.
    let explained = x.choices.get(x.cursor).and_then(|c| c.definition.as_deref());
    let beside = area.w >= 90;
    let foot = if explained.is_some() && !beside && area.h >= 5 { 2 } else { 0 };
    let fit = usize::from(area.h - 1 - foot);
    let first = first_row(x.cursor, fit);
    for (i, c) in x.choices.iter().enumerate().skip(first).take(fit) {
        let y = area.y + 1 + (i - first) as u16;
        let here = i == x.cursor;
        p.put(area.x, y, 1, if here { "▸" } else { " " }, Role::Key);
        p.put(area.x + 3, y, 1, &c.character.to_string(), Role::Key);
        let tail = c.codes.to_string();
        let tail_w = cols(&tail);
        let room = area.w.saturating_sub(8 + tail_w);
        match c.label.as_deref() {
            Some(label) => {
                let used = p.put(area.x + 6, y, room, label, Role::Text);
                if let Some(words) = c.definition.as_deref().filter(|_| beside) {
                    let at = used.max(30) + 2;
                    p.put(area.x + 6 + at, y, room.saturating_sub(at), words, Role::Muted);
                }
            }
            None => {
                p.put(area.x + 6, y, room, "(no words loaded)", Role::Muted);
            }
        }
        p.right(area, y, &format!("{tail} "), Role::Muted);
        if here {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
    if let Some(words) = explained.filter(|_| foot > 0) {
        let name = x.choices.get(x.cursor).and_then(|c| c.label.as_deref()).unwrap_or_default();
        let text = format!("{name}: {words}");
        let y = area.y + area.h - foot;
        p.words(area.x + 2, y, area.w.saturating_sub(3), foot, &text, Role::Info);
    }
}

pub fn plain(x: &Builder, out: &mut Vec<String>) {
    let so_far: Vec<String> = x
        .chosen
        .iter()
        .map(|c| format!("{} {}", c.character, c.label.as_deref().unwrap_or("no words loaded")))
        .collect();
    out.push(format!("Procedure code {}: {}", x.code, so_far.join(", ")));
    if let Some(title) = &x.title {
        out.push(format!("Complete: {title}"));
    }
    let position = x.code.len() + 1;
    let choices = x.choices.iter();
    out.extend(choices.map(|c| {
        format!("{} {}: {}", x.axis(position), c.character, c.label.as_deref().unwrap_or("no words loaded"))
    }));
}

/// The 7th characters of a code, each with the code it makes. Takes more of the screen where the meanings
/// would be cut: eleven characters of a fracture differ in their last words.
pub fn picker(app: &App, x: &Picker, narrow: Area, wide: Area, p: &mut Painter<'_, '_>) {
    const MADE: u16 = 15;
    let longest = x.choices.iter().map(|(_, text)| cols(&brief(text))).max().unwrap_or(0);
    let below = if longest + MADE + 1 > narrow.w { wide } else { narrow };
    let title = app.facts.title(CodeSystem::Icd10cm, &x.code).unwrap_or_default();
    let rows = u16::try_from(x.choices.len()).unwrap_or(40);
    let h = (rows + 2).min(below.h);
    let area = inner(Area { y: below.y + below.h - h, h, ..below }, p);
    let shown = display_code(CodeSystem::Icd10cm, &x.code);
    p.title(area, &format!("7th character of {shown}"), "type the letter", true);
    p.put(area.x + 2, area.y + 1, area.w.saturating_sub(3), &title, Role::Muted);
    let at = if longest + MADE + 1 > area.w { 5 } else { MADE };
    let room = area.w.saturating_sub(at + 1);
    let fit = usize::from(area.h.saturating_sub(2));
    let first = first_row(x.cursor, fit);
    for (i, (letter, text)) in x.choices.iter().enumerate().skip(first).take(fit) {
        let y = area.y + 2 + (i - first) as u16;
        let here = i == x.cursor;
        p.put(area.x, y, 1, if here { "▸" } else { " " }, Role::Key);
        p.put(area.x + 2, y, 2, &letter.to_string(), Role::Key);
        if at == MADE {
            let made = display_code(CodeSystem::Icd10cm, &pad_seventh(&x.code, *letter));
            p.put(area.x + 5, y, 9, &made, Role::Code);
        }
        let text = if cols(text) > room { brief(text) } else { text.into() };
        p.put(area.x + at, y, room, &text, Role::Text);
        if here {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
}

/// `subsequent: closed fracture with routine healing`
fn brief(meaning: &str) -> Cow<'_, str> {
    match meaning.split_once(" encounter for ") {
        Some((which, what)) => format!("{which}: {what}").into(),
        None => meaning.into(),
    }
}
