//! Limits the rate of password and client-secret guesses: by account and by address.
//!
//! | bucket | limit |
//! |---|---|
//! | account | 10 failures, then one attempt after 30 s, 1 min, 2 min and so on up to 15 min; a success clears it |
//! | account from an address that it logged in from before | a bucket of its own with the same limit |
//! | account from a browser that proves an earlier login | a bucket of its own with the same limit |
//! | address: IPv4, IPv6 by /64 | 30 failures, then one attempt in 10 s |
//! | IPv6 by /48 | 300 failures, then one attempt in a second |
//!
//! An attempt from a known address or browser is limited by its own bucket alone. So an attack from
//! elsewhere does not lock the owner out. Pending attempts count as failures until they end.

mod account;
mod address;
mod decision;
mod error;
mod metrics;
mod outcome;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scopegate_domain::Lifetime;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use self::account::{Account, Weight};
use self::address::{Address, Limit, keys};
use self::decision::BucketDecision;
pub use self::error::Throttled;
use self::metrics::ThrottleMetrics;
pub use self::outcome::AttemptOutcome;

/// The maximum number of entries of each kind: users, clients, known addresses of each, addresses.
/// One takes about 100 bytes.
const MAX_ENTRIES: usize = 100_000;

/// The number of addresses of one account that stay known if there are too many entries.
const KNOWN_OF_ONE: usize = 8;

/// The interval at which entries without effect are dropped.
const SWEEP: Duration = Duration::from_mins(1);

/// The longest time for which an attempt waits for others of the same bucket to end.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The time after which an attempt that waited in vain may be repeated.
const BUSY: Duration = Duration::from_secs(1);

/// The owner of the secret that an attempt presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "users and clients have secrets")]
pub enum SecretOwner<'a> {
    /// A user, by the canonical name.
    User(&'a str),
    /// A client, by its id.
    Client(&'a str),
}

impl SecretOwner<'_> {
    const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "password",
            Self::Client(_) => "client_secret",
        }
    }
}

/// Counts failed attempts, in bounded memory.
#[derive(Debug)]
pub struct Throttle {
    is_on: bool,
    hasher: RandomState,
    buckets: Mutex<Buckets>,
    ended: Notify,
    metrics: ThrottleMetrics,
}

#[derive(Debug)]
struct Buckets {
    users: Accounts,
    /// Separate from users: an attempt with the secret of a client costs no hash, so there can be
    /// more of them.
    clients: Accounts,
    addresses: HashMap<u64, Address>,
    swept_at: Instant,
}

#[derive(Debug, Default)]
struct Accounts {
    all: HashMap<u64, Account>,
    /// Accounts from addresses with an earlier login: account and network.
    known: HashMap<(u64, u64), Account>,
}

/// The buckets of one attempt.
#[derive(Clone, Copy, Debug)]
struct BucketKeys {
    is_client: bool,
    account: u64,
    known: Option<(u64, u64)>,
    /// Whether `known` is a browser, whose bucket exists without an earlier attempt.
    is_browser: bool,
    addresses: [Option<(u64, Limit)>; 2],
}

/// The decision on an attempt.
enum AttemptDecision {
    Admitted {
        is_known: bool,
    },
    Refused {
        by: &'static str,
        wait: Duration,
        is_first: bool,
    },
    /// Others of the same bucket are pending.
    Wait,
}

impl Throttle {
    /// Creates a throttle without any failed attempt. If `is_on` is `false`, it admits every
    /// attempt, and still counts failures in the metrics.
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        Self {
            is_on,
            hasher: RandomState::new(),
            buckets: Mutex::new(Buckets {
                users: Accounts::default(),
                clients: Accounts::default(),
                addresses: HashMap::new(),
                swept_at: Instant::now(),
            }),
            ended: Notify::new(),
            metrics: ThrottleMetrics::new(),
        }
    }

    /// Admits an attempt to present a secret, or refuses it before anything is read or hashed.
    ///
    /// # Errors
    ///
    /// [`Throttled`] if there were too many failed attempts.
    pub async fn begin(&self, owner: SecretOwner<'_>, from: Option<IpAddr>) -> Result<Attempt<'_>, Throttled> {
        self.begin_in(owner, from, None).await
    }

    /// Does the same for an attempt from a browser that has proven an earlier login of this owner.
    /// `browser` identifies it. The bucket of the browser alone limits the attempt.
    ///
    /// # Errors
    ///
    /// [`Throttled`] if there were too many failed attempts.
    pub async fn begin_in(
        &self,
        owner: SecretOwner<'_>,
        from: Option<IpAddr>,
        browser: Option<&[u8; 32]>,
    ) -> Result<Attempt<'_>, Throttled> {
        let keys = self.keys(owner, from, browser);
        if !self.is_on {
            return Ok(Attempt::new(self, keys, owner, None));
        }
        let admission = timeout(LONGEST_WAIT, async {
            loop {
                // Registered first, so that an end between the check and the wait is not missed.
                let mut ended = std::pin::pin!(self.ended.notified());
                ended.as_mut().enable();
                match self.admit(&keys) {
                    AttemptDecision::Wait => ended.await,
                    admission => return admission,
                }
            }
        });
        match admission.await {
            Ok(AttemptDecision::Admitted { is_known }) => Ok(Attempt::new(self, keys, owner, Some(is_known))),
            Ok(AttemptDecision::Refused { by, wait, is_first }) => {
                self.metrics.throttled(by);
                if is_first {
                    let peer = from.map(tracing::field::display);
                    tracing::warn!(by, secret = owner.kind(), peer, wait = ?wait, "attempts are throttled");
                }
                Err(refusal(wait))
            }
            Ok(AttemptDecision::Wait) | Err(_) => {
                self.metrics.throttled("account");
                Err(refusal(BUSY))
            }
        }
    }

    fn keys(&self, owner: SecretOwner<'_>, from: Option<IpAddr>, browser: Option<&[u8; 32]>) -> BucketKeys {
        let hash = |key: &dyn Fn(&mut std::hash::DefaultHasher)| {
            let mut state = self.hasher.build_hasher();
            key(&mut state);
            std::hash::Hasher::finish(&state)
        };
        let addresses = from.map_or([None; 2], keys);
        let nearest = addresses[0].map(|(network, _)| network);
        let account = hash(&|state| owner.hash(state));
        let place = match (browser, nearest) {
            (Some(browser), _) => Some(hash(&|state| ("browser", browser).hash(state))),
            (None, nearest) => nearest.map(|network| hash(&|state| network.hash(state))),
        };
        BucketKeys {
            is_client: matches!(owner, SecretOwner::Client(_)),
            account,
            known: place.map(|place| (account, place)),
            is_browser: browser.is_some(),
            addresses: addresses.map(|key| key.map(|(network, limit)| (hash(&|state| network.hash(state)), limit))),
        }
    }

    fn admit(&self, keys: &BucketKeys) -> AttemptDecision {
        let now = Instant::now();
        let mut buckets = self.lock();
        if now.duration_since(buckets.swept_at) >= SWEEP {
            buckets.sweep(now);
        }
        buckets.admit(keys, now)
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(wait: Duration) -> Throttled {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Throttled {
        retry_after: Lifetime::from_seconds(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)),
    }
}

impl Buckets {
    const fn accounts(&mut self, keys: &BucketKeys) -> &mut Accounts {
        if keys.is_client {
            &mut self.clients
        } else {
            &mut self.users
        }
    }

    fn admit(&mut self, keys: &BucketKeys, now: Instant) -> AttemptDecision {
        let known = &mut self.accounts(keys).known;
        if let Some(key) = keys.known.filter(|_| keys.is_browser) {
            evict_for(known, &key, |account| account.is_forgotten(now), weights_of_known);
            known.entry(key).or_insert_with(|| Account::new(now));
        }
        if let Some(account) = keys.known.and_then(|key| known.get_mut(&key)) {
            return match account.check(now) {
                BucketDecision::Free => {
                    account.begin(now);
                    self.begin_addresses(keys, now);
                    AttemptDecision::Admitted { is_known: true }
                }
                other => other.refused("account"),
            };
        }
        for (key, limit) in keys.addresses.iter().flatten() {
            if let Some(address) = self.addresses.get_mut(key) {
                match address.check(*limit, now) {
                    BucketDecision::Free => {}
                    other => return other.refused("address"),
                }
            }
        }
        let accounts = &mut self.accounts(keys).all;
        if let Some(account) = accounts.get_mut(&keys.account) {
            match account.check(now) {
                BucketDecision::Free => {}
                other => return other.refused("account"),
            }
        }
        let is_over = |account: &Account| account.is_over(now);
        evict_for(accounts, &keys.account, is_over, |all| weights(all, Account::weight));
        accounts
            .entry(keys.account)
            .or_insert_with(|| Account::new(now))
            .begin(now);
        self.begin_addresses(keys, now);
        AttemptDecision::Admitted { is_known: false }
    }

    /// Returns the time for which the buckets of a pending attempt are blocked now.
    fn blocked_for(&mut self, keys: &BucketKeys, is_known: bool, now: Instant) -> Option<Duration> {
        let wait = |decision| match decision {
            BucketDecision::Blocked { wait, .. } => Some(wait),
            BucketDecision::Busy | BucketDecision::Free => None,
        };
        let Accounts { all, known } = self.accounts(keys);
        let account = match keys.known.filter(|_| is_known) {
            Some(key) => known.get_mut(&key),
            None => all.get_mut(&keys.account),
        };
        let by_account = account.and_then(|account| wait(account.check(now)));
        let addresses = keys.addresses.iter().flatten().filter(|_| !is_known);
        let by_address = addresses.filter_map(|(key, limit)| {
            let address = self.addresses.get_mut(key)?;
            wait(address.check(*limit, now))
        });
        by_account.into_iter().chain(by_address).max()
    }

    fn begin_addresses(&mut self, keys: &BucketKeys, now: Instant) {
        for (key, _) in keys.addresses.iter().flatten() {
            let is_over = |address: &Address| address.is_over(now);
            evict_for(&mut self.addresses, key, is_over, |all| weights(all, Address::weight));
            self.addresses.entry(*key).or_insert_with(|| Address::new(now)).begin();
        }
    }

    fn end(&mut self, keys: &BucketKeys, is_known: bool, outcome: AttemptOutcome, now: Instant) {
        for (key, limit) in keys.addresses.iter().flatten() {
            if let Some(address) = self.addresses.get_mut(key) {
                address.end(*limit, outcome == AttemptOutcome::Failed, now);
            }
        }
        let Accounts { all, known } = self.accounts(keys);
        let account = match keys.known.filter(|_| is_known) {
            Some(key) => known.get_mut(&key),
            None => all.get_mut(&keys.account),
        };
        if let Some(account) = account {
            account.end(outcome, now);
        }
        if let Some(key) = keys.known.filter(|_| outcome == AttemptOutcome::Succeeded) {
            evict_for(known, &key, |account| account.is_forgotten(now), weights_of_known);
            known.entry(key).or_insert_with(|| Account::new(now));
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.swept_at = now;
        for Accounts { all, known } in [&mut self.users, &mut self.clients] {
            all.retain(|_, account| !account.is_over(now));
            known.retain(|_, account| !account.is_forgotten(now));
        }
        self.addresses.retain(|_, address| !address.is_over(now));
    }
}

/// Drops entries to make space for a new key: those without effect, and if that is not enough, the
/// eighth with the least weight. So a flood of other names does not clear the bucket of an account
/// under attack.
fn evict_for<K: Copy + Eq + Hash + Ord, T, W: Ord>(
    among: &mut HashMap<K, T>,
    key: &K,
    is_over: impl Fn(&T) -> bool,
    weights: impl Fn(&HashMap<K, T>) -> Vec<(W, K)>,
) {
    if among.len() < MAX_ENTRIES || among.contains_key(key) {
        return;
    }
    among.retain(|_, entry| !is_over(entry));
    if among.len() < MAX_ENTRIES {
        return;
    }
    let mut weights = weights(among);
    let eighth = weights.len() / 8;
    weights.select_nth_unstable(eighth);
    for (_, key) in weights.into_iter().take(eighth.max(1)) {
        among.remove(&key);
    }
}

fn weights<K: Copy, T, W>(all: &HashMap<K, T>, weight: impl Fn(&T) -> W) -> Vec<(W, K)> {
    all.iter().map(|(key, entry)| (weight(entry), *key)).collect()
}

/// An account with many addresses loses its own addresses first, so it does not evict
/// addresses of other accounts.
fn weights_of_known(known: &HashMap<(u64, u64), Account>) -> Vec<((bool, Weight), (u64, u64))> {
    let mut newest_first = weights(known, Account::weight);
    newest_first.sort_unstable_by_key(|((_, last), (account, _))| (*account, Reverse(*last)));
    let of_one = newest_first.chunk_by(|(_, (one, _)), (_, (other, _))| one == other);
    let ranked = of_one.flat_map(|places| places.iter().enumerate());
    ranked
        .map(|(rank, (weight, key))| ((rank < KNOWN_OF_ONE, *weight), *key))
        .collect()
}

impl BucketDecision {
    const fn refused(self, by: &'static str) -> AttemptDecision {
        match self {
            Self::Free | Self::Busy => AttemptDecision::Wait,
            Self::Blocked { wait, is_first } => AttemptDecision::Refused { by, wait, is_first },
        }
    }
}

/// An attempt that was admitted. One that is dropped without an outcome counts as failed.
#[derive(Debug)]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    keys: BucketKeys,
    kind: &'static str,
    /// `None` if nothing is counted.
    is_known: Option<bool>,
    outcome: AttemptOutcome,
}

impl<'t> Attempt<'t> {
    const fn new(throttle: &'t Throttle, keys: BucketKeys, owner: SecretOwner<'_>, is_known: Option<bool>) -> Self {
        Self {
            throttle,
            keys,
            kind: owner.kind(),
            is_known,
            outcome: AttemptOutcome::Failed,
        }
    }

    /// Checks again whether the attempt is admitted, before its result has an effect. Other
    /// attempts may have failed while the secret was compared.
    ///
    /// # Errors
    ///
    /// [`Throttled`] if a new attempt is not admitted now.
    pub fn check_again(&self) -> Result<(), Throttled> {
        let Some(is_known) = self.is_known else { return Ok(()) };
        let blocked = self.throttle.lock().blocked_for(&self.keys, is_known, Instant::now());
        blocked.map_or(Ok(()), |wait| Err(refusal(wait)))
    }

    /// Ends the attempt.
    pub fn end(mut self, outcome: AttemptOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.outcome == AttemptOutcome::Failed {
            self.throttle.metrics.failed(self.kind);
        }
        if let Some(is_known) = self.is_known {
            let now = Instant::now();
            self.throttle.lock().end(&self.keys, is_known, self.outcome, now);
            self.throttle.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
