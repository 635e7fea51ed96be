//! One response of the documentation: its body and its headers.

use std::fmt;

use bytes::Bytes;

pub(super) const HTML: &str = "text/html; charset=utf-8";

/// A response with status 200: a page or an asset.
#[derive(Clone)]
#[non_exhaustive]
pub struct DocsPage {
    /// The media type, for `Content-Type`.
    pub content_type: &'static str,
    /// The bytes; cheap to clone.
    pub body: Bytes,
    /// The value of `Content-Security-Policy`.
    pub csp: &'static str,
    /// The value of `Cache-Control`.
    pub cache_control: &'static str,
}

impl DocsPage {
    pub(super) fn html(body: &Bytes, csp: &'static str) -> Self {
        Self {
            content_type: HTML,
            body: body.clone(),
            csp,
            cache_control: "no-store",
        }
    }

    /// Returns all headers of the response except its length.
    ///
    /// `Cross-Origin-Opener-Policy` is absent on purpose. Swagger UI waits for a window that visits
    /// the authorization endpoint, perhaps on another origin, and returns.
    #[must_use]
    pub const fn headers(&self) -> [(&'static str, &'static str); 6] {
        [
            ("content-type", self.content_type),
            ("content-security-policy", self.csp),
            ("cache-control", self.cache_control),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ]
    }
}

impl fmt::Debug for DocsPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DocsPage")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
