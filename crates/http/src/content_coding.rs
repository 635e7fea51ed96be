//! The codings in which a file is sent
//! ([RFC 9110, section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A coding of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    /// gzip ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
    Gzip,
    /// No coding.
    Identity,
}

impl ContentCoding {
    /// Selects gzip if the request accepts it and does not prefer no coding.
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for value in request.get_all(ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                let weight = weight(parts);
                let named = match () {
                    () if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
                    () if name.eq_ignore_ascii_case("identity") => &mut identity,
                    () if name == "*" => &mut any,
                    () => continue,
                };
                *named = (*named).max(Some(weight));
            }
        }
        let gzip = gzip.or(any).unwrap_or_default();
        if gzip > 0 && gzip >= identity.unwrap_or_default() {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// Returns the name in `Content-Encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// Returns the weight in thousandths; 0 if the parameter is not a weight ([RFC 9110, section
/// 12.4.2](https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2)).
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    let Some(parameter) = parameters.next() else {
        return 1_000;
    };
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    let Some((whole, fraction)) = value.map(|value| value.split_once('.').unwrap_or((value, ""))) else {
        return 0;
    };
    let is_digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").parse();
    match (whole, thousandths) {
        ("0", Ok(thousandths)) if is_digits => thousandths,
        ("1", Ok(0)) if is_digits => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_chosen_only_if_it_is_accepted() {
        for (accepted, expected) in [
            (&[][..], ContentCoding::Identity),
            (&[""], ContentCoding::Identity),
            (&["gzip"], ContentCoding::Gzip),
            (&["gzip, deflate, br, zstd"], ContentCoding::Gzip),
            (&["GZip;q=0.5"], ContentCoding::Gzip),
            (&["x-gzip"], ContentCoding::Gzip),
            (&["*"], ContentCoding::Gzip),
            (&["br", "gzip"], ContentCoding::Gzip),
            (&["gzip;q=1.000"], ContentCoding::Gzip),
            (&["gzip ; q=0.001"], ContentCoding::Gzip),
            (&["identity;q=0, gzip;q=0.1"], ContentCoding::Gzip),
            (&["gzip;q=0"], ContentCoding::Identity),
            (&["gzip;q=0.000"], ContentCoding::Identity),
            (&["*, gzip;q=0"], ContentCoding::Identity),
            (&["*;q=0"], ContentCoding::Identity),
            (&["br"], ContentCoding::Identity),
            (&["identity"], ContentCoding::Identity),
            (&["identity, gzip;q=0.5"], ContentCoding::Identity),
            (&["gzipped"], ContentCoding::Identity),
            (&["gzip;q=2"], ContentCoding::Identity),
            (&["gzip;q=-1"], ContentCoding::Identity),
            (&["gzip;q=0.5000"], ContentCoding::Identity),
            (&["gzip;x=1"], ContentCoding::Identity),
        ] {
            let mut request = HeaderMap::new();
            for value in accepted {
                request.append(ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(ContentCoding::of(&request), expected, "{accepted:?}");
        }
    }
}
