//! What an input is: its reader, and its description for the document.

use scopegate_gate::InputError;

use crate::description::OperationDescription;
use crate::input::parts::RequestParts;

/// An argument of a handler that is read from the request and described in the document.
///
/// The [module](crate::input) lists the inputs of this crate. An application implements the trait
/// for a type of its own, which handlers then take like any other:
///
/// ```
/// use scopegate_http::answer::OperationDescription;
/// use scopegate_http::input::{Head, Input, InputError, InvalidInput, ParameterPlace, RequestParts};
/// use scopegate_http::{Permit, Guard, get, serde_json::json};
///
/// struct Language(String);
///
/// impl Input for Language {
///     type Reads = Head;
///
///     fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
///         let value = parts.headers().get("x-language").and_then(|value| value.to_str().ok());
///         Ok(Self(value.ok_or_else(|| InvalidInput::missing("header", Some("x-language")))?.to_owned()))
///     }
///
///     fn describe(description: &mut OperationDescription) {
///         description.parameter(ParameterPlace::Header, "x-language", true, &json!({ "type": "string" }));
///     }
/// }
///
/// async fn greet(_: Permit, Language(language): Language) -> String {
///     format!("a greeting in {language}")
/// }
///
/// let operation = get("/greeting").guard(Guard::authenticated()).then(greet);
/// # let _ = operation;
/// ```
///
/// An input may depend on the caller ([`RequestParts::permit`]) and refuse the request with a
/// status of its own ([`InputError::refused`]). [`OperationDescription::needs_caller`] refuses it
/// on public operations when the gate is built. `docs/guide/tenants.md` has such an input.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}`",
    label = "not an input, and not the caller of this operation",
    note = "inputs are `State<T>`, `Path<T>`, `Query<T>`, `Json<T>`, the types of `scopegate_http::input`, and what implements `Input`; \
            callers are `Permit` or `CurrentUser` after `.guard(..)`, an `Option` of them after `.optional()`, and none after `.public()`"
)]
pub trait Input: Sized + Send + 'static {
    /// The part of the request that the input reads: [`Head`], [`WholeBody`] or [`StreamedBody`].
    type Reads: ReadKind;

    /// Reads the input.
    ///
    /// # Errors
    ///
    /// [`InputError`], which becomes the response.
    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError>;

    /// Returns whether the request does not contain the input at all, so that an `Option` of it is
    /// `None`. Default: `false`. An input that is there and invalid is refused, as an `Option` too.
    fn is_absent(parts: &RequestParts<'_>) -> bool {
        let _ = parts;
        false
    }

    /// Adds the description of the input to the document. [`Route::then`](crate::Route::then) calls
    /// it, before any request: a panic of it ends the program's start.
    fn describe(description: &mut OperationDescription);
}

/// The part of a request that an input reads.
pub trait ReadKind {
    /// The use of the body.
    const BODY: BodyUse;
}

/// How an operation uses the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the gate handles each")]
pub enum BodyUse {
    /// The body is not read.
    Unread,
    /// The body is read before the handler runs.
    Whole,
    /// The handler reads the body in parts.
    Streamed,
}

/// Reads no body: the path, the query, headers, and values of the application.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum Head {}

/// Reads the whole body, within the limit of the operation.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum WholeBody {}

/// Reads the body in parts while the handler runs.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum StreamedBody {}

impl ReadKind for Head {
    const BODY: BodyUse = BodyUse::Unread;
}

impl ReadKind for WholeBody {
    const BODY: BodyUse = BodyUse::Whole;
}

impl ReadKind for StreamedBody {
    const BODY: BodyUse = BodyUse::Streamed;
}

/// The kinds of input that may precede others. A body can be read once, so its reader is the last
/// argument.
#[diagnostic::on_unimplemented(
    message = "`{Argument}` reads the body, so it must be the last argument of the handler",
    label = "another argument follows `{Argument}`",
    note = "a request has one body: only one argument reads it; put several fields into one structure, such as `Json<T>`"
)]
#[doc(hidden)]
pub trait MayPrecede<Argument> {}

impl<Argument> MayPrecede<Argument> for Head {}
