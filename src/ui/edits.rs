//! The edits pane: what stands in the way, who says so, and the digit that answers it.

use super::paint::Painter;
use crate::app::layout::Area;
use crate::app::{App, Command, Context, OpenEncounter, Pane};
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
fn rows(open: &OpenEncounter, width: u16, over: &str) -> Vec<(usize, Vec<(String, Role)>)> {
    let mut out = Vec::new();
    // In the order of their numbers: a digit is looked for from the top.
    let number = |i: usize| open.choices.iter().position(|c| c.finding == i).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..open.findings.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(open.findings[*i].severity), number(*i)));
    for i in order {
        let f = &open.findings[i];
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
        // What has to be answered is shown whole, on two rows where it needs them.
        let room = usize::from(width).saturating_sub(word.len() + 3);
        let split = crate::app::reading::wrap(&f.message, room);
        match (f.severity, split.as_slice()) {
            (Severity::Warn | Severity::Stop, [first, second, ..]) if f.answered.is_none() => {
                out.push((
                    i,
                    vec![
                        (format!("{word} "), role(f)),
                        (f.message[first.start..first.end].into(), Role::Text),
                    ],
                ));
                out.push((
                    i,
                    vec![("     ".into(), Role::Text), (f.message[second.start..].into(), Role::Text)],
                ));
            }
            _ => out.push((i, vec![(format!("{word} "), role(f)), (f.message.clone(), Role::Text)])),
        }
        if let Some(reason) = &f.answered {
            let back = if open.finding == i { format!(" · {over} takes it back") } else { String::new() };
            out.push((i, vec![(format!("  {reason}{back}"), Role::Muted)]));
            continue;
        }
        for (n, text) in choices {
            out.push((i, vec![(format!("  {n} "), Role::Key), (text.to_string(), Role::Text)]));
        }
        // A question shows who asks; a stop says it when the cursor is on it.
        let cited =
            f.severity == Severity::Warn || (f.severity == Severity::Stop && open.finding == i && width > 60);
        if cited {
            let answer = match f.policy {
                OverridePolicy::None => String::new(),
                OverridePolicy::Reason => format!(" · {over} override, with a reason"),
                OverridePolicy::Evidence => format!(" · {over} override, with evidence"),
            };
            let text =
                format!("  {}{answer}", f.authority.replace("ICD-10-CM Official Guidelines", "Guidelines"));
            out.push((i, vec![(text, Role::Muted)]));
            // Which quarter's table said so, where the cursor is: the row above has no room for it.
            if !f.release.is_empty() && open.finding == i {
                out.push((i, vec![(format!("  {}", f.release), Role::Muted)]));
            }
        }
    }
    out
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
    let over = (p.keys)(Context::Encounter, Command::Override).unwrap_or_default();
    let rows = rows(open, area.w, &over);
    let h = usize::from(area.h.saturating_sub(1));
    let first = rows.iter().position(|(i, _)| *i == open.finding).unwrap_or(0);
    let top = if rows.len() <= h || !focused { 0 } else { first.min(rows.len().saturating_sub(h)) };
    let hidden = rows.len().saturating_sub(top + h);
    let more = if hidden > 0 { format!(" · {hidden} below") } else { String::new() };
    p.title(area, "Edits", &format!("{stops} stop · {asks} asks{more}"), focused);
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
    }
}
