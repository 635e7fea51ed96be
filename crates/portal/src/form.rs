//! The fields of a form: [RFC 6749, appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B),
//! and as the tutorial's server reads them.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;
use percent_encoding::percent_decode;
use scopegate_gate::{Profile, media_type, urlencoded};
use scopegate_grant::Params;

/// Most fields of one form.
const MAX_FIELDS: usize = 1000;

/// The reason why a body is not a form. Uses FastAPI's words if it has some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// A multipart form without a boundary.
    #[error("Missing boundary in multipart.")]
    Boundary,
    /// A body with a content coding, such as a compression.
    #[error("the body must not be encoded")]
    Encoded,
    /// Another media type than that of a form.
    #[error("the body must be application/x-www-form-urlencoded")]
    MediaType,
    /// A multipart form that cannot be taken apart.
    #[error("Invalid multipart data.")]
    Multipart,
    /// Bytes that are not text.
    #[error("a parameter is not UTF-8")]
    NotText,
    /// More than [`MAX_FIELDS`].
    #[error("Too many fields. Maximum number of fields is {MAX_FIELDS}.")]
    TooManyFields,
}

/// Reads the fields by the rules of a profile.
///
/// The RFC has one media type and one encoding. FastAPI's server differs:
///
/// - It reads multipart forms, too.
/// - It uses the first of two media types.
/// - It ignores `Content-Encoding`.
/// - It reads any other body as a form without fields.
/// - It replaces bytes that are not text.
pub(crate) async fn read(headers: &HeaderMap, whole: &Bytes, profile: Profile) -> Result<Params, FormError> {
    let content_type = match profile {
        Profile::Rfc if media_type::is_encoded(headers) => return Err(FormError::Encoded),
        Profile::Rfc => media_type::of(headers),
        Profile::Tutorial => headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
    };
    let content_type = content_type.unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is = |wanted: &str| media_type.eq_ignore_ascii_case(wanted);
    match profile {
        _ if is("application/x-www-form-urlencoded") => urlencoded(whole, profile),
        Profile::Rfc => Err(FormError::MediaType),
        Profile::Tutorial if is("multipart/form-data") => multipart(content_type, whole.clone()).await,
        Profile::Tutorial => Ok(Params::default()),
    }
}

fn urlencoded(body: &[u8], profile: Profile) -> Result<Params, FormError> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().nth(MAX_FIELDS).is_some() {
        return Err(FormError::TooManyFields);
    }
    let decode = |raw: &[u8]| match profile {
        Profile::Rfc => urlencoded::decode(raw).ok_or(FormError::NotText),
        Profile::Tutorial => Ok(decode_like_python(raw)),
    };
    let split = |pair: &[u8]| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=').map(decode);
        Ok((
            halves.next().transpose()?.unwrap_or_default(),
            halves.next().transpose()?.unwrap_or_default(),
        ))
    };
    pairs.map(split).collect()
}

/// Does the same as Python's `unquote_plus` on text that was read as Latin-1. Adjacent escapes are
/// read as UTF-8, and invalid ones become U+FFFD. A byte beyond ASCII without an escape is a
/// character of Latin-1.
fn decode_like_python(raw: &[u8]) -> String {
    let raw = urlencoded::spaces(raw);
    let mut text = String::with_capacity(raw.len());
    for run in raw.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
        if run.is_ascii() {
            text.push_str(&percent_decode(run).decode_utf8_lossy());
        } else {
            text.push_str(&latin_1(run));
        }
    }
    text
}

fn latin_1(raw: &[u8]) -> String {
    raw.iter().copied().map(char::from).collect()
}

/// Returns the text parts of a multipart form; a part that is a file is not a field.
async fn multipart(content_type: &str, body: Bytes) -> Result<Params, FormError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| FormError::Boundary)?;
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::new(whole, boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| FormError::Multipart)? {
        if part.index() >= MAX_FIELDS {
            return Err(FormError::TooManyFields);
        }
        let name = part.name().ok_or(FormError::Multipart)?.to_owned();
        let is_file = part.file_name().is_some();
        let value = part.bytes().await.map_err(|_| FormError::Multipart)?;
        if !is_file {
            fields.push((
                name,
                std::str::from_utf8(&value).map_or_else(|_| latin_1(&value), str::to_owned),
            ));
        }
    }
    Ok(fields.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use http::HeaderValue;
    use http::header::CONTENT_ENCODING;
    use proptest::prelude::*;

    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    fn read_as(content_type: &str, body: impl AsRef<[u8]>, profile: Profile) -> Result<Params, FormError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
        let body = Bytes::copy_from_slice(body.as_ref());
        read(&headers, &body, profile)
            .now_or_never()
            .expect("a whole body is read without waiting")
    }

    fn page(body: impl AsRef<[u8]>) -> Params {
        read_as(URLENCODED, body, Profile::Tutorial).unwrap()
    }

    /// A multipart form of parts as they are written, headers and all.
    fn parts(parts: &[&str]) -> String {
        let parts: Vec<_> = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
        parts.concat() + "--b--\r\n"
    }

    fn multipart_as(content_type: &str, body: impl AsRef<[u8]>) -> Result<Params, FormError> {
        read_as(content_type, body, Profile::Tutorial)
    }

    /// Each expected text is what Python's `unquote_plus(raw.decode("latin-1"))` says.
    #[test]
    fn the_page_decodes_like_python() {
        for (raw, text) in [
            (&b"a+b%20c"[..], "a b c"),
            (b"a%zzb%4", "a%zzb%4"),
            (b"%", "%"),
            (b"%FF", "\u{FFFD}"),
            (b"%C0%A0", "\u{FFFD}\u{FFFD}"),
            (b"%ED%A0%80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"%E3%80", "\u{FFFD}"),
            (b"%e3%80%80", "\u{3000}"),
            (b"\xFF", "\u{FF}"),
            ("é".as_bytes(), "\u{C3}\u{A9}"),
            (b"%C3\xA9", "\u{FFFD}\u{A9}"),
            (b"%2B%00", "+\0"),
        ] {
            assert_eq!(page([b"x=", raw].concat()).text("x"), Some(text), "{raw:?}");
        }
    }

    #[test]
    fn fields_are_split_as_the_page_does() {
        let params = page("&&a&=&b=1=2&c=x;d=y&%75=z&\n");
        assert_eq!(params.text("a"), None);
        assert_eq!(params.text("b"), Some("1=2"));
        assert_eq!(params.text("c"), Some("x;d=y"));
        assert_eq!(params.text("d"), None);
        assert_eq!(params.text("u"), Some("z"));
    }

    #[test]
    fn the_rfc_takes_one_media_type_and_only_text() {
        let read = |content_type, body: &[u8]| read_as(content_type, body, Profile::Rfc).err();
        assert_eq!(
            read("Application/X-WWW-Form-URLencoded ; charset=utf-8", b"a=%C3%A9"),
            None
        );
        for raw in [&b"a=%FF"[..], b"%FF=a", b"a=\xFF"] {
            assert_eq!(read(URLENCODED, raw), Some(FormError::NotText));
        }
        for other in [
            "application/json",
            "multipart/form-data; boundary=b",
            "",
            "application/x-www-form-urlencodedx",
        ] {
            assert_eq!(read(other, b"a=b"), Some(FormError::MediaType), "{other}");
        }
    }

    #[test]
    fn two_media_types_or_a_coding_are_refused_by_the_rfc_alone() {
        let form = (CONTENT_TYPE, HeaderValue::from_static(URLENCODED));
        for (name, value, fault) in [
            (CONTENT_TYPE, "application/json", FormError::MediaType),
            (CONTENT_TYPE, URLENCODED, FormError::MediaType),
            (CONTENT_ENCODING, "gzip", FormError::Encoded),
        ] {
            let mut headers = HeaderMap::from_iter([form.clone()]);
            headers.append(name, HeaderValue::from_static(value));
            let read = |profile| {
                read(&headers, &Bytes::from_static(b"a=b"), profile)
                    .now_or_never()
                    .expect("a whole body is read without waiting")
            };
            assert_eq!(read(Profile::Rfc).err(), Some(fault), "{headers:?}");
            assert_eq!(read(Profile::Tutorial).unwrap().text("a"), Some("b"), "{headers:?}");
        }
    }

    #[test]
    fn tutorial_reads_other_bodies_as_empty_forms() {
        for other in [
            "application/json",
            "text/plain",
            "",
            "nonsense",
            "application/x-www-form-urlencoded, text/plain",
        ] {
            assert_eq!(
                read_as(other, "username=x", Profile::Tutorial)
                    .unwrap()
                    .text("username"),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn tutorial_reads_multipart_forms() {
        let named = |name: &str, value: &str| format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}");
        let file = "Content-Disposition: form-data; name=\"username\"; filename=\"x\"\r\n\r\nroot";
        let body = parts(&[
            &named("username", "johndoe"),
            &named("scope", "me\u{3000}items"),
            file,
            &named("empty", ""),
        ]);
        for content_type in [
            "multipart/form-data; boundary=b",
            "MULTIPART/FORM-DATA; charset=utf-8; boundary=\"b\"",
        ] {
            let params = multipart_as(content_type, &body).unwrap();
            assert_eq!(params.text("username"), Some("johndoe"));
            assert_eq!(params.text("scope"), Some("me\u{3000}items"));
            assert_eq!(params.text("empty"), None);
        }
        let raw = [named("a", "").as_bytes(), b"\xFF"].concat();
        let raw = [b"--b\r\n", &raw[..], b"\r\n--b--"].concat();
        assert_eq!(
            multipart_as("multipart/form-data; boundary=b", raw).unwrap().text("a"),
            Some("\u{FF}")
        );
    }

    #[test]
    fn a_hostile_multipart_form_is_refused() {
        let good = "multipart/form-data; boundary=b";
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary",
            "multipart/form-data; charset=utf-8",
        ] {
            assert_eq!(
                multipart_as(content_type, "").err(),
                Some(FormError::Boundary),
                "{content_type}"
            );
        }
        for body in [
            "",
            "a=b",
            "--b",
            "--b\r\n",
            "--b\r\nX: y\r\n\r\nz",
            &parts(&["X: y\r\n\r\nz"]),
            &parts(&["\r\n\r\n"]),
        ] {
            assert_eq!(multipart_as(good, body).err(), Some(FormError::Multipart), "{body}");
        }
        let headers = "X: y\r\n".repeat(100);
        assert_eq!(
            multipart_as(good, parts(&[&format!("{headers}\r\n")])).err(),
            Some(FormError::Multipart)
        );
        let many = ["Content-Disposition: form-data; name=a\r\n\r\nx"; MAX_FIELDS + 1];
        assert_eq!(multipart_as(good, parts(&many)).err(), Some(FormError::TooManyFields));
        assert!(multipart_as(good, parts(&many[1..])).is_ok());
    }

    #[test]
    fn too_many_fields_are_refused() {
        for profile in [Profile::Rfc, Profile::Tutorial] {
            assert_eq!(
                read_as(URLENCODED, "a&".repeat(MAX_FIELDS + 1), profile).err(),
                Some(FormError::TooManyFields)
            );
            assert!(read_as(URLENCODED, "a&".repeat(MAX_FIELDS), profile).is_ok());
        }
    }

    proptest! {
        #[test]
        fn what_a_browser_encodes_comes_back(name in "\\PC{1,12}", value in "\\PC{1,30}") {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            for profile in [Profile::Rfc, Profile::Tutorial] {
                let params = read_as(URLENCODED, &body, profile).unwrap();
                prop_assert_eq!(params.text(&name), Some(value.as_str()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic_or_wait(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for content_type in [URLENCODED, "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\""] {
                for body in [body.clone(), [b"--b\r\n", &body[..], b"\r\n--b--"].concat()] {
                    let _ = read_as(content_type, body, Profile::Tutorial);
                }
            }
        }
    }
}
