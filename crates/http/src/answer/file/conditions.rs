//! Applies the conditions and the range of a request to a response with a file.

use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::entity_tag;
use super::range::{self, Selected};
use super::sent::SentFile;
use super::source::Source;
use crate::response_body::{Response, ResponseBody};

/// Applies the conditions of the request to a response with a file; returns any other response as
/// it is.
///
/// The order is that of [RFC 9110, section
/// 13.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2).
pub(crate) fn apply(method: &Method, request: &HeaderMap, mut response: Response) -> Response {
    let Some(source) = response.extensions_mut().remove::<Source>() else {
        return response;
    };
    if response.status() != StatusCode::OK || !matches!(*method, Method::GET | Method::HEAD) {
        return response;
    }
    if !is_expected_version(request, response.headers()) {
        return without_file(response, StatusCode::PRECONDITION_FAILED);
    }
    if is_known_version(request, response.headers()) {
        return without_file(response, StatusCode::NOT_MODIFIED);
    }
    // Only `GET` has ranges (section 14.2).
    if *method == Method::HEAD || !is_range_usable(request, response.headers()) {
        return response;
    }
    let length = source.length();
    let selected = only(request, &RANGE).map_or(Selected::Whole, |value| range::select(value.as_bytes(), length));
    match selected {
        Selected::Whole => response,
        Selected::Part { first, last } => partial(response, source, first, last),
        Selected::Unsatisfiable => {
            let mut response = without_file(response, StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, CONTENT_RANGE, format!("bytes */{length}"));
            response
        }
    }
}

/// Whether `If-Match`, or without it `If-Unmodified-Since`, allows the response.
fn is_expected_version(request: &HeaderMap, file: &HeaderMap) -> bool {
    if request.contains_key(IF_MATCH) {
        return is_tag_in(request, &IF_MATCH, file, true);
    }
    match (date(request, &IF_UNMODIFIED_SINCE), date(file, &LAST_MODIFIED)) {
        (Some(limit), Some(modified)) => modified <= limit,
        _ => true,
    }
}

/// Whether the client has this version: `If-None-Match`, or without it `If-Modified-Since`.
fn is_known_version(request: &HeaderMap, file: &HeaderMap) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        return is_tag_in(request, &IF_NONE_MATCH, file, false);
    }
    match (date(request, &IF_MODIFIED_SINCE), date(file, &LAST_MODIFIED)) {
        (Some(known), Some(modified)) => modified <= known,
        _ => false,
    }
}

/// Whether `If-Range` is absent or the tag of this version. A date is not: a file may change twice
/// in its second ([section 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
fn is_range_usable(request: &HeaderMap, file: &HeaderMap) -> bool {
    if !request.contains_key(IF_RANGE) {
        return true;
    }
    match (only(request, &IF_RANGE), file.get(ETAG)) {
        (Some(known), Some(tag)) => known == tag && !tag.as_bytes().starts_with(b"W/"),
        _ => false,
    }
}

fn is_tag_in(request: &HeaderMap, name: &HeaderName, file: &HeaderMap, is_strong: bool) -> bool {
    let tag = file.get(ETAG).map_or(&b""[..], HeaderValue::as_bytes);
    let mut lists = request.get_all(name).into_iter();
    lists.any(|list| entity_tag::is_in(list.as_bytes(), tag, is_strong))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(only(headers, name)?.to_str().ok()?).ok()
}

/// Returns the value of a header that occurs once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}

fn partial(response: Response, source: Source, first: u64, last: u64) -> Response {
    let (whole, length) = (source.length(), last.saturating_sub(first).saturating_add(1));
    let mut response = response.map(|_| ResponseBody::new(SentFile::new(source, first, length)));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    set(&mut response, CONTENT_RANGE, format!("bytes {first}-{last}/{whole}"));
    response
}

/// Removes the file, and the headers that describe it.
fn without_file(response: Response, status: StatusCode) -> Response {
    let mut response = response.map(|_| ResponseBody::default());
    *response.status_mut() = status;
    for name in [CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE] {
        response.headers_mut().remove(name);
    }
    if status != StatusCode::NOT_MODIFIED {
        for name in [ACCEPT_RANGES, ETAG, LAST_MODIFIED] {
            response.headers_mut().remove(name);
        }
    }
    response
}

fn set(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
