//! Merges the findings of one cause into one finding with all operations.

use std::collections::{BTreeSet, HashMap};

use scopegate_domain::DeclaredScheme;
use scopegate_policy::{Alternative, LintRule, OperationTable, ResolvedOperation};

use super::Finding;
use super::scopes::is_of_openid;
use super::verbs::names_one_of;
use super::words::{are_for_writing_two, are_of_different_resources, names_one_object};

/// Collects findings. Findings with the same rule and cause are merged.
#[derive(Debug, Default)]
pub(super) struct Collector {
    findings: Vec<Collected>,
    numbers: HashMap<(LintRule, String), usize>,
}

#[derive(Debug)]
struct Collected {
    finding: Finding,
    /// Without an operation the finding is dropped.
    needs_operations: bool,
    /// An operation of the finding reads.
    has_reading: bool,
    /// An operation of the finding changes something.
    has_writing: bool,
}

impl Collector {
    /// Adds a finding, or adds its operations to an existing one.
    pub(super) fn add(&mut self, finding: Finding) {
        self.insert(finding, false);
    }

    /// Adds a finding to which [`Collector::affect`] adds operations; returns its number.
    pub(super) fn add_for_operations(&mut self, finding: Finding) -> usize {
        self.insert(finding, true)
    }

    fn insert(&mut self, finding: Finding, needs_operations: bool) -> usize {
        let key = (finding.rule, finding.cause.clone());
        let next = self.findings.len();
        let number = *self.numbers.entry(key).or_insert(next);
        match self.findings.get_mut(number) {
            Some(Collected { finding: known, .. }) => {
                known.severity = known.severity.max(finding.severity);
                known.operations.extend(finding.operations);
            }
            None => self.findings.push(Collected {
                finding,
                needs_operations,
                has_reading: false,
                has_writing: false,
            }),
        }
        number
    }

    /// Adds an operation to a finding.
    pub(super) fn affect(&mut self, number: usize, operation: &ResolvedOperation, changes: bool) {
        if let Some(collected) = self.findings.get_mut(number)
            && !names_one_of(&collected.finding.together, operation.template())
            && !(are_for_writing_two(&collected.finding.together) && changes)
        {
            collected.has_reading |= !changes;
            collected.has_writing |= changes;
            collected.finding.push(operation);
        }
    }

    /// Raises a finding to the severity of its rule.
    pub(super) fn raise(&mut self, number: usize) {
        if let Some(Collected { finding, .. }) = self.findings.get_mut(number) {
            finding.severity = finding.rule.severity();
        }
    }

    /// Removes findings about optional authentication of operations that all read.
    pub(super) fn remove_optional_reads(&mut self) {
        for collected in &mut self.findings {
            if collected.finding.rule == LintRule::OptionalAuthentication && !collected.has_writing {
                collected.finding.operations.clear();
            }
        }
    }

    /// Removes findings about a key that opens most operations with scopes, one operation in fifty,
    /// or several that all read. An interface does so on purpose if a key has all rights of its
    /// user, exists for one operation, or reads a part of the data.
    pub(super) fn remove_intended_keys(&mut self, table: &OperationTable) {
        const FEW: usize = 5;
        const SEVERAL: usize = 3;
        let has_scopes = |operation: &&ResolvedOperation| {
            let mut alternatives = operation.alternatives().iter();
            alternatives.any(|alternative| !alternative.scope().is_empty())
        };
        let with_scopes = table.operations().iter().filter(has_scopes).count();
        for collected in &mut self.findings {
            let reads = collected.has_reading && !collected.has_writing;
            let finding = &mut collected.finding;
            let opened = finding.operations.len();
            let is_general = opened >= FEW && opened.saturating_mul(2) >= with_scopes;
            let is_for_one_purpose = opened.saturating_mul(50) <= with_scopes;
            let is_for_reading = reads && opened >= SEVERAL;
            let is_meant = is_general || is_for_one_purpose || is_for_reading;
            if finding.rule == LintRule::KeyOpensWithoutScope && is_meant {
                finding.operations.clear();
            }
        }
    }

    /// Removes findings about scopes that are required together if all but one of them are for
    /// signing in, restrict a token to one object, or are required by most operations. Such scopes
    /// are not treated as alternatives.
    pub(super) fn remove_base_scopes(&mut self, table: &OperationTable) {
        const FEW: usize = 5;
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        let mut with_scopes = 0_usize;
        for operation in table.operations() {
            let alternatives = operation.alternatives().iter();
            let scopes: BTreeSet<(&str, &str)> = alternatives
                .flat_map(Alternative::schemes)
                .flat_map(|(scheme, scope)| scope.iter().map(|token| (scheme.as_str(), token.as_str())))
                .collect();
            with_scopes += usize::from(!scopes.is_empty());
            for scope in scopes {
                *counts.entry(scope).or_default() += 1;
            }
        }
        let is_base = |scheme: &str, scope: &str| {
            let count = counts.get(&(scheme, scope)).copied().unwrap_or_default();
            is_of_openid(scope) || names_one_object(scope) || (count >= FEW && count.saturating_mul(2) > with_scopes)
        };
        for Collected { finding, .. } in &mut self.findings {
            let scheme = finding.scheme.as_deref().unwrap_or_default();
            let others = finding.together.iter().filter(|scope| !is_base(scheme, scope)).count();
            if !finding.together.is_empty() && others < 2 {
                finding.operations.clear();
            }
        }
    }

    /// Removes findings about scopes that one operation alone requires together, if each is about
    /// another resource. The operation uses all of them. A deprecated scope is no longer needed.
    pub(super) fn remove_single_lists(&mut self, table: &OperationTable) {
        let is_deprecated = |scheme: Option<&str>, scope: &str| {
            let declared = scheme.and_then(|name| table.catalog().find(&name.parse().ok()?));
            let scopes = declared.map(DeclaredScheme::scopes).unwrap_or_default();
            let found = scopes.iter().find(|declared| declared.token().as_str() == scope);
            found.is_some_and(|found| found.description().to_lowercase().contains("deprecated"))
        };
        for Collected { finding, .. } in &mut self.findings {
            let scheme = finding.scheme.as_deref();
            let is_old = finding.together.iter().any(|scope| is_deprecated(scheme, scope));
            if finding.operations.len() == 1 && !is_old && are_of_different_resources(&finding.together) {
                finding.operations.clear();
            }
        }
    }

    /// Whether a finding reports that any token of this scheme opens an operation.
    pub(super) fn is_any_token_enough(&self, scheme: &str) -> bool {
        let quoted = format!("`{scheme}`");
        let mut findings = self.findings.iter().map(|collected| &collected.finding);
        findings.any(|finding| {
            finding.rule == LintRule::TokenWithoutScope
                && !finding.operations.is_empty()
                && finding.cause.contains(&quoted)
        })
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let is_kept = |collected: &Collected| {
            let has_operations = !collected.needs_operations || !collected.finding.operations.is_empty();
            has_operations && (collected.has_reading || !collected.finding.is_level_pair)
        };
        let kept = self.findings.into_iter().filter(is_kept);
        kept.map(|collected| collected.finding).collect()
    }
}
