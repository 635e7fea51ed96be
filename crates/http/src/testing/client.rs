//! A client that sends requests to a gate without a socket.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::gate::Gate;

/// Sends requests through a gate without a socket: routing, guards, inputs and handlers run as in
/// production.
///
/// ```
/// use scopegate_http::testing::TestClient;
/// use scopegate_http::{Catalog, Gate, Json, get};
///
/// # #[scopegate_http::tokio::main(crate = "scopegate_http::tokio", flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gate = Gate::builder(Catalog::builder().build()?)
///     .operation(get("/status").public().then(|| async { Json("up") }))
///     .build()?;
/// let response = TestClient::new(gate).get("/status").send().await;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.json::<String>(), "up");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestClient {
    gate: Gate,
    peer: Option<IpAddr>,
}

impl TestClient {
    /// Creates a client of this gate, or of a test gate that
    /// [`TestGate::gate`](crate::testing::TestGate::gate) builds.
    #[must_use]
    pub const fn new(gate: Gate) -> Self {
        Self { gate, peer: None }
    }

    /// Sets the peer address of the requests. Default: unknown.
    #[must_use]
    pub const fn from_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Begins a `DELETE` request.
    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// Begins a `GET` request.
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// Begins a `PATCH` request.
    pub fn patch(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PATCH, path)
    }

    /// Begins a `POST` request.
    pub fn post(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// Begins a `PUT` request.
    pub fn put(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PUT, path)
    }

    /// Begins a request. The path may have a query.
    ///
    /// # Panics
    ///
    /// If the path is not the target of a request.
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        let request = Request::builder().method(method).uri(path).body(Bytes::new());
        TestRequest {
            client: self,
            request: checked(request, &format_args!("path `{path}`")),
        }
    }
}

/// A request that a test describes.
#[derive(Debug)]
#[must_use = "a request is sent by `send`"]
pub struct TestRequest<'c> {
    client: &'c TestClient,
    request: Request<Bytes>,
}

impl TestRequest<'_> {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// If name or value cannot be in a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = checked(
            HeaderName::from_bytes(name.as_bytes()),
            &format_args!("header `{name}`"),
        );
        // The value may be a secret.
        let value = checked(
            HeaderValue::from_str(value),
            &format_args!("the value of header `{name}`"),
        );
        self.request.headers_mut().append(name, value);
        self
    }

    /// Adds a bearer token.
    ///
    /// # Panics
    ///
    /// If the token cannot be in a header.
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Sets the body and its media type.
    ///
    /// # Panics
    ///
    /// If the media type cannot be in a header.
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = body.into();
        self.request.headers_mut().remove(CONTENT_TYPE);
        self.header(CONTENT_TYPE.as_str(), media_type)
    }

    /// Sets a body of JSON.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = checked(serde_json::to_vec(value), &"the body as JSON");
        self.body("application/json", body)
    }

    /// Sets a body of `application/x-www-form-urlencoded`.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sends the request.
    pub async fn send(self) -> TestResponse {
        let service = self.client.gate.service();
        let service = match self.client.peer {
            Some(peer) => service.from_peer(peer),
            None => service,
        };
        let response: Result<_, Infallible> = service.call(self.request.map(Full::new)).await;
        let Ok(response) = response;
        let (parts, body) = response.into_parts();
        let body = checked(body.collect().await, &"the body of the response").to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// The response to the request of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the first header of this name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Returns the body as text. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body, read as JSON.
    ///
    /// # Panics
    ///
    /// If the body is not the JSON of a `T`. The message contains status and body.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        let value = serde_json::from_slice(&self.body);
        checked(
            value,
            &format_args!("the JSON of response {} `{}`", self.status, self.text()),
        )
    }
}

/// Returns the value.
///
/// # Panics
///
/// If there is none, with what was expected. A test ends so.
#[expect(clippy::panic, reason = "a test of an application ends with the reason")]
#[track_caller]
fn checked<T, E: Display>(result: Result<T, E>, what: &dyn Display) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => panic!("{what} is not valid: {fault}"),
    }
}
