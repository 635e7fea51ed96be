//! A provider for tests that answers by a script on the loopback address.

#![expect(clippy::unwrap_used, reason = "a panic fails the test that uses this provider")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One step of a response. After the last step the provider closes the connection.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "scripts of tests consist of these steps")]
pub enum Step {
    /// Closes the connection at once.
    Close,
    /// Writes these bytes repeatedly, until the peer stops reading.
    Flood(Vec<u8>),
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Does nothing for this duration.
    Wait(Duration),
}

/// Waits until all peers have closed.
pub const HANG: Step = Step::Wait(Duration::from_hours(1));

/// An issuer on the loopback address that answers each request by a script.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use scopegate_issuers::test_provider::{TestProvider, json};
///
/// let provider = TestProvider::start(|_request, _number| json("{}")).await;
/// assert!(provider.url("/jwks").starts_with("http://127.0.0.1:"));
/// assert_eq!(provider.count(), 0);
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct TestProvider {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// Every request: head and body.
    pub requests: Arc<Mutex<Vec<String>>>,
    /// The number of bytes that were written.
    pub written: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

/// Returns the steps for a request, from its text and its number. The first request has number 1.
type Script = dyn Fn(&str, usize) -> Vec<Step> + Send + Sync;

impl TestProvider {
    /// Starts a provider without TLS. The script gets the text of a request and its number, from 1.
    ///
    /// # Panics
    ///
    /// If no port of the loopback address is available.
    pub async fn start(script: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start_with_tls(None, script).await
    }

    pub(crate) async fn start_with_tls(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, written) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let script: Arc<Script> = Arc::new(script);
        let (received, counted) = (Arc::clone(&requests), Arc::clone(&written));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, received, counted, tls) = (script.clone(), received.clone(), counted.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => perform(stream, &*script, &received, &counted).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => perform(stream, &*script, &received, &counted).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self {
            address,
            requests,
            written,
            task,
        }
    }

    /// Returns the URL of a path at this provider.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the number of requests.
    ///
    /// # Panics
    ///
    /// If a script panicked before.
    #[must_use]
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Returns the number of requests for this path.
    ///
    /// # Panics
    ///
    /// If a script panicked before.
    #[must_use]
    pub fn count_of(&self, path: &str) -> usize {
        let is_for_path = |request: &&String| request.split(' ').nth(1) == Some(path);
        self.requests.lock().unwrap().iter().filter(is_for_path).count()
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request and writes its response.
async fn perform<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &Script,
    received: &Mutex<Vec<String>>,
    written: &AtomicUsize,
) -> Option<()> {
    let request = read(&mut stream).await?;
    let number = {
        let mut received = received.lock().unwrap();
        received.push(request.clone());
        received.len()
    };
    for step in script(&request, number) {
        match step {
            Step::Close => return None,
            Step::Flood(bytes) => loop {
                stream.write_all(&bytes).await.ok()?;
                written.fetch_add(bytes.len(), Ordering::Relaxed);
            },
            Step::Send(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                written.fetch_add(bytes.len(), Ordering::Relaxed);
            }
            Step::Wait(time) => tokio::time::sleep(time).await,
        }
    }
    stream.shutdown().await.ok()
}

/// Reads one request with its body.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Returns a complete response.
#[must_use]
pub fn response(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::Send(
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes(),
    )]
}

/// Returns a complete response with a JSON document.
#[must_use]
pub fn json(body: &str) -> Vec<Step> {
    response("200 OK", "Content-Type: application/json\r\n", body)
}
