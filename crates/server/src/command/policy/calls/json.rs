//! Calls in JSON: members of access logs by the names that servers, proxies and clouds give them.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::logged::{Logged, request_line};

/// The members of access logs: method and address. The first pair that an object has counts.
const SHAPES: [(&str, &str); 21] = [
    ("/httpRequest/requestMethod", "/httpRequest/requestUrl"),
    ("/request/method", "/request/uri"),
    ("/request/method", "/request/url"),
    ("/request/method", "/request/path"),
    ("/req/method", "/req/url"),
    ("/http/request/method", "/url/full"),
    ("/http/request/method", "/url/original"),
    ("/http/request/method", "/url/path"),
    ("/http.request.method", "/url.full"),
    ("/http.request.method", "/url.path"),
    ("/http.method", "/http.target"),
    ("/http.method", "/http.url"),
    ("/request_method", "/request_uri"),
    ("/RequestMethod", "/RequestPath"),
    ("/ClientRequestMethod", "/ClientRequestURI"),
    ("/cs-method", "/cs-uri-stem"),
    ("/httpMethod", "/path"),
    ("/httpMethod", "/requestUri"),
    ("/requestMethod", "/requestUrl"),
    ("/requestMethod", "/requestUri"),
    ("/request_method", "/uri"),
];
/// The members that contain an address next to a member `method`.
const ADDRESSES: [&str; 6] = ["/path", "/url", "/uri", "/target", "/request_uri", "/requestUri"];
/// The members that contain a whole request line.
const LINES: [&str; 4] = ["/request", "/request_line", "/requestLine", "/http_request"];
/// The members that contain a status.
const STATUSES: [&str; 19] = [
    "/httpRequest/status",
    "/response/status",
    "/response/statusCode",
    "/response/status_code",
    "/res/statusCode",
    "/res/status",
    "/http/response/status_code",
    "/http.response.status_code",
    "/http.status_code",
    "/DownstreamStatus",
    "/EdgeResponseStatus",
    "/sc-status",
    "/status_code",
    "/statusCode",
    "/response_code",
    "/responseCode",
    "/httpStatus",
    "/OriginStatus",
    "/status",
];
/// The maximum length of a log of JSON objects that take several lines, in bytes. A list may be
/// longer.
const MAX_OBJECT: u64 = 64 * 1024 * 1024;
/// Maximum depth of an object in others, such as `jsonPayload`.
const MAX_DEPTH: usize = 3;

/// The call of an object, or of the first object in it that has one.
pub(crate) fn read(value: &Value) -> Option<Logged> {
    own(value)
        .or_else(|| in_object(value, MAX_DEPTH))
        .map(|logged| match logged.status {
            Some(_) => logged,
            None => Logged {
                status: status(value),
                ..logged
            },
        })
}

fn in_object(value: &Value, depth: usize) -> Option<Logged> {
    let read = access(value).map(|logged| Logged {
        status: status(value),
        ..logged
    });
    if read.is_some() || depth == 0 {
        return read;
    }
    let mut members = value.as_object()?.values().filter(|member| member.is_object());
    members.find_map(|member| in_object(member, depth - 1))
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn access(value: &Value) -> Option<Logged> {
    let by_method = ADDRESSES.into_iter().map(|address| ("/method", address));
    let mut shapes = SHAPES.into_iter().chain(by_method);
    let by_shape = shapes.find_map(|(method, address)| Logged::new(text(value, method)?, text(value, address)?, None));
    by_shape.or_else(|| {
        LINES.into_iter().find_map(|line| {
            let (method, address) = request_line(text(value, line)?)?;
            Logged::new(method, address, None)
        })
    })
}

fn status(value: &Value) -> Option<u16> {
    STATUSES.into_iter().find_map(|pointer| number(value.pointer(pointer)?))
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A line of Scopegate's own access log.
fn own(value: &Value) -> Option<Logged> {
    ["", "/span"].into_iter().find_map(|span| {
        let member = |name: &str| text(value, &format!("{span}/{name}"));
        let statuses = [
            format!("{span}/status"),
            "/status".to_owned(),
            "/fields/status".to_owned(),
        ];
        let status = statuses.iter().find_map(|pointer| number(value.pointer(pointer)?));
        Some(Logged::new(member("method")?, member("route")?, status)?.of_template())
    })
}

/// Whether an object has calls in a list, and is not a call itself.
pub(crate) fn holds_list(value: &Value) -> bool {
    let mut is_found = false;
    values(value, &mut |item| {
        is_found |= !std::ptr::eq(item, value) && read(item).is_some();
    });
    is_found
}

/// Reads the values of a log that is not one object in each line. It reads the values of a list one
/// by one, and those of the lists in objects.
pub(crate) fn stream(source: impl Read, add: &mut dyn FnMut(&Value)) -> serde_json::Result<()> {
    let mut source = BufReader::new(source);
    let is_list = source
        .fill_buf()
        .map_err(serde_json::Error::io)?
        .trim_ascii_start()
        .starts_with(b"[");
    if is_list {
        let mut deserializer = serde_json::Deserializer::from_reader(source);
        Items(add).deserialize(&mut deserializer)?;
        return deserializer.end();
    }
    // Each of these is held as a whole.
    let source = source.take(MAX_OBJECT);
    for value in serde_json::Deserializer::from_reader(source).into_iter::<Value>() {
        values(&value?, add);
    }
    Ok(())
}

/// Passes the items of a list on, and keeps none.
struct Items<'a>(&'a mut dyn FnMut(&Value));

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element::<Value>()? {
            values(&item, self.0);
        }
        Ok(())
    }
}

fn values<'v>(value: &'v Value, add: &mut dyn FnMut(&'v Value)) {
    fn inside<'v>(value: &'v Value, depth: usize, add: &mut dyn FnMut(&'v Value)) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| inside(item, depth, add)),
            Value::Object(members) if depth > 0 && read(value).is_none() => {
                let lists = members
                    .values()
                    .filter(|member| member.is_array() || member.is_object());
                lists.for_each(|list| inside(list, depth - 1, add));
            }
            Value::Object(_) => add(value),
            _ => {}
        }
    }
    inside(value, MAX_DEPTH, add);
}
