//! The request of a client at the token endpoint, and the grant that it gets.

use scopegate_domain::{Authenticated, Client, FamilyId, Grant, GrantSubject, GrantType, Secret, Timestamp, User};
use scopegate_login::RequestOrigin;

use crate::scope_request::Narrowed;

/// The request of an authenticated client.
pub(crate) struct Request<'a> {
    pub(crate) client: &'a Authenticated<Client>,
    pub(crate) origin: &'a RequestOrigin,
    pub(crate) grant_type: GrantType,
    pub(crate) requested_at: Timestamp,
    /// Whether the client comes from a cache, and may have changed since.
    pub(crate) is_cached: bool,
}

/// A grant, and what its tokens contain.
pub(crate) struct Granted {
    pub(crate) grant: Grant,
    pub(crate) narrowed: Narrowed,
    pub(crate) family: Option<FamilyId>,
    pub(crate) refresh_token: Option<Secret<String>>,
}

impl Granted {
    /// A grant without a family.
    pub(crate) fn new((grant, narrowed): (Grant, Narrowed)) -> Self {
        Self {
            grant,
            narrowed,
            family: None,
            refresh_token: None,
        }
    }

    /// A grant of a user, whose tokens belong to a family.
    pub(crate) fn of_family(
        request: &Request<'_>,
        user: User,
        narrowed: Narrowed,
        family: FamilyId,
        refresh_token: Option<Secret<String>>,
    ) -> Self {
        let (client, scope) = (request.client.id().clone(), narrowed.scope.clone());
        Self {
            grant: Grant::new(GrantSubject::User(user), client, scope, request.requested_at),
            narrowed,
            family: Some(family),
            refresh_token,
        }
    }
}
