//! Client authentication: [RFC 6749, section
//! 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).

use scopegate_domain::{
    AuditEvent, Authenticated, Client, ClientAuthMethod, ClientId, RegisteredSecret, Secret, SecretDigest, Timestamp,
};
use scopegate_store::{Clients, NewsHeads};
use scopegate_token::ClientSecret;
use tracing::field::display;

use crate::context::GrantContext;
use crate::{GrantError, InvalidClientCause, InvalidRequestCause, Params};
use scopegate_login::{AttemptOutcome, RequestOrigin, SecretOwner};

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
/// A confidential client authenticates by its registered method, with one of its secrets. A public
/// client only identifies itself.
///
/// The number of attempts with a secret is limited.
pub(crate) async fn authenticate(
    context: &GrantContext,
    params: &Params,
    header: &ClientCredentials,
    origin: &RequestOrigin,
    now: Timestamp,
) -> Result<Authenticated<Client>, GrantError> {
    let presented = Presented::read(params, header)?;
    let (id, secret) = (presented.id, presented.secret);
    let attempt = match secret {
        Some(_) => Some(context.throttle.begin(SecretOwner::Client(id), origin.address).await?),
        None => None,
    };
    let client = match find(context, id).await {
        Ok(client) => client,
        Err(error) => {
            if let Some(attempt) = attempt {
                attempt.end(AttemptOutcome::Undecided);
            }
            return Err(error);
        }
    };
    let known = client.as_ref().map(Client::id);
    let proven = prove(client.as_ref(), &presented, now);
    // SECURITY: an unknown client is counted and logged like a known one, so that the time tells
    // little. What remains is in docs/attacks.md.
    // Tested by `every_wrong_client_is_refused_alike` in tests/it/client_auth.rs.
    if proven.is_none() {
        context
            .audit
            .record_of_client(AuditEvent::ClientAuthenticationFailed, origin, known);
    }
    if let Some(attempt) = attempt {
        if proven.is_none() {
            let client = known.map_or("(unknown)", ClientId::as_str);
            let peer = origin.address.map(display);
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

/// Authenticates a cached client, without a query. Returns the state of the log of changes before
/// the client was found. `None`: the client is not cached or did not authenticate. The cached value
/// may be outdated, so the caller then calls [`authenticate`], which reads the store and counts a
/// failure.
pub(crate) async fn authenticate_cached(
    context: &GrantContext,
    params: &Params,
    header: &ClientCredentials,
    origin: &RequestOrigin,
    now: Timestamp,
) -> Result<Option<(Authenticated<Client>, NewsHeads)>, GrantError> {
    let Some(cache) = &context.clients else {
        return Ok(None);
    };
    let presented = Presented::read(params, header)?;
    // SECURITY: a client that is not cached costs as much as one that is, so that the time does not
    // reveal which clients exist.
    let (client, heads) = cache.cached(presented.id, context.clock.now_in_microseconds()).unzip();
    let attempt = match presented.secret {
        Some(_) => Some(
            context
                .throttle
                .begin(SecretOwner::Client(presented.id), origin.address)
                .await?,
        ),
        None => None,
    };
    let proven = prove(client.as_deref(), &presented, now);
    if let Some(attempt) = attempt {
        attempt.end(if proven.is_some() {
            AttemptOutcome::Succeeded
        } else {
            AttemptOutcome::Undecided
        });
    }
    Ok(proven.zip(heads))
}

async fn find(context: &GrantContext, id: &str) -> Result<Option<Client>, GrantError> {
    let Ok(id) = ClientId::parse(id) else {
        return Ok(None);
    };
    Ok(match &context.clients {
        Some(cache) => cache.find(&id).await?,
        None => context.store.clients().find(&id).await?,
    })
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

/// What a request says about its client.
struct Presented<'p> {
    id: &'p str,
    secret: Option<&'p Secret<String>>,
    place: SecretPlace,
}

/// The place of the secret in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretPlace {
    /// The client uses two methods at once, which RFC 6749, section 2.3, forbids.
    Both,
    Form,
    Header,
    Nowhere,
}

impl<'p> Presented<'p> {
    fn read(params: &'p Params, header: &'p ClientCredentials) -> Result<Self, GrantError> {
        // SECURITY: an assertion that is not verified must not be ignored
        // (`an_assertion_is_never_ignored`).
        if ["client_assertion", "client_assertion_type"]
            .iter()
            .any(|name| params.secret(name).is_some())
        {
            return Err(InvalidClientCause::Assertion.into());
        }
        let (form_id, form_secret) = (params.text("client_id"), params.secret("client_secret"));
        let is_empty = |secret: &&Secret<String>| secret.expose().is_empty();
        let (id, header_secret) = match header {
            ClientCredentials::Malformed => return Err(InvalidClientCause::Malformed.into()),
            ClientCredentials::Basic { id, .. } if form_id.is_some_and(|form_id| form_id != id) => {
                return Err(InvalidRequestCause::TwoClients.into());
            }
            ClientCredentials::Basic { id, secret } => (id.as_str(), Some(secret)),
            ClientCredentials::Absent => (form_id.ok_or(InvalidClientCause::Missing)?, None),
        };
        let form_secret = form_secret.filter(|secret| !is_empty(secret));
        let place = match (header_secret, form_secret) {
            (Some(_), Some(_)) => SecretPlace::Both,
            (Some(secret), None) if !is_empty(&secret) => SecretPlace::Header,
            (_, Some(_)) => SecretPlace::Form,
            (_, None) => SecretPlace::Nowhere,
        };
        let secret = form_secret.or(header_secret).filter(|secret| !is_empty(secret));
        Ok(Self { id, secret, place })
    }
}

/// Compares the secret with the valid ones of the client, and its place with the registered method.
/// An unknown client, and one with fewer secrets, has digests that no secret matches, so that each
/// refusal costs as much as any other.
// SECURITY: tested by `every_wrong_client_is_refused_alike` in tests/it/client_auth.rs.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where a client's credential is checked"
)]
fn prove(client: Option<&Client>, presented: &Presented<'_>, now: Timestamp) -> Option<Authenticated<Client>> {
    let text = presented.secret.map_or("", |secret| secret.expose().as_str());
    let digest = ClientSecret::parse(text).map_or(NO_SECRET, |secret| secret.digest());
    let stored = client.map(Client::secrets).unwrap_or_default();
    let mut fits = false;
    for index in 0..Client::MAX_SECRETS {
        let secret = stored.get(index).copied().unwrap_or(RegisteredSecret::new(NO_SECRET));
        // SECURITY: a request without a secret has the digest that no secret has.
        let is_equal = digest == *secret.digest() && digest != NO_SECRET;
        fits |= is_equal && secret.is_valid(now);
    }
    let is_proven = |method: ClientAuthMethod| match presented.place {
        SecretPlace::Both => false,
        SecretPlace::Form => fits && method.allows_form(),
        SecretPlace::Header => fits && method.allows_header(),
        SecretPlace::Nowhere => method == ClientAuthMethod::None,
    };
    client
        .filter(|client| is_proven(client.auth_method()))
        .cloned()
        .map(Authenticated::assertion)
}

/// The digest of no known text.
const NO_SECRET: SecretDigest = SecretDigest::from_bytes([0; 32]);
