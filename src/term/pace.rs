//! How soon the next frame may go out.
//!
//! Owns the frame gap: 8 ms locally, 33 ms under SSH, growing to twice the last blocking write, so that a
//! held key on a slow link coalesces instead of queueing frames. Pure: it is told the time.

use std::time::{Duration, Instant};

const LOCAL: Duration = Duration::from_millis(8);
const REMOTE: Duration = Duration::from_millis(33);
const MOST: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    base: Duration,
    gap: Duration,
    last: Option<Instant>,
}

impl Pace {
    pub fn new(remote: bool) -> Pace {
        let base = if remote { REMOTE } else { LOCAL };
        Pace { base, gap: base, last: None }
    }

    /// `SSH_CONNECTION` or `SSH_TTY` is set.
    pub fn is_remote() -> bool {
        ["SSH_CONNECTION", "SSH_TTY"].iter().any(|v| std::env::var_os(v).is_some_and(|x| !x.is_empty()))
    }

    /// When a frame may be painted; `None` is now.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        let at = self.last? + self.gap;
        (at > now).then_some(at)
    }

    pub fn painted(&mut self, at: Instant, blocked: Duration) {
        self.last = Some(at);
        self.gap = (blocked * 2).clamp(self.base, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_follows_the_link() {
        let t = Instant::now();
        let ms = Duration::from_millis;
        let mut p = Pace::new(false);
        assert_eq!(p.next(t), None);
        p.painted(t, ms(0));
        assert_eq!(p.next(t), Some(t + ms(8)));
        assert_eq!(p.next(t + ms(8)), None);
        p.painted(t, ms(60));
        assert_eq!(p.next(t), Some(t + ms(120)));
        p.painted(t, ms(900));
        assert_eq!(p.next(t), Some(t + ms(250)));
        assert_eq!(Pace::new(true).base, ms(33));
    }
}
