//! Search: one question at a time, the newest. A search under way is abandoned when a newer one is waiting.

use super::{LoadCodes, Out};
use crate::app::{Generation, Reply, SearchAsk};
use crate::facts::{self, Ask};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Slot {
    waiting: Option<(Generation, SearchAsk)>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    arrived: Condvar,
    newest: AtomicU64,
}

/// Where questions are put; dropping it ends the thread.
pub(super) struct Desk(Arc<Shared>);

/// Where the thread takes them.
pub(super) struct Inbox(Arc<Shared>);

pub(super) fn desk() -> (Desk, Inbox) {
    let shared = Arc::new(Shared::default());
    (Desk(shared.clone()), Inbox(shared))
}

impl Desk {
    /// Puts a question; true when it took the place of one that will not be answered now.
    pub fn put(&self, generation: Generation, ask: SearchAsk) -> bool {
        self.0.newest.store(generation, Ordering::SeqCst);
        let Ok(mut slot) = self.0.slot.lock() else { return true };
        let replaced = slot.waiting.replace((generation, ask)).is_some();
        self.0.arrived.notify_one();
        replaced
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Ok(mut slot) = self.0.slot.lock() {
            slot.closed = true;
        }
        self.0.newest.store(u64::MAX, Ordering::SeqCst);
        self.0.arrived.notify_one();
    }
}

impl Inbox {
    fn take(&self) -> Option<(Generation, SearchAsk)> {
        let mut slot = self.0.slot.lock().ok()?;
        loop {
            if slot.closed {
                return None;
            }
            if let Some(ask) = slot.waiting.take() {
                return Some(ask);
            }
            slot = self.0.arrived.wait(slot).ok()?;
        }
    }
}

pub(super) fn run(load: LoadCodes, inbox: &Inbox, out: &Out) {
    let progress = out.clone();
    let told = Box::new(move |what: &str, percent: u8| {
        progress.tell(Reply::BookProgress(format!("{what} {percent} %")));
    });
    let codes = match load(told) {
        Ok(codes) => {
            out.answer(Reply::Book { facts: codes.clone(), pages: codes.book.clone() });
            codes
        }
        Err(why) => {
            out.answer(Reply::BookFailed(why));
            return;
        }
    };
    // The site's numbers change with its fee table only.
    let mut overlay = (Arc::default(), crate::codes::Overlay::new());
    while let Some((generation, ask)) = inbox.take() {
        if !Arc::ptr_eq(&overlay.0, &ask.fees) {
            overlay = (ask.fees.clone(), facts::overlay(&ask.fees));
        }
        let question = Ask {
            text: &ask.text,
            systems: &ask.systems,
            prefer: ask.prefer,
            date: ask.date,
            limit: ask.limit,
            within: &ask.within,
            overlay: &overlay.1,
        };
        let stale = || inbox.0.newest.load(Ordering::SeqCst) != generation;
        let results = codes.search(&question, &stale);
        if stale() {
            out.dropped();
        } else {
            out.answer(Reply::Search { generation, results });
        }
    }
}
