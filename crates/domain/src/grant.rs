//! A grant: the user, the client, the allowed scope and the time.

use crate::{ClientId, Scope, Timestamp, User};

/// An authorization grant: this user allows this client this scope since this time ([RFC 6749,
/// section 1.3](https://www.rfc-editor.org/rfc/rfc6749#section-1.3)).
///
/// Every grant type results in a `Grant`, and a token is issued only for a `Grant`.
///
/// ```
/// use scopegate_domain::{ClientId, Grant, Scope, Timestamp, User, UserId, Username};
///
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// let scope = Scope::parse("me items")?;
/// let grant = Grant::new(user, ClientId::parse("demo-app")?, scope, Timestamp::from_unix(1_000));
/// assert_eq!(grant.scope().to_string(), "me items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    user: User,
    client_id: ClientId,
    scope: Scope,
    granted_at: Timestamp,
}

impl Grant {
    /// Creates a grant. `scope` is the granted scope, after restriction.
    #[must_use]
    pub const fn new(user: User, client_id: ClientId, scope: Scope, granted_at: Timestamp) -> Self {
        Self {
            user,
            client_id,
            scope,
            granted_at,
        }
    }

    /// Returns the user who granted access.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// Returns the client that was granted access.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Returns the granted scope.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns the time of the grant.
    #[must_use]
    pub const fn granted_at(&self) -> Timestamp {
        self.granted_at
    }
}
