//! The path of a request: decoded once, for the look-up and for its parameters alike.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Decodes the percent-encoding of a path; `None` if the result is not UTF-8.
///
/// SECURITY: this is the only decoding. Its result is looked up, guarded and passed to the handler.
/// No later decision reads the raw path (http/tests/it/gate.rs,
/// `one_decoding_one_look_up_then_the_guard`).
#[must_use]
pub fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    percent_decode_str(raw).decode_utf8().ok()
}

/// The bytes that must be encoded in the path of a `Location`.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\');

/// Encodes a decoded path for a header.
#[must_use]
pub fn encode(path: &str) -> String {
    utf8_percent_encode(path, RESERVED).to_string()
}

/// Returns the reference from the raw path of a request to another path of the same site, relative
/// to the request ([RFC 3986, section 4.2](https://www.rfc-editor.org/rfc/rfc3986#section-4.2)). It
/// leads there too if a proxy replaces the folders that both paths share.
///
/// SECURITY: it begins with `./` or `../`, so no path of a request makes it lead to another host
/// (http/tests/it/gate.rs, `redirect_stays_on_this_host`).
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let folders = |path: &str| path.matches('/').count().saturating_sub(1);
    let same = from.split('/').zip(to.split('/')).skip(1);
    let same = same
        .take(folders(from).min(folders(to)))
        .take_while(|(one, other)| one == other);
    let same = same.count();
    let up = folders(from) - same;
    let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    let rest: Vec<&str> = to.split('/').skip(1 + same).collect();
    start + &rest.join("/")
}

/// Encodes a query for a header: unchanged, except for bytes that a header cannot contain.
#[must_use]
pub fn encode_query(query: &str) -> String {
    utf8_percent_encode(query, CONTROLS).to_string()
}

/// Returns the names of a template's parameters, in order: `/users/{id}/items/{item}` has `id` and
/// `item`.
pub fn parameter_names(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim_start_matches('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_the_order_of_the_template() {
        let names: Vec<_> = parameter_names("/users/{id}/items/x-{item}/{*rest}").collect();
        assert_eq!(names, ["id", "item", "rest"]);
        assert_eq!(parameter_names("/status/").count(), 0);
    }

    #[test]
    fn references_are_relative_to_the_request() {
        for (from, to, reference) in [
            ("/", "/docs", "./docs"),
            ("/token/", "/token", "../token"),
            ("/users/me", "/users/me/", "./me/"),
            ("/v1/status/", "/v1/status", "../status"),
            ("/a/b/c", "/a/d", "../d"),
            ("/users%2Fme", "/users/me/", "./users/me/"),
            ("/open//", "/open", "../../open"),
            ("*", "/a:b", "./a:b"),
            ("/x", "//evil.example", ".//evil.example"),
            ("/a/", "/a//", ".//"),
        ] {
            assert_eq!(relative(from, to), reference, "{from}");
        }
    }

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decode("/a%2Fb%2573").as_deref(), Some("/a/b%73"));
        assert_eq!(decode("/%zz%").as_deref(), Some("/%zz%"));
        assert_eq!(decode("/%ff"), None);
    }
}
