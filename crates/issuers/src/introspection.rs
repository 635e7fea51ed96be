//! Queries another issuer about opaque tokens: [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662).

mod answer;
mod builder;
mod cache;
mod client;
mod introspected_token;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult};
use scopegate_domain::{ClaimNames, Clock};
use scopegate_token::TokenRules;
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use self::builder::IntrospectionBuilder;
use self::cache::{IntrospectionCache, TokenText};
pub use self::client::ClientAuthentication;
use self::client::IntrospectionClient;
pub use self::introspected_token::IntrospectedToken;
use crate::remote_error::RemoteError;

/// Queries another issuer about its opaque tokens, and caches the responses for a short time.
///
/// A token is valid if the response says `active`, has the expected audience, and is for a bearer
/// access token. If the response names an issuer and times, the issuer must be this one and the
/// times must hold now. A sender-constrained token (`cnf`) is refused, because nothing here
/// verifies the binding. A token with the claims of an ID or logout token is refused too. While
/// the issuer does not answer, the gate returns 503: no access is granted, and no token is called
/// invalid.
///
/// | | default | why |
/// |---|---|---|
/// | TTL of a valid token | 60 s, never beyond `exp` | a revoked token works for this long |
/// | TTL of an invalid token | 5 s | a token may arrive before all of the issuer's machines know it |
/// | cache size | 4 MiB for each | invalid tokens never evict valid ones |
/// | concurrent requests | 32; further ones are 503 at once | each is a connection |
/// | timeout of a caller | 5 s | |
///
/// Callers with the same token share one request. It continues if its caller is cancelled.
///
/// ```
/// use scopegate_domain::{Audience, Issuer, Secret};
/// use scopegate_issuers::{Introspection, RemoteSetupError};
///
/// let introspection = Introspection::builder(
///     Issuer::parse("https://id.example")?,
///     Audience::parse("https://api.example")?,
///     "api",
///     Secret::new(String::from("the client's secret")),
/// )
/// .build()?;
/// // Gate::builder(catalog).introspection("oauth", introspection)
/// # let _ = introspection;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Introspection(Arc<Shared>);

struct Shared {
    client: IntrospectionClient,
    clock: Arc<dyn Clock>,
    /// The longest time that a caller waits.
    timeout: Duration,
    /// One permit for each request that may run at the same time.
    permits: Arc<Semaphore>,
    cache: IntrospectionCache,
    /// The requests that run: a placeholder for each token. An outcome is in it only until its
    /// callers have it.
    running: RunningRequests,
}

type RunningRequests = Cache<Arc<TokenText>, Outcome, UnitWeighter, RandomState>;

/// The outcome of a request; `None` is a token that is not valid here.
type Outcome = Result<Option<IntrospectedToken>, RemoteError>;

/// The usual number of outcomes that callers have not yet received.
const OUTCOMES: usize = 32;

impl Introspection {
    fn new(
        client: IntrospectionClient,
        cache: IntrospectionCache,
        clock: Arc<dyn Clock>,
        timeout: Duration,
        max_concurrency: usize,
    ) -> Self {
        let permits = Semaphore::new(max_concurrency.min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared {
            client,
            clock,
            timeout,
            permits: Arc::new(permits),
            cache,
            running: no_requests(),
        }))
    }

    /// Sets the claims that are kept for handlers. The original keeps its own. Both share the limit
    /// of concurrent requests, but no cached answer.
    #[must_use]
    pub fn with_kept_claims(&self, names: ClaimNames) -> Self {
        let shared = &self.0;
        let mut client = shared.client.clone();
        client.expected.kept_claims = names;
        Self(Arc::new(Shared {
            client,
            clock: Arc::clone(&shared.clock),
            timeout: shared.timeout,
            permits: Arc::clone(&shared.permits),
            cache: shared.cache.to_empty(),
            running: no_requests(),
        }))
    }

    /// Returns the names of the claims that it keeps for handlers.
    #[must_use]
    pub fn kept_claims(&self) -> &ClaimNames {
        &self.0.client.expected.kept_claims
    }

    /// Returns the claims and the scopes of a token, from the cache or from the issuer. `None`:
    /// the token is not valid here.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if the issuer does not answer in time, or its response cannot be read. Then
    /// no access is granted, and no token is called invalid.
    pub async fn introspect(&self, token: &str) -> Result<Option<IntrospectedToken>, RemoteError> {
        if token.is_empty() || token.len() > TokenRules::MAX_TOKEN {
            return Ok(None);
        }
        let token = Arc::new(TokenText::new(token));
        if let Some(answer) = self.0.cache.find(&token, self.0.clock.now()) {
            return Ok(answer);
        }
        timeout(self.0.timeout, self.coalesced(&token))
            .await
            .unwrap_or(Err(RemoteError::Slow))
    }

    /// Waits for the running request for this token, or starts one.
    async fn coalesced(&self, token: &Arc<TokenText>) -> Outcome {
        loop {
            if let Ok(outcome) = self.0.running.get_value_or_guard_async(token).await {
                return outcome;
            }
            // A task of its own ends the request and caches the outcome, even if this caller is
            // cancelled. Callers that only wait have no task, so they leave nothing.
            let request = tokio::spawn(request(Arc::clone(&self.0), Arc::clone(token)));
            match request.await {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(_) => return Err(RemoteError::Abandoned),
            }
        }
    }
}

fn no_requests() -> RunningRequests {
    let (weighter, hasher) = (UnitWeighter, RandomState::new());
    Cache::with(OUTCOMES, u64::MAX, weighter, hasher, DefaultLifecycle::default())
}

/// Sends a request, and gives its outcome to all callers. Returns `None` if one already runs.
async fn request(shared: Arc<Shared>, token: Arc<TokenText>) -> Option<Outcome> {
    let guard = match shared.running.get_value_or_guard(&token, Some(Duration::ZERO)) {
        GuardResult::Guard(guard) => guard,
        GuardResult::Value(outcome) => return Some(outcome),
        GuardResult::Timeout => return None,
    };
    let outcome = shared.outcome(&token).await;
    // Only this task removes the placeholder, so the insertion cannot fail.
    let _ = guard.insert(outcome.clone());
    shared.running.remove(&token);
    Some(outcome)
}

impl Shared {
    async fn outcome(&self, token: &Arc<TokenText>) -> Outcome {
        // Another request may have ended after the caller searched the cache.
        if let Some(answer) = self.cache.find(token, self.clock.now()) {
            return Ok(answer);
        }
        let _permit = self.permits.try_acquire().map_err(|_| RemoteError::Busy)?;
        let (answer, until) = self.client.request(token, &*self.clock).await?;
        self.cache.keep(token, &answer, until, self.clock.now());
        Ok(answer)
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("issuer", &self.0.client.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
