//! Percent-encoding of query parameters: [RFC 3986, section
//! 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1).

use std::fmt::Write;

/// Appends a parameter to a query. Every byte that is not unreserved is encoded.
pub(crate) fn push_pair(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    push(query, name);
    query.push('=');
    push(query, value);
}

/// Returns a URI with these parameters added to its query.
pub(crate) fn with_query(uri: &str, added: &str) -> String {
    let separator = match uri.split_once('?') {
        _ if added.is_empty() => "",
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{added}")
}

fn push(to: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}
