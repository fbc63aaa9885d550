//! Where the panes are, from the size of the terminal alone.
//!
//! Owns the geometry that `update` (paging, scrolling) and `ui` (painting) must agree on. Columns and rows
//! count from the top left corner. Pure; draws nothing.

use super::{App, Pane};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub w: u16,
    pub h: u16,
}

impl Area {
    pub fn new(x: u16, y: u16, w: u16, h: u16) -> Area {
        Area { x, y, w, h }
    }
    pub fn is_empty(self) -> bool {
        self.w == 0 || self.h == 0
    }
    /// The rows below the title row.
    pub fn below_title(self) -> Area {
        Area { y: self.y + 1, h: self.h.saturating_sub(1), ..self }
    }
    fn split_left(self, w: u16) -> (Area, Area) {
        let w = w.min(self.w);
        (Area { w, ..self }, Area { x: self.x + w, w: self.w - w, ..self })
    }
    fn split_top(self, h: u16) -> (Area, Area) {
        let h = h.min(self.h);
        (Area { h, ..self }, Area { y: self.y + h, h: self.h - h, ..self })
    }
}

/// Below this size only a message is shown.
pub const MIN: (u16, u16) = (60, 16);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Smaller than `MIN`.
    TooSmall,
    /// One pane and tabs.
    One,
    /// Two panes and tabs.
    Two,
    /// Queue, chart over codes, claim.
    Three,
    /// Queue, chart, codes, claim side by side.
    Four,
}

/// Areas of an open encounter. An empty area is not shown at this size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panes {
    pub header: Area,
    pub tabs: Area,
    pub queue: Area,
    pub chart: Area,
    /// Diagnoses, procedures and lines.
    pub codes: Area,
    pub edits: Area,
    pub claim: Area,
    pub hints: Area,
    /// Where search, menus and prompts are laid: never over the chart.
    pub overlay: Area,
    /// Where the code book is laid: beside or below the chart where there is room for both.
    pub book: Area,
    /// Everything between header and hints.
    pub body: Area,
}

pub fn shape(size: (u16, u16)) -> Shape {
    match size {
        (w, h) if w < MIN.0 || h < MIN.1 => Shape::TooSmall,
        (w, _) if w < 80 => Shape::One,
        (w, _) if w < 120 => Shape::Two,
        (w, _) if w < 180 => Shape::Three,
        _ => Shape::Four,
    }
}

/// Rows that the codes of the open encounter want: titles, codes, lines and a blank.
fn wanted_codes(app: &App) -> u16 {
    let Some(open) = &app.open else { return 4 };
    let n = open.chart.diagnoses.len() + open.chart.lines.len() + open.chart.procedures.len();
    // A stay has procedures, and the DRG above its codes.
    let titles = if open.chart.header().is_inpatient() { 5 } else { 2 };
    u16::try_from(n).unwrap_or(u16::MAX).saturating_add(titles + 1)
}

fn wanted_edits(app: &App) -> u16 {
    let Some(open) = &app.open else { return 0 };
    let rows: usize = open.findings.len() * 2 + 1;
    u16::try_from(rows).unwrap_or(u16::MAX).clamp(3, 12)
}

impl Panes {
    pub fn of(app: &App) -> Panes {
        let (w, h) = app.size;
        let whole = Area::new(0, 0, w, h);
        let (header, rest) = whole.split_top(1);
        let (mut body, hints) = rest.split_top(rest.h.saturating_sub(1));
        let mut p = Panes { header, hints, ..Panes::default() };
        let pane = app.open.as_ref().map_or(Pane::Chart, |o| o.pane);
        match shape(app.size) {
            Shape::TooSmall => {}
            Shape::One => {
                let (tabs, below) = body.split_top(1);
                (p.tabs, body) = (tabs, below);
                match pane {
                    Pane::Chart => p.chart = body,
                    Pane::Claim => p.claim = body,
                    Pane::Codes | Pane::Lines | Pane::Edits => {
                        (p.codes, p.edits) =
                            body.split_top(body.h.saturating_sub(wanted_edits(app).min(body.h / 2)));
                    }
                }
                p.overlay = body;
            }
            Shape::Two => {
                let (tabs, below) = body.split_top(1);
                (p.tabs, body) = (tabs, below);
                // The pane that is read gets the room; the divider moves only when the user moves. On a narrow
                // screen reading takes all of it: the tabs keep the counts in view.
                let reading = pane == Pane::Chart && app.overlays.is_empty();
                let left_w = match pane {
                    Pane::Chart if reading && w < 100 => 0,
                    Pane::Chart if !reading => (w * 58 / 100).max(46),
                    Pane::Chart => w.saturating_sub(51).max(29),
                    _ => (w * 58 / 100).max(46),
                };
                let (left, right) = body.split_left(left_w);
                if pane == Pane::Claim {
                    p.claim = left;
                } else {
                    let edits = if left.w == 0 { 0 } else { wanted_edits(app).min(left.h / 3).max(4) };
                    (p.codes, p.edits) = left.split_top(left.h - edits.min(left.h));
                }
                p.chart = right;
                p.overlay = left;
            }
            Shape::Three => {
                let (queue, rest) = body.split_left((w / 4).clamp(29, 38));
                let claim_w = (w * 27 / 100).clamp(33, 44);
                let (middle, claim) = rest.split_left(rest.w.saturating_sub(claim_w));
                (p.queue, p.claim) = (queue, claim);
                let edits = wanted_edits(app).min(middle.h / 4).max(4);
                let codes = wanted_codes(app).clamp(9, (middle.h * 45 / 100).max(9));
                let chart_h = middle.h.saturating_sub(codes + edits);
                let (chart, below) = middle.split_top(chart_h);
                p.chart = chart;
                p.overlay = below;
                (p.codes, p.edits) = below.split_top(codes);
            }
            Shape::Four => {
                let (queue, rest) = body.split_left(32);
                let (middle, claim) = rest.split_left(rest.w.saturating_sub(42));
                (p.queue, p.claim) = (queue, claim);
                let (chart, codes) = middle.split_left(middle.w * 54 / 100);
                p.chart = chart;
                p.overlay = codes;
                let edits = wanted_edits(app).min(codes.h / 3).max(4);
                (p.codes, p.edits) = codes.split_top(codes.h - edits.min(codes.h));
            }
        }
        // An overlay needs room for its list: it may grow over the chart's last rows, never all of it.
        if shape(app.size) == Shape::Three && !app.overlays.is_empty() {
            let want = 20.min(body.h.saturating_sub(8));
            let extra = want.saturating_sub(p.overlay.h);
            p.overlay.y -= extra;
            p.overlay.h += extra;
            p.chart.h = p.chart.h.saturating_sub(extra);
        }
        p.book = match (shape(app.size), app.open.is_some()) {
            (Shape::Three, true) => {
                let h = body.h.saturating_sub(10).min(28).max(body.h / 2);
                Area { y: body.y + body.h - h, h, ..body }
            }
            (Shape::Four, true) => Area { w: p.overlay.w + p.claim.w, h: body.h, ..p.overlay },
            _ => body,
        };
        p.body = body;
        p
    }
}
