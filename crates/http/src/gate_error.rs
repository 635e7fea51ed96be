//! Why a gate cannot be built.

use scopegate_policy::TableError;
use scopegate_token::EntropyError;

/// Why a gate cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// There is no randomness to name requests by.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// One scheme was given the same issuer twice.
    #[error("scheme `{scheme}` has the issuer `{issuer}` twice")]
    IssuerTwice {
        /// Which scheme.
        scheme: String,
        /// Which issuer.
        issuer: String,
    },
    /// The key of a scheme is declared in a header with an invalid name.
    #[error("the key of scheme `{scheme}` cannot stand in a header of that name")]
    KeyName {
        /// Which scheme.
        scheme: String,
    },
    /// A scheme with other credentials was given a verifier of bearer tokens.
    #[error("scheme `{scheme}` has a verifier of bearer tokens, and its credentials are no bearer tokens")]
    NotBearer {
        /// Which scheme.
        scheme: String,
    },
    /// The policy requires a fact that no source of credentials can supply, so every request would
    /// be refused.
    #[error(
        "`{operation}` requires `{atom}`, and no source of credentials of the gate can supply it; add one that can, or \
         remove the requirement"
    )]
    NoProducer {
        /// Which operation.
        operation: String,
        /// The requirement, as a policy file writes it.
        atom: String,
    },
    /// The handler takes a user, and the guard also accepts requests without one.
    #[error("the handler of `{operation}` takes a user, and its guard does not ask for one; add `Guard::user()`")]
    NoUser {
        /// Which operation.
        operation: String,
    },
    /// The guard requires a user, and the gate has no users.
    #[error("`{operation}` asks for a user, and the gate was given no users; add them by `GateBuilder::users`")]
    NoUsers {
        /// Which operation.
        operation: String,
    },
    /// Every way into the operation needs a credential that the gate cannot verify.
    #[error(
        "`{operation}` asks for a credential that the gate was given no verifier for; add one for scheme {schemes} by \
         `GateBuilder::bearer` or `GateBuilder::verifier`"
    )]
    NoVerifier {
        /// Which operation.
        operation: String,
        /// The schemes without a verifier.
        schemes: String,
    },
    /// An input reads the body of a method whose body has no meaning
    /// ([RFC 9110, section 9.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.1)).
    #[error("`{operation}` reads a body, which has no meaning in a {method} request; use POST, or read the query")]
    BodyWithoutMeaning {
        /// Which operation.
        operation: String,
        /// Its method.
        method: &'static str,
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
    /// Two operations have one `operationId`, which is unique in a document.
    #[error("`{first}` and `{second}` have the `operationId` `{id}`; set another by `Route::operation_id`")]
    OperationIdTwice {
        /// The `operationId`.
        id: String,
        /// The operation that was declared first.
        first: String,
        /// The other operation.
        second: String,
    },
    /// The body cannot be read as the document has it.
    #[error("the body of `{operation}` cannot be read as documented: {reason}; describe the type by `#[schema(..)]`")]
    Body {
        /// Which operation.
        operation: String,
        /// Which value, and why.
        reason: String,
    },
    /// The query cannot be read as the document has it.
    #[error("the query of `{operation}` cannot be read as documented: {reason}")]
    Query {
        /// Which operation.
        operation: String,
        /// Which parameter, and why.
        reason: String,
    },
    /// The handler takes another number of path parameters than the template has.
    #[error(
        "the template of `{operation}` has {template} {}, and its handler takes {handler}",
        if *template == 1 { "parameter" } else { "parameters" }
    )]
    Parameters {
        /// Which operation.
        operation: String,
        /// How many the template has.
        template: usize,
        /// How many the handler takes.
        handler: usize,
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
    /// The schema of a type refers to a component that no type declares.
    #[error(
        "{place} refers to schema `{name}`, which no type declares; where it is the parameter of a generic type, such as \
         `Page<{name}>`, put that type into a structure of its own"
    )]
    SchemaMissing {
        /// The operation or the schema.
        place: String,
        /// The schema that is not there.
        name: String,
    },
    /// The document would contain two types of one name.
    #[error("two schemas of the document are called `{name}`")]
    SchemaTwice {
        /// Their name.
        name: String,
    },
    /// The policy is not valid.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Every way into the operation that could be verified needs two credentials in one header.
    #[error("`{operation}` asks for two kinds of credentials in the one `Authorization` header of a request")]
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
