//! Tokens for an operator with access to the signing keys, who presents no secret.

use scopegate_domain::{
    AuditEvent, Authenticated, Client, ClientId, Grant, GrantSubject, GrantType, Scope, User, Username,
};

use crate::context::GrantContext;
use crate::scope_request::narrow;
use crate::targets::{RESOURCE, RequestTargets};
use crate::{
    AuthorizationServer, GrantError, InvalidClientCause, InvalidScopeCause, Params, RequestedScope, TokenSet,
    Unavailable, audit_entry, client_auth, client_credentials, issue,
};

/// A token that an operator requests.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each fact of a token")]
pub struct LocalRequest<'a> {
    /// The client of the token.
    pub client: &'a ClientId,
    /// The user of the token. `None` if the client acts for itself.
    pub user: Option<&'a Username>,
    /// The requested scope.
    pub scope: &'a Scope,
    /// The requested resources: audiences that the client has. Empty: all of the client.
    pub resources: &'a [String],
}

impl AuthorizationServer {
    /// Issues an access token without a secret of the client or the user. The caller must be an
    /// operator: call it for a local command, and for no request.
    ///
    /// The rules are those of the token endpoint: the scope is within the ceilings, the user is
    /// active, and a client that acts for itself is registered for that. With a user, the client
    /// needs no grant. The token is valid for the lifetime of access tokens. Its entry of the audit
    /// log is written first, in each mode of the log, and has no grant type.
    ///
    /// # Errors
    ///
    /// [`GrantError`] tells why there is no token: [`GrantError::InvalidClient`] for an unknown
    /// client, [`GrantError::InvalidGrant`] for an unknown or disabled user,
    /// [`GrantError::InvalidTarget`] for a resource that the client does not have.
    pub async fn issue_locally(&self, request: LocalRequest<'_>) -> Result<TokenSet, GrantError> {
        let context = self.context();
        let requested_at = context.clock.now();
        let heads = context.store.news().heads().await?;
        let client = find_client(context, request.client).await?;
        let scope = RequestedScope::Scope(request.scope.clone());
        let named: Params = request.resources.iter().map(|text| (RESOURCE, text.as_str())).collect();
        let (current, own) = (context.targets.current(), context.signer.rules().audience());
        let targets = RequestTargets::parse(&current, own, client.resources(), &named)?;
        let (grant, narrowed) = match request.user {
            None if !client.may_use(GrantType::ClientCredentials) => return Err(GrantError::UnauthorizedClient),
            None => client_credentials::grant(&client, &scope, &targets, requested_at)?,
            Some(name) => {
                let user = find_user(context, name).await?;
                let narrowed = narrow(&scope, &targets, &client, user.scope())?;
                if narrowed.scope.is_empty() {
                    return Err(InvalidScopeCause::NothingLeft.into());
                }
                let (subject, id) = (GrantSubject::User(user), client.id().clone());
                let grant = Grant::new(subject, id, narrowed.scope.clone(), requested_at);
                (grant, narrowed)
            }
        };
        client_auth::is_unchanged(context.store.clients(), &client).await?;
        let granted = narrowed.scope.clone();
        let access_token = issue::access_token(context, &grant, context.lifetime, narrowed, &heads, None)?;
        record(context, &grant).await?;
        let user = request.user.map(Username::as_str);
        tracing::info!(client = %request.client, user, scope = %granted, "token issued to an operator");
        let left = issue::left(context, grant.granted_at() + context.lifetime);
        Ok(TokenSet::new(access_token, left, granted))
    }
}

/// Records a token. The process of a command may end at once, so no counter is used.
// SECURITY: no token without its entry. Tested by `token_needs_its_entry` in
// server/tests/it/token_issue.rs.
async fn record(context: &GrantContext, grant: &Grant) -> Result<(), GrantError> {
    let entry = audit_entry(AuditEvent::TokenIssued, &*context.clock, &*context.entropy);
    let entry = entry.map_err(|error| GrantError::Unavailable(Unavailable::RandomSource(error)))?;
    let entry = entry.of_client(grant.client_id().clone());
    let entry = match grant.subject() {
        GrantSubject::User(user) => entry.of_user(user.id().clone()),
        GrantSubject::Client => entry,
    };
    Ok(context.store.audit().write_entries(&[entry]).await?)
}

#[expect(clippy::disallowed_methods, reason = "an operator acts for the client")]
async fn find_client(context: &GrantContext, id: &ClientId) -> Result<Authenticated<Client>, GrantError> {
    let client = context.store.clients().find(id).await?;
    let client = client.ok_or(InvalidClientCause::Refused)?;
    Ok(Authenticated::assertion(client))
}

/// Returns the user, who must be active.
async fn find_user(context: &GrantContext, name: &Username) -> Result<User, GrantError> {
    let account = context.store.users().find_account(name).await?;
    let user = account.map(|account| account.user).filter(User::is_active);
    user.ok_or(GrantError::InvalidGrant)
}
