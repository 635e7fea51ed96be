//! Answers with a file: of the file system, or bytes.

pub(crate) mod conditions;
mod disposition;
mod entity_tag;
mod range;
mod sent;
mod source;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::task::spawn_blocking;

use self::sent::SentFile;
use self::source::Source;
use super::{Answer, SUCCESS};
use crate::description::OperationDescription;
use crate::response_body::{Response, ResponseBody};

/// A file. A client may request it again on condition, or a range of it ([RFC 9110, sections 13 and
/// 14](https://www.rfc-editor.org/rfc/rfc9110#section-13)).
///
/// | request | response |
/// |---|---|
/// | `GET`, `HEAD` | 200 with `ETag`, `Accept-Ranges`, and `Last-Modified` if the time is known |
/// | `If-None-Match`, `If-Modified-Since` | 304 if the client has this version |
/// | `If-Match`, `If-Unmodified-Since` | 412 if the client has another version |
/// | `GET` with `Range` | 206 with the range, or 416 if the file is shorter |
/// | the same with `If-Range` | 200 with the whole file, if the client has parts of another version |
/// | `Range` with several ranges | 200 with the whole file |
///
/// The gate applies the conditions if the status is 200 and the method is `GET` or `HEAD`. An
/// `If-Range` with a date is not trusted, because a file can change twice in a second: 200.
///
/// A file is sent in parts of 64 KiB. If it changes while it is sent, the connection ends before
/// the last byte, so that no client keeps a mixture. Replace a file by renaming another one.
///
/// ```
/// use scopegate_http::{Guard, Path, Permit, answer::File, get};
///
/// /// An absent file is 404. A number is not a path to another folder.
/// async fn scan(_: Permit, Path(id): Path<u32>) -> Option<File> {
///     let file = File::open(format!("scans/{id}.pdf")).await.ok()?;
///     Some(file.media_type("application/pdf").attachment(&format!("scan {id}.pdf")))
/// }
///
/// let operation = get("/scans/{id}").guard(Guard::authenticated()).then(scan);
/// # let _ = operation;
/// ```
#[derive(Clone)]
pub struct File {
    source: Source,
    tag: HeaderValue,
    modified: Option<SystemTime>,
    media_type: HeaderValue,
    disposition: Option<HeaderValue>,
}

impl File {
    /// Opens a file. Its tag is made of its length and its times, so that its content is not read.
    ///
    /// A path that a client chooses leads to any file of the server.
    ///
    /// # Errors
    ///
    /// The error of the file system. A folder, a pipe or a device is [`io::ErrorKind::NotFound`].
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path: PathBuf = path.as_ref().to_owned();
        let opened = spawn_blocking(move || Source::open(&path)).await;
        let (source, version) = opened.map_err(io::Error::other)??;
        let tag = entity_tag::of_version(&version);
        Ok(Self::new(source, tag, version.modified()))
    }

    /// Creates a file of bytes. Its tag is made of its content. To calculate it once, keep the file
    /// and answer a clone.
    ///
    /// ```
    /// use scopegate_http::answer::{Answer, File};
    ///
    /// let response = File::from_bytes("a,b\n1,2\n").media_type("text/csv").into_response();
    /// assert_eq!(response.headers()["content-type"], "text/csv");
    /// assert_eq!(response.headers()["accept-ranges"], "bytes");
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let tag = entity_tag::of_bytes(&bytes);
        Self::new(Source::Bytes(bytes), tag, None)
    }

    const fn new(source: Source, tag: HeaderValue, modified: Option<SystemTime>) -> Self {
        Self {
            source,
            tag,
            modified,
            media_type: HeaderValue::from_static("application/octet-stream"),
            disposition: None,
        }
    }

    /// Sets the media type. Default: `application/octet-stream`, which browsers do not run. A text
    /// that a header cannot contain is ignored.
    #[must_use]
    pub fn media_type(mut self, media_type: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(media_type) {
            self.media_type = value;
        }
        self
    }

    /// Makes browsers save the file under this name ([RFC 6266](https://www.rfc-editor.org/rfc/rfc6266)).
    /// Default: a browser shows the file if it can. Characters that are not part of a file name
    /// become `_`.
    ///
    /// ```
    /// use scopegate_http::answer::{Answer, File};
    ///
    /// let response = File::from_bytes("").attachment("naïve.txt").into_response();
    /// let expected = "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt";
    /// assert_eq!(response.headers()["content-disposition"], expected);
    /// ```
    #[must_use]
    pub fn attachment(mut self, name: &str) -> Self {
        self.disposition = HeaderValue::try_from(disposition::attachment(name)).ok();
        self
    }
}

impl Answer for File {
    fn into_response(self) -> Response {
        let length = self.source.length();
        let body = SentFile::new(self.source.clone(), 0, length);
        let mut response = Response::new(ResponseBody::new(body));
        let modified = self.modified.map(httpdate::fmt_http_date);
        let modified = modified.and_then(|date| HeaderValue::try_from(date).ok());
        let headers = [
            (ACCEPT_RANGES, Some(HeaderValue::from_static("bytes"))),
            (CONTENT_DISPOSITION, self.disposition),
            (CONTENT_LENGTH, Some(length.into())),
            (CONTENT_TYPE, Some(self.media_type)),
            (ETAG, Some(self.tag)),
            (LAST_MODIFIED, modified),
        ];
        let present = |(name, value): (HeaderName, Option<HeaderValue>)| Some((name, value?));
        response.headers_mut().extend(headers.into_iter().filter_map(present));
        response.extensions_mut().insert(self.source);
        response
    }

    fn describe(description: &mut OperationDescription) {
        let (ok, partial) = (StatusCode::OK, StatusCode::PARTIAL_CONTENT);
        description.content_response(ok, SUCCESS, ANY, &json!({}));
        description.content_response(partial, "The range of the file", ANY, &json!({}));
        for status in [ok, partial] {
            description.response_header(status, "etag", "The version of the file");
        }
        description.response_header(ok, "accept-ranges", "`bytes`");
        description.response_header(partial, "content-range", "The range, and the length of the file");
        description.response(StatusCode::NOT_MODIFIED, "The client has this version");
        description.response(StatusCode::PRECONDITION_FAILED, "The client has another version");
        let unsatisfiable = StatusCode::RANGE_NOT_SATISFIABLE;
        description.response(unsatisfiable, "The file is shorter");
        description.response_header(unsatisfiable, "content-range", "The length of the file");
    }
}

/// The media type is known only at run time.
const ANY: &str = "*/*";

/// Prints no content, because it can contain a secret.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}
