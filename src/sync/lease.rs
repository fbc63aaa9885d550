//! Lease calls: straight to the hub, then into the cache's work item.
//!
//! The cache's edits carry the fence a lease gave; the hub refuses those of an earlier one.

use super::{Engine, SyncError};
use crate::domain::{Id, Lease, Scope, WorkItem};
use crate::hub::{Hub, LeaseAnswer, NextAsk};
use crate::store::{Store, StoreError};

impl Engine {
    /// Takes the lease of an encounter, or says who has it.
    pub fn lease(
        &self,
        store: &mut Store,
        hub: &mut dyn Hub,
        scope: &Scope,
        id: Id,
        minutes: u32,
    ) -> Result<LeaseAnswer, SyncError> {
        let answer = hub.lease(scope, id, minutes)?;
        keep(store, id, &answer)?;
        Ok(answer)
    }

    /// To be called at a third of the lease's time.
    pub fn renew(
        &self,
        store: &mut Store,
        hub: &mut dyn Hub,
        scope: &Scope,
        id: Id,
        fence: i64,
        minutes: u32,
    ) -> Result<LeaseAnswer, SyncError> {
        let answer = hub.renew(scope, id, fence, minutes)?;
        keep(store, id, &answer)?;
        Ok(answer)
    }

    pub fn release(
        &self,
        store: &mut Store,
        hub: &mut dyn Hub,
        scope: &Scope,
        id: Id,
        fence: i64,
    ) -> Result<Lease, SyncError> {
        let lease = hub.release(scope, id, fence)?;
        store.set_lease(id, &lease)?;
        Ok(lease)
    }

    pub fn break_lease(
        &self,
        store: &mut Store,
        hub: &mut dyn Hub,
        scope: &Scope,
        id: Id,
        why: &str,
    ) -> Result<Lease, SyncError> {
        let lease = hub.break_lease(scope, id, why)?;
        store.set_lease(id, &lease)?;
        Ok(lease)
    }

    /// The next free encounters, leased to us; their records come with the pull that follows.
    pub fn get_next(
        &mut self,
        store: &mut Store,
        hub: &mut dyn Hub,
        ask: &NextAsk,
        now_ms: i64,
    ) -> Result<Vec<WorkItem>, SyncError> {
        let items = hub.get_next(ask)?;
        if items.iter().any(|i| !matches!(store.knows(i.item.id), Ok(true))) {
            self.step(store, hub, now_ms)?;
        }
        for i in &items {
            let lease = Lease { holder: i.item.holder.clone(), fence: i.fence, until: i.item.lease_until };
            store.set_lease(i.item.id, &lease)?;
        }
        Ok(items.into_iter().map(|i| i.item).collect())
    }

    /// Fetches the texts of an encounter's documents that the cache does not have.
    pub fn fetch_texts(
        &self,
        store: &mut Store,
        hub: &mut dyn Hub,
        scope: &Scope,
        id: Id,
    ) -> Result<usize, SyncError> {
        let missing = store.missing_texts(id)?;
        if missing.is_empty() {
            return Ok(0);
        }
        let texts = hub.texts(scope, &missing)?;
        store.keep_texts(&texts)?;
        Ok(texts.len())
    }
}

fn keep(store: &mut Store, id: Id, answer: &LeaseAnswer) -> Result<(), StoreError> {
    match answer {
        LeaseAnswer::Granted(lease) | LeaseAnswer::Held(lease) => store.set_lease(id, lease),
    }
}
