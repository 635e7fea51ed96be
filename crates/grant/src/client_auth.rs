//! Client authentication: [RFC 6749, section
//! 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).

use std::net::IpAddr;

use scopegate_domain::{Authenticated, Client, ClientId, ClientKind, Secret, SecretDigest};
use scopegate_store::Clients;
use scopegate_token::ClientSecret;
use tracing::field::display;

use crate::context::GrantContext;
use crate::{GrantError, InvalidClientCause, InvalidRequestCause, Params};
use scopegate_login::{AttemptOutcome, SecretOwner};

/// The client credentials in the header of a request.
///
/// ```
/// use scopegate_domain::Secret;
/// use scopegate_grant::ClientCredentials;
///
/// let header = ClientCredentials::Basic { id: "s6BhdRkqt3".into(), secret: Secret::new("7Fjfp0ZBr1KtDRbnfVdmIw".into()) };
/// assert!(!format!("{header:?}").contains("7Fj"));
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new way to authenticate must be handled in `authenticate`"
)]
pub enum ClientCredentials {
    /// The request has no credentials, or the empty pair that Swagger UI sends if no client was
    /// entered.
    Absent,
    /// HTTP Basic ([RFC 6749, section
    /// 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)), both parts decoded.
    Basic {
        /// The id of the client, not checked yet.
        id: String,
        /// The secret of the client; empty for a public client.
        secret: Secret<String>,
    },
    /// A header that cannot be read, or a scheme other than Basic.
    Malformed,
}

/// Returns the client that the header or the form names.
///
/// A confidential client authenticates with its secret. A public client only identifies itself.
///
/// The number of attempts with a secret is limited.
pub(crate) async fn authenticate(
    context: &GrantContext,
    params: &Params,
    header: &ClientCredentials,
    from: Option<IpAddr>,
) -> Result<Authenticated<Client>, GrantError> {
    // SECURITY: an assertion that is not verified must not be ignored
    // (`an_assertion_is_never_ignored`).
    if ["client_assertion", "client_assertion_type"]
        .iter()
        .any(|name| params.secret(name).is_some())
    {
        return Err(InvalidClientCause::Assertion.into());
    }
    let (form_id, form_secret) = (params.text("client_id"), params.secret("client_secret"));
    let (id, secret) = match header {
        ClientCredentials::Malformed => return Err(InvalidClientCause::Malformed.into()),
        ClientCredentials::Basic { id, secret } => {
            if form_secret.is_some() || form_id.is_some_and(|form_id| form_id != id) {
                return Err(InvalidRequestCause::TwoClients.into());
            }
            (id.as_str(), Some(secret))
        }
        ClientCredentials::Absent => (form_id.ok_or(InvalidClientCause::Missing)?, form_secret),
    };
    let secret = secret.filter(|secret| !secret.expose().is_empty());
    let attempt = match secret {
        Some(_) => Some(context.throttle.begin(SecretOwner::Client(id), from).await?),
        None => None,
    };
    let client = match find(context.store.clients(), id).await {
        Ok(client) => client,
        Err(error) => {
            if let Some(attempt) = attempt {
                attempt.end(AttemptOutcome::Undecided);
            }
            return Err(error);
        }
    };
    let known = client.as_ref().map(|client| client.id().clone());
    let proven = prove(client, secret);
    if let Some(attempt) = attempt {
        if proven.is_none() {
            let (client, peer) = (known.as_ref().map(ClientId::as_str), from.map(display));
            tracing::info!(client, peer, "client authentication failed");
        }
        attempt.end(if proven.is_some() {
            AttemptOutcome::Succeeded
        } else {
            AttemptOutcome::Failed
        });
    }
    proven.ok_or_else(|| InvalidClientCause::Refused.into())
}

async fn find(clients: &dyn Clients, id: &str) -> Result<Option<Client>, GrantError> {
    match ClientId::parse(id) {
        Ok(id) => Ok(clients.find(&id).await?),
        Err(_) => Ok(None),
    }
}

/// Checks that the client has not changed since it was read: its secret, its scope or the client
/// itself may have been removed.
// SECURITY: a login takes long, and a revocation during it prevents the token. Tested by
// `change_during_login_refuses_it` in tests/it/withdrawn.rs.
pub(crate) async fn is_unchanged(clients: &dyn Clients, client: &Client) -> Result<(), GrantError> {
    match clients.find(client.id()).await? {
        Some(now) if now == *client => Ok(()),
        _ => Err(InvalidClientCause::Refused.into()),
    }
}

/// Compares the secret with the digest of the client. For an unknown client it uses a digest that
/// no secret matches, so that it costs as much as a wrong secret.
// SECURITY: tested by `every_wrong_client_is_refused_alike` in tests/it/client_auth.rs.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where a client's credential is checked"
)]
fn prove(client: Option<Client>, secret: Option<&Secret<String>>) -> Option<Authenticated<Client>> {
    let stored = client.as_ref().and_then(Client::secret);
    let presented = secret.map(|secret| ClientSecret::parse(secret.expose()).map(|secret| secret.digest()));
    let fits = presented.map(|presented| presented.is_ok_and(|presented| presented == *stored.unwrap_or(&NO_SECRET)));
    let proven = match client.as_ref()?.kind() {
        ClientKind::Confidential => fits == Some(true),
        ClientKind::Public => fits.is_none(),
    };
    client.filter(|_| proven).map(Authenticated::assertion)
}

/// The digest of no known text.
const NO_SECRET: SecretDigest = SecretDigest::from_bytes([0; 32]);
