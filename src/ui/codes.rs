//! What is coded so far: diagnoses with their letters, procedures of a stay, service lines.

use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{App, OpenEncounter, Pane, pointer_letters};
use crate::domain::{CodeSystem, Finding, Id, Place, Severity, display_code};
use crate::drg;
use crate::theme::Role;

/// The worst open finding on a record, as the mark at the end of its row.
fn mark(open: &OpenEncounter, id: Id) -> (&'static str, Role) {
    let here = |f: &&Finding| match &f.place {
        Place::Diagnosis(x) | Place::Procedure(x) | Place::Line(x, _) => *x == id,
        _ => false,
    };
    let worst = open.findings.iter().filter(here).filter(|f| f.answered.is_none()).map(|f| f.severity).max();
    match worst {
        Some(Severity::Stop) => ("stop", Role::Stop),
        Some(Severity::Warn) => ("asks", Role::Ask),
        Some(Severity::Info) | None => ("✓", Role::Ok),
    }
}

/// The DRG column of a code: `✔` it drives the DRG, its level (in brackets where it does not count), `OR`; and why
/// it does not count.
fn drg_mark(open: &OpenEncounter, id: Id) -> (String, Option<String>) {
    let Ok(view) = &open.stay else { return (String::new(), None) };
    let m = view.mark(id);
    let drives = if m.drives { "✔" } else { "" };
    let level = match m.level {
        drg::Level::None if m.operating_room => "OR".to_string(),
        drg::Level::None => String::new(),
        level if m.counts => level.label().to_string(),
        level => format!("({})", level.label()),
    };
    let space = if m.drives || !level.is_empty() { " " } else { "" };
    (format!("{drives}{level}{space}"), view.why_not(id))
}

pub fn letter(at: usize) -> char {
    char::from(b'A' + u8::try_from(at.min(25)).unwrap_or(25))
}

/// One row to be painted, so that a short pane can scroll all sections as one list.
enum Row {
    Title(String, String, bool),
    /// The DRG of a stay: number and figures, then what is amiss; or why there is none.
    Drg(String, Option<String>),
    DrgTitle(String),
    Code {
        key: String,
        code: String,
        text: String,
        tail: String,
        mark: (&'static str, Role),
        here: bool,
        weak: bool,
    },
    Empty(String),
}

fn rows(app: &App, open: &OpenEncounter, width: u16) -> Vec<Row> {
    let chart = &open.chart;
    let stay = chart.header().is_inpatient();
    let on = chart.header().code_date();
    let mut out = Vec::new();
    let focused = app.overlays.is_empty();
    match &open.stay {
        Ok(view) => {
            let (text, amiss) = view.banner();
            out.push(Row::Drg(text, amiss));
            out.push(Row::DrgTitle(view.title().to_string()));
        }
        Err(_) if !stay => {}
        Err(why) => out.push(Row::Drg(String::new(), Some(why.sentence().to_string()))),
    }
    let n = chart.diagnoses.len();
    let count = if width > 40 { format!("{n} · valid {on}") } else { n.to_string() };
    out.push(Row::Title("Diagnoses".into(), count, focused && open.pane == Pane::Codes));
    let limit = if chart.header().has_form(crate::domain::Form::Cms1500) { 12 } else { 25 };
    for (i, d) in chart.diagnoses.iter().enumerate() {
        let poa = match (stay, d.body.poa) {
            (false, _) => String::new(),
            (true, Some(poa)) => poa.letter().to_string(),
            (true, None) if app.facts.poa_exempt(&d.body.code, on) == Some(true) => "ex".into(),
            (true, None) => "POA?".into(),
        };
        let text =
            app.facts.title(CodeSystem::Icd10cm, &d.body.code).unwrap_or_else(|| "(no title loaded)".into());
        let (drg, why) = drg_mark(open, d.id);
        out.push(Row::Code {
            key: if i < 26 { letter(i).to_string() } else { String::new() },
            code: display_code(CodeSystem::Icd10cm, &d.body.code),
            // Why it does not count stands before what it is: the title is known, the reason is not.
            text: why.map_or_else(|| text.clone(), |w| format!("[{w}] {text}")),
            tail: format!("{drg}{poa}"),
            mark: mark(open, d.id),
            here: open.code == Some(d.id) && open.pane == Pane::Codes,
            // What will not go on the claim looks different.
            weak: i >= limit,
        });
    }
    if n == 0 {
        out.push(Row::Empty("none yet: / finds one".into()));
    }
    if stay || !chart.procedures.is_empty() {
        out.push(Row::Title("Procedures".into(), chart.procedures.len().to_string(), false));
        for (i, x) in chart.procedures.iter().enumerate() {
            let date = x.body.date.map(|d| d.format("%m-%d").to_string()).unwrap_or_else(|| "date?".into());
            out.push(Row::Code {
                key: (i + 1).to_string(),
                code: x.body.code.clone(),
                text: app
                    .facts
                    .title(CodeSystem::Icd10pcs, &x.body.code)
                    .unwrap_or_else(|| "(no title loaded)".into()),
                tail: format!("{}{date}", drg_mark(open, x.id).0),
                mark: mark(open, x.id),
                here: open.code == Some(x.id) && open.pane == Pane::Codes,
                weak: false,
            });
        }
        if chart.procedures.is_empty() {
            out.push(Row::Empty("none: c finds one".into()));
        }
    }
    let total: crate::domain::Cents = chart.lines.iter().filter_map(|l| l.body.charge).sum();
    out.push(Row::Title("Lines".into(), format!("${total}"), focused && open.pane == Pane::Lines));
    for (i, l) in chart.lines.iter().enumerate() {
        let b = &l.body;
        let charge = b.charge.map(|c| c.to_string()).unwrap_or_else(|| "charge?".into());
        let pointers = if b.is_institutional() { String::new() } else { pointer_letters(chart, b) };
        let code = match &b.revenue {
            Some(r) if b.code.is_empty() => r.clone(),
            Some(r) => format!("{r} {}", b.code),
            None => b.code.clone(),
        };
        let system = CodeSystem::of_procedure(&b.code).unwrap_or(CodeSystem::Cpt);
        let title = chart
            .directory
            .fees
            .0
            .get(&b.code)
            .and_then(|f| f.text.clone())
            .or_else(|| app.facts.title(system, &b.code))
            .unwrap_or_default();
        let tail = format!("{pointers:<4} {:>3} {charge:>10}", b.units);
        let modifiers = b.modifiers.join(" ");
        out.push(Row::Code {
            key: (i + 1).to_string(),
            code: format!("{code} {modifiers}").trim_end().to_string(),
            text: if width > 54 { title } else { String::new() },
            tail,
            mark: mark(open, l.id),
            here: open.line == Some(l.id) && open.pane == Pane::Lines,
            weak: false,
        });
    }
    if chart.lines.is_empty() && !stay {
        out.push(Row::Empty("none yet: c adds them".into()));
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
    let rows = rows(app, open, area.w);
    let here = rows.iter().position(|r| matches!(r, Row::Code { here: true, .. })).unwrap_or(0);
    let h = usize::from(area.h);
    // Keep the cursor in view, and its section's title when there is room.
    let top =
        if rows.len() <= h || here + 1 < h { 0 } else { (here + 2).saturating_sub(h).min(rows.len() - h) };
    for (i, row) in rows.iter().skip(top).take(h).enumerate() {
        paint(row, Area { y: area.y + i as u16, h: 1, ..area }, p);
    }
    if rows.len() > top + h {
        let text = format!(" {} more below ", rows.len() - top - h);
        p.right(area, area.y + area.h - 1, &text, Role::Muted);
    }
}

fn paint(row: &Row, area: Area, p: &mut Painter<'_, '_>) {
    match row {
        Row::Title(left, right, focused) => p.title(area, left, right, *focused),
        Row::Drg(text, amiss) => {
            let w = p.put(area.x + 1, area.y, area.w.saturating_sub(1), text, Role::Code);
            if let Some(amiss) = amiss {
                let x = area.x + 1 + w + u16::from(w > 0) * 2;
                p.put(x, area.y, (area.x + area.w).saturating_sub(x), amiss, Role::Ask);
            }
        }
        Row::DrgTitle(text) => {
            p.put(area.x + 1, area.y, area.w.saturating_sub(1), text, Role::Text);
        }
        Row::Empty(text) => {
            p.put(area.x + 3, area.y, area.w.saturating_sub(3), text, Role::Muted);
        }
        Row::Code { key, code, text, tail, mark, here, weak } => {
            let (x, y) = (area.x, area.y);
            p.put(x, y, 1, if *here { "▸" } else { " " }, Role::Key);
            p.put(x + 1, y, 2, key, Role::Muted);
            let role = if *weak { Role::Muted } else { Role::Code };
            let code_x = x + 2 + cols(key).max(1);
            let code_w = p.put(code_x, y, area.w.saturating_sub(code_x - x), code, role).max(7);
            let mark_w = cols(mark.0).max(1);
            let end = area.x + area.w;
            p.put(end.saturating_sub(mark_w), y, mark_w, mark.0, mark.1);
            let tail_w = cols(tail);
            let tail_x = end.saturating_sub(mark_w + 1 + tail_w);
            p.put(tail_x, y, tail_w, tail, Role::Text);
            let text_x = code_x + code_w + 1;
            p.put(
                text_x,
                y,
                tail_x.saturating_sub(text_x + 1),
                text,
                if *weak { Role::Muted } else { Role::Text },
            );
            if *here {
                p.highlight(area, y, Role::Cursor);
            }
        }
    }
}
