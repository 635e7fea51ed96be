//! Key fetches under load, during attacks and during an outage of the provider.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::AllowedNetwork;
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

const POLICY: RefreshPolicy = RefreshPolicy {
    key_ttl: KeyTtl {
        min: Duration::from_millis(100),
        default: Duration::from_millis(300),
        max: Duration::from_secs(10),
    },
    stale_keys_for: Duration::from_mins(10),
    burst: 4,
    interval: Duration::from_secs(10),
    timeout: Duration::from_millis(400),
};

fn refresh(provider: &TestProvider, policy: RefreshPolicy) -> (Refresh, Arc<RecordedKeys>) {
    let fetcher = HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .timeout(Duration::from_millis(900))
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

/// Returns the same after this number of milliseconds.
fn after(milliseconds: u64, number: usize) -> Vec<Step> {
    let wait = Step::Wait(Duration::from_millis(milliseconds));
    std::iter::once(wait).chain(numbered(number)).collect()
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
    let provider = provider(|number| after(if number == 1 { 0 } else { 200 }, number)).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    let began = Instant::now();
    refresh.ready().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "callers do not wait: {:?}",
        began.elapsed()
    );
    assert_eq!(recorded.last().as_deref(), Some("1"));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(recorded.last().as_deref(), Some("2"));
    assert_eq!(provider.count(), 3, "the metadata document is not fetched again");
}

#[tokio::test]
async fn long_unused_keys_are_fetched_before_use() {
    let provider = provider(numbered).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    refresh.ready().await.unwrap();
    assert_eq!(recorded.last().as_deref(), Some("2"));
}

#[tokio::test]
async fn max_age_sets_the_ttl_within_bounds() {
    for (header, is_stale) in [("max-age=3600", false), ("no-store", true), ("max-age=0", true)] {
        let header = format!("Cache-Control: {header}\r\n");
        let provider = provider(move |number| response("200 OK", &header, &number.to_string())).await;
        let (refresh, _) = refresh(&provider, POLICY);
        refresh.ready().await.unwrap();
        refresh.ready().await.unwrap();
        assert_eq!(provider.count_of("/keys"), 1, "the minimum TTL applies");
        tokio::time::sleep(Duration::from_millis(350)).await;
        refresh.ready().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(provider.count_of("/keys") == 2, is_stale);
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
        interval: Duration::from_millis(100),
        ..POLICY
    };
    let (refresh, recorded) = refresh(&provider, policy);
    refresh.ready().await.unwrap();
    is_down.store(true, Ordering::SeqCst);
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        refresh.ready().await.unwrap();
        assert_eq!(recorded.last().as_deref(), Some("1"));
    }
    assert!(
        matches!(refresh.renew().await, Err(RemoteError::Fetch { .. })),
        "the key may exist"
    );
    is_down.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(200)).await;
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
    let (refresh, _) = refresh(
        &provider,
        RefreshPolicy {
            stale_keys_for: Duration::from_millis(500),
            ..POLICY
        },
    );
    refresh.ready().await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(matches!(refresh.ready().await, Err(RemoteError::Fetch { .. })));
}

#[tokio::test]
async fn missing_keys_are_an_error_within_the_timeout() {
    let scripts: [fn(usize) -> Vec<Step>; 4] = [
        |_| vec![HANG],
        |_| response("500 X", "", ""),
        |_| json("bad"),
        |_| vec![Step::Send(b"HTTP/1.1 200".to_vec())],
    ];
    for script in scripts {
        let provider = provider(script).await;
        let (refresh, recorded) = refresh(&provider, POLICY);
        for _ in 0..10 {
            let began = Instant::now();
            assert!(refresh.ready().await.is_err());
            assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
        }
        assert_eq!(recorded.last(), None);
        assert!(provider.count_of("/keys") <= 4);
    }
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
    assert!(nothing > 900, "{nothing} returned at once");
}

#[tokio::test]
async fn renewal_distinguishes_an_earlier_fetch() {
    let provider = provider(|number| after(100, number)).await;
    let (refresh, _) = refresh(&provider, POLICY);
    refresh.ready().await.unwrap();
    let (first, second) = futures_util::future::join(refresh.renew(), refresh.renew()).await;
    assert_eq!((first, second), (Ok(Renewal::Fetched), Ok(Renewal::AlreadyRunning)));
}

#[tokio::test]
async fn fetch_continues_after_its_caller_was_cancelled() {
    let provider = provider(|number| after(100, number)).await;
    let (refresh, recorded) = refresh(&provider, POLICY);
    let _ = timeout(Duration::from_millis(20), refresh.ready()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
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
