//! A value that is read from its text.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A value that is read by [`FromStr`], for a type that serde does not know. It may be in a path,
/// in a field, or in a body of JSON. The document calls it a string. The client gets the message of
/// the type's own error.
///
/// ```
/// use std::net::IpAddr;
/// use scopegate_http::{Path, get, input::Parsed};
///
/// async fn host(Path(Parsed(address)): Path<Parsed<IpAddr>>) -> String {
///     format!("the host at {address}")
/// }
///
/// let operation = get("/hosts/{address}").public().then(host);
/// # let _ = operation;
/// ```
///
/// The derive of utoipa requires a schema of each type parameter of a field. So a field has a type
/// alias without parameters:
///
/// ```
/// use std::net::IpAddr;
/// use scopegate_http::{input::Parsed, serde, utoipa};
///
/// type Address = Parsed<IpAddr>;
///
/// #[derive(serde::Deserialize, utoipa::ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct NewHost {
///     address: Address,
///     second: Option<Address>,
/// }
/// # fn check<T: serde::de::DeserializeOwned + utoipa::ToSchema>() {}
/// # check::<NewHost>();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Parsed<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);

        impl<T: FromStr<Err: Display>> Visitor<'_> for Text<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text(PhantomData)).map(Self)
    }
}

impl<T> PartialSchema for Parsed<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).into()
    }
}

impl<T> ToSchema for Parsed<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("String")
    }
}
