//! Whether the owner of a document forgot the requirement of an operation.

use std::collections::HashMap;

use scopegate_policy::{DocumentFacts, Method, OperationTable, ResolvedOperation, SecurityOrigin};

use super::refusals::demands_login;
use super::verbs::asks_about_permission;

/// How many operations require a credential, and how many do not.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    protected: usize,
    open: usize,
}

impl Counts {
    const fn all(self) -> usize {
        self.protected.saturating_add(self.open)
    }
}

/// What a document states about its open operations. Steps of a login, probes and similar
/// operations are not among them.
pub(super) struct Evidence<'p> {
    facts: &'p DocumentFacts,
    /// The operations below each prefix of a path. The prefix of all is empty.
    below: HashMap<&'p str, Counts>,
    /// Nine operations in ten document a refusal. A framework that adds the response everywhere
    /// shows little about one operation.
    is_refusal_general: bool,
}

impl<'p> Evidence<'p> {
    /// Reads the evidence of operations. `is_open` is about the number of an operation: `None` if
    /// it needs no credential by its nature.
    pub(super) fn of(
        table: &'p OperationTable,
        facts: &'p DocumentFacts,
        is_open: impl Fn(usize, &ResolvedOperation) -> Option<bool>,
    ) -> Self {
        let mut below: HashMap<&str, Counts> = HashMap::new();
        for (number, operation) in table.operations().iter().enumerate() {
            let Some(is_open) = is_open(number, operation) else {
                continue;
            };
            for prefix in prefixes(operation.template()) {
                let counts = below.entry(prefix).or_default();
                *(if is_open {
                    &mut counts.open
                } else {
                    &mut counts.protected
                }) += 1;
            }
        }
        let refusing = facts.errors().iter().filter(|errors| errors.is_refusal()).count();
        Self {
            facts,
            below,
            is_refusal_general: refusing.saturating_mul(10) >= table.operations().len().saturating_mul(9),
        }
    }

    /// Whether the owner forgot the requirement: the document states a credential for this
    /// operation, or almost all others require one. For a read, and for an operation with
    /// `security: []`, its neighbours alone show nothing.
    pub(super) fn is_forgotten(&self, number: usize, operation: &ResolvedOperation, changes: bool) -> bool {
        let is_absent = self.facts.security_origin(number) == SecurityOrigin::Absent;
        let near = match operation.method() {
            _ if !is_absent || !changes => "",
            // Others own what a `POST` creates: an account, a cart. The caller may have none
            // before.
            Method::Post => parent(operation.template()),
            _ => operation.template(),
        };
        self.is_demanded(number, operation)
            || ((changes || is_absent) && self.is_single(near))
            || self.is_exception(number, is_absent)
    }

    /// Whether the owner forgot the requirement of a read next to protected changes. Many resources
    /// are public and changed by their owners.
    pub(super) fn is_forgotten_read(&self, number: usize, operation: &ResolvedOperation) -> bool {
        self.is_demanded(number, operation) || self.is_single("")
    }

    /// Whether the operation itself shows that its callers present a credential.
    fn is_demanded(&self, number: usize, operation: &ResolvedOperation) -> bool {
        self.facts.has_credential_parameter(number)
            || (self.is_refused(number) && !self.is_refusal_general && !asks_about_permission(operation.template()))
            || [self.facts.summary_of(number), self.facts.description_of(number)]
                .into_iter()
                .flatten()
                .any(demands_login)
    }

    fn is_refused(&self, number: usize) -> bool {
        self.facts
            .errors()
            .get(number)
            .is_some_and(|errors| errors.is_refusal())
    }

    /// Whether all others below the deepest common prefix require a credential. At least three are
    /// needed, unless the document has fewer.
    fn is_single(&self, template: &str) -> bool {
        const ENOUGH: usize = 4;
        let mut near = prefixes(template).filter_map(|prefix| Some((prefix, *self.below.get(prefix)?)));
        let counts = near.find(|(prefix, counts)| prefix.is_empty() || counts.all() >= ENOUGH);
        counts.is_some_and(|(_, counts)| counts.open == 1 && counts.protected > 0)
    }

    /// Whether open operations are exceptions in this document. In an interface for visitors
    /// without an account, such as a shop, they are not.
    fn is_exception(&self, number: usize, is_absent: bool) -> bool {
        const SMALL: usize = 12;
        const MEDIUM: usize = 24;
        let counts = self.below.get("").copied().unwrap_or_default();
        let is_contradicted = self.is_refused(number) && self.is_refusal_general;
        let all = counts.all();
        let share = if all <= SMALL || (is_contradicted && is_absent) {
            2
        } else if all <= MEDIUM && is_absent {
            3
        } else if is_absent {
            6
        } else {
            return false;
        };
        counts.open.saturating_mul(share) <= all
    }
}

/// Returns the path without its last segment.
fn parent(template: &str) -> &str {
    prefixes(template).nth(1).unwrap_or_default()
}

/// Returns the path and its prefixes of whole segments, the longest first. The last is empty.
fn prefixes(template: &str) -> impl Iterator<Item = &str> {
    let path = template.trim_end_matches('/');
    std::iter::successors(Some(path), |path| path.rfind('/').and_then(|slash| path.get(..slash)))
}

#[cfg(test)]
mod tests {
    use super::prefixes;

    #[test]
    fn prefixes_have_whole_segments() {
        assert_eq!(
            prefixes("/a/{id}/b/").collect::<Vec<_>>(),
            ["/a/{id}/b", "/a/{id}", "/a", ""]
        );
        assert_eq!(prefixes("/").collect::<Vec<_>>(), [""]);
    }
}
