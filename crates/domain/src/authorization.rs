//! An authorization: what a user allowed a client, by which login.

use std::fmt;
use std::str::FromStr;

use crate::{Acr, Audience, ClientId, Scope, SessionId, Timestamp, UserId};

/// What a user allowed a client. Authorization codes and token families contain it.
///
/// ```
/// use scopegate_domain::{Acr, AuthenticationMethod, Authorization, ClientId, Day, LoginContext, SessionId, Timestamp, UserId};
///
/// let login = LoginContext {
///     session: SessionId::new(Day::from_number(20_000), [1; 32]),
///     at: Timestamp::from_unix(1_700_000_000),
///     acr: Acr::parse("1")?,
///     amr: vec![AuthenticationMethod::Password],
/// };
/// let authorization = Authorization {
///     user_id: UserId::parse("u1")?,
///     client_id: ClientId::parse("demo-web")?,
///     scope: "ships:read".parse()?,
///     resources: Vec::new(),
///     login,
///     key_thumbprint: None,
///     nonce: None,
/// };
/// assert_eq!(authorization.scope.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct Authorization {
    /// The user who allowed it.
    pub user_id: UserId,
    /// The client that received it.
    pub client_id: ClientId,
    /// The granted scope.
    pub scope: Scope,
    /// The resources that access tokens are for: [RFC
    /// 8707](https://www.rfc-editor.org/rfc/rfc8707).
    pub resources: Vec<Audience>,
    /// The login of the user.
    pub login: LoginContext,
    /// The key that the client must prove to have: [RFC 9449, section
    /// 10](https://www.rfc-editor.org/rfc/rfc9449#section-10). `None`: no key is required.
    pub key_thumbprint: Option<KeyThumbprint>,
    /// The `nonce` of the request. Only a code has it.
    pub nonce: Option<String>,
}

/// The login that an authorization is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct LoginContext {
    /// The session that the login began.
    pub session: SessionId,
    /// The time of the login: `auth_time` ([OpenID Connect Core, section
    /// 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
    pub at: Timestamp,
    /// The authentication context class: `acr`.
    pub acr: Acr,
    /// The methods that authenticated the user: `amr`.
    pub amr: Vec<AuthenticationMethod>,
}

/// A method that authenticated a user: a value of `amr` ([RFC 8176, section
/// 2](https://www.rfc-editor.org/rfc/rfc8176#section-2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that logs in users must handle a new method"
)]
pub enum AuthenticationMethod {
    /// A password: `pwd`.
    Password,
}

impl AuthenticationMethod {
    /// All methods.
    pub const ALL: &[Self] = &[Self::Password];

    /// Returns the word of RFC 8176, which is stored, too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }
}

impl fmt::Display for AuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuthenticationMethod {
    type Err = UnknownAuthenticationMethod;

    fn from_str(text: &str) -> Result<Self, UnknownAuthenticationMethod> {
        let named = Self::ALL.iter().copied().find(|method| method.as_str() == text);
        named.ok_or(UnknownAuthenticationMethod)
    }
}

/// The text names no method of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown method of authentication")]
#[expect(clippy::exhaustive_structs, reason = "a name can be unknown only in this way")]
pub struct UnknownAuthenticationMethod;

/// The SHA-256 thumbprint of a public key: [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyThumbprint([u8; 32]);

impl KeyThumbprint {
    /// Creates a thumbprint from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A value that a code or a refresh token is bound to. The client must present the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new binding must be handled where a mismatch is reported"
)]
pub enum GrantBinding {
    /// The client.
    Client,
    /// The key of the client: [`Authorization::key_thumbprint`].
    Key,
    /// The redirect URI. Only a code is bound to it.
    RedirectUri,
    /// The `code_verifier`. Only a code is bound to it.
    Verifier,
}

impl GrantBinding {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Key => "key",
            Self::RedirectUri => "redirect-uri",
            Self::Verifier => "verifier",
        }
    }
}
