//! Sync: carries ops from the cache to the hub and changes from the hub to the cache.
//!
//! Owns the order of things (push before pull, the shared scope first), what each answer of the hub means for the
//! cache (SYNC.md section 3), waiting after a failure, and noticing a restored hub.
//! Never decides between two people's changes: the hub merges fields, the rest becomes a proposal for a person.
//! Threads: whoever calls. `Engine::step` needs store and hub at once; a sync thread that must not hold the
//! store while the network answers uses `next` (short, store), `Work::run` (long, hub), `absorb` (short, store).

mod backoff;
mod engine;
mod lease;
pub mod plan;

pub use backoff::Backoff;
pub use engine::{Engine, LAST_OK, MY_ROLE, Progress, SyncError, SyncState, SyncStatus};
pub use plan::{Answer, Halt, Work};
