//! The live claim preview beside the codes, and what is still missing before it may leave.

use super::paint::Painter;
use crate::app::layout::Area;
use crate::app::{App, Pane};
use crate::claims::{self, FaceLine};
use crate::theme::Role;

pub fn pane(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let Some(open) = app.open.as_ref().filter(|_| !area.is_empty()) else { return };
    let area = match area.x {
        0 => area,
        _ => {
            p.bar(Area { w: 1, ..area });
            Area { x: area.x + 1, w: area.w - 1, ..area }
        }
    };
    let form = open.form();
    let forms = open.chart.header().forms.len().max(1);
    let focused = open.pane == Pane::Claim && app.overlays.is_empty();
    let state =
        open.chart.claims.iter().find(|c| c.body.form == form).map_or("draft", |c| c.body.state.label());
    p.title(
        area,
        &format!("{} · {state}", form.label()),
        &format!("{}/{forms}", open.form % forms + 1),
        focused,
    );
    let ready = claims::readiness(&open.chart, &open.findings);
    let foot_h = u16::try_from(ready.len() + 1).unwrap_or(6).min(area.h / 3);
    let body = Area { y: area.y + 1, h: area.h.saturating_sub(1 + foot_h), ..area };
    let face = claims::build(&open.chart, form, &*app.facts);
    let lines = face.compact(usize::from(body.w.saturating_sub(1)));
    let top = open.claim_top.min(lines.len().saturating_sub(usize::from(body.h)));
    for (i, line) in lines.iter().skip(top).take(usize::from(body.h)).enumerate() {
        face_line(line, Area { y: body.y + i as u16, h: 1, ..body }, p);
    }
    let foot = Area { y: area.y + area.h - foot_h, h: foot_h, ..area };
    p.title(foot, "Ready when", "", false);
    for (i, (ok, words)) in ready.iter().take(usize::from(foot_h.saturating_sub(1))).enumerate() {
        let y = foot.y + 1 + i as u16;
        let (mark, role) = if *ok { ("✓", Role::Ok) } else { ("·", Role::Ask) };
        p.put(foot.x + 1, y, 1, mark, role);
        p.put(foot.x + 3, y, foot.w.saturating_sub(3), words, if *ok { Role::Muted } else { Role::Text });
    }
}

pub fn face_line(line: &FaceLine, area: Area, p: &mut Painter<'_, '_>) {
    let role = face_role(line.kind);
    p.put(area.x + 1, area.y, area.w.saturating_sub(1), &line.text, role);
}

pub fn face_role(kind: claims::FaceKind) -> Role {
    match kind {
        claims::FaceKind::Title => Role::Title,
        claims::FaceKind::Rule | claims::FaceKind::Label => Role::Muted,
        claims::FaceKind::Value | claims::FaceKind::Blank => Role::Text,
    }
}
