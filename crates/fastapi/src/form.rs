//! The form of a login as FastAPI's server reads it.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;
use percent_encoding::percent_decode;
use scopegate_domain::Secret;
use scopegate_gate::{media_type, urlencoded};
use serde_json::{Value, json};

/// Most fields of one form.
const MAX_FIELDS: usize = 1000;

/// The pattern that the tutorial declares for its grant type.
const GRANT_TYPE: &str = "^password$";

/// The fields of a form, in their order. Any value may be a password.
pub(crate) struct Fields(Vec<(String, Secret<String>)>);

/// A body with secrets, which is wiped when it is dropped.
struct SecretBody(Secret<String>);

impl AsRef<[u8]> for SecretBody {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// The fields of a login that the tutorial reads.
pub(crate) struct Login<'f> {
    pub(crate) username: &'f str,
    pub(crate) password: &'f str,
    pub(crate) scope: &'f str,
}

/// The reason why a body is not a form, in the words of FastAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// A multipart form without a boundary.
    #[error("Missing boundary in multipart.")]
    Boundary,
    /// A multipart form that cannot be taken apart.
    #[error("Invalid multipart data.")]
    Multipart,
    /// More than [`MAX_FIELDS`].
    #[error("Too many fields. Maximum number of fields is {MAX_FIELDS}.")]
    TooManyFields,
}

/// An error in one field of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldError {
    /// The field is absent or empty.
    Missing { field: &'static str },
    /// The value does not match the declared pattern. The response repeats the text, so this is not
    /// for a secret field.
    Pattern {
        field: &'static str,
        pattern: &'static str,
        input: String,
    },
}

impl FieldError {
    /// Returns an entry of FastAPI's list of validation errors.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Missing { field } => {
                json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null })
            }
            Self::Pattern { field, pattern, input } => json!({
                "type": "string_pattern_mismatch",
                "loc": ["body", field],
                "msg": format!("String should match pattern '{pattern}'"),
                "input": input,
                "ctx": { "pattern": pattern },
            }),
        }
    }
}

impl Fields {
    /// Returns the value of the last field with this name; `None` if that field is absent or empty.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(given, _)| given == name)?;
        Some(value.expose().as_str()).filter(|value| !value.is_empty())
    }

    /// Writes the fields as `application/x-www-form-urlencoded`.
    pub(crate) fn to_urlencoded(&self) -> Bytes {
        // Three bytes for each, so that the text does not move and leave a copy behind.
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose().as_str()));
        let most = pairs
            .clone()
            .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
            .sum();
        let written = form_urlencoded::Serializer::new(String::with_capacity(most))
            .extend_pairs(pairs)
            .finish();
        Bytes::from_owner(SecretBody(Secret::new(written)))
    }

    /// Returns the login. An absent grant type counts as `password`.
    ///
    /// # Errors
    ///
    /// All errors of the fields, in the order in which the tutorial declares them.
    pub(crate) fn login(&self) -> Result<Login<'_>, Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Some(input) = self.last("grant_type").filter(|input| *input != "password") {
            errors.push(FieldError::Pattern {
                field: "grant_type",
                pattern: GRANT_TYPE,
                input: input.to_owned(),
            });
        }
        let [username, password] = ["username", "password"].map(|field| {
            let value = self.last(field);
            if value.is_none() {
                errors.push(FieldError::Missing { field });
            }
            value
        });
        match (username, password) {
            (Some(username), Some(password)) if errors.is_empty() => Ok(Login {
                username,
                password,
                scope: self.last("scope").unwrap_or_default(),
            }),
            _ => Err(errors),
        }
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
        )
    }
}

/// Reads the fields of a body. Unlike the RFC, FastAPI's server
///
/// - reads multipart forms, too,
/// - uses the first of two media types,
/// - ignores `Content-Encoding`,
/// - reads any other body as a form without fields,
/// - replaces bytes that are not text.
pub(crate) async fn read(headers: &HeaderMap, body: &Bytes) -> Result<Fields, FormError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let media_type = media_type::essence(content_type);
    let is = |wanted: &str| media_type.eq_ignore_ascii_case(wanted);
    if is("application/x-www-form-urlencoded") {
        urlencoded(body)
    } else if is("multipart/form-data") {
        multipart(content_type, body.clone()).await
    } else {
        Ok(Fields(Vec::new()))
    }
}

fn urlencoded(body: &[u8]) -> Result<Fields, FormError> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().nth(MAX_FIELDS).is_some() {
        return Err(FormError::TooManyFields);
    }
    let split = |pair: &[u8]| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=').map(decode_like_python);
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    };
    Ok(pairs.map(split).collect())
}

/// Does the same as Python's `unquote_plus` on text that was read as Latin-1. Adjacent escapes are
/// read as UTF-8, and invalid ones become U+FFFD. A byte beyond ASCII without an escape is a
/// character of Latin-1.
fn decode_like_python(raw: &[u8]) -> String {
    let raw = urlencoded::spaces(raw);
    let mut text = String::with_capacity(raw.len());
    for run in raw.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
        if run.is_ascii() {
            text.push_str(&percent_decode(run).decode_utf8_lossy());
        } else {
            text.push_str(&latin_1(run));
        }
    }
    text
}

fn latin_1(raw: &[u8]) -> String {
    raw.iter().copied().map(char::from).collect()
}

/// Returns the text parts of a multipart form; a part that is a file is not a field.
async fn multipart(content_type: &str, body: Bytes) -> Result<Fields, FormError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| FormError::Boundary)?;
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::new(whole, boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| FormError::Multipart)? {
        if part.index() >= MAX_FIELDS {
            return Err(FormError::TooManyFields);
        }
        let name = part.name().ok_or(FormError::Multipart)?.to_owned();
        let is_file = part.file_name().is_some();
        let value = part.bytes().await.map_err(|_| FormError::Multipart)?;
        if !is_file {
            fields.push((
                name,
                std::str::from_utf8(&value).map_or_else(|_| latin_1(&value), str::to_owned),
            ));
        }
    }
    Ok(fields.into_iter().collect())
}

#[cfg(test)]
mod tests;
