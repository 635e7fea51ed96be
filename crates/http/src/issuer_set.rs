//! The issuers whose tokens are good for one scheme, and which of them a token is shown to.

use std::sync::Arc;

use scopegate_domain::Timestamp;
use scopegate_store::StoreError;
use scopegate_token::{TokenRules, VerifyError};

use super::peek;
use super::refresh::Renewal;
use crate::accepted::Accepted;
use crate::application;
use crate::bearer_tokens::{TokenJudge, Wanted};
use crate::refusal::Unaccepted;
use crate::says::Says;
use crate::{BearerTokens, Credential, GateError, Introspection, RemoteIssuer};

/// The issuers whose tokens are good for one scheme.
#[derive(Clone, Default)]
pub(crate) struct TrustedIssuers {
    /// Our own, or whoever else's keys are known without asking.
    own: Option<Arc<TokenJudge>>,
    remote: Vec<Remote>,
    /// Who is asked about what is no JWT.
    opaque: Option<Introspection>,
}

/// One of them, with what is remembered of its tokens for this scheme.
#[derive(Clone)]
struct Remote {
    issuer: RemoteIssuer,
    judge: Arc<TokenJudge>,
}

impl Remote {
    fn new(scheme: &str, issuer: RemoteIssuer) -> Self {
        let tokens = BearerTokens::new(Arc::clone(issuer.verifier())).cache_bytes(issuer.token_cache_bytes());
        let named = issuer.clone();
        let judge = TokenJudge::new(&format!("{scheme} {}", issuer.issuer()), tokens).within(issuer.ceiling().cloned());
        Self {
            judge: Arc::new(judge.naming(move |subject| named.subject(subject))),
            issuer,
        }
    }
}

/// Whom a token is shown to.
enum Chosen<'t> {
    Nobody,
    Opaque(&'t Introspection),
    Own(&'t TokenJudge),
    Remote(&'t Remote),
}

impl TrustedIssuers {
    pub(crate) fn of(scheme: &str, issuer: RemoteIssuer) -> Self {
        Self {
            remote: vec![Remote::new(scheme, issuer)],
            ..Self::default()
        }
    }

    /// Contains no issuer but the one whose keys are known.
    pub(crate) fn with_own(tokens: Arc<TokenJudge>) -> Self {
        Self {
            own: Some(tokens),
            ..Self::default()
        }
    }

    pub(crate) fn asking(introspection: Introspection) -> Self {
        Self {
            opaque: Some(introspection),
            ..Self::default()
        }
    }

    /// What the tokens of each source can say. `by` answers for tokens by these rules.
    pub(crate) fn said<'g>(&self, by: impl Fn(&TokenRules) -> Says<'g>) -> Vec<Says<'g>> {
        let own = self.own.as_deref().map(|tokens| by(tokens.rules()));
        let remote = self.remote.iter().map(|_| Says::Jwt);
        let opaque = self.opaque.as_ref().map(|_| Says::Acceptance);
        own.into_iter().chain(remote).chain(opaque).collect()
    }

    // SECURITY: what the token says of itself decides who looks at it and nothing more. Each of those asks for its own name again,
    // under its own signature (`a_token_is_good_by_the_keys_of_its_own_issuer_alone`).
    fn choose(&self, token: &str) -> Chosen<'_> {
        let own = || self.own.as_deref().map_or(Chosen::Nobody, Chosen::Own);
        if token.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return self.opaque.as_ref().map_or_else(own, Chosen::Opaque);
        }
        let named = peek::issuer(token);
        let is_named = |remote: &&Remote| named.as_deref() == Some(remote.issuer.issuer().as_str());
        self.remote.iter().find(is_named).map_or_else(own, Chosen::Remote)
    }

    /// Both together; none where it would not be clear who looks at a token.
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

impl TrustedIssuers {
    /// Shows a token to the one issuer that it may be of.
    pub(crate) async fn verify(
        &self,
        wanted: Wanted<'_>,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Result<Accepted, Unaccepted>, StoreError> {
        let token = credential.secret().expose();
        match self.choose(token) {
            Chosen::Nobody => Ok(Err(VerifyError::Issuer.into())),
            Chosen::Opaque(introspection) => application::verify(wanted, introspection, credential).await,
            Chosen::Own(tokens) => Ok(tokens.accept(wanted, token, now)),
            Chosen::Remote(remote) => remote.verify(wanted, token, now).await,
        }
    }
}

impl Remote {
    /// Verifies a token of another issuer by the keys that are there, and where its key is not among them by those that it has now.
    async fn verify(
        &self,
        wanted: Wanted<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<Accepted, Unaccepted>, StoreError> {
        let Self { issuer, judge } = self;
        let verify = || judge.accept(wanted, token, now);
        issuer.ready().await.map_err(StoreError::unavailable)?;
        let mut answer = verify();
        // A question that was under way may have come too early for a new key: one more.
        for _ in 0..2 {
            if !matches!(answer, Err(Unaccepted::Verify(VerifyError::UnknownKey))) {
                break;
            }
            let renewal = issuer.renew().await.map_err(StoreError::unavailable)?;
            if renewal == Renewal::Nothing {
                break;
            }
            answer = verify();
            if renewal == Renewal::Asked {
                break;
            }
        }
        Ok(answer)
    }
}
