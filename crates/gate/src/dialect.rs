//! Settings in which one profile of answers differs from another.

use std::sync::Arc;

use http::StatusCode;
use scopegate_domain::{ErrorCode, Lifetime, ScopeToken, SecurityScheme};
use scopegate_policy::DenialPrecedence;
use scopegate_token::SubjectClaim;
use serde_json::Value;

use crate::{Challenge, InvalidInput};

mod rfc;

/// The rules by which a gate reads credentials and writes its answers. The policy decides the same
/// in every dialect about the same credentials.
///
/// [`Dialect::rfc`] is the default. A crate with another profile sets some of the fields.
///
/// ```
/// use scopegate_gate::{Catalog, Dialect, Gate};
///
/// // An API whose clients treat every error as 404.
/// let hidden = Dialect { status: |_, _| http::StatusCode::NOT_FOUND, ..Dialect::rfc() };
/// let gate = Gate::builder(Catalog::builder().build()?).dialect(hidden).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "another crate writes a dialect as `Dialect { .., ..Dialect::rfc() }`"
)]
pub struct Dialect {
    /// What more than one `Authorization` header means.
    pub repeated_authorization: RepeatedAuthorization,
    /// Trims white space at both ends of the text after the name of an authentication scheme.
    pub trim: fn(&[u8]) -> &[u8],
    /// Returns whether a text has the syntax of a bearer token.
    pub is_bearer_token: fn(&str) -> bool,
    /// Returns whether a text can be the user name or the password of HTTP Basic. Text with control
    /// characters is refused before.
    pub is_basic_text: fn(&str) -> bool,
    /// What an empty credential means. An empty password is always a password.
    pub empty_credential: EmptyCredential,
    /// What `sub` says about a user: how the user of a credential is found.
    pub subject: SubjectClaim,
    /// Which of several reasons to deny is answered.
    pub precedence: DenialPrecedence,
    /// Whether `HEAD` is answered wherever `GET` is ([RFC 9110, section
    /// 9.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.1)).
    pub has_implicit_head: bool,
    /// Writes one challenge.
    pub challenge: fn(&ChallengeContext<'_>) -> Challenge,
    /// Returns the status of a refusal; the second argument is the one of the RFCs. A result
    /// outside of 400 to 599 is ignored.
    pub status: fn(RefusalKind, StatusCode) -> StatusCode,
    /// Writes the body of a refusal.
    pub body: fn(&RefusalContext<'_>) -> RefusalBody,
    /// How the OpenAPI document is written.
    pub document: DocumentDialect,
}

/// What more than one `Authorization` header means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the reader of the header must know each")]
pub enum RepeatedAuthorization {
    /// The first one counts.
    First,
    /// The request is refused with 400, because which of them counts is not for us to guess.
    Refuse,
}

/// What an empty credential means.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the reader of credentials must know each")]
pub enum EmptyCredential {
    /// It is malformed.
    Malformed,
    /// It depends on the scheme: absent if the function returns true, else the verifier gets it.
    AbsentIf(fn(&SecurityScheme) -> bool),
}

/// The facts of one challenge.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChallengeContext<'a> {
    /// The authentication scheme.
    pub scheme: AuthenticationScheme,
    /// The name of the protected area.
    pub realm: &'a str,
    /// Whether the realm is the title, because the application sets no other.
    pub is_default_realm: bool,
    /// The error of the credential in the request, and its description. `None` if there was no such
    /// credential.
    pub error: Option<(ErrorCode, &'a str)>,
    /// The authentication contexts of which the operation requires one; usually empty.
    pub acr_values: &'a [Arc<str>],
    /// The maximum age of the login.
    pub max_age: Option<Lifetime>,
    /// The scope that a token needs.
    pub scope: &'a [ScopeToken],
}

/// The authentication schemes of challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each dialect must write a new one")]
pub enum AuthenticationScheme {
    /// An API key; not registered.
    ApiKey,
    /// [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617).
    Basic,
    /// [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).
    Bearer,
    /// [RFC 7616](https://www.rfc-editor.org/rfc/rfc7616).
    Digest,
    /// [RFC 9449](https://www.rfc-editor.org/rfc/rfc9449).
    Dpop,
}

/// Why a request is refused, as far as a dialect may tell the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each dialect must answer a new one")]
pub enum RefusalKind {
    /// No credential of a required scheme is in the request.
    Unauthenticated,
    /// The bearer token is not valid.
    InvalidToken,
    /// User name and password of HTTP Basic cannot be read.
    MalformedBasic,
    /// User name or password is wrong.
    InvalidBasic,
    /// The API key or the digest is not valid.
    InvalidCredential,
    /// A newer or stronger login is needed.
    StepUp,
    /// The token does not have the required scopes.
    InsufficientScope,
    /// The user is disabled.
    InactiveUser,
    /// A rule or a check denies the request.
    Forbidden,
    /// The input is not as declared.
    InvalidInput,
    /// Another error of the request, or an error of the server. The status names it.
    Other,
}

/// The facts of one refusal.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RefusalContext<'a> {
    /// Why the request is refused.
    pub kind: RefusalKind,
    /// The status of the response.
    pub status: StatusCode,
    /// A sentence for the client. It contains no text of the client and none of the operator.
    pub sentence: &'static str,
    /// The error code of the RFCs, if there is one.
    pub code: Option<ErrorCode>,
    /// The errors of the input; empty for other kinds.
    pub inputs: &'a [InvalidInput],
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a dialect writes it")]
pub struct RefusalBody {
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    /// The body.
    pub json: Value,
}

/// The rules by which the OpenAPI document is written.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "another crate writes a dialect")]
pub struct DocumentDialect {
    /// Writes the schema of the component with this name.
    pub component: fn(&str, &Value) -> Value,
    /// Whether the document has extensions, whose names begin with `x-`.
    pub has_extensions: bool,
    /// Returns the refusals that the document shows for an operation.
    pub refusals: fn(OperationTraits) -> Vec<DocumentedRefusal>,
    /// Returns the schemas of the bodies of refusals, each with its name.
    pub refusal_schemas: fn() -> Vec<(&'static str, Value)>,
}

/// The properties of an operation on which its documented refusals depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these properties decide about the refusals")]
pub struct OperationTraits {
    /// Whether it reads parameters or a body.
    pub has_inputs: bool,
    /// Whether it requires a credential.
    pub is_guarded: bool,
    /// Whether it answers 404 if its resource does not exist.
    pub may_be_missing: bool,
}

/// A refusal in the OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a dialect writes it")]
pub struct DocumentedRefusal {
    /// The status, such as `403`.
    pub status: &'static str,
    /// The description.
    pub description: &'static str,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The name of the schema of the body, one of [`DocumentDialect::refusal_schemas`].
    pub schema: &'static str,
}

impl Default for Dialect {
    fn default() -> Self {
        Self::rfc()
    }
}

impl Dialect {
    /// Returns the status of a refusal. It stays an error in every dialect.
    // SECURITY: tested by `a_dialect_cannot_turn_a_refusal_into_a_success`.
    pub(crate) fn status_of(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        let other = (self.status)(kind, status);
        if other.is_client_error() || other.is_server_error() {
            other
        } else {
            status
        }
    }
}

/// Writes a name as a title, for the OpenAPI document.
///
/// ```
/// assert_eq!(scopegate_gate::title("read_users_me"), "Read Users Me");
/// ```
#[must_use]
pub fn title(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters
            .next()
            .map(|letter| letter.to_uppercase().collect::<String>())
            .unwrap_or_default();
        first + &letters.as_str().to_lowercase()
    });
    words.collect::<Vec<_>>().join(" ")
}
