//! Each row of the table in docs/operations.md, by tokio's paused clock.

use scopegate_token::SubjectClaim;
use tokio::time::advance;

use super::*;
use crate::admin::Unready;

const BEGAN: Timestamp = Timestamp::from_unix(1_000);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The defaults, except for this setting.
fn rules(stale: NewsStale) -> SilenceRules {
    SilenceRules::new(seconds(5), seconds(5), stale, Duration::from_mins(5))
}

struct SilenceFixture {
    set: Arc<RevokedSet>,
    readiness: Arc<Readiness>,
    silence: Silence,
}

fn fixture(rules: SilenceRules) -> SilenceFixture {
    let (set, readiness) = (
        Arc::new(RevokedSet::new(SubjectClaim::UserId)),
        Arc::<Readiness>::default(),
    );
    SilenceFixture {
        silence: Silence::new(rules, Arc::clone(&set), Arc::clone(&readiness), BEGAN),
        set,
        readiness,
    }
}

impl SilenceFixture {
    /// The accepted tokens, and whether the server is ready.
    fn state(&self) -> (AcceptedTokens, bool) {
        (self.set.accepted(), !self.readiness.has_late_news())
    }

    /// Waits for an answer that does not come.
    async fn wait(&mut self, time: Duration) {
        self.silence.during(sleep(time)).await;
    }
}

const ALL: (AcceptedTokens, bool) = (AcceptedTokens::All, true);
const KNOWN: (AcceptedTokens, bool) = (AcceptedTokens::IssuedUntil(BEGAN), false);
const NONE: (AcceptedTokens, bool) = (AcceptedTokens::None, false);
const UNREADY: (AcceptedTokens, bool) = (AcceptedTokens::All, false);

#[tokio::test(start_paused = true)]
async fn phase_follows_the_age_of_the_last_read() {
    for (stale, states) in [
        (NewsStale::Deny, [ALL, ALL, ALL, ALL, NONE, NONE, NONE]),
        (NewsStale::AllowKnown, [ALL, ALL, ALL, ALL, KNOWN, KNOWN, NONE]),
        (NewsStale::Allow, [ALL, ALL, ALL, ALL, UNREADY, UNREADY, UNREADY]),
    ] {
        let mut fixture = fixture(rules(stale));
        let mut waited = 0;
        for (age, state) in [0, 4_990, 5_010, 9_990, 10_010, 299_990, 300_010]
            .into_iter()
            .zip(states)
        {
            fixture.wait(Duration::from_millis(age - waited)).await;
            waited = age;
            fixture.silence.apply();
            assert_eq!(fixture.state(), state, "{stale:?} after {age} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn age_is_that_of_the_question() {
    let mut fixture = fixture(rules(NewsStale::Deny));
    fixture.wait(Duration::from_millis(3_700)).await;
    assert_eq!(fixture.readiness.news_age(), Some(Duration::from_millis(3_700)));
    let begin = Instant::now();
    fixture.wait(Duration::from_millis(50)).await;
    fixture.silence.answered(begin, BEGAN);
    assert_eq!(fixture.readiness.news_age(), Some(Duration::from_millis(50)));
}

#[tokio::test(start_paused = true)]
async fn settings_move_the_phases() {
    let rules = SilenceRules::new(seconds(1), seconds(60), NewsStale::AllowKnown, seconds(62));
    let mut fixture = fixture(rules);
    for (time, state) in [(60_990, ALL), (20, KNOWN), (980, KNOWN), (20, NONE)] {
        fixture.wait(Duration::from_millis(time)).await;
        fixture.silence.apply();
        assert_eq!(fixture.state(), state);
    }
    assert_eq!(rules.known(), seconds(62));
    let rules = SilenceRules::new(seconds(1), seconds(60), NewsStale::Deny, seconds(62));
    assert_eq!(rules.known(), seconds(61));
}

#[tokio::test(start_paused = true)]
async fn limit_within_the_grace_denies_all() {
    let rules = SilenceRules::new(seconds(5), seconds(5), NewsStale::AllowKnown, seconds(1));
    let mut fixture = fixture(rules);
    fixture.wait(Duration::from_millis(9_990)).await;
    assert_eq!(fixture.state(), ALL);
    fixture.wait(Duration::from_millis(20)).await;
    fixture.silence.apply();
    assert_eq!(fixture.state(), NONE);
}

#[tokio::test(start_paused = true)]
async fn late_news_deny_tokens_until_a_read_is_answered() {
    let mut fixture = fixture(rules(NewsStale::Deny));
    for _ in 0..3 {
        let begin = Instant::now();
        advance(seconds(20)).await;
        fixture.silence.failed(&Unready::Database);
        assert_eq!(fixture.state(), NONE);
        // The age counts from the begin of the read.
        fixture.silence.answered(begin, BEGAN);
        assert_eq!(fixture.state(), NONE);
        fixture.silence.answered(Instant::now(), BEGAN);
        assert_eq!(fixture.state(), ALL);
    }
}

#[tokio::test(start_paused = true)]
async fn short_restart_changes_nothing() {
    let mut fixture = fixture(rules(NewsStale::Deny));
    for _ in 0..10 {
        for _ in 0..4 {
            fixture.wait(Duration::from_millis(1_250)).await;
            fixture.silence.failed(&Unready::Database);
            assert_eq!(fixture.state(), ALL);
        }
        fixture.silence.answered(Instant::now(), BEGAN);
    }
}

#[tokio::test(start_paused = true)]
async fn known_tokens_are_those_of_the_last_read() {
    let mut fixture = fixture(rules(NewsStale::AllowKnown));
    fixture.wait(seconds(11)).await;
    fixture.silence.answered(Instant::now(), Timestamp::from_unix(1_011));
    fixture.wait(seconds(11)).await;
    let known = AcceptedTokens::IssuedUntil(Timestamp::from_unix(1_011));
    assert_eq!(fixture.state(), (known, false));
}
