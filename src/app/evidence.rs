//! Evidence: the line of the chart that supports a modifier or an answer.
//!
//! Owns finding the likeliest line, so that the cursor stands on it already; the coder decides.

use super::{
    App, Effect, Overlay,
    overlay::{Evidence, EvidenceFor},
    reading,
};
use crate::domain::{CodeSystem, EvidenceSpan, Id, Item, Phi, Pointer, ServiceLine};

impl App {
    /// Opens the evidence overlay on the line of the chart that most likely is meant.
    pub(super) fn ask_evidence(&mut self, purpose: EvidenceFor, ask: String) {
        let Some(open) = &self.open else { return };
        let words = self.evidence_words(&purpose);
        let shown = open.document;
        let others = (0..open.texts.len()).filter(|i| *i != shown);
        let found = std::iter::once(shown).chain(others).find_map(|d| {
            open.texts.get(d).and_then(|t| reading::best_line(t, &words)).map(|line| (d, line))
        });
        let (document, line) = found.unwrap_or((shown, 0));
        if open.texts.is_empty() {
            self.say("the chart has no document to point to");
            return;
        }
        let (w, h) = self.chart_view();
        if let Some(open) = &mut self.open {
            open.show_line(document, line, w, h);
        }
        self.overlays.push(Overlay::Evidence(Evidence { purpose, document, line, ask }));
    }

    /// Words the supporting line should hold: titles of what the other lines point to.
    fn evidence_words(&self, purpose: &EvidenceFor) -> Vec<String> {
        let Some(open) = &self.open else { return Vec::new() };
        let chart = &open.chart;
        let mut ids: Vec<Id> = Vec::new();
        if let EvidenceFor::Line(line) = purpose {
            let pointed = |l: &Item<ServiceLine>| {
                l.body
                    .pointers
                    .iter()
                    .filter_map(|p| match p {
                        Pointer::Diagnosis(id) => Some(*id),
                        Pointer::Position(_) => None,
                    })
                    .collect::<Vec<_>>()
            };
            let own: Vec<Id> = chart.lines.iter().filter(|l| l.id == *line).flat_map(pointed).collect();
            ids = chart
                .lines
                .iter()
                .filter(|l| l.id != *line)
                .flat_map(pointed)
                .filter(|id| !own.contains(id))
                .collect();
        }
        if ids.is_empty() {
            ids = chart.diagnoses.iter().map(|d| d.id).collect();
        }
        let titles = chart.diagnoses.iter().filter(|d| ids.contains(&d.id));
        let mut words: Vec<String> = titles
            .filter_map(|d| self.facts.title(CodeSystem::Icd10cm, &d.body.code))
            .flat_map(|t| {
                t.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(String::from).collect::<Vec<_>>()
            })
            .filter(|w| w.len() >= 5 && w != "other" && w != "unspecified")
            .collect();
        words.sort();
        words.dedup();
        words
    }

    /// Enter on a line of the chart: it supports what was asked.
    pub(crate) fn attach_evidence(&mut self) -> Vec<Effect> {
        let Some(Overlay::Evidence(e)) = self.overlays.pop() else { return Vec::new() };
        let Some(open) = &self.open else { return Vec::new() };
        let Some(document) = open.chart.documents.get(e.document) else { return Vec::new() };
        let quote =
            open.texts.get(e.document).and_then(|t| t.split('\n').nth(e.line as usize)).unwrap_or("").trim();
        let span = EvidenceSpan { document: document.id, line: e.line, quote: Phi::new(quote.to_string()) };
        match e.purpose {
            EvidenceFor::Line(id) => {
                let Some(item) = self.line_item(id) else { return Vec::new() };
                let after = ServiceLine { evidence: Some(span), ..item.body.clone() };
                self.set_line(&item, after, "attach evidence".into())
            }
            EvidenceFor::Override { rule, place, reason } => self.answer(rule, place, reason, Some(span)),
        }
    }
}
