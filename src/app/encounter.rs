//! An open encounter: chart, documents, cursors, findings and choices.
//!
//! Owns what is derived from the chart (findings, choices) and derives it again after every change. Cursors
//! are ids, so that undo, sync and reordering never move them to another code.

use super::stay::{self, NoDrg, StayView};
use super::{App, Choice, choices, layout::Panes, msg::OpenedChart, reading};
use crate::domain::{Chart, Diagnosis, Finding, Form, Id, Item, Procedure, ServiceLine};
use crate::drg::Desk;
use crate::edits::{self, CodeFacts};
use chrono::NaiveDate;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Chart,
    /// Diagnoses, and the procedures of a stay below them.
    Codes,
    Lines,
    Edits,
    Claim,
}

impl Pane {
    pub const ORDER: [Pane; 5] = [Pane::Chart, Pane::Codes, Pane::Lines, Pane::Edits, Pane::Claim];
}

pub struct OpenEncounter {
    pub chart: Chart,
    pub texts: Vec<Arc<str>>,
    /// Which document is shown.
    pub document: usize,
    /// First visible source line of each document, and rows to skip within it.
    pub scroll: Vec<(u32, usize)>,
    pub pane: Pane,
    /// A diagnosis or, on a stay, a procedure.
    pub code: Option<Id>,
    pub line: Option<Id>,
    pub findings: Vec<Finding>,
    pub finding: usize,
    pub choices: Vec<Choice>,
    /// Which of the visit's forms the claim pane shows.
    pub form: usize,
    /// First visible row of the claim pane.
    pub claim_top: usize,
    /// The diagnosis posted last: its notes are asked first.
    pub last_posted: Option<Id>,
    /// Word found last, to highlight.
    pub found: String,
    /// DRG of a stay, or why there is none.
    pub stay: Result<StayView, NoDrg>,
}

impl OpenEncounter {
    pub fn new(
        opened: OpenedChart,
        facts: &dyn CodeFacts,
        today: NaiveDate,
        desk: Option<&Desk>,
    ) -> OpenEncounter {
        let n = opened.texts.len();
        let chart = opened.chart;
        let mut open = OpenEncounter {
            code: chart.diagnoses.first().map(|d| d.id),
            line: chart.lines.first().map(|l| l.id),
            document: first_document(&chart),
            scroll: vec![(0, 0); n.max(1)],
            texts: opened.texts,
            pane: Pane::Chart,
            findings: Vec::new(),
            finding: 0,
            choices: Vec::new(),
            form: 0,
            claim_top: 0,
            last_posted: None,
            found: String::new(),
            stay: Err(NoDrg::NotAStay),
            chart,
        };
        open.derive(facts, today, desk);
        open
    }

    /// Works findings and choices out again after a change.
    pub fn derive(&mut self, facts: &dyn CodeFacts, today: NaiveDate, desk: Option<&Desk>) {
        self.findings = edits::run(&self.chart, facts, today);
        self.stay = StayView::of(&self.chart, desk);
        stay::add_findings(&self.chart, facts, desk, self.stay.as_ref().ok(), &mut self.findings);
        self.choices = choices::of(self, facts);
        self.finding = self.finding.min(self.findings.len().saturating_sub(1));
        let has_code = |id: Id| {
            self.chart.diagnoses.iter().any(|d| d.id == id)
                || self.chart.procedures.iter().any(|p| p.id == id)
        };
        if !self.code.is_some_and(has_code) {
            self.code = self.chart.diagnoses.last().map(|d| d.id);
        }
        if !self.line.is_some_and(|id| self.chart.lines.iter().any(|l| l.id == id)) {
            self.line = self.chart.lines.last().map(|l| l.id);
        }
    }

    pub fn text(&self) -> &str {
        self.texts.get(self.document).map_or("", |t| t)
    }

    pub fn current_diagnosis(&self) -> Option<&Item<Diagnosis>> {
        self.chart.diagnoses.iter().find(|d| Some(d.id) == self.code)
    }
    pub fn current_procedure(&self) -> Option<&Item<Procedure>> {
        self.chart.procedures.iter().find(|p| Some(p.id) == self.code)
    }
    pub fn current_line(&self) -> Option<&Item<ServiceLine>> {
        self.chart.lines.iter().find(|l| Some(l.id) == self.line)
    }

    pub fn form(&self) -> Form {
        let forms = &self.chart.header().forms;
        forms.get(self.form).or(forms.first()).copied().unwrap_or(Form::Cms1500)
    }

    /// Findings that are in the way: (stops, unanswered warnings).
    pub fn counts(&self) -> (usize, usize) {
        use crate::domain::Severity;
        let n = |s: Severity| self.findings.iter().filter(|f| f.severity == s && f.blocks()).count();
        (n(Severity::Stop), n(Severity::Warn))
    }

    /// Ids the cursor of the code pane walks over.
    pub fn code_ids(&self) -> Vec<Id> {
        let dx = self.chart.diagnoses.iter().map(|d| d.id);
        dx.chain(self.chart.procedures.iter().map(|p| p.id)).collect()
    }

    /// Rows of the shown document at this width, and the row at the top.
    pub fn rows(&self, width: u16) -> (Vec<reading::Row>, usize) {
        let rows = reading::wrap(self.text(), usize::from(width));
        let (line, skip) = self.scroll.get(self.document).copied().unwrap_or_default();
        let at = rows.iter().position(|r| r.line >= line).unwrap_or(0);
        let top = (at + skip).min(rows.len().saturating_sub(1));
        (rows, top)
    }

    /// Scrolls by screen rows, keeping the last page full.
    pub fn scroll_by(&mut self, by: isize, width: u16, height: u16) {
        let (rows, top) = self.rows(width);
        let max = rows.len().saturating_sub(usize::from(height));
        let to = top.saturating_add_signed(by).min(max);
        self.set_top(&rows, to);
    }

    fn set_top(&mut self, rows: &[reading::Row], to: usize) {
        if let (Some(row), Some(slot)) = (rows.get(to), self.scroll.get_mut(self.document)) {
            let first = rows.iter().position(|r| r.line == row.line).unwrap_or(to);
            *slot = (row.line, to - first);
        }
    }

    /// Puts a source line in view, a third down the pane.
    pub fn show_line(&mut self, document: usize, line: u32, width: u16, height: u16) {
        self.document = document.min(self.texts.len().saturating_sub(1));
        let (rows, top) = self.rows(width);
        let at = rows.iter().position(|r| r.line >= line).unwrap_or(0);
        let h = usize::from(height);
        if at < top || at >= top + h {
            let max = rows.len().saturating_sub(h);
            self.set_top(&rows, at.saturating_sub(h / 3).min(max));
        }
    }
}

/// The document a coder reads first: the longest signed clinical note is nearly always the one.
fn first_document(chart: &Chart) -> usize {
    let visit_note = |t: &str| {
        let t = t.to_lowercase();
        ["progress note", "office", "visit", "provider", "emergency", "discharge summary", "operative"]
            .iter()
            .any(|w| t.contains(w))
    };
    chart
        .documents
        .iter()
        .enumerate()
        .max_by_key(|(i, d)| (visit_note(&d.body.title), d.body.bytes, std::cmp::Reverse(*i)))
        .map_or(0, |(i, _)| i)
}

impl App {
    /// Columns and rows in which the chart's text is shown now.
    pub(crate) fn chart_view(&self) -> (u16, u16) {
        let p = Panes::of(self);
        let area = p.chart.below_title();
        (area.w.saturating_sub(if area.x == 0 { 1 } else { 2 }).max(1), area.h.max(1))
    }

    pub(crate) fn derive(&mut self) {
        let (facts, today, desk) = (self.facts.clone(), self.today, self.drg.clone());
        if let Some(open) = &mut self.open {
            open.derive(&*facts, today, desk.as_deref());
        }
    }
}
