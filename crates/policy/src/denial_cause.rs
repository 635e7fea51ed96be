//! The causes of a refused request.

use scopegate_domain::ScopeToken;

use crate::{Ceiling, Explanation, Fact, FactId, FactSet, FactTable};

/// The reason why a fact cannot hold yet: account, audience, a ceiling, a check or the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenialCause<'c> {
    /// The user is unknown or not active.
    Account,
    /// The audience of the token is another resource server.
    Audience,
    /// A ceiling does not allow the fact: that of the client, the user or a role, or the consent of
    /// the user.
    Ceiling(&'c Ceiling),
    /// A check of the application refused.
    Check,
    /// Each ceiling allows the fact, but by different scopes: no scope that provides it is below
    /// all ceilings.
    Disjoint,
    /// No ceiling forbids the fact: the client did not request it, or did not prove it.
    Request,
}

impl DenialCause<'_> {
    /// Returns the name in reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Audience => "audience",
            Self::Ceiling(ceiling) => ceiling.kind().as_str(),
            Self::Check => "check",
            Self::Disjoint => "disjoint",
            Self::Request => "request",
        }
    }
}

impl std::fmt::Display for DenialCause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account => f.write_str("the account is unknown or not active"),
            Self::Audience => f.write_str("the token is for another audience"),
            Self::Ceiling(ceiling) => write!(f, "{ceiling} does not allow it"),
            Self::Check => f.write_str("a check of the application refused"),
            Self::Disjoint => {
                f.write_str("each ceiling allows it, but no scope that provides it is below all ceilings")
            }
            Self::Request => f.write_str("the request does not contain it"),
        }
    }
}

/// A fact that a refused request lacks, with the causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFact<'c> {
    fact: Fact,
    denial_causes: Vec<DenialCause<'c>>,
}

impl<'c> MissingFact<'c> {
    /// The missing fact.
    #[must_use]
    pub const fn fact(&self) -> &Fact {
        &self.fact
    }

    /// The causes of the denial; never empty.
    #[must_use]
    pub fn denial_causes(&self) -> &[DenialCause<'c>] {
        &self.denial_causes
    }
}

impl Explanation {
    /// Returns the causes of a refusal: the alternative that these ceilings allow most of, without
    /// implied facts. Empty if the request was allowed, or if the operation denies every caller.
    ///
    /// All ceilings apply together: a token gets a scope only if the scope is below every ceiling.
    /// A kind without a ceiling does not restrict a caller. A scope below a ceiling provides what
    /// it implies.
    ///
    /// ```
    /// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
    /// use scopegate_policy::{AssumedCredentials, Ceiling, CeilingKind, Guard, Operation, OperationTable, explain_grant};
    ///
    /// const ME: ScopeToken = ScopeToken::from_static("me");
    /// const ITEMS: ScopeToken = ScopeToken::from_static("items");
    /// let catalog = Catalog::builder()
    ///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
    ///     .scope(ME, "").scope(ITEMS, "")
    ///     .build()?;
    /// let table = OperationTable::builder(catalog)
    ///     .operation(Operation::get("/items/").guard(Guard::requires([ITEMS, ME])))
    ///     .build()?;
    /// let ceilings = [
    ///     Ceiling::new(CeilingKind::Client, "web", "me".parse()?),
    ///     Ceiling::new(CeilingKind::User, "ada", "me items".parse()?),
    /// ];
    /// let refused = explain_grant(&table.operations()[0], &AssumedCredentials::of_scopes(&table, []));
    /// let told: Vec<String> = refused
    ///     .explain_missing(&ceilings)
    ///     .iter()
    ///     .map(|lacking| format!("{}: {}", lacking.fact(), lacking.denial_causes()[0]))
    ///     .collect();
    /// assert_eq!(told, ["me: the request does not contain it", "items: client `web` does not allow it"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_missing<'c>(&self, ceilings: &'c [Ceiling]) -> Vec<MissingFact<'c>> {
        if self.is_allowed() {
            return Vec::new();
        }
        let fact_table = self.operation().fact_table();
        let reach = Reachability::new(fact_table, ceilings);
        let obtainable = reach.obtainable(fact_table);
        let Some(nearest) = self.operation().nearest(self.facts(), Some(&obtainable)) else {
            return Vec::new();
        };
        let lacking = |id: FactId| {
            let fact = fact_table.fact(id)?.clone();
            let denial_causes = reach.denial_causes(&fact, id);
            Some(MissingFact { fact, denial_causes })
        };
        let missing = fact_table.generators(nearest.missing());
        missing.iter().filter_map(lacking).collect()
    }
}

/// The facts that a token can have below the ceilings.
struct Reachability<'c> {
    each: Vec<(&'c Ceiling, FactSet)>,
    /// The scopes that a token may have, with all implied facts; `None` means no ceiling.
    together: Option<FactSet>,
}

impl<'c> Reachability<'c> {
    fn new(fact_table: &FactTable, ceilings: &'c [Ceiling]) -> Self {
        let each = ceilings
            .iter()
            .map(|ceiling| (ceiling, closure(fact_table, ceiling.scopes_in(fact_table))));
        let together = ceilings.split_first().map(|(first, others)| {
            let others: Vec<_> = others.iter().map(|other| other.scopes_in(fact_table)).collect();
            let mut common = first.scopes_in(fact_table);
            common.retain(|scope| others.iter().all(|other| other.contains(scope)));
            closure(fact_table, common)
        });
        Self {
            each: each.collect(),
            together,
        }
    }

    /// Returns all facts except the scopes that no token can have.
    fn obtainable(&self, fact_table: &FactTable) -> FactSet {
        let is_obtainable = |(id, fact): &(FactId, &Fact)| {
            let is_within = self.together.as_ref().is_none_or(|together| together.contains(*id));
            fact.scope_token().is_none() || is_within
        };
        let facts = (0..).map(FactId).zip(fact_table.facts());
        facts.filter(is_obtainable).map(|(id, _)| id).collect()
    }

    fn denial_causes(&self, fact: &Fact, id: FactId) -> Vec<DenialCause<'c>> {
        match fact {
            Fact::Scope { .. } => self.of_scope(id),
            Fact::Active | Fact::User => vec![DenialCause::Account],
            Fact::Audience(_) => vec![DenialCause::Audience],
            Fact::Check { .. } => vec![DenialCause::Check],
            Fact::Acr(_)
            | Fact::AgeAtMost(_)
            | Fact::Authenticated
            | Fact::Bound(_)
            | Fact::Scheme(_)
            | Fact::Subject(_) => vec![DenialCause::Request],
        }
    }

    fn of_scope(&self, id: FactId) -> Vec<DenialCause<'c>> {
        let short = self.each.iter().filter(|(_, reached)| !reached.contains(id));
        let short: Vec<DenialCause<'c>> = short.map(|(ceiling, _)| DenialCause::Ceiling(ceiling)).collect();
        match &self.together {
            _ if !short.is_empty() => short,
            Some(together) if !together.contains(id) => vec![DenialCause::Disjoint],
            _ => vec![DenialCause::Request],
        }
    }
}

/// Returns scopes, each of an authorization server, with all implied facts.
fn closure(fact_table: &FactTable, scopes: Vec<(usize, &ScopeToken)>) -> FactSet {
    let mut all = FactSet::EMPTY;
    for (server, token) in scopes {
        all.unite(&fact_table.token_scope_facts(server, token.as_str()));
    }
    all
}
