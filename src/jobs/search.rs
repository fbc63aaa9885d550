//! Search: one question at a time, the newest. A search under way is abandoned when a newer one is waiting.
//!
//! Owns the search thread: it loads the code book, and lays what is used here over the shipped order, read
//! again after a posting, so that no keystroke and no start waits for it on the UI thread.

use super::{LoadCodes, Now, Out};
use crate::app::{Generation, Reply, SearchAsk};
use crate::facts::{self, Ask, Codes};
use crate::search::Prior;
use crate::store::{CodeUse, Reader};
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

/// Where the uses of codes are read.
pub(super) struct History {
    pub reader: Reader,
    pub now: Now,
    /// Goes up with every posting that was counted.
    pub learned: Arc<AtomicU64>,
}

impl History {
    /// A cache that cannot be read is no reason not to search.
    fn prior(&self, codes: &Codes) -> Prior {
        let uses = self.reader.uses((self.now)()).unwrap_or_default();
        codes.prior(uses.iter().map(CodeUse::parts))
    }
}

pub(super) fn run(load: LoadCodes, history: Option<&History>, inbox: &Inbox, out: &Out) {
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
    let seen = || history.map_or(0, |h| h.learned.load(Ordering::SeqCst));
    let mut learned = seen();
    let mut prior = history.map_or_else(Prior::shipped, |h| h.prior(&codes));
    while let Some((generation, ask)) = inbox.take() {
        if let Some(h) = history
            && seen() != learned
        {
            learned = seen();
            prior = h.prior(&codes);
        }
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
        let results = codes.search_by(&question, &prior, &stale);
        if stale() {
            out.dropped();
        } else {
            out.answer(Reply::Search { generation, results });
        }
    }
}
