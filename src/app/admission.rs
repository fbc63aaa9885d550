//! Present on admission down the column, and the what-if: the two views a stay has beyond its codes.
//!
//! Owns walking the column (exempt codes are skipped, a hospital-acquired condition says so at once) and opening the
//! what-if, whose answers change nothing. Every mark goes through `commit` like any other edit.

use super::stay::{NoDrg, numbers};
use super::{App, Effect, Overlay, WhatIf, command};
use crate::domain::{Change, CodeSystem, Diagnosis, Edit, Id, Poa, display_code};
use crate::drg::{Code, whatif};

impl NoDrg {
    /// For the banner and for whoever asks.
    pub fn sentence(&self) -> &str {
        match self {
            NoDrg::NotAStay => "only an inpatient stay has a DRG",
            NoDrg::NothingCoded => "no DRG yet: there is no diagnosis",
            NoDrg::Loading => "no DRG yet: the tables are being loaded",
            NoDrg::Cannot(why) => why,
        }
    }
}

impl App {
    /// Opens the column at the diagnosis under the cursor, or at the first that still needs a mark.
    pub(crate) fn poa_column(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let under = open.current_diagnosis().map(|d| d.id);
        let first = open.chart.diagnoses.iter().find(|d| self.takes_poa(&d.body)).map(|d| d.id);
        let here = open.current_diagnosis().filter(|d| self.takes_poa(&d.body)).map(|d| d.id);
        let Some(at) = here.or_else(|| self.next_poa(under, 1)).or(first) else {
            self.say("every diagnosis here is exempt from present on admission");
            return Vec::new();
        };
        self.overlays.push(Overlay::Poa { at });
        self.poa_show(at)
    }

    fn takes_poa(&self, d: &Diagnosis) -> bool {
        let day = self.open.as_ref().map(|o| o.chart.header().code_date());
        day.and_then(|on| self.facts.poa_exempt(&d.code, on)) != Some(true)
    }

    /// The next diagnosis in a direction that takes a mark.
    fn next_poa(&self, from: Option<Id>, by: isize) -> Option<Id> {
        let dx = &self.open.as_ref()?.chart.diagnoses;
        let mut at = dx.iter().position(|d| Some(d.id) == from)?;
        loop {
            at = at.checked_add_signed(by)?;
            let d = dx.get(at)?;
            if self.takes_poa(&d.body) {
                return Some(d.id);
            }
        }
    }

    /// Puts the cursor of the list where the column is.
    fn poa_show(&mut self, at: Id) -> Vec<Effect> {
        if let Some(open) = &mut self.open {
            open.code = Some(at);
            open.pane = super::Pane::Codes;
        }
        Vec::new()
    }

    pub(crate) fn poa_walk(&mut self, by: isize) -> Vec<Effect> {
        let Some(Overlay::Poa { at }) = self.overlays.last() else { return Vec::new() };
        let Some(to) = self.next_poa(Some(*at), by.signum()).filter(|_| by != 0) else { return Vec::new() };
        self.overlays.pop();
        self.overlays.push(Overlay::Poa { at: to });
        self.poa_show(to)
    }

    /// One key of the column: marks the code and goes on to the next that takes a mark.
    pub(crate) fn poa_letter(&mut self, c: char) -> Vec<Effect> {
        let Some(Overlay::Poa { at }) = self.overlays.last() else { return Vec::new() };
        let at = *at;
        // The letters that move in every other list move here too: neither is a mark.
        match c {
            'j' => return self.poa_walk(1),
            'k' => return self.poa_walk(-1),
            _ => {}
        }
        let Some(poa) = Poa::from_letter(c) else {
            self.say("Y present, N not present, U documentation insufficient, W clinically undetermined");
            return Vec::new();
        };
        let Some(item) =
            self.open.as_ref().and_then(|o| o.chart.diagnoses.iter().find(|d| d.id == at)).cloned()
        else {
            self.overlays.pop();
            return Vec::new();
        };
        let next = self.next_poa(Some(at), 1);
        let after = Diagnosis { poa: Some(poa), ..item.body.clone() };
        let code = item.body.code.clone();
        let mut out = Vec::new();
        if after != item.body {
            if let Some(why) = command::edit_refusal(self) {
                self.overlays.pop();
                self.warn(why);
                return out;
            }
            let edit = Edit::Diagnosis(Change::Set { id: at, before: item.body, after });
            out = self.commit("poa", format!("POA {}", poa.letter()), vec![edit]);
        }
        self.overlays.pop();
        if let Some(to) = next {
            self.overlays.push(Overlay::Poa { at: to });
            self.poa_show(to);
        }
        self.say_poa(&code, poa);
        out
    }

    /// What a mark means beyond itself: a hospital-acquired condition is named the moment it becomes one.
    fn say_poa(&mut self, code: &str, poa: Poa) {
        let shown = display_code(CodeSystem::Icd10cm, code);
        let Some(stay) = self.open.as_ref().and_then(|o| o.stay.as_ref().ok()) else { return };
        let hacs = stay.tables.hac_numbers(Code::new(code));
        if hacs.is_empty() || matches!(poa, Poa::Y | Poa::W) {
            self.say(format!("{shown} POA {}", poa.letter()));
            return;
        }
        let o = &stay.told.outcome;
        let effect = match o.initial_drg == stay.drg() {
            true => "the DRG stays".to_string(),
            false => format!("DRG {:03} becomes {:03}", o.initial_drg, stay.drg()),
        };
        self.warn(format!(
            "{shown} is on the list of hospital-acquired condition {}: {effect}",
            numbers(&hacs)
        ));
    }

    /// Opens the what-if of the stay as it is coded now.
    pub(crate) fn what_if(&mut self) -> Vec<Effect> {
        self.overlays.extend(self.worked_out(0).map(Overlay::WhatIf));
        Vec::new()
    }

    fn worked_out(&self, kept: usize) -> Option<Box<WhatIf>> {
        let stay = self.open.as_ref()?.stay.as_ref().ok()?;
        let principals = whatif::each_as_principal(&stay.tables, &stay.case, kept);
        let alternatives = whatif::one_step_away(&stay.tables, &stay.case);
        Some(Box::new(WhatIf { principals, alternatives, second: false, kept, cursor: 0 }))
    }

    /// Keeps one diagnosis more, or less, at the top in its place.
    pub(crate) fn what_if_keep(&mut self, more: bool) -> Vec<Effect> {
        let Some(Overlay::WhatIf(w)) = self.overlays.last() else { return Vec::new() };
        let most = self.open.as_ref().map_or(0, |o| o.chart.diagnoses.len());
        let kept = if more { (w.kept + 1).min(most) } else { w.kept.saturating_sub(1) };
        let second = w.second;
        if let Some(mut new) = self.worked_out(kept) {
            new.second = second;
            self.overlays.pop();
            self.overlays.push(Overlay::WhatIf(new));
        }
        Vec::new()
    }
}
