//! What stands in the way of each of a visit's two claims, side by side.

use super::overlays::scrolled;
use super::paint::Painter;
use crate::app::layout::Area;
use crate::app::{App, Scroll};
use crate::domain::{Finding, Form, Severity};
use crate::edits::side;
use crate::theme::Role;

const FORMS: [Form; 2] = [Form::Cms1500, Form::Ub04];

/// Below this width the two sides stand under each other.
const SPLIT: u16 = 72;

fn role(f: &Finding) -> Role {
    match (f.severity, &f.answered) {
        (_, Some(_)) => Role::Ok,
        (Severity::Stop, _) => Role::Stop,
        (Severity::Warn, _) => Role::Ask,
        (Severity::Info, _) => Role::Info,
    }
}

/// `CMS-1500: 1 stop, 0 asks`
pub fn head(app: &App, form: Form) -> String {
    let Some(open) = &app.open else { return String::new() };
    let (stops, asks) = side::counts(&open.chart, &open.findings, form);
    format!("{}: {stops} stop, {asks} asks", form.label())
}

/// What is in the way of a form, or was answered for it, wrapped to a width.
pub fn rows(app: &App, form: Form, width: usize) -> Vec<(String, Role)> {
    let Some(open) = &app.open else { return Vec::new() };
    let here =
        |f: &&Finding| f.severity > Severity::Info && side::form_of(&open.chart, f).is_none_or(|o| o == form);
    let mut out = Vec::new();
    for f in open.findings.iter().filter(here) {
        let word = if f.answered.is_some() { "answered" } else { f.severity.word() };
        let text = format!("{word} {}", f.message);
        let pieces = crate::app::reading::wrap(&text, width.max(10));
        for (i, row) in pieces.iter().enumerate() {
            let lead = if i == 0 { "" } else { "  " };
            out.push((
                format!("{lead}{}", &text[row.start..row.end]),
                if i == 0 { role(f) } else { Role::Text },
            ));
        }
        if let Some(reason) = &f.answered {
            out.push((format!("  {reason}"), Role::Muted));
        } else {
            let source = if f.release.is_empty() { &f.authority } else { &f.release };
            out.push((format!("  {source}"), Role::Muted));
        }
    }
    if out.is_empty() {
        out.push(("nothing in the way".into(), Role::Ok));
    }
    out
}

pub(super) fn overlay(app: &App, scroll: &Scroll, area: Area, p: &mut Painter<'_, '_>) {
    p.clear(area);
    if area.w < SPLIT {
        let mut all = Vec::new();
        for form in FORMS {
            all.push((head(app, form), Role::Title));
            all.extend(rows(app, form, usize::from(area.w.saturating_sub(3))));
        }
        p.title(area, "Both claims", "", true);
        let body = Area { y: area.y + 1, h: area.h.saturating_sub(1), ..area };
        scrolled(body, scroll, &all, p);
        return;
    }
    let half = area.w / 2;
    for (i, form) in FORMS.into_iter().enumerate() {
        let x = area.x + half * i as u16;
        let column = Area { x, w: if i == 0 { half - 1 } else { area.w - half }, ..area };
        if i == 1 {
            p.bar(Area { x: x - 1, w: 1, ..area });
        }
        p.title(column, &head(app, form), "", true);
        let body = Area { y: column.y + 1, h: column.h.saturating_sub(1), ..column };
        scrolled(body, scroll, &rows(app, form, usize::from(column.w.saturating_sub(4))), p);
    }
}
