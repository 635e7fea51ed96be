//! Compares the least privilege that a publisher states with the calculated one.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_policy::{
    Alternative, Fact, FactSet, FactTable, LeastPrivilegeAnnotation, Locator, OperationTable, ResolvedOperation,
    SchemeId,
};

use crate::infer::Bits;

/// Compares least-privilege annotations with the minimal scopes that the table itself implies, one
/// operation and one scheme at a time.
///
/// The order is that of [`infer_implications()`](super::infer_implications()). One set of scopes is
/// less than another if it opens a strict subset of the other's operations. If both open the same
/// operations, a strict subset of scopes is less than the whole. The assumptions are those of
/// [`AssumedCredentials`](scopegate_policy::AssumedCredentials).
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Method, Operation, OperationTable};
/// use scopegate_analysis::check_annotations;
/// use scopegate_policy::LeastPrivilegeAnnotation;
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
/// let marks = [LeastPrivilegeAnnotation::new("oauth".parse()?, Method::Get, "/items", WRITE)];
/// let judged = check_annotations(&table, &marks);
/// assert_eq!(judged.dominated()[0].by(), [READ]);
/// assert_eq!(judged.unannotated()[0].1.to_string(), "POST /items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn check_annotations<'a>(table: &'a OperationTable, marks: &'a [LeastPrivilegeAnnotation]) -> AnnotationReport<'a> {
    // The declared template is compared first: templates that differ only in the names of
    // parameters are different here.
    let name_of = |operation: &'a ResolvedOperation| ((operation.method(), operation.template()), operation);
    let by_name: HashMap<_, _> = table.operations().iter().map(name_of).collect();
    let locator = Locator::new(table);
    let mut openings = Coverage::new(table);
    let mut marked = HashSet::new();
    let mut judged = AnnotationReport::default();
    for mark in marks {
        let spelled = by_name.get(&(mark.method(), mark.template())).copied();
        let operation = spelled.or_else(|| locator.find(mark.method(), mark.template()));
        let scheme = table.scheme_id(mark.scheme());
        let verdict = match operation.zip(scheme) {
            Some((operation, scheme)) => {
                marked.insert((std::ptr::from_ref(operation), mark.scheme()));
                openings.judge(mark, operation, scheme)
            }
            None => Verdict::OpensNothing,
        };
        match verdict {
            Verdict::Least => judged.least += 1,
            Verdict::OpensNothing => judged.opening_nothing.push(mark),
            Verdict::DominatedBy(by) => judged.dominated.push(DominatedAnnotation { mark, by }),
        }
    }
    for operation in table.operations() {
        for scheme in schemes_with_scopes(operation) {
            judged.pairs += 1;
            if !marked.contains(&(std::ptr::from_ref(operation), scheme)) {
                judged.unannotated.push((scheme, operation));
            }
        }
    }
    judged
}

/// The schemes whose scopes open the operation without another scheme.
fn schemes_with_scopes(operation: &ResolvedOperation) -> Vec<&SchemeName> {
    let alone = |alternative: &'_ Alternative| match alternative.schemes() {
        [(_, scopes)] => !scopes.is_empty(),
        _ => false,
    };
    let alternatives = operation.alternatives().iter().filter(|alternative| alone(alternative));
    let mut schemes: Vec<&SchemeName> = Vec::new();
    for (name, _) in alternatives.flat_map(Alternative::schemes) {
        if !schemes.contains(&name) {
            schemes.push(name);
        }
    }
    schemes
}

/// The answer of [`check_annotations`].
#[derive(Clone, Debug, Default)]
pub struct AnnotationReport<'a> {
    least: usize,
    pairs: usize,
    dominated: Vec<DominatedAnnotation<'a>>,
    opening_nothing: Vec<&'a LeastPrivilegeAnnotation>,
    unannotated: Vec<(&'a SchemeName, &'a ResolvedOperation)>,
}

impl<'a> AnnotationReport<'a> {
    /// Returns the number of annotations that are least privilege: no lesser set opens the
    /// operation.
    #[must_use]
    pub const fn least(&self) -> usize {
        self.least
    }

    /// Returns the number of pairs of an operation and a scheme whose scopes open the operation.
    #[must_use]
    pub const fn pairs(&self) -> usize {
        self.pairs
    }

    /// Returns the annotations for which a lesser set opens the operation.
    #[must_use]
    pub fn dominated(&self) -> &[DominatedAnnotation<'a>] {
        &self.dominated
    }

    /// Returns the annotations that do not open their operation, or that name an operation that
    /// does not exist.
    #[must_use]
    pub fn opening_nothing(&self) -> &[&'a LeastPrivilegeAnnotation] {
        &self.opening_nothing
    }

    /// Returns the pairs of an operation and a scheme whose scopes open it, without an annotation.
    #[must_use]
    pub fn unannotated(&self) -> &[(&'a SchemeName, &'a ResolvedOperation)] {
        &self.unannotated
    }

    /// Whether every operation has an annotation for every scheme, and each is least privilege.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.dominated.is_empty() && self.opening_nothing.is_empty() && self.unannotated.is_empty()
    }
}

/// An annotation for which a lesser set opens the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DominatedAnnotation<'a> {
    mark: &'a LeastPrivilegeAnnotation,
    by: Vec<ScopeToken>,
}

impl<'a> DominatedAnnotation<'a> {
    /// The mark.
    #[must_use]
    pub const fn mark(&self) -> &'a LeastPrivilegeAnnotation {
        self.mark
    }

    /// Returns the minimal scopes that open the operation together and are less than the
    /// annotation; by name.
    #[must_use]
    pub fn by(&self) -> &[ScopeToken] {
        &self.by
    }
}

enum Verdict {
    DominatedBy(Vec<ScopeToken>),
    Least,
    OpensNothing,
}

/// The operations that sets of facts open, each set looked up once.
struct Coverage<'t> {
    fact_table: &'t FactTable,
    /// Every alternative with the number of its tree, grouped by its last fact: a caller with the
    /// alternative has that fact.
    by_last: HashMap<Option<scopegate_policy::FactId>, Vec<(usize, &'t FactSet)>>,
    known: HashMap<FactSet, Rc<Bits>>,
}

impl<'t> Coverage<'t> {
    fn new(table: &'t OperationTable) -> Self {
        let mut by_last: HashMap<_, Vec<_>> = HashMap::new();
        let mut seen = HashSet::new();
        for operation in table.operations() {
            let tree = operation.tree_number();
            if seen.insert(tree) {
                let requirements = std::iter::once(operation.requirement()).chain(operation.anonymous());
                for set in requirements.flat_map(scopegate_policy::Requirement::alternatives) {
                    by_last.entry(set.iter().last()).or_default().push((tree, set));
                }
            }
        }
        Self {
            fact_table: table.fact_table(),
            by_last,
            known: HashMap::new(),
        }
    }

    fn opened_by(&mut self, set: &FactSet) -> Rc<Bits> {
        if let Some(known) = self.known.get(set) {
            return Rc::clone(known);
        }
        let held = self.held(set);
        let lasts = held.iter().map(Some).chain([None]);
        let alternatives = lasts.filter_map(|last| self.by_last.get(&last)).flatten();
        let open = alternatives.filter(|(_, alternative)| alternative.is_subset_of(&held));
        let opened = Rc::new(Bits::from_places(open.map(|(tree, _)| *tree)));
        self.known.insert(set.clone(), Rc::clone(&opened));
        opened
    }

    fn held(&self, set: &FactSet) -> FactSet {
        let mut held = set.clone();
        self.fact_table.add_guards(&mut held);
        held
    }

    fn is_less(&mut self, one: &FactSet, other: &FactSet) -> bool {
        let (opened, others) = (self.opened_by(one), self.opened_by(other));
        let is_part = opened != others || one != other && one.is_subset_of(other);
        opened.is_within(&others) && is_part
    }

    fn judge(&mut self, mark: &LeastPrivilegeAnnotation, operation: &ResolvedOperation, scheme: SchemeId) -> Verdict {
        let mut marked = self.sets(mark, scheme);
        marked.retain(|set| operation.is_open_to(&self.held(set)));
        let Some(first) = marked.first() else {
            return Verdict::OpensNothing;
        };
        let ways = self.ways(operation, scheme);
        let is_least = |set: &FactSet| !ways.iter().any(|way| self.is_less(way, set));
        if marked.iter().any(is_least) {
            return Verdict::Least;
        }
        Verdict::DominatedBy(self.least_below(first, &ways))
    }

    /// The sets of scopes that an annotation represents.
    fn sets(&self, mark: &LeastPrivilegeAnnotation, scheme: SchemeId) -> Vec<FactSet> {
        let closure = |token: &ScopeToken| self.fact_table.scope_closure(scheme, token.as_str());
        let Some(own) = closure(mark.scope()) else {
            return Vec::new();
        };
        if mark.others().is_empty() {
            return vec![own.clone()];
        }
        let beside = mark.others().iter().filter_map(closure);
        beside.map(|beside| own.union(beside)).collect()
    }

    /// Returns the alternatives that a credential of this scheme can satisfy without another
    /// credential.
    fn ways(&self, operation: &ResolvedOperation, scheme: SchemeId) -> Vec<FactSet> {
        let Some(credential) = self.fact_table.scheme_closure(scheme) else {
            return Vec::new();
        };
        let is_by_it = |set: &&FactSet| {
            let mut others = set.difference(credential);
            others = others.intersection(&self.schemes());
            others.is_empty()
        };
        let alternatives = operation.requirement().alternatives().iter().filter(is_by_it);
        alternatives.map(|set| set.union(credential)).collect()
    }

    fn schemes(&self) -> FactSet {
        let schemes = self.fact_table.scheme_names();
        schemes
            .filter_map(|name| self.fact_table.find(&Fact::Scheme(name.clone())))
            .collect()
    }

    /// Returns the first minimal alternative that is less than a set, in the order of opened
    /// operations and of names.
    fn least_below(&mut self, set: &FactSet, ways: &[FactSet]) -> Vec<ScopeToken> {
        let mut below: Vec<&FactSet> = ways.iter().filter(|way| self.is_less(way, set)).collect();
        below.sort_by_cached_key(|way| (self.opened_by(way).count(), self.names(way)));
        let all = below.clone();
        let least = below
            .into_iter()
            .find(|way| !all.iter().any(|other| self.is_less(other, way)));
        least.map(|way| self.names(way)).unwrap_or_default()
    }

    fn names(&self, set: &FactSet) -> Vec<ScopeToken> {
        let generators = self.fact_table.generators(set);
        let mut names: Vec<ScopeToken> = self
            .fact_table
            .facts_of(&generators)
            .filter_map(Fact::scope_token)
            .cloned()
            .collect();
        names.sort();
        names
    }
}
