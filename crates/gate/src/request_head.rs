//! The head of a request, borrowed: what the gate reads of a request before its body.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Version};

use crate::host::{self, TargetAuthority};

/// The head of a request, borrowed from the server that received it.
///
/// A field that a server does not know keeps its default. The gate needs the method, the path, the
/// query and the headers. The other fields improve its responses and its log.
///
/// ```
/// use std::net::IpAddr;
/// use scopegate_gate::RequestHead;
///
/// let request = http::Request::get("/items?limit=10").header("authorization", "Bearer x").body(())?;
/// let head = RequestHead::of(&request).from_peer(Some(IpAddr::from([192, 0, 2, 1])));
/// assert_eq!((head.path(), head.query()), ("/items", "limit=10"));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a head is read by a gate"]
pub struct RequestHead<'r> {
    method: &'r Method,
    path: &'r str,
    query: &'r str,
    headers: &'r HeaderMap,
    authority: TargetAuthority<'r>,
    version: Option<Version>,
    peer: Option<IpAddr>,
    tls: Option<TlsFacts<'r>>,
}

/// The facts of the TLS connection that a request came over.
///
/// A verifier of mutual TLS reads the certificate ([RFC
/// 8705](https://www.rfc-editor.org/rfc/rfc8705)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFacts<'r> {
    /// The certificate of the client, in DER, if the client presented one and the server verified
    /// it.
    pub client_certificate: Option<&'r [u8]>,
}

impl<'r> RequestHead<'r> {
    /// Creates a head of a method, a raw path (percent-encoded, without the query) and headers.
    pub const fn new(method: &'r Method, path: &'r str, headers: &'r HeaderMap) -> Self {
        Self {
            method,
            path,
            query: "",
            headers,
            authority: TargetAuthority::Known(None),
            version: None,
            peer: None,
            tls: None,
        }
    }

    /// Creates the head of a request without a socket, such as one of a test.
    pub fn of<B>(request: &'r Request<B>) -> Self {
        Self::new(request.method(), request.uri().path(), request.headers())
            .with_query(request.uri().query().unwrap_or_default())
            .with_authority(TargetAuthority::Known(request.uri().authority()))
    }

    /// Creates the head of the parts of a request that did not come over a socket.
    pub fn of_parts(parts: &'r Parts) -> Self {
        Self::new(&parts.method, parts.uri.path(), &parts.headers)
            .with_query(parts.uri.query().unwrap_or_default())
            .with_authority(TargetAuthority::Known(parts.uri.authority()))
    }

    /// Sets the raw query, without the question mark. Default: empty.
    pub const fn with_query(mut self, query: &'r str) -> Self {
        self.query = query;
        self
    }

    /// Sets the version of HTTP of a request from a socket. Default: unknown.
    ///
    /// HTTP/1.1 must have a `Host` ([RFC 9112, section
    /// 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)). Without a version the gate does
    /// not require one.
    pub const fn from_socket(mut self, version: Option<Version>) -> Self {
        self.version = version;
        self
    }

    /// Sets the address at the other end of the connection. Default: unknown.
    ///
    /// The address appears in the span of the request and in the log of refusals. Failed logins
    /// count for it, or for the address that a trusted proxy forwards.
    pub const fn from_peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// Sets the facts of the TLS connection. Default: none.
    pub const fn over_tls(mut self, tls: TlsFacts<'r>) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets the authority in the target of the request. Default: none.
    pub const fn with_authority(mut self, authority: TargetAuthority<'r>) -> Self {
        self.authority = authority;
        self
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &'r Method {
        self.method
    }

    /// Returns the raw path.
    #[must_use]
    pub const fn path(&self) -> &'r str {
        self.path
    }

    /// Returns the raw query.
    #[must_use]
    pub const fn query(&self) -> &'r str {
        self.query
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &'r HeaderMap {
        self.headers
    }

    /// Returns the version of HTTP, if the request came from a socket.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// Returns the peer address of the connection, if it is known.
    #[must_use]
    pub const fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Returns the facts of the TLS connection, if there is one.
    #[must_use]
    pub const fn tls(&self) -> Option<TlsFacts<'r>> {
        self.tls
    }

    /// Returns whether the request has exactly one well-formed host.
    #[must_use]
    pub fn names_one_host(&self) -> bool {
        host::is_clear(self.authority, self.headers, self.version)
    }
}
