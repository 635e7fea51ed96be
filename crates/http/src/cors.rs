//! The settings of cross-origin resource sharing (CORS): which origins may read responses.
//!
//! The protocol is that of the [Fetch standard](https://fetch.spec.whatwg.org/#http-cors-protocol).

mod answering;
mod origin;

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE,
    ORIGIN, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use scopegate_domain::{ApiKeyLocation, Catalog, SecurityScheme};

use self::origin::Origin;
pub use self::origin::{InvalidOrigin, WrongOrigin};
use crate::response_body::Response;

/// The default time for which a browser may cache a preflight response.
const MAX_AGE: Duration = Duration::from_mins(10);

/// The origins whose scripts may read the gate's responses, for
/// [`GateBuilder::cors`](crate::GateBuilder::cors).
///
/// Operations, the token endpoint, the public keys and the OpenAPI document are open to the
/// configured origins, with all their refusals; pages are not. A preflight is answered for every
/// existing path, before any credential is read, with the methods of that path. Requests of other
/// origins get the usual responses, without a header that would let a script read them.
///
/// No response allows credentials that a browser adds by itself
/// (`Access-Control-Allow-Credentials`); a script sends its token in a header. So a page that a
/// user only visits cannot act for that user.
///
/// ```
/// use scopegate_http::cors::Cors;
///
/// let cors = Cors::origins(["https://app.example", "http://localhost:3000"])?;
/// # let _ = cors;
/// assert!(Cors::origins(["null"]).is_err());
/// assert!(Cors::origins(["https://app.example/"]).is_err());
/// # Ok::<(), scopegate_http::cors::WrongOrigin>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "origins are allowed by `GateBuilder::cors`"]
pub struct Cors {
    origins: Origins,
    max_age: Duration,
    request_headers: Vec<HeaderName>,
    exposed: Vec<HeaderName>,
}

#[derive(Clone, Debug)]
enum Origins {
    Any,
    These(BTreeSet<Origin>),
}

impl Cors {
    /// Allows any page to read the responses; the caller still needs a credential.
    pub const fn any() -> Self {
        Self::of(Origins::Any)
    }

    /// Allows pages of these origins: `https://app.example`, `http://localhost:3000`. An origin is
    /// compared as a whole, byte for byte.
    ///
    /// # Errors
    ///
    /// [`WrongOrigin`] names the first origin that no browser would send, or that is `null`. Every
    /// sandboxed page sends `null`, regardless of its owner.
    pub fn origins<O: AsRef<str>>(origins: impl IntoIterator<Item = O>) -> Result<Self, WrongOrigin> {
        let origins = origins.into_iter().map(|text| Origin::parse(text.as_ref()));
        Ok(Self::of(Origins::These(origins.collect::<Result<_, _>>()?)))
    }

    /// Sets how long a browser may keep the answer to a preflight. Default: 10 minutes.
    pub const fn max_age(mut self, time: Duration) -> Self {
        self.max_age = time;
        self
    }

    /// Allows scripts to send this header, in addition to `authorization`, `content-type` and the
    /// headers of declared API keys.
    pub fn request_header(mut self, name: HeaderName) -> Self {
        self.request_headers.push(name);
        self
    }

    /// Allows scripts to read this header, in addition to `www-authenticate`, `retry-after` and
    /// `x-request-id`.
    pub fn expose(mut self, name: HeaderName) -> Self {
        self.exposed.push(name);
        self
    }

    const fn of(origins: Origins) -> Self {
        Self {
            origins,
            max_age: MAX_AGE,
            request_headers: Vec::new(),
            exposed: Vec::new(),
        }
    }
}

/// The headers of answers, written once.
#[derive(Debug)]
pub(crate) struct CorsHeaders {
    origins: Origins,
    max_age: HeaderValue,
    request_headers: HeaderValue,
    exposed: HeaderValue,
}

impl CorsHeaders {
    pub(crate) fn new(cors: Cors, catalog: &Catalog) -> Self {
        let Cors {
            origins,
            max_age,
            request_headers,
            exposed,
        } = cors;
        let keys = catalog.schemes().iter().filter_map(|declared| match declared.scheme() {
            SecurityScheme::ApiKey {
                location: ApiKeyLocation::Header,
                name,
            } => name.parse().ok(),
            _ => None,
        });
        let sent = [AUTHORIZATION, CONTENT_TYPE]
            .into_iter()
            .chain(keys)
            .chain(request_headers);
        let read = [WWW_AUTHENTICATE, RETRY_AFTER, scopegate_gate::REQUEST_ID]
            .into_iter()
            .chain(exposed);
        Self {
            origins,
            max_age: max_age.as_secs().into(),
            request_headers: list(sent),
            exposed: list(read),
        }
    }

    /// Allows a script to read a response, if its page is of a configured origin.
    fn mark(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if matches!(self.origins, Origins::These(_)) {
            // Also without `Origin`: a cache must not return such a response to a script that may
            // read another.
            response.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = self.allowed(request) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        }
    }

    /// Whether the request is a preflight for a page of a configured origin.
    fn is_preflight(&self, request: &HeaderMap) -> bool {
        request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) && self.allowed(request).is_some()
    }

    /// Answers a preflight, without the headers for the origin. Other members of the preflight do
    /// not matter: the browser compares them.
    fn preflight(&self, methods: &[&str]) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if let Ok(methods) = HeaderValue::try_from(methods.join(", ")) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.request_headers.clone());
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        response
    }

    /// Returns the value of `Access-Control-Allow-Origin`; `None` for a foreign origin, for `null`,
    /// and without an origin.
    pub(crate) fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let mut sent = request.get_all(ORIGIN).iter();
        let (Some(origin), None) = (sent.next(), sent.next()) else {
            return None;
        };
        match &self.origins {
            Origins::Any => Some(HeaderValue::from_static("*")),
            Origins::These(origins) => origins.contains(origin.to_str().ok()?).then(|| origin.clone()),
        }
    }
}

fn list(names: impl Iterator<Item = HeaderName>) -> HeaderValue {
    let mut list: Vec<HeaderName> = Vec::new();
    for name in names {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    let text = list.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(", ");
    // Names of headers are values of headers.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("authorization, content-type"))
}
