//! Requests to others.

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

/// Largest head of an answer, in bytes, and most lines in it.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Most addresses of one host that are tried.
const ADDRESSES: usize = 4;

/// Fetches documents of others, and is hard to be led astray: how an [issuer beside our own](crate::RemoteIssuer) is asked.
///
/// | | default | why |
/// |---|---|---|
/// | protocol | `https` | `http` on loopback addresses that are allowed, and nowhere else |
/// | addresses | public ones | a name that leads inside is how a fetcher is made to attack its own house; see [`HttpFetcherBuilder::allow`] |
/// | redirects | none | nobody else than the operator says where to |
/// | compression | none | a small answer stays small |
/// | time for a connection | 2 s | |
/// | time for all of it | 5 s | |
/// | body of an answer | 256 KiB | a hundred keys take some 50 KiB |
/// | head of an answer | 16 KiB, 64 lines | |
///
/// A host is looked up once; each of its addresses is checked, and the connection goes to one that was. Proxies that the environment
/// names are not used: behind them nobody could check an address. TLS is that of `rustls` on `ring`, with the roots of the
/// platform (`SSL_CERT_FILE` names others) or [those that are given](HttpFetcherBuilder::trust_only).
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

/// A document as it came.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) body: Bytes,
    /// How long its owner says that it can be kept.
    pub(crate) max_age: Option<Duration>,
}

/// What is sent with a question.
pub(crate) struct Form {
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: String,
}

impl HttpFetcher {
    /// Begins one.
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

    /// Fetches a document.
    pub(crate) async fn get(&self, endpoint: &Endpoint) -> Result<Fetched, FetchError> {
        self.within(endpoint, Method::GET, None).await
    }

    /// Asks a question.
    pub(crate) async fn post(&self, endpoint: &Endpoint, form: Form) -> Result<Fetched, FetchError> {
        self.within(endpoint, Method::POST, Some(form)).await
    }

    async fn within(&self, endpoint: &Endpoint, method: Method, form: Option<Form>) -> Result<Fetched, FetchError> {
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
            return self.ask(stream, request).await;
        }
        let broken = |fault: String| FetchError::Tls(fault);
        let name = ServerName::try_from(endpoint.host().to_owned()).map_err(|fault| broken(fault.to_string()))?;
        let stream = self.0.tls.connect(name, stream).await;
        self.ask(stream.map_err(|fault| broken(fault.to_string()))?, request)
            .await
    }

    /// The addresses of a host that may be connected to.
    // SECURITY: what comes out of here is connected to as it is; no name is looked up again
    // (`a_name_is_looked_up_once_and_the_checked_address_is_used`).
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
        for address in found.into_iter().take(ADDRESSES) {
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

    /// One question on one connection, which is closed behind it.
    async fn ask<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Fetched, FetchError>
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
        // Both in one future, so that nothing of it is left when nobody waits any longer.
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

/// All of a body, if it is not longer than that.
async fn collect(body: Incoming, limit: usize) -> Result<Bytes, FetchError> {
    let mut body = Limited::new(body, limit);
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => protocol(&error),
            // The one other error there is.
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

/// What hyper says of it, with the cause below.
fn protocol(error: &hyper::Error) -> FetchError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    FetchError::Protocol(format!("{error}{}", cause.unwrap_or_default()))
}

/// Collects what an [`HttpFetcher`] is made of.
#[must_use = "it is made by `build`"]
pub struct HttpFetcherBuilder {
    allowed: Vec<AllowedNetwork>,
    resolver: Arc<dyn Resolve>,
    roots: Option<Vec<u8>>,
    connect_timeout: Duration,
    timeout: Duration,
    body_limit: usize,
}

impl HttpFetcherBuilder {
    /// Lets connections go to these addresses, too, which are not public ones. By address and not by name: whoever answers for a
    /// name can change where it leads.
    pub fn allow(mut self, networks: impl IntoIterator<Item = AllowedNetwork>) -> Self {
        self.allowed.extend(networks);
        self
    }

    /// Looks names up here.
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Trusts these certificates (PEM) in place of the platform's: those of a house of its own, or of one provider.
    pub fn trust_only(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// How long one connection may take to be made.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long all of one document may take, from the name to the last byte.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Largest body of an answer, in bytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Made, with the platform's roots read if no others were given.
    ///
    /// # Errors
    ///
    /// [`InvalidRoots`] where the given certificates cannot be read.
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
