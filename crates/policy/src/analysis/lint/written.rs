//! Rules as they were written: the normal form does not know any more what was said twice.

use std::collections::HashSet;

use super::words::{is_reading_part, listed};
use super::{Finding, LintRule};
use crate::guard::{Node, Own};
use crate::{Atom, AtomId, AtomSet, ResolvedOperation, Rule, Universe};

/// What is odd about the rules of an operation's guards.
pub(super) fn findings(operation: &ResolvedOperation) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for context in operation.contexts() {
        let node = context.guard.node();
        if let Some(Own::Rule(rule)) = node.own().filter(|_| seen.insert(context.guard.identity())) {
            let mut reader = Reader {
                universe: operation.universe(),
                node,
                findings: &mut findings,
            };
            reader.read(rule);
        }
    }
    let mut said = Vec::new();
    findings.retain(|finding| {
        let is_new = !said.contains(finding);
        said.extend(is_new.then(|| finding.clone()));
        is_new
    });
    findings
}

/// Goes through the rule of one guard. How deep rules are was bounded before.
struct Reader<'r> {
    universe: &'r Universe,
    node: &'r Node,
    findings: &'r mut Vec<Finding>,
}

impl Reader<'_> {
    fn read(&mut self, rule: &Rule) {
        match rule {
            Rule::All(_) => {
                let mut parts = Vec::new();
                flatten(rule, &mut parts);
                self.together(&parts);
                for part in parts.into_iter().filter(|part| matches!(part, Rule::Any(_))) {
                    self.read(part);
                }
            }
            Rule::Any(rules) => {
                self.side_by_side(rules);
                for rule in rules {
                    self.read(rule);
                }
            }
            Rule::Atom(_) | Rule::Deny | Rule::Scope(_) => {}
        }
    }

    fn add(&mut self, rule: LintRule, message: String) {
        self.findings.push(Finding::new(rule, message));
    }

    /// What one list asks for together.
    fn together(&mut self, parts: &[&Rule]) {
        let scopes: Vec<AtomId> = parts.iter().filter_map(|part| self.atom(part)).collect();
        let scopes: Vec<AtomId> = scopes.into_iter().filter(|id| self.name(*id).is_some()).collect();
        let mut implied = HashSet::new();
        for strong in &scopes {
            for weak in scopes.iter().filter(|weak| *weak != strong) {
                if let Some(message) = self.swallows(*strong, *weak) {
                    implied.insert(*weak);
                    self.add(LintRule::OrWrittenAsAnd, message);
                }
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for name in scopes
            .iter()
            .filter(|id| !implied.contains(id))
            .filter_map(|id| self.name(*id))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > 1 {
            let message = format!(
                "{} are needed together, so who has only one of them is refused; if one is to do, list them as alternatives (in OpenAPI, \
                 objects of their own in `security`), and if all are meant, leave it so",
                listed(&names, "and"),
            );
            self.add(LintRule::SeveralScopesTogether, message);
        }
    }

    /// Whether one of two scopes of one list makes the other pointless, or seems to be meant to.
    fn swallows(&self, strong: AtomId, weak: AtomId) -> Option<String> {
        let (whole, part) = (self.name(strong)?, self.name(weak)?);
        if self.universe.closure(strong).contains(weak) {
            return Some(format!(
                "`{whole}` and `{part}` are needed together, and `{whole}` implies `{part}`; leave `{part}` out, or where it alone is \
                 to do, too, list the two as alternatives"
            ));
        }
        is_reading_part(whole, part).then(|| {
            format!(
                "`{whole}` and `{part}` are needed together, so who has only one of them is refused; this is probably an OR written \
                 as AND: list the two as alternatives (in OpenAPI, objects of their own in `security`), or let `{whole}` imply `{part}`"
            )
        })
    }

    /// Alternatives of one list against each other.
    fn side_by_side(&mut self, rules: &[Rule]) {
        let closed: Vec<(&Rule, AtomSet)> = rules
            .iter()
            .filter_map(|rule| Some((rule, self.closed(rule)?)))
            .collect();
        let mut repeated: Vec<&AtomSet> = Vec::new();
        for (rule, set) in &closed {
            let same = closed.iter().filter(|(_, other)| other == set).count();
            if same > 1 && !repeated.contains(&set) {
                repeated.push(set);
                let message = format!("alternative `{rule}` is listed {same} times; once is enough");
                self.add(LintRule::RepeatedAlternative, message);
            }
            let mut others = closed.iter().filter(|(_, other)| other != set);
            if let Some((weaker, _)) = others.find(|(_, other)| other.is_subset_of(set)) {
                let message = format!(
                    "alternative `{rule}` adds nothing: who has it has `{weaker}`, and that suffices; leave out what was not meant"
                );
                self.add(LintRule::RedundantAlternative, message);
            }
        }
    }

    /// All that a rule asks for, where it has no alternatives itself.
    fn closed(&self, rule: &Rule) -> Option<AtomSet> {
        let mut parts = Vec::new();
        flatten(rule, &mut parts);
        let mut closed = self.universe.closure(AtomId::AUTHENTICATED).clone();
        if !parts.is_empty() {
            closed = AtomSet::EMPTY;
        }
        for part in parts {
            closed.unite(self.universe.closure(self.atom(part)?));
        }
        Some(closed)
    }

    /// The atom that a rule is, where it is one.
    fn atom(&self, rule: &Rule) -> Option<AtomId> {
        match rule {
            Rule::Atom(atom) => self.universe.find(atom),
            Rule::Scope(token) => {
                let scheme = match self.node.scheme() {
                    Some(name) => name,
                    None => self.universe.schemes_with(token.as_str()).next()?.as_ref(),
                };
                let scheme = self.universe.scheme_id(&scheme.parse().ok()?)?;
                self.universe.scope_id(scheme, token.as_str())
            }
            Rule::All(_) | Rule::Any(_) | Rule::Deny => None,
        }
    }

    fn name(&self, id: AtomId) -> Option<&str> {
        let token = self.universe.atom(id).and_then(Atom::scope_token)?;
        Some(token.as_str())
    }
}

/// The parts of lists within lists, as of one list.
fn flatten<'r>(rule: &'r Rule, parts: &mut Vec<&'r Rule>) {
    match rule {
        Rule::All(rules) => rules.iter().for_each(|rule| flatten(rule, parts)),
        Rule::Any(_) | Rule::Atom(_) | Rule::Deny | Rule::Scope(_) => parts.push(rule),
    }
}
