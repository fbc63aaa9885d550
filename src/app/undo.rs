//! Undo and redo over everything a user changed in this session, on whatever encounter.
//!
//! Owns the two stacks. Undo is not magic: it applies the inverse as an edit of its own, stored and synced
//! like any other.

use crate::domain::EditSet;

/// Steps kept; older ones stay in the record's history.
const DEPTH: usize = 500;

#[derive(Default)]
pub struct UndoStacks {
    pub past: Vec<Step>,
    pub future: Vec<Step>,
}

#[derive(Clone)]
pub struct Step {
    /// `10023`: so that the message can say where.
    pub account: String,
    /// `add E11.22`
    pub what: String,
    pub set: EditSet,
}

impl UndoStacks {
    pub fn did(&mut self, step: Step) {
        self.future.clear();
        self.past.push(step);
        if self.past.len() > DEPTH {
            self.past.remove(0);
        }
    }

    /// Drops every step of an edit that could not be stored.
    pub fn forget(&mut self, set: &EditSet) {
        self.past.retain(|s| s.set != *set && s.set.inverse() != *set);
        self.future.retain(|s| s.set != *set && s.set.inverse() != *set);
    }
}
