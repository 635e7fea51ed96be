//! The body as `multipart/form-data`, field by field.

mod error;
mod form;
mod part;
mod source;
mod uploaded;

use std::fmt;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use scopegate_gate::InputError;
use serde_json::json;

pub use self::error::MultipartError;
pub use self::form::MultipartForm;
use self::part::{FIELD_COUNT, MEDIA_TYPE, Part, boundary};
use self::source::{ReadBudget, Source};
pub use self::uploaded::UploadedFile;
use crate::description::OperationDescription;
use crate::input::declaration::{Input, StreamedBody};
use crate::input::parts::RequestParts;

/// A body of `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), read field
/// by field while it arrives. It is for large uploads: no file is held in memory. The document does
/// not name its fields; those of a [`MultipartForm`] are typed.
///
/// | what | limit |
/// |---|---|
/// | the whole body | the body limit of the operation |
/// | the number of fields | [`Multipart::field_count`] |
/// | the bytes read between two fields: the rest of a boundary, and the headers of a part | 16 KiB |
/// | the value of a field | the argument of [`Field::bytes`] and [`Field::text`] |
///
/// A handler returns the error as its answer, and the gate writes it as its refusals. A part
/// without a name, or with a name that is not UTF-8, is refused.
///
/// ```
/// use scopegate_http::input::{Multipart, MultipartError};
/// use scopegate_http::{Guard, Permit, post};
///
/// async fn upload(_: Permit, mut form: Multipart) -> Result<String, MultipartError> {
///     let (mut title, mut length) = (String::new(), 0);
///     while let Some(mut field) = form.field().await? {
///         match field.name() {
///             "title" => title = field.text(1024).await?,
///             "file" => {
///                 while let Some(part) = field.part().await? {
///                     length += part.len();
///                 }
///             }
///             _ => {}
///         }
///     }
///     Ok(format!("{title} has {length} bytes"))
/// }
///
/// let operation = post("/files").guard(Guard::authenticated()).body_limit(1024 * 1024 * 1024).then(upload);
/// # let _ = operation;
/// ```
pub struct Multipart {
    parser: multer::Multipart<'static>,
    budget: ReadBudget,
    current: Option<Part>,
    most: usize,
    count: usize,
    /// The first error: nothing can be read after it.
    failed: Option<MultipartError>,
}

/// A field of a [`Multipart`]. Bytes that the handler does not read are skipped.
pub struct Field<'m> {
    form: &'m mut Multipart,
}

impl Multipart {
    /// Sets the maximum number of fields. Default: 1,000.
    #[must_use]
    pub const fn field_count(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Returns the next field; `None` at the end. It skips the unread bytes of the field before.
    ///
    /// # Errors
    ///
    /// [`MultipartError`].
    pub async fn field(&mut self) -> Result<Option<Field<'_>>, MultipartError> {
        while self.chunk().await?.is_some() {}
        self.current = None;
        self.budget.between_fields();
        let next = self.parser.next_field().await;
        let Some(field) = self.kept(next)? else {
            return Ok(None);
        };
        self.budget.in_field();
        self.count = self.count.saturating_add(1);
        let part = if self.count > self.most {
            Err(MultipartError::TooManyFields)
        } else {
            Part::new(field)
        };
        match part {
            Ok(part) => self.current = Some(part),
            Err(error) => return Err(*self.failed.insert(error)),
        }
        Ok(Some(Field { form: self }))
    }

    /// Returns the next bytes of the current field; `None` at its end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(part) = &mut self.current else {
            return Ok(None);
        };
        let chunk = part.field.chunk().await;
        self.kept(chunk)
    }

    fn kept<T>(&mut self, read: multer::Result<T>) -> Result<T, MultipartError> {
        read.map_err(|error| *self.failed.insert(MultipartError::of_parser(&error)))
    }
}

impl Field<'_> {
    /// Returns the name of the field. Several fields can have one name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.part_of_form().map_or("", |part| &part.name)
    }

    /// Returns the file name that the client sent; `None` for a field that is not a file.
    ///
    /// A client chooses the name, so `../../etc/passwd` is one. Do not use it as a path ([RFC 7578,
    /// section 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2)).
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.part_of_form()?.field.file_name()
    }

    /// Returns the media type that the client stated, which need not be true.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        let value = self.part_of_form()?.field.headers().get(CONTENT_TYPE);
        value.and_then(|value| value.to_str().ok())
    }

    /// Returns the next bytes of the value; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`MultipartError`].
    pub async fn part(&mut self) -> Result<Option<Bytes>, MultipartError> {
        while let Some(chunk) = self.form.chunk().await? {
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    /// Returns the rest of the value, which has at most this number of bytes.
    ///
    /// # Errors
    ///
    /// [`MultipartError`]; [`MultipartError::FieldTooLarge`] if the value is longer. The next field
    /// can be read then.
    pub async fn bytes(&mut self, limit: usize) -> Result<Bytes, MultipartError> {
        let mut whole = BytesMut::new();
        while let Some(part) = self.part().await? {
            if part.len() > limit.saturating_sub(whole.len()) {
                return Err(MultipartError::FieldTooLarge);
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    /// Returns the rest of the value as text in UTF-8, which has at most this number of bytes.
    ///
    /// # Errors
    ///
    /// As [`Field::bytes`], and [`MultipartError::Text`] if the value is not UTF-8.
    pub async fn text(&mut self, limit: usize) -> Result<String, MultipartError> {
        let bytes = self.bytes(limit).await?;
        String::from_utf8(bytes.into()).map_err(|_| MultipartError::Text)
    }

    const fn part_of_form(&self) -> Option<&Part> {
        self.form.current.as_ref()
    }
}

impl Input for Multipart {
    type Reads = StreamedBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let boundary = boundary(parts.headers())?;
        let body = parts.take_stream().ok_or(InputError::Unavailable)?;
        let budget = ReadBudget::default();
        let source = Source::new(body.into_stream(), budget.clone());
        Ok(Self {
            parser: multer::Multipart::new(source, boundary),
            budget,
            current: None,
            most: FIELD_COUNT,
            count: 0,
            failed: None,
        })
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        !parts.has_stream()
    }

    fn describe(description: &mut OperationDescription) {
        description.request_body(MEDIA_TYPE, &json!({ "type": "object" }));
    }
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").finish_non_exhaustive()
    }
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").finish_non_exhaustive()
    }
}
