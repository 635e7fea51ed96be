//! The facts of one refusal.

use std::fmt;

use http::StatusCode;
use scopegate_domain::{ErrorCode, ScopeToken};
use scopegate_policy::{Fact, UnmetRequirement};

use crate::input_error::InvalidInput;
use crate::refusal_kind::RefusalKind;

/// The facts of one refusal, as far as the client may know them.
///
/// The context contains no cause from the log, no name of a check and no credential. Only
/// [`inputs`](Self::inputs) repeat a text of the client.
// SECURITY: tested by `http/tests/it/refusals.rs::a_format_writes_every_kind_of_refusal`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RefusalContext<'a> {
    /// Why the request is refused.
    pub kind: RefusalKind,
    /// The status of the response.
    pub status: StatusCode,
    /// A sentence for the client, in lower case. It contains no text of the client, unless a
    /// handler wrote one into its error.
    pub sentence: &'a str,
    /// The error code of the RFCs, if there is one.
    pub code: Option<ErrorCode>,
    /// The errors of the input; empty for other kinds.
    pub inputs: &'a [InvalidInput],
    /// The id of the request, as in the header `x-request-id`.
    pub request_id: &'a str,
    /// The declared name of the operation. `None` without a name, or if no operation matches.
    pub operation: Option<&'a str>,
    pub(crate) unmet: Option<&'a UnmetRequirement>,
}

impl<'a> RefusalContext<'a> {
    /// Returns all scopes that the request needs, as in the challenge. If several alternatives
    /// would suffice, they are those of the nearest one. Empty if the refusal is not about access.
    #[must_use]
    pub fn required_scopes(&self) -> &'a [ScopeToken] {
        self.unmet.map_or(&[], UnmetRequirement::scope)
    }

    /// Returns the required scopes that the credential lacks, in the same order. A missing or
    /// invalid credential lacks all of them.
    #[must_use]
    pub fn missing_scopes(&self) -> Vec<&'a ScopeToken> {
        let missing = self.unmet.map(UnmetRequirement::missing).unwrap_or_default();
        let missing: Vec<&ScopeToken> = missing.into_iter().filter_map(Fact::scope_token).collect();
        let required = self.required_scopes().iter();
        required.filter(|scope| missing.contains(scope)).collect()
    }
}

impl fmt::Debug for RefusalContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusalContext")
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
