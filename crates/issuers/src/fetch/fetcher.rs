//! The HTTP client: one request on one connection, with limits.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::allowed_network::{AllowedNetwork, is_public};
use super::cache_control;
use super::endpoint::Endpoint;
use super::fetch_error::FetchError;
use super::resolve::{Resolve, SystemResolver};
use super::tls::{self, InvalidRoots};

/// The largest head of a response, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The maximum number of header lines in a response.
const MAX_HEADERS: usize = 64;

/// The maximum number of addresses of one host that are tried.
const MAX_ADDRESSES: usize = 4;

/// The HTTP client for requests to other issuers. It limits what such a request can reach and cost.
///
/// | | default | why |
/// |---|---|---|
/// | protocol | `https` | `http` only on allowed loopback addresses |
/// | addresses | public ones | a name that resolves to an internal address would attack internal services (SSRF); see [`HttpFetcherBuilder::allow`] |
/// | redirects | none | only the operator decides which hosts receive requests |
/// | compression | none | a small response stays small |
/// | time for a connection | 2 s | |
/// | time for all of it | 5 s | |
/// | body of a response | 256 KiB | a hundred keys take some 50 KiB |
/// | head of a response | 16 KiB, 64 lines | |
///
/// A host is resolved once. Each of its addresses is checked, and the connection goes to a checked
/// one. Proxies of the environment are not used, because no address can be checked behind them.
/// TLS is that of `rustls` on `ring`. Its roots are those of the platform (`SSL_CERT_FILE` names
/// others), or [the given ones](HttpFetcherBuilder::trust_only).
///
/// ```
/// use scopegate_issuers::{AllowedNetwork, HttpFetcher};
///
/// // For tests and for a provider on the same machine.
/// let fetcher = HttpFetcher::builder().allow(AllowedNetwork::LOOPBACK).build()?;
/// # let _ = fetcher;
/// # Ok::<(), scopegate_issuers::InvalidRoots>(())
/// ```
#[derive(Clone)]
pub struct HttpFetcher(Arc<Inner>);

struct Inner {
    allowed: Vec<AllowedNetwork>,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    connect_timeout: Duration,
    timeout: Duration,
    body_limit: usize,
}

/// A fetched document.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) body: Bytes,
    /// The `max-age` of the response.
    pub(crate) max_age: Option<Duration>,
}

/// The form of a POST request.
pub(crate) struct Form {
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: String,
}

impl HttpFetcher {
    /// Creates a builder.
    pub fn builder() -> HttpFetcherBuilder {
        HttpFetcherBuilder {
            allowed: Vec::new(),
            resolver: Arc::new(SystemResolver::default()),
            roots: None,
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
            body_limit: 256 * 1024,
        }
    }

    /// Sends a GET request.
    pub(crate) async fn get(&self, endpoint: &Endpoint) -> Result<Fetched, FetchError> {
        self.send(endpoint, Method::GET, None).await
    }

    /// Sends a POST request.
    pub(crate) async fn post(&self, endpoint: &Endpoint, form: Form) -> Result<Fetched, FetchError> {
        self.send(endpoint, Method::POST, Some(form)).await
    }

    async fn send(&self, endpoint: &Endpoint, method: Method, form: Option<Form>) -> Result<Fetched, FetchError> {
        let request = request(endpoint, method, form)?;
        let exchange = self.exchange(endpoint, request);
        timeout(self.0.timeout, exchange)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    async fn exchange(&self, endpoint: &Endpoint, request: Request<Full<Bytes>>) -> Result<Fetched, FetchError> {
        let addresses = self.addresses(endpoint).await?;
        let stream = self.connect(&addresses, endpoint.port()).await?;
        if !endpoint.is_secure() {
            return self.exchange_on(stream, request).await;
        }
        let broken = |fault: String| FetchError::Tls(fault);
        let name = ServerName::try_from(endpoint.host().to_owned()).map_err(|fault| broken(fault.to_string()))?;
        let stream = self.0.tls.connect(name, stream).await;
        self.exchange_on(stream.map_err(|fault| broken(fault.to_string()))?, request)
            .await
    }

    /// Returns the addresses of a host that may be connected to.
    // SECURITY: the connection goes to a returned address, and the name is not resolved again.
    // Tested by `tests::checked_address_is_the_one_connected_to`.
    async fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, FetchError> {
        let found = if let Some(address) = endpoint.address() {
            vec![address]
        } else {
            let found = self.0.resolver.resolve(endpoint.host()).await;
            found.map_err(|fault| FetchError::Resolve(fault.kind()))?
        };
        let first = *found.first().ok_or(FetchError::Resolve(io::ErrorKind::NotFound))?;
        let mut fault = FetchError::ForbiddenAddress { address: first };
        let mut addresses = Vec::new();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            match self.check(endpoint, address) {
                Ok(()) => addresses.push(address),
                Err(other) => fault = other,
            }
        }
        if addresses.is_empty() {
            Err(fault)
        } else {
            Ok(addresses)
        }
    }

    fn check(&self, endpoint: &Endpoint, address: IpAddr) -> Result<(), FetchError> {
        let is_allowed = self.0.allowed.iter().any(|network| network.contains(address));
        if !is_allowed && !is_public(address) {
            return Err(FetchError::ForbiddenAddress { address });
        }
        if endpoint.is_secure() || (is_allowed && address.to_canonical().is_loopback()) {
            Ok(())
        } else {
            Err(FetchError::Plaintext)
        }
    }

    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, FetchError> {
        let mut fault = FetchError::ConnectTimeout;
        for address in addresses {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            match timeout(self.0.connect_timeout, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => fault = FetchError::Connect(error.kind()),
                Err(_) => fault = FetchError::ConnectTimeout,
            }
        }
        Err(fault)
    }

    /// Sends one request on one connection, which is closed afterwards.
    async fn exchange_on<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Fetched, FetchError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD);
        let (mut sender, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| protocol(&error))?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|error| protocol(&error))?;
            self.read(response).await
        };
        // Both in one future, so that nothing remains when the caller is cancelled.
        let (mut answered, connection) = (pin!(answered), pin!(connection));
        tokio::select! {
            biased;
            answer = &mut answered => answer,
            _ = connection => answered.await,
        }
    }

    async fn read(&self, response: http::Response<Incoming>) -> Result<Fetched, FetchError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(FetchError::Redirect {
                status: status.as_u16(),
            });
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status {
                status: status.as_u16(),
            });
        }
        let (head, body) = response.into_parts();
        if is_encoded(&head.headers) {
            return Err(FetchError::Encoded);
        }
        Ok(Fetched {
            body: collect(body, self.0.body_limit).await?,
            max_age: cache_control::max_age(&head.headers),
        })
    }
}

/// Returns the body, if it is not longer than the limit.
async fn collect(body: Incoming, limit: usize) -> Result<Bytes, FetchError> {
    let mut body = Limited::new(body, limit);
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => protocol(&error),
            // The only other error of `Limited`.
            Err(_) => FetchError::TooLarge,
        })?;
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

fn request(endpoint: &Endpoint, method: Method, form: Option<Form>) -> Result<Request<Full<Bytes>>, FetchError> {
    let mut request = Request::builder()
        .method(method)
        .uri(endpoint.path_and_query())
        .header(HOST, endpoint.authority())
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(USER_AGENT, concat!("scopegate/", env!("CARGO_PKG_VERSION")));
    let body = match form {
        None => Bytes::new(),
        Some(Form { authorization, body }) => {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(value) = authorization {
                request = request.header(AUTHORIZATION, value);
            }
            Bytes::from(body)
        }
    };
    request
        .body(Full::new(body))
        .map_err(|error| FetchError::Protocol(error.to_string()))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Converts an error of hyper, with its cause.
fn protocol(error: &hyper::Error) -> FetchError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    FetchError::Protocol(format!("{error}{}", cause.unwrap_or_default()))
}

/// Builds an [`HttpFetcher`].
#[must_use = "call `build` to get the `HttpFetcher`"]
pub struct HttpFetcherBuilder {
    allowed: Vec<AllowedNetwork>,
    resolver: Arc<dyn Resolve>,
    roots: Option<Vec<u8>>,
    connect_timeout: Duration,
    timeout: Duration,
    body_limit: usize,
}

impl HttpFetcherBuilder {
    /// Also allows connections to these addresses, which are not public. Default: none. It takes
    /// addresses and no names, because the owner of a name can change its addresses.
    pub fn allow(mut self, networks: impl IntoIterator<Item = AllowedNetwork>) -> Self {
        self.allowed.extend(networks);
        self
    }

    /// Sets the resolver of host names. Default: the system's.
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Trusts only these certificates (PEM), such as those of an internal authority or of one
    /// provider. Default: those of the platform.
    pub fn trust_only(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Sets the timeout of a connection. Default: 2 s.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// Sets the timeout of a whole exchange, from the name to the last byte. Default: 5 s.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sets the maximum body of a response, in bytes. Default: 256 KiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Builds the `HttpFetcher`. It reads the platform's roots, unless others were given.
    ///
    /// # Errors
    ///
    /// [`InvalidRoots`] if the given certificates cannot be read.
    pub fn build(self) -> Result<HttpFetcher, InvalidRoots> {
        Ok(HttpFetcher(Arc::new(Inner {
            tls: tls::connector(self.roots.as_deref())?,
            allowed: self.allowed,
            resolver: self.resolver,
            connect_timeout: self.connect_timeout,
            timeout: self.timeout,
            body_limit: self.body_limit,
        })))
    }
}

impl fmt::Debug for HttpFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetcher")
            .field("allowed", &self.0.allowed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpFetcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetcherBuilder")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
