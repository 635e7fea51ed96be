//! The types of data that requests and responses contain.

use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// Data that a request contains: read by serde, described by its schema. Every type with both
/// derives is such data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "derive `serde::Deserialize` and `utoipa::ToSchema` for `{Self}`"
)]
pub trait RequestData: DeserializeOwned + ToSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + ToSchema + Send + 'static> RequestData for T {}

/// Data that a response contains: written by serde, described by its schema. Every type with both
/// derives is such data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written to a response",
    label = "derive `serde::Serialize` and `utoipa::ToSchema` for `{Self}`",
    note = "for data without a schema, write `AnyJson(data)`"
)]
pub trait ResponseData: Serialize + ToSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ToSchema + Send + 'static> ResponseData for T {}
