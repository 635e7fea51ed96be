//! The tutorial's `POST /token`.

mod document;

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Response, StatusCode};
use scopegate_domain::ClientId;
use scopegate_gate::store::BoxFuture;
use scopegate_gate::{BodyError, IssuedTokens, RequestHead, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use serde_json::{Value, json};

use crate::form::{self, FieldError, Fields, Login};

/// Grant types that are not in the tutorial. Their requests are answered as the RFC says. A grant
/// type that the server gains must be added.
const OTHER_GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
];

/// The token endpoint of the tutorial, around a token endpoint of the RFC, such as that of
/// `scopegate-portal`.
///
/// It translates a login into a request of [RFC 6749, section
/// 4.3.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2), and the answer back. Any client
/// logs in with a user name and a password, under the ceiling of one public client. The server
/// behind the inner endpoint offers the password grant, in the [dialect of the
/// tutorial](crate::grant_dialect).
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{ClientId, Secret};
/// use scopegate_fastapi::{TutorialTokenEndpoint, gate_dialect, grant_dialect};
/// use scopegate_gate::{Catalog, Gate, SecurityScheme};
/// use scopegate_gate::store::MemoryStore;
/// use scopegate_gate::token::{Signer, SigningKey, TokenRules};
/// use scopegate_portal::TokenEndpoint;
/// use scopegate_portal::grant::AuthorizationServer;
///
/// let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token")).build()?;
/// let key = SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned()))?;
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog.clone())
///     .password_grant(true)
///     .dialect(grant_dialect());
/// let endpoint = TokenEndpoint::new("/token", server.build());
/// let client = ClientId::parse("demo-app")?;
/// let gate = Gate::builder(catalog)
///     .dialect(gate_dialect())
///     .site(TutorialTokenEndpoint::new(endpoint, client))
///     .build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TutorialTokenEndpoint {
    inner: Box<dyn SiteEndpoint>,
    client: ClientId,
    routes: Vec<SiteRoute>,
    /// Called when a login was refused because of the client.
    on_refused_client: Option<Box<dyn Fn() + Send + Sync>>,
}

impl TutorialTokenEndpoint {
    /// Creates the endpoint at the path of the inner one. All logins use this public client.
    #[must_use]
    pub fn new(inner: impl SiteEndpoint + 'static, client: ClientId) -> Self {
        let document = |route: &SiteRoute| {
            let document = SiteDocument::new(document::operation(), document::schemas());
            route.clone().document(document)
        };
        Self {
            routes: inner.routes().iter().map(document).collect(),
            inner: Box::new(inner),
            client,
            on_refused_client: None,
        }
    }

    /// Sets what is called when a login was refused because of the client of all logins: it does
    /// not exist, needs a secret, or lacks the password grant. A login does not name it, so the
    /// refusal does not tell its user what is wrong. Default: nothing.
    ///
    /// It is called once for each such login, so it limits what it logs.
    #[must_use]
    pub fn on_refused_client(mut self, call: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_refused_client = Some(Box::new(call));
        self
    }

    /// Writes a login as a request of the RFC.
    fn translated(&self, login: &Login<'_>) -> Fields {
        let fields = [
            ("grant_type", "password"),
            ("client_id", self.client.as_str()),
            ("username", login.username),
            ("password", login.password),
            ("scope", login.scope),
        ];
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect()
    }

    async fn token(&self, request: SiteRequest<'_>) -> Response<Bytes> {
        let fields = match form::read(request.head.headers(), &request.body).await {
            Ok(fields) => fields,
            Err(error) => return detail(StatusCode::BAD_REQUEST, error.to_string()),
        };
        let is_other = |name| OTHER_GRANT_TYPES.contains(&name);
        if fields.last("grant_type").is_some_and(is_other) {
            return self.ask(request, &fields, true).await;
        }
        match fields.login() {
            Ok(login) => {
                let answered = self.ask(request, &self.translated(&login), false).await;
                if let Some(call) = self.on_refused_client.as_ref().filter(|_| refuses_client(&answered)) {
                    call();
                }
                answer(answered)
            }
            Err(errors) => {
                let errors: Vec<Value> = errors.iter().map(FieldError::to_json).collect();
                detail(StatusCode::UNPROCESSABLE_ENTITY, errors)
            }
        }
    }

    /// Sends fields to the inner endpoint. The tutorial reads no client and ignores the query, so a
    /// login has no `Authorization` header and no query.
    async fn ask(&self, request: SiteRequest<'_>, fields: &Fields, has_client: bool) -> Response<Bytes> {
        let mut headers = request.head.headers().clone();
        headers.remove(CONTENT_ENCODING);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        if !has_client {
            headers.remove(AUTHORIZATION);
        }
        let original = request.head;
        let mut head = RequestHead::new(original.method(), original.path(), &headers)
            .with_query(if has_client { original.query() } else { "" })
            .from_peer(original.peer());
        if let Some(tls) = original.tls() {
            head = head.over_tls(tls);
        }
        let mut translated: SiteRequest<'_> = request;
        translated.head = &head;
        translated.body = fields.to_urlencoded();
        self.inner.answer(translated).await
    }
}

impl SiteEndpoint for TutorialTokenEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(self.token(request))
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        let status = error.status();
        Some(detail(status, status.canonical_reason().unwrap_or_default()))
    }

    fn issued_tokens(&self) -> Option<IssuedTokens> {
        self.inner.issued_tokens()
    }
}

/// Whether the inner endpoint refused the client of all logins.
fn refuses_client(response: &Response<Bytes>) -> bool {
    if response.status().is_success() {
        return false;
    }
    let body = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
    let error = body.get("error").and_then(Value::as_str);
    matches!(error, Some("invalid_client" | "unauthorized_client"))
}

/// Translates the answer to a login: a token has two members, and a wrong password a sentence.
fn answer(response: Response<Bytes>) -> Response<Bytes> {
    let Ok(body) = serde_json::from_slice::<Value>(response.body()) else {
        return response;
    };
    match (body.get("access_token"), body.get("error").and_then(Value::as_str)) {
        (Some(token), _) => reply(
            response.status(),
            &json!({ "access_token": token, "token_type": "bearer" }),
        ),
        (None, Some("invalid_grant")) => detail(StatusCode::BAD_REQUEST, "Incorrect username or password"),
        _ => response,
    }
}

fn detail(status: StatusCode, detail: impl Into<Value>) -> Response<Bytes> {
    reply(status, &json!({ "detail": detail.into() }))
}

/// Returns a response that must not be cached.
fn reply(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

impl fmt::Debug for TutorialTokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TutorialTokenEndpoint")
            .field("client", &self.client)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
