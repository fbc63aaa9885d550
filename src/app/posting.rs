//! Posting codes: from a search hit, a numbered choice, a 7th character or a typed prompt.
//!
//! Owns what may be posted (valid and billable on the date; nothing is substituted silently) and where.

use super::{
    App, Effect, Overlay, Pane, Picker, Prompt, PromptKind, SearchPurpose, TextLine, coding::order_before,
    overlay::EvidenceFor,
};
use crate::domain::{
    Change, Chart, CodeRange, CodeSystem, Diagnosis, Edit, FixAction, Id, Item, Place, Pointer, Procedure,
    ServiceLine, display_code, normal_code,
};
use crate::edits::Status;

fn shown(code: &str) -> String {
    display_code(CodeSystem::Icd10cm, code)
}

impl App {
    /// Posts the highlighted hit of the search overlay.
    pub(crate) fn post_hit(&mut self, stay: bool) -> Vec<Effect> {
        let Some(Overlay::Search(s)) = self.overlays.last() else { return Vec::new() };
        let Some(hit) = s.current() else {
            // A CPT or HCPCS number that no table holds can still be meant: the site's CPT is not loaded.
            let typed = normal_code(&s.line.text);
            if s.purpose == SearchPurpose::AddLine && CodeSystem::of_procedure(&typed).is_some() {
                return self.post_line(typed);
            }
            if !s.line.text.trim().is_empty() {
                self.warn("nothing found to post");
            }
            return Vec::new();
        };
        let (system, code, purpose) = (hit.system, hit.code.clone(), s.purpose.clone());
        match (system, purpose) {
            // found from a field of another system: it goes where its system belongs
            (CodeSystem::Icd10cm, SearchPurpose::AddLine | SearchPurpose::AddProcedure) => {
                self.post_diagnosis(code, SearchPurpose::AddDiagnosis { before: None }, stay)
            }
            (CodeSystem::Icd10cm, purpose) => self.post_diagnosis(code, purpose, stay),
            (CodeSystem::Icd10pcs, _) => self.post_procedure(code, stay),
            (CodeSystem::Cpt | CodeSystem::Hcpcs, _) => self.post_line(code),
        }
    }

    /// Right in the search overlay: what is below the highlighted code.
    pub(crate) fn expand_hit(&mut self) -> Vec<Effect> {
        let Some(date) = self.open.as_ref().map(|o| o.chart.header().code_date()) else { return Vec::new() };
        let Some(Overlay::Search(s)) = self.overlays.last_mut() else { return Vec::new() };
        let Some(hit) = s.current() else { return Vec::new() };
        let (system, code) = (hit.system, hit.code.clone());
        match self.facts.status(system, &code, date) {
            Status::NeedsSeventh { choices } => self.open_picker(code, choices),
            Status::Header { .. } => {
                s.within = vec![CodeRange::one(&code)];
                s.line.clear();
                return self.ask_search();
            }
            _ => {
                // A 7th-character code: show its siblings.
                let base: String = code.chars().take(6).collect();
                if code.len() == 7
                    && system == CodeSystem::Icd10cm
                    && let Status::NeedsSeventh { choices } =
                        self.facts.status(system, base.trim_end_matches('X'), date)
                {
                    self.open_picker(base.trim_end_matches('X').to_string(), choices);
                } else {
                    self.say(format!("nothing below {}", display_code(system, &code)));
                }
            }
        }
        Vec::new()
    }

    fn open_picker(&mut self, code: String, choices: Vec<(char, String)>) {
        self.overlays.push(Overlay::Picker(Picker { code, choices, cursor: 0 }));
    }

    /// Takes a 7th character for the picker's code; the search below it is done.
    pub(crate) fn pick_seventh(&mut self, letter: char) -> Vec<Effect> {
        let Some(Overlay::Picker(p)) = self.overlays.last() else { return Vec::new() };
        let letter = letter.to_ascii_uppercase();
        if !p.choices.iter().any(|(c, _)| *c == letter) {
            let have: Vec<String> = p.choices.iter().map(|(c, _)| c.to_string()).collect();
            self.warn(format!("the 7th character here is one of {}", have.join(" ")));
            return Vec::new();
        }
        let code = format!("{:X<6}{letter}", p.code);
        self.overlays.pop();
        let purpose = match self.overlays.last() {
            Some(Overlay::Book(_)) => return self.book_take(code),
            Some(Overlay::Search(s)) => s.purpose.clone(),
            _ => SearchPurpose::AddDiagnosis { before: None },
        };
        self.post_diagnosis(code, purpose, false)
    }

    /// Adds or replaces a diagnosis after looking at its validity on the date of the encounter.
    pub(crate) fn post_diagnosis(&mut self, code: String, purpose: SearchPurpose, stay: bool) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let date = open.chart.header().code_date();
        match self.facts.status(CodeSystem::Icd10cm, &code, date) {
            Status::Valid | Status::Unchecked => {}
            Status::NeedsSeventh { choices } => {
                self.open_picker(code, choices);
                return Vec::new();
            }
            Status::Header { .. } => {
                self.say(format!("{} is not billable: choose below it", shown(&code)));
                return self.narrow_search(purpose, &code);
            }
            Status::NotYet { from } => {
                self.warn(format!("{} is not valid on {date}: it begins on {from}", shown(&code)));
                return Vec::new();
            }
            Status::Expired { last } => {
                self.warn(format!("{} is not valid on {date}: its last day was {last}", shown(&code)));
                return Vec::new();
            }
            Status::Unknown => {
                self.warn(format!("{} is in no loaded table", shown(&code)));
                return Vec::new();
            }
        }
        if let Some(at) = open.chart.diagnoses.iter().position(|d| d.body.code == code) {
            let letter = char::from(b'A' + u8::try_from(at).unwrap_or(25).min(25));
            self.say(format!("{} is there already, at {letter}", shown(&code)));
            return Vec::new();
        }
        let (edits, posted) = match &purpose {
            SearchPurpose::ReplaceDiagnosis { id } => (replace_edits(&open.chart, *id, &code, None), *id),
            SearchPurpose::AddDiagnosis { before } => {
                let before = *before;
                let id = self.new_id();
                let Some(open) = &self.open else { return Vec::new() };
                let order = order_before(&open.chart.diagnoses, before);
                let body = Diagnosis { code: code.clone(), ..Diagnosis::default() };
                (vec![Edit::Diagnosis(Change::Add(Item::new(id, order, body)))], id)
            }
            _ => return Vec::new(),
        };
        let out = self.commit("code.add", format!("add {}", shown(&code)), edits);
        self.posted(&out, posted, Pane::Codes, shown(&code), stay);
        out
    }

    /// After a post: cursor on the new record, overlay closed or cleared.
    fn posted(&mut self, out: &[Effect], id: Id, pane: Pane, words: String, stay: bool) {
        if out.is_empty() {
            return;
        }
        if let Some(open) = &mut self.open {
            open.pane = pane;
            match pane {
                Pane::Lines => open.line = Some(id),
                _ => {
                    open.code = Some(id);
                    open.last_posted = Some(id);
                }
            }
        }
        self.derive();
        match self.overlays.last_mut() {
            Some(Overlay::Search(s)) if stay => {
                s.begin_again(words);
            }
            Some(Overlay::Search(_)) => {
                self.overlays.pop();
            }
            _ => {}
        }
    }

    fn narrow_search(&mut self, purpose: SearchPurpose, code: &str) -> Vec<Effect> {
        let within = vec![CodeRange::one(code)];
        match self.overlays.last_mut() {
            Some(Overlay::Search(s)) => {
                s.within = within;
                s.line.clear();
                self.ask_search()
            }
            _ => self.open_search(purpose, within, ""),
        }
    }

    pub(crate) fn post_procedure(&mut self, code: String, stay: bool) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let date = open.chart.header().code_date();
        match self.facts.status(CodeSystem::Icd10pcs, &code, date) {
            Status::Valid | Status::Unchecked => {}
            Status::Header { .. } => return self.narrow_search(SearchPurpose::AddProcedure, &code),
            other => {
                self.warn(format!("{code} cannot be posted for {date}: {}", other.words()));
                return Vec::new();
            }
        }
        let id = self.new_id();
        let Some(open) = &self.open else { return Vec::new() };
        let body = Procedure {
            code: code.clone(),
            provider: open.chart.header().roles.operating,
            ..Procedure::default()
        };
        let order = order_before(&open.chart.procedures, None);
        let out = self.commit(
            "procedure.add",
            format!("add {code}"),
            vec![Edit::Procedure(Change::Add(Item::new(id, order, body)))],
        );
        self.posted(&out, id, Pane::Codes, code, stay);
        if !out.is_empty() && !stay {
            self.ask_procedure_date(id);
        }
        out
    }

    pub(super) fn ask_procedure_date(&mut self, procedure: Id) {
        let Some(open) = &self.open else { return };
        let e = open.chart.header();
        let default = open
            .chart
            .procedures
            .iter()
            .find(|p| p.id == procedure)
            .and_then(|p| p.body.date)
            .unwrap_or(e.from);
        self.overlays.push(Overlay::Prompt(Prompt {
            kind: PromptKind::ProcedureDate { procedure },
            title: "Procedure date".into(),
            hint: format!("YYYY-MM-DD, or the day of the month, {} to {}", e.from, e.through),
            line: TextLine::new(&default.to_string()),
            error: None,
        }));
    }

    /// Adds a service line with the fee table's charge.
    pub(crate) fn post_line(&mut self, code: String) -> Vec<Effect> {
        let id = self.new_id();
        let Some(open) = &self.open else { return Vec::new() };
        let chart = &open.chart;
        let mut line = ServiceLine::new(&code, chart.header().from);
        line.charge = chart.directory.fees.charge(&code);
        // One diagnosis: there is nothing to choose.
        if let [only] = chart.diagnoses.as_slice() {
            line.pointers = vec![Pointer::Diagnosis(only.id)];
        }
        let order = order_before(&chart.lines, None);
        let out = self.commit(
            "line.add",
            format!("add line {code}"),
            vec![Edit::Line(Change::Add(Item::new(id, order, line)))],
        );
        self.posted(&out, id, Pane::Lines, code, true);
        out
    }

    /// `1` to `9` on the open encounter.
    pub(crate) fn choose(&mut self, n: usize) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let Some(choice) = n.checked_sub(1).and_then(|i| open.choices.get(i)).cloned() else {
            self.say(match open.choices.len() {
                0 => "there is nothing to choose here now".to_string(),
                most => format!("the choices go from 1 to {most}"),
            });
            return Vec::new();
        };
        self.act(choice.action, choice.text)
    }

    pub(crate) fn act(&mut self, action: FixAction, what: String) -> Vec<Effect> {
        match action {
            FixAction::Apply(edits) => self.commit("fix", what, edits),
            FixAction::AddDiagnosis { code, before } => {
                self.post_diagnosis(normal_code(&code), SearchPurpose::AddDiagnosis { before }, false)
            }
            FixAction::ReplaceDiagnosis { id, code, before } => {
                let code = normal_code(&code);
                let Some(open) = &self.open else { return Vec::new() };
                let edits = match open.chart.diagnoses.iter().find(|d| d.body.code == code && d.id != id) {
                    // The better code is there already: the other one just goes.
                    Some(_) => {
                        let mut edits = super::coding::pointers_without(&open.chart, id);
                        let gone = open.chart.diagnoses.iter().find(|d| d.id == id).cloned();
                        edits.extend(gone.map(|d| Edit::Diagnosis(Change::Remove(d))));
                        edits
                    }
                    None => replace_edits(&open.chart, id, &code, before),
                };
                let out = self.commit("code.replace", what, edits);
                self.posted(&out, id, Pane::Codes, shown(&code), false);
                out
            }
            FixAction::Search { within, before } => {
                self.open_search(SearchPurpose::AddDiagnosis { before }, within, "")
            }
            FixAction::AddModifier { line, modifier, evidence } => {
                self.add_modifier(line, &modifier, evidence)
            }
            FixAction::GoTo(Place::Line(line, field)) if field == "evidence" => {
                self.ask_evidence(EvidenceFor::Line(line), "what supports the modifier".into());
                Vec::new()
            }
            FixAction::GoTo(place) => {
                self.go_to(&place);
                Vec::new()
            }
        }
    }

    fn add_modifier(&mut self, line: Id, modifier: &str, evidence: bool) -> Vec<Effect> {
        let Some(item) = self.line_item(line) else { return Vec::new() };
        let mut out = Vec::new();
        if !item.body.has_modifier(modifier) {
            let mut after = item.body.clone();
            after.modifiers.insert(0, modifier.to_string());
            out = self.set_line(&item, after, format!("modifier {modifier}"));
        }
        if evidence {
            self.ask_evidence(EvidenceFor::Line(line), format!("what supports modifier {modifier}"));
        }
        out
    }

    pub(super) fn line_item(&self, id: Id) -> Option<Item<ServiceLine>> {
        self.open.as_ref()?.chart.lines.iter().find(|l| l.id == id).cloned()
    }

    pub(super) fn set_line(
        &mut self,
        item: &Item<ServiceLine>,
        after: ServiceLine,
        what: String,
    ) -> Vec<Effect> {
        if after == item.body {
            return Vec::new();
        }
        let edit = Edit::Line(Change::Set { id: item.id, before: item.body.clone(), after });
        self.commit("line.set", what, vec![edit])
    }

    /// Puts the cursor on a place, for `e` and for boxes of the claim.
    pub(crate) fn go_to(&mut self, place: &Place) {
        let Some(open) = &mut self.open else { return };
        match place {
            Place::Diagnosis(id) | Place::Procedure(id) => {
                open.pane = Pane::Codes;
                open.code = Some(*id);
            }
            Place::Line(id, _) => {
                open.pane = Pane::Lines;
                open.line = Some(*id);
            }
            Place::Encounter(field) if field.contains("line") => open.pane = Pane::Lines,
            Place::Encounter(field) if field.contains("diagnos") => open.pane = Pane::Codes,
            Place::Encounter(field)
            | Place::Patient(field)
            | Place::Coverage(field)
            | Place::Provider(field) => {
                let text = format!("the field is {field}: it comes from registration");
                self.say(text);
            }
        }
    }

    /// The next finding after the cursor that is in the way, else the next one at all.
    pub(crate) fn next_finding(&mut self) {
        let Some(open) = &mut self.open else { return };
        let n = open.findings.len();
        let order = (1..=n).map(|i| (open.finding + i) % n);
        let blocking = order.clone().find(|i| open.findings[*i].blocks());
        let at_first = n > 0 && open.pane != Pane::Edits && open.findings[0].blocks() && open.finding == 0;
        let to = if at_first { Some(0) } else { blocking.or_else(|| order.into_iter().next()) };
        self.show_finding(to);
    }

    pub(crate) fn go_to_blocking(&mut self) {
        let at = self.open.as_ref().and_then(|o| o.findings.iter().position(|f| f.blocks()));
        let notice = self.notice.clone();
        self.show_finding(at);
        self.notice = notice.or(self.notice.take());
    }

    fn show_finding(&mut self, at: Option<usize>) {
        let Some(open) = &mut self.open else { return };
        let Some(f) = at.and_then(|i| open.findings.get(i)).cloned() else { return };
        open.finding = at.unwrap_or(0);
        self.go_to(&f.place);
    }
}

fn replace_edits(chart: &Chart, id: Id, code: &str, before: Option<Id>) -> Vec<Edit> {
    let Some(at) = chart.position(id) else { return Vec::new() };
    let item = &chart.diagnoses[at];
    let after = Diagnosis { code: code.to_string(), ..item.body.clone() };
    let mut edits = vec![Edit::Diagnosis(Change::Set { id, before: item.body.clone(), after })];
    // Sequence it before the code that needs it first, when it stands after it.
    if let Some(target) = before.and_then(|b| chart.position(b)).filter(|t| *t < at) {
        let previous = target.checked_sub(1).map(|i| &chart.diagnoses[i].order);
        let to = crate::domain::OrderKey::between(previous, Some(&chart.diagnoses[target].order));
        edits.push(Edit::Diagnosis(Change::Move { id, from: item.order.clone(), to }));
    }
    edits
}
