//! Calls out of a log: one a line.

use scopegate_policy::Method;
use serde_json::Value;

/// The method and the path of a call; none where a line holds no call.
///
/// A line is `METHOD PATH`, or holds a request line in quotes as the common log format has it (`"GET /items HTTP/1.1"`), or
/// is of Scopegate's own access log, as text (`method="GET" route="/items"`) or as JSON. Queries are left out.
pub(super) fn call(line: &str) -> Option<(Method, String)> {
    let line = line.trim();
    let (method, path) = json(line)
        .or_else(|| fields(line))
        .or_else(|| quoted(line))
        .or_else(|| plain(line))?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let method = method.to_ascii_uppercase().parse().ok()?;
    path.starts_with('/').then(|| (method, path.to_owned()))
}

/// An object with both, at its top or in its span.
fn json(line: &str) -> Option<(String, String)> {
    if !line.starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let of = |value: &Value| {
        let path = value.get("route").or_else(|| value.get("path"))?;
        Some((value.get("method")?.as_str()?.to_owned(), path.as_str()?.to_owned()))
    };
    of(&value).or_else(|| of(value.get("span")?))
}

/// The fields of a span, as text.
fn fields(line: &str) -> Option<(String, String)> {
    let value = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    Some((value(" method=\"")?, value(" route=\"")?))
}

fn quoted(line: &str) -> Option<(String, String)> {
    let request = line.split('"').nth(1)?;
    let mut words = request.split_ascii_whitespace();
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    version
        .starts_with("HTTP/")
        .then(|| (method.to_owned(), path.to_owned()))
}

fn plain(line: &str) -> Option<(String, String)> {
    let mut words = line.split_ascii_whitespace();
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_every_kind_of_line() {
        for line in [
            "GET /users/42",
            "get /users/42?full=true 200",
            r#"127.0.0.1 - mary [10/Oct/2026:13:55:36 +0000] "GET /users/42?x HTTP/1.1" 200 2326"#,
            r#"2026-11-24T17:43:49Z DEBUG request{request_id="a-1" method="GET" route="/users/42" decision="allow"}: scopegate_http::access: answered"#,
            r#"{"level":"DEBUG","message":"answered","span":{"method":"GET","route":"/users/42","name":"request"}}"#,
            r#"{"method":"GET","path":"/users/42"}"#,
        ] {
            assert_eq!(call(line), Some((Method::Get, "/users/42".to_owned())), "{line}");
        }
    }

    #[test]
    fn what_holds_no_call_is_none() {
        for line in [
            "",
            "GET",
            "GET users",
            "hello /world",
            "{}",
            r#"{"method":"GET"}"#,
            r#"listening address="/x""#,
            "{ GET /x",
        ] {
            assert_eq!(call(line), None, "{line}");
        }
    }
}
