//! Selects the issuer that verifies a bearer token of one scheme.

use std::sync::Arc;

use scopegate_domain::{ClaimNames, InvalidClaimName, Timestamp};
use scopegate_issuers::{Introspection, RemoteIssuer, Renewal, unverified_issuer};
use scopegate_store::{BoxFuture, StoreError};
use scopegate_token::{TokenRules, VerifyError};

use crate::credentials::accepted::AcceptedCredential;
use crate::credentials::application;
use crate::credentials::bearer_verifier::{self, BearerVerifier, VerificationContext};
use crate::credentials::claim_source::ClaimSource;
use crate::refusal::CredentialError;
use crate::{AuthenticatedCredential, BearerTokens, Credential, CredentialCheck, CredentialVerifier, GateError};

impl CredentialVerifier for Introspection {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async {
            let answer = self.introspect(credential.secret().expose()).await;
            Ok(match answer.map_err(StoreError::unavailable)? {
                None => CredentialCheck::Invalid,
                Some(token) => {
                    CredentialCheck::Valid(AuthenticatedCredential::of_claims(token.claims).with_scopes(token.scopes))
                }
            })
        })
    }
}

/// The issuers whose tokens one scheme accepts.
#[derive(Clone, Default)]
pub(crate) struct IssuerSet {
    /// The issuer whose keys need no request: this program, or one with configured keys.
    own: Option<Arc<BearerVerifier>>,
    remote: Vec<IssuerEntry>,
    /// The issuer that is queried about tokens that are not JWTs.
    opaque: Option<Introspection>,
}

/// A remote issuer with the verifier and the cache of its tokens for this scheme.
#[derive(Clone)]
struct IssuerEntry {
    issuer: RemoteIssuer,
    verifier: Arc<BearerVerifier>,
}

impl IssuerEntry {
    fn new(scheme: &str, issuer: RemoteIssuer, of_gate: &ClaimNames) -> Result<Self, InvalidClaimName> {
        let bytes = issuer.token_cache_bytes().unwrap_or(BearerTokens::CACHE_BYTES);
        let tokens = BearerTokens::new(Arc::clone(issuer.verifier())).cache_bytes(bytes);
        let named = issuer.clone();
        let verifier = BearerVerifier::new(&format!("{scheme} {}", issuer.issuer()), tokens, of_gate)?;
        let verifier = verifier.within(issuer.ceiling().cloned());
        Ok(Self {
            verifier: Arc::new(verifier.naming(move |subject| named.subject(subject))),
            issuer,
        })
    }
}

/// The verifier of one token.
enum SelectedIssuer<'t> {
    None,
    Opaque(&'t Introspection),
    Own(&'t BearerVerifier),
    Remote(&'t IssuerEntry),
}

impl IssuerSet {
    /// Creates a set of one remote issuer.
    ///
    /// # Errors
    ///
    /// [`InvalidClaimName`] names the claim that cannot be kept.
    pub(crate) fn of(scheme: &str, issuer: RemoteIssuer, of_gate: &ClaimNames) -> Result<Self, InvalidClaimName> {
        Ok(Self {
            remote: vec![IssuerEntry::new(scheme, issuer, of_gate)?],
            ..Self::default()
        })
    }

    /// Creates a set of the one issuer whose keys need no request.
    pub(crate) fn with_own(tokens: Arc<BearerVerifier>) -> Self {
        Self {
            own: Some(tokens),
            ..Self::default()
        }
    }

    /// Creates a set whose only issuer is queried about each token.
    ///
    /// # Errors
    ///
    /// [`InvalidClaimName`] names the claim that cannot be kept.
    pub(crate) fn asking(introspection: Introspection, of_gate: &ClaimNames) -> Result<Self, InvalidClaimName> {
        let names = bearer_verifier::joined(introspection.kept_claims(), of_gate)?;
        let keeps_all = names == *introspection.kept_claims();
        Ok(Self {
            opaque: Some(if keeps_all {
                introspection
            } else {
                introspection.with_kept_claims(names)
            }),
            ..Self::default()
        })
    }

    /// Returns which claims the tokens of each issuer can have. `by` returns it for tokens with
    /// these rules.
    pub(crate) fn said<'g>(&self, by: impl Fn(&TokenRules) -> ClaimSource<'g>) -> Vec<ClaimSource<'g>> {
        let own = self.own.as_deref().map(|tokens| by(tokens.rules()));
        let remote = self.remote.iter().map(|_| ClaimSource::Jwt);
        let opaque = self.opaque.as_ref().map(|_| ClaimSource::Application);
        own.into_iter().chain(remote).chain(opaque).collect()
    }

    /// Returns the names of the claims that one of the issuers keeps.
    #[cfg(feature = "testing")]
    pub(crate) fn kept_claims(&self) -> ClaimNames {
        let own = self.own.as_deref().into_iter();
        let remote = self.remote.iter().map(|remote| &*remote.verifier);
        let names = own.chain(remote).map(|tokens| tokens.rules().kept_claims());
        let opaque = self.opaque.iter().map(Introspection::kept_claims);
        names
            .chain(opaque)
            .fold(ClaimNames::NONE, |all, names| all.union(names))
    }

    // SECURITY: the unverified `iss` selects the verifier and nothing else. Each verifier compares
    // the issuer again after it verified the signature. Tested by
    // http/tests/it/issuers/together.rs,
    // `token_is_verified_by_keys_of_its_issuer`.
    fn select(&self, token: &str) -> SelectedIssuer<'_> {
        let own = || self.own.as_deref().map_or(SelectedIssuer::None, SelectedIssuer::Own);
        if token.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return self.opaque.as_ref().map_or_else(own, SelectedIssuer::Opaque);
        }
        let named = unverified_issuer(token);
        let is_named = |remote: &&IssuerEntry| named.as_deref() == Some(remote.issuer.issuer().as_str());
        self.remote
            .iter()
            .find(is_named)
            .map_or_else(own, SelectedIssuer::Remote)
    }

    /// Joins two sets. Returns `None` if a token could then have two verifiers.
    ///
    /// # Errors
    ///
    /// [`GateError::IssuerTwice`] if both contain the same issuer.
    pub(crate) fn join(&self, scheme: &str, other: &Self) -> Result<Option<Self>, GateError> {
        for remote in &other.remote {
            if self
                .remote
                .iter()
                .any(|known| known.issuer.issuer() == remote.issuer.issuer())
            {
                return Err(GateError::IssuerTwice {
                    scheme: scheme.to_owned(),
                    issuer: remote.issuer.issuer().to_string(),
                });
            }
        }
        if (self.own.is_some() && other.own.is_some()) || (self.opaque.is_some() && other.opaque.is_some()) {
            return Ok(None);
        }
        Ok(Some(Self {
            own: self.own.clone().or_else(|| other.own.clone()),
            remote: self.remote.iter().chain(&other.remote).cloned().collect(),
            opaque: self.opaque.clone().or_else(|| other.opaque.clone()),
        }))
    }
}

impl IssuerSet {
    /// Verifies a token by its one possible issuer.
    pub(crate) async fn verify(
        &self,
        context: VerificationContext<'_>,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Result<AcceptedCredential, CredentialError>, StoreError> {
        let token = credential.secret().expose();
        match self.select(token) {
            SelectedIssuer::None => Ok(Err(VerifyError::Issuer.into())),
            SelectedIssuer::Opaque(introspection) => application::verify(context, introspection, credential, now).await,
            SelectedIssuer::Own(tokens) => Ok(tokens.accept(context, token, now)),
            SelectedIssuer::Remote(remote) => remote.verify(context, token, now).await,
        }
    }
}

impl IssuerEntry {
    /// Verifies a token of a remote issuer. If its key is unknown, fetches the keys and tries
    /// again.
    async fn verify(
        &self,
        context: VerificationContext<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<AcceptedCredential, CredentialError>, StoreError> {
        let Self { issuer, verifier } = self;
        let verify = || verifier.accept(context, token, now);
        issuer.fetch().await.map_err(StoreError::unavailable)?;
        let mut answer = verify();
        // A fetch that was already running may have missed a new key: that permits one more.
        for _ in 0..2 {
            if !matches!(answer, Err(CredentialError::Verify(VerifyError::UnknownKey))) {
                break;
            }
            let renewal = issuer.renew().await.map_err(StoreError::unavailable)?;
            if renewal == Renewal::NotDue {
                break;
            }
            answer = verify();
            if renewal == Renewal::Fetched {
                break;
            }
        }
        Ok(answer)
    }
}
