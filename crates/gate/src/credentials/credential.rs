//! Credentials that the application itself verifies.

use std::any::Any;
use std::sync::Arc;
use std::{fmt, mem};

use scopegate_domain::{KeepClaimError, ScopeToken, Secret, Timestamp, TokenClaims};
use scopegate_store::{BoxFuture, StoreError};
use serde_json::Value;

/// A credential as a request presents it: the secret, and for HTTP basic a user name.
///
/// The secret is a password, an API key, an opaque bearer token, or the text after `Digest`. It is
/// wiped after the decision about the request.
///
/// ```
/// use scopegate_gate::Credential;
/// use scopegate_gate::domain::Secret;
///
/// let credential = Credential::new(String::from("swordfish")).with_username("stanley");
/// assert_eq!(credential.username(), Some("stanley"));
/// assert!(credential.secret().same_as(&Secret::new(String::from("swordfish"))));
/// ```
pub struct Credential {
    username: Option<String>,
    secret: Secret<String>,
}

impl Credential {
    /// A credential that is a secret alone.
    #[must_use]
    pub fn new(secret: impl Into<Secret<String>>) -> Self {
        Self {
            username: None,
            secret: secret.into(),
        }
    }

    /// With a user name.
    #[must_use]
    pub fn with_username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// The user name of HTTP basic.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Returns the secret. Compare it by [`Secret::same_as`], which takes the same time for any two
    /// secrets of one length.
    #[must_use]
    pub const fn secret(&self) -> &Secret<String> {
        &self.secret
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

/// The result of reading a credential.
pub(crate) enum Extracted {
    /// Nothing.
    Absent,
    /// More than one: which of them counts is not for us to guess.
    Ambiguous,
    /// A credential, perhaps an empty one.
    Credential(Credential),
    /// Something that is none.
    Malformed,
}

impl Extracted {
    /// Wraps a credential; `None` is malformed.
    pub(crate) fn new(credential: Option<Credential>) -> Self {
        credential.map_or(Self::Malformed, Self::Credential)
    }
}

/// What a verifier says of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a verdict is yes or no")]
pub enum CredentialCheck {
    /// The credential is valid.
    Valid(AuthenticatedCredential),
    /// The credential is not valid. The client does not receive the reason.
    Invalid,
}

/// A valid credential: its subject and its authority.
///
/// The subject corresponds to `sub` of a token. If a guard requires a user, it is looked up as a
/// token's is: by id or by name ([`Dialect::subject`](crate::Dialect::subject)). If an operation
/// requires two schemes at once, both credentials must have the same subject. Declare a scheme
/// whose credentials have no subject as
/// [`without_subject`](crate::domain::CatalogBuilder::without_subject).
///
/// ```
/// use scopegate_gate::{AuthenticatedCredential, ScopeToken, CredentialCheck};
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
///
/// let of_a_program = CredentialCheck::Valid(AuthenticatedCredential::without_subject());
/// let of_a_looked_up_token = CredentialCheck::Valid(AuthenticatedCredential::of_subject("u1").with_scopes([READ]));
/// assert_ne!(of_a_program, of_a_looked_up_token);
/// ```
///
/// It can state claims, which the [`Permit`](crate::Permit) has for the handler, and carry one
/// value of a type of the application. Claims grant nothing: no guard reads them.
///
/// ```
/// use scopegate_gate::{AuthenticatedCredential, Permit};
///
/// /// The row of a table of keys.
/// struct KeyRow { plan: String }
///
/// let credential = AuthenticatedCredential::of_subject("u1")
///     .with_client_id("app")
///     .with_claim("tenant", 7)
///     .with_value(KeyRow { plan: String::from("free") });
///
/// fn plan(permit: &Permit) -> Option<&str> {
///     permit.value::<KeyRow>().map(|row| row.plan.as_str())
/// }
/// # let _ = (credential, plan);
/// ```
///
/// Two credentials are equal only if they share one value. `Debug` prints neither the value nor
/// those of the claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticatedCredential {
    pub(crate) claims: Arc<TokenClaims>,
    pub(crate) scopes: Vec<ScopeToken>,
    pub(crate) is_sender_constrained: bool,
    /// The first claim that cannot be kept.
    pub(crate) fault: Option<KeepClaimError>,
}

impl AuthenticatedCredential {
    /// Creates a credential of this subject.
    #[must_use]
    pub fn of_subject(subject: impl Into<Arc<str>>) -> Self {
        Self::of_claims(TokenClaims::new().with_subject(&subject.into()))
    }

    /// Creates a credential with these claims, such as those of a token that the application looked
    /// up. The subject is that of the claims.
    ///
    /// ```
    /// use scopegate_gate::AuthenticatedCredential;
    /// use scopegate_gate::domain::{Timestamp, TokenClaims};
    ///
    /// let claims = TokenClaims::new()
    ///     .with_subject("u1")
    ///     .with_issuer("https://id.example")
    ///     .with_expires_at(Timestamp::from_unix(1_700_000_000));
    /// let credential = AuthenticatedCredential::of_claims(claims);
    /// # let _ = credential;
    /// ```
    #[must_use]
    pub fn of_claims(claims: impl Into<Arc<TokenClaims>>) -> Self {
        Self {
            claims: claims.into(),
            ..Self::default()
        }
    }

    /// Creates a credential without a subject.
    #[must_use]
    pub fn without_subject() -> Self {
        Self::default()
    }

    /// States that the credential is bound to its sender, as a token with `cnf` is.
    ///
    /// ([RFC 7800, section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1).) The gate
    /// refuses it with 401 and `invalid_token`, as it refuses such a token. A verifier sees neither
    /// certificate nor proof of the request, so it cannot verify the binding.
    #[must_use]
    pub const fn sender_constrained(mut self) -> Self {
        self.is_sender_constrained = true;
        self
    }

    /// Adds a claim for [`Permit::claim`](crate::Permit::claim).
    ///
    /// The limits are those of [`ClaimNames`](crate::domain::ClaimNames), and a name may occur
    /// once. If a claim breaks one of them, the gate refuses the credential, and the log names the
    /// cause.
    #[must_use]
    pub fn with_claim(mut self, name: impl AsRef<str>, value: impl Into<Value>) -> Self {
        let added = Arc::make_mut(&mut self.claims).add_claim(name.as_ref(), value);
        self.fault = self.fault.or(added.err());
        self
    }

    /// Sets the client that presents the credential. Default: none.
    #[must_use]
    pub fn with_client_id(self, client_id: impl AsRef<str>) -> Self {
        self.with(|claims| claims.with_client_id(client_id.as_ref()))
    }

    /// Sets the time from which the gate refuses the credential. Default: none.
    #[must_use]
    pub fn with_expires_at(self, time: Timestamp) -> Self {
        self.with(|claims| claims.with_expires_at(time))
    }

    /// Sets a value of the application's own type, for [`Permit::value`](crate::Permit::value).
    /// Default: none. It replaces an earlier value.
    #[must_use]
    pub fn with_value(self, value: impl Any + Send + Sync) -> Self {
        self.with(|claims| claims.with_value(value))
    }

    fn with(mut self, change: impl FnOnce(TokenClaims) -> TokenClaims) -> Self {
        let claims = Arc::make_mut(&mut self.claims);
        *claims = change(mem::take(claims));
        self
    }

    /// Adds the scopes of the credential. Default: none.
    ///
    /// Every kind of scheme can have them: an opaque token, an API key, a password. The catalog
    /// must declare them for that scheme; other scopes have no effect.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.scopes.extend(scopes);
        self
    }

    /// Adds scopes by their names, such as those of a row. A text that is not a scope token has no
    /// effect, like a scope that the catalog does not declare.
    ///
    /// ```
    /// use scopegate_gate::AuthenticatedCredential;
    ///
    /// let scopes = vec![String::from("notes:read")]; // of a row
    /// let credential = AuthenticatedCredential::of_subject("ada").with_scope_names(scopes);
    /// # let _ = credential;
    /// ```
    #[must_use]
    pub fn with_scope_names(self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let scopes = names
            .into_iter()
            .filter_map(|name| ScopeToken::parse(name.as_ref()).ok());
        self.with_scopes(scopes)
    }
}

/// Verifies credentials for the application: user names and passwords, API keys, opaque tokens,
/// digests.
///
/// The gate calls it for the scheme that [`GateBuilder::verifier`](crate::GateBuilder::verifier)
/// names. It is called at most once for each request, and only if the operation requires that
/// scheme. Run slow work, such as the hash of a password, on a thread of its own
/// (`tokio::task::spawn_blocking`) with bounded concurrency.
///
/// ```
/// use scopegate_gate::domain::Secret;
/// use scopegate_gate::store::{BoxFuture, StoreError};
/// use scopegate_gate::{AuthenticatedCredential, Credential, CredentialVerifier, CredentialCheck};
///
/// /// The one key of the machine that sends us its readings.
/// struct StationKey(Secret<String>);
///
/// impl CredentialVerifier for StationKey {
///     fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
///         Box::pin(async {
///             Ok(match credential.secret().same_as(&self.0) {
///                 true => CredentialCheck::Valid(AuthenticatedCredential::without_subject()),
///                 false => CredentialCheck::Invalid,
///             })
///         })
///     }
/// }
/// # let _ = StationKey(Secret::new(String::new()));
/// ```
pub trait CredentialVerifier: Send + Sync {
    /// Returns whether the credential is valid, with its subject and its authority.
    ///
    /// Unknown names and wrong secrets should take the same time and get the same
    /// [`CredentialCheck::Invalid`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the verifier cannot decide now. The client receives 503 and may retry;
    /// access is not granted.
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>>;
}
