//! Credentials that were accepted.

use std::sync::Arc;

use scopegate_domain::{TokenClaims, User};
use scopegate_policy::{PresentedCredentials, TokenFacts};
use scopegate_token::{CachedToken, HeapSize};

/// A credential that was accepted, in values that outlive it.
pub(crate) struct AcceptedCredential {
    facts: FactSource,
    pub(crate) user: Option<Arc<User>>,
}

/// The facts of one credential, regardless of the requirement.
pub(crate) struct CredentialFacts {
    pub(crate) token_facts: TokenFacts,
    /// The facts of this credential under the shadow policy.
    pub(crate) shadow: Option<Box<TokenFacts>>,
    /// What a handler can read of the credential. Each permit shares it.
    pub(crate) claims: Arc<TokenClaims>,
}

enum FactSource {
    /// Found for this request.
    Fresh(Box<CredentialFacts>),
    /// Found when the token was verified.
    Cached(Arc<CachedToken<CredentialFacts>>),
}

impl AcceptedCredential {
    /// A credential that the application accepted.
    pub(crate) fn from_application(facts: CredentialFacts) -> Self {
        Self {
            facts: FactSource::Fresh(Box::new(facts)),
            user: None,
        }
    }

    /// A token that was verified, now or before.
    pub(crate) const fn of_token(known: Arc<CachedToken<CredentialFacts>>) -> Self {
        Self {
            facts: FactSource::Cached(known),
            user: None,
        }
    }

    fn facts(&self) -> &CredentialFacts {
        match &self.facts {
            FactSource::Fresh(facts) => facts,
            FactSource::Cached(known) => known,
        }
    }

    /// Returns its facts under the running policy.
    pub(crate) fn token_facts(&self) -> &TokenFacts {
        &self.facts().token_facts
    }

    /// Returns its facts under the shadow policy.
    pub(crate) fn shadow(&self) -> Option<&TokenFacts> {
        self.facts().shadow.as_deref()
    }

    /// Returns the subject, unless the client itself is the subject: then no user is.
    // SECURITY: an operator chooses the ids of clients, so one may equal the id or the name of a
    // user (RFC 9700, section 4.15). Tested by `client_is_not_the_user_of_its_name` in
    // tests/it/service_tokens.rs and `client_of_another_issuer_is_not_a_user` in
    // crates/http/tests/it/issuers/together.rs.
    pub(crate) fn user_subject(&self) -> Option<&str> {
        let claims = &self.facts().claims;
        claims.subject().filter(|_| !claims.is_of_client())
    }

    /// Adds the credential to `presented`, with its facts under one of the two policies.
    pub(crate) fn present<'a>(
        &'a self,
        presented: PresentedCredentials<'a>,
        token_facts: &'a TokenFacts,
    ) -> PresentedCredentials<'a> {
        let presented = presented.with_token(token_facts, &self.facts().claims);
        match &self.user {
            Some(user) => presented.with_user(Arc::clone(user)),
            None => presented,
        }
    }
}

impl HeapSize for CredentialFacts {
    fn heap_bytes(&self) -> usize {
        /// The counts of shared memory, and the allocator's overhead for the four pieces of the
        /// claims.
        const SHARED: usize = 16 + 4 * 16;
        let shadow = self.shadow.as_ref();
        self.token_facts.heap_bytes()
            + shadow.map_or(0, |shadow| size_of::<TokenFacts>() + shadow.heap_bytes())
            + SHARED
            + size_of::<TokenClaims>()
            + self.claims.heap_bytes()
    }
}
