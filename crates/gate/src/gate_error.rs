//! The errors of building a gate.

use std::fmt;

use scopegate_domain::InvalidClaimName;
use scopegate_policy::TableError;
use scopegate_token::RandomError;
use scopegate_token::SubjectClaim;

/// The errors of building a gate.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// No random bytes for request ids are available.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// A scheme has the same issuer twice.
    #[error("scheme `{scheme}` has the issuer `{issuer}` twice")]
    IssuerTwice {
        /// The scheme.
        scheme: String,
        /// The issuer.
        issuer: String,
    },
    /// A claim of the tokens of a scheme cannot be kept for handlers.
    #[error("tokens of scheme `{scheme}`: {fault}")]
    KeptClaim {
        /// The scheme.
        scheme: String,
        /// The claim, and the rule that it breaks.
        fault: InvalidClaimName,
    },
    /// The key of a scheme is declared in a header with an invalid name.
    #[error("the name of the header of scheme `{scheme}` is invalid; declare another")]
    KeyName {
        /// The scheme.
        scheme: String,
    },
    /// A scheme with other credentials has a verifier of bearer tokens.
    #[error("scheme `{scheme}` has a verifier of bearer tokens, but its credentials are of another kind")]
    NotBearer {
        /// The scheme.
        scheme: String,
    },
    /// The policy requires a check that has no code, so every request would be refused.
    #[error(
        "`{operation}` requires the check `{check}`, which has no code; add it by `Guard::check`, or by \
         `GateBuilder::check` for a policy that was read"
    )]
    NoCheck {
        /// The operation.
        operation: String,
        /// The name of the check.
        check: String,
    },
    /// The policy requires a fact that no source of credentials can supply, so every request would
    /// be refused.
    #[error(
        "`{operation}` requires `{fact}`, and no source of credentials of the gate can supply it; add one that can, or \
         remove the requirement"
    )]
    NoProducer {
        /// The operation.
        operation: String,
        /// The requirement, as a policy file writes it.
        fact: String,
    },
    /// The format of refusals has a media type that a header cannot contain.
    #[error("the format of refusals has the media type `{media_type}`; write one such as `application/json`")]
    RefusalMediaType {
        /// The media type.
        media_type: String,
    },
    /// The format of refusals has a schema whose name OpenAPI rejects.
    #[error("the format of refusals names a schema `{name}`; use letters, digits, `.`, `_` and `-`")]
    RefusalSchemaName {
        /// The name.
        name: String,
    },
    /// Tokens of the application's own server name the user in another way than the gate reads.
    #[error(
        "tokens of the token endpoint name the user by {issued:?}, and the gate looks the user up by {read:?}; give \
         `GateBuilder::dialect` and `AuthorizationServerBuilder::dialect` the same `subject`"
    )]
    SubjectClaim {
        /// What `sub` says in the tokens.
        issued: SubjectClaim,
        /// What `sub` says for the gate.
        read: SubjectClaim,
    },
    /// The guard requires a user, and the gate has no users.
    #[error("`{operation}` requires a user, and the gate has no users; add them by `GateBuilder::users`")]
    NoUsers {
        /// The operation.
        operation: String,
    },
    /// Each alternative of the operation needs a credential that the gate cannot verify; one
    /// alternative does, if the operation is from [`Gate::builder_of`](crate::Gate::builder_of).
    #[error(
        "`{operation}` requires a credential for which the gate has no verifier; add one for scheme {schemes} by \
         `GateBuilder::bearer` or `GateBuilder::verifier`"
    )]
    NoVerifier {
        /// The operation.
        operation: String,
        /// The schemes without a verifier.
        schemes: String,
    },
    /// The template cannot match a path, or OpenAPI rejects it.
    #[error("the template of `{operation}` {fault}")]
    Template {
        /// The operation.
        operation: String,
        /// The cause, with the remedy.
        fault: &'static str,
    },
    /// Two templates differ only in the names of their parameters, so they are the same path in
    /// OpenAPI.
    #[error("`{operation}` has other parameter names in its template than `{other}`; use the same names")]
    TemplateNames {
        /// The operation.
        operation: String,
        /// The operation with the same paths.
        other: String,
    },
    /// Two parameters of the template, or of the template and a prefix, have the same name.
    #[error("the template of `{operation}` has two parameters that are called `{name}`")]
    ParameterTwice {
        /// The operation.
        operation: String,
        /// The name.
        name: String,
    },
    /// The path conflicts with another one.
    #[error("`{operation}` cannot be routed: {fault}")]
    Route {
        /// The operation.
        operation: String,
        /// The error in the template.
        fault: String,
    },
    /// The policy is not valid.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Each alternative of the operation that can be verified needs two credentials in one header;
    /// one alternative does, if the operation is from
    /// [`Gate::builder_of`](crate::Gate::builder_of).
    #[error("`{operation}` requires two kinds of credentials in the one `Authorization` header of a request")]
    TwoAuthorizations {
        /// The operation.
        operation: String,
    },
    /// A scheme has two verifiers, and the gate does not choose one of them.
    #[error(
        "scheme `{scheme}` has two verifiers; declare a scheme for each, and accept both by `Guard::with_any_scheme`"
    )]
    TwoVerifiers {
        /// The scheme.
        scheme: String,
    },
    /// A verifier is for a scheme that the catalog does not declare.
    #[error("scheme `{scheme}` has a verifier and is not declared")]
    UndeclaredScheme {
        /// The scheme.
        scheme: String,
    },
}

/// Writes the message: a `main` that returns the error, and `unwrap`, show this text.
impl fmt::Debug for GateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
