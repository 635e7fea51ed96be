//! The range of a request: [RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14).

/// The part of a file that a request selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selected {
    Whole,
    /// A range with at least one byte.
    Part {
        first: u64,
        last: u64,
    },
    /// The file is shorter.
    Unsatisfiable,
}

/// Reads the value of `Range` for a file of this length. A server may ignore the header ([section
/// 14.2](https://www.rfc-editor.org/rfc/rfc9110#section-14.2)): it is ignored if it is malformed, of
/// another unit, or has several ranges.
pub(super) fn select(value: &[u8], length: u64) -> Selected {
    let end = length.saturating_sub(1);
    match parse(value) {
        None => Selected::Whole,
        Some(Requested::From { first, last }) if first < length => Selected::Part {
            first,
            last: last.min(end),
        },
        Some(Requested::From { .. } | Requested::Suffix(0)) => Selected::Unsatisfiable,
        Some(Requested::Suffix(_)) if length == 0 => Selected::Whole,
        Some(Requested::Suffix(suffix)) => Selected::Part {
            first: length.saturating_sub(suffix),
            last: end,
        },
    }
}

/// A range as it is requested.
enum Requested {
    From {
        first: u64,
        last: u64,
    },
    /// The last bytes.
    Suffix(u64),
}

fn parse(value: &[u8]) -> Option<Requested> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let (unit, range) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match range.trim().split_once('-')? {
        ("", suffix) => number(suffix).map(Requested::Suffix),
        (first, last) => {
            let first = number(first)?;
            let last = if last.is_empty() { u64::MAX } else { number(last)? };
            (first <= last).then_some(Requested::From { first, last })
        }
    }
}

/// A number that is too large is the largest one.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_defines_them() {
        let part = |first, last| Selected::Part { first, last };
        for (value, length, expected) in [
            ("bytes=0-499", 10_000, part(0, 499)),
            ("bytes=-500", 10_000, part(9_500, 9_999)),
            ("bytes=9500-", 10_000, part(9_500, 9_999)),
            ("Bytes= 0-0 ", 10_000, part(0, 0)),
            ("bytes=9999-99999999999999999999999", 10_000, part(9_999, 9_999)),
            ("bytes=-20000", 10_000, part(0, 9_999)),
            ("bytes=10000-", 10_000, Selected::Unsatisfiable),
            ("bytes=99999999999999999999999-", 10_000, Selected::Unsatisfiable),
            ("bytes=-0", 10_000, Selected::Unsatisfiable),
            ("bytes=0-", 0, Selected::Unsatisfiable),
            ("bytes=-1", 0, Selected::Whole),
            ("bytes=0-1,5-6", 10_000, Selected::Whole),
            ("bytes=2-1", 10_000, Selected::Whole),
            ("bytes=-", 10_000, Selected::Whole),
            ("bytes=+1-2", 10_000, Selected::Whole),
            ("bytes=a-b", 10_000, Selected::Whole),
            ("lines=0-1", 10_000, Selected::Whole),
            ("bytes", 10_000, Selected::Whole),
            ("", 10_000, Selected::Whole),
        ] {
            assert_eq!(select(value.as_bytes(), length), expected, "{value} {length}");
        }
    }

    proptest! {
        #[test]
        fn part_is_in_the_file(value in "(bytes=)?[0-9]{0,3}-?[0-9]{0,3}", length in 0_u64..200) {
            if let Selected::Part { first, last } = select(value.as_bytes(), length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
