//! The inputs of a handler other than the caller: parameters of the path, the query, a body.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use http::HeaderMap;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::description::OperationDescription;
use crate::query_shape::QueryShape;
use crate::{body, path, query};
pub use scopegate_gate::{InputError, InvalidInput};

/// The parts of an authorized request that inputs read. [`Input`] has an example.
#[derive(Debug)]
pub struct RequestParts<'r> {
    headers: &'r HeaderMap,
    query: &'r str,
    body: &'r [u8],
    names: std::slice::Iter<'r, String>,
    values: std::slice::Iter<'r, String>,
    queries: std::slice::Iter<'r, QueryShape>,
}

impl<'r> RequestParts<'r> {
    pub(crate) fn new(
        headers: &'r HeaderMap,
        query: &'r str,
        body: &'r [u8],
        names: &'r [String],
        values: &'r [String],
        queries: &'r [QueryShape],
    ) -> Self {
        Self {
            headers,
            query,
            body,
            names: names.iter(),
            values: values.iter(),
            queries: queries.iter(),
        }
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &'r HeaderMap {
        self.headers
    }

    /// Returns the raw query; empty if there is none.
    #[must_use]
    pub const fn query(&self) -> &'r str {
        self.query
    }

    /// Returns the whole body, within the limit of the gate. It is empty unless
    /// [`Input::READS_BODY`] is true.
    #[must_use]
    pub const fn body(&self) -> &'r [u8] {
        self.body
    }

    /// Returns the name and the decoded value of the next parameter of the path, for an input with
    /// [`Input::PARAMETERS`].
    pub fn next_parameter(&mut self) -> (&'r str, &'r str) {
        // INVARIANT: `GateBuilder::build` refuses an operation whose inputs read another number of
        // parameters than its template has (tests/it/typed.rs, `parameters_are_counted`), so there
        // is a next one.
        self.names
            .next()
            .zip(self.values.next())
            .map_or(("", ""), |(name, value)| (name, value))
    }
}

/// An input of a handler: its reader and its description for the document.
///
/// The methods of [`Route`](crate::Route) of these names declare [`Path`], [`Query`] and
/// [`JsonBody`]; [`Route::input`](crate::Route::input) declares a custom input:
///
/// ```
/// use scopegate_http::{Permit, Guard, get, answer::OperationDescription, input::{Input, InputError, InvalidInput, RequestParts}};
///
/// struct Language;
///
/// impl Input for Language {
///     type Value = String;
///
///     fn read(sent: &mut RequestParts<'_>) -> Result<String, InputError> {
///         let value = sent.headers().get("accept-language").and_then(|value| value.to_str().ok());
///         Ok(value.ok_or_else(|| InvalidInput::missing("header", Some("accept-language")))?.to_owned())
///     }
///
///     fn describe(_: &mut OperationDescription) {}
/// }
///
/// let operation = get("/greeting")
///     .guard(Guard::authenticated())
///     .input::<Language>()
///     .then(|_: Permit, language: String| async move { language });
/// # let _ = operation;
/// ```
pub trait Input: 'static {
    /// The type of the handler's argument.
    type Value: Send + 'static;
    /// Whether the input reads the body.
    const READS_BODY: bool = false;
    /// The number of path parameters that the input reads.
    const PARAMETERS: usize = 0;

    /// Reads the input.
    ///
    /// # Errors
    ///
    /// [`InputError`], which becomes the response.
    fn read(sent: &mut RequestParts<'_>) -> Result<Self::Value, InputError>;

    /// Adds the description of the input to the document.
    fn describe(description: &mut OperationDescription);
}

/// The inputs of an operation, in the order of their declaration: a tuple of at most five
/// [`Input`]s.
#[doc(hidden)]
pub trait InputList: 'static {
    /// The values that the handler receives.
    type Values: Send + 'static;
    /// The number of inputs that read the body.
    const BODIES: usize;
    /// The number of path parameters that the inputs read.
    const PARAMETERS: usize;

    /// Reads the inputs in their order.
    ///
    /// # Errors
    ///
    /// The first [`InputError`].
    fn read(sent: &mut RequestParts<'_>) -> Result<Self::Values, InputError>;

    /// Adds the descriptions of the inputs to the document.
    fn describe(description: &mut OperationDescription);
}

/// Inputs to which one more can be added.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are as many inputs as an operation may have",
    note = "put several fields into one structure: `.query::<T>()` or `.json::<T>()`"
)]
#[doc(hidden)]
pub trait AppendInput<I>: InputList {
    /// The inputs and the new one.
    type Pushed: InputList;
}

/// The next parameter of the path, read by [`FromStr`].
///
/// ```
/// use scopegate_http::{Guard, Permit, get};
///
/// let operation = get("/users/{user}/reports/{id}")
///     .guard(Guard::authenticated())
///     .path::<String>()
///     .path::<u32>()
///     .then(|_: Permit, user: String, id: u32| async move { format!("report {id} of {user}") });
/// # let _ = operation;
/// ```
#[derive(Debug)]
pub struct Path<T>(PhantomData<fn() -> T>);

/// The query, read as a structure. Each field is a parameter of the document.
///
/// ```
/// use scopegate_http::{Guard, Permit, get, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Page {
///     limit: u8,
///     after: Option<String>,
/// }
///
/// let operation = get("/reports")
///     .guard(Guard::authenticated())
///     .query::<Page>()
///     .then(|_: Permit, page: Page| async move { format!("{} after {:?}", page.limit, page.after) });
/// # let _ = operation;
/// ```
#[derive(Debug)]
pub struct Query<T>(PhantomData<fn() -> T>);

/// The body, read as JSON. Its type is a schema of the document.
///
/// ```
/// use scopegate_http::{Guard, Permit, post, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct NewReport {
///     title: String,
/// }
///
/// let operation = post("/reports")
///     .guard(Guard::authenticated())
///     .json::<NewReport>()
///     .then(|_: Permit, report: NewReport| async move { report.title });
/// # let _ = operation;
/// ```
#[derive(Debug)]
pub struct JsonBody<T>(PhantomData<fn() -> T>);

impl<T> Input for Path<T>
where
    T: FromStr<Err: Display> + Send + 'static,
{
    type Value = T;
    const PARAMETERS: usize = 1;

    fn read(sent: &mut RequestParts<'_>) -> Result<T, InputError> {
        let (name, text) = sent.next_parameter();
        Ok(path::parse(name, text)?)
    }

    fn describe(description: &mut OperationDescription) {
        description.path_parameter(path::schema::<T>());
    }
}

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for Query<T> {
    type Value = T;

    fn read(sent: &mut RequestParts<'_>) -> Result<T, InputError> {
        let none = QueryShape::default();
        // INVARIANT: `describe` adds one shape for each query, in this order.
        let shape = sent.queries.next().unwrap_or(&none);
        query::read(sent.query, shape).map_err(InputError::Several)
    }

    fn describe(description: &mut OperationDescription) {
        description.query::<T>();
    }
}

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for JsonBody<T> {
    type Value = T;
    const READS_BODY: bool = true;

    fn read(sent: &mut RequestParts<'_>) -> Result<T, InputError> {
        body::read_json(sent.headers, sent.body)
    }

    fn describe(description: &mut OperationDescription) {
        description.json_body::<T>();
    }
}

const fn bodies<I: Input>() -> usize {
    if I::READS_BODY { 1 } else { 0 }
}

macro_rules! inputs {
    ($($input:ident)*) => {
        impl<$($input: Input),*> InputList for ($($input,)*) {
            type Values = ($($input::Value,)*);
            const BODIES: usize = 0 $(+ bodies::<$input>())*;
            const PARAMETERS: usize = 0 $(+ $input::PARAMETERS)*;

            fn read(_sent: &mut RequestParts<'_>) -> Result<Self::Values, InputError> {
                Ok(($($input::read(_sent)?,)*))
            }

            fn describe(_description: &mut OperationDescription) {
                $($input::describe(_description);)*
            }
        }
    };
}

inputs!();
inputs!(A);
inputs!(A B);
inputs!(A B C);
inputs!(A B C D);
inputs!(A B C D E);

macro_rules! push {
    ($($input:ident)*) => {
        impl<$($input: Input,)* New: Input> AppendInput<New> for ($($input,)*) {
            type Pushed = ($($input,)* New,);
        }
    };
}

push!();
push!(A);
push!(A B);
push!(A B C);
push!(A B C D);
