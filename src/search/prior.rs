//! How likely a code is before a word is typed.
//!
//! Owns laying what this site and this coder used over the shipped frequency levels.
//! Never counts uses itself: the caller brings counts that already fade with age. Never decides
//! that use outranks an exact answer: `rank` keeps that in its place.
//! Made when counts change, then shared read-only; any thread.

use crate::codes::{Book, CodeSystem};
use std::collections::HashMap;

/// This many (faded) uses count as "always".
const OFTEN: f32 = 200.0;
/// A coder's own use says more than the site's.
const OWN: f32 = 3.0;
/// Fewer uses than this are no reason to name.
const WORTH_SAYING: f32 = 0.5;

#[derive(Clone, Copy, Debug)]
struct Use {
    site: f32,
    own: f32,
    /// 0 to 1.
    share: f32,
}

/// Shipped frequency with local use laid over it.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    local: HashMap<u32, Use>,
}

impl Prior {
    /// The shipped frequency alone.
    pub fn shipped() -> Prior {
        Prior::default()
    }

    /// Adds faded use counts: system, code, uses at the site, uses by this coder.
    pub fn with_uses<'a>(
        book: &Book,
        uses: impl IntoIterator<Item = (CodeSystem, &'a str, f32, f32)>,
    ) -> Prior {
        let mut local: HashMap<u32, Use> = HashMap::new();
        for (system, code, site, own) in uses {
            if let Some(entry) = book.lookup(system, code) {
                let u = local.entry(entry.doc).or_insert(Use { site: 0.0, own: 0.0, share: 0.0 });
                u.site += site.max(0.0);
                u.own += own.max(0.0);
            }
        }
        for u in local.values_mut() {
            u.share = ((u.site + OWN * u.own).ln_1p() / OFTEN.ln_1p()).min(1.0);
        }
        Prior { local }
    }

    /// Nothing but what ships.
    pub(crate) fn is_shipped(&self) -> bool {
        self.local.is_empty()
    }

    /// Codes used here, in no order.
    pub(crate) fn used(&self) -> impl Iterator<Item = u32> + '_ {
        self.local.keys().copied()
    }

    /// 0 to 1: what ships, moved towards 1 by local use.
    #[inline]
    pub(crate) fn of(&self, doc: u32, shipped: f32) -> f32 {
        if self.local.is_empty() {
            return shipped;
        }
        let local = self.local.get(&doc).map_or(0.0, |u| u.share);
        shipped + (1.0 - shipped) * local
    }

    /// The use of a code in words, where there is enough of it to move the order.
    pub(crate) fn reason(&self, doc: u32) -> Option<String> {
        let u = self.local.get(&doc)?;
        let times = |n: f32| match n.round() as u32 {
            0 | 1 => "once".to_string(),
            n => format!("{n} times"),
        };
        match (u.own >= WORTH_SAYING, u.site >= WORTH_SAYING) {
            (true, true) => Some(format!("used by you {}, at the site {}", times(u.own), times(u.site))),
            (true, false) => Some(format!("used by you {}", times(u.own))),
            (false, true) => Some(format!("used at the site {}", times(u.site))),
            (false, false) => None,
        }
    }
}
