//! The one table of refusals: what a client is told, and what the operator reads of it.
//!
//! A client reads a fixed sentence for each kind of refusal; the cause goes to the log, under the request's id. (What the
//! token endpoint refuses has its table in `endpoint/token.rs`: other codes, other bodies.)

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use scopegate_domain::ErrorCode;
use scopegate_policy::{Denial, Forbidden, InvalidTokenCause, OperationTable, ResolvedOperation, SchemeId};
use scopegate_store::StoreErrorKind;
use serde_json::{Value, json};

use crate::answer::Response;
use crate::body::Unread;
use crate::challenges::{Challenges, Realm};
use crate::invalid_input::{InputError, InvalidInput};
use crate::path;
use crate::place::Family;
use crate::refusal::{RETRY_SECONDS, Refusal, Unaccepted};
use crate::request_id::RequestLabel;
use crate::route::Refused;
use crate::{Profile, Told};

/// Writes refusals in the words of one profile.
#[derive(Clone, Debug)]
pub(crate) struct Replies {
    profile: Profile,
    realm: Realm,
}

/// Something that is our fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The caller that was let in is not the one that the handler takes.
    Caller,
    /// A handler panicked.
    Panic,
    /// A route leads to nothing.
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

/// To ask again does not help.
const OUR_FAULT: Row = row(
    StatusCode::INTERNAL_SERVER_ERROR,
    "Internal Server Error",
    "something went wrong here",
    None,
);

impl Told {
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
        Replies::new(profile, None, realm.into()).told(denial, accepted, table)
    }
}

impl Replies {
    /// Without a chosen realm, the title is its name.
    pub(crate) fn new(profile: Profile, realm: Option<String>, title: String) -> Self {
        let is_chosen = realm.is_some();
        let name = realm.unwrap_or(title);
        Self {
            profile,
            realm: Realm { name, is_chosen },
        }
    }

    /// Somebody may not go in.
    pub(crate) fn refusal(
        &self,
        refusal: &Refusal,
        operation: &ResolvedOperation,
        table: &OperationTable,
        request: &RequestLabel,
    ) -> Response {
        match refusal {
            Refusal::Ambiguous(schemes) => {
                let row = ambiguous(schemes, table);
                challenged(self.write(&row), &self.challenges(&row, table).for_ambiguous(schemes))
            }
            Refusal::Credential(cause, schemes, denial) => {
                tracing::debug!(request_id = request.id_text(), peer = request.peer(), %operation, %cause, "a credential was refused");
                let row = self.not_good(Some(*cause), schemes, denial, table);
                challenged(self.write(&row), &self.challenges(&row, table).for_bad(schemes, denial))
            }
            Refusal::Denied(denial, accepted) => {
                tracing::debug!(request_id = request.id_text(), peer = request.peer(), %operation, cause = %denial, "refused");
                let row = self.by_policy(denial, accepted, table);
                challenged(self.write(&row), &self.challenges(&row, table).of(denial, accepted))
            }
            Refusal::Store(cause) => {
                let source = std::error::Error::source(cause)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                tracing::error!(request_id = request.id_text(), peer = request.peer(), %operation, %cause, source, "users or credentials could not be asked about");
                match cause.kind() {
                    StoreErrorKind::Unavailable => self.unavailable(),
                    StoreErrorKind::Conflict | StoreErrorKind::Corrupt => self.write(&OUR_FAULT),
                }
            }
        }
    }

    /// What is said of a denial, as values.
    pub(crate) fn told(&self, denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> Told {
        let row = self.by_policy(denial, accepted, table);
        Told {
            status: row.status,
            challenges: self.challenges(&row, table).of(denial, accepted),
        }
    }

    fn by_policy(&self, denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> Row {
        match denial {
            Denial::InvalidToken { .. } => self.not_good(None, accepted, denial, table),
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

    /// A credential that is not good: the words are those of bearer tokens where it is one. The tutorial's are those of
    /// FastAPI's pages, where a class of its own refuses what it cannot read.
    fn not_good(
        &self,
        cause: Option<Unaccepted>,
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
            Some(Unaccepted::Malformed) => "Not authenticated",
            _ => "Incorrect username or password",
        };
        row(StatusCode::UNAUTHORIZED, detail, "the credential is not good", None)
    }

    /// Status and words of each denial. The match is exhaustive, so a new denial cannot be forgotten.
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

    /// The store is down: the answer is no, and to ask again.
    fn unavailable(&self) -> Response {
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

    /// What was sent is not as declared; the caller was let in.
    pub(crate) fn refused(&self, refused: &Refused, request: &RequestLabel) -> Response {
        match refused {
            Refused::Input(InputError::Invalid(fault)) => self.invalid(std::slice::from_ref(fault), request),
            Refused::Input(InputError::Several(faults)) => self.invalid(faults, request),
            Refused::Input(InputError::MediaType) => {
                let sentence = "the body must be application/json";
                tracing::debug!(
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
            Refused::Caller => self.fault(Fault::Caller, request),
        }
    }

    /// The kinds and places of the faults go to the log: their messages and names may hold what a client chose.
    fn invalid(&self, faults: &[InvalidInput], request: &RequestLabel) -> Response {
        for (kind, place) in faults.iter().map(InvalidInput::cause) {
            tracing::debug!(
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

    /// There is no whole body.
    pub(crate) fn unread(&self, cause: Unread, request: &RequestLabel) -> Response {
        let (status, sentence) = cause.told();
        tracing::debug!(
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

    /// The request does not say which host it is meant for, or names several.
    pub(crate) fn no_host(&self) -> Response {
        let sentence = "there must be one Host header, and a good one";
        self.write(&row(StatusCode::BAD_REQUEST, "Bad Request", sentence, None))
    }

    /// Our fault.
    pub(crate) fn fault(&self, fault: Fault, request: &RequestLabel) -> Response {
        tracing::error!(
            request_id = request.id_text(),
            peer = request.peer(),
            ?fault,
            "a request failed through a fault of the program"
        );
        self.write(&OUR_FAULT)
    }

    /// Nothing stands at this path.
    pub(crate) fn not_found(&self) -> Response {
        self.write(&row(StatusCode::NOT_FOUND, "Not Found", "there is nothing here", None))
    }

    /// Something stands at this path, for other methods.
    pub(crate) fn method_not_allowed(&self, allow: &HeaderValue) -> Response {
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

    /// The same path with its last slash added or taken away. Relative, so that no forged `Host` leads elsewhere.
    pub(crate) fn redirect(&self, path: &str, query: &str) -> Response {
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

    fn write(&self, row: &Row) -> Response {
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

/// [RFC 9457, section 3](https://www.rfc-editor.org/rfc/rfc9457#section-3); without a `type` it is `about:blank`.
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

fn json_body(status: StatusCode, media_type: &'static str, body: &Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Another credential gets another answer.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn challenged(mut response: Response, challenges: &[crate::Challenge]) -> Response {
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.to_header());
    }
    response
}
