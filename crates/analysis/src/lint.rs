//! Finds mistakes in a policy.

mod collector;
mod effects;
mod evidence;
mod finding;
mod logins;
mod open_paths;
mod openness;
mod refusals;
mod resources;
mod schemes;
mod scopes;
mod stated;
mod tree;
mod undeclared;
mod unused;
mod url;
mod verbs;
mod words;
mod written;

use std::collections::{HashMap, HashSet};

use scopegate_policy::{
    Access, AssumedCredentials, AuthorizationServers, Ceiling, CeilingKind, DocumentFacts, LintRule, Method,
    OperationTable, ResolvedOperation, SecurityOrigin, Severity,
};

pub use finding::{Finding, FindingSubject};

use self::collector::Collector;
use self::effects::Effects;
use self::open_paths::{has_credential_in_path, is_probe, is_protocol_or_login, is_user_info};
use self::verbs::{is_query_endpoint, is_safe};

/// Returns the findings about a table: first about the requirements of operations, in the order of
/// declaration, then about schemes and scopes.
///
/// One cause is one finding with all operations that it affects. `ceilings` are those of all
/// clients. Without a ceiling of a client, the lint does not check whether a client can reach an
/// operation. [`LintRule`] lists the rules.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::lint;
/// use scopegate_policy::LintRule;
///
/// # const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// # const READ: ScopeToken = ScopeToken::from_static("items.read");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(ITEMS, "").scope(READ, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([ITEMS, READ])))
///     .operation(Operation::get("/items/{id}").guard(Guard::requires([ITEMS, READ])))
///     .build()?;
/// let [finding] = &lint(&table, &[])[..] else { panic!() };
/// assert_eq!(finding.rule(), LintRule::OrWrittenAsAnd);
/// assert_eq!(finding.rule().to_string(), "or-written-as-and");
/// assert_eq!(finding.operations().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn lint(table: &OperationTable, ceilings: &[Ceiling]) -> Vec<Finding> {
    lint_document(table, ceilings, &DocumentFacts::new())
}

/// Does the same for a table from a document, with the statements of the document that the table
/// does not contain.
///
/// Undefined schemes and undeclared scopes come first. Their consequences are not reported.
#[must_use]
pub fn lint_document(table: &OperationTable, ceilings: &[Ceiling], facts: &DocumentFacts) -> Vec<Finding> {
    Linter::new(table, ceilings, facts).run()
}

/// The parts of a policy that the rules read.
struct Linter<'p> {
    table: &'p OperationTable,
    facts: &'p DocumentFacts,
    clients: Vec<AssumedCredentials>,
    /// The operations that an undefined scheme closes. They have no other findings.
    undefined: HashSet<(Method, &'p str)>,
    /// The names of schemes that undefined names probably refer to, which are therefore in use.
    suggested: HashSet<&'p str>,
    is_set_by_installation: bool,
    collector: Collector,
}

/// The numbers of the findings about one tree, regardless of its operation.
#[derive(Default)]
struct OfTree {
    always: Vec<usize>,
    /// Optional authentication. It is a finding if the operation changes something or refuses
    /// callers.
    optional: Option<usize>,
    /// A token without a scope. It is a finding if the operation changes something, or a scope
    /// names its resource.
    token: Option<usize>,
    if_changing: Option<usize>,
    if_reading: Option<usize>,
}

impl<'p> Linter<'p> {
    fn new(table: &'p OperationTable, ceilings: &[Ceiling], facts: &'p DocumentFacts) -> Self {
        let clients = ceilings.iter().filter(|ceiling| ceiling.kind() == CeilingKind::Client);
        Self {
            table,
            facts,
            clients: clients.map(|ceiling| ceiling.holder().build(table)).collect(),
            undefined: facts
                .undefined_schemes()
                .iter()
                .flat_map(|undefined| &undefined.operations)
                .map(|(method, template)| (*method, template.as_str()))
                .collect(),
            suggested: {
                let schemes = facts
                    .undefined_schemes()
                    .iter()
                    .filter_map(|undefined| undefined.suggestion.as_deref());
                schemes.collect()
            },
            is_set_by_installation: schemes::is_set_by_installation(table),
            collector: Collector::default(),
        }
    }

    fn run(mut self) -> Vec<Finding> {
        let undeclared = undeclared::schemes(self.facts).into_iter();
        for finding in undeclared.chain(undeclared::scopes(self.table, self.facts)) {
            self.collector.add(finding);
        }
        let effects = Effects::of(self.table, self.facts);
        let mut trees: HashMap<usize, OfTree> = HashMap::new();
        for (number, operation) in self.table.operations().iter().enumerate() {
            if operation.access() == Access::Deny && self.is_undefined(operation) {
                continue;
            }
            let of_tree = trees.entry(operation.tree_number()).or_insert_with(|| {
                let clients = &self.clients;
                of_tree(&mut self.collector, operation, clients)
            });
            let changes = effects.changes(operation);
            for found in &of_tree.always {
                self.collector.affect(*found, operation, changes);
            }
            // These operations have another credential, or need none.
            let template = operation.template();
            let has_own_rules = is_protocol_or_login(operation)
                || has_credential_in_path(template)
                || (!changes && (is_probe(template) || is_user_info(template)));
            let is_mistake = |_: &usize| self.may_forget_credential(number, operation, changes);
            let of_optional = of_tree.optional.filter(is_mistake);
            let is_named = |_: &usize| {
                (changes || scopes::is_resource_of_a_scope(operation)) && !self.facts.needs_no_permission(number)
            };
            let of_token = of_tree.token.filter(is_named);
            for found in of_optional.into_iter().chain(of_token).filter(|_| !has_own_rules) {
                self.collector.affect(found, operation, changes);
                if changes {
                    self.collector.raise(found);
                }
            }
            let if_changing = of_tree
                .if_changing
                .filter(|_| changes && !effects.ends_own_read(operation) && !self.is_for_readers(number, operation));
            // A `POST` with the name of a read may do more than the name states.
            let if_reading = of_tree.if_reading.filter(|_| is_safe(operation.method()));
            for found in if_changing.into_iter().chain(if_reading) {
                self.collector.affect(found, operation, changes);
            }
        }
        self.collector.remove_optional_reads();
        self.collector.remove_intended_keys(self.table);
        self.collector.remove_base_scopes(self.table);
        self.collector.remove_single_lists(self.table);
        let is_open = openness::report(self.table, self.facts, &effects, &mut self.collector);
        self.of_schemes(is_open);
        let of_checks = tree::overridden_checks(self.table).into_iter();
        for finding in of_checks.chain(resources::unchecked(self.table)) {
            self.collector.add(finding);
        }
        let mut findings = self.collector.into_findings();
        let messages = self.facts.messages_on_schemes_without_scopes().iter();
        findings.extend(messages.map(on_scheme_without_scopes));
        findings
    }

    /// Whether the author of `{}` may have forgotten that it is about this operation. One who lists
    /// it at a read means it: the response to a user differs. So does one at a submission for which
    /// no user needs a scope. Where an installation sets the scheme, it also sets who needs a
    /// credential.
    fn may_forget_credential(&self, number: usize, operation: &ResolvedOperation, changes: bool) -> bool {
        if self.facts.security_origin(number) == SecurityOrigin::Inherited {
            return !self.is_set_by_installation;
        }
        changes && (operation.method() != Method::Post || requires_scope(operation))
    }

    /// Whether a client that may read may call an operation that changes something.
    fn is_for_readers(&self, number: usize, operation: &ResolvedOperation) -> bool {
        is_query_endpoint(operation.template())
            || scopes::is_own_subscription(operation)
            || self.facts.summary_of(number).is_some_and(verbs::summary_receives)
    }

    fn is_undefined(&self, operation: &ResolvedOperation) -> bool {
        self.undefined.contains(&(operation.method(), operation.template()))
    }

    /// Schemes and their scopes. If the whole policy is open, no caller uses them, and another
    /// finding reports that.
    fn of_schemes(&mut self, is_open: bool) {
        for finding in schemes::insecure_servers(self.facts.servers()) {
            self.collector.add(finding);
        }
        if is_open || self.table.operations().is_empty() {
            return;
        }
        let uses = schemes::uses(self.table);
        let in_queries = schemes::in_queries(self.table);
        let servers = AuthorizationServers::of(self.table);
        let asked_for = unused::RequiredScopes::of(self.table, &servers);
        let known = unused::KnownSubjects::of(self.table, self.facts);
        let meant = undeclared::meant(self.table, self.facts).into_iter();
        let meant: HashSet<(usize, String)> = meant
            .filter_map(|(scheme, name)| Some((servers.place_of(scheme.as_str())?, name)))
            .collect();
        for declared in self.table.catalog().schemes() {
            let name = declared.name().as_str();
            let operations = uses.get(name);
            let is_used = operations.is_some() || self.facts.is_used_scheme(name);
            if !is_used {
                if !self.suggested.contains(name) {
                    self.collector.add(schemes::unused(declared));
                }
                continue;
            }
            if let Some(operations) = operations {
                let found = schemes::weaknesses(declared).into_iter();
                let of_key = schemes::key_in_query(self.table, declared, operations, &in_queries);
                for finding in found.chain(of_key) {
                    let affects = |finding: Finding, operation: &&ResolvedOperation| finding.at_operation(operation);
                    self.collector.add(operations.iter().fold(finding, affects));
                }
            }
            let is_any_token_enough = self.collector.is_any_token_enough(name);
            let is_meant = |place: usize, token: &str| meant.contains(&(place, token.to_owned()));
            let finding = unused::unused(self.table, declared, &asked_for, &known, is_any_token_enough, is_meant);
            if let Some(finding) = finding {
                self.collector.add(finding);
            }
        }
    }
}

/// Whether an alternative requires a scope.
fn requires_scope(operation: &ResolvedOperation) -> bool {
    let mut alternatives = operation.alternatives().iter();
    alternatives.any(|alternative| !alternative.scope().is_empty())
}

/// The finding concerns the version of OpenAPI; the meaning of the document is clear.
fn on_scheme_without_scopes(message: &String) -> Finding {
    Finding::new(LintRule::ScopeOnSchemeWithoutScopes, message).at_most(Severity::Info)
}

/// The findings about one tree.
fn of_tree(collector: &mut Collector, operation: &ResolvedOperation, clients: &[AssumedCredentials]) -> OfTree {
    let mut written = written::findings(operation);
    // An author who lists alternative scopes elsewhere requires scopes together on purpose.
    let knows_or = written::has_alternative_scopes(operation);
    written.retain(|finding| !knows_or || finding.rule() != LintRule::SeveralScopesTogether);
    let has = |rule: LintRule| written.iter().any(|finding| finding.rule() == rule);
    let (is_redundant, is_and) = (has(LintRule::RedundantAlternative), has(LintRule::OrWrittenAsAnd));
    let mut found = OfTree::default();
    let unreachable = tree::unreachable(operation, clients);
    let contradictory = tree::contradictory(operation);
    let always = unreachable.into_iter().chain(contradictory).chain(written);
    found
        .always
        .extend(always.map(|finding| collector.add_for_operations(finding)));
    // Two lists of one operation may have one cause.
    found.always.sort_unstable();
    found.always.dedup();
    // If an alternative has no effect, the facts that it lists have none either.
    if !is_redundant {
        let idle = tree::idle_checks(operation).into_iter();
        let keys = schemes::keys_without_scope(operation);
        found
            .always
            .extend(idle.chain(keys).map(|finding| collector.add_for_operations(finding)));
        let token = scopes::token_without_scope(operation);
        found.token = token.map(|finding| collector.add_for_operations(finding));
    }
    let optional = tree::optional(operation);
    found.optional = optional.map(|finding| collector.add_for_operations(finding));
    found.if_changing = scopes::weak_for_writing(operation).map(|finding| collector.add_for_operations(finding));
    if !is_and {
        found.if_reading = scopes::strong_for_reading(operation).map(|finding| collector.add_for_operations(finding));
    }
    found
}
