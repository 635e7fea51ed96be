//! Entry points for tests of applications, behind the feature `testing`. Never switch it on in a
//! program that serves.

use std::sync::Arc;

use scopegate_domain::{Claims, ScopeToken, User, Verified};

use crate::{FactSet, OperationTable, Permit, ResolvedOperation, SchemeId, TokenFacts, TokenTooLarge};

impl Permit {
    /// Returns a permit as if the operation had been allowed by its first alternative, to call a
    /// handler without a token. Only with the feature `testing`.
    pub fn for_test(operation: &ResolvedOperation, user: Option<Arc<User>>) -> Self {
        let alternatives = operation.requirement().alternatives();
        let granted = alternatives.first().map_or(FactSet::EMPTY, Clone::clone);
        Self::new(operation.clone(), user, granted, 0, None)
    }
}

impl OperationTable {
    /// Returns the facts of a token with these scopes. Only with the feature `testing`.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] as for a real token.
    pub fn token_facts_for_test<'a>(
        &self,
        scheme: SchemeId,
        scopes: impl IntoIterator<Item = &'a ScopeToken>,
    ) -> Result<TokenFacts, TokenTooLarge> {
        TokenFacts::for_test(self, scheme, scopes.into_iter().map(ScopeToken::as_str))
    }

    /// Returns the facts of a token with these claims. Only with the feature `testing`.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] as for a real token.
    #[expect(clippy::disallowed_methods, reason = "a test states what a verified token says")]
    pub fn claims_facts_for_test(&self, scheme: SchemeId, claims: Claims<'_>) -> Result<TokenFacts, TokenTooLarge> {
        self.token_facts(scheme, &Verified::assertion(claims))
    }
}
