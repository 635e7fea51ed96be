//! Validates path templates by the rules of OpenAPI's [Paths
//! Object](https://spec.openapis.org/oas/v3.1.1#paths-object).

use std::collections::HashMap;

use scopegate_policy::{OperationTable, anonymous_template};

use crate::gate_error::GateError;

/// Returns the error of a template, with the remedy; `None` for a valid one.
pub(crate) fn fault(template: &str) -> Option<&'static str> {
    let Some(rest) = template.strip_prefix('/') else {
        return Some("matches no path; begin it with a slash");
    };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if let Some(fault) = segment_fault(segment, is_last) {
            return Some(fault);
        }
    }
    None
}

fn segment_fault(segment: &str, is_last: bool) -> Option<&'static str> {
    // The path `/` and a slash at the end are valid.
    if segment.is_empty() && !is_last {
        return Some("has two slashes in a row; remove one");
    }
    if segment.contains(['?', '#']) {
        return Some("contains a query or a fragment; read the query by an input");
    }
    if segment == "." || segment == ".." {
        return Some("contains a dot segment, which clients resolve before they send it; remove it");
    }
    if segment.starts_with([':', '<', '*']) {
        return Some("contains a parameter in the style of another framework; write it in braces, such as `{id}`");
    }
    if segment.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Some(
            "contains white space, which no request target has; encode it in the client, or choose another path",
        );
    }
    if segment.contains('%') {
        return Some("contains a percent sign, and it is compared with the decoded path; write the character itself");
    }
    let Some((_, after)) = segment.split_once('{') else {
        let is_closed = segment.contains('}');
        return is_closed
            .then_some("closes a brace that it does not open; parameters are names in braces, such as `{id}`");
    };
    let Some((name, after)) = after.split_once('}') else {
        return Some("opens a brace that it does not close; parameters are names in braces, such as `{id}`");
    };
    let plain = name.strip_prefix('*').unwrap_or(name);
    if plain.is_empty()
        || !plain
            .chars()
            .all(|character| character.is_alphanumeric() || "_-.".contains(character))
    {
        return Some("has a parameter whose name is not made of letters, digits, `_`, `-` and `.`; rename it");
    }
    if name.len() > plain.len() && !(is_last && after.is_empty()) {
        return Some("has a parameter for the rest of the path that is not its end; move it to the end");
    }
    after
        .contains(['{', '}'])
        .then_some("has two parameters in one segment; put a slash between them")
}

/// Returns the error of a template with characters that clients encode in a path; `None` for a
/// template that has the same form in each request.
pub(crate) fn encoded(template: &str) -> Option<&'static str> {
    let mut literal = String::with_capacity(template.len());
    for part in template.split('}') {
        literal.push_str(part.split_once('{').map_or(part, |(before, _)| before));
    }
    // The characters of a segment, RFC 3986, section 3.3.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
    let has_other = !literal.bytes().all(is_plain);
    has_other.then_some(
        "contains a character that clients percent-encode, and the router may compare another form of it; use \
         letters, digits and `-._~!$&'()*+,;=:@`",
    )
}

/// Refuses templates that match the same paths with other names of parameters, for any methods.
pub(crate) fn refuse_other_names(table: &OperationTable) -> Result<(), GateError> {
    let mut seen = HashMap::with_capacity(table.operations().len());
    for operation in table.operations() {
        let first = seen
            .entry(anonymous_template(operation.template()))
            .or_insert(operation);
        if first.template() != operation.template() {
            return Err(GateError::TemplateNames {
                operation: operation.to_string(),
                other: first.to_string(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_that_clients_encode_has_a_fault() {
        for plain in ["/", "/a/{id}", "/a.b/~c:d@e;f=g,h/{*rest}", "/{\u{e9}}-x"] {
            assert_eq!(encoded(plain), None, "{plain}");
        }
        for other in ["/\u{e9}", "/a|b/{id}", "/{id}/a^b", "/{id}\u{e9}", "/a\\b", "/\"a\""] {
            assert!(
                encoded(other).is_some_and(|fault| fault.contains("percent-encode")),
                "{other}"
            );
        }
    }

    #[test]
    fn templates_that_match_nothing_have_a_fault() {
        for good in [
            "/",
            "/users",
            "/users/",
            "/users/{id}",
            "/users/{id}/x-{item}",
            "/files/{*rest}",
            "/a.b/~c:d@e",
            "/a*b",
            "/chat.postMessage",
            "/lamps:switch",
            "/\u{e9}t\u{e9}",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, says) in [
            ("", "begin it with a slash"),
            ("noslash", "begin it with a slash"),
            ("{id}", "begin it with a slash"),
            ("//a", "two slashes"),
            ("/a//b", "two slashes"),
            ("/n/:id", "in braces"),
            ("/n/<id>", "in braces"),
            ("/n/*", "in braces"),
            ("/n/*rest", "in braces"),
            ("/%41", "percent sign"),
            ("/a/b%20c", "percent sign"),
            ("/{id}%2F", "percent sign"),
            ("/{a}{b}", "two parameters"),
            ("/{a}-{b}", "two parameters"),
            ("/{}", "rename it"),
            ("/{*}", "rename it"),
            ("/{a b}", "white space"),
            ("/{a*}", "rename it"),
            ("/{*rest}/x", "move it to the end"),
            ("/{*rest}.json", "move it to the end"),
            ("/a/{id", "does not close"),
            ("/a/id}", "does not open"),
            ("/a?b", "query"),
            ("/a#b", "fragment"),
            ("/a/../b", "dot segment"),
            ("/a b", "white space"),
        ] {
            assert!(
                fault(bad).is_some_and(|fault| fault.contains(says)),
                "{bad}: {:?}",
                fault(bad)
            );
        }
    }
}
