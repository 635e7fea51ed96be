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

/// Phrases that demand a login.
const DEMANDS_LOGIN: [&str; 5] = [
    "authenticate first",
    "authentication is required",
    "must authenticate",
    "must be authenticated",
    "requires authentication",
];

/// Whether a text states that callers authenticate.
fn requires_in_words(text: &str) -> bool {
    const CREDENTIALS: [&str; 5] = ["api key", "api-key", "authorization header", "bearer token", "oauth"];
    let text = text.to_lowercase();
    let demands = |sentence: &str| {
        let mut phrases = CREDENTIALS.iter().chain(&DEMANDS_LOGIN);
        phrases.any(|phrase| sentence.contains(phrase)) || demands_token(sentence)
    };
    let mut own = text.split(['.', '\n']).filter(|sentence| !refers_to_page(sentence));
    own.any(demands)
}

/// Whether a sentence in lower case only names a page about the subject: `For info about API keys,
/// see [Keys](/keys)`.
fn refers_to_page(sentence: &str) -> bool {
    let sentence = sentence.trim_start();
    sentence.starts_with("for info") && sentence.contains(", see [")
}

/// Whether a sentence in lower case demands a token. A program that checks tokens only names them.
fn demands_token(sentence: &str) -> bool {
    const DEMANDS: [&str; 9] = [
        "include", "must", "need", "needs", "pass", "provide", "require", "requires", "send",
    ];
    let words: Vec<&str> = sentence.split(|letter: char| !letter.is_alphanumeric()).collect();
    let is_token = words.contains(&"jwt") || sentence.contains("access token") || sentence.contains("json web token");
    is_token && (sentence.contains(" header") || DEMANDS.iter().any(|demand| words.contains(demand)))
}

/// Whether a sentence about an operation states that its callers are logged in, or have a right.
pub(super) fn demands_login(text: &str) -> bool {
    const STATES: [&str; 7] = [
        "authentication required",
        "authenticated user",
        "logged in user",
        "logged-in user",
        "must be logged in",
        "must be signed in",
        "signed-in user",
    ];
    const RIGHTS: [&str; 6] = [
        "permission",
        "permissions",
        "privilege",
        "privileges",
        "scope",
        "scopes",
    ];
    const NEEDS: [&str; 5] = ["must", "need", "needs", "require", "requires"];
    let text = text.to_lowercase().replace("unauthenticated", "anonymous");
    let demands = |sentence: &str| {
        let words: Vec<&str> = sentence.split(|letter: char| !letter.is_alphanumeric()).collect();
        let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
        let is_stated = STATES.iter().any(|state| sentence.contains(state))
            || DEMANDS_LOGIN.iter().any(|demand| sentence.contains(demand));
        (is_stated || (has(&RIGHTS) && has(&NEEDS))) && !has(&["no", "not", "without"])
    };
    text.split(['.', '\n']).any(demands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_about_an_operation_may_demand_a_login() {
        for text in [
            "This can only be done by the logged in user.",
            "Switches a lamp. Requires the `lamp` permission.",
            "Callers must be authenticated",
        ] {
            assert!(demands_login(text), "{text}");
        }
        for text in [
            "Switches a lamp.",
            "Lists the permissions of a lamp.",
            "Makes a cart for an unauthenticated user.",
            "Callers do not need a permission.",
            "Protect this endpoint well.",
        ] {
            assert!(!demands_login(text), "{text}");
        }
    }

    #[test]
    fn a_text_may_require_a_credential() {
        for text in [
            "Send your API key.",
            "Callers use OAuth 2.0",
            "Every call requires authentication",
            "All calls require a JWT.",
            "Authenticate first.",
            "Send your access token in the header.",
        ] {
            assert!(requires_in_words(text), "{text}");
        }
        for text in [
            "",
            "The key of a lamp is public.",
            "Authentication of registries is up to the client",
            "For info about keys of accounts, see [API keys and OAuth](/keys)",
            "The proxy uses another service to validate access tokens.",
        ] {
            assert!(!requires_in_words(text), "{text}");
        }
    }
}
