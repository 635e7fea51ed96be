//! Decodes a part of a form or query by code that the server does not share.

use scopegate_gate::fuzzing::oracle;

/// Returns a part as text. `None`: it is not UTF-8, or a `%` begins no escape.
pub(super) fn text(raw: &[u8]) -> Option<String> {
    let is_escape = |begin: usize| {
        let digits = raw.get(begin + 1..begin + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut percents = raw.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    percents
        .all(|(begin, _)| is_escape(begin))
        .then(|| oracle::decode(raw, true).ok())?
}
