//! Scopegate.

use std::collections::HashMap;

use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
use scopegate_policy::{
    Decision, Guard, Operation, OperationTable, PresentedCredentials, ResolvedOperation, SchemeId, TokenFacts, RequestFacts, authorize,
};

use crate::Policy;

/// The policy as a table, with its operations by name, as a table of routes has them.
#[derive(Debug)]
pub struct Ours {
    table: OperationTable,
    by_name: HashMap<String, ResolvedOperation>,
    scheme: SchemeId,
}

/// The facts of a token.
#[derive(Debug)]
pub struct Token(TokenFacts);

impl Ours {
    /// The table.
    ///
    /// # Panics
    ///
    /// If the policy is invalid.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let scope = |name: &String| ScopeToken::parse(name).unwrap();
        let start = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let catalog = policy
            .scopes
            .iter()
            .fold(start, |catalog, name| catalog.scope(scope(name), ""));
        let table = policy.operations.iter().fold(
            OperationTable::builder(catalog.build().unwrap()),
            |table, (name, needed)| {
                table.operation(Operation::get(name).guard(Guard::requires(needed.iter().map(scope))))
            },
        );
        let table = table.build().unwrap();
        let by_name = table.operations().iter();
        let by_name = by_name
            .map(|operation| (operation.template().to_owned(), operation.clone()))
            .collect();
        let scheme = table.scheme_id(&table.operations()[0].schemes()[0]).unwrap();
        Self { table, by_name, scheme }
    }

    /// The facts of a token with these scopes.
    ///
    /// # Panics
    ///
    /// If the token has too many scopes.
    #[must_use]
    pub fn token(&self, granted: &[String]) -> Token {
        let claims = format!(r#"{{"sub":"u1","scope":"{}"}}"#, granted.join(" "));
        let claims = Verified::assertion(Claims::parse(claims.as_bytes(), ScopeLayout::Text).unwrap());
        Token(self.table.token_facts(self.scheme, &claims).unwrap())
    }

    /// The bare decision.
    #[must_use]
    pub fn decide(&self, token: &Token, operation: &str) -> bool {
        let decision = |operation: &ResolvedOperation| operation.decide(&RequestFacts::of_token(&token.0));
        self.by_name
            .get(operation)
            .map(decision)
            .is_some_and(|decision| decision != Decision::Deny)
    }

    /// The decision of a request, with its permit.
    #[must_use]
    pub fn authorize(&self, token: &Token, operation: &str) -> bool {
        let presented = PresentedCredentials::new(Timestamp::from_unix(0)).with_token(&token.0, "u1");
        self.by_name
            .get(operation)
            .is_some_and(|operation| authorize(operation, &presented).is_ok())
    }
}
