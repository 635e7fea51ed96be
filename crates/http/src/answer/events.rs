//! Server-sent events: the [HTML standard, section
//! 9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html).

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::{pending, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyStream;
use scopegate_domain::{Clock, SystemClock, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{Answer, SUCCESS};
use crate::description::OperationDescription;
use crate::response_body::{Response, ResponseBody, with_type};
use crate::stream_end::StreamEnd;

/// A stream of events, `text/event-stream`, which no cache keeps. The response ends with the
/// stream, and no later than the credential of the request expires. A browser then connects again.
/// [`Gate::end_streams`](crate::Gate::end_streams) ends it at a shutdown.
///
/// ```
/// use futures_util::stream;
/// use scopegate_http::answer::{Answer, Event, Sse};
///
/// let events = stream::iter([Event::text("first"), Event::text("second").named("note")]);
/// let response = Sse(events).into_response();
/// assert_eq!(response.headers()["content-type"], "text/event-stream");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct Sse<S>(pub S);

/// Marks a response whose body ends when the credential of the request expires, or when the program
/// stops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndsEarly;

/// Ends the body of a marked response at this end.
pub(crate) fn end_marked(mut response: Response, end: impl FnOnce() -> StreamEnd) -> Response {
    if response.extensions_mut().remove::<EndsEarly>().is_none() {
        return response;
    }
    response.map(|body| {
        let parts = BodyStream::new(body).try_filter_map(|frame| ready(Ok(frame.into_data().ok())));
        ResponseBody::streamed(parts.take_until(end().reached()))
    })
}

/// Returns the time until a moment.
pub(crate) fn time_left(until: Timestamp, clock: &dyn Clock) -> Duration {
    let seconds = until.seconds_since(clock.now());
    Duration::from_secs(seconds.try_into().unwrap_or_default())
}

/// One event of a stream.
///
/// ```
/// use scopegate_http::answer::Event;
///
/// let event = Event::text("two\nlines").named("note").with_id("7");
/// assert_eq!(event.to_string(), "event: note\nid: 7\ndata: two\ndata: lines\n\n");
/// assert_eq!(Event::comment("alive").to_string(), ": alive\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    field: &'static str,
    data: String,
    name: Option<String>,
    id: Option<String>,
}

impl Event {
    /// Creates an event with a text.
    #[must_use]
    pub fn text(data: impl Into<String>) -> Self {
        Self {
            field: "data",
            data: data.into(),
            name: None,
            id: None,
        }
    }

    /// Creates an event with data as JSON.
    ///
    /// # Errors
    ///
    /// The error of serde, if the data cannot be written as JSON.
    pub fn json(data: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(data).map(Self::text)
    }

    /// Creates a comment. Clients ignore it; it keeps a silent connection open.
    #[must_use]
    pub fn comment(text: impl Into<String>) -> Self {
        Self {
            field: "",
            ..Self::text(text)
        }
    }

    /// Sets the type of the event. Default: `message`. A line break ends the name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the id, which a client sends as `Last-Event-ID` when it connects again. Default: none.
    /// A line break or a NUL ends the id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

// SECURITY: a value cannot add a field or an event, because each line of it is written as a line of
// its own field. Tested by `no_value_adds_a_field`.
impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_end = |character| matches!(character, '\r' | '\n' | '\0');
        for (field, value) in [("event", &self.name), ("id", &self.id)] {
            if let Some(value) = value {
                writeln!(f, "{field}: {}", value.split(is_end).next().unwrap_or_default())?;
            }
        }
        for line in self.data.replace("\r\n", "\n").split(['\r', '\n']) {
            writeln!(f, "{}: {line}", self.field)?;
        }
        f.write_char('\n')
    }
}

impl<S: Stream<Item = Event> + Send + Sync + 'static> Sse<S> {
    /// Sends an empty comment after each period without an event, so that no proxy closes the
    /// connection, and a client that has left is noticed. Default: none.
    #[must_use]
    pub fn keep_alive(self, period: Duration) -> Sse<impl Stream<Item = Event> + Send + Sync + 'static> {
        let events = Box::pin(self.0);
        Sse(stream::unfold(events, move |mut events| async move {
            let next = match timeout(period, events.next()).await {
                Ok(next) => next?,
                Err(_) => Event::comment(""),
            };
            Some((next, events))
        }))
    }

    /// Ends the stream at a time, if the credential does not expire before. Default: none.
    #[must_use]
    pub fn ends_at(self, time: Option<Timestamp>) -> Sse<impl Stream<Item = Event> + Send + Sync + 'static> {
        let end = async move {
            match time {
                None => pending().await,
                Some(time) => sleep(time_left(time, &SystemClock)).await,
            }
        };
        Sse(self.0.take_until(end))
    }
}

impl<S: Stream<Item = Event> + Send + Sync + 'static> Answer for Sse<S> {
    fn into_response(self) -> Response {
        let parts = self.0.map(|event| Ok::<_, Infallible>(Bytes::from(event.to_string())));
        let mut response = with_type("text/event-stream", ResponseBody::streamed(parts));
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(EndsEarly);
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.content_response(
            StatusCode::OK,
            SUCCESS,
            "text/event-stream",
            &json!({ "type": "string" }),
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads events as a browser does: lines end at `\r\n`, `\n` or `\r`.
    fn read(text: &str) -> Vec<(String, String)> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines = text.split('\n').filter(|line| !line.is_empty());
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        };
        lines.map(field).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn silent_stream_is_kept_alive() {
        let later = stream::once(async {
            sleep(Duration::from_secs(25)).await;
            Event::text("late")
        });
        let events: Vec<String> = Sse(later)
            .keep_alive(Duration::from_secs(10))
            .0
            .map(|event| event.to_string())
            .collect()
            .await;
        assert_eq!(events, [": \n\n", ": \n\n", "data: late\n\n"]);
    }

    #[tokio::test(start_paused = true)]
    async fn stream_ends_at_its_time() {
        let endless = || {
            stream::repeat(Event::text("x")).then(async |event| {
                sleep(Duration::from_secs(1)).await;
                event
            })
        };
        let past = Some(Timestamp::from_unix(0));
        assert_eq!(Sse(endless()).ends_at(past).0.count().await, 0);
        let soon = Some(SystemClock.now() + scopegate_domain::Lifetime::from_seconds(10));
        let count = Sse(endless()).ends_at(soon).0.count().await;
        assert!((8..=10).contains(&count), "{count}");
        assert_eq!(Sse(endless()).ends_at(None).0.take(50).count().await, 50);
    }

    proptest! {
        #[test]
        fn no_value_adds_a_field(data in "[a:\r\n\0 ]{0,12}", name in "[a:\r\n\0 ]{0,6}", id in "[a:\r\n\0 ]{0,6}") {
            let written = Event::text(data.as_str()).named(name).with_id(id).to_string();
            let fields = read(&written);
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(names.first(), Some(&"event"));
            prop_assert_eq!(names.get(1), Some(&"id"));
            prop_assert!(names.iter().skip(2).all(|name| *name == "data"));
            let lines = data.replace("\r\n", "\n").replace('\r', "\n");
            let read: Vec<&str> = fields.iter().skip(2).map(|(_, value)| value.as_str()).collect();
            prop_assert_eq!(read.join("\n"), lines);
            prop_assert!(written.ends_with("\n\n") && written.matches("\n\n").count() == 1);
        }
    }
}
