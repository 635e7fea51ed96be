//! Limits how often a line is logged.

use std::sync::{Mutex, PoisonError};

use scopegate_domain::Timestamp;

/// Limits the lines of a log, and counts those that it suppresses.
#[derive(Debug)]
pub(crate) struct LogLimiter {
    /// The length of a window in seconds.
    window: i64,
    /// The number of lines in one window.
    most: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Timestamp>,
    written: u32,
    unwritten: u64,
}

impl LogLimiter {
    /// Creates a limit of one line in ten seconds, for one operation.
    pub(crate) fn of_an_operation() -> Self {
        Self::new(10, 1)
    }

    /// Creates a limit of ten lines a second, for all operations of a gate.
    pub(crate) fn of_the_gate() -> Self {
        Self::new(1, 10)
    }

    fn new(window: i64, most: u32) -> Self {
        Self {
            window,
            most,
            state: Mutex::default(),
        }
    }

    /// Returns the number of lines suppressed since the last one, if a line may be written now.
    pub(crate) fn take(&self, now: Timestamp) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back starts a new window.
        let is_within = |since: Timestamp| (0..self.window).contains(&now.seconds_since(since));
        if !state.since.is_some_and(is_within) {
            state.since = Some(now);
            state.written = 0;
        }
        if state.written >= self.most {
            state.unwritten = state.unwritten.saturating_add(1);
            return None;
        }
        state.written += 1;
        Some(std::mem::take(&mut state.unwritten))
    }

    /// Undoes a [`LogLimiter::take`] whose line was not written; its suppressed lines stay counted.
    pub(crate) fn give_back(&self, unwritten: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.unwritten = state.unwritten.saturating_add(unwritten).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_and_a_number() {
        let pace = LogLimiter::of_an_operation();
        let at = |second| pace.take(Timestamp::from_unix(second));
        assert_eq!(at(100), Some(0));
        for second in [100, 100, 105, 109] {
            assert_eq!(at(second), None);
        }
        assert_eq!(at(110), Some(4));
        assert_eq!(at(90), Some(0), "the clock was set back");
        pace.give_back(7);
        assert_eq!(at(100), Some(8));
    }

    #[test]
    fn a_gate_writes_ten_lines_a_second() {
        let pace = LogLimiter::of_the_gate();
        let written = |second| (0..100).filter_map(|_| pace.take(Timestamp::from_unix(second))).count();
        assert_eq!((written(1), written(1), written(2)), (10, 0, 10));
    }
}
