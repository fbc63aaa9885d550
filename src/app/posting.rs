//! Posting codes: from a search hit, a numbered choice, a 7th character or a typed prompt.
//!
//! Owns what may be posted (valid and billable on the date; nothing is substituted silently) and where.

use super::{
    App, Effect, Overlay, Pane, Picker, Prompt, PromptKind, SearchPurpose, TextLine,
    coding::order_before,
    overlay::{Evidence, EvidenceFor},
    reading,
};
use crate::domain::coding::parse_pointers;
use crate::domain::{
    Cents, Change, Chart, CodeRange, CodeSystem, Diagnosis, Edit, EvidenceSpan, FixAction, FreeText, Id, Item, Override,
    OverridePolicy, Phi, Place, Poa, Pointer, Procedure, ServiceLine, Units, display_code, normal_code,
};
use crate::edits::Status;

/// Modifiers that say "separate": an auditor will ask what supports them.
const NEEDS_EVIDENCE: [&str; 8] = ["24", "25", "57", "59", "XE", "XS", "XP", "XU"];

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
                    && let Status::NeedsSeventh { choices } = self.facts.status(system, base.trim_end_matches('X'), date)
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
                s.posted.push(words);
                s.line.clear();
                s.within.clear();
                s.results = Default::default();
                s.answered = Some(String::new());
                s.cursor = 0;
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

    fn post_procedure(&mut self, code: String, stay: bool) -> Vec<Effect> {
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
        let body = Procedure { code: code.clone(), provider: open.chart.header().roles.operating, ..Procedure::default() };
        let order = order_before(&open.chart.procedures, None);
        let out = self.commit("procedure.add", format!("add {code}"), vec![Edit::Procedure(Change::Add(Item::new(id, order, body)))]);
        self.posted(&out, id, Pane::Codes, code, stay);
        if !out.is_empty() && !stay {
            self.ask_procedure_date(id);
        }
        out
    }

    fn ask_procedure_date(&mut self, procedure: Id) {
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
        let out = self.commit("line.add", format!("add line {code}"), vec![Edit::Line(Change::Add(Item::new(id, order, line)))]);
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
            FixAction::AddModifier { line, modifier, evidence } => self.add_modifier(line, &modifier, evidence),
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

    fn line_item(&self, id: Id) -> Option<Item<ServiceLine>> {
        self.open.as_ref()?.chart.lines.iter().find(|l| l.id == id).cloned()
    }

    fn set_line(&mut self, item: &Item<ServiceLine>, after: ServiceLine, what: String) -> Vec<Effect> {
        if after == item.body {
            return Vec::new();
        }
        let edit = Edit::Line(Change::Set { id: item.id, before: item.body.clone(), after });
        self.commit("line.set", what, vec![edit])
    }

    /// Opens the prompt for a field of the current line.
    pub(crate) fn prompt_line(&mut self, field: fn(Id) -> PromptKind) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let Some(line) = open.current_line().cloned() else {
            self.say("there is no service line yet: c adds one");
            return Vec::new();
        };
        open.pane = Pane::Lines;
        let kind = field(line.id);
        let code = &line.body.code;
        let chart = &open.chart;
        let (title, hint, text) = match &kind {
            PromptKind::Modifiers { .. } => {
                (format!("Modifiers of {code}"), "up to 4, like 25 or 25 59".to_string(), line.body.modifiers.join(" "))
            }
            PromptKind::Pointers { .. } => {
                let last = char::from(b'A' + u8::try_from(chart.diagnoses.len().clamp(1, 26) - 1).unwrap_or(0));
                (format!("Diagnoses of {code}"), format!("letters A to {last}, main one first"), pointer_letters(chart, &line.body))
            }
            PromptKind::Units { .. } => (format!("Units of {code}"), "a number".into(), line.body.units.to_string()),
            _ => {
                let text = line.body.charge.map(|c| c.to_string()).unwrap_or_default();
                (format!("Charge of {code}"), "dollars for all units, like 189.00".into(), text)
            }
        };
        self.overlays.push(Overlay::Prompt(Prompt { kind, title, hint, line: TextLine::new(&text), error: None }));
        Vec::new()
    }

    /// Asks for the pointers of the first line that has none, after `after` when given.
    pub(crate) fn walk_pointers(&mut self, after: Option<Id>) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        if open.chart.diagnoses.is_empty() {
            return Vec::new();
        }
        let start = after.and_then(|id| open.chart.lines.iter().position(|l| l.id == id)).map_or(0, |i| i + 1);
        let next = open.chart.lines.iter().skip(start).find(|l| !l.body.is_institutional() && l.body.pointers.is_empty());
        let Some(next) = next.map(|l| l.id) else { return Vec::new() };
        open.line = Some(next);
        self.prompt_line(|line| PromptKind::Pointers { line })
    }

    pub(crate) fn prompt_poa(&mut self) -> Vec<Effect> {
        let Some(d) = self.open.as_ref().and_then(|o| o.current_diagnosis()).cloned() else {
            self.say("go to a diagnosis first");
            return Vec::new();
        };
        if self.facts.poa_exempt(&d.body.code) == Some(true) {
            self.say(format!("{} is exempt from present on admission", shown(&d.body.code)));
            return Vec::new();
        }
        self.overlays.push(Overlay::Prompt(Prompt {
            kind: PromptKind::Poa { diagnosis: d.id },
            title: format!("Present on admission: {}", shown(&d.body.code)),
            hint: "Y yes, N no, U documentation insufficient, W clinically undetermined".into(),
            line: TextLine::default(),
            error: None,
        }));
        Vec::new()
    }

    /// Enter in a prompt. What does not parse stays typed, with the reason below it.
    pub(crate) fn accept_prompt(&mut self) -> Vec<Effect> {
        let Some(Overlay::Prompt(p)) = self.overlays.last() else { return Vec::new() };
        let (kind, text) = (p.kind.clone(), p.line.text.trim().to_string());
        match self.accept(kind, &text) {
            Ok(out) => out,
            Err(why) => {
                if let Some(Overlay::Prompt(p)) = self.overlays.last_mut() {
                    p.error = Some(why);
                }
                Vec::new()
            }
        }
    }

    fn accept(&mut self, kind: PromptKind, text: &str) -> Result<Vec<Effect>, String> {
        match kind {
            PromptKind::Modifiers { line } => {
                let item = self.line_item(line).ok_or("the line is gone")?;
                let modifiers = parse_modifiers(text)?;
                self.overlays.pop();
                let new = modifiers
                    .iter()
                    .find(|m| NEEDS_EVIDENCE.contains(&m.as_str()) && !item.body.has_modifier(m))
                    .cloned();
                let after = ServiceLine { modifiers: modifiers.clone(), ..item.body.clone() };
                let out = self.set_line(&item, after, format!("modifiers {}", modifiers.join(" ")));
                if let Some(m) = new.filter(|_| !out.is_empty()) {
                    self.ask_evidence(EvidenceFor::Line(line), format!("what supports modifier {m}"));
                }
                Ok(out)
            }
            PromptKind::Pointers { line } => {
                let item = self.line_item(line).ok_or("the line is gone")?;
                let chart = &self.open.as_ref().ok_or("no encounter is open")?.chart;
                let pointers = resolve_pointers(chart, text)?;
                self.overlays.pop();
                let after = ServiceLine { pointers, ..item.body.clone() };
                let mut out = self.set_line(&item, after, format!("pointers of {}", item.body.code));
                out.extend(self.walk_pointers(Some(line)));
                Ok(out)
            }
            PromptKind::Units { line } => {
                let item = self.line_item(line).ok_or("the line is gone")?;
                let units = Units::parse(text).filter(|u| u.0 > 0).ok_or("units are a number above zero")?;
                let fee = self.open.as_ref().and_then(|o| o.chart.directory.fees.charge(&item.body.code));
                let mut after = ServiceLine { units, ..item.body.clone() };
                if let Some(fee) = fee.filter(|f| item.body.charge.is_none_or(|c| c == item.body.units.charge(*f))) {
                    after.charge = Some(units.charge(fee));
                }
                self.overlays.pop();
                Ok(self.set_line(&item, after, format!("units {units}")))
            }
            PromptKind::Charge { line } => {
                let item = self.line_item(line).ok_or("the line is gone")?;
                let charge = Cents::parse(text).filter(|c| c.0 >= 0).ok_or("the charge is an amount like 189.00")?;
                self.overlays.pop();
                let after = ServiceLine { charge: Some(charge), ..item.body.clone() };
                Ok(self.set_line(&item, after, format!("charge {charge}")))
            }
            PromptKind::Poa { diagnosis } => {
                let poa = single(text).and_then(Poa::from_letter).ok_or("one of Y, N, U, W")?;
                self.overlays.pop();
                Ok(self.set_poa(diagnosis, poa))
            }
            PromptKind::ProcedureDate { procedure } => {
                let open = self.open.as_ref().ok_or("no encounter is open")?;
                let (from, through) = (open.chart.header().from, open.chart.header().through);
                let date = parse_day(text, from, through).ok_or("a date like 2026-11-04")?;
                if date < from || date > through {
                    return Err(format!("the stay is from {from} to {through}"));
                }
                let item = open.chart.procedures.iter().find(|p| p.id == procedure).cloned();
                let item = item.ok_or("the procedure is gone")?;
                let after = Procedure { date: Some(date), ..item.body.clone() };
                self.overlays.pop();
                let edit = Edit::Procedure(Change::Set { id: procedure, before: item.body, after });
                Ok(self.commit("procedure.set", format!("date {date}"), vec![edit]))
            }
            PromptKind::OverrideReason { rule, place } => {
                if text.len() < 3 {
                    return Err("say why in a few words".into());
                }
                let finding = self.open.as_ref().and_then(|o| {
                    o.findings.iter().find(|f| f.rule == rule && f.place_key() == place).cloned()
                });
                let finding = finding.ok_or("the edit is not there any more")?;
                self.overlays.pop();
                let reason = text.to_string();
                if finding.policy == OverridePolicy::Evidence {
                    self.ask_evidence(EvidenceFor::Override { rule, place, reason }, "what supports the answer".into());
                    return Ok(Vec::new());
                }
                Ok(self.answer(rule, place, reason, None))
            }
        }
    }

    fn set_poa(&mut self, diagnosis: Id, poa: Poa) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let Some(at) = open.chart.position(diagnosis) else { return Vec::new() };
        let item = open.chart.diagnoses[at].clone();
        // On to the next diagnosis: a stay has twenty of them.
        open.code = open.chart.diagnoses.get(at + 1).map(|d| d.id).or(open.code);
        let after = Diagnosis { poa: Some(poa), ..item.body.clone() };
        if after == item.body {
            return Vec::new();
        }
        let edit = Edit::Diagnosis(Change::Set { id: diagnosis, before: item.body, after });
        self.commit("poa", format!("POA {}", poa.letter()), vec![edit])
    }

    pub(crate) fn prompt_override(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let Some(f) = open.findings.get(open.finding).filter(|f| f.answered.is_none()) else {
            self.say("go to an open edit first: e");
            return Vec::new();
        };
        if f.policy == OverridePolicy::None {
            let text = format!("this edit cannot be overridden: {} ({})", f.message, f.authority);
            self.warn(text);
            return Vec::new();
        }
        let prompt = Prompt {
            kind: PromptKind::OverrideReason { rule: f.rule, place: f.place_key() },
            title: format!("Override: {}", f.message),
            hint: format!("reason, for the record; {}", f.authority),
            line: TextLine::default(),
            error: None,
        };
        self.overlays.push(Overlay::Prompt(prompt));
        Vec::new()
    }

    fn answer(&mut self, rule: &str, place: String, reason: String, evidence: Option<EvidenceSpan>) -> Vec<Effect> {
        let id = self.new_id();
        let (by, at) = (self.me.login.clone(), Some(self.now));
        let Some(open) = &self.open else { return Vec::new() };
        let order = order_before(&open.chart.overrides, None);
        let body = Override {
            rule: rule.to_string(),
            place,
            reason: FreeText::new(reason),
            evidence,
            by,
            at,
            extra: Default::default(),
        };
        self.commit("override", format!("answer {rule}"), vec![Edit::Override(Change::Add(Item::new(id, order, body)))])
    }

    /// Opens the evidence overlay on the line of the chart that most likely is meant.
    fn ask_evidence(&mut self, purpose: EvidenceFor, ask: String) {
        let Some(open) = &self.open else { return };
        let words = self.evidence_words(&purpose);
        let shown = open.document;
        let others = (0..open.texts.len()).filter(|i| *i != shown);
        let found = std::iter::once(shown)
            .chain(others)
            .find_map(|d| open.texts.get(d).and_then(|t| reading::best_line(t, &words)).map(|line| (d, line)));
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
                l.body.pointers.iter().filter_map(|p| match p {
                    Pointer::Diagnosis(id) => Some(*id),
                    Pointer::Position(_) => None,
                }).collect::<Vec<_>>()
            };
            let own: Vec<Id> = chart.lines.iter().filter(|l| l.id == *line).flat_map(pointed).collect();
            ids = chart.lines.iter().filter(|l| l.id != *line).flat_map(pointed).filter(|id| !own.contains(id)).collect();
        }
        if ids.is_empty() {
            ids = chart.diagnoses.iter().map(|d| d.id).collect();
        }
        let titles = chart.diagnoses.iter().filter(|d| ids.contains(&d.id));
        let mut words: Vec<String> = titles
            .filter_map(|d| self.facts.title(CodeSystem::Icd10cm, &d.body.code))
            .flat_map(|t| t.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(String::from).collect::<Vec<_>>())
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
        let quote = open.texts.get(e.document).and_then(|t| t.split('\n').nth(e.line as usize)).unwrap_or("").trim();
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
            Place::Encounter(field) | Place::Patient(field) | Place::Coverage(field) | Place::Provider(field) => {
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

/// `25 59`, `25,59` or `2559`.
fn parse_modifiers(text: &str) -> Result<Vec<String>, String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split([' ', ',']).filter(|w| !w.is_empty()) {
        let word = normal_code(word);
        if !word.len().is_multiple_of(2) || word.is_empty() {
            return Err(format!("a modifier has two characters, {word} does not"));
        }
        for pair in word.as_bytes().chunks(2) {
            let m = String::from_utf8_lossy(pair).into_owned();
            if out.contains(&m) {
                return Err(format!("{m} stands twice"));
            }
            out.push(m);
        }
    }
    if out.len() > 4 {
        return Err("a claim line takes four modifiers".into());
    }
    Ok(out)
}

fn resolve_pointers(chart: &Chart, text: &str) -> Result<Vec<Pointer>, String> {
    let positions = parse_pointers(text).ok_or("pointers are letters")?;
    if positions.is_empty() {
        return Err("at least one letter".into());
    }
    if positions.len() > 4 {
        return Err("a claim line takes four pointers".into());
    }
    let n = chart.diagnoses.len();
    let mut out = Vec::new();
    for p in positions {
        let letter = char::from(b'A' + p - 1);
        if usize::from(p) > n {
            let last = char::from(b'A' + u8::try_from(n.clamp(1, 26) - 1).unwrap_or(0));
            return Err(format!("there is no {letter}: the diagnoses end at {last}"));
        }
        let pointer = chart.pointer_at(p);
        if out.contains(&pointer) {
            return Err(format!("{letter} stands twice"));
        }
        out.push(pointer);
    }
    Ok(out)
}

/// `ABC`
pub fn pointer_letters(chart: &Chart, line: &ServiceLine) -> String {
    line.pointers
        .iter()
        .map(|p| match chart.pointer_position(*p) {
            Some(n @ 1..=26) => char::from(b'A' + u8::try_from(n - 1).unwrap_or(0)),
            _ => '?',
        })
        .collect()
}

fn single(text: &str) -> Option<char> {
    let mut c = text.chars();
    match (c.next(), c.next()) {
        (Some(c), None) => Some(c),
        _ => None,
    }
}

/// A full date, or a day of the month inside the stay.
fn parse_day(text: &str, from: chrono::NaiveDate, through: chrono::NaiveDate) -> Option<chrono::NaiveDate> {
    use chrono::Datelike;
    if let Ok(d) = text.parse() {
        return Some(d);
    }
    let day: u32 = text.parse().ok()?;
    let mut d = from;
    while d <= through {
        if d.day() == day {
            return Some(d);
        }
        d = d.succ_opt()?;
    }
    None
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
