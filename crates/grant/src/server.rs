//! The authorization server as a value.

use std::sync::Arc;

use scopegate_domain::{Authenticated, Client, Grant, GrantType, Resources, ScopeToken, Timestamp};
use scopegate_login::RequestOrigin;
use scopegate_store::NewsHeads;
use scopegate_token::{SubjectClaim, TokenRules};

use crate::context::GrantContext;
use crate::granted::{Granted, Request};
use crate::password::Login;
use crate::request::TokenRequest;
use crate::targets::{Current, RESOURCE, RequestTargets};
use crate::{
    ClientCredentials, GrantError, InvalidRequestCause, Params, TokenSet, client_auth, client_credentials, code, issue,
    password, refresh,
};

/// Issues tokens to clients: the token endpoint without HTTP.
///
/// It is cheap to clone; all clones share one store, one key and one queue of logins. The [crate's
/// page](crate) has an example.
#[derive(Clone, Debug)]
pub struct AuthorizationServer(Arc<GrantContext>);

impl AuthorizationServer {
    pub(crate) fn of(context: GrantContext) -> Self {
        Self(Arc::new(context))
    }

    pub(crate) fn context(&self) -> &GrantContext {
        &self.0
    }

    /// Returns what `sub` says about the user in the tokens that it issues.
    #[must_use]
    pub fn subject(&self) -> SubjectClaim {
        self.0.dialect.subject
    }

    /// Returns the rules of the tokens that it issues.
    #[must_use]
    pub fn token_rules(&self) -> &TokenRules {
        self.0.signer.rules()
    }

    /// Returns the grant types that are enabled. The client credentials grant always is, for the
    /// clients that are registered with it.
    pub fn grant_types(&self) -> impl Iterator<Item = GrantType> {
        GrantType::ALL
            .iter()
            .copied()
            .filter(|grant_type| self.0.offers(*grant_type))
    }

    /// Returns the scopes that it grants.
    #[must_use]
    pub fn scopes(&self) -> Vec<ScopeToken> {
        self.0.targets.scopes()
    }

    /// Replaces the resources. Later requests are answered with the new ones. A server that was
    /// built without resources must stay without, and the other way round: then nothing changes.
    pub fn replace_resources(&self, resources: Resources) {
        self.0.targets.replace(resources);
    }

    /// Handles a request to the token endpoint ([RFC 6749, section
    /// 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)): `params` from the form, `header`
    /// from the `Authorization` header.
    ///
    /// A future that is dropped issues no token; a hash that has begun is computed to its end.
    ///
    /// # Errors
    ///
    /// [`GrantError`] tells why there is no token.
    pub async fn token(&self, params: &Params, header: &ClientCredentials) -> Result<TokenSet, GrantError> {
        self.token_from(params, header, None).await
    }

    /// Handles a request like [`AuthorizationServer::token`], from this origin. Failed attempts
    /// count for its address, too, and a user is not locked out by attempts from elsewhere.
    ///
    /// # Errors
    ///
    /// [`GrantError`] tells why there is no token.
    pub async fn token_from(
        &self,
        params: &Params,
        header: &ClientCredentials,
        origin: impl Into<RequestOrigin>,
    ) -> Result<TokenSet, GrantError> {
        let (context, origin) = (&*self.0, origin.into());
        let requested_at = context.clock.now();
        params.each_once_except(RESOURCE)?;
        if params.has_nul() && !context.dialect.accepts_nul {
            return Err(InvalidRequestCause::Nul.into());
        }
        let grant_type = TokenRequest::grant_type(params)?;
        // A grant without a setting that its message could name is unknown while it is disabled.
        let has_setting = matches!(grant_type, GrantType::ClientCredentials | GrantType::Password);
        if !has_setting && !context.offers(grant_type) {
            return Err(GrantError::UnsupportedGrantType);
        }
        let may_have_nul = context.dialect.accepts_nul && grant_type == GrantType::Password;
        if params.has_nul() && !may_have_nul {
            return Err(InvalidRequestCause::Nul.into());
        }
        // A token of now would not be accepted.
        context.expect_news()?;
        let cached = match grant_type {
            GrantType::AuthorizationCode | GrantType::ClientCredentials | GrantType::RefreshToken => {
                client_auth::authenticate_cached(context, params, header, &origin, requested_at).await?
            }
            GrantType::Password => None,
        };
        if grant_type == GrantType::ClientCredentials
            && let Some((client, heads)) = &cached
            && let Ok((grant, tokens)) = for_itself(context, client, params, requested_at, heads)
        {
            issue::record(context, &grant, grant_type, &origin).await?;
            return Ok(tokens);
        }
        let attempt = async |client: &Authenticated<Client>, heads: &NewsHeads, is_cached| {
            let request = Request {
                client,
                origin: &origin,
                grant_type,
                requested_at,
                is_cached,
            };
            self.attempt(&request, params, heads).await
        };
        let known = cached.filter(|(client, _)| client.may_use(grant_type));
        if let Some((client, heads)) = known
            && self.suffices(grant_type, &heads).await?
            && let Some(tokens) = attempt(&client, &heads, true).await?
        {
            return Ok(tokens);
        }
        let heads = context.store.news().heads().await?;
        let client = client_auth::authenticate(context, params, header, &origin, requested_at).await?;
        let tokens = attempt(&client, &heads, false).await?;
        tokens.ok_or(GrantError::InvalidRefreshToken)
    }

    /// Issues tokens, and records the outcome. `None`: the cached client may have less than the
    /// current one.
    async fn attempt(
        &self,
        request: &Request<'_>,
        params: &Params,
        heads: &NewsHeads,
    ) -> Result<Option<TokenSet>, GrantError> {
        let context = &*self.0;
        let granted = grant(context, request, params, &context.targets.current()).await;
        let issued = match granted {
            Ok(Some(granted)) => issue_for(context, request.grant_type, granted, heads),
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        };
        match issued {
            Ok((grant, tokens)) => {
                issue::record(context, &grant, request.grant_type, request.origin).await?;
                Ok(Some(tokens))
            }
            Err(error) => {
                issue::record_refusal(context, request.client, &error, request.origin);
                Err(error)
            }
        }
    }

    /// Whether a cached client suffices for a grant. `heads` is the state of the log before it was
    /// found.
    // SECURITY: the statement of a rotation compares the client with the family, and requires that
    // both exist. So a refresh reads nothing more, and a forged token costs no query. A later
    // revocation covers the token. Tested by `refresh_of_a_stale_client_is_covered` in
    // tests/it/refresh.rs.
    //
    // The first token of a login must not have a position before an earlier revocation by another
    // process. If the log has nothing new, the client is the current one. Tested by
    // `first_token_is_later_than_a_revocation` in tests/it/code.rs.
    async fn suffices(&self, grant_type: GrantType, heads: &NewsHeads) -> Result<bool, GrantError> {
        Ok(match grant_type {
            GrantType::RefreshToken => true,
            GrantType::AuthorizationCode => self.0.store.news().heads().await? == *heads,
            GrantType::ClientCredentials | GrantType::Password => false,
        })
    }
}

/// Returns the grant that an authenticated client requests, for the current APIs. `None`: the
/// cached client may have less than the current one.
async fn grant(
    context: &GrantContext,
    request: &Request<'_>,
    params: &Params,
    current: &Current,
) -> Result<Option<Granted>, GrantError> {
    let &Request {
        client,
        origin,
        grant_type,
        requested_at,
        ..
    } = request;
    allow(context, client, grant_type)?;
    let parsed = TokenRequest::parse(grant_type, params, &context.dialect)?;
    let own = context.signer.rules().audience();
    let targets = &RequestTargets::parse(current, own, client.resources(), params)?;
    let granted = match (parsed, &context.people) {
        // `heads` were read before the client, so a revocation meanwhile covers the token.
        (TokenRequest::AuthorizationCode(presented), Some(people)) => {
            let granted = code::grant(context, people, request, &presented, params).await;
            return granted.map(Some);
        }
        (TokenRequest::RefreshToken(presented), Some(people)) => {
            return refresh::grant(context, people, request, &presented, params).await;
        }
        (TokenRequest::AuthorizationCode(_) | TokenRequest::RefreshToken(_), None) => {
            return Err(GrantError::UnsupportedGrantType);
        }
        (TokenRequest::ClientCredentials(requested), _) => {
            client_credentials::grant(client, &requested, targets, requested_at)?
        }
        (TokenRequest::Password(password), _) => {
            let login = Login {
                client,
                origin,
                targets,
            };
            password::grant(context, login, password, requested_at).await?
        }
    };
    client_auth::is_unchanged(context.store.clients(), client).await?;
    Ok(Some(Granted::new(granted)))
}

/// Issues a token to a cached client that acts for itself, without a query. A refusal may come from
/// an outdated value, so the caller then reads the store.
// SECURITY: `heads` is the state of the log up to which this process has read it. An entry that
// revokes tokens of the client has a later position, so it covers the token. The client is not
// compared with the store again, because nothing is waited for in between. Tested in
// tests/it/clients_cache.rs.
fn for_itself(
    context: &GrantContext,
    client: &Authenticated<Client>,
    params: &Params,
    requested_at: Timestamp,
    heads: &NewsHeads,
) -> Result<(Grant, TokenSet), GrantError> {
    let grant_type = GrantType::ClientCredentials;
    allow(context, client, grant_type)?;
    let TokenRequest::ClientCredentials(requested) = TokenRequest::parse(grant_type, params, &context.dialect)? else {
        return Err(GrantError::UnsupportedGrantType);
    };
    let (current, own) = (context.targets.current(), context.signer.rules().audience());
    let targets = RequestTargets::parse(&current, own, client.resources(), params)?;
    let granted = client_credentials::grant(client, &requested, &targets, requested_at)?;
    issue_for(context, grant_type, Granted::new(granted), heads)
}

fn issue_for(
    context: &GrantContext,
    grant_type: GrantType,
    granted: Granted,
    heads: &NewsHeads,
) -> Result<(Grant, TokenSet), GrantError> {
    let Granted {
        grant,
        narrowed,
        family,
        refresh_token,
    } = granted;
    let (lifetime, scope) = (context.lifetime_of(grant_type), narrowed.scope.clone());
    let access_token = issue::access_token(context, &grant, lifetime, narrowed, heads, family)?;
    let left = issue::left(context, grant.granted_at() + lifetime);
    let tokens = TokenSet::new(access_token, left, scope).with_refresh_token(refresh_token);
    Ok((grant, tokens))
}

/// Checks that the server offers this grant type and the client may use it.
fn allow(context: &GrantContext, client: &Authenticated<Client>, grant_type: GrantType) -> Result<(), GrantError> {
    if !context.offers(grant_type) {
        return Err(GrantError::GrantTypeDisabled(grant_type));
    }
    if !client.may_use(grant_type) {
        return Err(GrantError::UnauthorizedClient);
    }
    Ok(())
}
