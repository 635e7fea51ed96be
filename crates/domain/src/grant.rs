//! A grant: the subject, the client, the allowed scope and the time.

use crate::{ClientId, Scope, Timestamp, User};

/// An authorization grant: since this time, this client may have this scope ([RFC 6749, section
/// 1.3](https://www.rfc-editor.org/rfc/rfc6749#section-1.3)).
///
/// Every grant type results in a `Grant`, and a token is issued only for a `Grant`.
///
/// ```
/// use scopegate_domain::{ClientId, Grant, GrantSubject, Scope, Timestamp, User, UserId, Username};
///
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// let scope = Scope::parse("me items")?;
/// let client = ClientId::parse("demo-app")?;
/// let grant = Grant::new(GrantSubject::User(user), client, scope, Timestamp::from_unix(1_000));
/// assert_eq!(grant.scope().to_string(), "me items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    subject: GrantSubject,
    client_id: ClientId,
    scope: Scope,
    granted_at: Timestamp,
}

/// The subject of a grant: a user, or the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a client acts for a user or for itself")]
pub enum GrantSubject {
    /// The user who granted access.
    User(User),
    /// The client itself: [RFC 6749, section
    /// 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
    Client,
}

impl Grant {
    /// Creates a grant. `scope` is the granted scope, after restriction.
    #[must_use]
    pub const fn new(subject: GrantSubject, client_id: ClientId, scope: Scope, granted_at: Timestamp) -> Self {
        Self {
            subject,
            client_id,
            scope,
            granted_at,
        }
    }

    /// Returns the subject: a user, or the client.
    #[must_use]
    pub const fn subject(&self) -> &GrantSubject {
        &self.subject
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
