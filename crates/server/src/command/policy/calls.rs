//! Calls in logs: one in each line.

use serde_json::Value;

/// A call of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) method: String,
    /// Path or URL, without query and fragment.
    pub(super) address: String,
    /// Whether the address is a template of the policy.
    pub(super) is_template: bool,
}

/// A call with the status of its answer, where the line has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) call: Call,
    status: Option<u16>,
}

impl Logged {
    fn new(method: &str, address: &str, status: Option<u16>) -> Option<Self> {
        let method = method.to_ascii_uppercase();
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let is_address = address.starts_with('/') || address.contains("://");
        (is_method && is_address).then(|| Self {
            call: Call {
                method,
                address: without_user(address),
                is_template: false,
            },
            status,
        })
    }

    /// Whether the call was refused, or reached no operation: it used no scope.
    pub(super) const fn is_refused(&self) -> bool {
        matches!(self.status, Some(401 | 403 | 404 | 405))
    }

    fn of_template(mut self) -> Self {
        self.call.is_template = true;
        self
    }
}

/// A URL without user name and password.
fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// The call of a line; `None` if the line holds no call.
///
/// A line is `METHOD PATH`, perhaps with a status, or it holds a request line in quotes and a
/// status, as the common log format has it (`"GET /items HTTP/1.1" 200`). It may be a JSON object
/// of an access log, or a line of Scopegate's own access log, as text (`method="GET" route="/items"
/// .. status=200`) or as JSON.
pub(super) fn read(line: &str) -> Option<Logged> {
    let line = line.trim();
    if line.starts_with('{') {
        return json(line);
    }
    fields(line).or_else(|| quoted(line)).or_else(|| plain(line))
}

/// The members of access logs as JSON: method, address, status. The first one that a line has
/// counts.
const SHAPES: [(&str, &str, &[&str]); 14] = [
    (
        "/httpRequest/requestMethod",
        "/httpRequest/requestUrl",
        &["/httpRequest/status", "/status"],
    ),
    ("/request/method", "/request/uri", &["/status", "/response/status"]),
    ("/request/method", "/request/url", &["/response/status", "/status"]),
    ("/req/method", "/req/url", &["/res/statusCode", "/statusCode"]),
    ("/http/request/method", "/url/full", &["/http/response/status_code"]),
    ("/http/request/method", "/url/path", &["/http/response/status_code"]),
    ("/request_method", "/request_uri", &["/status"]),
    (
        "/RequestMethod",
        "/RequestPath",
        &["/DownstreamStatus", "/OriginStatus"],
    ),
    ("/httpMethod", "/path", &["/status", "/statusCode"]),
    ("/requestMethod", "/requestUrl", &["/status"]),
    (
        "/method",
        "/path",
        &["/status", "/status_code", "/statusCode", "/response_code"],
    ),
    ("/method", "/url", &["/status", "/status_code", "/statusCode"]),
    ("/method", "/uri", &["/status", "/status_code", "/statusCode"]),
    ("/method", "/target", &["/status", "/status_code", "/statusCode"]),
];

fn json(line: &str) -> Option<Logged> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let status = |pointers: &[&str]| {
        let mut values = pointers.iter().filter_map(|pointer| value.pointer(pointer));
        values.find_map(|value| match value {
            Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    };
    let own = ["", "/span"].into_iter().find_map(|span| {
        let (method, route) = (text(&format!("{span}/method"))?, text(&format!("{span}/route"))?);
        let status = status(&[&format!("{span}/status"), "/status", "/fields/status"]);
        Some(Logged::new(method, route, status)?.of_template())
    });
    own.or_else(|| {
        let spanned = ["/span", ""].into_iter().find_map(|span| {
            let (method, path) = (text(&format!("{span}/method"))?, text(&format!("{span}/path"))?);
            Logged::new(method, path, status(&[&format!("{span}/status"), "/status"]))
        });
        let mut shapes = SHAPES.iter();
        shapes
            .find_map(|(method, address, statuses)| Logged::new(text(method)?, text(address)?, status(statuses)))
            .or(spanned)
    })
}

/// The fields of a span, as text.
fn fields(line: &str) -> Option<Logged> {
    let value = |name: &str| {
        let begin = |before: char| line.split_once(&format!("{before}{name}=\""));
        let (_, rest) = begin(' ').or_else(|| begin('{'))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let status = line.split_once(" status=").and_then(|(_, rest)| leading_number(rest));
    Some(Logged::new(value("method")?, value("route")?, status)?.of_template())
}

fn quoted(line: &str) -> Option<Logged> {
    let mut parts = line.split('"').skip(1);
    let mut words = parts.next()?.split_ascii_whitespace();
    let (method, address, version) = (words.next()?, words.next()?, words.next()?);
    let status = parts.next().and_then(|rest| leading_number(rest.trim_start()));
    if !version.starts_with("HTTP/") {
        return None;
    }
    Logged::new(method, address, status)
}

/// Words that begin with a method in capitals, or with one that is known.
fn plain(line: &str) -> Option<Logged> {
    let mut words = line.split_ascii_whitespace();
    let (method, address) = (words.next()?, words.next()?);
    let status = words.find(|word| !word.starts_with("HTTP/")).and_then(leading_number);
    let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase()) || method_of(method).is_some();
    is_method.then(|| Logged::new(method, address, status)).flatten()
}

/// The method of a call, if the policy can have it.
pub(super) fn method_of(method: &str) -> Option<scopegate_policy::Method> {
    method.to_ascii_uppercase().parse().ok()
}

/// A status at the start of a text: three digits.
fn leading_number(text: &str) -> Option<u16> {
    let digits = text.split(|character: char| !character.is_ascii_digit()).next()?;
    (digits.len() == 3).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_every_kind_of_line() {
        for (line, is_template, status) in [
            ("GET /users/42", false, None),
            ("get /users/42?full=true 200", false, Some(200)),
            ("GET /users/42 HTTP/1.1 404", false, Some(404)),
            (
                r#"127.0.0.1 - mary [10/Oct/2026:13:55:36 +0000] "GET /users/42?x HTTP/1.1" 200 2326"#,
                false,
                Some(200),
            ),
            (
                r#"2026-11-24T17:43:49Z DEBUG request{request_id="a-1" method="GET" route="/users/42" decision="deny" status=403}: scopegate_http::access: answered"#,
                true,
                Some(403),
            ),
            (
                r#"{"level":"DEBUG","message":"answered","span":{"method":"GET","route":"/users/42","name":"request","status":401}}"#,
                true,
                Some(401),
            ),
            (r#"{"method":"GET","path":"/users/42"}"#, false, None),
            (
                r#"{"method":"get","url":"/users/42?a","status":"405"}"#,
                false,
                Some(405),
            ),
            (
                r#"{"severity":"INFO","httpRequest":{"requestMethod":"GET","requestUrl":"/users/42","status":"200"}}"#,
                false,
                Some(200),
            ),
            (
                r#"{"request":{"method":"GET","uri":"/users/42"},"status":204}"#,
                false,
                Some(204),
            ),
        ] {
            let expected = Logged {
                call: Call {
                    method: "GET".to_owned(),
                    address: "/users/42".to_owned(),
                    is_template,
                },
                status,
            };
            assert_eq!(read(line), Some(expected), "{line}");
        }
        let url = read("PROPFIND https://mary:word@api.example/x?token=1 207").unwrap();
        assert_eq!(
            (url.call.method.as_str(), url.call.address.as_str()),
            ("PROPFIND", "https://api.example/x")
        );
    }

    #[test]
    fn a_refused_call_is_known_by_its_status() {
        for (status, is_refused) in [
            (200, false),
            (301, false),
            (400, false),
            (401, true),
            (403, true),
            (404, true),
            (405, true),
            (500, false),
        ] {
            let line = format!("a - - [x] \"GET /y HTTP/1.1\" {status} 5");
            assert_eq!(read(&line).unwrap().is_refused(), is_refused, "{status}");
        }
        assert!(!read("GET /y").unwrap().is_refused());
    }

    #[test]
    fn a_line_without_a_call_is_none() {
        for line in [
            "",
            "GET",
            "GET users",
            "hello /world",
            "{}",
            r#"{"method":"GET"}"#,
            r#"listening address="/x""#,
            "{ GET /x",
            r#"a - - [x] "-" 400 0"#,
            "OPTIONS * 200",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
