//! Key fetches under load, during attacks and during an outage of the provider.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt as _;

use super::*;
use crate::AllowedNetwork;
use crate::skip_time::{at_limit, skip, until};
use crate::test_provider::{HANG, Step, TestProvider, json, response};

/// Records the documents that it received; `bad` is not a key set.
#[derive(Default)]
struct RecordedKeys(Mutex<Vec<String>>);

impl KeySink for RecordedKeys {
    fn take(&self, jwks: &[u8]) -> Result<(), JwksError> {
        if jwks == b"bad" {
            return Err(JwksError::NotJson);
        }
        self.0.lock().unwrap().push(String::from_utf8(jwks.to_vec()).unwrap());
        Ok(())
    }
}

impl RecordedKeys {
    fn last(&self) -> Option<String> {
        self.0.lock().unwrap().last().cloned()
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// The default TTL of keys.
const TTL: Duration = Duration::from_mins(10);

/// Every limit is longer than a busy machine takes. Tests skip the time of those that they reach.
const POLICY: RefreshPolicy = RefreshPolicy {
    key_ttl: KeyTtl {
        min: Duration::from_mins(5),
        default: TTL,
        max: Duration::from_hours(5),
    },
    stale_keys_for: Duration::from_hours(10),
    burst: 4,
    interval: Duration::from_hours(10),
    timeout: Duration::from_mins(1),
};

const FETCH_TIMEOUT: Duration = Duration::from_secs(90);

fn refresh(provider: &TestProvider, policy: RefreshPolicy) -> (Refresh, Arc<RecordedKeys>) {
    let fetcher = HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .connect_timeout(FETCH_TIMEOUT)
        .timeout(FETCH_TIMEOUT)
        .build()
        .unwrap();
    let recorded = Arc::<RecordedKeys>::default();
    let issuer = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
    let source = JwksLocation::Discovered(issuer.clone(), Discovery::OpenId);
    (
        Refresh::new(&issuer, source, fetcher, policy, Arc::<RecordedKeys>::clone(&recorded)),
        recorded,
    )
}

/// A provider whose keys are the number of the request.
async fn provider(keys: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> TestProvider {
    let count = AtomicUsize::new(0);
    TestProvider::start(move |request, _| {
        if request.starts_with("GET /keys ") {
            return keys(count.fetch_add(1, Ordering::SeqCst) + 1);
        }
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        json(&format!(
            r#"{{"issuer": "http://{host}", "jwks_uri": "http://{host}/keys"}}"#
        ))
    })
    .await
}

fn numbered(number: usize) -> Vec<Step> {
    json(&number.to_string())
}

/// Returns the same after this duration.
fn after(time: Duration, number: usize) -> Vec<Step> {
    std::iter::once(Step::Wait(time)).chain(numbered(number)).collect()
}

/// Waits until no fetch is running.
async fn until_ended(refresh: &Refresh) {
    until(|| !refresh.state().is_running).await;
}

#[tokio::test]
async fn concurrent_callers_cause_one_fetch() {
    let provider = provider(numbered).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    let all = (0..200).map(|_| refresh.ready());
    for ready in futures_util::future::join_all(all).await {
        ready.unwrap();
    }
    assert_eq!(
        (provider.count(), provider.count_of("/keys")),
        (2, 1),
        "the document and the keys"
    );
    assert_eq!(recorded.last().as_deref(), Some("1"));
}

/// Records at each wake-up whether the state of the fetches is locked.
struct LockObserver {
    shared: Arc<Shared>,
    locked: Mutex<Vec<bool>>,
}

impl std::task::Wake for LockObserver {
    fn wake(self: Arc<Self>) {
        let is_locked = self.shared.state.try_lock().is_err();
        self.locked.lock().unwrap().push(is_locked);
    }
}

/// If the lock were free at a wake-up, a fetch could start and subscribe before the end of the last
/// one is sent. Then the old fetch would wake the tasks that wait for the new one.
#[tokio::test]
async fn waiters_are_woken_under_the_lock() {
    let provider = provider(numbered).await;
    let (refresh, _) = refresh(&provider, POLICY);
    let observer = Arc::new(LockObserver {
        shared: Arc::clone(&refresh.0),
        locked: Mutex::default(),
    });
    let waker = std::task::Waker::from(Arc::clone(&observer));
    let mut context = std::task::Context::from_waker(&waker);
    let mut ended = refresh.0.ended.subscribe();
    for outcome in [RemoteError::Abandoned, RemoteError::Slow] {
        {
            let mut changed = std::pin::pin!(ended.changed());
            assert!(changed.as_mut().poll(&mut context).is_pending());
            refresh.0.end(Err(outcome.clone()));
            assert!(changed.as_mut().poll(&mut context).is_ready());
        }
        // A fetch that starts now waits for its own end.
        let later = refresh.0.ended.subscribe();
        assert!(!later.has_changed().unwrap());
    }
    assert_eq!(*observer.locked.lock().unwrap(), [true, true]);
}

#[tokio::test]
async fn stale_keys_are_used_during_a_fetch() {
    let held = POLICY.timeout / 2;
    let provider = provider(move |number| after(if number == 1 { Duration::ZERO } else { held }, number)).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    skip(TTL + SECOND).await;
    assert_eq!(refresh.ready().now_or_never(), Some(Ok(())), "callers do not wait");
    until(|| provider.count_of("/keys") == 2).await;
    assert_eq!(refresh.ready().now_or_never(), Some(Ok(())), "callers do not wait");
    assert_eq!(recorded.last().as_deref(), Some("1"));
    skip(held).await;
    until_ended(&refresh).await;
    assert_eq!(recorded.last().as_deref(), Some("2"));
    assert_eq!(provider.count(), 3, "the metadata document is not fetched again");
}

#[tokio::test]
async fn long_unused_keys_are_fetched_before_use() {
    let provider = provider(numbered).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    skip(2 * TTL + SECOND).await;
    refresh.ready().await.unwrap();
    assert_eq!(recorded.last().as_deref(), Some("2"));
}

#[tokio::test]
async fn max_age_sets_the_ttl_within_bounds() {
    let limits = POLICY.key_ttl;
    for (header, ttl) in [
        ("max-age=3600", Duration::from_hours(1)),
        ("max-age=999999", limits.max),
        ("no-store", limits.min),
        ("max-age=0", limits.min),
        ("public", limits.default),
    ] {
        let header = format!("Cache-Control: {header}\r\n");
        let at = header.clone();
        let provider = provider(move |number| response("200 OK", &header, &number.to_string())).await;
        let (refresh, _) = refresh(&provider, POLICY);
        refresh.ready().await.unwrap();
        skip(ttl.saturating_sub(POLICY.timeout)).await;
        refresh.ready().await.unwrap();
        assert!(!refresh.state().is_running, "{at}: fetched before the TTL");
        skip(POLICY.timeout + SECOND).await;
        refresh.ready().await.unwrap();
        assert!(refresh.state().is_running, "{at}: not fetched after the TTL");
        until_ended(&refresh).await;
        assert_eq!(provider.count_of("/keys"), 2, "{at}");
    }
}

#[tokio::test]
async fn stale_keys_are_used_during_an_outage() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let provider = provider(move |number| {
        if down.load(Ordering::SeqCst) {
            response("503 X", "", "")
        } else {
            numbered(number)
        }
    })
    .await;
    let policy = RefreshPolicy {
        interval: TTL / 2,
        ..POLICY
    };
    let (refresh, recorded) = refresh(&provider, policy);
    refresh.ready().await.unwrap();
    is_down.store(true, Ordering::SeqCst);
    for _ in 0..30 {
        skip(TTL / 2).await;
        refresh.ready().await.unwrap();
        until_ended(&refresh).await;
        assert_eq!(recorded.last().as_deref(), Some("1"));
    }
    assert!(provider.count_of("/keys") > 20, "keys are requested during the outage");
    assert!(
        matches!(refresh.renew().await, Err(RemoteError::Fetch { .. })),
        "the key may exist"
    );
    is_down.store(false, Ordering::SeqCst);
    skip(TTL).await;
    refresh.renew().await.unwrap();
    assert_ne!(recorded.last().as_deref(), Some("1"));
}

#[tokio::test]
async fn stale_keys_expire() {
    let provider = provider(|number| {
        if number == 1 {
            numbered(1)
        } else {
            response("500 X", "", "")
        }
    })
    .await;
    let (refresh, _) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    skip(POLICY.stale_keys_for.saturating_sub(POLICY.timeout)).await;
    refresh.ready().await.unwrap();
    skip(POLICY.timeout + SECOND).await;
    assert!(matches!(refresh.ready().await, Err(RemoteError::Fetch { .. })));
}

#[tokio::test]
async fn missing_keys_are_an_error_at_once() {
    let scripts: [fn(usize) -> Vec<Step>; 3] = [
        |_| response("500 X", "", ""),
        |_| json("bad"),
        |_| vec![Step::Send(b"HTTP/1.1 200".to_vec())],
    ];
    for script in scripts {
        let provider = provider(script).await;
        let (refresh, recorded) = refresh(&provider, POLICY);
        let mut faults = Vec::new();
        for _ in 0..10 {
            faults.push(refresh.ready().await.unwrap_err());
        }
        assert!(faults.iter().all(|fault| *fault != RemoteError::Slow), "{faults:?}");
        assert_eq!(recorded.last(), None);
        assert_eq!(provider.count_of("/keys"), 4);
    }
}

#[tokio::test]
async fn silent_provider_is_an_error_at_the_timeout() {
    let provider = provider(|_| vec![HANG]).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    // The fetch outlives its first caller. It ends before the second one does.
    for (fault, limit) in [
        ("Slow", POLICY.timeout),
        ("Fetch", FETCH_TIMEOUT.saturating_sub(POLICY.timeout)),
    ] {
        let waiting = refresh.clone();
        let has_asked = || provider.count_of("/keys") == 1;
        let ended = at_limit(limit, has_asked, async move { waiting.ready().await }).await;
        assert!(format!("{ended:?}").starts_with(&format!("Err({fault}")), "{ended:?}");
    }
    until_ended(&refresh).await;
    assert_eq!(recorded.last(), None);
}

#[tokio::test]
async fn unknown_keys_cause_a_limited_number_of_fetches() {
    let provider = provider(numbered).await;
    let (refresh, _) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    let mut nothing = 0;
    for _ in 0..50 {
        let all = (0..20).map(|_| refresh.renew());
        for renewal in futures_util::future::join_all(all).await {
            nothing += usize::from(renewal.unwrap() == Renewal::NotDue);
        }
    }
    assert_eq!(provider.count_of("/keys"), 4);
    assert_eq!(nothing, 1_000 - 3 * 20, "all but those of three fetches");
}

#[tokio::test]
async fn renewal_distinguishes_an_earlier_fetch() {
    let provider = provider(|number| after(SECOND / 10, number)).await;
    let (refresh, _) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    let (first, second) = futures_util::future::join(refresh.renew(), refresh.renew()).await;
    assert_eq!((first, second), (Ok(Renewal::Fetched), Ok(Renewal::AlreadyRunning)));
}

#[tokio::test]
async fn fetch_continues_after_its_caller_was_cancelled() {
    let provider = provider(numbered).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    assert_eq!(refresh.ready().now_or_never(), None);
    until_ended(&refresh).await;
    assert_eq!(recorded.last().as_deref(), Some("1"));
    refresh.ready().await.unwrap();
    assert_eq!(provider.count_of("/keys"), 1);
}

#[tokio::test]
async fn moved_keys_are_discovered_again() {
    let has_moved = Arc::new(AtomicBool::new(false));
    let moved = Arc::clone(&has_moved);
    let provider = TestProvider::start(move |request, number| {
        let host = request
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap()
            .to_owned();
        let place = if moved.load(Ordering::SeqCst) { "/new" } else { "/old" };
        if request.starts_with(&format!("GET {place} ")) {
            numbered(number)
        } else if request.starts_with("GET /.well-known/") {
            json(&format!(
                r#"{{"issuer": "http://{host}", "jwks_uri": "http://{host}{place}"}}"#
            ))
        } else {
            response("404 X", "", "")
        }
    })
    .await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    has_moved.store(true, Ordering::SeqCst);
    assert!(refresh.renew().await.is_err());
    refresh.renew().await.unwrap();
    assert_eq!((provider.count_of("/new"), recorded.0.lock().unwrap().len()), (1, 2));
}
