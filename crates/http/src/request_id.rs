//! A name for each request, so that an answer can be found in the log.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};

/// The header that carries it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Numbers requests. What a client sends under this name is not taken over: it would be written into our log.
#[derive(Debug)]
pub(crate) struct RequestIds {
    run: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Names of this run of the program; `run` tells it from others.
    pub(crate) const fn new(run: u64) -> Self {
        Self {
            run,
            next: AtomicU64::new(0),
        }
    }

    /// The next name.
    pub(crate) fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // As long as the text, so that it becomes the header's value without being copied.
        let mut text = String::with_capacity(25);
        // Writing into a `String` does not fail.
        let _ = write!(text, "{:016x}-{number:08x}", self.run);
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"))
    }
}
