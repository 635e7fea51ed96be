//! The policies of the benches.

use std::sync::Arc;

use scopegate_domain::{Catalog, SchemeName, ScopeToken, SecurityScheme, Timestamp, User, UserId, Username};
use scopegate_policy::{
    ActiveUser, Fact, FactSet, Guard, Operation, OperationTable, PresentedCredentials, ResolvedOperation, SchemeId,
    TokenFacts,
};

use crate::TokenFixture;

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The resources of an office's scopes: names of many lengths, like real ones.
const RESOURCES: [&str; 16] = [
    "calendars",
    "contacts",
    "devices",
    "drives",
    "events",
    "files",
    "groups",
    "invoices",
    "items",
    "mail",
    "notes",
    "orders",
    "people",
    "reports",
    "tasks",
    "users",
];

/// 64 declared scopes, a token that has 32 of them, and an operation that needs two of those.
#[derive(Debug)]
pub struct ManyScopes {
    table: OperationTable,
    required: Vec<String>,
    granted: Vec<String>,
    facts: FactSet,
}

impl ManyScopes {
    /// The scopes and the operation.
    #[must_use]
    pub fn new() -> Self {
        let actions = ["read", "write", "delete", "administer"];
        let of_resource = |resource: &str| actions.map(|action| format!("{resource}:{action}"));
        let declared: Vec<String> = RESOURCES.iter().flat_map(|resource| of_resource(resource)).collect();
        let granted: Vec<String> = declared.iter().step_by(2).cloned().collect();
        let required = vec![granted[9].clone(), granted[22].clone()];
        let scope = |name: &String| ScopeToken::parse(name).unwrap();
        let start = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let catalog = declared
            .iter()
            .fold(start, |builder, name| builder.scope(scope(name), ""))
            .build()
            .unwrap();
        let guard = Guard::requires(required.iter().map(scope));
        let table = OperationTable::builder(catalog)
            .operation(Operation::get("/x").guard(guard))
            .build()
            .unwrap();
        let fact_table = table.fact_table();
        let scheme = SchemeName::parse("oauth").unwrap();
        let fact = |name| Fact::Scope {
            scheme: scheme.clone(),
            token: scope(name),
        };
        let granted_facts = granted
            .iter()
            .map(|name| fact_table.find(&fact(name)).unwrap())
            .collect();
        let facts = fact_table.close(&granted_facts);
        Self {
            table,
            required,
            granted,
            facts,
        }
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &ResolvedOperation {
        &self.table.operations()[0]
    }

    /// The facts of the token.
    #[must_use]
    pub const fn facts(&self) -> &FactSet {
        &self.facts
    }

    /// The decision as a loop over strings.
    #[must_use]
    pub fn string_loop(&self) -> bool {
        self.required
            .iter()
            .all(|needed| self.granted.iter().any(|scope| scope == needed))
    }
}

impl Default for ManyScopes {
    fn default() -> Self {
        Self::new()
    }
}

/// The tutorial's policy, with johndoe and a token for `me items`.
#[derive(Debug)]
pub struct Tutorial {
    table: OperationTable,
    scheme: SchemeId,
    token: TokenFacts,
    user: Arc<User>,
    now: Timestamp,
}

impl Tutorial {
    /// The policy, and what was found out about a request.
    #[must_use]
    pub fn new(fixture: &TokenFixture) -> Self {
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(ME, "")
            .scope(ITEMS, "")
            .build()
            .unwrap();
        let user = Guard::user();
        let active = Guard::requires([ME]).check(ActiveUser).depends_on(&user);
        let table = OperationTable::builder(catalog)
            .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&active)))
            .build()
            .unwrap();
        let scheme = table.scheme_id(&SchemeName::parse("oauth").unwrap()).unwrap();
        let mut scratch = scopegate_token::PayloadBuffer::new();
        let claims = fixture
            .verifier()
            .verify(fixture.token(), fixture.now(), &mut scratch)
            .unwrap();
        let token = table.token_facts(scheme, &claims).unwrap();
        let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
        Self {
            table,
            scheme,
            token,
            user: Arc::new(user),
            now: fixture.now(),
        }
    }

    /// `GET /users/me/items/`, which needs `items`, `me` and an active user.
    #[must_use]
    pub fn operation(&self) -> &ResolvedOperation {
        &self.table.operations()[0]
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &OperationTable {
        &self.table
    }

    /// The facts of the token.
    #[must_use]
    pub const fn token(&self) -> &TokenFacts {
        &self.token
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// The scheme of the token.
    #[must_use]
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// A request that may be done.
    #[must_use]
    pub fn presented(&self) -> PresentedCredentials<'_> {
        PresentedCredentials::new(self.now)
            .with_token(&self.token, "johndoe")
            .with_user(Arc::clone(&self.user))
    }

    /// The same request without a credential.
    #[must_use]
    pub const fn nothing_presented(&self) -> PresentedCredentials<'_> {
        PresentedCredentials::new(self.now)
    }
}
