//! Plain line mode for screen readers: what is on the screen as lines of words, without places or colours.
//!
//! Owns turning the app's state into sentences. Says only what changed since the last time: a screen reader
//! reads every line that is written. Never draws.

use super::KeyName;
use crate::app::{App, Overlay, Screen, pointer_letters};
use crate::domain::text::clean;
use crate::domain::{CodeSystem, display_code};
use crate::ui::codes::letter;

/// The whole of what a sighted person would look at now, a fact a line.
pub fn lines(app: &App, _keys: &KeyName<'_>) -> Vec<String> {
    let mut out = Vec::new();
    match app.screen() {
        Screen::Queue => queue(app, &mut out),
        Screen::Encounter => encounter(app, &mut out),
    }
    if let Some(overlay) = app.overlays.last() {
        overlay_lines(app, overlay, &mut out);
    }
    if let Some(n) = &app.notice {
        out.push(n.text.clone());
    }
    if app.save.failed {
        out.push("Not saved.".into());
    } else if app.save.made > 0 && app.save.answered == app.save.made {
        out.push(format!("Saved {}.", app.save.saved()));
    }
    // These lines go to standard output as they are: what a sender wrote must not drive the terminal.
    out.into_iter().map(|l| clean(&l).into_owned()).collect()
}

/// Lines that were not there before, in order.
pub fn news(before: &[String], now: &[String]) -> Vec<String> {
    now.iter().filter(|l| !before.contains(l)).cloned().collect()
}

fn queue(app: &App, out: &mut Vec<String>) {
    let q = &app.queue;
    out.push(format!("Queue {}, {} rows.", super::queue::view_title(q.view), q.total));
    if let Some(i) = q.current() {
        out.push(format!(
            "Row {} of {}: {} {}, {}, {}, {} days, {} dollars, {}{}.",
            q.cursor + 1,
            q.total,
            i.account,
            i.name.reveal(),
            i.kind.label(),
            i.through,
            i.age_days(app.today),
            i.dollars,
            i.status(),
            if i.hold.is_empty() { String::new() } else { format!(", {}", i.hold) },
        ));
    }
}

fn encounter(app: &App, out: &mut Vec<String>) {
    let Some(open) = &app.open else { return };
    out.push(format!("Encounter {}.", super::frame::encounter_words(app, false)));
    if let Some(d) = open.chart.documents.get(open.document) {
        out.push(format!(
            "Document {} of {}: {}, {}.",
            open.document + 1,
            open.texts.len(),
            d.body.title,
            d.body.status.label()
        ));
        let (rows, top) = open.rows(78);
        for row in rows.iter().skip(top).take(15) {
            let text = open.text()[row.start..row.end].trim_end();
            if !text.is_empty() {
                out.push(text.to_string());
            }
        }
    }
    match &open.stay {
        Ok(view) => {
            let (text, amiss) = view.banner();
            out.push(format!(
                "{text}, {}{}.",
                view.title(),
                amiss.map(|a| format!(", {a}")).unwrap_or_default()
            ));
        }
        Err(crate::app::stay::NoDrg::NotAStay) => {}
        Err(why) => out.push(format!("{}.", why.sentence())),
    }
    for (i, d) in open.chart.diagnoses.iter().enumerate() {
        let here = if open.code == Some(d.id) { " (here)" } else { "" };
        let title = app.facts.title(CodeSystem::Icd10cm, &d.body.code).unwrap_or_default();
        out.push(format!(
            "Diagnosis {}: {} {title}{here}",
            letter(i),
            display_code(CodeSystem::Icd10cm, &d.body.code)
        ));
    }
    for (i, l) in open.chart.lines.iter().enumerate() {
        let here = if open.line == Some(l.id) { " (here)" } else { "" };
        let charge = l.body.charge.map(|c| c.to_string()).unwrap_or_else(|| "no charge".into());
        out.push(format!(
            "Line {}: {} {} pointers {} units {} {charge}{here}",
            i + 1,
            l.body.code,
            l.body.modifiers.join(" "),
            pointer_letters(&open.chart, &l.body),
            l.body.units
        ));
    }
    for f in open.findings.iter().filter(|f| f.blocks()) {
        out.push(format!("Edit {}: {} ({})", f.severity.word(), f.message, f.authority));
    }
    for (n, c) in open.choices.iter().enumerate() {
        out.push(format!("Choice {}: {}", n + 1, c.text));
    }
}

fn overlay_lines(app: &App, overlay: &Overlay, out: &mut Vec<String>) {
    match overlay {
        Overlay::Search(s) => {
            out.push(format!("{}: {}", s.title(), s.line.text));
            if let Some(h) = s.current() {
                let words = if h.billable { "" } else { ", not billable" };
                out.push(format!(
                    "Hit {} of {}: {} {}{words}",
                    s.cursor + 1,
                    s.results.total,
                    display_code(h.system, &h.code),
                    h.title.as_deref().unwrap_or_default()
                ));
            }
        }
        Overlay::Picker(x) => {
            out.push(format!("7th character of {}:", x.code));
            out.extend(x.choices.iter().map(|(c, text)| format!("{c} {text}")));
        }
        Overlay::Book(x) => super::book::plain(x, out),
        Overlay::Builder(x) => super::builder::plain(x, out),
        Overlay::Prompt(x) => {
            out.push(format!("{}: {} ({})", x.title, x.line.text, x.error.as_ref().unwrap_or(&x.hint)));
        }
        Overlay::Hold(x) => match x.reason {
            None => {
                let all = crate::domain::HoldReason::ALL.iter().enumerate();
                out.extend(all.map(|(i, r)| format!("{} {}", i + 1, r.label())));
            }
            Some(r) => out.push(format!("Hold, {}. Note: {}", r.label(), x.note.text)),
        },
        Overlay::Evidence(x) => {
            let line = app
                .open
                .as_ref()
                .and_then(|o| o.texts.get(x.document))
                .and_then(|t| t.split('\n').nth(x.line as usize));
            out.push(format!("Evidence, {}: line {}: {}", x.ask, x.line + 1, line.unwrap_or("").trim()));
        }
        Overlay::Find(x) => {
            out.push(format!("Find: {}, {} hits", x.line.text, x.hits.len()));
            out.extend(x.hits.get(x.cursor).map(|h| h.snippet.clone()));
        }
        Overlay::Notes { code, .. } => {
            out.extend(app.facts.notes(code).into_iter().map(|n| format!("{}: {}", n.kind.label(), n.text)));
        }
        Overlay::Claim(_) => {
            if let Some(open) = &app.open {
                let face = crate::claims::build(&open.chart, open.form(), &*app.facts);
                out.extend(face.full().into_iter().map(|l| l.text).filter(|t| !t.trim().is_empty()));
            }
        }
        Overlay::Sides(_) => {
            for form in [crate::domain::Form::Cms1500, crate::domain::Form::Ub04] {
                out.push(super::sides::head(app, form));
                out.extend(super::sides::rows(app, form, 200).into_iter().map(|(text, _)| text));
            }
        }
        Overlay::Documents { cursor } => {
            if let Some(open) = &app.open {
                out.extend(
                    open.chart
                        .documents
                        .get(*cursor)
                        .map(|d| format!("Document {}: {}", cursor + 1, d.body.title)),
                );
            }
        }
        Overlay::Help(_) => {
            out.extend(crate::app::COMMANDS.iter().map(|c| format!("{}: {}", c.title, c.doc)));
        }
        Overlay::Palette(x) => {
            out.push(format!("Command: {}", x.line.text));
            out.extend(x.found.get(x.cursor).map(|(c, _)| format!("{}: {}", c.info().title, c.info().doc)));
        }
        Overlay::Poa { at } => {
            if let Some(d) = app.open.as_ref().and_then(|o| o.chart.diagnoses.iter().find(|d| d.id == *at)) {
                let code = display_code(CodeSystem::Icd10cm, &d.body.code);
                out.push(format!("Present on admission of {code}: y, n, u or w."));
            }
        }
        Overlay::WhatIf(x) => super::stay::plain(app, x, out),
        Overlay::Me => out.push(format!("Submitted {}, held {}.", app.tally.submitted, app.tally.held)),
    }
}
