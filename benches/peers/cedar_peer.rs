//! Cedar: one policy for each operation, the token's scopes as a set in the context of the request.

use std::fmt::{self, Write as _};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::Policy;

/// The policy in Cedar's words.
pub struct CedarPeer {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl CedarPeer {
    /// Creates one `permit` for each operation.
    ///
    /// # Panics
    ///
    /// If Cedar rejects the policy.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let mut text = String::new();
        for (name, [one, two]) in &policy.operations {
            writeln!(
                text,
                r#"permit (principal, action == Action::"{name}", resource) when {{ context.scopes.containsAll(["{one}", "{two}"]) }};"#
            )
            .unwrap();
        }
        Self {
            authorizer: Authorizer::new(),
            policies: text.parse().unwrap(),
            entities: Entities::empty(),
        }
    }

    /// A request of a token with these scopes.
    ///
    /// # Panics
    ///
    /// If Cedar rejects the request.
    #[must_use]
    pub fn request(&self, granted: &[String], operation: &str) -> Request {
        let entity = |kind: &str, id: &str| {
            EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>().unwrap(), EntityId::new(id))
        };
        let scopes = granted.iter().cloned().map(RestrictedExpression::new_string);
        let scopes = RestrictedExpression::new_set(scopes);
        let context = Context::from_pairs([("scopes".to_owned(), scopes)]).unwrap();
        let (user, action) = (entity("User", "u1"), entity("Action", operation));
        Request::new(user, action, entity("Api", "api"), context, None).unwrap()
    }

    /// The decision.
    #[must_use]
    pub fn is_authorized(&self, request: &Request) -> bool {
        let answer = self.authorizer.is_authorized(request, &self.policies, &self.entities);
        answer.decision() == Decision::Allow
    }
}

impl fmt::Debug for CedarPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CedarPeer").finish_non_exhaustive()
    }
}
