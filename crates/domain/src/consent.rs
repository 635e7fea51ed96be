//! The consent of a user: the scope that a client may have.

use crate::{ClientId, Scope, Timestamp, UserId};

/// The scope that a user granted to a client. There is at most one for each user and client.
///
/// ```
/// use scopegate_domain::{ClientId, Consent, Timestamp, UserId};
///
/// let of = |granted: &str, refused: &str, at| -> Result<Consent, Box<dyn std::error::Error>> {
///     let (user, client) = (UserId::parse("u1")?, ClientId::parse("demo-web")?);
///     Ok(Consent::new(user, client, granted.parse()?, refused.parse()?, Timestamp::from_unix(at)))
/// };
/// let consent = of("ships:read", "ships:write", 1)?;
/// assert!(consent.covers(&"ships:read ships:write".parse()?));
/// assert!(!consent.covers(&"ships:delete".parse()?));
/// let wider = consent.widened(&of("ships:write", "", 2)?);
/// assert_eq!(wider.scope.to_string(), "ships:read ships:write");
/// assert!(wider.refused_scope.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct Consent {
    /// The user.
    pub user_id: UserId,
    /// The client.
    pub client_id: ClientId,
    /// The granted scope.
    pub scope: Scope,
    /// The optional scope that the user refused. None of it is granted.
    pub refused_scope: Scope,
    /// The time of the first grant.
    pub granted_at: Timestamp,
    /// The time of the last change.
    pub changed_at: Timestamp,
}

impl Consent {
    /// Creates a consent that is given at this time.
    #[must_use]
    pub const fn new(
        user_id: UserId,
        client_id: ClientId,
        scope: Scope,
        refused_scope: Scope,
        granted_at: Timestamp,
    ) -> Self {
        Self {
            user_id,
            client_id,
            scope,
            refused_scope,
            granted_at,
            changed_at: granted_at,
        }
    }

    /// Whether the user has decided about each scope token of a request.
    #[must_use]
    pub fn covers(&self, requested: &Scope) -> bool {
        let mut requested = requested.iter();
        requested.all(|token| self.scope.contains(token) || self.refused_scope.contains(token))
    }

    /// Returns this consent with a later one added. It is never narrower: a scope that was granted
    /// once stays granted. The time of the change is later only if the scopes differ.
    #[must_use]
    pub fn widened(&self, later: &Self) -> Self {
        let scope: Scope = self.scope.iter().chain(later.scope.iter()).cloned().collect();
        let refused = self.refused_scope.iter().chain(later.refused_scope.iter());
        let refused_scope: Scope = refused.filter(|token| !scope.contains(token)).cloned().collect();
        let is_changed = scope != self.scope || refused_scope != self.refused_scope;
        Self {
            scope,
            refused_scope,
            changed_at: if is_changed { later.granted_at } else { self.changed_at },
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(granted: &str, refused: &str, at: i64) -> Consent {
        let (user, client) = (UserId::parse("u1").unwrap(), ClientId::parse("c1").unwrap());
        let at = Timestamp::from_unix(at);
        Consent::new(user, client, granted.parse().unwrap(), refused.parse().unwrap(), at)
    }

    #[test]
    fn narrower_request_changes_nothing() {
        let wide = consent("a b", "c", 1);
        for later in [
            consent("a", "", 2),
            consent("b a", "c", 2),
            consent("a", "b", 2),
            consent("", "c", 2),
        ] {
            assert_eq!(wide.widened(&later), wide, "{later:?}");
        }
    }

    #[test]
    fn wider_request_adds_the_difference() {
        let wider = consent("a", "b", 1).widened(&consent("b c", "d", 2));
        assert_eq!(
            (wider.scope.to_string(), wider.refused_scope.to_string()),
            ("a b c".into(), "d".into())
        );
        assert_eq!(
            (wider.granted_at, wider.changed_at),
            (Timestamp::from_unix(1), Timestamp::from_unix(2))
        );
    }
}
