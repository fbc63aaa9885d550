//! The list of work: which list, which rows are loaded, where the cursor is.
//!
//! Owns the window over a list of any length: 200 rows around the cursor are loaded, the rest is a count.
//! The cursor is an id, so that arrivals never move it.

use super::{App, Effect, Generation, TextLine};
use crate::domain::{Id, WorkItem, WorkQuery, WorkView};

/// Rows loaded at once.
pub const WINDOW: u32 = 200;

#[derive(Default)]
pub struct QueueState {
    pub view: WorkView,
    pub items: Vec<WorkItem>,
    /// Place of `items[0]` in the whole list.
    pub offset: u64,
    pub total: u64,
    pub counts: Vec<(WorkView, u64)>,
    /// Place in the whole list.
    pub cursor: u64,
    pub selected: Option<Id>,
    pub filter: String,
    /// The filter is being typed.
    pub filter_line: Option<TextLine>,
    /// Rows that came from the hub since the list was loaded.
    pub arrived: u64,
    pub loaded: bool,
    /// First row on the screen; kept by the view so that scrolling is at the edge only.
    pub top: std::cell::Cell<u64>,
    generation: Generation,
    asked: u64,
}

impl QueueState {
    pub fn row(&self, place: u64) -> Option<&WorkItem> {
        place.checked_sub(self.offset).and_then(|i| self.items.get(usize::try_from(i).ok()?))
    }
    pub fn current(&self) -> Option<&WorkItem> {
        self.row(self.cursor)
    }
}

impl App {
    pub(crate) fn load_queue(&mut self) -> Effect {
        let half = u64::from(WINDOW / 2);
        // A list that fits the window is loaded whole, so that moving in it asks for nothing.
        let small = self.queue.total <= u64::from(WINDOW);
        let from = if small { 0 } else { self.queue.cursor.saturating_sub(half) };
        let generation = self.next_generation();
        self.queue.generation = generation;
        self.queue.asked = from;
        Effect::LoadQueue {
            generation,
            query: WorkQuery {
                view: self.queue.view,
                me: self.me.login.clone(),
                text: self.queue.filter.clone(),
                offset: u32::try_from(from).unwrap_or(0),
                limit: WINDOW,
            },
        }
    }

    pub(crate) fn queue_loaded(
        &mut self,
        generation: Generation,
        items: Vec<WorkItem>,
        total: u64,
        counts: Vec<(WorkView, u64)>,
    ) {
        if generation != self.queue.generation {
            return;
        }
        let q = &mut self.queue;
        q.offset = q.asked;
        q.items = items;
        q.total = total;
        q.counts = counts;
        q.loaded = true;
        q.arrived = 0;
        // The same row stays under the cursor; when it is gone the cursor keeps its place.
        let found = q.selected.and_then(|id| q.items.iter().position(|i| i.id == id));
        q.cursor = match found {
            Some(i) => q.offset + i as u64,
            None => q.cursor.min(total.saturating_sub(1)),
        };
        q.selected = q.current().map(|i| i.id);
    }

    pub(crate) fn queue_move(&mut self, by: i64) -> Vec<Effect> {
        let last = self.queue.total.saturating_sub(1);
        let to = self.queue.cursor.saturating_add_signed(by).min(last);
        self.queue_go(to)
    }

    pub(crate) fn queue_go(&mut self, to: u64) -> Vec<Effect> {
        let q = &mut self.queue;
        q.cursor = to.min(q.total.saturating_sub(1));
        q.selected = q.current().map(|i| i.id);
        // Near the edge of what is loaded, ask for the rows around the cursor.
        let end = q.offset + q.items.len() as u64;
        let near_top = q.offset > 0 && q.cursor < q.offset + 20;
        let near_end = end < q.total && q.cursor + 20 >= end;
        if near_top || near_end { vec![self.load_queue()] } else { Vec::new() }
    }

    pub(crate) fn change_list(&mut self, by: isize) -> Vec<Effect> {
        let all = WorkView::ALL;
        let at = all.iter().position(|v| *v == self.queue.view).unwrap_or(0);
        let n = all.len() as isize;
        let to = (at as isize + by).rem_euclid(n) as usize;
        self.show_list(all[to])
    }

    pub(crate) fn show_list(&mut self, view: WorkView) -> Vec<Effect> {
        self.queue.view = view;
        self.queue.cursor = 0;
        self.queue.selected = None;
        self.queue.filter.clear();
        self.queue.top.set(0);
        vec![self.load_queue(), Effect::Setting { key: "list", value: view.key().into() }]
    }

    pub(crate) fn set_filter(&mut self, text: String) -> Vec<Effect> {
        self.queue.filter = text;
        self.queue.cursor = 0;
        self.queue.selected = None;
        self.queue.top.set(0);
        vec![self.load_queue()]
    }
}
