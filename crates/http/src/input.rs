//! The arguments of a handler other than the caller: parameters, headers, bodies and values of the
//! application.
//!
//! The types of the arguments are the declaration. They decide what is read, and what the document
//! says. A handler takes at most twelve arguments, in any order; one that reads the body is the
//! last.
//!
//! | argument | reads |
//! |---|---|
//! | [`State<T>`] | a value of the application |
//! | [`Path<T>`] | the parameters of the path: one value, a tuple or a structure |
//! | [`Query<T>`] | the query, each field a parameter |
//! | [`Header<T>`] | headers, each field one header |
//! | [`Cookie<T>`] | cookies, each field one cookie |
//! | [`Json<T>`](crate::Json) | a body of JSON |
//! | [`Form<T>`] | a body of `application/x-www-form-urlencoded` |
//! | [`Bytes`] | the whole body |
//! | [`BodyStream`] | the body in parts |
//! | `MultipartForm<T>` (feature `multipart`) | a body of `multipart/form-data`: texts and files |
//! | `Multipart` (feature `multipart`) | a body of `multipart/form-data`, field by field |
//! | [`Method`], [`Uri`], [`HeaderMap`] | the head of the request |
//! | [`PeerAddress`], [`RequestId`] | the address of the client, the id of the request |
//! | [`Loaded<T>`] | the resource of [`Route::load`](crate::Route::load) |
//! | `Option<I>` | the input `I`, or `None` if the request does not contain it |
//! | `Result<I, InputError>` | the input `I`, or the error, for the handler to answer |
//! | a type of the application | what its [`Input`] reads |
//!
//! All errors of all inputs are in one response.
//!
//! # Repeated names, and bytes that are not text
//!
//! A name that has one value occurs once: a parameter, a header, a cookie, a field of a form, and a
//! member of an object of JSON. A second value is refused, because a proxy or another reader could
//! use the other one. A list takes all values of its name. Several headers of one name are a list,
//! as is one header with commas. A name that nothing reads may be repeated.
//!
//! A query, a form, a header and a cookie are UTF-8, after the decoding of `%`. Other bytes are
//! refused with their location. A path that is not UTF-8 matches no template: 404.
//!
//! # Constraints
//!
//! The lengths, bounds and numbers of elements that `#[schema(..)]` states are documented and
//! enforced: `min_length`, `max_length`, `minimum`, `maximum`, `exclusive_minimum`,
//! `exclusive_maximum`, `multiple_of`, `min_items` and `max_items`. A `pattern` is an error when
//! the gate is built, because no engine of patterns reads requests. Let the type of the field
//! refuse the value, such as [`Parsed`].
//!
//! A type with constraints does not read the aliases of serde, because the document does not name
//! them.
//!
//! ```
//! use scopegate_http::{Json, post, serde, utoipa};
//! use scopegate_http::utoipa::ToSchema;
//!
//! #[derive(serde::Deserialize, ToSchema)]
//! #[serde(crate = "scopegate_http::serde")]
//! struct NewReport {
//!     #[schema(min_length = 1, max_length = 80)]
//!     title: String,
//!     #[schema(max_items = 20)]
//!     tags: Vec<String>,
//! }
//!
//! async fn write(Json(report): Json<NewReport>) -> String {
//!     format!("{} has {} tags", report.title, report.tags.len())
//! }
//!
//! let operation = post("/reports").public().then(write);
//! # let _ = operation;
//! ```

pub(crate) mod argument;
mod body;
pub(crate) mod declaration;
mod fields;
mod head;
#[cfg(feature = "multipart")]
mod multipart;
mod optional;
mod parsed;
mod parts;
mod path;
mod state;

pub use bytes::Bytes;
pub use http::{HeaderMap, Method, Uri};
pub use scopegate_gate::{BodyError, InputError, InvalidInput, LocationStep};

pub use self::declaration::{BodyUse, Head, Input, ReadKind, StreamedBody, WholeBody};
pub use self::fields::{Cookie, Form, Header, Query};
pub use self::head::{PeerAddress, RequestId};
#[cfg(feature = "multipart")]
pub use self::multipart::{Field, Multipart, MultipartError, MultipartForm, UploadedFile};
pub use self::parsed::Parsed;
pub use self::parts::RequestParts;
pub use self::path::Path;
pub use self::state::State;
pub use crate::body_stream::BodyStream;
pub use crate::description::ParameterPlace;
pub use crate::resource::{Loaded, LoadedResource};

pub(crate) use self::argument::{ArgumentError, ArgumentList};
pub(crate) use self::parts::{MountedInputs, SentBody};
