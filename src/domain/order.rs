//! Order keys: where a diagnosis or a line stands among its siblings.
//!
//! A key is a short string of the letters `0-9a-z`; between any two keys there is another one, so an
//! insert or a move writes one record and two people's inserts merge without renumbering. Pure.

use serde::{Deserialize, Serialize};

/// Compared as text. Never ends in `0`, so that there is always room before a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderKey(pub String);

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn digit(b: u8) -> usize {
    match b {
        b'0'..=b'9' => usize::from(b - b'0'),
        b'a'..=b'z' => usize::from(b - b'a') + 10,
        _ => 0,
    }
}

impl OrderKey {
    /// A key strictly between `before` and `after`; `None` stands for an open end.
    /// When the two are equal or reversed (two clients chose the same key) it goes right after `before`.
    pub fn between(before: Option<&OrderKey>, after: Option<&OrderKey>) -> OrderKey {
        let a = before.map_or(&[][..], |k| k.0.as_bytes());
        let b = after.map(|k| k.0.as_bytes()).filter(|b| *b > a);
        let mut out = Vec::with_capacity(a.len() + 1);
        let mut bounded = b.is_some();
        for i in 0.. {
            let low = a.get(i).map_or(0, |c| digit(*c));
            let high = match b {
                Some(b) if bounded => b.get(i).map_or(36, |c| digit(*c)),
                _ => 36,
            };
            if high > low + 1 {
                // Appending is the common case: step by one so that keys stay short.
                let step = if high == 36 && i + 1 >= a.len() { low + 1 } else { low + (high - low) / 2 };
                out.push(DIGITS[step.min(35)]);
                break;
            }
            out.push(DIGITS[low]);
            if high > low {
                bounded = false;
            }
        }
        OrderKey(String::from_utf8_lossy(&out).into_owned())
    }

    /// The key after the last of `keys`, for an append.
    pub fn after(last: Option<&OrderKey>) -> OrderKey {
        OrderKey::between(last, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_is_always_room(places in proptest::collection::vec(0usize..64, 1..200)) {
            let mut keys: Vec<OrderKey> = Vec::new();
            for p in places {
                let at = p % (keys.len() + 1);
                let before = at.checked_sub(1).map(|i| keys[i].clone());
                let after = keys.get(at).cloned();
                let k = OrderKey::between(before.as_ref(), after.as_ref());
                if let Some(b) = &before { prop_assert!(*b < k, "{:?} {:?}", b, k); }
                if let Some(a) = &after { prop_assert!(k < *a, "{:?} {:?}", k, a); }
                prop_assert!(!k.0.ends_with('0'));
                keys.insert(at, k);
            }
        }
    }

    #[test]
    fn appending_keeps_keys_short() {
        let mut last = None;
        for _ in 0..100 {
            last = Some(OrderKey::after(last.as_ref()));
        }
        assert!(last.unwrap().0.len() <= 4);
    }
}
