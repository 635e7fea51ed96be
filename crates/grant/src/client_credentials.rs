//! The client credentials grant: [RFC 6749, section
//! 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).

use scopegate_domain::{Authenticated, Client, ClientKind, Grant, GrantSubject, Timestamp};

use crate::scope_request::{Narrowed, narrow};
use crate::targets::RequestTargets;
use crate::{GrantError, InvalidScopeCause, RequestedScope};

/// Returns the grant of a client that acts for itself. `requested_at` is a moment before the client
/// was read.
///
/// If the client requests no scope, it gets its default scope, or its whole ceiling without one. A
/// client that may have nothing of the scope is refused.
pub(crate) fn grant(
    client: &Authenticated<Client>,
    requested: &RequestedScope,
    targets: &RequestTargets<'_>,
    requested_at: Timestamp,
) -> Result<(Grant, Narrowed), GrantError> {
    // SECURITY: a public client proves nothing, so every caller could act as it (RFC 6749, section
    // 4.4). An earlier release may have stored one with this grant. Tested by
    // `public_client_gets_no_token_for_itself`.
    if client.kind() == ClientKind::Public {
        return Err(GrantError::UnauthorizedClient);
    }
    let narrowed = narrow(requested, targets, client, client.scope())?;
    if narrowed.scope.is_empty() {
        return Err(InvalidScopeCause::NothingLeft.into());
    }
    let scope = narrowed.scope.clone();
    let grant = Grant::new(GrantSubject::Client, client.id().clone(), scope, requested_at);
    Ok((grant, narrowed))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scopegate_domain::{Catalog, ClientId, GrantType, Secret};
    use scopegate_store::MemoryStore;
    use scopegate_token::{Signer, SigningKey, TokenRules};

    use super::*;
    use crate::AuthorizationServer;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the client is the one of an earlier release")]
    fn public_client_gets_no_token_for_itself() {
        let key = SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned())).unwrap();
        let signer = Signer::new(TokenRules::shared_secret(), key);
        let catalog = Catalog::builder().build().unwrap();
        let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog).build();
        let current = server.context().targets.current();
        let targets = RequestTargets::one_api(&current);
        let public = Client::public(ClientId::parse("page").unwrap(), "A page");
        let public = Authenticated::assertion(public.with_grant_types([GrantType::ClientCredentials]));
        let now = Timestamp::from_unix(0);
        let refused = grant(&public, &RequestedScope::Default, &targets, now).unwrap_err();
        assert!(matches!(refused, GrantError::UnauthorizedClient), "{refused}");
    }
}
