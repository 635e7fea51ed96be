//! Texts that state that access is open, or that it is decided elsewhere.

use scopegate_policy::{Access, DocumentFacts, OperationTable, ResolvedOperation};

use super::open_paths::{is_protocol_endpoint, is_user_info};
use super::url::has_host;

/// Whether a text states that callers need no credential. A text about some of several operations,
/// or with an exception, states nothing about one.
pub(super) fn states_openness(text: &str) -> bool {
    const OPEN: [&str; 9] = [
        "accessible without authentication",
        "authentication is not required",
        "no authentication is required",
        "no authentication necessary",
        "no authentication required",
        "no required scopes",
        "not require any authentication",
        "not require authentication",
        "not require authorization",
    ];
    let is_stated = |sentence: &str| {
        let is_partial = ["some ", "most ", "other ", "except", "unless"]
            .iter()
            .any(|word| sentence.contains(word));
        let is_whole = |phrase: &&str| {
            let rest = sentence.split_once(*phrase).map(|(_, rest)| rest);
            rest.is_some_and(|rest| !rest.starts_with(" for "))
        };
        let needs_no_token = sentence.contains("not need to send any") && sentence.contains("token");
        !is_partial && (needs_no_token || OPEN.iter().any(is_whole))
    };
    sentences(text).iter().any(|sentence| is_stated(sentence))
}

/// Whether the description of an interface states that its authentication is defined elsewhere, or
/// that others implement the interface.
pub(super) fn is_decided_elsewhere(text: &str) -> bool {
    sentences(text).iter().any(|sentence| {
        let has = |part: &str| sentence.contains(part);
        let is_elsewhere = has("authentication") && (has("not redefined") || has("is determined by the "));
        is_elsewhere || (has("requests") && has(" will make to "))
    })
}

/// Whether the operator of an installation restricts access to an open interface. Its document has
/// no address, and a text is about the installation. At most endpoints of the protocol require a
/// credential.
pub(super) fn is_restricted_by_operator(table: &OperationTable, facts: &DocumentFacts) -> bool {
    const ABOUT_INSTALLATION: [&str; 3] = ["edge termination", "multiple nodes of this service", "well protected"];
    let is_about_installation = |text: &str| {
        let text = text.to_lowercase();
        ABOUT_INSTALLATION.iter().any(|phrase| text.contains(phrase))
    };
    let is_of_protocol = |operation: &ResolvedOperation| {
        is_protocol_endpoint(operation.template()) || is_user_info(operation.template())
    };
    let mut numbers = 0..table.operations().len();
    let mut operations = table.operations().iter();
    !facts.servers().iter().any(|url| has_host(url))
        && operations.all(|operation| operation.access() == Access::Public || is_of_protocol(operation))
        && numbers.any(|number| facts.description_of(number).is_some_and(is_about_installation))
}

/// Whether the text of a scheme states that a request for this path returns the credential.
pub(super) fn issues_credential(table: &OperationTable, template: &str) -> bool {
    const GETS: [&str; 4] = ["generate", "obtain", "request to", "retrieve"];
    let template = template.to_lowercase();
    let is_in = |sentence: &String| {
        let mut words = sentence.split_whitespace();
        words.any(|word| word.trim_matches(['(', ')', ',']) == template)
    };
    let schemes = table.catalog().schemes().iter();
    let mut texts = schemes.filter_map(|declared| declared.description());
    texts.any(|text| {
        let mut sentences = sentences(text).into_iter().filter(is_in);
        sentences.any(|sentence| GETS.iter().any(|verb| sentence.contains(verb)))
    })
}

/// Whether the text of a scheme limits it to development.
pub(super) fn is_for_development(text: &str) -> bool {
    const ONLY: [&str; 5] = [
        "dev instances",
        "development instances",
        "development only",
        "for development",
        "only in development",
    ];
    sentences(text).iter().any(|sentence| {
        let has_only = sentence.split_whitespace().any(|word| word == "only");
        has_only && ONLY.iter().any(|phrase| sentence.contains(phrase))
    })
}

/// Returns the sentences of a text in lower case, without marks of Markdown.
fn sentences(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['[', ']', '*', '`'], "");
    text.split(['.', '\n'])
        .map(|sentence| sentence.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_states_that_callers_need_no_credential() {
        for text in [
            "This endpoint does not require [authentication](https://api.example/auth).",
            "Lamps are public, so the interface has no required scopes.",
            "You do not need to send any tokens of the shop.",
            "No authentication is required",
        ] {
            assert!(states_openness(text), "{text}");
        }
        for text in [
            "Some endpoints do not require any authentication, the others do.",
            "Does not require authentication for published lamps.",
            "Authentication is required.",
            "You do not need to send any lamps.",
        ] {
            assert!(!states_openness(text), "{text}");
        }
    }

    #[test]
    fn a_text_states_that_others_decide() {
        for text in [
            "Authentication is not redefined here.",
            "The method of authentication is determined by the server of the shop.",
            "These are requests that the shop will make to a lamp.",
        ] {
            assert!(is_decided_elsewhere(text), "{text}");
        }
        for text in [
            "Authentication is described below.",
            "The colour is determined by the lamp.",
        ] {
            assert!(!is_decided_elsewhere(text), "{text}");
        }
    }

    #[test]
    fn a_scheme_may_be_for_development() {
        assert!(is_for_development("Used to authenticate only dev instances."));
        assert!(is_for_development("For development only."));
        assert!(!is_for_development("For developers only.") && !is_for_development("The key of a lamp."));
    }
}
