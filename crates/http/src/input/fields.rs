//! Inputs with fields: the query, headers, cookies and forms, each as a structure.

use std::any::TypeId;
use std::borrow::Cow;
use std::ops::Deref;

use http::HeaderMap;
use scopegate_gate::{InputError, InvalidInput, LocationStep, cookie, media_type};
use serde::de::DeserializeOwned;

use crate::data::RequestData;
use crate::description::OperationDescription;
use crate::field_check;
use crate::field_constraints;
use crate::field_place::FieldPlace;
use crate::field_shape::FieldShape;
use crate::field_values::FieldValues;
use crate::fields;
use crate::input::declaration::{Head, Input, WholeBody};
use crate::input::parts::RequestParts;
use crate::invalid_value::InvalidValue;

/// The media type of a [`Form`].
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// The query, read as a structure. Each field is a parameter of the document.
///
/// A list takes all values of its name, and the name of every other field occurs once.
/// `#[serde(flatten)]`, `#[serde(default)]`, enums and `Option` are read and documented as serde
/// reads them. The query is UTF-8, percent-encoded; another one is refused.
///
/// ```
/// use scopegate_http::{Guard, Permit, Query, get, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Page {
///     limit: u8,
///     after: Option<String>,
/// }
///
/// async fn list(_: Permit, Query(page): Query<Page>) -> String {
///     format!("{} after {:?}", page.limit, page.after)
/// }
///
/// let operation = get("/reports").guard(Guard::authenticated()).then(list);
/// # let _ = operation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Query<T>(pub T);

/// Headers, read as a structure. Each field is one header: `x_priority` is `X-Priority`.
///
/// Only the headers of the fields are read. A header whose value is not UTF-8 is invalid. A list is
/// separated by commas, in one header or in several of the name ([RFC 9110, section
/// 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)); every other header occurs once. The
/// gate is not built if a field is `Accept`, `Authorization` or `Content-Type`, because documents
/// ignore these ([OpenAPI 3.1, Parameter
/// Object](https://spec.openapis.org/oas/v3.1.0#parameter-object)), and the gate reads credentials.
///
/// ```
/// use scopegate_http::{Guard, Permit, input::Header, post, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Priority {
///     x_priority: Option<u8>,
/// }
///
/// async fn send(_: Permit, Header(priority): Header<Priority>) -> String {
///     format!("priority {:?}", priority.x_priority)
/// }
///
/// let operation = post("/messages").guard(Guard::authenticated()).then(send);
/// # let _ = operation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Header<T>(pub T);

/// Cookies, read as a structure. Each field is one cookie; other cookies are not read
/// ([RFC 6265, section 4.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2)).
///
/// ```
/// use scopegate_http::{get, input::Cookie, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Settings {
///     theme: Option<String>,
/// }
///
/// async fn page(Cookie(settings): Cookie<Settings>) -> String {
///     settings.theme.unwrap_or_default()
/// }
///
/// let operation = get("/page").public().then(page);
/// # let _ = operation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Cookie<T>(pub T);

/// The body, read as `application/x-www-form-urlencoded`. Its type is a schema of the document.
///
/// ```
/// use scopegate_http::{Guard, Permit, input::Form, post, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Subscription {
///     email: String,
/// }
///
/// async fn subscribe(_: Permit, Form(subscription): Form<Subscription>) -> String {
///     subscription.email
/// }
///
/// let operation = post("/subscriptions").guard(Guard::authenticated()).then(subscribe);
/// # let _ = operation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Form<T>(pub T);

impl<T: RequestData> Input for Query<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let texts = fields::parse(parts.query().as_bytes(), FieldPlace::Query)?;
        read::<Self, T>(parts, &texts, FieldPlace::Query).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        fields::parse(parts.query().as_bytes(), FieldPlace::Query).is_ok_and(|texts| {
            has_none::<Self>(parts, &texts)
                && !field_check::refuses_unknown(&shape_of::<Self>(parts), &texts, fields::reader::<T>())
        })
    }

    fn describe(description: &mut OperationDescription) {
        description.fields::<Self, T>(FieldPlace::Query);
    }
}

impl<T: RequestData> Input for Header<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let shape = shape_of::<Self>(parts);
        let texts = header_values(parts.headers(), &shape)?;
        read::<Self, T>(parts, &texts, FieldPlace::Header).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        let shape = shape_of::<Self>(parts);
        header_values(parts.headers(), &shape).is_ok_and(|texts| texts.is_empty())
    }

    fn describe(description: &mut OperationDescription) {
        description.fields::<Self, T>(FieldPlace::Header);
    }
}

impl<T: RequestData> Input for Cookie<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let shape = shape_of::<Self>(parts);
        let texts = cookie_values(parts.headers(), &shape)?;
        read::<Self, T>(parts, &texts, FieldPlace::Cookie).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        let shape = shape_of::<Self>(parts);
        cookie_values(parts.headers(), &shape).is_ok_and(|texts| texts.is_empty())
    }

    fn describe(description: &mut OperationDescription) {
        description.fields::<Self, T>(FieldPlace::Cookie);
    }
}

impl<T: RequestData> Input for Form<T> {
    type Reads = WholeBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        if !parts.body().is_empty() && !is_form(parts.headers()) {
            let sentence = "the body must be application/x-www-form-urlencoded";
            return Err(InputError::MediaType(sentence));
        }
        let body = parts.take_body();
        let texts = fields::parse(&body, FieldPlace::Form)?;
        read::<Self, T>(parts, &texts, FieldPlace::Form).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.form::<Self, T>(URLENCODED, |_| Ok(()));
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = media_type::of(headers).unwrap_or_default();
    media_type::essence(value).eq_ignore_ascii_case(URLENCODED) && !media_type::is_encoded(headers)
}

/// Returns the shape of an input, which its description added.
fn shape_of<'r, I: 'static>(parts: &RequestParts<'r>) -> Cow<'r, FieldShape> {
    parts
        .shape(TypeId::of::<I>())
        .map_or_else(|| Cow::Owned(FieldShape::default()), Cow::Borrowed)
}

/// Reads the texts of a place as the fields of `T`, and compares them with the constraints of the
/// input `I`.
///
/// # Errors
///
/// All errors of the fields.
pub(super) fn read<I: 'static, T: DeserializeOwned>(
    parts: &RequestParts<'_>,
    texts: &FieldValues<'_>,
    place: FieldPlace,
) -> Result<T, InputError> {
    let shape = shape_of::<I>(parts);
    match fields::read(texts, &shape, place) {
        Ok(value) => match constrained(texts, &shape, place)? {
            None => Ok(value),
            Some(known) => fields::read(&known, &shape, place).map_err(InputError::Several),
        },
        Err(faults) => {
            let broken = field_constraints::check(texts, &shape, place, false);
            Err(InputError::Several(field_constraints::with_broken(faults, broken)))
        }
    }
}

/// Compares values that a type reads with the constraints. Returns the values to read instead, if
/// the type must not see all.
fn constrained<'q>(
    texts: &FieldValues<'q>,
    shape: &FieldShape,
    place: FieldPlace,
) -> Result<Option<FieldValues<'q>>, InputError> {
    let broken = field_constraints::check(texts, shape, place, true);
    if broken.is_empty() {
        Ok(field_constraints::without_unknown(texts, shape))
    } else {
        Err(InputError::Several(broken))
    }
}

fn has_none<I: 'static>(parts: &RequestParts<'_>, texts: &FieldValues<'_>) -> bool {
    let shape = shape_of::<I>(parts);
    shape.rest.is_none() && !texts.names().any(|name| shape.parameter(name).is_some())
}

/// Returns the values of the headers that the shape names, under the names of its fields.
fn header_values<'p>(headers: &'p HeaderMap, shape: &'p FieldShape) -> Result<FieldValues<'p>, InputError> {
    let mut texts = Vec::new();
    for parameter in &shape.parameters {
        let name = FieldPlace::Header.name_of(&parameter.name);
        for value in headers.get_all(&*name) {
            let text = text_of(value.as_bytes(), FieldPlace::Header, &name)?;
            let field = || Cow::Borrowed(parameter.name.as_str());
            if parameter.is_list() {
                let elements = text.split(',').map(|element| element.trim_matches([' ', '\t']));
                let elements = elements.filter(|element| !element.is_empty());
                texts.extend(elements.map(|element| (field(), Cow::Borrowed(element))));
            } else {
                texts.push((field(), Cow::Borrowed(text)));
            }
        }
    }
    Ok(texts.into_iter().collect())
}

/// Returns the values of the cookies that the shape names.
fn cookie_values<'p>(headers: &'p HeaderMap, shape: &FieldShape) -> Result<FieldValues<'p>, InputError> {
    let mut texts = Vec::new();
    for (name, value) in cookie::pairs(headers) {
        let known = std::str::from_utf8(name)
            .ok()
            .filter(|name| shape.parameter(name).is_some());
        if let Some(name) = known {
            let text = text_of(value, FieldPlace::Cookie, name)?;
            texts.push((Cow::Borrowed(name), Cow::Borrowed(unquoted(text))));
        }
    }
    Ok(texts.into_iter().collect())
}

/// Removes the quotes around the value of a cookie
/// ([RFC 6265, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)).
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(text)
}

fn text_of<'v>(bytes: &'v [u8], place: FieldPlace, name: &str) -> Result<&'v str, InvalidInput> {
    std::str::from_utf8(bytes).map_err(|_| {
        let fault = InvalidValue::not_text().inside(LocationStep::name(name));
        fault.into_input(place.as_str())
    })
}

macro_rules! dereferenced {
    ($($input:ident)*) => {$(
        impl<T> Deref for $input<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }
    )*};
}

dereferenced!(Query Header Cookie Form);
