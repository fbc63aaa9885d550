//! Identifiers: UUIDv7 for what we create, UUIDv5 for what a sender names.
//!
//! Owns the id type and the mint that makes them. Never reads the clock: the mint is told the time,
//! so that a replayed session makes the same ids. Pure; any thread.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The id of a record, an operation or a person.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Uuid);

/// The name space of ids derived from a sender's keys.
const SENDER_SPACE: Uuid = Uuid::from_u128(0x6f2c_1d8e_94b7_4a53_8e0d_c0de_5c01_a001);

impl Id {
    pub const NIL: Id = Id(Uuid::nil());

    /// The same id for the same parts, always: reading a sender's file twice finds its own records.
    pub fn from_sender(parts: &[&str]) -> Id {
        let mut name = Vec::new();
        for p in parts {
            name.extend_from_slice(p.as_bytes());
            name.push(0x1f);
        }
        Id(Uuid::new_v5(&SENDER_SPACE, &name))
    }

    pub fn parse(text: &str) -> Option<Id> {
        Uuid::try_parse(text).ok().map(Id)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Id> {
        Uuid::from_slice(bytes).ok().map(Id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes UUIDv7 ids in rising order from a time it is told and a seed it was given.
#[derive(Clone, Debug)]
pub struct IdMint {
    last_ms: u64,
    counter: u16,
    state: u64,
}

impl IdMint {
    pub fn new(seed: u64) -> IdMint {
        IdMint { last_ms: 0, counter: 0, state: seed }
    }

    /// The next id. `now_ms` is Unix time in milliseconds; ids rise even when it stands still.
    pub fn next(&mut self, now_ms: u64) -> Id {
        let ms = now_ms.max(self.last_ms);
        if ms == self.last_ms {
            self.counter = self.counter.wrapping_add(1);
        } else {
            self.counter = 0;
        }
        // 4096 ids in one millisecond is the room of the 12-bit field: borrow the next millisecond.
        let ms = if self.counter > 0x0fff {
            self.counter = 0;
            ms + 1
        } else {
            ms
        };
        self.last_ms = ms;
        let random = self.random() & 0x3fff_ffff_ffff_ffff;
        let high = (ms << 16) | 0x7000 | u64::from(self.counter);
        let low = 0x8000_0000_0000_0000 | random;
        Id(Uuid::from_u64_pair(high, low))
    }

    /// SplitMix64: enough to keep two clients apart, and it repeats for a given seed.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids_rise_and_are_version_seven() {
        let mut mint = IdMint::new(7);
        let mut last = Id::NIL;
        for i in 0..10_000u64 {
            let id = mint.next(1_790_000_000_000 + i / 5000);
            assert!(id > last);
            assert_eq!(id.0.get_version_num(), 7);
            last = id;
        }
        assert_ne!(Id::from_sender(&["ab", "c"]), Id::from_sender(&["a", "bc"]));
        assert_eq!(Id::from_sender(&["a"]), Id::from_sender(&["a"]));
    }
}
