//! What is typed into prompts: modifiers, pointers, units, charges, POA, dates, reasons.
//!
//! Owns reading it. What does not parse stays typed, with the reason below it; nothing is guessed.

use super::{
    App, Effect, Overlay, Pane, Prompt, PromptKind, TextLine, coding::order_before, overlay::EvidenceFor,
};
use crate::domain::coding::parse_pointers;
use crate::domain::{
    Cents, Change, Chart, Edit, EvidenceSpan, FreeText, Id, Item, Override, OverridePolicy, Pointer,
    Procedure, ServiceLine, Units, normal_code,
};

/// Modifiers that say "separate": an auditor will ask what supports them.
const NEEDS_EVIDENCE: [&str; 8] = ["24", "25", "57", "59", "XE", "XS", "XP", "XU"];

impl App {
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
            PromptKind::Modifiers { .. } => (
                format!("Modifiers of {code}"),
                "up to 4, like 25 or 25 59".to_string(),
                line.body.modifiers.join(" "),
            ),
            PromptKind::Pointers { .. } => {
                let last =
                    char::from(b'A' + u8::try_from(chart.diagnoses.len().clamp(1, 26) - 1).unwrap_or(0));
                (
                    format!("Diagnoses of {code}"),
                    format!("letters A to {last}, main one first"),
                    pointer_letters(chart, &line.body),
                )
            }
            PromptKind::Units { .. } => {
                (format!("Units of {code}"), "a number".into(), line.body.units.to_string())
            }
            _ => {
                let text = line.body.charge.map(|c| c.to_string()).unwrap_or_default();
                (format!("Charge of {code}"), "dollars for all units, like 189.00".into(), text)
            }
        };
        self.overlays.push(Overlay::Prompt(Prompt {
            kind,
            title,
            hint,
            line: TextLine::new(&text),
            error: None,
        }));
        Vec::new()
    }

    /// Asks for the pointers of the first line that has none, after `after` when given.
    pub(crate) fn walk_pointers(&mut self, after: Option<Id>) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        if open.chart.diagnoses.is_empty() {
            return Vec::new();
        }
        let start =
            after.and_then(|id| open.chart.lines.iter().position(|l| l.id == id)).map_or(0, |i| i + 1);
        let next = open
            .chart
            .lines
            .iter()
            .skip(start)
            .find(|l| !l.body.is_institutional() && l.body.pointers.is_empty());
        let Some(next) = next.map(|l| l.id) else { return Vec::new() };
        open.line = Some(next);
        self.prompt_line(|line| PromptKind::Pointers { line })
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
                if let Some(fee) =
                    fee.filter(|f| item.body.charge.is_none_or(|c| c == item.body.units.charge(*f)))
                {
                    after.charge = Some(units.charge(fee));
                }
                self.overlays.pop();
                Ok(self.set_line(&item, after, format!("units {units}")))
            }
            PromptKind::Charge { line } => {
                let item = self.line_item(line).ok_or("the line is gone")?;
                let charge =
                    Cents::parse(text).filter(|c| c.0 >= 0).ok_or("the charge is an amount like 189.00")?;
                self.overlays.pop();
                let after = ServiceLine { charge: Some(charge), ..item.body.clone() };
                Ok(self.set_line(&item, after, format!("charge {charge}")))
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
                    self.ask_evidence(
                        EvidenceFor::Override { rule, place, reason },
                        "what supports the answer".into(),
                    );
                    return Ok(Vec::new());
                }
                Ok(self.answer(rule, place, reason, None))
            }
        }
    }

    pub(crate) fn prompt_override(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let Some(f) = open.findings.get(open.finding) else {
            self.say("go to an open edit first: e");
            return Vec::new();
        };
        if f.answered.is_some() {
            return self.withdraw_answer();
        }
        if let Err(why) = self.facts.policy().may_answer(f, self.me.role) {
            self.warn(why);
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

    /// `o` on an answered edit takes the answer back; undo gives it again.
    fn withdraw_answer(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let Some(f) = open.findings.get(open.finding) else { return Vec::new() };
        let Some(given) = crate::edits::answer(&open.chart, self.facts.policy(), f).cloned() else {
            return Vec::new();
        };
        let above = matches!(self.me.role, crate::domain::Role::Supervisor | crate::domain::Role::Admin);
        if given.body.by != self.me.login && !above {
            self.warn(format!("{} answered this edit: a supervisor may take it back", given.body.by));
            return Vec::new();
        }
        let what = format!("take back the answer to {}", f.rule);
        self.commit("override.remove", what, vec![Edit::Override(Change::Remove(given))])
    }

    pub(super) fn answer(
        &mut self,
        rule: &str,
        place: String,
        reason: String,
        evidence: Option<EvidenceSpan>,
    ) -> Vec<Effect> {
        let id = self.new_id();
        let (by, at) = (self.me.login.clone(), Some(self.now));
        let Some(open) = &self.open else { return Vec::new() };
        let order = order_before(&open.chart.overrides, None);
        let found = open.findings.iter().find(|f| f.rule == rule && f.place_key() == place);
        let release = found.map(|f| f.release.clone()).unwrap_or_default();
        let body = Override {
            rule: rule.to_string(),
            place,
            reason: FreeText::new(reason),
            evidence,
            by,
            role: Some(self.me.role),
            release,
            at,
            extra: Default::default(),
        };
        self.commit(
            "override",
            format!("answer {rule}"),
            vec![Edit::Override(Change::Add(Item::new(id, order, body)))],
        )
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
