//! The errors of building a gate with its handlers.

use std::fmt;

use scopegate_gate::GateError;

/// The errors of building a gate with its handlers.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The gate itself cannot be built.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// An input needs a caller, and the operation accepts requests without a credential.
    #[error(
        "an input of `{operation}` needs a caller, and the operation accepts requests without a credential; \
         add `.guard(..)`, or take the input as an `Option`"
    )]
    NoCaller {
        /// The operation.
        operation: String,
    },
    /// The handler takes a user, and the guard also accepts requests without one.
    #[error("the handler of `{operation}` takes a user, but its guard requires none; add `Guard::user()`")]
    NoUser {
        /// The operation.
        operation: String,
    },
    /// The handler takes a user of another type than the gate finds.
    #[error(
        "the handler of `{operation}` takes `CurrentUser<{name}>`, and the users of the gate have another type; \
         add `GateBuilder::user_resolver` with a resolver of this type"
    )]
    UserType {
        /// The operation.
        operation: String,
        /// The type of the user.
        name: &'static str,
    },
    /// An input reads the body of a method whose body has no meaning
    /// ([RFC 9110, section 9.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.1)).
    #[error("`{operation}` reads a body, which has no meaning in a {method} request; use POST, or read the query")]
    BodyWithoutMeaning {
        /// The operation.
        operation: String,
        /// The method.
        method: &'static str,
    },
    /// Two operations have the same `operationId`, which must be unique in a document.
    #[error("`{first}` and `{second}` have the `operationId` `{id}`; set another by `Route::operation_id`")]
    OperationIdTwice {
        /// The `operationId`.
        id: String,
        /// The operation that was declared first.
        first: String,
        /// The other operation.
        second: String,
    },
    /// The documented body cannot be read.
    #[error("the body of `{operation}` cannot be read as documented: {reason}; describe the type by `#[schema(..)]`")]
    Body {
        /// The operation.
        operation: String,
        /// The invalid value, and the reason.
        reason: String,
    },
    /// The document would allow no value of a type: a structure with
    /// `#[serde(deny_unknown_fields)]` is a part of another one, by `flatten` or by a tag.
    #[error(
        "the document of `{operation}` would allow no value of a type that contains {name} by `flatten` or with a tag, \
         because {name} refuses other members; remove `#[serde(deny_unknown_fields)]` from {name}"
    )]
    ClosedPart {
        /// The operation.
        operation: String,
        /// The type that refuses other members.
        name: String,
    },
    /// The documented query, headers, cookies or form cannot be read.
    #[error("{place} of `{operation}` cannot be read as documented: {reason}")]
    Fields {
        /// The operation.
        operation: String,
        /// The place, such as `the query`.
        place: &'static str,
        /// The field, and the reason.
        reason: String,
    },
    /// A handler takes a resource that its route does not load.
    #[error("the handler of `{operation}` takes `Loaded<{name}>`; add `.load(..)` with a function that returns it")]
    Resource {
        /// The operation.
        operation: String,
        /// The type of the resource.
        name: &'static str,
    },
    /// A route has two checks of its resource, a check that takes the resource of another, or a
    /// check and no caller.
    #[error(
        "`{operation}` needs one check of its resource, which takes no `Loaded` and runs for a caller: \
         remove one `.load(..)`, or `.optional()`"
    )]
    ResourceCheck {
        /// The operation.
        operation: String,
    },
    /// The check of a resource has no name.
    #[error("the check of the resource of `{operation}` is a closure and has no name; add `.check_named(..)`")]
    ResourceName {
        /// The operation.
        operation: String,
    },
    /// The parameters of the path cannot be read.
    #[error("the path of `{operation}` cannot be read: {reason}")]
    Path {
        /// The operation.
        operation: String,
        /// The reason.
        reason: String,
    },
    /// A handler takes a value of the application that the gate does not have.
    #[error("the handler of `{operation}` takes `State<{name}>`; add `GateBuilder::state` with a value of this type")]
    State {
        /// The operation.
        operation: String,
        /// The type of the value.
        name: &'static str,
    },
    /// The handler and the template have different numbers of path parameters.
    #[error(
        "the template of `{operation}` has {template} {}, and its handler takes {handler}",
        if *template == 1 { "parameter" } else { "parameters" }
    )]
    Parameters {
        /// The operation.
        operation: String,
        /// The number of parameters in the template.
        template: usize,
        /// The number of parameters of the handler.
        handler: usize,
    },
    /// The schema of a type refers to a component that no type declares.
    #[error(
        "{place} refers to schema `{name}`, which no type declares; for the parameter of a generic type, such as \
         `Page<{name}>`, put that type into a structure of its own"
    )]
    SchemaMissing {
        /// The operation or the schema.
        place: String,
        /// The schema that is not there.
        name: String,
    },
    /// The document would contain two types with the same name.
    #[error("two schemas of the document are called `{name}`")]
    SchemaTwice {
        /// The name.
        name: String,
    },
}

/// Writes the message: a `main` that returns the error, and `unwrap`, show this text.
impl fmt::Debug for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
