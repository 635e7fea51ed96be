//! The single table from the cause of a refusal to its status, its challenges and its body.

mod inputs;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use scopegate_domain::ErrorCode;
use scopegate_policy::{
    Denial, Forbidden, InvalidTokenCause, OperationTable, ResolvedOperation, SchemeId, UnmetRequirement,
};
use scopegate_store::StoreErrorKind;

use crate::RefusalResponse;
use crate::body_error::BodyError;
use crate::challenges::{Challenges, Realm};
use crate::credentials::place::Family;
use crate::dialect::Dialect;
use crate::input_error::InvalidInput;
use crate::observe::LOG_TARGET;
use crate::observe::request_id::RequestLabel;
use crate::path;
use crate::refusal::{CredentialError, RETRY_SECONDS, Refusal};
use crate::refusal_context::RefusalContext;
use crate::refusal_format::{RefusalFormat, RefusalSchema};
use crate::refusal_kind::RefusalKind;
use crate::refusal_writer::RefusalWriter;

/// The table of refusals of one gate: from the cause to the response.
///
/// A client reads a fixed sentence for each kind of refusal. The cause goes to the log, with the id
/// of the request.
#[derive(Clone, Debug)]
pub struct RefusalResponses {
    dialect: Dialect,
    pub(crate) writer: RefusalWriter,
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

/// One row of the table.
pub(crate) struct Row {
    kind: RefusalKind,
    sentence: &'static str,
    code: Option<ErrorCode>,
}

const fn row(kind: RefusalKind, sentence: &'static str, code: Option<ErrorCode>) -> Row {
    Row { kind, sentence, code }
}

/// A retry does not help.
pub(crate) const OUR_FAULT: Row = row(RefusalKind::ServerFault, "something went wrong here", None);

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
        let realm = Realm::new(None, realm.into(), None);
        RefusalResponses::new(dialect, Arc::new(dialect.refusals), realm).told(denial, accepted, table)
    }
}

impl RefusalResponses {
    /// Creates the table.
    pub(crate) fn new(dialect: Dialect, format: Arc<dyn RefusalFormat>, realm: Realm) -> Self {
        Self {
            dialect,
            writer: RefusalWriter::new(format),
            realm,
        }
    }

    /// Returns the description of the body of refusals.
    pub const fn schema(&self) -> &RefusalSchema {
        self.writer.schema()
    }

    /// Returns the status of a kind of refusals. It is an error with every format.
    #[must_use]
    pub fn status_of(&self, kind: RefusalKind) -> StatusCode {
        self.writer.status_of(kind)
    }

    /// Returns the description of a kind of refusals in the OpenAPI document. `None` if the
    /// document does not show this kind.
    #[must_use]
    pub fn description(&self, kind: RefusalKind) -> Option<&str> {
        self.writer.description(kind)
    }

    /// Returns the response that refuses a request, and logs the cause.
    pub(crate) fn refusal(
        &self,
        refusal: &Refusal,
        operation: &ResolvedOperation,
        table: &OperationTable,
        request: &RequestLabel<'_>,
    ) -> Response<Bytes> {
        match refusal {
            Refusal::Ambiguous(schemes) => {
                let row = ambiguous(schemes, table);
                challenged(
                    self.write(&row, request),
                    &self.challenges(&row, table).for_ambiguous(schemes),
                )
            }
            Refusal::Credential(cause, schemes, denial) => {
                tracing::debug!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, %cause, "credential refused");
                let row = Self::invalid_credential(Some(*cause), schemes, denial, table);
                let response = self.write_denial(&row, denial, request);
                challenged(response, &self.challenges(&row, table).for_bad(schemes, denial))
            }
            Refusal::Denied(denial, accepted) => {
                tracing::debug!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, cause = %denial, "refused");
                let row = Self::by_policy(denial, accepted, table);
                let response = self.write_denial(&row, denial, request);
                challenged(response, &self.challenges(&row, table).of(denial, accepted))
            }
            Refusal::Store(cause) => {
                let source = std::error::Error::source(cause)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                tracing::error!(target: LOG_TARGET, request_id = request.id_text(), peer = request.peer(), %operation, %cause, source, "cannot look up users or verify credentials");
                match cause.kind() {
                    StoreErrorKind::Unavailable => self.unavailable(request),
                    StoreErrorKind::Conflict | StoreErrorKind::Corrupt | StoreErrorKind::Invalid => {
                        self.write(&OUR_FAULT, request)
                    }
                }
            }
        }
    }

    /// Returns status and challenges of a denial.
    pub(crate) fn told(&self, denial: &Denial, accepted: &[SchemeId], table: &OperationTable) -> RefusalResponse {
        let row = Self::by_policy(denial, accepted, table);
        RefusalResponse {
            status: self.status_of(row.kind),
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
        row(kind, "the credential is not good", None)
    }

    /// Returns the row of a denial. The match is exhaustive, so a new denial needs a row.
    fn denied(denial: &Denial) -> Row {
        match denial {
            Denial::Unauthenticated { .. } => row(RefusalKind::Unauthenticated, "a credential is needed", None),
            Denial::InvalidToken { cause, .. } => {
                let sentence = match cause {
                    InvalidTokenCause::Binding(_) => "the access token is bound to another sender",
                    InvalidTokenCause::Audience | InvalidTokenCause::Credential | InvalidTokenCause::UnknownSubject => {
                        "the access token is expired, revoked, malformed or not meant for here"
                    }
                };
                row(RefusalKind::InvalidToken, sentence, Some(ErrorCode::InvalidToken))
            }
            Denial::StepUp { .. } => row(
                RefusalKind::StepUp,
                "a newer or stronger login is needed",
                Some(ErrorCode::InsufficientUserAuthentication),
            ),
            Denial::InsufficientScope { .. } => row(
                RefusalKind::InsufficientScope,
                "the access token does not allow this",
                Some(ErrorCode::InsufficientScope),
            ),
            Denial::Forbidden {
                reason: Forbidden::Inactive,
                ..
            } => row(RefusalKind::InactiveUser, "the user may not act", None),
            Denial::Forbidden {
                reason: Forbidden::Check { .. } | Forbidden::Deny | Forbidden::Subject,
                ..
            } => row(RefusalKind::Forbidden, "this is not allowed", None),
        }
    }

    /// Returns the response while a store or a verifier does not answer: 503 with `Retry-After`.
    fn unavailable(&self, request: &RequestLabel<'_>) -> Response<Bytes> {
        let row = row(
            RefusalKind::Unavailable,
            "the server cannot answer at present",
            Some(ErrorCode::TemporarilyUnavailable),
        );
        let mut response = self.write(&row, request);
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS.into());
        response
    }

    /// Returns the response to a request whose body is not complete, and logs the cause.
    #[must_use]
    pub fn body_error(&self, error: BodyError, request: &RequestLabel<'_>) -> Response<Bytes> {
        let sentence = error.sentence();
        tracing::debug!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            cause = sentence,
            "a body was refused"
        );
        let kind = match error {
            BodyError::Incomplete => RefusalKind::IncompleteBody,
            BodyError::TooLarge => RefusalKind::BodyTooLarge,
            BodyError::TooSlow => RefusalKind::BodyTimeout,
        };
        self.write(&row(kind, sentence, None), request)
    }

    /// Returns the response to a request that names no host, several, or a malformed one.
    pub(crate) fn invalid_host(&self, request: &RequestLabel<'_>) -> Response<Bytes> {
        let sentence = "there must be one Host header, and a good one";
        self.write(&row(RefusalKind::InvalidHost, sentence, None), request)
    }

    /// Returns the response to a request that a fault of the server ends, and logs the fault.
    #[must_use]
    pub fn fault(&self, fault: ServerFault, request: &RequestLabel<'_>) -> Response<Bytes> {
        tracing::error!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            ?fault,
            "a request failed through a fault of the program"
        );
        self.write(&OUR_FAULT, request)
    }

    /// Returns the response to a request for a resource that the caller may not have.
    #[must_use]
    pub fn forbidden(&self, request: &RequestLabel<'_>) -> Response<Bytes> {
        self.write(&row(RefusalKind::Forbidden, "this is not allowed", None), request)
    }

    /// Returns the response to a request for a path without a target.
    #[must_use]
    pub fn not_found(&self, request: &RequestLabel<'_>) -> Response<Bytes> {
        self.write(&row(RefusalKind::NotFound, "there is nothing here", None), request)
    }

    /// Returns the response to a method that the path does not have; `allow` lists the others.
    #[must_use]
    pub fn method_not_allowed(&self, allow: &HeaderValue, request: &RequestLabel<'_>) -> Response<Bytes> {
        let row = row(RefusalKind::MethodNotAllowed, "this method is not allowed here", None);
        let mut response = self.write(&row, request);
        response.headers_mut().insert(ALLOW, allow.clone());
        response
    }

    /// Returns a redirect from the raw path of a request to an encoded path of the same host, with
    /// this raw query.
    ///
    /// The location is relative to the request, so that no forged `Host` leads elsewhere, and a
    /// proxy may remove a prefix of the path.
    #[must_use]
    pub fn redirect(&self, from: &str, to: &str, query: &str, request: &RequestLabel<'_>) -> Response<Bytes> {
        let mut location = path::relative(from, to);
        if !query.is_empty() {
            location = format!("{location}?{}", path::encode_query(query));
        }
        let Ok(location) = HeaderValue::try_from(location) else {
            return self.not_found(request);
        };
        let mut response = Response::default();
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
        response
    }

    pub(crate) fn write(&self, row: &Row, request: &RequestLabel<'_>) -> Response<Bytes> {
        self.write_with(row, &[], None, request)
    }

    fn write_denial(&self, row: &Row, denial: &Denial, request: &RequestLabel<'_>) -> Response<Bytes> {
        self.write_with(row, &[], Some(denial.unmet_requirement()), request)
    }

    fn write_with(
        &self,
        row: &Row,
        inputs: &[InvalidInput],
        unmet: Option<&UnmetRequirement>,
        request: &RequestLabel<'_>,
    ) -> Response<Bytes> {
        self.writer.write(&RefusalContext {
            kind: row.kind,
            status: self.status_of(row.kind),
            sentence: row.sentence,
            code: row.code,
            inputs,
            request_id: request.id_text(),
            operation: request.operation(),
            unmet,
        })
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
        RefusalKind::RepeatedCredential,
        sentence,
        Some(ErrorCode::InvalidRequest),
    )
}

fn families<'t>(schemes: &'t [SchemeId], table: &'t OperationTable) -> impl Iterator<Item = Family> + 't {
    let catalog = table.catalog().schemes();
    let declared = schemes.iter().filter_map(|id| catalog.get(id.index()));
    declared.map(|declared| Family::of(declared.scheme()))
}

fn challenged(mut response: Response<Bytes>, challenges: &[crate::Challenge]) -> Response<Bytes> {
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.to_header());
    }
    response
}
