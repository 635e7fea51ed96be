//! The shadow policy: a proposed policy that is evaluated next to the running one.

use std::collections::HashMap;

use crate::decide::witness;
use crate::operation_table::anonymous_template;
use crate::subject_facts::SubjectFacts;
use crate::{
    Denial, Fact, FactId, FactSet, OperationTable, PresentedCredentials, RequestFacts, Requirement, ResolvedOperation,
    SchemeId,
};

/// A proposed policy that is evaluated for the requests of the running policy, without effect on
/// them.
///
/// Operations of both are the same if method and template are equal, regardless of parameter names.
/// The proposed policy is evaluated with the facts that the running one determined. No fact is
/// determined only for the proposed one. A decision that depends on an undetermined fact is
/// [`ShadowVerdict::Unknown`].
///
/// ```
/// use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
/// use scopegate_policy::{Guard, Operation, OperationTable, PresentedCredentials, Shadow, ShadowVerdict, authorize};
///
/// const READ: ScopeToken = ScopeToken::from_static("read");
/// const LIST: ScopeToken = ScopeToken::from_static("list");
///
/// let catalog = |scope| Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(scope, "")
///     .build();
/// let running = OperationTable::builder(catalog(READ)?)
///     .operation(Operation::get("/items/{id}").guard(Guard::requires([READ])))
///     .build()?;
/// let proposed = OperationTable::builder(catalog(LIST)?)
///     .operation(Operation::get("/items/{item}").guard(Guard::requires([LIST])))
///     .build()?;
/// let shadow = Shadow::new(&running, proposed);
///
/// // A credential is put into the words of either policy.
/// let claims = Verified::assertion(Claims::parse(br#"{"sub":"u1","scopes":["read"]}"#, ScopeLayout::List)?);
/// let scheme = running.scheme_id(&running.operations()[0].schemes()[0]).unwrap();
/// let token = running.token_facts(scheme, &claims)?;
/// let beside = shadow.proposed().token_facts(shadow.scheme(scheme).unwrap(), &claims)?;
///
/// let now = Timestamp::from_unix(0);
/// let presented = PresentedCredentials::new(now).with_token(&token, "u1");
/// assert!(authorize(&running.operations()[0], &presented).is_ok());
///
/// let counterpart = shadow.counterpart(0).unwrap();
/// let verdict = counterpart.ask(Some(&presented), &PresentedCredentials::new(now).with_token(&beside, "u1"));
/// assert_eq!(verdict, ShadowVerdict::Deny);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shadow {
    proposed: OperationTable,
    /// One for each scheme of the running policy.
    schemes: Vec<Option<SchemeId>>,
    /// One for each operation of the running policy.
    counterparts: Vec<Option<ProposedOperation>>,
    only_running: Vec<ResolvedOperation>,
    only_proposed: Vec<ResolvedOperation>,
}

/// The decision of a proposed policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "a decision is yes or no, or depends on facts that are unknown"
)]
pub enum ShadowVerdict {
    /// The request would be refused.
    Deny,
    /// The decision depends on a fact that the running policy does not check.
    Unknown,
    /// The request would be let through.
    Allow,
}

/// An operation of the proposed policy and its counterpart in the running one.
#[derive(Clone, Debug)]
pub struct ProposedOperation {
    running: ResolvedOperation,
    proposed: ResolvedOperation,
    /// The facts of checks with code in the running operation, by their numbers in both tables.
    carried: Vec<(FactId, FactId)>,
    /// The facts of checks that nothing evaluates.
    unasked: FactSet,
    /// Whether this operation needs the user and the running one does not look the user up.
    ignores_user: bool,
}

/// The results of the running operation's checks, in the fact numbers of the proposed policy.
#[derive(Default)]
struct Results {
    passed: FactSet,
    failed: FactSet,
    /// The checks that were not run, or had different results for different subjects.
    open: FactSet,
}

impl Shadow {
    /// Creates a shadow of the running policy.
    #[must_use]
    pub fn new(running: &OperationTable, proposed: OperationTable) -> Self {
        let shape = |operation: &ResolvedOperation| (operation.method(), anonymous_template(operation.template()));
        let mut left: HashMap<_, _> = proposed
            .operations()
            .iter()
            .map(|operation| (shape(operation), operation.clone()))
            .collect();
        let beside = |operation: &ResolvedOperation| {
            let found = left.remove(&shape(operation))?;
            Some(ProposedOperation::new(operation.clone(), found))
        };
        let counterparts: Vec<_> = running.operations().iter().map(beside).collect();
        let only_running = running.operations().iter().zip(&counterparts);
        let only_running = only_running.filter(|(_, counterpart)| counterpart.is_none());
        let only_running = only_running.map(|(operation, _)| operation.clone()).collect();
        let only_proposed = proposed.operations().iter();
        let only_proposed = only_proposed.filter(|operation| left.contains_key(&shape(operation)));
        let only_proposed = only_proposed.cloned().collect();
        let schemes = running.fact_table().scheme_names();
        let schemes = schemes.map(|name| proposed.scheme_id(name)).collect();
        Self {
            proposed,
            schemes,
            counterparts,
            only_running,
            only_proposed,
        }
    }

    /// Returns the proposed policy, which computes the facts of a credential in it.
    #[must_use]
    pub const fn proposed(&self) -> &OperationTable {
        &self.proposed
    }

    /// Returns the number of a scheme of the running policy in the proposed one; `None` if the
    /// proposed one does not declare it.
    #[must_use]
    pub fn scheme(&self, running: SchemeId) -> Option<SchemeId> {
        self.schemes.get(running.index()).copied().flatten()
    }

    /// Returns the counterpart of an operation of the running policy, by its position in that
    /// table.
    #[must_use]
    pub fn counterpart(&self, number: usize) -> Option<&ProposedOperation> {
        self.counterparts.get(number)?.as_ref()
    }

    /// The operations that the proposed policy does not know.
    #[must_use]
    pub fn only_running(&self) -> &[ResolvedOperation] {
        &self.only_running
    }

    /// Returns the operations that the running policy does not declare, so that no request reaches
    /// them.
    #[must_use]
    pub fn only_proposed(&self) -> &[ResolvedOperation] {
        &self.only_proposed
    }
}

impl ProposedOperation {
    fn new(running: ResolvedOperation, proposed: ResolvedOperation) -> Self {
        let mut carried = Vec::new();
        let mut unasked = FactSet::EMPTY;
        for (name, here, _) in proposed.facts() {
            if let Some(there) = code_of(&running, name) {
                carried.push((there, *here));
            } else if !running.facts().iter().any(|(known, ..)| known == name) {
                unasked.insert(*here);
            }
        }
        let has_code =
            |operation: &ResolvedOperation| operation.checks().iter().any(|place| place.fact == FactId::ACTIVE);
        if has_code(&running) && !has_code(&proposed) {
            carried.push((FactId::ACTIVE, FactId::ACTIVE));
        }
        let ignores_user = proposed.needs_user() && !running.needs_user();
        Self {
            running,
            proposed,
            carried,
            unasked,
            ignores_user,
        }
    }

    /// The operation of the proposed policy.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.proposed
    }

    /// Returns the facts that the proposed operation requires and the running one does not check.
    #[must_use]
    pub fn unknown(&self) -> Vec<&Fact> {
        let mut unknown = self.unasked.clone();
        if self.ignores_user {
            unknown.insert(FactId::USER);
            let mut sets = self.proposed.requirement().alternatives().iter();
            if sets.any(|set| set.contains(FactId::ACTIVE)) {
                unknown.insert(FactId::ACTIVE);
            }
        }
        let fact_table = self.proposed.fact_table();
        unknown.iter().filter_map(|id| fact_table.fact(id)).collect()
    }

    /// Evaluates the proposed policy for a request.
    ///
    /// `running` is the input of the running policy's decision, and `proposed` the same in the
    /// facts of the proposed one: its [`TokenFacts`](crate::TokenFacts)s, the same subjects, users
    /// and facts. If the running policy made no decision, `running` is `None` and the results of
    /// its checks are unknown.
    pub fn ask(
        &self,
        running: Option<&PresentedCredentials<'_>>,
        proposed: &PresentedCredentials<'_>,
    ) -> ShadowVerdict {
        let results = self.results(running);
        let ask = |subject_facts: SubjectFacts<'_>| self.ask_subject(subject_facts, &results, proposed);
        if proposed.more.is_empty() {
            return ask(SubjectFacts::alone(&self.proposed, proposed.first.as_ref()));
        }
        let subjects = SubjectFacts::several(&self.proposed, proposed).into_iter();
        subjects.map(ask).max().unwrap_or(ShadowVerdict::Deny)
    }

    /// Returns the denial of the proposed policy for a request that it refuses. Unknown facts count
    /// as missing.
    #[must_use]
    pub fn denial(
        &self,
        running: Option<&PresentedCredentials<'_>>,
        proposed: &PresentedCredentials<'_>,
    ) -> Option<Denial> {
        let results = self.results(running);
        let mut first = None;
        for subject_facts in SubjectFacts::several(&self.proposed, proposed) {
            let facts = self.known(subject_facts, &results, proposed);
            if witness(self.requirement(proposed), &facts).is_some() {
                return None;
            }
            first.get_or_insert_with(|| facts.facts());
        }
        Some(Denial::new(&self.proposed, &first.unwrap_or_default()))
    }

    fn ask_subject(
        &self,
        subject_facts: SubjectFacts<'_>,
        results: &Results,
        proposed: &PresentedCredentials<'_>,
    ) -> ShadowVerdict {
        let requirement = self.requirement(proposed);
        let mut facts = self.known(subject_facts, results, proposed);
        if witness(requirement, &facts).is_some() {
            return ShadowVerdict::Allow;
        }
        if !self.ignores_user && self.unasked.is_empty() && results.open.is_empty() {
            return ShadowVerdict::Deny;
        }
        self.suppose(&mut facts, results);
        match witness(requirement, &facts) {
            Some(_) => ShadowVerdict::Unknown,
            None => ShadowVerdict::Deny,
        }
    }

    /// Returns the facts that are certain.
    fn known<'p>(
        &self,
        subject_facts: SubjectFacts<'p>,
        results: &Results,
        proposed: &PresentedCredentials<'_>,
    ) -> RequestFacts<'p> {
        let mut facts = subject_facts.into_facts(&self.proposed, proposed);
        facts.request.unite(&results.passed);
        facts.request.subtract(&results.failed);
        facts.request.subtract(&results.open);
        facts
    }

    /// Adds all facts that are possible. More facts never allow less, so a request that is refused
    /// with them is refused in any case. The sets of a requirement are closed, so a fact without
    /// the facts that it implies has no effect.
    fn suppose(&self, facts: &mut RequestFacts<'_>, results: &Results) {
        if self.ignores_user && !facts.contains(FactId::USER) {
            facts.request.insert(FactId::USER);
            facts.request.insert(FactId::ACTIVE);
            // The code that runs here did not have the user.
            for place in self.proposed.checks() {
                facts.request.insert(place.fact);
            }
        }
        facts.request.unite(&self.unasked);
        facts.request.unite(&results.open);
    }

    fn requirement(&self, proposed: &PresentedCredentials<'_>) -> &Requirement {
        self.proposed.deciding(proposed.has_credential())
    }

    /// Runs the code of the running operation's checks that the proposed one names.
    fn results(&self, running: Option<&PresentedCredentials<'_>>) -> Results {
        let mut results = Results::default();
        if self.carried.is_empty() {
            return results;
        }
        let subjects_facts: Vec<RequestFacts<'_>> = running.map_or_else(Vec::new, |presented| {
            let subjects = SubjectFacts::several(&self.running, presented).into_iter();
            subjects
                .map(|subject_facts| subject_facts.into_facts(&self.running, presented))
                .collect()
        });
        for (there, here) in &self.carried {
            let passed = subjects_facts.iter().filter(|facts| facts.contains(*there)).count();
            let results = match passed {
                _ if subjects_facts.is_empty() => &mut results.open,
                0 => &mut results.failed,
                some if some == subjects_facts.len() => &mut results.passed,
                _ => &mut results.open,
            };
            results.insert(*here);
        }
        results
    }
}

/// Returns the fact of the check of this name for which an operation has code.
fn code_of(operation: &ResolvedOperation, name: &str) -> Option<FactId> {
    let is_named = |fact: &Fact| matches!(fact, Fact::Check { name: known, .. } if **known == *name);
    let fact_table = operation.fact_table();
    let mut facts = operation.checks().iter().map(|place| place.fact);
    facts.find(|id| fact_table.fact(*id).is_some_and(is_named))
}
