//! What is wrong with a policy.

mod rule;
mod scopes;
mod tree;
mod words;
mod written;

use std::collections::HashMap;
use std::fmt;

pub use rule::LintRule;

use super::grant::Grant;
use super::reach::{Ceiling, CeilingKind};
use crate::{Method, OperationTable, ResolvedOperation};

/// One thing that looks wrong, told to whoever owns the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    rule: LintRule,
    place: Option<(Method, String)>,
    message: String,
}

impl Finding {
    /// A finding about the policy as a whole. Readers of documents tell by it what no table can hold: undeclared scopes,
    /// scopes on schemes that have none, undefined schemes.
    #[must_use]
    pub fn new(rule: LintRule, message: impl Into<String>) -> Self {
        Self {
            rule,
            place: None,
            message: message.into(),
        }
    }

    /// The same about one operation.
    #[must_use]
    pub fn at(self, method: Method, template: impl Into<String>) -> Self {
        Self {
            place: Some((method, template.into())),
            ..self
        }
    }

    /// Which rule.
    #[must_use]
    pub const fn rule(&self) -> LintRule {
        self.rule
    }

    /// The method of the operation; none where it is about more than one.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.place.as_ref().map(|(method, _)| *method)
    }

    /// The template of the operation.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.place.as_ref().map(|(_, template)| template.as_str())
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((method, template)) => write!(f, "{method} {template}: {} ({})", self.message, self.rule),
            None => write!(f, "{} ({})", self.message, self.rule),
        }
    }
}

/// What looks wrong in a table: operation by operation in the order of declaration, then what is wrong with the whole.
///
/// The ceilings are those of all clients; where none of a client is told, nobody is looked for who can reach an operation.
/// [`LintRule`] says what is looked at.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_policy::analysis::{LintRule, lint};
///
/// # const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// # const READ: ScopeToken = ScopeToken::from_static("items.read");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(ITEMS, "").scope(READ, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([ITEMS, READ])))
///     .build()?;
/// let [finding] = &lint(&table, &[])[..] else { panic!() };
/// assert_eq!(finding.rule(), LintRule::OrWrittenAsAnd);
/// assert_eq!(finding.rule().to_string(), "or-written-as-and");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn lint(table: &OperationTable, ceilings: &[Ceiling]) -> Vec<Finding> {
    let clients = ceilings.iter().filter(|ceiling| ceiling.kind() == CeilingKind::Client);
    let clients: Vec<Grant> = clients.map(|ceiling| ceiling.holder().build(table)).collect();
    let mut trees: HashMap<usize, Vec<Finding>> = HashMap::new();
    let mut findings = Vec::new();
    for operation in table.operations() {
        let of_tree = trees
            .entry(operation.tree_number())
            .or_insert_with(|| of_tree(operation, &clients));
        let found = of_tree.iter().cloned().chain(words::write_by_read(operation));
        findings.extend(found.map(|finding| finding.at(operation.method(), operation.template())));
    }
    findings.extend(scopes::unused(table));
    findings.extend(tree::overridden_checks(table));
    findings
}

fn of_tree(operation: &ResolvedOperation, clients: &[Grant]) -> Vec<Finding> {
    let mut findings = tree::open(operation);
    findings.extend(tree::unreachable(operation, clients));
    findings.extend(tree::contradictory(operation));
    findings.extend(scopes::token_without_scope(operation));
    findings.extend(written::findings(operation));
    findings.extend(tree::idle_checks(operation));
    findings
}
