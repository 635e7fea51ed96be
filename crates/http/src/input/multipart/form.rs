//! The body as `multipart/form-data`, read whole as a structure.

use std::any::TypeId;
use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Deref;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use scopegate_gate::{InputError, LocationStep};
use serde_json::Value;

use super::error::MultipartError;
use super::part::{FIELD_COUNT, MEDIA_TYPE, Part, boundary};
use super::uploaded::{self, UploadedFile};
use crate::data::RequestData;
use crate::description::OperationDescription;
use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, Parameter, ValueType};
use crate::field_values::FieldValue;
use crate::input::declaration::{Input, WholeBody};
use crate::input::fields;
use crate::input::parts::RequestParts;
use crate::invalid_value::{InvalidValue, NOT_TEXT};

/// A body of `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), read as a
/// structure. Each field is a text, read as in a [`Form`](crate::input::Form), or an
/// [`UploadedFile`]. Its type is a schema of the document.
///
/// The whole form is read before the handler runs, within the body limit of the operation, so that
/// each field is as documented. For larger files, [`Multipart`](crate::input::Multipart) reads
/// field by field, and the document does not name its fields.
///
/// A text where a file is declared, and a file where a text is, are refused. A form has at most
/// 1,000 fields.
///
/// ```
/// use scopegate_http::input::{MultipartForm, UploadedFile};
/// use scopegate_http::{Guard, Permit, post, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct NewScan {
///     #[schema(max_length = 80)]
///     title: String,
///     file: UploadedFile,
/// }
///
/// async fn upload(_: Permit, MultipartForm(scan): MultipartForm<NewScan>) -> String {
///     format!("{} has {} bytes", scan.title, scan.file.content().len())
/// }
///
/// let operation = post("/scans").guard(Guard::authenticated()).body_limit(1024 * 1024).then(upload);
/// # let _ = operation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct MultipartForm<T>(pub T);

impl<T: RequestData> Input for MultipartForm<T> {
    type Reads = WholeBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let boundary = boundary(parts.headers())?;
        let shape = parts
            .shape(TypeId::of::<Self>())
            .map_or_else(Cow::default, Cow::Borrowed);
        let body = parts.take_body();
        let read = Fields::read(body, boundary, &shape).now_or_never();
        // A body in memory is never waited for.
        let form = read
            .unwrap_or(Err(MultipartError::Malformed))
            .map_err(MultipartError::to_input)?;
        if !form.faults.is_empty() {
            return Err(InputError::Several(
                form.faults
                    .into_iter()
                    .map(|fault| fault.into_input(FieldPlace::Form.as_str()))
                    .collect(),
            ));
        }
        let texts = form.texts.into_iter().collect();
        uploaded::with_files(form.files, || fields::read::<Self, T>(parts, &texts, FieldPlace::Form)).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.form::<Self, T>(MEDIA_TYPE, check);
    }
}

/// Checks that a file of the document has no constraint that nothing enforces.
///
/// # Errors
///
/// A sentence that names the field.
fn check(shape: &FieldShape) -> Result<(), String> {
    let is_constrained = |parameter: &&Parameter| {
        let is_stated = |word: &str| parameter.schema.get(word).is_some_and(Value::is_string);
        is_file(parameter) && (parameter.constraints.is_some() || is_stated("contentMediaType"))
    };
    match shape.parameters.iter().find(is_constrained) {
        Some(parameter) => Err(format!(
            "nothing enforces the constraints of file `{}`; remove them, and set `body_limit`",
            parameter.name
        )),
        None => Ok(()),
    }
}

fn is_file(parameter: &Parameter) -> bool {
    let is_file = |of: &ValueType| *of == ValueType::File;
    parameter.types.iter().any(|of| match of {
        ValueType::List(elements) => elements.iter().any(is_file),
        other => is_file(other),
    })
}

/// The fields of a form. The text of a file is its number.
#[derive(Default)]
struct Fields {
    texts: Vec<FieldValue<'static>>,
    files: Vec<UploadedFile>,
    faults: Vec<InvalidValue>,
}

impl Fields {
    async fn read(body: Bytes, boundary: String, shape: &FieldShape) -> Result<Self, MultipartError> {
        let whole = stream::iter([Ok::<_, Infallible>(body)]);
        let mut parser = multer::Multipart::new(whole, boundary);
        let mut form = Self::default();
        for count in 0.. {
            let next = parser.next_field().await;
            let Some(field) = next.map_err(|error| MultipartError::of_parser(&error))? else {
                break;
            };
            if count == FIELD_COUNT {
                return Err(MultipartError::TooManyFields);
            }
            form.add(Part::new(field)?, shape).await?;
        }
        Ok(form)
    }

    async fn add(&mut self, part: Part, shape: &FieldShape) -> Result<(), MultipartError> {
        let name = part.name;
        let file = UploadedFile::of(&part.field);
        let content = part
            .field
            .bytes()
            .await
            .map_err(|error| MultipartError::of_parser(&error))?;
        let text = match (shape.parameter(&name).map(is_file), file) {
            // A browser sends an empty file if the user chose none.
            (Some(true), Some(file)) if file.name().is_empty() && content.is_empty() => return Ok(()),
            (Some(true), Some(file)) => {
                let number = self.files.len().to_string();
                self.files.push(file.with_content(content));
                Ok(number)
            }
            (Some(true), None) => Err("Value error, the field is not a file"),
            (Some(false), Some(_)) => Err("Value error, the field is a file"),
            // Nothing reads a file that is not declared.
            (None, Some(_)) => return Ok(()),
            (_, None) => String::from_utf8(content.into()).map_err(|_| NOT_TEXT),
        };
        match text {
            Ok(text) => self.texts.push((name.into(), text.into())),
            Err(message) => {
                let fault = InvalidValue::new("value_error", message);
                self.faults.push(fault.inside(LocationStep::name(&name)));
            }
        }
        Ok(())
    }
}

impl<T> Deref for MultipartForm<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
