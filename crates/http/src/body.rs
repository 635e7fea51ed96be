//! Reads the body of a request within its limits and parses it as JSON.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use scopegate_gate::{BodyError, InputError, InvalidInput, media_type};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::field_shape::FieldShape;
use crate::response_body::BoxError;
use crate::{json_fault, strict_json};

/// The minimum rate of a body after its time limit, in bytes per second.
const LEAST_RATE: usize = 512;

/// The limits of a body. Together they bound the resources of one sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    /// The time limit of a body without progress. Each [`LEAST_RATE`] bytes add a second.
    pub(crate) time: Duration,
}

/// Reads a whole body. A length announced over the limit is refused before a byte is read.
///
/// # Errors
///
/// [`BodyError`].
pub(crate) async fn collect<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Data: Buf,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    check_announced(headers, &body, limits)?;
    let body = pin!(Limited::new(body, limits.bytes));
    let mut reader = BodyReader::new(body, limits);
    // A body in one part, the usual case, is not copied.
    let Some(mut data) = reader.part().await? else {
        return Ok(Bytes::new());
    };
    let first = data.copy_to_bytes(data.remaining());
    let Some(data) = reader.part().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    whole.put(data);
    while let Some(data) = reader.part().await? {
        whole.put(data);
    }
    Ok(whole.freeze())
}

/// Refuses a length announced over the limit.
///
/// # Errors
///
/// [`BodyError::TooLarge`].
pub(crate) fn check_announced<B: Body>(headers: &HeaderMap, body: &B, limits: BodyLimits) -> Result<(), BodyError> {
    let header: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let announced = header.unwrap_or_default().max(body.size_hint().lower());
    match usize::try_from(announced) {
        Ok(announced) if announced <= limits.bytes => Ok(()),
        _ => Err(BodyError::TooLarge),
    }
}

/// Reads a body in parts, within its limits.
pub(crate) struct BodyReader<B> {
    body: B,
    limits: BodyLimits,
    start: Instant,
    length: usize,
}

impl<B> BodyReader<B>
where
    B: Body<Error = BoxError> + Unpin,
    B::Data: Buf,
{
    /// Creates a reader of a body that is [`Limited`].
    pub(crate) fn new(body: B, limits: BodyLimits) -> Self {
        Self {
            body,
            limits,
            start: Instant::now(),
            length: 0,
        }
    }

    /// Whether there is nothing more to read.
    pub(crate) fn is_end(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Returns the next part that is not empty; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`BodyError`].
    pub(crate) async fn part(&mut self) -> Result<Option<B::Data>, BodyError> {
        loop {
            // A sender with the minimum rate may continue; a sender with a byte now and then may
            // not.
            let earned = u32::try_from(self.length / LEAST_RATE).unwrap_or(u32::MAX);
            let deadline = self.start + self.limits.time + Duration::from_secs(earned.into());
            let data = match timeout_at(deadline, self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame.into_data(),
                Ok(Some(Err(fault))) if fault.is::<LengthLimitError>() => return Err(BodyError::TooLarge),
                Ok(Some(Err(fault))) if is_late(&*fault) => return Err(BodyError::TooSlow),
                Ok(Some(Err(_))) => return Err(BodyError::Incomplete),
                Err(_) => return Err(BodyError::TooSlow),
            };
            if let Ok(data) = data
                && data.has_remaining()
            {
                self.length = self.length.saturating_add(data.remaining());
                return Ok(Some(data));
            }
        }
    }
}

/// Returns an error of a body as one of input and output, which keeps whether it is a timeout.
pub(crate) fn to_io_error(fault: BoxError) -> io::Error {
    if is_late(&*fault) {
        io::ErrorKind::TimedOut.into()
    } else {
        io::Error::other(fault)
    }
}

/// Returns whether the error is a timeout of the network reader.
fn is_late(fault: &(dyn std::error::Error + 'static)) -> bool {
    let fault: Option<&io::Error> = fault.downcast_ref();
    fault.is_some_and(|fault| fault.kind() == io::ErrorKind::TimedOut)
}

/// Checks that a body is there and that its media type is that of JSON.
///
/// # Errors
///
/// [`InputError::Invalid`] without a body, [`InputError::MediaType`] for another media type.
pub(crate) fn check_json(headers: &HeaderMap, body: &[u8]) -> Result<(), InputError> {
    if body.is_empty() {
        return Err(InvalidInput::missing("body", None).into());
    }
    if !is_json(headers) || media_type::is_encoded(headers) {
        return Err(InputError::MediaType("the body must be application/json"));
    }
    Ok(())
}

/// Parses a body as JSON of this shape.
///
/// # Errors
///
/// [`InputError`] with the location of each invalid value, and the message of its type.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8], shape: Option<&FieldShape>) -> Result<T, InputError> {
    // More passes find the locations of the errors.
    let explain = |fault| json_fault::explain(&fault, body, json_fault::reader::<T>(), shape);
    strict_json::from_slice(body).map_err(|fault| match <[_; 1]>::try_from(explain(fault)) {
        Ok([only]) => only.into(),
        Err(faults) => InputError::Several(faults),
    })
}

/// Whether the media type is `application/json` or ends in `+json`
/// ([RFC 6839, section 3.1](https://www.rfc-editor.org/rfc/rfc6839#section-3.1)).
fn is_json(headers: &HeaderMap) -> bool {
    let value = media_type::of(headers).unwrap_or_default();
    let essence = media_type::essence(value).to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("application", subtype)) => subtype == "json" || subtype.ends_with("+json"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
    use hyper::body::Frame;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Item {
        #[expect(dead_code, reason = "only that it is read matters")]
        count: u8,
    }

    fn read_json(headers: &HeaderMap, body: &[u8]) -> Result<Item, InputError> {
        check_json(headers, body)?;
        parse_json(body, None)
    }

    fn read(media_type: &'static str, body: &str) -> Result<Item, InputError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        read_json(&headers, body.as_bytes())
    }

    fn fault(body: &str) -> serde_json::Value {
        match read("application/json", body).unwrap_err() {
            InputError::Invalid(fault) => fault.to_json(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn media_types_are_compared_without_case_and_parameters() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.x+json",
        ] {
            assert!(read(good, "{\"count\":1}").is_ok(), "{good}");
        }
        for bad in ["", "text/plain", "text/json", "application/jsonx", "application"] {
            assert_eq!(
                read(bad, "{\"count\":1}").unwrap_err(),
                InputError::MediaType("the body must be application/json"),
                "{bad}"
            );
        }
    }

    #[test]
    fn two_media_types_or_a_coding_are_not_read() {
        let headers = |pairs: &[(http::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, HeaderValue::from_static(value));
            }
            headers
        };
        let json = (CONTENT_TYPE, "application/json");
        for refused in [
            headers(&[json.clone(), json.clone()]),
            headers(&[json.clone(), (CONTENT_TYPE, "text/plain")]),
            headers(&[json.clone(), (CONTENT_ENCODING, "gzip")]),
            headers(&[json.clone(), (CONTENT_ENCODING, "identity"), (CONTENT_ENCODING, "br")]),
        ] {
            let read = read_json(&refused, b"{\"count\":1}");
            assert_eq!(
                read.unwrap_err(),
                InputError::MediaType("the body must be application/json"),
                "{refused:?}"
            );
        }
        let plain = headers(&[json, (CONTENT_ENCODING, "Identity")]);
        assert!(read_json(&plain, b"{\"count\":1}").is_ok());
    }

    #[test]
    fn faults_repeat_nothing_and_name_no_type() {
        assert_eq!(
            fault("{}"),
            json!({ "type": "missing", "loc": ["body", "count"], "msg": "Field required", "input": null })
        );
        assert_eq!(fault("{").get("type"), Some(&json!("json_invalid")));
        assert_eq!(fault("").get("type"), Some(&json!("missing")));
        for body in [
            "\"hunter2\"",
            "{\"count\":\"hunter2\"}",
            "[\"hunter2\"]",
            "{\"count\":1,\"count\":2}",
            "{\"count\":999}",
        ] {
            let text = fault(body).to_string();
            assert!(
                !text.contains("hunter2") && !text.contains("Item") && !text.contains("u8"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_before_it_is_read() {
        let body = http_body_util::Full::new(Bytes::from_static(b"12345"));
        let limits = |bytes| BodyLimits {
            bytes,
            time: Duration::from_secs(1),
        };
        let headers = HeaderMap::new();
        assert_eq!(collect(&headers, body.clone(), limits(5)).await.unwrap(), "12345");
        assert_eq!(
            collect(&headers, body.clone(), limits(4)).await.unwrap_err(),
            BodyError::TooLarge
        );
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("6"))]);
        assert_eq!(
            collect(&headers, body, limits(5)).await.unwrap_err(),
            BodyError::TooLarge
        );
    }

    /// Sends a part of this size each second, and ends after this number of parts.
    fn slowly(size: usize, parts: usize) -> impl Body<Data = Bytes, Error = std::convert::Infallible> {
        let parts = futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let frame = Frame::data(Bytes::from(vec![b'x'; size]));
            (sent < parts).then_some((Ok(frame), sent + 1))
        });
        http_body_util::StreamBody::new(parts)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_is_read_and_one_that_drips_is_not() {
        let limits = BodyLimits {
            bytes: 1024 * 1024,
            time: Duration::from_secs(3),
        };
        let headers = HeaderMap::new();
        let moves = collect(&headers, slowly(LEAST_RATE, 1_000), limits).await;
        assert_eq!(moves.unwrap().len(), 1_000 * LEAST_RATE);
        let begin = Instant::now();
        let drips = collect(&headers, slowly(1, 1_000), limits).await;
        assert_eq!(drips, Err(BodyError::TooSlow));
        assert_eq!(begin.elapsed(), limits.time);
    }
}
