//! The single table from the cause of a refusal to its status, its challenges and its body.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use scopegate_domain::ErrorCode;
use scopegate_policy::{Denial, Forbidden, InvalidTokenCause, OperationTable, ResolvedOperation, SchemeId};
use scopegate_store::StoreErrorKind;

use crate::RefusalResponse;
use crate::body_error::BodyError;
use crate::challenges::{Challenges, Realm};
use crate::credentials::place::Family;
use crate::dialect::{Dialect, RefusalBody, RefusalContext, RefusalKind};
use crate::input_error::{InputError, InvalidInput};
use crate::observe::LOG_TARGET;
use crate::observe::request_id::RequestLabel;
use crate::path;
use crate::refusal::{CredentialError, RETRY_SECONDS, Refusal};

/// The table of refusals of one gate: from the cause to the response.
///
/// A client reads a fixed sentence for each kind of refusal. The cause goes to the log, with the id
/// of the request.
#[derive(Clone, Debug)]
pub struct RefusalResponses {
    dialect: Dialect,
    realm: Realm,
}

/// A fault of the server, answered with 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFault {
    /// The permit does not match the caller that the handler takes.
    Caller,
    /// The value of an argument is not there.
    Input,
    /// A handler panicked.
    Panic,
    /// A route leads to no handler.
    Unmounted,
}

/// One row of the table; the status is that of the RFCs.
struct Row {
    kind: RefusalKind,
    status: StatusCode,
    sentence: &'static str,
    code: Option<ErrorCode>,
}

const fn row(kind: RefusalKind, status: StatusCode, sentence: &'static str, code: Option<ErrorCode>) -> Row {
    Row {
        kind,
        status,
        sentence,
        code,
    }
}

/// A row of a refusal that has nothing to do with access.
const fn other(status: StatusCode, sentence: &'static str) -> Row {
    row(RefusalKind::Other, status, sentence, None)
}

/// A retry does not help.
const OUR_FAULT: Row = other(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here");

impl RefusalResponse {
    /// Returns the response to a request whose credentials of these schemes are valid. The realm is
    /// the name of the protected area in challenges. It is the title of the application, if the
    /// application sets no other.
    #[must_use]
    pub fn of(
        denial: &Denial,
        accepted: &[SchemeId],
        table: &OperationTable,
        dialect: Dialect,
        realm: impl Into<String>,
    ) -> Self {
        RefusalResponses::new(dialect, None, realm.into()).told(denial, accepted, table)
    }
}

impl RefusalResponses {
    /// Creates the table. The realm is the title, unless the application sets one.
    pub(crate) fn new(dialect: Dialect, realm: Option<String>, title: String) -> Self {
        let is_default = realm.is_none();
        let name = realm.unwrap_or(title);
        Self {
            dialect,
            realm: Realm { name, is_default },
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
                let row = Self::invalid_credential(Some(*cause), schemes, denial, table);
                challenged(self.write(&row), &self.challenges(&row, table).for_bad(schemes, denial))
            }
            Refusal::Denied(denial, accepted) => {
                tracing::debug!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, cause = %denial, "refused");
                let row = Self::by_policy(denial, accepted, table);
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
        let row = Self::by_policy(denial, accepted, table);
        RefusalResponse {
            status: self.dialect.status_of(row.kind, row.status),
            challenges: self.challenges(&row, table).of(denial, accepted),
        }
    }

    fn by_policy(denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> Row {
        match denial {
            Denial::InvalidToken { .. } => Self::invalid_credential(None, accepted, denial, table),
            _ => Self::denied(denial),
        }
    }

    const fn challenges<'a>(&'a self, row: &Row, table: &'a OperationTable) -> Challenges<'a> {
        Challenges {
            dialect: &self.dialect,
            realm: &self.realm,
            table,
            code: row.code,
            sentence: row.sentence,
        }
    }

    /// Returns the row of an invalid credential. Bearer tokens have sentences of their own.
    fn invalid_credential(
        cause: Option<CredentialError>,
        schemes: &[SchemeId],
        denial: &Denial,
        table: &OperationTable,
    ) -> Row {
        let families: Vec<Family> = families(schemes, table).collect();
        if families.is_empty() || families.contains(&Family::Bearer) {
            return Self::denied(denial);
        }
        let kind = match cause {
            _ if !families.contains(&Family::Basic) => RefusalKind::InvalidCredential,
            Some(CredentialError::Malformed) => RefusalKind::MalformedBasic,
            _ => RefusalKind::InvalidBasic,
        };
        row(kind, StatusCode::UNAUTHORIZED, "the credential is not good", None)
    }

    /// Returns the row of a denial. The match is exhaustive, so a new denial needs a row.
    fn denied(denial: &Denial) -> Row {
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
        match denial {
            Denial::Unauthenticated { .. } => row(
                RefusalKind::Unauthenticated,
                UNAUTHORIZED,
                "a credential is needed",
                None,
            ),
            Denial::InvalidToken { cause, .. } => {
                let sentence = match cause {
                    InvalidTokenCause::Binding(_) => "the access token is bound to another sender",
                    InvalidTokenCause::Audience | InvalidTokenCause::Credential | InvalidTokenCause::UnknownSubject => {
                        "the access token is expired, revoked, malformed or not meant for here"
                    }
                };
                let code = Some(ErrorCode::InvalidToken);
                row(RefusalKind::InvalidToken, UNAUTHORIZED, sentence, code)
            }
            Denial::StepUp { .. } => row(
                RefusalKind::StepUp,
                UNAUTHORIZED,
                "a newer or stronger login is needed",
                Some(ErrorCode::InsufficientUserAuthentication),
            ),
            Denial::InsufficientScope { .. } => row(
                RefusalKind::InsufficientScope,
                FORBIDDEN,
                "the access token does not allow this",
                Some(ErrorCode::InsufficientScope),
            ),
            Denial::Forbidden {
                reason: Forbidden::Inactive,
                ..
            } => row(RefusalKind::InactiveUser, FORBIDDEN, "the user may not act", None),
            Denial::Forbidden {
                reason: Forbidden::Check { .. } | Forbidden::Deny | Forbidden::Subject,
                ..
            } => row(RefusalKind::Forbidden, FORBIDDEN, "this is not allowed", None),
        }
    }

    /// Returns the response while a store or a verifier does not answer: 503 with `Retry-After`.
    fn unavailable(&self) -> Response<Bytes> {
        let code = Some(ErrorCode::TemporarilyUnavailable);
        let row = row(
            RefusalKind::Other,
            StatusCode::SERVICE_UNAVAILABLE,
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
            InputError::Unavailable => self.fault(ServerFault::Input, request),
            InputError::MediaType(sentence) => {
                tracing::debug!(target: LOG_TARGET,
                    request_id = request.id_text(),
                    peer = request.peer(),
                    cause = *sentence,
                    "an input was refused"
                );
                self.write(&other(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence))
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
        let row = row(
            RefusalKind::InvalidInput,
            StatusCode::BAD_REQUEST,
            "the request is not as declared",
            None,
        );
        self.write_with(&row, faults)
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
        self.write(&other(status, sentence))
    }

    /// Returns the response to a request that names no host, several, or a malformed one.
    pub(crate) fn invalid_host(&self) -> Response<Bytes> {
        let sentence = "there must be one Host header, and a good one";
        self.write(&other(StatusCode::BAD_REQUEST, sentence))
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

    /// Returns the response to a request for a resource that the caller may not have.
    #[must_use]
    pub fn forbidden(&self) -> Response<Bytes> {
        let row = row(
            RefusalKind::Forbidden,
            StatusCode::FORBIDDEN,
            "this is not allowed",
            None,
        );
        self.write(&row)
    }

    /// Returns the response to a request for a path without a target.
    #[must_use]
    pub fn not_found(&self) -> Response<Bytes> {
        self.write(&other(StatusCode::NOT_FOUND, "there is nothing here"))
    }

    /// Returns the response to a method that the path does not have; `allow` lists the others.
    #[must_use]
    pub fn method_not_allowed(&self, allow: &HeaderValue) -> Response<Bytes> {
        let sentence = "this method is not allowed here";
        let mut response = self.write(&other(StatusCode::METHOD_NOT_ALLOWED, sentence));
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
        self.write_with(row, &[])
    }

    fn write_with(&self, row: &Row, inputs: &[InvalidInput]) -> Response<Bytes> {
        let status = self.dialect.status_of(row.kind, row.status);
        let context = RefusalContext {
            kind: row.kind,
            status,
            sentence: row.sentence,
            code: row.code,
            inputs,
        };
        json_response(status, &(self.dialect.body)(&context))
    }
}

fn ambiguous(schemes: &[SchemeId], table: &OperationTable) -> Row {
    let is_key = families(schemes, table).any(|family| family == Family::ApiKey);
    let sentence = if is_key {
        "an API key is there more than once"
    } else {
        "there is more than one Authorization header"
    };
    let code = Some(ErrorCode::InvalidRequest);
    row(RefusalKind::Other, StatusCode::BAD_REQUEST, sentence, code)
}

fn families<'t>(schemes: &'t [SchemeId], table: &'t OperationTable) -> impl Iterator<Item = Family> + 't {
    let catalog = table.catalog().schemes();
    let declared = schemes.iter().filter_map(|id| catalog.get(id.index()));
    declared.map(|declared| Family::of(declared.scheme()))
}

fn json_response(status: StatusCode, body: &RefusalBody) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.json.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(body.media_type);
    headers.insert(
        CONTENT_TYPE,
        media_type.unwrap_or(HeaderValue::from_static("application/json")),
    );
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
