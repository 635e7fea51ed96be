//! Requests to a hostile provider, and to names with internal addresses.

mod tls;

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::*;
use crate::Resolution;
use crate::skip_time::{at_limit, skip, until};
use crate::test_provider::{HANG, Step, TestProvider, json, response};

/// Returns addresses from a list, and records the names.
struct TestResolver {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl TestResolver {
    /// Creates a resolver that returns the answers in their order, and then always the last one.
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().rev().map(parse).collect()),
            asked: Mutex::default(),
        })
    }
}

impl Resolve for TestResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop()
        } else {
            answers.last().cloned()
        };
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).unwrap()
}

/// Longer than a busy machine takes. Tests of the timeout skip it.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Creates a builder that allows loopback addresses.
fn local() -> HttpFetcherBuilder {
    HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .connect_timeout(2 * TIMEOUT)
        .timeout(TIMEOUT)
        .body_limit(64 * 1024)
}

fn fetch(provider: &TestProvider) -> impl Future<Output = Result<Fetched, FetchError>> + Send + use<> {
    let (fetcher, keys) = (local().build().unwrap(), endpoint(&provider.url("/keys")));
    async move { fetcher.get(&keys).await }
}

/// Returns the outcome of a script, and the number of bytes that were written.
async fn outcome(steps: Vec<Step>) -> (Result<Fetched, FetchError>, usize) {
    let provider = TestProvider::start(move |_, _| steps.clone()).await;
    let outcome = fetch(&provider).await;
    assert_eq!(provider.count(), 1, "one request");
    (outcome, provider.written.load(Ordering::Relaxed))
}

/// Returns the outcome of a script that does not end, at the timeout.
async fn outcome_at_timeout(steps: Vec<Step>) -> Result<Fetched, FetchError> {
    let provider = TestProvider::start(move |_, _| steps.clone()).await;
    at_limit(TIMEOUT, || provider.count() == 1, fetch(&provider)).await
}

#[tokio::test]
async fn document_is_fetched_unchanged() {
    let provider = TestProvider::start(|_, _| response("200 OK", "Cache-Control: max-age=60\r\n", "{}")).await;
    let fetched = fetch(&provider).await.unwrap();
    assert_eq!(
        (&*fetched.body, fetched.max_age),
        (&b"{}"[..], Some(Duration::from_mins(1)))
    );
    let request = provider.requests.lock().unwrap()[0].to_lowercase();
    assert!(request.starts_with("get /keys http/1.1\r\n"), "{request}");
    assert!(
        request.contains(&format!("\r\nhost: {}\r\n", provider.address)),
        "{request}"
    );
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let secret = TestProvider::start(|_, _| json("{}")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let location = format!("Location: {}\r\n", secret.url("/inside"));
        let (outcome, _) = outcome(response(status, &location, "")).await;
        let status = status.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(outcome.unwrap_err(), FetchError::Redirect { status });
    }
    assert_eq!(secret.count(), 0);
}

#[tokio::test]
async fn status_other_than_200_is_an_error() {
    for status in [201, 204, 400, 404, 500, 503] {
        let (outcome, _) = outcome(response(&format!("{status} X"), "", "")).await;
        assert_eq!(outcome.unwrap_err(), FetchError::Status { status });
    }
}

#[tokio::test]
async fn body_above_the_limit_is_rejected() {
    let declared = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec()),
        Step::Flood(vec![b' '; 65_536]),
    ];
    let endless = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Step::Flood(vec![b' '; 65_536]),
    ];
    let chunk = [&b"10000\r\n"[..], &vec![b' '; 65_536], b"\r\n"].concat();
    let chunked = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        Step::Flood(chunk),
    ];
    for steps in [declared, endless, chunked] {
        let (outcome, written) = outcome(steps).await;
        assert_eq!(outcome.unwrap_err(), FetchError::TooLarge);
        // The buffers of the sockets contain more than was read.
        assert!(written < 16 * 1024 * 1024, "{written} bytes were taken");
    }
}

#[tokio::test]
async fn head_above_the_limit_is_rejected() {
    let long_line = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
        Step::Flood(vec![b'x'; 4_096]),
    ];
    let many_lines = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Step::Flood(b"X: y\r\n".to_vec()),
    ];
    let early_hints = vec![Step::Flood(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n".to_vec())];
    for steps in [long_line, many_lines] {
        let (outcome, written) = outcome(steps).await;
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{outcome:?}");
        assert!(written < 16 * 1024 * 1024, "{written} bytes were taken");
    }
    // Each is a complete head, so only the timeout ends them.
    let outcome = outcome_at_timeout(early_hints).await;
    assert_eq!(outcome.unwrap_err(), FetchError::Timeout);
}

#[tokio::test]
async fn slow_provider_is_a_timeout() {
    for begin in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}",
    ] {
        let steps = vec![Step::Send(begin.into()), HANG];
        let outcome = outcome_at_timeout(steps).await;
        assert_eq!(outcome.unwrap_err(), FetchError::Timeout, "{begin}");
    }
}

#[tokio::test]
async fn progress_does_not_extend_the_timeout() {
    let pause = TIMEOUT / 6;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n";
    let drop_by_drop: Vec<Step> = head
        .bytes()
        .chain(std::iter::repeat_n(b' ', 400))
        .flat_map(|byte| [Step::Send(vec![byte]), Step::Wait(pause)])
        .collect();
    let provider = TestProvider::start(move |_, _| drop_by_drop.clone()).await;
    let fetching = tokio::spawn(fetch(&provider));
    for bytes in 1..=6 {
        until(|| provider.written.load(Ordering::Relaxed) == bytes).await;
        assert!(!fetching.is_finished(), "it ends after {bytes} bytes");
        skip(pause).await;
    }
    until(|| fetching.is_finished()).await;
    assert_eq!(fetching.await.unwrap().unwrap_err(), FetchError::Timeout);
}

#[tokio::test]
async fn truncated_response_is_rejected() {
    let halves = [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "SSH-2.0-OpenSSH_9.0\r\n",
    ];
    for half in halves {
        let (outcome, _) = outcome(vec![Step::Send(half.as_bytes().to_vec())]).await;
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{half:?} {outcome:?}");
    }
}

#[tokio::test]
async fn compressed_response_is_rejected() {
    for encoding in ["gzip", "br", "deflate, gzip", "GZIP"] {
        let (outcome, _) = outcome(response(
            "200 OK",
            &format!("Content-Encoding: {encoding}\r\n"),
            "\u{1f}\u{8b}",
        ))
        .await;
        assert_eq!(outcome.unwrap_err(), FetchError::Encoded);
    }
}

#[tokio::test]
async fn internal_addresses_are_not_connected_to() {
    let provider = TestProvider::start(|_, _| json("{}")).await;
    let port = provider.address.port();
    let careful = HttpFetcher::builder().build().unwrap();
    for (host, is_address) in [
        ("127.0.0.1", true),
        ("[::ffff:127.0.0.1]", true),
        ("[::1]", true),
        ("0.0.0.0", true),
        ("[::]", true),
        ("localhost", false),
        ("2130706433", false),
        ("0x7f.1", false),
        ("127.1", false),
    ] {
        for scheme in ["http", "https"] {
            let outcome = careful.get(&endpoint(&format!("{scheme}://{host}:{port}/"))).await;
            match outcome.unwrap_err() {
                FetchError::ForbiddenAddress { .. } => {}
                // The system decides whether it resolves this name or notation.
                FetchError::Resolve(_) => assert!(!is_address, "{host}"),
                other => panic!("{host} {other:?}"),
            }
        }
    }
    for host in [
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
        "100.100.100.200",
    ] {
        let outcome = careful
            .get(&endpoint(&format!("https://{host}/latest/meta-data/")))
            .await;
        assert!(
            matches!(outcome, Err(FetchError::ForbiddenAddress { .. })),
            "{host} {outcome:?}"
        );
    }
    assert_eq!(provider.count(), 0);
    assert!(fetch(&provider).await.is_ok(), "connected to if it is allowed");
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn only_the_allowed_address_is_connected_to() {
    let provider = TestProvider::start(|_, _| json("{}")).await;
    let port = provider.address.port();
    let network = |text: &str| -> AllowedNetwork { text.parse().unwrap() };
    let other = HttpFetcher::builder()
        .allow([network("127.0.0.2"), network("10.0.0.0/8")])
        .build()
        .unwrap();
    let outcome = other.get(&endpoint(&provider.url("/"))).await;
    let address = "127.0.0.1".parse().unwrap();
    assert_eq!(outcome.unwrap_err(), FetchError::ForbiddenAddress { address });
    // Of several addresses those that may not be used are left out.
    let names = TestResolver::new(&[&["10.0.0.1", "127.0.0.1", "169.254.169.254"]]);
    let mixed = HttpFetcher::builder()
        .allow([network("127.0.0.1")])
        .resolver(names)
        .build()
        .unwrap();
    assert!(
        mixed
            .get(&endpoint(&format!("http://id.example:{port}/")))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn checked_address_is_the_one_connected_to() {
    let provider = TestProvider::start(|_, _| json("{}")).await;
    let port = provider.address.port();
    let url = endpoint(&format!("http://id.example:{port}/"));
    // The second answer would lead to another machine, so it is never requested.
    let names = TestResolver::new(&[&["127.0.0.1"], &["127.0.0.9"]]);
    let fetcher = local().resolver(names.clone()).build().unwrap();
    fetcher.get(&url).await.unwrap();
    assert_eq!(*names.asked.lock().unwrap(), ["id.example"]);
    assert_eq!(provider.count(), 1);
    // A name that changes to an internal address is checked again for the next document.
    let names = TestResolver::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let fetcher = local().resolver(names.clone()).build().unwrap();
    fetcher.get(&url).await.unwrap();
    let address = "169.254.169.254".parse().unwrap();
    assert_eq!(
        fetcher.get(&url).await.unwrap_err(),
        FetchError::ForbiddenAddress { address }
    );
}

#[tokio::test]
async fn plain_http_needs_an_allowed_loopback_address() {
    for addresses in [&["198.51.99.7"][..], &["10.0.0.1"], &["198.51.99.7", "10.0.0.1"]] {
        let inside: AllowedNetwork = "10.0.0.0/8".parse().unwrap();
        let names = TestResolver::new(&[addresses]);
        let fetcher = local().allow([inside]).resolver(names).build().unwrap();
        let outcome = fetcher.get(&endpoint("http://id.example/")).await;
        assert_eq!(outcome.unwrap_err(), FetchError::Plaintext, "{addresses:?}");
    }
}

#[tokio::test]
async fn unreachable_host_is_an_error_at_once() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fetcher = local().build().unwrap();
    let outcome = fetcher.get(&endpoint(&format!("http://{unused}/"))).await;
    assert_eq!(
        outcome.unwrap_err(),
        FetchError::Connect(io::ErrorKind::ConnectionRefused)
    );
    let unresolved = local().resolver(TestResolver::new(&[&[]])).build().unwrap();
    let outcome = unresolved.get(&endpoint("https://id.example/")).await;
    assert_eq!(outcome.unwrap_err(), FetchError::Resolve(io::ErrorKind::NotFound));
}
