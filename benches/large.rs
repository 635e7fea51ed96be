//! A policy of the size of Microsoft Graph's permissions.

use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, Guard, Operation, OperationTable, Rule};

const OPERATIONS: usize = 11_215;
const GUARDS: usize = 1_692;
/// Scopes of each of three schemes.
const SCOPES: [usize; 3] = [600, 300, 596];
const SCHEMES: [&str; 3] = ["DelegatedWork", "DelegatedPersonal", "Application"];

/// Guards with up to 21 alternatives, each shared by some operations.
#[derive(Debug)]
pub struct LargeInterface {
    guards: Vec<Guard>,
}

impl LargeInterface {
    /// Its guards.
    #[must_use]
    pub fn new() -> Self {
        Self {
            guards: (0..GUARDS).map(guard).collect(),
        }
    }

    /// Read into a table.
    #[must_use]
    pub fn table(&self) -> OperationTable {
        self.with(catalog(false))
    }

    /// The same with a scope more, before all others, that implies one of them.
    #[must_use]
    pub fn table_with_another_scope(&self) -> OperationTable {
        self.with(catalog(true))
    }

    /// Returns the scopes that a client could have.
    pub fn some_scopes(&self) -> impl Iterator<Item = ScopeToken> {
        (0..SCOPES[0]).step_by(60).map(token)
    }

    fn with(&self, catalog: Catalog) -> OperationTable {
        let operation = |place: usize| {
            let template = format!(
                "/deviceManagement/section{}/items/{{id}}/entries{place}/{{entry}}",
                place % 97
            );
            Operation::get(template).guard(&self.guards[place % GUARDS])
        };
        let builder = OperationTable::builder(catalog);
        let builder = (0..OPERATIONS)
            .map(operation)
            .fold(builder, scopegate_policy::OperationTableBuilder::operation);
        builder.build().unwrap()
    }
}

impl Default for LargeInterface {
    fn default() -> Self {
        Self::new()
    }
}

fn token(place: usize) -> ScopeToken {
    ScopeToken::parse(&format!("DeviceManagement{place}.ReadWrite.All")).unwrap()
}

fn catalog(has_another: bool) -> Catalog {
    let another = ScopeToken::from_static("Directory.AccessAsUser.All");
    let mut builder = Catalog::builder();
    for (name, count) in SCHEMES.into_iter().zip(SCOPES) {
        builder = builder.scheme(name, SecurityScheme::oauth2_client_credentials("token"));
        if has_another {
            builder = builder.scope(another.clone(), "");
        }
        builder = (0..count).fold(builder, |builder, place| builder.scope(token(place), ""));
        if has_another {
            builder = builder.implies(another.clone(), token(7));
        }
    }
    builder.build().unwrap()
}

/// A few of them have many alternatives, and one in four of these needs two scopes.
fn guard(number: usize) -> Guard {
    let alternatives = if number.is_multiple_of(50) { 21 } else { 2 + number % 7 };
    let alternative = |place: usize| {
        let scheme = place % SCHEMES.len();
        let scope = |step: usize| {
            Rule::Fact(Fact::Scope {
                scheme: SCHEMES[scheme].parse().unwrap(),
                token: token((number * 31 + place * 17 + step) % SCOPES[scheme]),
            })
        };
        Rule::All((0..=usize::from(place % 4 == 3)).map(scope).collect())
    };
    Guard::rule(Rule::Any((0..alternatives).map(alternative).collect()))
}
