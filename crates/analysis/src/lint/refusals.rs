//! Infers from what a document states whether operations require a credential.

use scopegate_policy::{DocumentFacts, OperationTable};

/// The refusals that operations document.
pub(super) struct Refusals<'p> {
    facts: &'p DocumentFacts,
    /// Every operation documents status 401. A framework that adds the response everywhere shows
    /// nothing about one operation.
    is_everywhere: bool,
}

impl<'p> Refusals<'p> {
    pub(super) fn of(table: &OperationTable, facts: &'p DocumentFacts) -> Self {
        let mut numbers = 0..table.operations().len();
        Self {
            facts,
            is_everywhere: numbers.all(|number| facts.requires_credential(number)),
        }
    }

    /// Whether this operation requires a credential, other than all operations.
    pub(super) fn is_at(&self, operation: usize) -> bool {
        !self.is_everywhere && self.facts.requires_credential(operation)
    }
}

/// Whether the document states that callers present a credential: in a parameter of an operation,
/// or in the description of the interface.
pub(super) fn mentions_credentials(table: &OperationTable, facts: &DocumentFacts) -> bool {
    let mut numbers = 0..table.operations().len();
    numbers.any(|number| facts.has_credential_parameter(number)) || facts.description().is_some_and(requires_in_words)
}

/// Whether a text states that callers authenticate.
fn requires_in_words(text: &str) -> bool {
    const PHRASES: [&str; 9] = [
        "api key",
        "api-key",
        "authentication is required",
        "authorization header",
        "bearer token",
        "must authenticate",
        "must be authenticated",
        "oauth",
        "requires authentication",
    ];
    let text = text.to_lowercase();
    PHRASES.iter().any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_require_a_credential() {
        for text in [
            "Send your API key.",
            "Callers use OAuth 2.0",
            "Every call requires authentication",
        ] {
            assert!(requires_in_words(text), "{text}");
        }
        for text in [
            "",
            "The key of a lamp is public.",
            "Authentication of registries is up to the client",
        ] {
            assert!(!requires_in_words(text), "{text}");
        }
    }
}
