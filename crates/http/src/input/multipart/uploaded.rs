//! A file of a form.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::de::{Deserialize, Deserializer, Error};
use utoipa::ToSchema;

thread_local! {
    /// The files of the form that is being read: serde passes texts to a type, and no files.
    static FILES: RefCell<Vec<UploadedFile>> = const { RefCell::new(Vec::new()) };
}

/// A file of a [`MultipartForm`](crate::input::MultipartForm), in memory. The document describes it
/// as binary data.
///
/// It is read from a form only.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
#[schema(description = "The content of a file.")] // The text above is for developers.
pub struct UploadedFile(File);

#[derive(Clone)]
struct File {
    name: String,
    media_type: Option<String>,
    content: Bytes,
}

impl UploadedFile {
    /// Returns the file that the headers of a field describe, without its content; `None` for a
    /// text.
    pub(super) fn of(field: &multer::Field<'_>) -> Option<Self> {
        let name = field.file_name()?.to_owned();
        let media_type = field.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Some(Self(File {
            name,
            media_type: media_type.map(str::to_owned),
            content: Bytes::new(),
        }))
    }

    /// Sets the content.
    pub(super) fn with_content(mut self, content: Bytes) -> Self {
        self.0.content = content;
        self
    }

    /// Returns the file name that the client sent.
    ///
    /// A client chooses the name, so `../../etc/passwd` is one. Do not use it as a path ([RFC 7578,
    /// section 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2)).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the media type that the client stated, which need not be true.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.0.media_type.as_deref()
    }

    /// Returns the content.
    #[must_use]
    pub const fn content(&self) -> &Bytes {
        &self.0.content
    }
}

/// Reads the number of a file of the form.
impl<'de> Deserialize<'de> for UploadedFile {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let number = usize::deserialize(reader)?;
        let file = FILES.with_borrow(|files| files.get(number).cloned());
        file.ok_or_else(|| D::Error::custom("a file is read from a form only"))
    }
}

/// Reads a form that has these files.
pub(super) fn with_files<R>(files: Vec<UploadedFile>, read: impl FnOnce() -> R) -> R {
    FILES.set(files);
    let result = read();
    FILES.take();
    result
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadedFile").finish_non_exhaustive()
    }
}
