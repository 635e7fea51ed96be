//! Code that the benches share: the race of several calls, and their inputs.
//!
//! The calls are timed in turn, so that other load on the machine affects all of them.
#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a bench without its fixture is no bench"
)]

#[path = "../crates/token/tests/it/oracle/jsonwebtoken_on_ring.rs"]
mod jsonwebtoken_on_ring;
mod large;
mod permissions;
mod policies;
mod remembered;
mod tokens;
mod upload;
mod verification;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use rustix::time::{ClockId, clock_gettime};

pub use self::large::LargeInterface;
pub use self::permissions::permissions_file;
pub use self::policies::{ManyScopes, Tutorial};
pub use self::remembered::{CachedFacts, RememberedTokens};
pub use self::tokens::TokenFixture;
pub use self::upload::Upload;
pub use self::verification::{ALGORITHMS, Verification};

/// Makes ring the cryptography of jsonwebtoken in this process.
pub fn jsonwebtoken_on_ring() {
    jsonwebtoken_on_ring::install();
}

/// Rounds of a race; odd, so that the median is one of them.
const ROUNDS: usize = 63;
/// The duration of one lane in one round.
const SLICE: Duration = Duration::from_millis(2);

/// Counts the allocations of a call.
pub type Count = fn(&mut dyn FnMut()) -> u64;

/// Calls with the same result, raced against each other.
///
/// In each round every lane runs for a slice of time, one after the other; a ratio is taken within
/// a round, and the median over the rounds is printed. The same lanes are given to criterion, which
/// keeps their history.
#[must_use = "a race must be run"]
pub struct Race<'a> {
    name: &'static str,
    lanes: Vec<Lane<'a>>,
    /// The allocations of a call.
    count: Option<Count>,
}

/// The limit of a lane.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "only benches use it")]
pub enum Limit {
    /// Nanoseconds of one call.
    Nanoseconds(f64),
    /// A multiple of the time of the first lane.
    Ratio(f64),
    /// A multiple of the time of the lane with this name.
    RatioTo(&'static str, f64),
}

struct Lane<'a> {
    name: &'static str,
    limit: Option<Limit>,
    run: Box<dyn FnMut(u64) + 'a>,
}

impl std::fmt::Debug for Race<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Race").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Race<'a> {
    /// A race without lanes.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            lanes: Vec::new(),
            count: None,
        }
    }

    /// Counts the allocations of each lane as well. Only a program with a counting allocator can
    /// pass this function.
    pub const fn counting(mut self, count: Count) -> Self {
        self.count = Some(count);
        self
    }

    /// Adds a lane. The ratios are taken to the lane that was added first.
    pub fn lane<T>(self, name: &'static str, call: impl FnMut() -> T + 'a) -> Self {
        self.add(name, None, call)
    }

    /// Adds a lane with a limit. The table reports whether the lane is within it.
    pub fn lane_within<T>(self, name: &'static str, limit: Limit, call: impl FnMut() -> T + 'a) -> Self {
        self.add(name, Some(limit), call)
    }

    fn add<T>(mut self, name: &'static str, limit: Option<Limit>, mut call: impl FnMut() -> T + 'a) -> Self {
        let run = move |times| {
            for _ in 0..times {
                black_box(call());
            }
        };
        let run = Box::new(run);
        self.lanes.push(Lane { name, limit, run });
        self
    }

    /// Runs each lane in criterion, then races the lanes and prints the table.
    pub fn run(mut self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(self.name);
        for lane in &mut self.lanes {
            group.bench_function(lane.name, |bencher| bencher.iter_custom(|times| lane.time(times)));
        }
        group.finish();
        if !is_smoke_test() {
            let figures = self.rounds();
            self.print(&figures);
        }
    }
}

impl Race<'_> {
    /// Nanoseconds of one call: for each lane, one number a round.
    fn rounds(&mut self) -> Vec<Vec<f64>> {
        let times: Vec<u64> = self.lanes.iter_mut().map(Lane::calls_in_a_slice).collect();
        let mut figures = vec![Vec::with_capacity(ROUNDS); self.lanes.len()];
        for _ in 0..ROUNDS {
            for ((lane, times), figures) in self.lanes.iter_mut().zip(&times).zip(&mut figures) {
                figures.push(nanoseconds(lane.time(*times)) / precise(*times));
            }
        }
        figures
    }

    #[expect(clippy::print_stdout, reason = "the table is what a bench is run for")]
    fn print(&mut self, figures: &[Vec<f64>]) {
        let Some(first) = figures.first() else { return };
        println!("\n{}: median of {ROUNDS} interleaved rounds", self.name);
        let names: Vec<&str> = self.lanes.iter().map(|lane| lane.name).collect();
        for (lane, ours) in self.lanes.iter_mut().zip(figures) {
            let nanoseconds = median(ours.iter().copied());
            let ratio_to = |lane: &str| {
                let place = names.iter().position(|name| *name == lane);
                ratio(ours, &figures[place.unwrap()])
            };
            let allocations = self.count.map_or_else(String::new, |count| {
                format!("{:>5} allocations", count(&mut || (lane.run)(1)))
            });
            let ratio = ratio(ours, first);
            let verdict = match lane.limit {
                None => String::new(),
                Some(Limit::Nanoseconds(limit)) => verdict(nanoseconds, limit, " ns"),
                Some(Limit::Ratio(limit)) => verdict(ratio, limit, ""),
                Some(Limit::RatioTo(other, limit)) => {
                    let ratio = ratio_to(other);
                    verdict(ratio, limit, &format!(" of `{other}`: {ratio:.3}"))
                }
            };
            println!(
                "  {:<40}{nanoseconds:>12.1} ns{ratio:>10.3}{allocations}{verdict}",
                lane.name
            );
        }
        println!();
    }
}

fn verdict(figure: f64, limit: f64, unit: &str) -> String {
    let word = if figure > limit { "OVER" } else { "within" };
    format!("  {word} {limit}{unit}")
}

/// The median of what one lane took in times of another in the same round.
fn ratio(ours: &[f64], other: &[f64]) -> f64 {
    median(ours.iter().zip(other).map(|(ours, other)| ours / other))
}

impl Lane<'_> {
    /// Returns the CPU time of this thread, so that other programs of the machine do not count.
    fn time(&mut self, times: u64) -> Duration {
        let start = clock_gettime(ClockId::ThreadCPUTime);
        (self.run)(times);
        let spent = clock_gettime(ClockId::ThreadCPUTime) - start;
        Duration::try_from(spent).unwrap()
    }

    fn calls_in_a_slice(&mut self) -> u64 {
        let mut times = 1;
        while self.time(times) < SLICE {
            times *= 2;
        }
        times
    }
}

/// Configures criterion with shorter runs than its default: the ratios matter more than the
/// absolute figures.
#[must_use]
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args()
}

/// Whether each call is only tried out, once: `cargo bench -- --test`, `cargo test --benches`.
fn is_smoke_test() -> bool {
    std::env::args().any(|argument| argument == "--test") || !std::env::args().any(|argument| argument == "--bench")
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53 calls")]
const fn precise(times: u64) -> f64 {
    times as f64
}
