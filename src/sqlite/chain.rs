//! The hash chain of a scope: each link covers the one before it and the parts of its own entry.
//!
//! Parts are framed by their length, so that no two different entries give the same bytes.

use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

/// What the first link of a scope follows.
pub const START: Hash = [0; 32];

pub fn link(before: &Hash, parts: &[&[u8]]) -> Hash {
    let mut h = Sha256::new();
    h.update(before);
    for part in parts {
        h.update((part.len() as u64).to_le_bytes());
        h.update(part);
    }
    h.finalize().into()
}

/// A hash read from a row; anything of another length reads as the start, which no chain continues.
pub fn hash_of(bytes: &[u8]) -> Hash {
    bytes.try_into().unwrap_or(START)
}
