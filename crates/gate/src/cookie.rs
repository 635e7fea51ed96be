//! The cookies of a request.

use http::HeaderMap;
use http::header::COOKIE;

/// Returns the name and the value of each cookie. A client may send several `Cookie` headers:
/// [RFC 6265, section 5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4), and
/// [RFC 9113, section 8.2.3](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3).
///
/// ```
/// use scopegate_gate::cookie;
/// use http::{HeaderMap, HeaderValue, header::COOKIE};
///
/// let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("a=1; b=2"))]);
/// let pairs: Vec<_> = cookie::pairs(&headers).collect();
/// assert_eq!(pairs, [(&b"a"[..], &b"1"[..]), (b"b", b"2")]);
/// ```
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let headers = headers.get_all(COOKIE).into_iter();
    let pairs = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let mut sides = pair.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
        Some((sides.next()?, sides.next()?))
    })
}
