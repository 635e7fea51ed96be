//! The single table from the cause of a refusal to its status, its challenges and its body.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use scopegate_domain::ErrorCode;
use scopegate_policy::{Denial, Forbidden, InvalidTokenCause, OperationTable, ResolvedOperation, SchemeId};
use scopegate_store::StoreErrorKind;
use serde_json::{Value, json};

use crate::body_error::BodyError;
use crate::challenges::{Challenges, Realm};
use crate::credentials::place::Family;
use crate::input_error::{InputError, InvalidInput};
use crate::observe::LOG_TARGET;
use crate::observe::request_id::RequestLabel;
use crate::path;
use crate::refusal::{CredentialError, RETRY_SECONDS, Refusal};
use crate::{Profile, RefusalResponse};

/// The table of refusals of one gate: from the cause to the response.
///
/// A client reads a fixed sentence for each kind of refusal. The cause goes to the log, with the id
/// of the request.
#[derive(Clone, Debug)]
pub struct RefusalResponses {
    profile: Profile,
    realm: Realm,
}

/// A fault of the server, answered with 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFault {
    /// The permit does not match the caller that the handler takes.
    Caller,
    /// A handler panicked.
    Panic,
    /// A route leads to no handler.
    Unmounted,
}

/// One row of the table: status, the sentence of the tutorial, the sentence of the RFC profile.
struct Row {
    status: StatusCode,
    detail: &'static str,
    sentence: &'static str,
    code: Option<ErrorCode>,
}

const fn row(status: StatusCode, detail: &'static str, sentence: &'static str, code: Option<ErrorCode>) -> Row {
    Row {
        status,
        detail,
        sentence,
        code,
    }
}

/// A retry does not help.
const OUR_FAULT: Row = row(
    StatusCode::INTERNAL_SERVER_ERROR,
    "Internal Server Error",
    "something went wrong here",
    None,
);

impl RefusalResponse {
    /// Returns the response to a request whose credentials of these schemes are valid. The realm is
    /// the name of the protected area in challenges. It is the title of the application, if the
    /// application sets no other.
    #[must_use]
    pub fn of(
        denial: &Denial,
        accepted: &[SchemeId],
        table: &OperationTable,
        profile: Profile,
        realm: impl Into<String>,
    ) -> Self {
        RefusalResponses::new(profile, None, realm.into()).told(denial, accepted, table)
    }
}

impl RefusalResponses {
    /// Creates the table. The realm is the title, unless the application sets one.
    pub(crate) fn new(profile: Profile, realm: Option<String>, title: String) -> Self {
        let is_chosen = realm.is_some();
        let name = realm.unwrap_or(title);
        Self {
            profile,
            realm: Realm { name, is_chosen },
        }
    }

    /// Returns the response that refuses a request, and logs the cause.
    pub(crate) fn refusal(
        &self,
        refusal: &Refusal,
        operation: &ResolvedOperation,
        table: &OperationTable,
        request: &RequestLabel,
    ) -> Response<Bytes> {
        match refusal {
            Refusal::Ambiguous(schemes) => {
                let row = ambiguous(schemes, table);
                challenged(self.write(&row), &self.challenges(&row, table).for_ambiguous(schemes))
            }
            Refusal::Credential(cause, schemes, denial) => {
                tracing::debug!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, %cause, "credential refused");
                let row = self.invalid_credential(Some(*cause), schemes, denial, table);
                challenged(self.write(&row), &self.challenges(&row, table).for_bad(schemes, denial))
            }
            Refusal::Denied(denial, accepted) => {
                tracing::debug!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, cause = %denial, "refused");
                let row = self.by_policy(denial, accepted, table);
                challenged(self.write(&row), &self.challenges(&row, table).of(denial, accepted))
            }
            Refusal::Store(cause) => {
                let source = std::error::Error::source(cause)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                tracing::error!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, %cause, source, "cannot look up users or verify credentials");
                match cause.kind() {
                    StoreErrorKind::Unavailable => self.unavailable(),
                    StoreErrorKind::Conflict | StoreErrorKind::Corrupt => self.write(&OUR_FAULT),
                }
            }
        }
    }

    /// Returns status and challenges of a denial.
    pub(crate) fn told(&self, denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> RefusalResponse {
        let row = self.by_policy(denial, accepted, table);
        RefusalResponse {
            status: row.status,
            challenges: self.challenges(&row, table).of(denial, accepted),
        }
    }

    fn by_policy(&self, denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> Row {
        match denial {
            Denial::InvalidToken { .. } => self.invalid_credential(None, accepted, denial, table),
            _ => self.denied(denial),
        }
    }

    const fn challenges<'a>(&'a self, row: &Row, table: &'a OperationTable) -> Challenges<'a> {
        Challenges {
            profile: self.profile,
            realm: &self.realm,
            table,
            code: row.code,
            sentence: row.sentence,
        }
    }

    /// Returns the row of an invalid credential. Bearer tokens have sentences of their own.
    fn invalid_credential(
        &self,
        cause: Option<CredentialError>,
        schemes: &[SchemeId],
        denial: &Denial,
        table: &OperationTable,
    ) -> Row {
        let families: Vec<Family> = families(schemes, table).collect();
        if families.is_empty() || families.contains(&Family::Bearer) {
            return self.denied(denial);
        }
        let detail = match cause {
            _ if !families.contains(&Family::Basic) => "Could not validate credentials",
            Some(CredentialError::Malformed) => "Not authenticated",
            _ => "Incorrect username or password",
        };
        row(StatusCode::UNAUTHORIZED, detail, "the credential is not good", None)
    }

    /// Returns the row of a denial. The match is exhaustive, so a new denial needs a row.
    fn denied(&self, denial: &Denial) -> Row {
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
        let by_profile = |rfc, tutorial| match self.profile {
            Profile::Rfc => rfc,
            Profile::Tutorial => tutorial,
        };
        match denial {
            Denial::Unauthenticated { .. } => row(UNAUTHORIZED, "Not authenticated", "a credential is needed", None),
            Denial::InvalidToken { cause, .. } => {
                let sentence = match cause {
                    InvalidTokenCause::Binding(_) => "the access token is bound to another sender",
                    InvalidTokenCause::Audience | InvalidTokenCause::Credential | InvalidTokenCause::UnknownSubject => {
                        "the access token is expired, revoked, malformed or not meant for here"
                    }
                };
                row(
                    UNAUTHORIZED,
                    "Could not validate credentials",
                    sentence,
                    Some(ErrorCode::InvalidToken),
                )
            }
            Denial::StepUp { .. } => {
                let code = ErrorCode::InsufficientUserAuthentication;
                row(
                    UNAUTHORIZED,
                    "Not authenticated strongly enough",
                    "a newer or stronger login is needed",
                    Some(code),
                )
            }
            Denial::InsufficientScope { .. } => {
                let (status, code) = (by_profile(FORBIDDEN, UNAUTHORIZED), ErrorCode::InsufficientScope);
                row(
                    status,
                    "Not enough permissions",
                    "the access token does not allow this",
                    Some(code),
                )
            }
            Denial::Forbidden {
                reason: Forbidden::Inactive,
                ..
            } => row(
                by_profile(FORBIDDEN, StatusCode::BAD_REQUEST),
                "Inactive user",
                "the user may not act",
                None,
            ),
            Denial::Forbidden {
                reason: Forbidden::Check { .. } | Forbidden::Deny | Forbidden::Subject,
                ..
            } => row(FORBIDDEN, "Forbidden", "this is not allowed", None),
        }
    }

    /// Returns the response while a store or a verifier does not answer: 503 with `Retry-After`.
    fn unavailable(&self) -> Response<Bytes> {
        let code = Some(ErrorCode::TemporarilyUnavailable);
        let row = row(
            StatusCode::SERVICE_UNAVAILABLE,
            "Service Unavailable",
            "the server cannot answer at present",
            code,
        );
        let mut response = self.write(&row);
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS.into());
        response
    }

    /// Returns the response to an authorized request whose input is not as declared, and logs the
    /// cause.
    #[must_use]
    pub fn input_error(&self, error: &InputError, request: &RequestLabel) -> Response<Bytes> {
        match error {
            InputError::Invalid(fault) => self.invalid(std::slice::from_ref(fault), request),
            InputError::Several(faults) => self.invalid(faults, request),
            InputError::MediaType => {
                let sentence = "the body must be application/json";
                tracing::debug!(target: LOG_TARGET,
                    request_id = request.id_text(),
                    peer = request.peer(),
                    cause = sentence,
                    "an input was refused"
                );
                self.write(&row(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "Unsupported Media Type",
                    sentence,
                    None,
                ))
            }
        }
    }

    /// Logs the kinds and places of the faults alone, because a client chooses their messages and
    /// names.
    fn invalid(&self, faults: &[InvalidInput], request: &RequestLabel) -> Response<Bytes> {
        for (kind, place) in faults.iter().map(InvalidInput::cause) {
            tracing::debug!(target: LOG_TARGET,
                request_id = request.id_text(),
                peer = request.peer(),
                cause = kind,
                place,
                "an input was refused"
            );
        }
        let faults: Value = faults.iter().map(InvalidInput::to_json).collect();
        match self.profile {
            Profile::Tutorial => json_body(
                StatusCode::UNPROCESSABLE_ENTITY,
                "application/json",
                &json!({ "detail": faults }),
            ),
            Profile::Rfc => {
                let mut problem = problem(StatusCode::BAD_REQUEST, "the request is not as declared");
                problem.insert("errors".to_owned(), faults);
                json_body(StatusCode::BAD_REQUEST, PROBLEM, &problem.into())
            }
        }
    }

    /// Returns the response to a request whose body is not complete, and logs the cause.
    #[must_use]
    pub fn body_error(&self, error: BodyError, request: &RequestLabel) -> Response<Bytes> {
        let (status, sentence) = (error.status(), error.sentence());
        tracing::debug!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            cause = sentence,
            "a body was refused"
        );
        self.write(&row(
            status,
            status.canonical_reason().unwrap_or_default(),
            sentence,
            None,
        ))
    }

    /// Returns the response to a request that names no host, several, or a malformed one.
    pub(crate) fn invalid_host(&self) -> Response<Bytes> {
        let sentence = "there must be one Host header, and a good one";
        self.write(&row(StatusCode::BAD_REQUEST, "Bad Request", sentence, None))
    }

    /// Returns the response to a request that a fault of the server ends, and logs the fault.
    #[must_use]
    pub fn fault(&self, fault: ServerFault, request: &RequestLabel) -> Response<Bytes> {
        tracing::error!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            ?fault,
            "a request failed through a fault of the program"
        );
        self.write(&OUR_FAULT)
    }

    /// Returns the response to a request for a path without a target.
    #[must_use]
    pub fn not_found(&self) -> Response<Bytes> {
        self.write(&row(StatusCode::NOT_FOUND, "Not Found", "there is nothing here", None))
    }

    /// Returns the response to a method that the path does not have; `allow` lists the others.
    #[must_use]
    pub fn method_not_allowed(&self, allow: &HeaderValue) -> Response<Bytes> {
        let sentence = "this method is not allowed here";
        let mut response = self.write(&row(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method Not Allowed",
            sentence,
            None,
        ));
        response.headers_mut().insert(ALLOW, allow.clone());
        response
    }

    /// Returns a redirect to an encoded path of the same host, with this raw query.
    ///
    /// The location is relative, so that no forged `Host` leads elsewhere.
    #[must_use]
    pub fn redirect(&self, path: &str, query: &str) -> Response<Bytes> {
        let location = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", path::encode_query(query))
        };
        let Ok(location) = HeaderValue::try_from(location) else {
            return self.not_found();
        };
        let mut response = Response::default();
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
        response
    }

    fn write(&self, row: &Row) -> Response<Bytes> {
        match self.profile {
            Profile::Tutorial => json_body(row.status, "application/json", &json!({ "detail": row.detail })),
            Profile::Rfc => {
                let mut problem = problem(row.status, row.sentence);
                if let Some(code) = row.code {
                    problem.insert("error".to_owned(), code.as_str().into());
                }
                json_body(row.status, PROBLEM, &problem.into())
            }
        }
    }
}

fn ambiguous(schemes: &[SchemeId], table: &OperationTable) -> Row {
    let is_key = families(schemes, table).any(|family| family == Family::ApiKey);
    let sentence = if is_key {
        "an API key is there more than once"
    } else {
        "there is more than one Authorization header"
    };
    row(
        StatusCode::BAD_REQUEST,
        "Bad Request",
        sentence,
        Some(ErrorCode::InvalidRequest),
    )
}

fn families<'t>(schemes: &'t [SchemeId], table: &'t OperationTable) -> impl Iterator<Item = Family> + 't {
    let catalog = table.catalog().schemes();
    let declared = schemes.iter().filter_map(|id| catalog.get(id.index()));
    declared.map(|declared| Family::of(declared.scheme()))
}

const PROBLEM: &str = "application/problem+json";

/// [RFC 9457, section 3](https://www.rfc-editor.org/rfc/rfc9457#section-3); without a `type` it is
/// `about:blank`.
fn problem(status: StatusCode, sentence: &str) -> serde_json::Map<String, Value> {
    let title = status.canonical_reason().unwrap_or_default();
    let members = [
        ("title", json!(title)),
        ("status", json!(status.as_u16())),
        ("detail", json!(sentence)),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn json_body(status: StatusCode, media_type: &'static str, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Another credential gets another response.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn challenged(mut response: Response<Bytes>, challenges: &[crate::Challenge]) -> Response<Bytes> {
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.to_header());
    }
    response
}
