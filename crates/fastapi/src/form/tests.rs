use futures_util::FutureExt as _;
use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use proptest::prelude::*;

use super::*;

const URLENCODED: &str = "application/x-www-form-urlencoded";

fn read_as(content_type: &str, body: impl AsRef<[u8]>) -> Result<Fields, FormError> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
    let body = Bytes::copy_from_slice(body.as_ref());
    read(&headers, &body)
        .now_or_never()
        .expect("a whole body is read without waiting")
}

fn fields(body: impl AsRef<[u8]>) -> Fields {
    read_as(URLENCODED, body).unwrap()
}

/// A multipart form of parts as they are written, headers and all.
fn parts(parts: &[&str]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
    parts.concat() + "--b--\r\n"
}

fn multipart_as(content_type: &str, body: impl AsRef<[u8]>) -> Result<Fields, FormError> {
    read_as(content_type, body)
}

/// Each expected text is what Python's `unquote_plus(raw.decode("latin-1"))` says.
#[test]
fn text_is_decoded_like_python() {
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
        assert_eq!(fields([b"x=", raw].concat()).last("x"), Some(text), "{raw:?}");
    }
}

#[test]
fn fields_are_split_at_ampersands() {
    let params = fields("&&a&=&b=1=2&c=x;d=y&%75=z&\n");
    assert_eq!(params.last("a"), None);
    assert_eq!(params.last("b"), Some("1=2"));
    assert_eq!(params.last("c"), Some("x;d=y"));
    assert_eq!(params.last("d"), None);
    assert_eq!(params.last("u"), Some("z"));
}

#[test]
fn the_first_media_type_counts_and_a_coding_is_ignored() {
    let form = (CONTENT_TYPE, HeaderValue::from_static(URLENCODED));
    for (name, value) in [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")] {
        let mut headers = HeaderMap::from_iter([form.clone()]);
        headers.append(name, HeaderValue::from_static(value));
        let fields = read(&headers, &Bytes::from_static(b"a=b")).now_or_never();
        assert_eq!(fields.unwrap().ok().unwrap().last("a"), Some("b"), "{headers:?}");
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
        assert_eq!(read_as(other, "username=x").unwrap().last("username"), None, "{other}");
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
        assert_eq!(params.last("username"), Some("johndoe"));
        assert_eq!(params.last("scope"), Some("me\u{3000}items"));
        assert_eq!(params.last("empty"), None);
    }
    let raw = [named("a", "").as_bytes(), b"\xFF"].concat();
    let raw = [b"--b\r\n", &raw[..], b"\r\n--b--"].concat();
    assert_eq!(
        multipart_as("multipart/form-data; boundary=b", raw).unwrap().last("a"),
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
    let read = |number| read_as(URLENCODED, "a&".repeat(number));
    assert_eq!(read(MAX_FIELDS + 1).err(), Some(FormError::TooManyFields));
    assert!(read(MAX_FIELDS).is_ok());
}

fn missing(field: &'static str) -> FieldError {
    FieldError::Missing { field }
}

#[test]
fn errors_of_a_login_are_reported_in_order() {
    let wrong = FieldError::Pattern {
        field: "grant_type",
        pattern: "^password$",
        input: "x".to_owned(),
    };
    for (body, errors) in [
        ("", vec![missing("username"), missing("password")]),
        ("password=p", vec![missing("username")]),
        ("username=u&password=", vec![missing("password")]),
        ("grant_type=x&password=p", vec![wrong.clone(), missing("username")]),
        ("grant_type=x&username=u&password=p", vec![wrong]),
    ] {
        assert_eq!(fields(body).login().err(), Some(errors), "{body}");
    }
}

#[test]
fn login_needs_no_grant_type() {
    for grant_type in ["", "password"] {
        let fields = fields(format!("grant_type={grant_type}&username=u&password=p"));
        assert_eq!(fields.login().ok().map(|login| login.username), Some("u"));
    }
}

proptest! {
    #[test]
    fn what_a_browser_encodes_comes_back(name in "\\PC{1,12}", value in "\\PC{1,30}") {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        let fields = fields(&body);
        prop_assert_eq!(fields.last(&name), Some(value.as_str()));
        prop_assert_eq!(fields.to_urlencoded(), body);
    }

    #[test]
    fn no_bytes_make_it_panic_or_wait(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for content_type in [URLENCODED, "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\""] {
            for body in [body.clone(), [b"--b\r\n", &body[..], b"\r\n--b--"].concat()] {
                let _ = read_as(content_type, body);
            }
        }
    }
}
