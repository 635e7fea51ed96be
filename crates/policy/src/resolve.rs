//! Resolves trees of guards to requirements, once, when the table is built.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use scopegate_domain::{Catalog, ScopeToken};

use crate::declared_guards::DeclaredGuards;
use crate::guard::{Node, Own, reachable};
use crate::index::RequirementIndex;
use crate::limits::{
    Limit, MAX_ALTERNATIVES, MAX_COMPARED, MAX_CONTEXTS, MAX_DEPTH, MAX_NODES, MAX_PLACES, MAX_VISIBLE,
    ResolutionBudget,
};
use crate::named_checks::NamedChecks;
use crate::resolved_operation::{CheckPlace, ResolutionContext, Resolved, ResolvedTree};
use crate::rule_resolver::{RuleError, RuleResolver};
use crate::{
    ActiveUser, Check, DenialPrecedence, Fact, FactId, FactTable, FactTableBuilder, Guard, Operation, Reason,
    Requirement, ResolvedOperation, Rule, TableError,
};

/// The first pass over every tree. It checks the size, determines whether the tree has a
/// requirement, and collects the facts.
// INVARIANT: an address names one guard. `OperationTableBuilder::build` has all guards of the table
// before the first address is taken, and no guard is created before the last address is dropped.
pub(crate) struct Resolver<'a> {
    order: DenialPrecedence,
    facts: FactTableBuilder<'a>,
    named_checks: NamedChecks,
    /// The trees of the first pass, by number.
    seen: HashMap<TreeKey, usize>,
    /// The guards whose facts are collected.
    collected: HashSet<*const ()>,
    /// The number of guards in the trees of the first pass.
    places: usize,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(catalog: &'a Catalog, order: DenialPrecedence, named_checks: NamedChecks) -> Self {
        Self {
            order,
            facts: FactTable::builder(catalog),
            named_checks,
            seen: HashMap::new(),
            collected: HashSet::new(),
            places: 0,
        }
    }

    /// The number of its tree. Trees are numbered in the order of their first operation.
    pub(crate) fn check_guards(&mut self, places: &DeclaredGuards) -> Result<usize, TableError> {
        let next = self.seen.len();
        let number = *self.seen.entry(TreeKey::of(places)).or_insert(next);
        if number == next {
            self.check_tree(places)?;
        }
        Ok(number)
    }

    fn check_tree(&mut self, places: &DeclaredGuards) -> Result<(), TableError> {
        let operation = &places.operation;
        let too_large = |limit| TableError::TooLarge {
            operation: operation.label(),
            limit,
        };
        if places.roots.iter().any(|root| root.node().depth() > MAX_DEPTH) {
            return Err(too_large(Limit::Depth));
        }
        let mut says_something = false;
        for (number, node) in reachable(&places.roots).enumerate() {
            if number >= MAX_NODES {
                return Err(too_large(Limit::Nodes));
            }
            self.places += 1;
            if self.places > MAX_PLACES {
                return Err(too_large(Limit::Places));
            }
            says_something = says_something || node.says_something();
            if self.collected.insert(std::ptr::from_ref(node).cast()) {
                self.collect(node).map_err(too_large)?;
            }
        }
        if let Some(source) = self.facts.fault() {
            return Err(TableError::Facts {
                operation: operation.label(),
                source: source.clone(),
            });
        }
        if says_something {
            Ok(())
        } else {
            Err(TableError::NoRequirement {
                operation: operation.label(),
            })
        }
    }

    pub(crate) fn with_fact_table(self) -> Result<Trees, TableError> {
        let fact_table = Arc::new(self.facts.build().map_err(TableError::Catalog)?);
        Ok(Trees {
            fact_table,
            order: self.order,
            named_checks: self.named_checks,
            nodes: HashMap::new(),
            resolved: Vec::with_capacity(self.seen.len()),
            index: RequirementIndex::default(),
            visible: 0,
            places: 0,
            compared: MAX_COMPARED,
        })
    }

    fn collect(&mut self, node: &Node) -> Result<(), Limit> {
        for check in node.checks() {
            self.facts.add(fact_of(&**check));
        }
        let Some(Own::Rule(rule)) = node.own() else {
            return Ok(());
        };
        if rule.is_deeper_than(MAX_DEPTH) {
            return Err(Limit::Depth);
        }
        let mut open = vec![rule];
        while let Some(rule) = open.pop() {
            match rule {
                Rule::All(rules) | Rule::Any(rules) => open.extend(rules),
                Rule::Fact(fact) => self.facts.add(fact.clone()),
                Rule::Deny | Rule::Scope(_) => {}
            }
        }
        Ok(())
    }
}

pub(crate) fn fact_of(check: &dyn Check) -> Fact {
    match check.reason() {
        Reason::Check => Fact::Check {
            name: Arc::from(check.name()),
            needs: check.needs(),
        },
        Reason::Inactive => Fact::Active,
    }
}

/// The second pass. It resolves every guard to its requirement, and every tree to the conjunction
/// over its guards.
pub(crate) struct Trees {
    fact_table: Arc<FactTable>,
    order: DenialPrecedence,
    named_checks: NamedChecks,
    nodes: HashMap<*const (), Rc<ResolvedNode>>,
    /// The resolved trees, by number.
    resolved: Vec<ResolvedTree>,
    index: RequirementIndex,
    /// The number of scopes in the lists that guards see.
    visible: usize,
    /// The number of guards in the resolved trees.
    places: usize,
    /// The number of words that can still be compared.
    compared: usize,
}

/// The identity of a tree: its roots, the number of roots above the operation, and whether
/// authentication is optional.
#[derive(PartialEq, Eq, Hash)]
struct TreeKey {
    roots: Vec<*const ()>,
    above: usize,
    is_optional: bool,
}

impl TreeKey {
    fn of(places: &DeclaredGuards) -> Self {
        Self {
            roots: places.identity(),
            above: places.above_and_own().0.len(),
            is_optional: places.operation.is_optional,
        }
    }
}

/// A guard without its dependencies.
struct ResolvedNode {
    requirement: Requirement,
    /// The schemes and scopes, in the order of declaration.
    named: Vec<FactId>,
    scopes: Vec<ScopeToken>,
    checks: Vec<(FactId, Arc<dyn Check>)>,
}

impl Trees {
    /// The fact table, and the requirements of the operations.
    ///
    /// # Errors
    ///
    /// [`TableError::UnusedCheck`], because a misspelt name must not leave a check without code.
    pub(crate) fn into_parts(self) -> Result<(Arc<FactTable>, RequirementIndex), TableError> {
        match self.named_checks.unused() {
            Some(check) => Err(TableError::UnusedCheck {
                check: check.to_owned(),
            }),
            None => Ok((self.fact_table, self.index)),
        }
    }

    /// An operation with the number of its tree. Numbers are in the order of addition.
    pub(crate) fn resolve(&mut self, places: DeclaredGuards, number: usize) -> Result<ResolvedOperation, TableError> {
        let tree = if let Some(known) = self.resolved.get(number) {
            known.clone()
        } else {
            let tree = self.resolve_tree(&places)?;
            self.resolved.push(tree.clone());
            tree
        };
        self.index.add_operation(number);
        Ok(ResolvedOperation::new(
            Arc::clone(&self.fact_table),
            places.operation,
            places.overridden,
            self.order,
            tree,
        ))
    }

    fn resolve_tree(&mut self, places: &DeclaredGuards) -> Result<ResolvedTree, TableError> {
        let operation = &places.operation;
        let mut walk = Walk {
            trees: self,
            operation,
            tree: Tree::default(),
        };
        let nothing: Arc<[ScopeToken]> = Arc::default();
        let (above, own) = places.above_and_own();
        for root in above {
            walk.visit(root, &nothing, 0)?;
        }
        places.refuse_to_loosen(&walk.tree.conjuncts)?;
        for root in own {
            walk.visit(root, &nothing, 0)?;
        }
        let tree = walk.tree;
        let requirement = self.conjunction(operation, tree.conjuncts)?;
        let resolved = Resolved {
            is_optional: operation.is_optional,
            requirement,
            named: tree.named,
            contexts: tree.contexts,
            checks: tree.checks,
        };
        Ok(ResolvedTree::new(&self.fact_table, resolved, &mut self.index))
    }

    /// The requirement of the whole tree.
    fn conjunction(&mut self, operation: &Operation, conjuncts: Vec<Requirement>) -> Result<Requirement, TableError> {
        let too_large = |limit| TableError::TooLarge {
            operation: operation.label(),
            limit,
        };
        let mut budget = ResolutionBudget::within(self.compared);
        let requirement = Requirement::all_within(conjuncts, &mut budget).map_err(too_large)?;
        self.compared = budget.compared();
        if requirement.alternatives().len() > MAX_ALTERNATIVES {
            return Err(too_large(Limit::Alternatives));
        }
        let asks_for_authentication = requirement
            .alternatives()
            .iter()
            .any(|set| set.contains(FactId::AUTHENTICATED));
        if asks_for_authentication && self.fact_table.scheme_names().next().is_none() {
            return Err(TableError::NoScheme {
                operation: operation.label(),
            });
        }
        Ok(requirement)
    }

    fn node(&mut self, guard: &Guard) -> Result<Rc<ResolvedNode>, RuleError> {
        if let Some(known) = self.nodes.get(&guard.identity()) {
            return Ok(Rc::clone(known));
        }
        let node = Rc::new(self.resolve_node(guard.node())?);
        self.nodes.insert(guard.identity(), Rc::clone(&node));
        Ok(node)
    }

    fn resolve_node(&mut self, node: &Node) -> Result<ResolvedNode, RuleError> {
        let mut reading = RuleResolver::new(&self.fact_table, ResolutionBudget::within(self.compared));
        let rule = match node.own() {
            Some(Own::Rule(rule)) => Some(rule),
            Some(Own::Public) | None => None,
        };
        let mut conjuncts: Vec<Requirement> = reading.rule_of_schemes(node.schemes(), rule)?.into_iter().collect();
        let scopes = rule.map_or_else(Vec::new, |rule| rule.scopes(MAX_DEPTH).into_iter().cloned().collect());
        let mut checks = match rule {
            Some(rule) => self.named_checks.of(rule, &self.fact_table)?,
            None => Vec::new(),
        };
        for check in node.checks() {
            let id = self
                .fact_table
                .find(&fact_of(&**check))
                .ok_or(RuleError::TooLarge(Limit::Facts))?;
            conjuncts.push(Requirement::fact(&self.fact_table, id));
            // The built-in check is equivalent to the fact `active`, so it need not run.
            let any: &dyn Any = &**check;
            if !any.is::<ActiveUser>() {
                checks.push((id, Arc::clone(check)));
            }
        }
        let requirement = Requirement::all_within(conjuncts, &mut reading.budget).map_err(RuleError::TooLarge)?;
        self.compared = reading.budget.compared();
        Ok(ResolvedNode {
            requirement,
            named: reading.named,
            scopes,
            checks,
        })
    }
}

/// The tree of one operation in the order of traversal: dependants before their dependencies.
struct Walk<'r> {
    trees: &'r mut Trees,
    operation: &'r Operation,
    tree: Tree,
}

#[derive(Default)]
struct Tree {
    seen: HashSet<(*const (), Arc<[ScopeToken]>)>,
    nodes: HashSet<*const ()>,
    conjuncts: Vec<Requirement>,
    named: Vec<FactId>,
    contexts: Vec<ResolutionContext>,
    checks: Vec<CheckPlace>,
}

impl Walk<'_> {
    /// The depth of the tree was bounded before, so the recursion is.
    fn visit(&mut self, guard: &Guard, above: &Arc<[ScopeToken]>, depth: usize) -> Result<(), TableError> {
        let node = self
            .trees
            .node(guard)
            .map_err(|fault| fault.in_operation(self.operation))?;
        let visible = extend(above, &node.scopes);
        if !node.scopes.is_empty() {
            self.trees.visible += visible.len();
        }
        if self.trees.visible > MAX_VISIBLE {
            return Err(RuleError::TooLarge(Limit::Visible).in_operation(self.operation));
        }
        if !self.tree.seen.insert((guard.identity(), Arc::clone(&visible))) {
            return Ok(());
        }
        if self.tree.seen.len() > MAX_CONTEXTS {
            return Err(RuleError::TooLarge(Limit::Contexts).in_operation(self.operation));
        }
        self.trees.places += 1;
        if self.trees.places > MAX_PLACES {
            return Err(RuleError::TooLarge(Limit::Places).in_operation(self.operation));
        }
        if self.tree.nodes.insert(guard.identity()) {
            self.tree.conjuncts.push(node.requirement.clone());
            self.tree.named.extend(&node.named);
        }
        let place = |(fact, check): &(FactId, Arc<dyn Check>)| CheckPlace {
            fact: *fact,
            check: Arc::clone(check),
            visible: Arc::clone(&visible),
        };
        self.tree.checks.extend(node.checks.iter().map(place));
        let requirement = node.requirement.clone();
        self.tree.contexts.push(ResolutionContext {
            depth,
            guard: guard.clone(),
            visible: Arc::clone(&visible),
            requirement,
        });
        guard
            .node()
            .dependencies()
            .iter()
            .try_for_each(|dependency| self.visit(dependency, &visible, depth + 1))
    }
}

/// Returns the scopes above, then the new scopes of the guard, each once.
fn extend(above: &Arc<[ScopeToken]>, own: &[ScopeToken]) -> Arc<[ScopeToken]> {
    if own.is_empty() {
        return Arc::clone(above);
    }
    let mut known: HashSet<&str> = above.iter().map(ScopeToken::as_str).collect();
    let new: Vec<&ScopeToken> = own.iter().filter(|token| known.insert(token.as_str())).collect();
    if new.is_empty() {
        return Arc::clone(above);
    }
    above.iter().chain(new).cloned().collect()
}
