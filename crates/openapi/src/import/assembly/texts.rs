//! The summaries and descriptions of operations, and what else they state.

use scopegate_policy::{DocumentFacts, DocumentedErrors};

use super::super::limits::MAX_OPERATION_TEXTS;

/// What an operation states and its requirement does not contain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OperationEvidence<'a> {
    pub(crate) errors: DocumentedErrors,
    pub(crate) summary: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    /// A parameter is named like a credential.
    pub(crate) has_credential: bool,
    /// An extension lists no permission.
    pub(crate) needs_no_permission: bool,
}

/// The texts of operations, by number.
#[derive(Debug, Default)]
pub(super) struct OperationTexts {
    summaries: Vec<(usize, Box<str>)>,
    descriptions: Vec<(usize, Box<str>)>,
    size: usize,
}

impl OperationTexts {
    /// Keeps the summary and the description of an operation, up to the limit of all texts.
    pub(super) fn keep(&mut self, operation: usize, evidence: OperationEvidence<'_>) {
        for (texts, text) in [
            (&mut self.summaries, evidence.summary),
            (&mut self.descriptions, evidence.description),
        ] {
            let Some(text) = text else { continue };
            let size = self.size.saturating_add(text.len());
            if size <= MAX_OPERATION_TEXTS {
                self.size = size;
                texts.push((operation, text.into()));
            }
        }
    }

    /// Adds the texts to the facts.
    pub(super) fn add_to(&self, mut facts: DocumentFacts) -> DocumentFacts {
        for (number, text) in &self.summaries {
            facts = facts.summary(*number, text.clone());
        }
        for (number, text) in &self.descriptions {
            facts = facts.operation_description(*number, text.clone());
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beyond_the_limit_are_left_out() {
        let long = "x".repeat(MAX_OPERATION_TEXTS - 1);
        let mut texts = OperationTexts::default();
        for (number, text) in ["a", long.as_str(), "b"].into_iter().enumerate() {
            let evidence = OperationEvidence {
                description: Some(text),
                ..OperationEvidence::default()
            };
            texts.keep(number, evidence);
        }
        let facts = texts.add_to(DocumentFacts::new());
        assert_eq!(
            [0, 1, 2].map(|number| facts.description_of(number).is_some()),
            [true, true, false]
        );
    }
}
