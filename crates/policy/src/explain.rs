//! Explanations: a decision, guard by guard.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};

use scopegate_domain::{SchemeName, ScopeToken};

use crate::authorize::deciding_facts;
use crate::guard::Own;
use crate::resolved_operation::ResolutionContext;
use crate::{
    AssumedCredentials, Denial, Fact, FactSet, Guard, PresentedCredentials, ResolvedOperation, Rule, authorize,
};

/// Explains the decision of [`authorize`], guard by guard: the requirement, the present facts, the
/// missing facts.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme, Timestamp};
/// use scopegate_policy::{Guard, Operation, OperationTable, PresentedCredentials, explain};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(ME, "")
///     .build()?;
/// let user = Guard::user().named("get_current_user");
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/users/me/").guard(Guard::requires([ME]).depends_on(&user)))
///     .build()?;
/// let explanation = explain(&table.operations()[0], &PresentedCredentials::new(Timestamp::from_unix(0)));
/// assert_eq!(
///     explanation.to_string(),
///     "GET /users/me/: denied, no credential for `oauth`\n\
///      - requires me: missing me\n\
///      \x20 - get_current_user (sees me): missing user\n\
///      to be added: user, me\n",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain(operation: &ResolvedOperation, presented: &PresentedCredentials<'_>) -> Explanation {
    let facts = deciding_facts(operation, presented).facts();
    Explanation::new(operation, authorize(operation, presented).err(), &facts)
}

/// Explains the decision about a caller with these credentials, guard by guard: [`explain`] without
/// a request.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{AssumedCredentials, Guard, Operation, OperationTable, explain_grant};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(ME, "").scope(ITEMS, "")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items/").guard(Guard::requires([ITEMS]).depends_on(&Guard::requires([ME]))))
///     .build()?;
/// let explanation = explain_grant(&table.operations()[0], &AssumedCredentials::of_scopes(&table, [ME]));
/// assert_eq!(explanation.denial().unwrap().to_string(), "scope is missing: `items`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain_grant(operation: &ResolvedOperation, grant: &AssumedCredentials) -> Explanation {
    let denial = (!grant.opens(operation)).then(|| Denial::new(operation, grant.facts()));
    Explanation::new(operation, denial, grant.facts())
}

/// The explanation of a decision, guard by guard.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme, Timestamp};
/// use scopegate_policy::{AssumedCredentials, Guard, Operation, OperationTable, explain_grant};
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_client_credentials("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/reports").guard(Guard::requires([READ])))
///     .build()?;
/// let explanation = explain_grant(&table.operations()[0], &AssumedCredentials::of_scopes(&table, []));
/// assert!(!explanation.is_allowed());
/// let [step] = explanation.steps() else { unreachable!() };
/// assert_eq!((step.depth(), step.is_satisfied()), (0, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    operation: ResolvedOperation,
    denial: Option<Denial>,
    steps: Vec<ExplanationStep>,
    facts: FactSet,
}

impl Explanation {
    fn new(operation: &ResolvedOperation, denial: Option<Denial>, facts: &FactSet) -> Self {
        let written = written(operation);
        let step = |context: &ResolutionContext| ExplanationStep::new(operation, context, facts, &written);
        Self {
            operation: operation.clone(),
            denial,
            steps: operation.contexts().iter().map(step).collect(),
            facts: facts.clone(),
        }
    }

    /// The requirement.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.operation
    }

    /// Whether the request is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.denial.is_none()
    }

    /// Returns the reason of a denial as text, with facts as `word` writes them. `None` if the
    /// request is allowed.
    #[must_use]
    pub fn reason(&self, word: impl Fn(&Fact) -> String) -> Option<String> {
        let denial = self.denial.as_ref()?;
        let Denial::InsufficientScope {
            missing,
            unmet_requirement,
        } = denial
        else {
            return Some(denial.to_string());
        };
        let fact_table = self.operation.fact_table();
        let generators = fact_table.generators(unmet_requirement.missing_facts());
        let facts: Vec<&Fact> = fact_table.facts_of(&generators).collect();
        let of_token = |token| facts.iter().filter(move |fact| fact.scope_token() == Some(token));
        let words = missing
            .iter()
            .flat_map(of_token)
            .map(|fact| format!("`{}`", word(fact)));
        Some(format!("scope is missing: {}", words.collect::<Vec<_>>().join(" ")))
    }

    /// Returns the denial, if the request is denied.
    #[must_use]
    pub const fn denial(&self) -> Option<&Denial> {
        self.denial.as_ref()
    }

    /// Returns the guards, dependants before their dependencies. A guard with several dependants
    /// appears once for each list of scopes that it sees.
    #[must_use]
    pub fn steps(&self) -> &[ExplanationStep] {
        &self.steps
    }

    /// Returns the facts of the decision.
    pub(crate) const fn facts(&self) -> &FactSet {
        &self.facts
    }
}

/// A guard in an explanation.
#[derive(Clone, Debug)]
pub struct ExplanationStep {
    depth: usize,
    guard: String,
    /// The requirement of the guard, unless it has a name.
    rule: Option<Rule>,
    sees: Vec<ScopeToken>,
    /// Returns the same with schemes, as the guards of the operation require them.
    seen: Vec<Fact>,
    present: Vec<Fact>,
    missing: Vec<Vec<Fact>>,
    is_satisfied: bool,
}

impl ExplanationStep {
    /// Returns the depth in the tree: 0 for a root.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the name of the guard, or its requirement as text.
    #[must_use]
    pub fn guard(&self) -> &str {
        &self.guard
    }

    /// Returns the same, with facts as `word` writes them.
    #[must_use]
    pub fn guard_as(&self, word: impl Fn(&Fact) -> String) -> String {
        match &self.rule {
            Some(rule) => format!("{REQUIRES}{}", rule.in_words(&word)),
            None => self.guard.clone(),
        }
    }

    /// Returns the facts of [`ExplanationStep::guard`], in the order of the declaration. Empty for
    /// a guard with a name.
    #[must_use]
    pub fn required(&self) -> Vec<&Fact> {
        self.rule.as_ref().map_or_else(Vec::new, Rule::facts)
    }

    /// Returns the scopes that are visible to the guard.
    #[must_use]
    pub fn sees(&self) -> &[ScopeToken] {
        &self.sees
    }

    /// Returns the same, with facts as `word` writes them.
    #[must_use]
    pub fn sees_as(&self, word: impl Fn(&Fact) -> String) -> Vec<String> {
        self.seen.iter().map(word).collect()
    }

    /// Whether the request satisfies the guard.
    #[must_use]
    pub const fn is_satisfied(&self) -> bool {
        self.is_satisfied
    }

    /// Returns the present facts of all alternatives of the guard, without implied ones.
    #[must_use]
    pub fn present(&self) -> &[Fact] {
        &self.present
    }

    /// Returns the smallest lists of facts that would satisfy the guard. Empty if it is satisfied,
    /// or if no facts would satisfy it.
    #[must_use]
    pub fn missing(&self) -> &[Vec<Fact>] {
        &self.missing
    }

    fn new(operation: &ResolvedOperation, context: &ResolutionContext, facts: &FactSet, written: &Written) -> Self {
        let fact_table = operation.fact_table();
        let is_satisfied = context.requirement.allows(facts);
        let words = |set: FactSet| fact_table.facts_of(&fact_table.generators(&set)).cloned().collect();
        let asked = context.requirement.alternatives().iter();
        let asked = asked.fold(FactSet::EMPTY, |all, set| all.union(set));
        let residual = if is_satisfied {
            Vec::new()
        } else {
            context.requirement.missing_sets(facts)
        };
        Self {
            depth: context.depth,
            guard: context.guard.to_string(),
            rule: rule_of(operation, &context.guard).filter(|_| context.guard.node().name().is_none()),
            sees: context.visible.to_vec(),
            seen: context
                .visible
                .iter()
                .filter_map(|token| written.get(token))
                .flatten()
                .cloned()
                .collect(),
            present: words(asked.intersection(facts)),
            missing: residual.into_iter().map(words).collect(),
            is_satisfied,
        }
    }

    /// Returns the step as text, with facts as `word` writes them.
    #[must_use]
    pub fn describe(&self, word: impl Fn(&Fact) -> String) -> String {
        let mut text = self.guard_as(&word);
        if self.sees_more_than_its_name_says() {
            let _ = write!(text, " (sees {})", self.sees_as(&word).join(" "));
        }
        match &*self.missing {
            _ if self.is_satisfied => text.push_str(": satisfied"),
            [] => text.push_str(": nothing satisfies it"),
            ways => {
                let way = |way: &Vec<Fact>| way.iter().map(&word).collect::<Vec<_>>().join(", ");
                let ways: Vec<String> = ways.iter().map(way).collect();
                let _ = write!(text, ": missing {}", ways.join(" or "));
            }
        }
        text
    }

    fn sees_more_than_its_name_says(&self) -> bool {
        let own = self.guard.strip_prefix(REQUIRES).unwrap_or_default();
        !self.sees.is_empty() && own != list(&self.sees, " and ")
    }
}

/// The beginning of the text of a guard without a name.
const REQUIRES: &str = "requires ";

/// Returns the scopes that guards of an operation require, by their names.
type Written = HashMap<ScopeToken, Vec<Fact>>;

fn written(operation: &ResolvedOperation) -> Written {
    let mut written = Written::new();
    let mut known = HashSet::new();
    for context in operation.contexts() {
        if !known.insert(context.guard.identity()) {
            continue;
        }
        let rule = rule_of(operation, &context.guard);
        for fact in rule.iter().flat_map(Rule::facts) {
            let Some(token) = fact.scope_token() else { continue };
            let facts = written.entry(token.clone()).or_default();
            if !facts.contains(fact) {
                facts.push(fact.clone());
            }
        }
    }
    written
}

/// Returns the rule of a guard, with scopes by their full names.
fn rule_of(operation: &ResolvedOperation, guard: &Guard) -> Option<Rule> {
    let node = guard.node();
    let Some(Own::Rule(rule)) = node.own() else {
        return None;
    };
    let fact_table = operation.fact_table();
    let mut of_schemes: Vec<Rule> = node
        .schemes()
        .iter()
        .map(|name| rule.with_schemes(&|_| SchemeName::parse(name).ok()))
        .collect();
    Some(match (of_schemes.pop(), of_schemes.is_empty()) {
        (None, _) => rule.with_schemes(&|token| fact_table.schemes_with(token.as_str()).next().cloned()),
        (Some(only), true) => only,
        (Some(last), false) => {
            of_schemes.push(last);
            Rule::Any(of_schemes)
        }
    })
}

fn list<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl fmt::Display for ExplanationStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}- {}", "  ".repeat(self.depth), self.describe(Fact::to_string))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.denial {
            None => writeln!(f, "{}: allowed", self.operation)?,
            Some(denial) => writeln!(f, "{}: denied, {denial}", self.operation)?,
        }
        if self.operation.is_override() {
            writeln!(f, "overrides: {}", list(self.operation.overridden(), ", "))?;
        }
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        let Some(denial) = &self.denial else { return Ok(()) };
        let ways: Vec<String> = denial
            .unmet_requirement()
            .missing_sets()
            .iter()
            .map(|way| list(way, ", "))
            .collect();
        if ways.is_empty() {
            Ok(())
        } else {
            writeln!(f, "to be added: {}", ways.join(" or "))
        }
    }
}
