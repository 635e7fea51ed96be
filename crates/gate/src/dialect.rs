//! Settings in which one profile of answers differs from another.

use std::sync::Arc;

use scopegate_domain::{ErrorCode, Lifetime, ScopeToken, SecurityScheme};
use scopegate_policy::DenialPrecedence;
use scopegate_token::SubjectClaim;
use serde_json::Value;

use crate::challenge::Challenge;
use crate::refusal_format::RefusalFormat;

mod rfc;
mod rfc_refusals;

pub use self::rfc_refusals::RfcRefusals;

/// The rules by which a gate reads credentials and writes its answers. The policy decides the same
/// in every dialect about the same credentials.
///
/// [`Dialect::rfc`] is the default. A crate with another profile sets some of the fields.
///
/// ```
/// use scopegate_gate::{Catalog, Dialect, Gate};
///
/// // An API that answers `HEAD` only where an operation declares it.
/// let strict = Dialect { has_implicit_head: false, ..Dialect::rfc() };
/// let gate = Gate::builder(Catalog::builder().build()?).dialect(strict).build()?;
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
    /// Writes and documents refusals, unless
    /// [`GateBuilder::refusals`](crate::GateBuilder::refusals) sets another format.
    pub refusals: &'static dyn RefusalFormat,
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
    /// The URL of the metadata of the protected resource ([RFC 9728, section
    /// 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)).
    pub resource_metadata: Option<&'a str>,
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

/// The rules by which the OpenAPI document is written.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "another crate writes a dialect")]
pub struct DocumentDialect {
    /// Writes the schema of the component with this name.
    pub component: fn(&str, &Value) -> Value,
    /// Whether the document has extensions, whose names begin with `x-`.
    pub has_extensions: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self::rfc()
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
