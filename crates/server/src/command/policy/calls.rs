//! Calls in logs: one in each line.

mod columns;
mod json;
mod logged;

use serde_json::Value;

pub(super) use self::columns::Columns;
pub(super) use self::json::{holds_list, read as read_value, stream};
pub(super) use self::logged::{Call, Logged};
use self::logged::{leading_number, request_line};

/// The call in a line; `None` if the line contains no call.
///
/// A line is `METHOD PATH`, perhaps with a status. Or it holds a request line in quotes and a
/// status, as the common log format has it (`"GET /items HTTP/1.1" 200`). It may be a JSON object
/// of an access log. Or it is a line of Scopegate's own access log, as text (`method="GET"
/// route="/items" .. status=200`) or as JSON.
pub(super) fn read(line: &str) -> Option<Logged> {
    let line = line.trim();
    if line.starts_with('{') {
        let value: Value = serde_json::from_str(line).ok()?;
        return json::read(&value);
    }
    fields(line)
        .or_else(|| quoted(line))
        .or_else(|| plain(line))
        .or_else(|| anywhere(line))
}

/// Whether a line without a call may contain one in an unsupported form: it names a method and a
/// path or URL.
pub(super) fn may_be_call(line: &str) -> bool {
    let mut words = line.split(|character: char| {
        character.is_whitespace() || matches!(character, '"' | '\'' | ',' | ';' | '=' | '|' | '(' | ')' | '[' | ']')
    });
    let is_address = |word: &str| word.starts_with('/') || word.contains("://");
    words.clone().any(is_method_in_capitals) && words.any(is_address)
}

fn is_method_in_capitals(word: &str) -> bool {
    word.parse::<scopegate_policy::Method>().is_ok()
}

/// `name=value` or `name="value"`: the fields of a span of Scopegate's own log, or those of
/// another one.
fn fields(line: &str) -> Option<Logged> {
    let value = |name: &str| {
        let begins = [' ', '{', '\t'].map(|before| format!("{before}{name}="));
        let rest = match line.strip_prefix(&format!("{name}=")) {
            Some(rest) => rest,
            None => begins.iter().find_map(|begin| line.split_once(begin.as_str()))?.1,
        };
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map(|(value, _)| value),
            None => rest.split([' ', '\t', '}', ',']).next(),
        }
    };
    let method = value("method").or_else(|| value("request_method"))?;
    let status = ["status", "status_code", "code"];
    let status = status.into_iter().find_map(|name| value(name).and_then(leading_number));
    if let Some(route) = value("route") {
        return Some(Logged::new(method, route, status)?.of_template());
    }
    let address = ["path", "uri", "url", "request_uri", "target"];
    Logged::new(method, address.into_iter().find_map(value)?, status)
}

/// A request line in quotes, followed by its status. Logs of load balancers have the status before
/// the request line, with the status of the target and two counts of bytes.
fn quoted(line: &str) -> Option<Logged> {
    let mut parts = line.split('"');
    let before = parts.next()?;
    let (method, address) = request_line(parts.next()?)?;
    let behind = parts.next().and_then(|rest| leading_number(rest.trim_start()));
    let status = behind.or_else(
        || match before.split_ascii_whitespace().rev().take(4).collect::<Vec<_>>()[..] {
            [sent, received, _, status] if is_count(sent) && is_count(received) => leading_number(status),
            _ => None,
        },
    );
    Logged::new(method, address, status)
}

fn is_count(text: &str) -> bool {
    text == "-" || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A known method in capitals before an address, anywhere in the line. The status is behind the
/// address, the first word of the line, or in a column between bars.
fn anywhere(line: &str) -> Option<Logged> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    words.windows(2).enumerate().find_map(|(place, pair)| {
        let [method, address] = pair else { return None };
        let method = method.trim_matches(['"', '\'', '[', '(']);
        let address = address.trim_matches(['"', '\'', ']', ')', ',']);
        let (before, rest) = words.split_at_checked(place)?;
        let mut behind = rest.iter().skip(2).filter(|word| !word.starts_with("HTTP/"));
        let column = before.windows(3).find_map(|columns| match columns {
            ["|", status, "|"] => whole_status(status),
            _ => None,
        });
        let first = match before {
            [only] => whole_status(only),
            _ => None,
        };
        let status = behind.next().and_then(|word| whole_status(word)).or(column).or(first);
        is_method_in_capitals(method)
            .then(|| Logged::new(method, address, status))
            .flatten()
    })
}

/// A status alone: three digits of a class that HTTP defines.
fn whole_status(word: &str) -> Option<u16> {
    let status = leading_number(word).filter(|_| word.len() == 3)?;
    (100..600).contains(&status).then_some(status)
}

/// A line that begins with a method in capitals, or with a known one.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that a line is a call of `GET /users/42`.
    fn is_read(line: &str, is_template: bool, status: Option<u16>) {
        let logged = read(line).unwrap_or_else(|| panic!("{line}"));
        let call = (logged.call.method.as_str(), logged.call.address.as_str());
        assert_eq!(
            (call, logged.call.is_template, logged.status),
            (("GET", "/users/42"), is_template, status),
            "{line}"
        );
    }

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
            is_read(line, is_template, status);
        }
        let url = read("PROPFIND https://mary:word@api.example/x?token=1 207").unwrap();
        assert_eq!(
            (url.call.method.as_str(), url.call.address.as_str()),
            ("PROPFIND", "https://api.example/x")
        );
    }

    #[test]
    fn a_call_is_read_from_logs_of_clouds_and_proxies() {
        for (line, is_template, status) in [
            (
                r#"{"request":"GET /users/42?x HTTP/1.1","status":"403"}"#,
                false,
                Some(403),
            ),
            (
                r#"{"jsonPayload":{"httpRequest":{"requestMethod":"GET","requestUrl":"/users/42"}},"status":401}"#,
                false,
                Some(401),
            ),
            (
                r#"{"attributes":{"http.request.method":"GET","url.path":"/users/42","http.response.status_code":404}}"#,
                false,
                Some(404),
            ),
            (
                r#"{"http.method":"GET","http.target":"/users/42","http.status_code":200}"#,
                false,
                Some(200),
            ),
            (
                r#"h2 2026-03-02T08:00:00Z app/lb/5 1.2.3.4:2 10.0.0.1:80 0.1 0.2 0.0 403 - 34 57 "GET /users/42 HTTP/2.0" "curl/8" - -"#,
                false,
                Some(403),
            ),
            (
                r#"at=info method=GET path="/users/42?x" host=any.example status=405 bytes=7"#,
                false,
                Some(405),
            ),
            (
                r#"[GIN] 2026/11/24 - 17:43:49 | 403 |   1.2ms |   127.0.0.1 | GET      "/users/42""#,
                false,
                Some(403),
            ),
            ("405 GET /users/42", false, Some(405)),
            ("2026-03-02T08:00:00Z GET /users/42 401 12ms", false, Some(401)),
            (r#"10.0.0.1 "GET /users/42" 404 7"#, false, Some(404)),
            ("[404] worker 404 GET /users/42", false, None),
            (
                "[2026-03-02T08:00:00.000Z] [info] request \"GET /users/42\" finished",
                false,
                None,
            ),
        ] {
            is_read(line, is_template, status);
        }
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
            "GET of a /path",
            "{ GET /x",
            r#"a - - [x] "-" 400 0"#,
            "OPTIONS * 200",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
