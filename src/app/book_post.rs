//! Posting from the code book: one code, its 7th character, the codes of a pair in their order.
//!
//! Owns what leaves the book for the encounter. Whether a code may be posted is `posting`'s to say, on the
//! date of the encounter; nothing is substituted. UI thread.

use super::coding::order_before;
use super::{App, BookView, Effect, Overlay, Pair, Pane, Picker, SearchPurpose, command};
use crate::codes::CodeStatus;
use crate::domain::{Change, CodeSystem, Diagnosis, Edit, Item, display_code};
use crate::edits::Status;

fn shown(code: &str) -> String {
    display_code(CodeSystem::Icd10cm, code)
}

impl App {
    fn book_view(&self) -> Option<&BookView> {
        self.overlays.iter().rev().find_map(|o| match o {
            Overlay::Book(b) => Some(b.as_ref()),
            _ => None,
        })
    }

    /// Why nothing can be posted from the book now.
    fn book_refusal(&self) -> Option<String> {
        match self.open {
            None => Some("open an encounter to post a code: the book is for reading here".into()),
            Some(_) => command::edit_refusal(self),
        }
    }

    /// Posts the highlighted code, or asks for its 7th character.
    pub(super) fn book_post(&mut self) -> Vec<Effect> {
        let Some(b) = self.book_view() else { return Vec::new() };
        let Some(row) = b.row() else { return Vec::new() };
        let Some(code) = b.book.node_code(row.node).map(str::to_string) else { return Vec::new() };
        match row.status {
            CodeStatus::NeedsSeventh => self.book_seventh(&code),
            CodeStatus::Valid => self.book_take(code),
            _ => {
                let why = super::status_words(&b.book, row.node, b.date);
                self.warn(format!("{}: {why}", shown(&code)));
                Vec::new()
            }
        }
    }

    /// The 7th characters of a code, to be picked by their letter.
    pub(super) fn book_seventh(&mut self, code: &str) -> Vec<Effect> {
        let date = self.code_date();
        if let Status::NeedsSeventh { choices } = self.facts.status(CodeSystem::Icd10cm, code, date) {
            self.overlays.push(Overlay::Picker(Picker { code: code.to_string(), choices, cursor: 0 }));
        }
        Vec::new()
    }

    /// A complete code: the next of a pair, or the one to post.
    pub(super) fn book_take(&mut self, code: String) -> Vec<Effect> {
        if let Some(why) = self.book_refusal() {
            self.say(why);
            return Vec::new();
        }
        let Some(Overlay::Book(b)) = self.overlays.last_mut() else { return Vec::new() };
        if let Some(pair) = &mut b.pair {
            pair.taken.push(code);
            let Pair { wanted, taken } = pair.clone();
            return match wanted.get(taken.len()) {
                Some(next) => {
                    if let Some(node) = b.book.nearest_node(next) {
                        b.follow(node);
                    }
                    Vec::new()
                }
                None => self.post_pair(taken),
            };
        }
        let purpose = b.purpose.clone();
        let out = self.post_diagnosis(code, purpose, false);
        if !out.is_empty() {
            self.leave_book();
        }
        out
    }

    /// Adds codes one behind the other, as one change.
    fn post_pair(&mut self, codes: Vec<String>) -> Vec<Effect> {
        let date = self.code_date();
        let invalid = codes.iter().find(|c| {
            !matches!(self.facts.status(CodeSystem::Icd10cm, c, date), Status::Valid | Status::Unchecked)
        });
        if let Some(code) = invalid {
            self.warn(format!("{} cannot be posted for {date}", shown(code)));
            return Vec::new();
        }
        let ids: Vec<_> = codes.iter().map(|_| self.new_id()).collect();
        let Some(open) = &self.open else { return Vec::new() };
        let mut list = open.chart.diagnoses.clone();
        if let Some(there) = codes.iter().find(|c| list.iter().any(|d| d.body.code == **c)) {
            self.warn(format!("{} is there already: remove it first, or post the other alone", shown(there)));
            return Vec::new();
        }
        let mut edits = Vec::new();
        for (id, code) in ids.iter().zip(&codes) {
            let order = order_before(&list, None);
            let body = Diagnosis { code: code.clone(), ..Diagnosis::default() };
            let item = Item::new(*id, order, body);
            list.push(item.clone());
            edits.push(Edit::Diagnosis(Change::Add(item)));
        }
        let words = codes.iter().map(|c| shown(c)).collect::<Vec<_>>().join(", then ");
        let out = self.commit("code.add", format!("add {words}"), edits);
        if !out.is_empty() {
            if let Some(open) = &mut self.open {
                open.pane = Pane::Codes;
                open.code = ids.last().copied();
                open.last_posted = open.code;
            }
            self.derive();
            self.leave_book();
            self.say(format!("posted {words}"));
        }
        out
    }

    /// `r`: the highlighted code in place of the posted one that the book was opened from.
    pub(super) fn book_replace(&mut self) -> Vec<Effect> {
        let Some(Overlay::Book(b)) = self.overlays.last_mut() else { return Vec::new() };
        let Some(id) = b.replaces else {
            self.say("the book was not opened from a posted code: Enter posts");
            return Vec::new();
        };
        b.purpose = SearchPurpose::ReplaceDiagnosis { id };
        b.pair = None;
        match b.row().map(|r| r.status) {
            Some(CodeStatus::Header) => {
                self.say("not billable: choose below it");
                Vec::new()
            }
            _ => self.book_post(),
        }
    }

    /// Closes the book and the search it was opened from.
    fn leave_book(&mut self) {
        self.overlays.retain(|o| !matches!(o, Overlay::Book(_) | Overlay::Picker(_) | Overlay::Search(_)));
    }
}
