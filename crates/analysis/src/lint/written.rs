//! Rules as they were written: the normal form does not show duplicates.

use std::collections::{BTreeSet, HashSet};

use scopegate_domain::SchemeName;
use scopegate_policy::{Fact, FactId, FactSet, FactTable, Guard, LintRule, ResolvedOperation, Rule};

use super::Finding;
use super::words::{Level, family, is_reading_part, listed};

/// The scopes that one list requires together.
type Scopes<'r> = Vec<(FactId, &'r str)>;

/// The oddities in the rules of an operation's guards.
pub(super) fn findings(operation: &ResolvedOperation) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for guard in operation.guards() {
        if let Some(rule) = guard.own_rule().filter(|_| seen.insert(guard.identity())) {
            let mut reader = Reader {
                fact_table: operation.fact_table(),
                guard,
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

/// Whether two alternatives differ only in the scopes of one scheme.
pub(super) fn has_alternative_scopes(operation: &ResolvedOperation) -> bool {
    let mut schemes: Vec<&SchemeName> = Vec::new();
    for alternative in operation.alternatives() {
        if let [(scheme, scope)] = alternative.schemes()
            && !scope.is_empty()
        {
            if schemes.contains(&scheme) {
                return true;
            }
            schemes.push(scheme);
        }
    }
    false
}

/// Visits the rule of one guard. The depth of rules was bounded before.
struct Reader<'r> {
    fact_table: &'r FactTable,
    guard: &'r Guard,
    findings: &'r mut Vec<Finding>,
}

impl<'r> Reader<'r> {
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
                // An alternative without effect is one finding, regardless of its list.
                for (rule, is_needed) in rules.iter().zip(self.side_by_side(rules)) {
                    if is_needed {
                        self.read(rule);
                    }
                }
            }
            Rule::Fact(_) | Rule::Deny | Rule::Scope(_) => {}
        }
    }

    fn add(&mut self, rule: LintRule, message: String) {
        self.findings.push(Finding::new(rule, message));
    }

    fn add_of_scheme(&mut self, finding: Finding, scheme: Option<&SchemeName>) {
        self.findings.push(match scheme {
            Some(scheme) => finding.of_scheme(scheme.as_str()),
            None => finding,
        });
    }

    /// The facts that one list requires together, by scheme: no token has scopes of two schemes.
    fn together(&mut self, parts: &[&Rule]) {
        let facts = parts.iter().filter_map(|part| self.fact(part));
        let mut schemes: Vec<(Option<&SchemeName>, Scopes<'_>)> = Vec::new();
        for (id, name) in facts.filter_map(|id| Some((id, self.name(id)?))) {
            let scheme = self.scheme(id);
            let known = schemes.iter_mut().find(|(other, _)| *other == scheme);
            match known {
                Some((_, scopes)) if scopes.iter().any(|(known, _)| *known == id) => {}
                Some((_, scopes)) => scopes.push((id, name)),
                None => schemes.push((scheme, vec![(id, name)])),
            }
        }
        for (scheme, scopes) in schemes {
            self.together_of(scheme, &scopes);
        }
    }

    /// Reports one finding, because it is one list.
    fn together_of(&mut self, scheme: Option<&SchemeName>, scopes: &[(FactId, &str)]) {
        let (including, included) = self.inclusions(scopes);
        if including.is_empty() {
            let mut names: Vec<&str> = scopes.iter().map(|(_, name)| *name).collect();
            names.sort_unstable();
            names.dedup();
            if names.len() > 1 {
                let message = format!(
                    "{} are required together, so a token with only one of them is refused; if one is enough, list them as \
                     alternatives (in OpenAPI, objects of their own in `security`)",
                    listed(&names, "and"),
                );
                let mut finding = Finding::new(LintRule::SeveralScopesTogether, message);
                finding.together = scopes.iter().map(|(_, name)| (*name).to_owned()).collect();
                self.add_of_scheme(finding, scheme);
            }
            return;
        }
        let message = format!(
            "{} are required together, and {}, so a token with only one of them is refused; this is probably an OR written as \
             AND: list them as alternatives (in OpenAPI, objects of their own in `security`), or require the one that is needed",
            listed(&sorted(including.union(&included)), "and"),
            if including.len() == 1 && included.len() == 1 {
                format!(
                    "`{}` includes `{}`",
                    sorted(including.iter()).join(""),
                    sorted(included.iter()).join("")
                )
            } else {
                "they differ only in how much they allow".to_owned()
            }
        );
        let mut finding = Finding::new(LintRule::OrWrittenAsAnd, message);
        let level = |name: &str| family(name).map(|(_, level)| level);
        let are_written = including.iter().all(|name| level(name) == Some(Level::Write));
        let are_read = included.iter().all(|name| level(name) == Some(Level::Read));
        let is_one_pair = including.len() == 1 && included.len() == 1;
        finding.is_level_pair = (is_one_pair || (are_written && are_read)) && !self.is_implied(scopes);
        self.add_of_scheme(finding, scheme);
    }

    /// Returns the scopes of one scheme that include another scope of the list, and the included
    /// ones: by implication, or by their names.
    fn inclusions<'n>(&self, scopes: &[(FactId, &'n str)]) -> (BTreeSet<&'n str>, BTreeSet<&'n str>) {
        let families: Vec<_> = scopes.iter().map(|(_, name)| family(name)).collect();
        let (mut including, mut included) = (BTreeSet::new(), BTreeSet::new());
        for ((strong, whole), high) in scopes.iter().zip(&families) {
            for ((weak, part), low) in scopes.iter().zip(&families) {
                let by_level = high
                    .as_ref()
                    .zip(low.as_ref())
                    .is_some_and(|((high_words, high), (low_words, low))| high_words == low_words && high > low);
                if self.implies(*strong, *weak) || by_level || is_reading_part(whole, part) {
                    including.insert(*whole);
                    included.insert(*part);
                }
            }
        }
        (including, included)
    }

    fn is_implied(&self, scopes: &[(FactId, &str)]) -> bool {
        let mut pairs = scopes
            .iter()
            .flat_map(|(strong, _)| scopes.iter().map(move |(weak, _)| (*strong, *weak)));
        pairs.any(|(strong, weak)| self.implies(strong, weak))
    }

    fn implies(&self, strong: FactId, weak: FactId) -> bool {
        strong != weak && self.fact_table.closure(strong).contains(weak)
    }

    /// Compares the alternatives of one list. Returns which of them have an effect.
    fn side_by_side(&mut self, rules: &[Rule]) -> Vec<bool> {
        let closed: Vec<Option<FactSet>> = rules.iter().map(|rule| self.closed(rule)).collect();
        let mut needed = Vec::with_capacity(rules.len());
        let mut repeated: Vec<&FactSet> = Vec::new();
        for (rule, set) in rules.iter().zip(&closed) {
            let Some(set) = set else {
                needed.push(true);
                continue;
            };
            let is_copy = repeated.contains(&set);
            let same = closed.iter().flatten().filter(|other| *other == set).count();
            if same > 1 && !is_copy {
                repeated.push(set);
                let message = format!("alternative `{rule}` is listed {same} times; once is enough");
                self.add(LintRule::RepeatedAlternative, message);
            }
            let mut others = rules.iter().zip(&closed);
            let weaker = others.find(|(_, other)| {
                other
                    .as_ref()
                    .is_some_and(|other| other != set && other.is_subset_of(set))
            });
            if let Some((weaker, _)) = weaker.filter(|_| !is_copy) {
                let message = format!(
                    "alternative `{rule}` decides nothing: a request that satisfies it satisfies `{weaker}`, which suffices; leave \
                     out the one that is not meant"
                );
                self.add(LintRule::RedundantAlternative, message);
            }
            needed.push(!is_copy && weaker.is_none());
        }
        needed
    }

    /// Returns all facts that a rule requires, if the rule has no alternatives.
    fn closed(&self, rule: &Rule) -> Option<FactSet> {
        let mut parts = Vec::new();
        flatten(rule, &mut parts);
        let mut closed = self.fact_table.closure(FactId::AUTHENTICATED).clone();
        if !parts.is_empty() {
            closed = FactSet::EMPTY;
        }
        for part in parts {
            closed.unite(self.fact_table.closure(self.fact(part)?));
        }
        Some(closed)
    }

    /// Returns the fact of a rule, if the rule is one fact.
    fn fact(&self, rule: &Rule) -> Option<FactId> {
        match rule {
            Rule::Fact(fact) => self.fact_table.find(fact),
            Rule::Scope(token) => {
                // The same rule holds for every scheme of the guard.
                let scheme = match self.guard.schemes().first() {
                    Some(name) => name.as_str(),
                    None => self.fact_table.schemes_with(token.as_str()).next()?.as_ref(),
                };
                let scheme = self.fact_table.scheme_id(&scheme.parse().ok()?)?;
                self.fact_table.scope_id(scheme, token.as_str())
            }
            Rule::All(_) | Rule::Any(_) | Rule::Deny => None,
        }
    }

    fn name(&self, id: FactId) -> Option<&'r str> {
        let token = self.fact_table.fact(id).and_then(Fact::scope_token)?;
        Some(token.as_str())
    }

    fn scheme(&self, id: FactId) -> Option<&'r SchemeName> {
        match self.fact_table.fact(id)? {
            Fact::Scope { scheme, .. } => Some(scheme),
            _ => None,
        }
    }
}

fn sorted<'n>(names: impl Iterator<Item = &'n &'n str>) -> Vec<&'n str> {
    names.copied().collect()
}

/// Flattens the parts of lists within lists.
fn flatten<'r>(rule: &'r Rule, parts: &mut Vec<&'r Rule>) {
    match rule {
        Rule::All(rules) => rules.iter().for_each(|rule| flatten(rule, parts)),
        Rule::Any(_) | Rule::Fact(_) | Rule::Deny | Rule::Scope(_) => parts.push(rule),
    }
}
