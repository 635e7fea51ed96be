//! A provider for tests on the loopback address that follows its script.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The next step of the provider on a connection, after the whole request was read. After the last
/// step it closes.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Closes the connection without a word.
    Cut,
    /// Writes these bytes repeatedly, until the peer stops reading.
    Flood(Vec<u8>),
    /// Writes these bytes.
    Say(Vec<u8>),
    /// Does nothing for this duration.
    Wait(Duration),
}

/// Does nothing until all peers have closed.
pub(crate) const HANG: Act = Act::Wait(Duration::from_hours(1));

/// A provider at work.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    /// Every request, whole.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    /// How many bytes were written.
    pub(crate) written: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

/// Returns the steps for a request, by its text and its number.
type Script = dyn Fn(&str, usize) -> Vec<Act> + Send + Sync;

impl Stage {
    pub(crate) async fn play(script: impl Fn(&str, usize) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::with_tls(None, script).await
    }

    pub(crate) async fn with_tls(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&str, usize) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, written) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let script: Arc<Script> = Arc::new(script);
        let (heard, counted) = (Arc::clone(&requests), Arc::clone(&written));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, heard, counted, tls) = (script.clone(), heard.clone(), counted.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => perform(stream, &*script, &heard, &counted).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => perform(stream, &*script, &heard, &counted).await,
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

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Returns the number of requests for this path.
    pub(crate) fn count_of(&self, path: &str) -> usize {
        let asked = |request: &&String| request.split(' ').nth(1) == Some(path);
        self.requests.lock().unwrap().iter().filter(asked).count()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn perform<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &Script,
    heard: &Mutex<Vec<String>>,
    written: &AtomicUsize,
) -> Option<()> {
    let request = read(&mut stream).await?;
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(request.clone());
        heard.len()
    };
    for act in script(&request, number) {
        match act {
            Act::Cut => return None,
            Act::Flood(bytes) => loop {
                stream.write_all(&bytes).await.ok()?;
                written.fetch_add(bytes.len(), Ordering::Relaxed);
            },
            Act::Say(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                written.fetch_add(bytes.len(), Ordering::Relaxed);
            }
            Act::Wait(time) => tokio::time::sleep(time).await,
        }
    }
    stream.shutdown().await.ok()
}

/// One request with its body.
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

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<Act> {
    let length = body.len();
    vec![Act::Say(
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes(),
    )]
}

/// A whole JSON document.
pub(crate) fn json(body: &str) -> Vec<Act> {
    answer("200 OK", "Content-Type: application/json\r\n", body)
}
