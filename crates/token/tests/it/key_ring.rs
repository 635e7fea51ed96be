//! Keys are rotated by several nodes at random moments, with clocks that differ and old views.
//! Meanwhile tokens are issued and key sets are cached. The checks do not depend on how the ring
//! calculates its answers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed test says so by a panic"
)]

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};
use scopegate_token::{KeyRing, KeySchedule, KeyState};

/// How far the clock of each node is off, in seconds.
const SKEWS: [i64; 3] = [0, 60, -60];

/// The ages of a view of the store, and of a fetched key set.
const VIEW_AGES: [i64; 3] = [0, 13, 30];
const CACHE_AGES: [i64; 3] = [0, 150, 300];

/// The longest lifetimes of tokens in the settings of the issuer's nodes.
const LIFETIMES: [u32; 3] = [60, 1_800, 7_200];

#[derive(Clone, Debug)]
enum Act {
    /// Time passes.
    Wait(i64),
    /// A node adds a key, with a view of the ring of this age.
    Rotate { node: usize, age: i64 },
    /// A node rotates if it is due, by the schedule.
    Tick { node: usize, age: i64 },
    /// A node signs a token.
    Issue { node: usize, age: i64, lifetime: u32 },
    /// A node removes expired keys.
    Forget { node: usize, age: i64 },
    /// A node declares the lifetime of its tokens.
    Allow(u32),
}

/// Nothing but time: every act can be tried at any time.
#[derive(Clone, Debug)]
struct Clockwork(i64);

impl ReferenceStateMachine for Clockwork {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self(1_700_000_000)).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Act> {
        let node = 0..SKEWS.len();
        let age = select(&VIEW_AGES[..]);
        let wait = prop_oneof![1i64..90, 1i64..900, 900i64..8_000];
        prop_oneof![
            6 => wait.prop_map(Act::Wait),
            2 => (node.clone(), age.clone()).prop_map(|(node, age)| Act::Rotate { node, age }),
            2 => (node.clone(), age.clone()).prop_map(|(node, age)| Act::Tick { node, age }),
            6 => (node.clone(), age.clone(), select(&LIFETIMES[..]))
                .prop_map(|(node, age, lifetime)| Act::Issue { node, age, lifetime }),
            2 => (node, age).prop_map(|(node, age)| Act::Forget { node, age }),
            1 => select(&LIFETIMES[..]).prop_map(Act::Allow),
        ]
        .boxed()
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        if let Act::Wait(seconds) = act {
            state.0 += seconds;
        }
        state
    }
}

/// A token, as far as it matters here.
struct Token {
    key: KeyId,
    expires_at: i64,
}

/// The store with its past, and all tokens.
struct KeyHistory {
    schedule: KeySchedule,
    lifetime: u32,
    /// The earlier contents of the store, each with its time.
    past: Vec<(i64, Vec<StoredKey>)>,
    tokens: Vec<Token>,
    /// The last state of each epoch, by a clock that is right.
    states: Vec<Option<KeyState>>,
}

impl KeyHistory {
    /// The contents of the store at a moment.
    fn rows(&self, at: i64) -> &Vec<StoredKey> {
        let known = self.past.iter().rev().find(|(since, _)| *since <= at);
        &known.unwrap_or(&self.past[0]).1
    }

    fn ring(&self, at: i64) -> KeyRing {
        KeyRing::new(self.rows(at).clone()).unwrap()
    }

    fn store(&mut self, now: i64, rows: Vec<StoredKey>) {
        self.past.push((now, rows));
    }

    fn rotate(&mut self, now: i64, node: usize, age: i64) {
        let clock = Timestamp::from_unix(now + SKEWS[node]);
        let Ok(place) = self
            .ring(now - age)
            .place(clock, &self.schedule, Lifetime::from_seconds(self.lifetime))
        else {
            return;
        };
        let mut rows = self.rows(now).clone();
        let id = KeyId::parse(&format!("{now}-{node}-{}", self.past.len())).unwrap();
        let key = place.key(id, "ES256", Vec::new());
        // The store's own rule: the next epoch, or nothing.
        if rows.last().map_or(0, |key| key.epoch) + 1 == key.epoch {
            rows.push(key);
            self.store(now, rows);
        }
    }

    fn issue(&mut self, now: i64, node: usize, age: i64, lifetime: u32) {
        let clock = now + SKEWS[node];
        let ring = self.ring(now - age);
        let key = ring.current(Timestamp::from_unix(clock)).unwrap();
        // Every signer has declared before how long its tokens are valid.
        let lifetime = lifetime.min(key.token_lifetime.as_seconds());
        if key.epoch > 1 {
            self.assert_known_to_all(now, &key.id);
        }
        self.tokens.push(Token {
            key: key.id.clone(),
            expires_at: clock + i64::from(lifetime),
        });
    }

    /// A client that fetched the key set from any node, and keeps it as long as allowed, has the
    /// key in it.
    fn assert_known_to_all(&self, now: i64, key: &KeyId) {
        for cached in CACHE_AGES {
            for age in VIEW_AGES {
                for skew in SKEWS {
                    let fetched = now - cached;
                    let ring = self.ring(fetched - age);
                    let mut published = ring.published(Timestamp::from_unix(fetched + skew));
                    assert!(
                        published.any(|other| other.id == *key),
                        "{key}: {cached} {age} {skew} {ring:?}"
                    );
                }
            }
        }
    }

    fn forget(&mut self, now: i64, node: usize, age: i64) {
        let Some(through) = self
            .ring(now - age)
            .expired_through(Timestamp::from_unix(now + SKEWS[node]))
        else {
            return;
        };
        let mut rows = self.rows(now).clone();
        let newest = rows.last().unwrap().epoch;
        rows.retain(|key| key.epoch > through || key.epoch == newest);
        self.store(now, rows);
    }

    fn allow(&mut self, now: i64, lifetime: u32) {
        self.lifetime = self.lifetime.max(lifetime);
        let mut rows = self.rows(now).clone();
        // Only keys that sign now or later, as the declaring node sees them.
        let current = self.ring(now).current(Timestamp::from_unix(now)).unwrap().epoch;
        for key in rows.iter_mut().filter(|key| key.epoch >= current) {
            key.token_lifetime = key.token_lifetime.max(Lifetime::from_seconds(lifetime));
        }
        self.store(now, rows);
    }

    /// A key that has been unused for as long as any token is valid is no longer published.
    fn old_keys_leave(&self, now: i64) {
        let ring = self.ring(now);
        let current = ring.current(Timestamp::from_unix(now)).unwrap().epoch;
        for key in ring
            .published(Timestamp::from_unix(now))
            .filter(|key| key.epoch < current)
        {
            let successor = ring.keys().iter().find(|other| other.epoch == key.epoch + 1).unwrap();
            let longest = i64::from(LIFETIMES[2] + 300);
            let unused = now - successor.used_from.as_unix();
            assert!(unused < longest, "{key:?} stays {unused} s");
        }
    }

    /// One key signs; each key goes its way and never back.
    fn states_go_forward(&mut self, now: i64) {
        let ring = self.ring(now);
        let states: Vec<_> = ring
            .keys()
            .iter()
            .map(|key| (key.epoch, ring.state(key.epoch, Timestamp::from_unix(now)).unwrap()))
            .collect();
        let count = |wanted| states.iter().filter(|(_, state)| *state == wanted).count();
        assert_eq!(count(KeyState::Current), 1);
        // Two while one clock says that the first signs already.
        assert!(count(KeyState::Next) <= 2);
        for (epoch, state) in states {
            let epoch = usize::try_from(epoch).unwrap();
            self.states.resize(self.states.len().max(epoch + 1), None);
            assert!(self.states[epoch] <= Some(state), "{:?} to {state}", self.states[epoch]);
            self.states[epoch] = Some(state);
        }
    }
}

impl StateMachineTest for KeyHistory {
    type SystemUnderTest = Self;
    type Reference = Clockwork;

    fn init_test(clockwork: &Clockwork) -> Self {
        // The shortest announcement that is promised to be enough, and the usual one.
        let announcement = if clockwork.0 % 2 == 0 {
            KeySchedule::LEAST_ANNOUNCEMENT
        } else {
            Lifetime::from_minutes(60)
        };
        let schedule = KeySchedule::new(announcement, Some(Lifetime::from_seconds(5_000)));
        let lifetime = LIFETIMES[0];
        let now = Timestamp::from_unix(clockwork.0);
        let first = KeyRing::default()
            .place(now, &schedule, Lifetime::from_seconds(lifetime))
            .unwrap();
        let first = first.key(KeyId::parse("first").unwrap(), "ES256", Vec::new());
        Self {
            schedule,
            lifetime,
            past: vec![(i64::MIN, vec![first])],
            tokens: Vec::new(),
            states: Vec::new(),
        }
    }

    fn apply(mut history: Self, clockwork: &Clockwork, act: Act) -> Self {
        let now = clockwork.0;
        match act {
            Act::Wait(_) => {}
            Act::Rotate { node, age } => history.rotate(now, node, age),
            Act::Tick { node, age } => {
                if history
                    .ring(now - age)
                    .is_due(Timestamp::from_unix(now + SKEWS[node]), &history.schedule)
                {
                    history.rotate(now, node, age);
                }
            }
            Act::Issue { node, age, lifetime } => history.issue(now, node, age, lifetime),
            Act::Forget { node, age } => history.forget(now, node, age),
            Act::Allow(lifetime) => history.allow(now, lifetime),
        }
        history.tokens.retain(|token| token.expires_at > now - 60);
        history.states_go_forward(now);
        history.old_keys_leave(now);
        history
    }

    fn check_invariants(history: &Self, clockwork: &Clockwork) {
        let now = clockwork.0;
        for age in VIEW_AGES {
            for skew in SKEWS {
                let ring = history.ring(now - age);
                let clock = Timestamp::from_unix(now + skew);
                let published: Vec<_> = ring.published(clock).collect();
                for token in history.tokens.iter().filter(|token| token.expires_at > now + skew) {
                    assert!(
                        published.iter().any(|key| key.id == token.key),
                        "{:?} {age} {skew}",
                        token.key
                    );
                }
                // Every holder of the same rows gives the same answer, regardless of its earlier
                // ones.
                let other = KeyRing::new(history.rows(now - age).clone()).unwrap();
                assert_eq!(other.current(clock), ring.current(clock));
                assert!(other.published(clock).eq(published));
            }
        }
        for token in history.tokens.iter().filter(|token| token.expires_at > now) {
            let is_first = token.key.as_str() == "first";
            if !is_first {
                history.assert_known_to_all(now, &token.key);
            }
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_good_token_has_its_key(sequential 1..80 => KeyHistory);
}
