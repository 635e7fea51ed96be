//! The first byte in which a redirect URI differs from a registered one.

use scopegate_domain::{RedirectUri, RedirectUriKind};

/// The start of a registered loopback URI.
const HTTP: &str = "http://";

/// The first different byte of two URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Its place in the sent URI, from 1.
    pub(super) at: usize,
    /// The byte of the registered URI. `None`: it has ended.
    pub(super) registered: Option<u8>,
    /// The byte of the sent URI. `None`: it has ended.
    pub(super) sent: Option<u8>,
}

impl Difference {
    pub(super) fn text(self) -> String {
        let at = self.at;
        match (self.registered, self.sent) {
            (Some(registered), Some(sent)) => {
                format!("byte {at} is {}, and {} is registered", byte(sent), byte(registered))
            }
            (Some(registered), None) => format!("it ends at byte {at}, where {} is registered", byte(registered)),
            (None, Some(sent)) => format!("byte {at} is {}, and the registered URI has ended", byte(sent)),
            (None, None) => format!("it is longer than {} bytes", RedirectUri::MAX_LEN),
        }
    }
}

fn byte(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!("`{}`", char::from(byte))
    } else {
        format!("0x{byte:02x}")
    }
}

/// Returns the registered URI that is nearest to a sent one, with the first difference.
pub(super) fn nearest<'u>(registered: &'u [RedirectUri], sent: &str) -> Option<(&'u RedirectUri, Option<Difference>)> {
    // No registered URI is longer, so the rest makes no difference.
    let start: String = sent.chars().take(RedirectUri::MAX_LEN + 1).collect();
    let distance = |uri: &&RedirectUri| strsim::levenshtein(uri.as_str(), &start);
    let nearest = registered.iter().min_by_key(distance)?;
    Some((nearest, first_difference(nearest, sent)))
}

/// Returns the first difference; `None` if the URI accepts the sent one. The ports of a loopback
/// host are not compared.
pub(super) fn first_difference(registered: &RedirectUri, sent: &str) -> Option<Difference> {
    if registered.accepts(sent) {
        return None;
    }
    let own = registered.as_str();
    let tails = (registered.kind() == RedirectUriKind::Loopback)
        .then(|| Some((after_port(own)?, after_port(sent)?)))
        .flatten();
    let (own, compared) = match tails {
        Some(((own_host, own_tail), (host, tail))) if own_host == host => (own_tail, tail),
        _ => (own, sent),
    };
    let skipped = sent.len() - compared.len();
    let (own, compared) = (own.as_bytes(), compared.as_bytes());
    let at = own.iter().zip(compared).take_while(|(one, other)| one == other).count();
    Some(Difference {
        at: skipped + at + 1,
        registered: own.get(at).copied(),
        sent: compared.get(at).copied(),
    })
}

/// Splits an `http` URI into its host and what follows the port. `None`: its port is invalid.
fn after_port(uri: &str) -> Option<(&str, &str)> {
    let after = uri.strip_prefix(HTTP)?;
    let (authority, tail) = after.split_at(after.find(['/', '?']).unwrap_or(after.len()));
    let end_of_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (_, after_bracket) = authority.split_at(end_of_host);
    let Some(colon) = after_bracket.find(':') else {
        return Some((authority, tail));
    };
    let (host, port) = authority.split_at(end_of_host + colon);
    let digits = port.get(1..)?;
    let is_number = digits.parse::<u16>().is_ok_and(|port| port > 0) && !digits.starts_with(['0', '+']);
    is_number.then_some((host, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_different_byte_is_named() {
        for (registered, sent, text) in [
            (
                "https://app.example/cb",
                "https://app.example/cB",
                "byte 22 is `B`, and `b` is registered",
            ),
            (
                "https://app.example/cb",
                "https://app.example/c",
                "it ends at byte 22, where `b` is registered",
            ),
            (
                "https://app.example/cb",
                "https://app.example/cb?x",
                "byte 23 is `?`, and the registered URI has ended",
            ),
            (
                "https://app.example/cb",
                "https://app.example/\u{e9}b",
                "byte 21 is 0xc3, and `c` is registered",
            ),
            // Ports are not compared, and the place is that of the sent URI.
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:51004/cB",
                "byte 25 is `B`, and `b` is registered",
            ),
            (
                "http://[::1]:80/cb",
                "http://[::1]:9/x",
                "byte 16 is `x`, and `c` is registered",
            ),
            // Another host, and an invalid port.
            (
                "http://localhost/cb",
                "http://127.0.0.1:80/cb",
                "byte 8 is `1`, and `l` is registered",
            ),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:0/cb",
                "byte 17 is `:`, and `/` is registered",
            ),
        ] {
            let uri = RedirectUri::parse(registered).unwrap();
            let found = first_difference(&uri, sent).map(Difference::text);
            assert_eq!(found.as_deref(), Some(text), "{registered} {sent}");
        }
        let uri = RedirectUri::parse("http://127.0.0.1/cb").unwrap();
        assert_eq!(first_difference(&uri, "http://127.0.0.1:51004/cb"), None);
    }

    #[test]
    fn nearest_uri_has_the_fewest_differences() {
        let uris = [
            "https://app.example/cb",
            "https://app.example/back",
            "https://app.example.com/cb",
        ];
        let uris = uris.map(|uri| RedirectUri::parse(uri).unwrap());
        let (found, _) = nearest(&uris, "https://app.example/Back").unwrap();
        assert_eq!(found.as_str(), "https://app.example/back");
        assert_eq!(nearest(&[], "https://app.example/"), None);
    }
}
