//! Infers which scopes imply other scopes.

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_policy::{AssumedCredentials, Fact, FactId, FactSet, FactTable, OperationTable, ResolvedOperation};

/// An edge that the operations suggest: every operation that the weak scope opens, the strong one
/// opens, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredImplication {
    scheme: SchemeName,
    strong: ScopeToken,
    weak: ScopeToken,
    strong_opens: usize,
    weak_opens: usize,
}

impl InferredImplication {
    /// The scheme of both scopes.
    #[must_use]
    pub const fn scheme(&self) -> &SchemeName {
        &self.scheme
    }

    /// The scope that opens more.
    #[must_use]
    pub const fn strong(&self) -> &ScopeToken {
        &self.strong
    }

    /// The scope that opens less.
    #[must_use]
    pub const fn weak(&self) -> &ScopeToken {
        &self.weak
    }

    /// Returns the number of operations that the strong scope opens by itself, without those that
    /// need no scope.
    #[must_use]
    pub const fn strong_opens(&self) -> usize {
        self.strong_opens
    }

    /// Returns the number of operations that the weak scope opens by itself.
    #[must_use]
    pub const fn weak_opens(&self) -> usize {
        self.weak_opens
    }
}

/// Returns the `implies` edges that a policy suggests: pairs of scopes of one scheme, one of which
/// opens all operations of the other, and more. The assumptions are those of
/// [`AssumedCredentials`].
///
/// The result omits pairs that follow from two others, declared implications, and pairs of scopes
/// that open the same operations, because neither is stronger.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::infer_implications;
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::any_of([[READ], [WRITE]])))
///     .operation(Operation::post("/items").guard(Guard::requires([WRITE])))
///     .build()?;
/// let [edge] = &infer_implications(&table)[..] else { panic!() };
/// assert_eq!((edge.strong(), edge.weak()), (&WRITE, &READ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn infer_implications(table: &OperationTable) -> Vec<InferredImplication> {
    let trees = Trees::new(table);
    let catalog = table.catalog().schemes().iter();
    catalog
        .flat_map(|scheme| {
            let fact = |token: &ScopeToken| Fact::Scope {
                scheme: scheme.name().clone(),
                token: token.clone(),
            };
            let found = |token| Some((token, table.fact_table().find(&fact(token))?));
            let scopes = scheme.scopes().iter().filter_map(|scope| found(scope.token()));
            of_scheme(table, &trees, scheme.name(), scopes.collect())
        })
        .collect()
}

/// A scope with the operations that it opens.
struct Opening<'t> {
    token: &'t ScopeToken,
    fact: FactId,
    opens: Bits,
}

fn of_scheme(
    table: &OperationTable,
    trees: &Trees<'_>,
    scheme: &SchemeName,
    scopes: Vec<(&ScopeToken, FactId)>,
) -> Vec<InferredImplication> {
    let fact_table = table.fact_table();
    let credential = AssumedCredentials::builder().scheme(scheme.clone()).build(table);
    let without_scope = trees.opened_by(credential.facts());
    let opening = |(token, fact)| Opening {
        token,
        fact,
        opens: trees.opened_by(&held(fact_table, fact)).without(&without_scope),
    };
    let openings: Vec<Opening<'_>> = scopes.into_iter().map(opening).collect();
    let (below, above) = order(&openings);
    let mut suggested = Vec::new();
    for (strong, below) in openings.iter().zip(&below) {
        for ((weak, above), place) in openings.iter().zip(&above).zip(0..) {
            let is_declared = fact_table.closure(strong.fact).contains(weak.fact);
            if below.contains(place) && !below.meets(above) && !is_declared {
                suggested.push(InferredImplication {
                    scheme: scheme.clone(),
                    strong: strong.token.clone(),
                    weak: weak.token.clone(),
                    strong_opens: trees.operations(&strong.opens),
                    weak_opens: trees.operations(&weak.opens),
                });
            }
        }
    }
    suggested
}

/// For each scope, the scopes that open strictly less and those that open strictly more. A scope
/// that opens nothing is in no pair.
fn order(openings: &[Opening<'_>]) -> (Vec<Bits>, Vec<Bits>) {
    let related = |is_related: &dyn Fn(&Bits, &Bits) -> bool| {
        let row = |one: &Opening<'_>| {
            let others = (0..).zip(openings);
            Bits::from_places(
                others
                    .filter(|(_, other)| is_related(&one.opens, &other.opens))
                    .map(|(place, _)| place),
            )
        };
        openings.iter().map(row).collect()
    };
    let is_less = |less: &Bits, more: &Bits| !less.is_empty() && less != more && less.is_within(more);
    (
        related(&|one, other| is_less(other, one)),
        related(&|one, other| is_less(one, other)),
    )
}

fn held(fact_table: &FactTable, fact: FactId) -> FactSet {
    let mut facts = fact_table.closure(fact).clone();
    fact_table.add_guards(&mut facts);
    facts
}

/// An operation for each tree, and the number of operations with this tree.
struct Trees<'t>(Vec<(&'t ResolvedOperation, usize)>);

impl<'t> Trees<'t> {
    fn new(table: &'t OperationTable) -> Self {
        let mut trees: Vec<Option<(&ResolvedOperation, usize)>> = vec![None; table.index().tree_count()];
        for operation in table.operations() {
            if let Some(tree) = trees.get_mut(operation.tree_number()) {
                tree.get_or_insert((operation, 0)).1 += 1;
            }
        }
        Self(trees.into_iter().flatten().collect())
    }

    fn opened_by(&self, facts: &FactSet) -> Bits {
        let opened = (0..)
            .zip(&self.0)
            .filter(|(_, (operation, _))| operation.is_open_to(facts));
        Bits::from_places(opened.map(|(place, _)| place))
    }

    fn operations(&self, bits: &Bits) -> usize {
        let counts = (0..).zip(&self.0).filter(|(place, _)| bits.contains(*place));
        counts.map(|(_, (_, count))| count).sum()
    }
}

/// A set of places; the last word is not zero.
#[derive(PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    const WORD: usize = 64;

    pub(super) fn from_places(places: impl Iterator<Item = usize>) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for place in places {
            let index = place / Self::WORD;
            if words.len() <= index {
                words.resize(index + 1, 0);
            }
            if let Some(word) = words.get_mut(index) {
                *word |= 1 << (place % Self::WORD);
            }
        }
        Self(words)
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn contains(&self, place: usize) -> bool {
        let word = self.0.get(place / Self::WORD);
        word.is_some_and(|word| word >> (place % Self::WORD) & 1 == 1)
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        self.0.len() <= other.0.len() && pairs.into_iter().all(|(own, other)| own & !other == 0)
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(own, other)| own & other != 0)
    }

    fn without(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
        let used = self.0.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        self.0.truncate(used);
        self
    }
}
