//! The rule against slow peers: a frame that was begun moves at a least rate, judged over a window.

use tokio::time::Instant;

use crate::Limits;

/// One window of the rule. Kept only while bytes of a frame are awaited.
#[derive(Debug)]
pub(crate) struct Progress {
    ends: Instant,
    bytes: u64,
    limits: Limits,
}

impl Progress {
    /// A window that starts now.
    pub(crate) fn start(now: Instant, limits: &Limits) -> Self {
        Self { ends: now + limits.progress_window, bytes: 0, limits: limits.clone() }
    }

    /// When the window must be judged.
    pub(crate) fn ends(&self) -> Instant {
        self.ends
    }

    /// Counts bytes that moved, and judges the window if it is over: `false` for a peer that is too slow.
    #[must_use]
    pub(crate) fn moved(&mut self, now: Instant, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if now < self.ends {
            return true;
        }
        let fast_enough = self.bytes >= self.limits.progress_len_min();
        *self = Self::start(now, &self.limits);
        fast_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_window_asks_for_1024_bytes_of_each_of_its_60_seconds() {
        let limits = Limits::default();
        let start = Instant::now();
        for (bytes, after_ms, verdict) in [
            (0, 59_999, true),
            (0, 60_000, false),
            (61_439, 60_000, false),
            (61_440, 60_000, true),
            (61_440, 90_000, true),
        ] {
            let mut progress = Progress::start(start, &limits);
            let now = start + Duration::from_millis(after_ms);
            assert_eq!(progress.moved(now, bytes), verdict, "{bytes} bytes after {after_ms} ms");
        }
    }

    #[test]
    fn a_fast_window_does_not_pay_for_the_next() {
        let start = Instant::now();
        let mut progress = Progress::start(start, &Limits::default());
        assert!(progress.moved(start + Duration::from_secs(60), 1_000_000));
        assert!(!progress.moved(start + Duration::from_secs(120), 10));
    }
}
