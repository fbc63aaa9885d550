//! The edits pane: what stands in the way, who says so, and the digit that answers it.

use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{App, Context, OpenEncounter, Pane};
use crate::domain::{Finding, OverridePolicy, Severity};
use crate::theme::Role;

fn role(f: &Finding) -> Role {
    match (f.severity, &f.answered) {
        (_, Some(_)) => Role::Ok,
        (Severity::Stop, _) => Role::Stop,
        (Severity::Warn, _) => Role::Ask,
        (Severity::Info, _) => Role::Info,
    }
}

/// Rows of a finding: its sentence, then the choices that answer it or its authority.
fn rows(app: &App, open: &OpenEncounter, width: u16) -> Vec<(usize, Vec<(String, Role)>)> {
    let mut out = Vec::new();
    for (i, f) in open.findings.iter().enumerate() {
        let choices: Vec<(usize, &str)> = open
            .choices
            .iter()
            .enumerate()
            .filter(|(_, c)| c.finding == i)
            .map(|(n, c)| (n + 1, c.text.as_str()))
            .collect();
        // Notes that ask for more are one row a choice; without a number they stay in the notes view.
        if f.severity == Severity::Info && choices.is_empty() && open.pane != Pane::Edits {
            continue;
        }
        let word = if f.answered.is_some() { "answered" } else { f.severity.word() };
        out.push((i, vec![(format!("{word} "), role(f)), (f.message.clone(), Role::Text)]));
        if let Some(reason) = &f.answered {
            out.push((i, vec![(format!("  {reason}"), Role::Muted)]));
            continue;
        }
        for (n, text) in choices {
            out.push((i, vec![(format!("  {n} "), Role::Key), (text.to_string(), Role::Text)]));
        }
        if f.severity != Severity::Info {
            let key = |c| (app_key)(app, c);
            let over = match f.policy {
                OverridePolicy::None => String::new(),
                OverridePolicy::Reason => format!(" · {} override, with a reason", key("override")),
                OverridePolicy::Evidence => format!(" · {} override, with evidence", key("override")),
            };
            let text = format!("  {}{over}", f.authority);
            if cols(&text) > 2 && (open.finding == i || width > 60) {
                out.push((i, vec![(text, Role::Muted)]));
            }
        }
    }
    out
}

/// The default key's letter; the hint line shows the user's own.
fn app_key(_: &App, _: &str) -> &'static str {
    "o"
}

pub fn pane(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let Some(open) = app.open.as_ref().filter(|_| !area.is_empty()) else { return };
    let area = match area.x {
        0 => area,
        _ => {
            p.bar(Area { w: 1, ..area });
            Area { x: area.x + 1, w: area.w - 1, ..area }
        }
    };
    let (stops, asks) = open.counts();
    let focused = open.pane == Pane::Edits && app.overlays.is_empty();
    p.title(area, "Edits", &format!("{stops} stop · {asks} asks"), focused);
    let rows = rows(app, open, area.w);
    let h = usize::from(area.h.saturating_sub(1));
    let first = rows.iter().position(|(i, _)| *i == open.finding).unwrap_or(0);
    let top = if rows.len() <= h || !focused && first + 2 < h { 0 } else { first.min(rows.len().saturating_sub(h)) };
    for (n, (i, parts)) in rows.iter().skip(top).take(h).enumerate() {
        let y = area.y + 1 + n as u16;
        let mut x = area.x + 1;
        for (text, role) in parts {
            x += p.put(x, y, (area.x + area.w).saturating_sub(x), text, *role);
        }
        if focused && *i == open.finding {
            p.put(area.x, y, 1, "▸", Role::Key);
        }
    }
    if rows.is_empty() {
        p.put(area.x + 1, area.y + 1, area.w.saturating_sub(1), "nothing in the way", Role::Ok);
    } else if rows.len() > top + h && h > 0 {
        let text = format!(" {} more ", rows.len() - top - h);
        p.right(area, area.y + area.h - 1, &text, Role::Muted);
    }
    let _ = Context::Encounter;
}
