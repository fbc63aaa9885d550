//! How likely a code is before a word is typed.
//!
//! Owns laying what this site and this coder used over the shipped frequency levels.
//! Never counts uses itself: the caller brings counts that already decay with age.
//! Made when counts change, then shared read-only; any thread.

use crate::codes::{Book, CodeSystem};
use std::collections::HashMap;

/// This many (decayed) uses count as "always".
const OFTEN: f32 = 200.0;
/// A coder's own use says more than the site's.
const OWN: f32 = 3.0;

/// Shipped frequency with local use laid over it.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    local: HashMap<u32, f32>,
}

impl Prior {
    /// The shipped frequency alone.
    pub fn shipped() -> Prior {
        Prior::default()
    }

    /// Adds decayed use counts: system, code, uses at the site, uses by this coder.
    pub fn with_uses<'a>(
        book: &Book,
        uses: impl IntoIterator<Item = (CodeSystem, &'a str, f32, f32)>,
    ) -> Prior {
        let mut local: HashMap<u32, f32> = HashMap::new();
        for (system, code, site, own) in uses {
            if let Some(entry) = book.lookup(system, code) {
                *local.entry(entry.doc).or_default() += site.max(0.0) + OWN * own.max(0.0);
            }
        }
        for v in local.values_mut() {
            *v = (v.ln_1p() / OFTEN.ln_1p()).min(1.0);
        }
        Prior { local }
    }

    /// 0 to 1: what ships, moved towards 1 by local use.
    #[inline]
    pub(crate) fn of(&self, doc: u32, shipped: f32) -> f32 {
        if self.local.is_empty() {
            return shipped;
        }
        let local = self.local.get(&doc).copied().unwrap_or(0.0);
        shipped + (1.0 - shipped) * local
    }
}
