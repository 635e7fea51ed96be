//! Cached tokens.

use std::sync::Arc;

use scopegate_domain::{
    AccessTokenClaims, Audience, Catalog, ClientId, Clock as _, Issuer, Lifetime, Revocation, Revoked, SchemeName,
    ScopeToken, Secret, SecurityScheme, SystemClock, Timestamp, TokenId,
};
use scopegate_policy::{Guard, Operation, OperationTable, SchemeId, TokenFacts};
use scopegate_token::{
    CachedToken, HeapSize, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRejected, TokenRules, VerifiedCache,
    Verifier,
};

/// The values that a gate caches for a token.
#[derive(Debug)]
pub struct CachedFacts {
    /// The facts for a decision.
    pub facts: TokenFacts,
    subject: Option<Arc<str>>,
}

impl HeapSize for CachedFacts {
    fn heap_bytes(&self) -> usize {
        self.facts.heap_bytes() + self.subject.as_ref().map_or(0, |subject| subject.len() + 16)
    }
}

/// A verifier that remembers tokens, as a gate has one; and a token of eight claims by RFC 9068.
#[derive(Debug)]
pub struct RememberedTokens {
    table: OperationTable,
    scheme: SchemeId,
    signer: Signer,
    revoked: Arc<RevokedSet>,
    cache: VerifiedCache<CachedFacts>,
    token: String,
    copy: String,
    now: Timestamp,
}

impl RememberedTokens {
    /// Tokens signed with HMAC and SHA-256, in a cache of this number of bytes.
    #[must_use]
    pub fn hs256(bytes: usize) -> Self {
        let secret = Secret::new("a secret text of thirty-two bytes".to_owned());
        Self::new(SigningKey::hs256(&secret).unwrap(), bytes)
    }

    /// Tokens signed with ECDSA on P-256, in a cache of this number of bytes.
    #[must_use]
    pub fn es256(bytes: usize) -> Self {
        Self::new(SigningKey::es256_generate().unwrap(), bytes)
    }

    /// Tokens signed with this key, in a cache of this number of bytes.
    fn new(key: SigningKey, bytes: usize) -> Self {
        let (me, items) = (ScopeToken::from_static("me"), ScopeToken::from_static("items"));
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(me.clone(), "")
            .scope(items, "")
            .build()
            .unwrap();
        let table = OperationTable::builder(catalog)
            .operation(Operation::get("/x").guard(Guard::requires([me])))
            .build()
            .unwrap();
        let rules = TokenRules::rfc9068(
            Issuer::parse("https://issuer.example").unwrap(),
            Audience::parse("https://api.example/items").unwrap(),
        );
        let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let verifier = Arc::new(Verifier::new(rules.clone(), key.verifying_key()));
        let mut tokens = Self {
            scheme: table.scheme_id(&SchemeName::parse("oauth").unwrap()).unwrap(),
            table,
            signer: Signer::new(rules, key),
            cache: VerifiedCache::new(verifier, Arc::clone(&revoked), bytes),
            revoked,
            token: String::new(),
            copy: String::new(),
            now: SystemClock.now(),
        };
        tokens.token = tokens.issue("0f8fad5b-d9cb-469f-a165-70867728950e");
        tokens.copy.clone_from(&tokens.token);
        tokens
    }

    /// A token with this id.
    #[must_use]
    pub fn issue(&self, id: &str) -> String {
        let scopes = ["me", "items"].map(|name| ScopeToken::parse(name).unwrap());
        let claims = AccessTokenClaims::new("johndoe", self.now, Lifetime::from_minutes(30))
            .with_scopes(scopes)
            .with_client_id(ClientId::parse("s6BhdRkqt3").unwrap())
            .with_token_id(TokenId::parse(id).unwrap());
        self.signer.issue(&claims).unwrap().expose().to_owned()
    }

    /// The token, in other memory than that in which it is remembered.
    #[must_use]
    pub fn token(&self) -> (&str, &str) {
        (&self.token, &self.copy)
    }

    /// The cache.
    #[must_use]
    pub const fn cache(&self) -> &VerifiedCache<CachedFacts> {
        &self.cache
    }

    /// Verifies the token.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.verify_token(&self.token).is_ok()
    }

    /// The cached result for the token.
    #[must_use]
    pub fn find(&self) -> Option<Arc<CachedToken<CachedFacts>>> {
        self.cache.find(&self.token, self.now)
    }

    /// Verifies a token and remembers it.
    ///
    /// # Errors
    ///
    /// [`TokenRejected`].
    pub fn verify_token(&self, token: &str) -> Result<Arc<CachedToken<CachedFacts>>, TokenRejected> {
        self.cache.verify(token, self.now, |claims| {
            Ok(CachedFacts {
                facts: self.table.token_facts(self.scheme, claims).unwrap(),
                subject: claims.subject().map(Arc::from),
            })
        })
    }

    /// Verifies this number of other tokens.
    pub fn fill(&self, count: usize) {
        for number in 0..count {
            self.verify_token(&self.issue(&format!("{number:036}"))).unwrap();
        }
    }

    /// Revokes this number of other tokens.
    pub fn revoke_others(&self, count: usize) {
        let others = (0..count).map(|number| Revoked::Token(TokenId::parse(&format!("other {number}")).unwrap()));
        self.revoked.add(others.map(|other| Revocation::until(other, self.now)));
    }
}
