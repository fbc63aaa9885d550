//! Changing the open encounter: one user step is one `EditSet`, applied at once and stored behind it.
//!
//! Owns making edits out of steps, submit, hold, undo and redo. Every change goes through `commit`, so that
//! none can miss the undo stack, the store or the findings.

use super::{App, Effect, command, encounter::Pane, undo::Step};
use crate::claims;
use crate::domain::{
    Change, Chart, CodingState, CodingStep, Edit, EditSet, FreeText, Hold, HoldReason, Id, Item, OrderKey,
    display_code,
};

/// A key for an item placed before `before`, or at the end.
pub(crate) fn order_before<T>(items: &[Item<T>], before: Option<Id>) -> OrderKey {
    match before.and_then(|id| items.iter().position(|i| i.id == id)) {
        Some(at) => {
            let previous = at.checked_sub(1).map(|i| &items[i].order);
            OrderKey::between(previous, Some(&items[at].order))
        }
        None => OrderKey::after(items.last().map(|i| &i.order)),
    }
}

/// A key that moves the item at `at` by one place, if there is one to go to.
fn order_shifted<T>(items: &[Item<T>], at: usize, down: bool) -> Option<OrderKey> {
    if down {
        let next = items.get(at + 1)?;
        Some(OrderKey::between(Some(&next.order), items.get(at + 2).map(|i| &i.order)))
    } else {
        let previous = items.get(at.checked_sub(1)?)?;
        let first = at.checked_sub(2).map(|i| &items[i].order);
        Some(OrderKey::between(first, Some(&previous.order)))
    }
}

impl App {
    /// Applies a step to the open encounter and hands it to the store. `what` is for the undo message.
    pub(crate) fn commit(&mut self, label: &str, what: String, mut edits: Vec<Edit>) -> Vec<Effect> {
        if let Some(why) = command::edit_refusal(self) {
            self.warn(why);
            return Vec::new();
        }
        let Some(open) = &self.open else { return Vec::new() };
        if open.chart.header().state == CodingState::New {
            edits.push(open.chart.set_header(|e| e.state = CodingState::Coding));
        }
        self.commit_checked(label, what, edits, false)
    }

    fn commit_checked(&mut self, label: &str, what: String, edits: Vec<Edit>, whole: bool) -> Vec<Effect> {
        let fence = self.fence();
        let Some(open) = &mut self.open else { return Vec::new() };
        let set = EditSet {
            scope: open.chart.scope.clone(),
            root: open.chart.id(),
            label: label.to_string(),
            edits,
            whole,
            fence,
        };
        if let Err(e) = open.chart.apply(&set) {
            self.fail(format!("that change does not fit this encounter: {e}"));
            return Vec::new();
        }
        let account = open.chart.header().account.clone();
        self.undo.did(Step { account, what, set: set.clone() });
        self.derive();
        vec![self.store(set)]
    }

    fn store(&mut self, set: EditSet) -> Effect {
        self.save.made += 1;
        Effect::Commit { ticket: self.save.made, set }
    }

    fn fence(&self) -> Option<i64> {
        let lease = &self.open.as_ref()?.chart.lease;
        lease.held_by(&self.me.login, self.now).then_some(lease.fence)
    }

    pub(crate) fn undo_last(&mut self) -> Vec<Effect> {
        let Some(step) = self.undo.past.pop() else {
            self.say("nothing to undo");
            return Vec::new();
        };
        let inverse = step.set.inverse();
        let words = format!("undone: {} on {}", step.what, step.account);
        self.undo.future.push(step);
        self.replay(inverse, words)
    }

    pub(crate) fn redo_last(&mut self) -> Vec<Effect> {
        let Some(step) = self.undo.future.pop() else {
            self.say("nothing to redo");
            return Vec::new();
        };
        let words = format!("done again: {} on {}", step.what, step.account);
        let set = step.set.clone();
        self.undo.past.push(step);
        self.replay(set, words)
    }

    /// Applies a step from the stacks, going to its encounter when another one is open.
    fn replay(&mut self, mut set: EditSet, words: String) -> Vec<Effect> {
        set.fence = None;
        self.say(words);
        let here = self.open.as_mut().filter(|o| o.chart.id() == set.root);
        if let Some(open) = here {
            if let Err(e) = open.chart.apply(&set) {
                self.fail(format!("that cannot be done any more: {e}"));
                return Vec::new();
            }
            self.derive();
            return vec![self.store(set)];
        }
        // Read it only after the change is stored: the answer must show it.
        let root = set.root;
        let store = self.store(set);
        self.open_after_save = Some((self.save.made, root));
        vec![Effect::Lease { id: root }, store]
    }

    pub(crate) fn shift_current(&mut self, down: bool) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let chart = &open.chart;
        let at = |id: Option<Id>, ids: Vec<Id>| id.and_then(|id| ids.iter().position(|x| *x == id));
        let edit = match open.pane {
            Pane::Lines => {
                let at = at(open.line, chart.lines.iter().map(|l| l.id).collect());
                at.and_then(|at| {
                    let to = order_shifted(&chart.lines, at, down)?;
                    let l = &chart.lines[at];
                    Some(Edit::Line(Change::Move { id: l.id, from: l.order.clone(), to }))
                })
            }
            _ => at(open.code, chart.diagnoses.iter().map(|d| d.id).collect())
                .and_then(|at| {
                    let to = order_shifted(&chart.diagnoses, at, down)?;
                    let d = &chart.diagnoses[at];
                    Some(Edit::Diagnosis(Change::Move { id: d.id, from: d.order.clone(), to }))
                })
                .or_else(|| {
                    let at = at(open.code, chart.procedures.iter().map(|p| p.id).collect())?;
                    let to = order_shifted(&chart.procedures, at, down)?;
                    let p = &chart.procedures[at];
                    Some(Edit::Procedure(Change::Move { id: p.id, from: p.order.clone(), to }))
                }),
        };
        match edit {
            Some(edit) => {
                self.commit("order", format!("move {}", if down { "down" } else { "up" }), vec![edit])
            }
            None => Vec::new(),
        }
    }

    pub(crate) fn remove_current(&mut self) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        let chart = &open.chart;
        match open.pane {
            Pane::Lines => {
                let Some(line) = open.current_line().cloned() else { return Vec::new() };
                let what = format!("remove line {}", line.body.code);
                self.commit("line.remove", what, vec![Edit::Line(Change::Remove(line))])
            }
            _ => {
                if let Some(d) = open.current_diagnosis().cloned() {
                    let what =
                        format!("remove {}", display_code(crate::domain::CodeSystem::Icd10cm, &d.body.code));
                    let mut edits = pointers_without(chart, d.id);
                    edits.push(Edit::Diagnosis(Change::Remove(d)));
                    return self.commit("code.remove", what, edits);
                }
                let Some(p) = open.current_procedure().cloned() else { return Vec::new() };
                let what = format!("remove {}", p.body.code);
                self.commit("procedure.remove", what, vec![Edit::Procedure(Change::Remove(p))])
            }
        }
    }

    /// Places a hold, or releases the open ones.
    pub(crate) fn place_hold(&mut self, reason: HoldReason, note: &str, owner: Option<Id>) -> Vec<Effect> {
        let id = self.new_id();
        let (by, now) = (self.me.login.clone(), self.now);
        let Some(open) = &self.open else { return Vec::new() };
        let hold = Hold {
            reason,
            note: FreeText::new(note.trim().to_string()),
            owner,
            placed_by: by,
            placed_at: Some(now),
            cleared_at: None,
            extra: Default::default(),
        };
        let order = order_before(&open.chart.holds, None);
        let edits = vec![Edit::Hold(Change::Add(Item::new(id, order, hold)))];
        let out = self.commit("hold", format!("hold: {}", reason.label()), edits);
        if !out.is_empty() {
            self.tally.held += 1;
            self.say(format!("on hold: {}", reason.label()));
        }
        out
    }

    pub(crate) fn release_holds(&mut self) -> Vec<Effect> {
        let now = self.now;
        let Some(open) = &self.open else { return Vec::new() };
        let edits: Vec<Edit> = open
            .chart
            .open_holds()
            .map(|h| {
                let after = Hold { cleared_at: Some(now), ..h.body.clone() };
                Edit::Hold(Change::Set { id: h.id, before: h.body.clone(), after })
            })
            .collect();
        self.commit("hold.release", "release the hold".into(), edits)
    }

    /// Submits, or says why not and puts the cursor on the first thing in the way.
    pub(crate) fn submit(&mut self) -> Vec<Effect> {
        if let Some(why) = command::edit_refusal(self) {
            self.warn(format!("not submitted: {why}"));
            return Vec::new();
        }
        if !self.me.role.may_submit() {
            self.warn(format!("not submitted: a {} hands work to a supervisor", self.me.role.label()));
            return Vec::new();
        }
        let Some(open) = &self.open else { return Vec::new() };
        let (chart, findings) = (open.chart.clone(), open.findings.clone());
        let edits =
            match claims::submit_edits(&chart, &findings, &mut || self.new_id(), chart.encounter.version) {
                Ok(edits) => edits,
                Err(reasons) => {
                    let first = reasons.first().cloned().unwrap_or_default();
                    let more = match reasons.len() {
                        0 | 1 => String::new(),
                        n => format!(" (and {} more)", n - 1),
                    };
                    self.warn(format!("not submitted: {first}{more}"));
                    self.go_to_blocking();
                    return Vec::new();
                }
            };
        let account = chart.header().account.clone();
        let mut out = self.commit_checked("submit", "submit".into(), edits, true);
        if out.is_empty() {
            return out;
        }
        self.tally.submitted += 1;
        out.push(Effect::Release { id: chart.id() });
        out.extend(self.get_next());
        self.say(format!("submitted {account}"));
        out
    }

    /// Checks a step of the coding state without doing it, for `scrub`.
    pub(crate) fn scrub(&mut self) {
        let Some(open) = &self.open else { return };
        let (stops, asks) = open.counts();
        let state = open.chart.header().state.can(CodingStep::Submit);
        let held = open.chart.open_holds().count();
        let text = match (stops, asks, held, state) {
            (0, 0, 0, Ok(_)) => "0 stop, 0 asks: ready to submit".to_string(),
            (0, 0, 0, Err(why)) => why.to_string(),
            (s, a, 0, _) => format!("{s} stop, {a} asks: e goes to the next one"),
            (s, a, h, _) => format!("{s} stop, {a} asks, {h} hold open"),
        };
        // A visit billed on both forms shows its two sides apart.
        let both = open.chart.header().forms.len() > 1;
        self.say(text);
        if stops + asks > 0 {
            self.go_to_blocking();
        }
        if both {
            self.overlays.push(super::Overlay::Sides(super::overlay::Scroll::default()));
        }
    }
}

/// The lines that point to this diagnosis, without that pointer.
pub(crate) fn pointers_without(chart: &Chart, diagnosis: Id) -> Vec<Edit> {
    use crate::domain::Pointer;
    chart
        .lines
        .iter()
        .filter(|l| l.body.pointers.contains(&Pointer::Diagnosis(diagnosis)))
        .map(|l| {
            let mut after = l.body.clone();
            after.pointers.retain(|p| *p != Pointer::Diagnosis(diagnosis));
            Edit::Line(Change::Set { id: l.id, before: l.body.clone(), after })
        })
        .collect()
}
