//! The password grant: [RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).

use scopegate_domain::{Authenticated, Client, Grant, GrantSubject, Timestamp};

use crate::GrantError;
use crate::context::GrantContext;
use crate::request::PasswordRequest;
use crate::scope_request::{Narrowed, narrow};
use crate::targets::RequestTargets;
use scopegate_login::{LoginRecord, PasswordLogin, RequestOrigin};

/// The client that logs in a user, the origin of its request, and the APIs of the token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    pub(crate) client: &'a Authenticated<Client>,
    pub(crate) origin: &'a RequestOrigin,
    pub(crate) targets: &'a RequestTargets<'a>,
}

/// Returns the grant of a user whose password is right, with the scopes as the token writes them.
/// `requested_at` is a moment before the client was read.
// SECURITY: the grant has that moment, and not the one at which the password was found right. A
// withdrawal of the user or the client in between revokes all tokens issued until then, including
// this one. Tested by `revocation_during_login_covers_its_token` in tests/it/password.rs.
pub(crate) async fn grant(
    context: &GrantContext,
    login: Login<'_>,
    request: PasswordRequest<'_>,
    requested_at: Timestamp,
) -> Result<(Grant, Narrowed), GrantError> {
    let name = (context.dialect.username)(request.username);
    let user = context.passwords.check(PasswordLogin {
        name: name.as_ref(),
        presented_name: request.username,
        names: context.dialect.names,
        password: request.password,
        client: login.client.id(),
        origin: login.origin,
        disabled: context.dialect.disabled_users,
        browser: None,
        record: LoginRecord::Counted,
    });
    let (user, client) = (user.await?.into_inner(), login.client);
    let narrowed = narrow(&request.requested, login.targets, client, user.scope())?;
    let grant = Grant::new(
        GrantSubject::User(user),
        client.id().clone(),
        narrowed.scope.clone(),
        requested_at,
    );
    Ok((grant, narrowed))
}
