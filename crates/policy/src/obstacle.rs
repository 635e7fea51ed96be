//! The causes of a refused request.

use scopegate_domain::ScopeToken;

use crate::{Atom, AtomId, AtomSet, Ceiling, Explanation, Universe};

/// The reason why an atom cannot hold yet: account, audience, a ceiling, a check or the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle<'c> {
    /// The user is not known, or not active.
    Account,
    /// The audience of the token is another resource server.
    Audience,
    /// This ceiling does not reach so far: the client's, the user's, a role's, or what the user
    /// consented to.
    Ceiling(&'c Ceiling),
    /// A check of the application refused.
    Check,
    /// Each ceiling reaches so far, but by other scopes: none that provides it lies under all of
    /// them.
    Disjoint,
    /// Nothing forbids it: the client did not request it, or did not prove it.
    Request,
}

impl Obstacle<'_> {
    /// Its name in reports.
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

impl std::fmt::Display for Obstacle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account => f.write_str("the account is unknown or not active"),
            Self::Audience => f.write_str("the token is meant for somebody else"),
            Self::Ceiling(ceiling) => write!(f, "{ceiling} does not reach so far"),
            Self::Check => f.write_str("a check of the application refused"),
            Self::Disjoint => f.write_str("each ceiling reaches so far, but no scope that brings it lies under all"),
            Self::Request => f.write_str("the request did not bring it"),
        }
    }
}

/// One atom that a refused request lacks, with the causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking<'c> {
    atom: Atom,
    obstacles: Vec<Obstacle<'c>>,
}

impl<'c> Lacking<'c> {
    /// The missing atom.
    #[must_use]
    pub const fn atom(&self) -> &Atom {
        &self.atom
    }

    /// The causes of the denial; never empty.
    #[must_use]
    pub fn obstacles(&self) -> &[Obstacle<'c>] {
        &self.obstacles
    }
}

impl Explanation {
    /// The causes of what a refused request lacks: the remedy that these ceilings leave the most
    /// of, in the fewest words. Nothing if it was allowed, or if no caller may.
    ///
    /// All the ceilings hold at once, and a token gets no scope that does not lie under every one
    /// of them. Kinds that are not among them do not restrict a caller. A scope under a ceiling
    /// reaches what it implies.
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
    ///     .who_stands_in_the_way(&ceilings)
    ///     .iter()
    ///     .map(|lacking| format!("{}: {}", lacking.atom(), lacking.obstacles()[0]))
    ///     .collect();
    /// assert_eq!(told, ["me: the request did not bring it", "items: client `web` does not reach so far"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn who_stands_in_the_way<'c>(&self, ceilings: &'c [Ceiling]) -> Vec<Lacking<'c>> {
        if self.is_allowed() {
            return Vec::new();
        }
        let universe = self.operation().universe();
        let reach = Reachability::new(universe, ceilings);
        let obtainable = reach.obtainable(universe);
        let Some(nearest) = self.operation().nearest(self.world(), Some(&obtainable)) else {
            return Vec::new();
        };
        let lacking = |id: AtomId| {
            let atom = universe.atom(id)?.clone();
            let obstacles = reach.obstacles(&atom, id);
            Some(Lacking { atom, obstacles })
        };
        let missing = universe.generators(nearest.missing());
        missing.iter().filter_map(lacking).collect()
    }
}

/// What ceilings leave.
struct Reachability<'c> {
    each: Vec<(&'c Ceiling, AtomSet)>,
    /// What a token may carry, with all that it implies; everything if there is no ceiling.
    together: Option<AtomSet>,
}

impl<'c> Reachability<'c> {
    fn new(universe: &Universe, ceilings: &'c [Ceiling]) -> Self {
        let each = ceilings
            .iter()
            .map(|ceiling| (ceiling, closure(universe, ceiling.scopes_in(universe))));
        let together = ceilings.split_first().map(|(first, others)| {
            let others: Vec<_> = others.iter().map(|other| other.scopes_in(universe)).collect();
            let mut common = first.scopes_in(universe);
            common.retain(|scope| others.iter().all(|other| other.contains(scope)));
            closure(universe, common)
        });
        Self {
            each: each.collect(),
            together,
        }
    }

    /// Everything but the scopes that no token can carry.
    fn obtainable(&self, universe: &Universe) -> AtomSet {
        let is_obtainable = |(id, atom): &(AtomId, &Atom)| {
            let is_within = self.together.as_ref().is_none_or(|together| together.contains(*id));
            atom.scope_token().is_none() || is_within
        };
        let atoms = (0..).map(AtomId).zip(universe.atoms());
        atoms.filter(is_obtainable).map(|(id, _)| id).collect()
    }

    fn obstacles(&self, atom: &Atom, id: AtomId) -> Vec<Obstacle<'c>> {
        match atom {
            Atom::Scope { .. } => self.of_scope(id),
            Atom::Active | Atom::User => vec![Obstacle::Account],
            Atom::Audience(_) => vec![Obstacle::Audience],
            Atom::Check { .. } => vec![Obstacle::Check],
            Atom::Acr(_)
            | Atom::AgeAtMost(_)
            | Atom::Authenticated
            | Atom::Bound(_)
            | Atom::Scheme(_)
            | Atom::Subject(_) => vec![Obstacle::Request],
        }
    }

    fn of_scope(&self, id: AtomId) -> Vec<Obstacle<'c>> {
        let short = self.each.iter().filter(|(_, reached)| !reached.contains(id));
        let short: Vec<Obstacle<'c>> = short.map(|(ceiling, _)| Obstacle::Ceiling(ceiling)).collect();
        match &self.together {
            _ if !short.is_empty() => short,
            Some(together) if !together.contains(id) => vec![Obstacle::Disjoint],
            _ => vec![Obstacle::Request],
        }
    }
}

/// Some scopes, each of an authorization server, with all that they imply.
fn closure(universe: &Universe, scopes: Vec<(usize, &ScopeToken)>) -> AtomSet {
    let mut all = AtomSet::EMPTY;
    for (server, token) in scopes {
        all.unite(&universe.token_brings_by(server, token.as_str()));
    }
    all
}
