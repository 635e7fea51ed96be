//! Settings in which one profile of authorization servers differs from another.

use scopegate_domain::{Scope, ScopeToken, Username};
use scopegate_login::{DisabledUserLogin, NameMatch};
use scopegate_token::SubjectClaim;

use crate::InvalidScopeCause;

/// The rules by which the password grant reads its fields, and what `sub` says about the user.
/// [`Dialect::rfc`] is the default.
///
/// ```
/// use scopegate_domain::Username;
/// use scopegate_grant::{Dialect, NameMatch};
///
/// // User names are compared without a change.
/// let exact = Dialect {
///     username: |name| Username::from_stored(name).ok(),
///     names: NameMatch::Exact,
///     ..Dialect::rfc()
/// };
/// assert!((exact.username)("johndoe").is_some());
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "another crate writes a dialect as `Dialect { .., ..Dialect::rfc() }`"
)]
pub struct Dialect {
    /// What `sub` says about the user.
    pub subject: SubjectClaim,
    /// Returns the name under which a user is looked up; `None` if it is not a name.
    pub username: fn(&str) -> Option<Username>,
    /// How that name is compared with the names of users.
    pub names: NameMatch,
    /// Whether a disabled user with the right password gets a token.
    pub disabled_users: DisabledUserLogin,
    /// Whether a login may contain a NUL character. Then the password is wrong, and the request is
    /// not malformed.
    pub accepts_nul: bool,
    /// Reads the field `scope`; `None` if it is absent or empty.
    pub scope: fn(Option<&str>) -> Result<RequestedScope, InvalidScopeCause>,
}

/// The requested scope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is restricted in its own way")]
pub enum RequestedScope {
    /// None was requested, so the client gets all that it and the user may have: [RFC 6749, section
    /// 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) leaves the default to the server.
    Default,
    /// A scope. If nothing of it may be granted, the request is refused, so that no client gets a
    /// useless token.
    Scope(Scope),
    /// The scopes in the order of the request, with repetitions; the token repeats them. If none
    /// may be granted, the token has no scope.
    List(Vec<ScopeToken>),
}

impl Dialect {
    /// Returns the rules of [RFC 6749, section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3). `sub` is the id of the user.
    #[must_use]
    pub const fn rfc() -> Self {
        Self {
            subject: SubjectClaim::UserId,
            username: |name| Username::to_find(name).ok(),
            names: NameMatch::Canonical,
            disabled_users: DisabledUserLogin::Deny,
            accepts_nul: false,
            scope: |text| match text {
                None => Ok(RequestedScope::Default),
                Some(text) => Ok(RequestedScope::Scope(Scope::parse(text)?)),
            },
        }
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::rfc()
    }
}
