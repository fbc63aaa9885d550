//! The views of an inpatient stay: present on admission down the column, and the what-if.

use super::overlays::inner;
use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::stay::numbers;
use crate::app::{App, WhatIf};
use crate::domain::{CodeSystem, Id, display_code};
use crate::drg::whatif::{Alternative, Needs};
use crate::drg::{self, Code, Level, Outcome};
use crate::theme::Role;

fn dx(code: Code) -> String {
    display_code(CodeSystem::Icd10cm, &code.to_string())
}

fn title(app: &App, code: Code) -> String {
    app.facts.title(CodeSystem::Icd10cm, &code.to_string()).unwrap_or_else(|| "(no title loaded)".into())
}

/// The code that takes the next key, and what the keys mean.
pub fn poa(app: &App, at: Id, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    let Some(open) = &app.open else { return };
    let n = open.chart.diagnoses.len();
    let Some(i) = open.chart.position(at) else { return };
    let code = Code::new(&open.chart.diagnoses[i].body.code);
    p.title(area, &format!("Present on admission: {}", dx(code)), &format!("{} of {n}", i + 1), true);
    let hacs = open.stay.as_ref().map(|s| s.tables.hac_numbers(code)).unwrap_or_default();
    let hac = match hacs.is_empty() {
        true => title(app, code),
        false => format!("hospital-acquired condition list {}: {}", numbers(&hacs), title(app, code)),
    };
    let role = if hacs.is_empty() { Role::Muted } else { Role::Ask };
    p.put(area.x + 1, area.y + 1, area.w.saturating_sub(1), &hac, role);
    let mut x = area.x + 1;
    for (key, words) in [("y", "present"), ("n", "not"), ("u", "insufficient"), ("w", "undetermined")] {
        x += p.put(x, area.y + 2, (area.x + area.w).saturating_sub(x), key, Role::Key);
        x += p.put(x, area.y + 2, (area.x + area.w).saturating_sub(x), &format!(" {words}  "), Role::Hint);
    }
}

/// `291 MCC 1.2685`.
fn result(app: &App, o: &Outcome) -> String {
    let date = app.open.as_ref().map(|e| e.chart.header().through);
    let weights = date.and_then(|d| app.drg.as_ref()?.library.weights_on(d));
    let weight = weights.and_then(|w| w.get(o.drg).map(|w| drg::weight_text(w.weight)));
    let level = if o.severity == Level::None { "-" } else { o.severity.label() };
    format!("{:03} {level:<3} {:>7}", o.drg, weight.as_deref().unwrap_or("-"))
}

/// What the record would have to say, in words.
fn need(app: &App, a: &Alternative) -> String {
    match a.needs {
        Needs::Specificity { from, to } => {
            let more = if a.others > 0 { format!(" (or {} like it)", a.others) } else { String::new() };
            format!("{} -> {}: the record names \"{}\"{more}", dx(from), dx(to), title(app, to))
        }
        Needs::PresentOnAdmission { code } => {
            format!("{}: the record shows it was there at admission", dx(code))
        }
    }
}

/// Both lists: a line of the head says which, and that nothing is posted from here.
pub fn what_if(app: &App, x: &WhatIf, area: Area, p: &mut Painter<'_, '_>) {
    let area = inner(area, p);
    let Some(stay) = app.open.as_ref().and_then(|o| o.stay.as_ref().ok()) else { return };
    let head = match (x.second, x.kept) {
        (true, _) => "What-if: what the record would have to say".to_string(),
        (false, 0) => "What-if: each diagnosis as principal".to_string(),
        (false, n) => format!("What-if: as principal, first {n} kept"),
    };
    p.title(area, &head, "advisory", true);
    let now = result(app, &stay.told.outcome);
    p.put(
        area.x + 1,
        area.y + 1,
        area.w.saturating_sub(1),
        &format!("now  {now}  {}", stay.title()),
        Role::Code,
    );
    let rows: Vec<(String, String, bool)> = if x.second {
        let row = |a: &Alternative| (result(app, &a.outcome), need(app, a), false);
        x.alternatives.iter().map(row).collect()
    } else {
        let row = |a: &drg::whatif::AsPrincipal| {
            let words = format!("{} {}", dx(a.code), title(app, a.code));
            (result(app, &a.outcome), words, a.at == 0)
        };
        x.principals.iter().map(row).collect()
    };
    let foot = u16::from(area.h > 6) * 2;
    let h = usize::from(area.h.saturating_sub(2 + foot));
    let top = (x.cursor + 1).saturating_sub(h);
    for (n, (figures, words, same)) in rows.iter().enumerate().skip(top).take(h) {
        let y = area.y + 2 + (n - top) as u16;
        p.put(area.x, y, 1, if n == x.cursor { "▸" } else { " " }, Role::Key);
        let w = p.put(area.x + 1, y, area.w.saturating_sub(1), figures, Role::Code);
        let from = area.x + 2 + w.max(cols(figures));
        let role = if *same { Role::Muted } else { Role::Text };
        p.put(from, y, (area.x + area.w).saturating_sub(from), words, role);
        if n == x.cursor {
            p.highlight(Area { h: 1, ..area }, y, Role::Cursor);
        }
    }
    if rows.is_empty() {
        let text = "no code of this stay is one step of documentation away from another DRG";
        p.put(area.x + 1, area.y + 2, area.w.saturating_sub(1), text, Role::Muted);
    }
    if foot > 0 {
        let y = area.y + area.h - 2;
        let drg = match x.second {
            true => x.alternatives.get(x.cursor).map(|a| a.outcome.drg),
            false => x.principals.get(x.cursor).map(|a| a.outcome.drg),
        };
        let named = drg.map(|d| format!("{d:03} {}", stay.tables.drg_title(d))).unwrap_or_default();
        p.put(area.x + 1, y, area.w.saturating_sub(1), &named, Role::Text);
        let rule = match x.second {
            true => x.alternatives.get(x.cursor).map(|a| a.needs.guideline()),
            false => {
                Some("ICD-10-CM Official Guidelines II (selection of principal diagnosis): UHDDS definition")
            }
        };
        p.put(area.x + 1, y + 1, area.w.saturating_sub(1), rule.unwrap_or_default(), Role::Muted);
    }
}

/// The same as lines of words.
pub fn plain(app: &App, x: &WhatIf, out: &mut Vec<String>) {
    out.push("What-if, advisory: nothing is posted from here.".into());
    if x.second {
        let line = |a: &Alternative| {
            format!("DRG {}: {}. {}", result(app, &a.outcome), need(app, a), a.needs.guideline())
        };
        out.extend(x.alternatives.iter().map(line));
    } else {
        let line = |a: &drg::whatif::AsPrincipal| {
            format!("{} as principal: DRG {}", dx(a.code), result(app, &a.outcome))
        };
        out.extend(x.principals.iter().map(line));
    }
}
