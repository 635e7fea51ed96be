//! Facts: the smallest things that a policy can require.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{Audience, Lifetime, SchemeName, ScopeToken};

/// A fact: a statement that is true or false for a request.
///
/// Facts are positive: there is no "not disabled", there is [`Fact::Active`]. So a request that
/// provides more can never be allowed less. The exception is optional authentication with an
/// insufficient credential. Some facts imply others: a scope implies its scheme and the scopes of
/// its edges in the catalog, `active` implies `user`, `age<=60` implies `age<=300`, and nearly all
/// imply [`Fact::Authenticated`].
///
/// ```
/// use scopegate_domain::Lifetime;
/// use scopegate_policy::Fact;
///
/// assert_eq!(Fact::AgeAtMost(Lifetime::from_minutes(5)).to_string(), "age<=300");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new kind of fact must be given its class wherever a denial is made of it"
)]
pub enum Fact {
    /// The authentication context class (`acr`) is this one ([RFC 9470, section
    /// 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    Acr(Arc<str>),
    /// The user is active.
    Active,
    /// The user authenticated at most this number of seconds ago: `max_age` (RFC 9470, section 3).
    AgeAtMost(Lifetime),
    /// The audience of the token is this resource server.
    Audience(Audience),
    /// A caller is authenticated.
    Authenticated,
    /// The token is bound to its sender, and the sender proved the binding.
    Bound(Binding),
    /// A check of the application passes.
    Check {
        /// The name of the check.
        name: Arc<str>,
        /// What must be present before the check can pass.
        needs: Needs,
    },
    /// A credential for this security scheme was accepted.
    Scheme(SchemeName),
    /// The credential of this scheme carries this scope.
    Scope {
        /// The scheme that declares the scope.
        scheme: SchemeName,
        /// The scope token.
        token: ScopeToken,
    },
    /// The token identifies this kind of subject.
    Subject(SubjectKind),
    /// The subject is a user that we know.
    User,
}

impl Fact {
    /// The security scheme, if a credential for one is required.
    #[must_use]
    pub const fn scheme_name(&self) -> Option<&SchemeName> {
        match self {
            Self::Scheme(name) => Some(name),
            _ => None,
        }
    }

    /// Returns the name of the scope, if the fact is one.
    #[must_use]
    pub const fn scope_token(&self) -> Option<&ScopeToken> {
        match self {
            Self::Scope { token, .. } => Some(token),
            _ => None,
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acr(value) => write!(f, "acr:{value}"),
            Self::Active => f.write_str("active"),
            Self::AgeAtMost(age) => write!(f, "age<={}", age.as_seconds()),
            Self::Audience(audience) => write!(f, "audience={audience}"),
            Self::Authenticated => f.write_str("authenticated"),
            Self::Bound(binding) => write!(f, "bound={}", binding.as_str()),
            Self::Check { name, .. } => write!(f, "check:{name}"),
            Self::Scheme(name) => write!(f, "scheme:{name}"),
            Self::Scope { token, .. } => write!(f, "{token}"),
            Self::Subject(kind) => write!(f, "subject={}", kind.as_str()),
            Self::User => f.write_str("user"),
        }
    }
}

/// The kind of proof that binds a token to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a new binding needs a challenge of its own")]
pub enum Binding {
    /// A proof of possession in a header, `DPoP`: [RFC
    /// 9449](https://www.rfc-editor.org/rfc/rfc9449).
    Dpop,
    /// The client certificate: [RFC 8705](https://www.rfc-editor.org/rfc/rfc8705).
    Mtls,
}

impl Binding {
    /// Returns the name in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::Mtls => "mtls",
        }
    }
}

/// The kind of subject of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the subject of a token is a user or the client itself"
)]
pub enum SubjectKind {
    /// A client that acts without a user.
    Service,
    /// A resource owner.
    User,
}

impl SubjectKind {
    /// Returns the name in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::User => "user",
        }
    }
}

/// What must be present before a check can pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the three things that a fact of a check can imply"
)]
pub enum Needs {
    /// The check needs nothing, for example the signature of a webhook.
    Nothing,
    /// An accepted credential.
    Authentication,
    /// The check needs a known user. The gate finds the user first.
    User,
}

/// The number of a fact in its [`FactTable`](crate::FactTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub(crate) u16);

impl FactId {
    /// The number of `authenticated` in every fact table.
    pub const AUTHENTICATED: Self = Self(0);
    /// The number of `user` in every fact table.
    pub const USER: Self = Self(1);
    /// The number of `active` in every fact table.
    pub const ACTIVE: Self = Self(2);

    /// Returns the number as an index, counted from 0 without gaps.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns the next number, which may be beyond the end of the fact table.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The number of a security scheme: its place in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemeId(pub(crate) u16);

impl SchemeId {
    /// Returns the index in [`Catalog::schemes`](scopegate_domain::Catalog::schemes).
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}
