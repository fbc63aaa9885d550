//! Sync: owns the hub's connection; exchanges after every edit, keeps the lease of the open encounter.
//!
//! The store's lock is held only to read what is next and to take an answer in, never while the hub is asked.

use super::{Now, OpenHub, Out};
use crate::app::{Reply, SyncView};
use crate::domain::{Id, Lease, Scope};
use crate::hub::{Hub, LeaseAnswer};
use crate::store::{Reader, Store};
use crate::sync::{Engine, SyncState};
use chrono::{DateTime, Utc};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) enum Ask {
    /// Something may be waiting in the outbox.
    Exchange,
    Lease {
        id: Id,
    },
    Release {
        id: Id,
    },
}

/// Minutes of an ordinary lease.
const MINUTES: u32 = 90;

struct Held {
    scope: Scope,
    id: Id,
    fence: i64,
}

pub(super) struct Sync {
    store: Arc<Mutex<Store>>,
    reader: Reader,
    engine: Engine,
    now: Now,
    out: Out,
    held: Option<Held>,
    /// When the lease is renewed, site time.
    renew_at: i64,
    /// When a hub that others write to is asked unasked, site time.
    ask_at: i64,
    told: SyncView,
}

/// Between two rounds with a hub that others write to.
const EVERY_MS: i64 = 60_000;
/// A clock further off than this is told.
const SKEW_MS: u64 = 2 * 60_000;

impl Sync {
    pub fn new(store: Arc<Mutex<Store>>, reader: Reader, login: &str, seed: u64, now: Now, out: Out) -> Sync {
        Sync {
            store,
            reader,
            engine: Engine::new(login, seed),
            now,
            out,
            held: None,
            renew_at: i64::MAX,
            ask_at: i64::MAX,
            told: SyncView::default(),
        }
    }

    pub fn run(mut self, open: OpenHub, asks: &Receiver<Ask>) {
        let mut hub = match open() {
            Ok(hub) => hub,
            Err(e) => {
                self.tell(SyncView { words: format!("no hub: {e}"), offline: true, pending: 0 });
                return refuse(asks, &self.out, &e.to_string());
            }
        };
        loop {
            let ask = match self.wait_ms() {
                None => asks.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(ms) => asks.recv_timeout(Duration::from_millis(ms)),
            };
            match ask {
                // While the hub does not answer, an edit does not make us knock again before it is time.
                Ok(Ask::Exchange) if self.resting() => {
                    let view = self.view();
                    self.tell(view);
                }
                Ok(Ask::Exchange) | Err(RecvTimeoutError::Timeout) => self.exchange(hub.as_mut()),
                Ok(Ask::Lease { id }) => {
                    // What was typed under the last lease goes up first: the hub asks for it.
                    let lease = self.lease(hub.as_mut(), id);
                    self.out.answer(Reply::Lease { id, lease });
                }
                Ok(Ask::Release { id }) => {
                    self.exchange(hub.as_mut());
                    self.release(hub.as_mut(), id);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.exchange(hub.as_mut());
                    if let Some(id) = self.held.as_ref().map(|h| h.id) {
                        self.release(hub.as_mut(), id);
                    }
                    return;
                }
            }
            if (self.now)() >= self.renew_at {
                self.renew(hub.as_mut());
            }
            self.ask_at = if hub.is_remote() { (self.now)() + EVERY_MS } else { i64::MAX };
        }
    }

    /// Milliseconds until there is something to do unasked; `None` for ever.
    fn wait_ms(&self) -> Option<u64> {
        let retry = match self.engine.status().state {
            SyncState::Offline { .. } => self.engine.wake_at(),
            _ => self.ask_at,
        };
        let at = retry.min(self.renew_at);
        (at < i64::MAX).then(|| u64::try_from(at - (self.now)()).unwrap_or(0).max(20))
    }

    fn resting(&self) -> bool {
        matches!(self.engine.status().state, SyncState::Offline { .. })
            && (self.now)() < self.engine.wake_at()
    }

    /// One round: push, then pull.
    fn exchange(&mut self, hub: &mut dyn Hub) {
        let mut arrived = 0;
        loop {
            let work = match self.store.lock() {
                Ok(mut store) => self.engine.next(&mut store),
                Err(_) => return,
            };
            let Ok(Some(work)) = work else { break };
            let answer = work.run(hub);
            let failed = answer.is_err();
            let now = (self.now)();
            let Ok(mut store) = self.store.lock() else { return };
            match self.engine.absorb(&mut store, answer, now) {
                // Our own ops come back with the pull; only records that were not here are news.
                Ok(done) if done.pulled > 0 => arrived += done.roots.len() as u64,
                Ok(_) => {}
                Err(_) => break,
            }
            if failed {
                break;
            }
        }
        if arrived > 0 {
            self.out.tell(Reply::Arrived { rows: arrived });
        }
        let view = self.view();
        self.tell(view);
    }

    fn view(&self) -> SyncView {
        let status = self.engine.status();
        let pending = self.reader.pending_count().unwrap_or(status.pending);
        let clock = |ms: i64| {
            DateTime::<Utc>::from_timestamp_millis(ms)
                .map(|t| t.format("%H:%M").to_string())
                .unwrap_or_default()
        };
        let (words, offline) = match &status.state {
            SyncState::Offline { since_ms, .. } => {
                (format!("offline since {}, {pending} pending", clock(*since_ms)), true)
            }
            SyncState::Halted { why } => (format!("not synced: {why}"), true),
            _ if status.skew_ms.unsigned_abs() > SKEW_MS => {
                let minutes = status.skew_ms.unsigned_abs() / 60_000;
                (format!("synced; this clock is {minutes} min off"), false)
            }
            _ if pending > 0 => (format!("{pending} pending"), false),
            _ => (status.last_ok.map(|t| format!("synced {}", clock(t))).unwrap_or_default(), false),
        };
        SyncView { words, offline, pending }
    }

    /// Says it only when it changed: an idle screen stays silent.
    fn tell(&mut self, view: SyncView) {
        if view != self.told {
            self.told = view.clone();
            self.out.tell(Reply::Sync(view));
        }
    }

    fn lease(&mut self, hub: &mut dyn Hub, id: Id) -> Result<Lease, String> {
        let scope = match self.reader.work_item(id) {
            Ok(Some(item)) => item.scope,
            Ok(None) => return Err("it is not in this cache any more".into()),
            Err(e) => return Err(e.to_string()),
        };
        if let Some(before) = self.held.as_ref().map(|h| h.id).filter(|h| *h != id) {
            self.exchange(hub);
            self.release(hub, before);
        }
        // The hub has to know us and the encounter before it can lease it.
        if self.engine.status().last_ok.is_none() {
            self.exchange(hub);
        }
        let answer = hub.lease(&scope, id, MINUTES);
        if let Ok(LeaseAnswer::Granted(lease) | LeaseAnswer::Held(lease)) = &answer {
            let mut store = self.store.lock().map_err(|_| "a worker of codesk failed".to_string())?;
            store.set_lease(id, lease).map_err(|e| e.to_string())?;
        }
        match answer {
            Ok(LeaseAnswer::Granted(lease)) => {
                self.held = Some(Held { scope, id, fence: lease.fence });
                self.plan_renewal(&lease);
                Ok(lease)
            }
            Ok(LeaseAnswer::Held(lease)) => {
                let holder = lease.holder.clone().unwrap_or_default();
                let until = lease.until.map(|u| u.format("%H:%M").to_string()).unwrap_or_default();
                Err(format!("{holder} is working on it until {until}: you may look"))
            }
            // Offline work is kept; if somebody else had the lease it becomes a proposal.
            Err(e) => Err(format!("no lease yet ({e}): your work is kept here")),
        }
    }

    fn plan_renewal(&mut self, lease: &Lease) {
        let third = i64::from(MINUTES) * 60_000 / 3;
        self.renew_at = lease.until.map_or(i64::MAX, |_| (self.now)() + third);
    }

    fn renew(&mut self, hub: &mut dyn Hub) {
        self.renew_at = i64::MAX;
        let Some(h) = &self.held else { return };
        let (id, answer) = (h.id, hub.renew(&h.scope, h.id, h.fence, MINUTES));
        if let Ok(LeaseAnswer::Granted(lease)) = answer {
            self.keep(id, &lease);
            self.plan_renewal(&lease);
        } else {
            // Tried again in a minute: a lease lives an hour longer.
            self.renew_at = (self.now)() + 60_000;
        }
    }

    fn release(&mut self, hub: &mut dyn Hub, id: Id) {
        let Some(h) = self.held.take_if(|h| h.id == id) else { return };
        self.renew_at = i64::MAX;
        // A lease that cannot be given back ends by itself.
        if let Ok(lease) = hub.release(&h.scope, h.id, h.fence) {
            self.keep(id, &lease);
        }
    }

    fn keep(&self, id: Id, lease: &Lease) {
        if let Ok(mut store) = self.store.lock() {
            // A list that shows an old holder is put right by the next pull.
            let _ = store.set_lease(id, lease);
        }
    }
}

/// Without a hub every lease is refused in words; work goes on in the cache.
fn refuse(asks: &Receiver<Ask>, out: &Out, why: &str) {
    for ask in asks {
        if let Ask::Lease { id } = ask {
            out.answer(Reply::Lease { id, lease: Err(format!("no lease: {why}")) });
        }
    }
}
