//! Selects the connection to evict when every slot is taken.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::connection_state::{Activity, Standing};

/// Minimum time before a connection can be evicted, so that a new one can send its first request.
const SETTLING: Duration = Duration::from_millis(100);

/// How long a connection with a request is protected while there are others without one.
const RESTING: Duration = Duration::from_millis(500);

/// The open connections in the order of their eviction. First come those without a request, then
/// the idle ones, each by how long.
///
/// A request costs nothing here. The state of a connection is read when its turn comes. If it was
/// active meanwhile, it is put back. This is exact, because a connection's idle time only moves
/// forward.
#[derive(Debug)]
pub(crate) struct Residents {
    silent: Line,
    spoken: Line,
    most: usize,
    admitted: u64,
    displaced: Counter,
}

/// Sorted by the time since when a connection was known to be idle, and by a number that makes it
/// unique.
type Line = BTreeMap<(Instant, u64), Resident>;

#[derive(Debug)]
struct Resident {
    activity: Arc<Activity>,
    leave: oneshot::Sender<()>,
}

impl Residents {
    /// An empty registry for at most this number of connections. `displaced` counts the evicted
    /// ones.
    pub(crate) const fn new(most: NonZeroUsize, displaced: Counter) -> Self {
        Self {
            silent: Line::new(),
            spoken: Line::new(),
            most: most.get(),
            admitted: 0,
            displaced,
        }
    }

    /// Registers a connection. The returned receiver is notified of its eviction.
    pub(crate) fn admit(&mut self, activity: Arc<Activity>, now: Instant) -> oneshot::Receiver<()> {
        // Closed connections are removed by the thousand: a share of a step for each connection.
        if self.silent.len() + self.spoken.len() >= self.most.saturating_mul(2) {
            for line in [&mut self.silent, &mut self.spoken] {
                line.retain(|_, resident| !resident.leave.is_closed());
            }
        }
        let (leave, told_to_leave) = oneshot::channel();
        self.admitted += 1;
        self.silent.insert((now, self.admitted), Resident { activity, leave });
        told_to_leave
    }

    /// Evicts the first connection in the order. Returns whether there was one.
    // SECURITY: a connection with a request in progress is never evicted (tested by
    // `who_is_busy_stays` below).
    pub(crate) fn make_room(&mut self, now: Instant) -> bool {
        while let Some(((since, number), resident)) = self.next(now) {
            let back = match resident.activity.standing(now) {
                Standing::Busy => now,
                Standing::Idle(actual) if actual > since => actual,
                Standing::Idle(_) | Standing::Stalled => {
                    if resident.leave.send(()).is_ok() {
                        self.displaced.increment(1);
                        return true;
                    }
                    continue;
                }
            };
            let line = if resident.activity.has_spoken() {
                &mut self.spoken
            } else {
                &mut self.silent
            };
            line.insert((back, number), resident);
        }
        false
    }

    /// Whether a response is pending on any connection.
    pub(crate) fn is_answering(&self) -> bool {
        let mut residents = self.silent.values().chain(self.spoken.values());
        residents.any(|resident| resident.activity.is_answering())
    }

    /// The next connection that was idle for long enough, as far as it is known.
    fn next(&mut self, now: Instant) -> Option<((Instant, u64), Resident)> {
        let peace = if self.silent.is_empty() { SETTLING } else { RESTING };
        first(&mut self.silent, SETTLING, now).or_else(|| first(&mut self.spoken, peace, now))
    }
}

/// The first of a queue, if its protected time is over.
fn first(line: &mut Line, peace: Duration, now: Instant) -> Option<((Instant, u64), Resident)> {
    let first = line.first_entry()?;
    (first.key().0 + peace <= now).then(|| first.remove_entry())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

    async fn pass(milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }

    fn told(resident: &mut oneshot::Receiver<()>) -> bool {
        resident.try_recv().is_ok()
    }

    fn make_room(residents: &mut Residents) -> bool {
        residents.make_room(Instant::now())
    }

    /// A connection that has been open for a second.
    async fn admit(residents: &mut Residents) -> (Arc<Activity>, oneshot::Receiver<()>) {
        let activity = Activity::new(Limits::SHORT);
        let told_to_leave = residents.admit(Arc::clone(&activity), Instant::now());
        pass(1_000).await;
        (activity, told_to_leave)
    }

    #[tokio::test(start_paused = true)]
    async fn the_silent_go_first_then_who_was_idle_longest() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        let (first, mut first_told) = admit(&mut residents).await;
        let (second, mut second_told) = admit(&mut residents).await;
        let (_third, mut third_told) = admit(&mut residents).await;
        drop(second.answer(Some(0)));
        pass(1_000).await;
        drop(first.answer(Some(0)));
        pass(1_000).await;
        assert!(make_room(&mut residents) && told(&mut third_told));
        assert!(make_room(&mut residents) && told(&mut second_told));
        assert!(make_room(&mut residents) && told(&mut first_told));
        assert!(!make_room(&mut residents));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_busy_stays() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        let (activity, mut told_to_leave) = admit(&mut residents).await;
        let answering = activity.answer(Some(0));
        pass(60_000).await;
        assert!(!make_room(&mut residents));
        drop(answering);
        assert!(!make_room(&mut residents), "only just idle");
        pass(1_000).await;
        assert!(make_room(&mut residents) && told(&mut told_to_leave));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_just_come_is_left_in_peace() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        let _told = residents.admit(Activity::new(Limits::SHORT), Instant::now());
        assert!(!make_room(&mut residents));
        pass(200).await;
        assert!(make_room(&mut residents));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_now_and_then_stays_where_newcomers_say_nothing() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        let (kept, mut kept_told) = admit(&mut residents).await;
        for _ in 0..10 {
            drop(kept.answer(Some(0)));
            pass(200).await;
            let mut silent = residents.admit(Activity::new(Limits::SHORT), Instant::now());
            assert!(
                !make_room(&mut residents),
                "the one may speak yet, the other has spoken"
            );
            pass(200).await;
            assert!(make_room(&mut residents) && told(&mut silent));
        }
        let _silent = residents.admit(Activity::new(Limits::SHORT), Instant::now());
        pass(3_000).await;
        let _newcomer = residents.admit(Activity::new(Limits::SHORT), Instant::now());
        assert!(make_room(&mut residents) && make_room(&mut residents) && told(&mut kept_told));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_or_a_reader_that_keeps_us_waiting_is_no_business() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        let (activity, mut told_to_leave) = admit(&mut residents).await;
        let (_answering, arriving) = (activity.answer(Some(0)), activity.await_body());
        pass(500).await;
        assert!(!make_room(&mut residents), "a body may take a moment");
        pass(5_000).await;
        assert!(make_room(&mut residents) && told(&mut told_to_leave));
        drop(arriving);

        let (activity, mut told_to_leave) = admit(&mut residents).await;
        drop(activity.answer(Some(0)));
        activity.note_writing(true);
        pass(500).await;
        assert!(!make_room(&mut residents), "a reader may take a moment");
        pass(5_000).await;
        assert!(make_room(&mut residents) && told(&mut told_to_leave));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_are_gone_are_forgotten() {
        let mut residents = Residents::new(FOUR, Counter::noop());
        for _ in 0..1_000 {
            let gone = residents.admit(Activity::new(Limits::SHORT), Instant::now());
            drop(gone);
            assert!(residents.silent.len() <= 8);
        }
        pass(1_000).await;
        assert!(!make_room(&mut residents));
    }
}
