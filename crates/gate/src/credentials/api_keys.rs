//! API keys of which the application stores only digests.

use std::fmt;

use scopegate_domain::SecretDigest;
use scopegate_store::{BoxFuture, StoreError};
use scopegate_token::ClientSecret;

use super::credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};

/// Finds the API key with a digest: for [`ApiKeys`].
pub trait FindApiKey: Send + Sync + 'static {
    /// Returns the subject and the scopes of the key with this digest. `None` if there is none;
    /// then the credential is invalid.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the keys cannot be read now. The client receives 503 and may retry.
    fn find_api_key(
        &self,
        digest: &SecretDigest,
    ) -> impl Future<Output = Result<Option<AuthenticatedCredential>, StoreError>> + Send;
}

/// Verifies the API keys of an application: random texts that [`ClientSecret::generate`] makes. The
/// application stores their digests, so a copy of its table has no key.
///
/// A text of another form is refused without a query. For keys of another form implement
/// [`CredentialVerifier`].
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::domain::{ApiKeyLocation, SecretDigest};
/// use scopegate_gate::policy::{Guard, Operation};
/// use scopegate_gate::store::StoreError;
/// use scopegate_gate::token::{ClientSecret, SystemRandomSource};
/// use scopegate_gate::{ApiKeys, AuthenticatedCredential, Catalog, FindApiKey, Gate, RequestHead, SecurityScheme};
///
/// /// Your table. Here it has one row.
/// struct Keys(SecretDigest);
///
/// impl FindApiKey for Keys {
///     async fn find_api_key(&self, digest: &SecretDigest) -> Result<Option<AuthenticatedCredential>, StoreError> {
///         Ok((*digest == self.0).then(|| AuthenticatedCredential::of_subject("ada")))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = ClientSecret::generate(&SystemRandomSource)?;
/// let scheme = SecurityScheme::api_key(ApiKeyLocation::Header, "X-API-Key");
/// let gate = Gate::builder(Catalog::builder().scheme("key", scheme).build()?)
///     .verifier("key", Arc::new(ApiKeys::new(Keys(key.digest()))))
///     .operation(Operation::get("/notes").guard(Guard::authenticated().with_scheme("key")))
///     .build()?;
///
/// let request = http::Request::get("/notes").header("x-api-key", key.expose()).body(())?;
/// let permit = gate.authorize(&RequestHead::of(&request)).await.map_err(|refusal| refusal.status().to_string())?;
/// assert_eq!(permit.as_ref().and_then(|permit| permit.subject()), Some("ada"));
/// # Ok(())
/// # }
/// ```
pub struct ApiKeys<F>(F);

impl<F: FindApiKey> ApiKeys<F> {
    /// Creates a verifier of these keys.
    #[must_use]
    pub const fn new(keys: F) -> Self {
        Self(keys)
    }
}

impl<F: FindApiKey> CredentialVerifier for ApiKeys<F> {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async {
            let Ok(key) = ClientSecret::parse(credential.secret().expose()) else {
                return Ok(CredentialCheck::Invalid);
            };
            let found = self.0.find_api_key(&key.digest()).await?;
            Ok(found.map_or(CredentialCheck::Invalid, CredentialCheck::Valid))
        })
    }
}

impl<F> fmt::Debug for ApiKeys<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}
