//! How long to wait after the hub did not answer: doubling, with jitter, so that a hundred clients do not come
//! back at the same moment. Pure: the seed is given.

const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 60_000;

#[derive(Clone, Debug)]
pub struct Backoff {
    attempt: u32,
    state: u64,
}

impl Backoff {
    pub fn new(seed: u64) -> Backoff {
        Backoff { attempt: 0, state: seed }
    }

    /// Milliseconds to wait now: between half and the whole of 1, 2, 4 ... 60 seconds.
    pub fn next_ms(&mut self) -> i64 {
        let whole = FIRST_MS.checked_shl(self.attempt.min(16)).unwrap_or(LONGEST_MS).min(LONGEST_MS);
        self.attempt = self.attempt.saturating_add(1);
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let half = whole / 2;
        half + i64::try_from((z ^ (z >> 31)) % half.unsigned_abs().max(1)).unwrap_or(0)
    }

    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_two_seeds_differ() {
        let (mut a, mut b) = (Backoff::new(1), Backoff::new(2));
        let mut whole = FIRST_MS;
        let mut differ = 0;
        for _ in 0..20 {
            let (x, y) = (a.next_ms(), b.next_ms());
            assert!(x >= whole / 2 && x < whole, "{x} of {whole}");
            differ += i32::from(x != y);
            whole = (whole * 2).min(LONGEST_MS);
        }
        assert!(differ > 10);
        a.reset();
        assert!(a.next_ms() < FIRST_MS);
    }
}
