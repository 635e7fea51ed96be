//! The errors of building a gate.

use scopegate_policy::TableError;
use scopegate_token::RandomError;

/// Why a gate cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// There is no randomness to name requests by.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// One scheme was given the same issuer twice.
    #[error("scheme `{scheme}` has the issuer `{issuer}` twice")]
    IssuerTwice {
        /// Which scheme.
        scheme: String,
        /// Which issuer.
        issuer: String,
    },
    /// The key of a scheme is declared in a header with an invalid name.
    #[error("the name of the header of scheme `{scheme}` is invalid; declare another")]
    KeyName {
        /// Which scheme.
        scheme: String,
    },
    /// A scheme with other credentials was given a verifier of bearer tokens.
    #[error("scheme `{scheme}` has a verifier of bearer tokens, but its credentials are of another kind")]
    NotBearer {
        /// Which scheme.
        scheme: String,
    },
    /// The policy requires a fact that no source of credentials can supply, so every request would
    /// be refused.
    #[error(
        "`{operation}` requires `{fact}`, and no source of credentials of the gate can supply it; add one that can, or \
         remove the requirement"
    )]
    NoProducer {
        /// Which operation.
        operation: String,
        /// The requirement, as a policy file writes it.
        fact: String,
    },
    /// The guard requires a user, and the gate has no users.
    #[error("`{operation}` requires a user, and the gate has no users; add them by `GateBuilder::users`")]
    NoUsers {
        /// Which operation.
        operation: String,
    },
    /// Each alternative of the operation needs a credential that the gate cannot verify.
    #[error(
        "`{operation}` requires a credential for which the gate has no verifier; add one for scheme {schemes} by \
         `GateBuilder::bearer` or `GateBuilder::verifier`"
    )]
    NoVerifier {
        /// Which operation.
        operation: String,
        /// The schemes without a verifier.
        schemes: String,
    },
    /// The template cannot match a path, or OpenAPI rejects it.
    #[error("the template of `{operation}` {fault}")]
    Template {
        /// Which operation.
        operation: String,
        /// The cause, with the remedy.
        fault: &'static str,
    },
    /// Two templates differ only in the names of their parameters, so they are the same path in
    /// OpenAPI.
    #[error("`{operation}` names the parameters of its template otherwise than `{other}`; use the same names")]
    TemplateNames {
        /// Which operation.
        operation: String,
        /// The operation with the same paths.
        other: String,
    },
    /// Two parameters of the template, perhaps one of them of a prefix, have one name.
    #[error("the template of `{operation}` has two parameters that are called `{name}`")]
    ParameterTwice {
        /// Which operation.
        operation: String,
        /// The name.
        name: String,
    },
    /// The path conflicts with another one.
    #[error("`{operation}` cannot be routed: {fault}")]
    Route {
        /// Which operation.
        operation: String,
        /// Why.
        fault: String,
    },
    /// The policy is not valid.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Each alternative of the operation that can be verified needs two credentials in one header.
    #[error("`{operation}` requires two kinds of credentials in the one `Authorization` header of a request")]
    TwoAuthorizations {
        /// Which operation.
        operation: String,
    },
    /// One scheme was given two verifiers: which of them counts is not for us to guess.
    #[error("scheme `{scheme}` has two verifiers")]
    TwoVerifiers {
        /// Which scheme.
        scheme: String,
    },
    /// A verifier was given for a scheme that the catalog does not declare.
    #[error("scheme `{scheme}` has a verifier and is not declared")]
    UndeclaredScheme {
        /// Which scheme.
        scheme: String,
    },
}
