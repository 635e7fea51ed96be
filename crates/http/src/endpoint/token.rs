//! `POST /token`: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).

mod docs;

use std::fmt::Display;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use scopegate_domain::{ErrorCode, Scope};
use scopegate_gate::{BodyError, RETRY_SECONDS, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{
    AuthorizationServer, ClientCredentials, FieldFault, GrantError, GrantProfile, PageError, TokenSet,
};
use serde::Serialize;
use serde_json::{Value, json};

use scopegate_store::BoxFuture;

use crate::form::{self, FormError};
use crate::{Challenge, Profile, TrustedProxies, basic};

/// The token endpoint of an authorization server.
pub(crate) struct TokenEndpoint {
    server: AuthorizationServer,
    proxies: TrustedProxies,
    routes: [SiteRoute; 1],
}

impl TokenEndpoint {
    pub(crate) fn new(path: String, server: AuthorizationServer, proxies: TrustedProxies) -> Self {
        let profile = profile(&server);
        let grant_types: Vec<_> = server.grant_types().collect();
        let route = SiteRoute::post(path).open_to_other_origins().always_traced();
        // Without a grant type the endpoint refuses every request, so the document does not offer it.
        let route = if grant_types.is_empty() {
            route
        } else {
            route.document(SiteDocument::new(
                docs::operation(profile),
                docs::schemas(profile, &grant_types),
            ))
        };
        Self {
            server,
            proxies,
            routes: [route],
        }
    }
}

impl SiteEndpoint for TokenEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            let headers = request.head.headers();
            let from = request.head.peer().map(|peer| self.proxies.client(peer, headers));
            token(&self.server, headers, &request.body, from).await
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(incomplete(&self.server, error))
    }
}

/// Answers a request to the token endpoint from this address; `body` is whole and within its limit.
async fn token(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &Bytes,
    from: Option<IpAddr>,
) -> Response<Bytes> {
    let profile = profile(server);
    let params = match form::read(headers, body, profile).await {
        Ok(params) => params,
        Err(fault) => return no_form(fault, profile),
    };
    let credentials = basic::read(headers);
    match server.token_from(&params, &credentials, from).await {
        Ok(tokens) => success(&tokens),
        Err(error) => refusal(&error, &credentials),
    }
}

/// Answers a request whose body is not complete.
fn incomplete(server: &AuthorizationServer, error: BodyError) -> Response<Bytes> {
    let (status, sentence) = (error.status(), error.sentence());
    match profile(server) {
        Profile::Rfc => by_the_rfc(status, ErrorCode::InvalidRequest, &sentence),
        Profile::Tutorial => detail(status, status.canonical_reason().unwrap_or_default()),
    }
}

/// Returns the profile of a server.
fn profile(server: &AuthorizationServer) -> Profile {
    match server.profile() {
        GrantProfile::Rfc => Profile::Rfc,
        GrantProfile::Tutorial { .. } => Profile::Tutorial,
    }
}

/// [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), in the order in which the page writes it.
#[derive(Serialize)]
struct Success<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
}

fn success(tokens: &TokenSet) -> Response<Bytes> {
    let body = Success {
        access_token: tokens.access_token().expose(),
        token_type: tokens.token_type(),
        expires_in: tokens.expires_in().map(scopegate_domain::Lifetime::as_seconds),
        scope: tokens.scope(),
    };
    reply(StatusCode::OK, &body)
}

/// The one table of refusals: what a client is told, by the RFC or in the words of the page. `credentials` are those of the
/// `Authorization` header.
fn refusal(error: &GrantError, credentials: &ClientCredentials) -> Response<Bytes> {
    let mut response = match error {
        GrantError::Page(PageError::IncorrectLogin) => detail(StatusCode::BAD_REQUEST, error.to_string()),
        GrantError::Page(PageError::Validation(faults)) => detail(
            StatusCode::UNPROCESSABLE_ENTITY,
            faults.iter().map(entry).collect::<Vec<_>>(),
        ),
        GrantError::InvalidClient(_) if tried_the_header(credentials) => {
            by_the_rfc(StatusCode::UNAUTHORIZED, error.code(), error)
        }
        GrantError::InvalidClient(_)
        | GrantError::InvalidRequest(_)
        | GrantError::InvalidGrant
        | GrantError::UnauthorizedClient
        | GrantError::GrantTypeDisabled(_)
        | GrantError::UnsupportedGrantType
        | GrantError::InvalidScope(_) => by_the_rfc(StatusCode::BAD_REQUEST, error.code(), error),
        GrantError::Throttled { .. } => by_the_rfc(StatusCode::TOO_MANY_REQUESTS, error.code(), error),
        GrantError::Busy { .. } => by_the_rfc(StatusCode::SERVICE_UNAVAILABLE, error.code(), error),
        GrantError::Unavailable(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "the token endpoint cannot answer");
            by_the_rfc(StatusCode::SERVICE_UNAVAILABLE, error.code(), error)
        }
        GrantError::Corrupt(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "the token endpoint was told nonsense by the store");
            by_the_rfc(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error)
        }
    };
    add_headers(error, response.headers_mut());
    // A 401 has a challenge and nothing else has one: at a challenge a browser opens a dialog of its own (RFC 9110, section 15.5.2).
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = Challenge::new("Basic").with("realm", "token").with("charset", "UTF-8");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge.to_header());
    }
    response
}

/// Whether the client authenticated by the `Authorization` header
/// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)). An empty pair is no attempt.
const fn tried_the_header(credentials: &ClientCredentials) -> bool {
    !matches!(credentials, ClientCredentials::Absent)
}

fn add_headers(error: &GrantError, headers: &mut HeaderMap) {
    let wait = match error {
        GrantError::Busy { retry_after } | GrantError::Throttled { retry_after } => retry_after.as_seconds(),
        GrantError::Unavailable(_) => RETRY_SECONDS,
        _ => return,
    };
    headers.insert(RETRY_AFTER, wait.into());
}

/// A body that is no form.
fn no_form(fault: FormError, profile: Profile) -> Response<Bytes> {
    match profile {
        Profile::Rfc => by_the_rfc(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, &fault),
        Profile::Tutorial => detail(StatusCode::BAD_REQUEST, fault.to_string()),
    }
}

/// [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
fn by_the_rfc(status: StatusCode, code: ErrorCode, description: &dyn Display) -> Response<Bytes> {
    reply(
        status,
        &json!({ "error": code.as_str(), "error_description": description.to_string() }),
    )
}

/// A refusal as FastAPI writes it.
fn detail(status: StatusCode, detail: impl Into<Value>) -> Response<Bytes> {
    reply(status, &json!({ "detail": detail.into() }))
}

/// One entry of FastAPI's list of validation errors.
fn entry(fault: &FieldFault) -> Value {
    match fault {
        FieldFault::Missing { field } => {
            json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null })
        }
        FieldFault::Pattern { field, pattern, input } => json!({
            "type": "string_pattern_mismatch",
            "loc": ["body", field],
            "msg": format!("String should match pattern '{pattern}'"),
            "input": input,
            "ctx": { "pattern": pattern },
        }),
    }
}

/// An answer that no cache may keep.
fn reply<T: Serialize>(status: StatusCode, body: &T) -> Response<Bytes> {
    let Ok(body) = serde_json::to_vec(body) else {
        return Response::builder()
            .status(StatusCode::INTERNAL_SERVER_ERROR)
            .body(Bytes::new())
            .unwrap_or_default();
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::header::AUTHORIZATION;
    use scopegate_domain::{
        Account, Catalog, Client, ClientId, GrantType, Lifetime, PasswordHash, ScopeToken, Secret, SecurityScheme,
        User, UserId, Username,
    };
    use scopegate_grant::{InvalidClientCause, InvalidRequestCause, InvalidScopeCause, Unavailable};
    use scopegate_store::{MemoryStore, Store, StoreError};
    use scopegate_token::{Signer, SigningKey, TokenRules};

    use super::*;

    /// bcrypt of `secret`, cost 4.
    const HASH: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";
    const FORM: &str = "application/x-www-form-urlencoded";

    async fn server(profile: Profile) -> AuthorizationServer {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let demo_app = ClientId::parse("demo-app").unwrap();
        let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
        let user = user.with_scope("me items".parse().unwrap());
        store
            .users()
            .add(Account {
                user,
                password_hash: Some(PasswordHash::from_stored(HASH)),
            })
            .await
            .unwrap();
        let client = Client::public(demo_app.clone(), "demo").with_grant_types([GrantType::Password]);
        store
            .clients()
            .add(client.with_scope("me items".parse().unwrap()))
            .await
            .unwrap();
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(ScopeToken::from_static("me"), "")
            .scope(ScopeToken::from_static("items"), "");
        let key = SigningKey::hs256(&Secret::new("k".repeat(64))).unwrap();
        let signer = Signer::new(TokenRules::tutorial(), key);
        let builder = AuthorizationServer::builder(store, signer, catalog.build().unwrap()).password_grant(true);
        match profile {
            Profile::Rfc => builder.build(),
            Profile::Tutorial => builder.profile(GrantProfile::Tutorial { client: demo_app }).build(),
        }
    }

    async fn ask(profile: Profile, content_type: &'static str, body: &'static str) -> (StatusCode, HeaderMap, Value) {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        read(
            token(
                &server(profile).await,
                &headers,
                &Bytes::from_static(body.as_bytes()),
                None,
            )
            .await,
        )
    }

    fn read(response: Response<Bytes>) -> (StatusCode, HeaderMap, Value) {
        let (head, body) = response.into_parts();
        assert_eq!(head.headers.get(CACHE_CONTROL).unwrap(), "no-store");
        assert_eq!(head.headers.get(PRAGMA).unwrap(), "no-cache");
        assert_eq!(head.headers.get(CONTENT_TYPE).unwrap(), "application/json");
        (head.status, head.headers, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_page_answers_with_two_members() {
        let (status, _, body) = ask(Profile::Tutorial, FORM, "username=johndoe&password=secret").await;
        let access_token = body.get("access_token").and_then(Value::as_str).unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, json!({ "access_token": access_token, "token_type": "bearer" }));
    }

    #[tokio::test]
    async fn the_rfc_answers_with_four_members() {
        let form = "grant_type=password&client_id=demo-app&username=johndoe&password=secret&scope=me+admin";
        let (status, _, body) = ask(Profile::Rfc, FORM, form).await;
        let access_token = body.get("access_token").and_then(Value::as_str).unwrap();
        assert_eq!(status, StatusCode::OK);
        // A part of the first second is over, and what the login took.
        let expires_in = body.get("expires_in").and_then(Value::as_u64).unwrap();
        assert!((1_700..1_800).contains(&expires_in), "{expires_in}");
        let members = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": expires_in, "scope": "me",
        });
        assert_eq!(body, members);
    }

    #[tokio::test]
    async fn the_page_refuses_in_its_words() {
        let missing =
            |field| json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null });
        let pattern = json!({
            "type": "string_pattern_mismatch",
            "loc": ["body", "grant_type"],
            "msg": "String should match pattern '^password$'",
            "input": "x",
            "ctx": { "pattern": "^password$" },
        });
        let multipart = "multipart/form-data; boundary=b";
        for (content_type, form, status, detail) in [
            (
                FORM,
                "username=johndoe&password=x",
                400,
                json!("Incorrect username or password"),
            ),
            (
                FORM,
                "grant_type=x&username=johndoe",
                422,
                json!([pattern, missing("password")]),
            ),
            (
                "application/json",
                "{}",
                422,
                json!([missing("username"), missing("password")]),
            ),
            (multipart, "username=johndoe", 400, json!("Invalid multipart data.")),
            ("multipart/form-data", "", 400, json!("Missing boundary in multipart.")),
        ] {
            let (answered, headers, body) = ask(Profile::Tutorial, content_type, form).await;
            assert_eq!(
                (answered.as_u16(), body),
                (status, json!({ "detail": detail })),
                "{form}"
            );
            assert!(!headers.contains_key(WWW_AUTHENTICATE));
        }
    }

    #[tokio::test]
    async fn the_rfc_refuses_with_a_code() {
        for (content_type, form, error) in [
            ("application/json", "{}", "invalid_request"),
            (FORM, "", "invalid_request"),
            (FORM, "grant_type=x", "unsupported_grant_type"),
            (
                FORM,
                "grant_type=password&client_id=demo-app&username=johndoe&password=x",
                "invalid_grant",
            ),
        ] {
            let (status, _, body) = ask(Profile::Rfc, content_type, form).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
            assert_eq!(body.get("error"), Some(&json!(error)), "{form}");
            assert!(body.get("error_description").is_some_and(Value::is_string));
        }
    }

    #[tokio::test]
    async fn a_body_that_is_not_whole_is_refused_as_all_else_is() {
        for (cause, status) in [
            (BodyError::Incomplete, 400),
            (BodyError::TooLarge, 413),
            (BodyError::TooSlow, 408),
        ] {
            let (answered, _, body) = read(incomplete(&server(Profile::Rfc).await, cause));
            assert_eq!(
                (answered.as_u16(), body.get("error")),
                (status, Some(&json!("invalid_request")))
            );
            let (answered, _, body) = read(incomplete(&server(Profile::Tutorial).await, cause));
            assert_eq!(answered.as_u16(), status);
            assert!(body.get("detail").is_some_and(Value::is_string), "{body}");
        }
    }

    #[tokio::test]
    async fn a_client_that_fails_to_authenticate_is_challenged() {
        let server = server(Profile::Rfc).await;
        let body = Bytes::from_static(b"grant_type=password&username=johndoe&password=secret");
        for (credentials, status) in [
            ("", 400),
            ("Basic Og==", 400),
            ("Bearer x", 401),
            ("Basic !", 401),
            ("Basic ZGVtby1hcHA6eA==", 401),
            ("Basic bm9ib2R5Og==", 401),
            ("Basic ZGVtby1hcHA6", 200),
        ] {
            let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
            if !credentials.is_empty() {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(credentials));
            }
            let (answered, headers, body) = read(token(&server, &headers, &body, None).await);
            assert_eq!(answered.as_u16(), status, "{credentials}");
            if status != 200 {
                assert_eq!(body.get("error"), Some(&json!("invalid_client")), "{credentials}");
            }
            let challenge = headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
            assert_eq!(
                challenge,
                (status == 401).then_some(r#"Basic realm="token", charset="UTF-8""#)
            );
        }
    }

    #[tokio::test]
    async fn a_client_that_the_form_names_is_refused_without_a_challenge() {
        let refused = "client is unknown, or it did not authenticate as it is registered";
        for profile in [Profile::Rfc, Profile::Tutorial] {
            // The page looks at no client, so a grant type that it does not know is asked for.
            let grant_type = match profile {
                Profile::Rfc => "password",
                Profile::Tutorial => "client_credentials",
            };
            for (client, description) in [
                ("", "`client_id` is missing"),
                ("&client_id=", "`client_id` is missing"),
                ("&client_secret=x", "`client_id` is missing"),
                ("&client_id=nobody", refused),
                ("&client_id=nobody&client_secret=x", refused),
                ("&client_id=demo-app&client_secret=x", refused),
            ] {
                let form = format!("grant_type={grant_type}&username=johndoe&password=secret{client}");
                for empty in [None, Some("Basic Og==")] {
                    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
                    headers.extend(empty.map(|empty| (AUTHORIZATION, HeaderValue::from_static(empty))));
                    let server = server(profile).await;
                    let (status, headers, body) =
                        read(token(&server, &headers, &Bytes::from(form.clone()), None).await);
                    assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
                    assert!(!headers.contains_key(WWW_AUTHENTICATE), "{form}");
                    if profile == Profile::Rfc {
                        let told = json!({ "error": "invalid_client", "error_description": description });
                        assert_eq!(body, told, "{form}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn every_refusal_has_its_status_and_shows_no_cause() {
        let outage = Unavailable::Store(StoreError::unavailable("disk /var/lib is gone"));
        let malformed = "a  b".parse::<Scope>().unwrap_err();
        for (error, status) in [
            (GrantError::InvalidRequest(InvalidRequestCause::Repeated), 400),
            (GrantError::InvalidClient(InvalidClientCause::Refused), 400),
            (GrantError::InvalidGrant, 400),
            (GrantError::UnauthorizedClient, 400),
            (GrantError::UnsupportedGrantType, 400),
            (GrantError::InvalidScope(InvalidScopeCause::Malformed(malformed)), 400),
            (
                GrantError::Busy {
                    retry_after: Lifetime::from_seconds(2),
                },
                503,
            ),
            (
                GrantError::Throttled {
                    retry_after: Lifetime::from_seconds(30),
                },
                429,
            ),
            (GrantError::Unavailable(outage), 503),
            (GrantError::Corrupt(StoreError::corrupt("disk /var/lib is odd")), 500),
        ] {
            let (answered, headers, body) = read(refusal(&error, &ClientCredentials::Absent));
            assert_eq!(answered.as_u16(), status, "{error}");
            assert_eq!(body.get("error"), Some(&json!(error.code().as_str())));
            assert!(!body.to_string().contains("disk"));
            assert_eq!(headers.contains_key(RETRY_AFTER), matches!(status, 429 | 503));
            if matches!(error, GrantError::InvalidClient(_)) {
                let refused = refusal(&error, &ClientCredentials::Malformed);
                assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
            }
            let description = body.get("error_description").and_then(Value::as_str).unwrap();
            assert!(
                description
                    .bytes()
                    .all(|byte| matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\'))
            );
        }
    }
}
