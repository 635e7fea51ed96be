//! Bodies that contradict their declared type or length.

use serde_json::Value;

use crate::hostile::{CANARY, FORM, ask, post, post_to, request, rfc, tutorial};
use crate::support::Server;

/// The media type selects the form. The RFC has one; the tutorial uses the first of two and accepts
/// multipart forms.
#[test]
fn form_is_parsed_regardless_of_its_declared_type() {
    let (rfc, tutorial) = (rfc(), tutorial());
    let form = format!("grant_type=password&client_id=demo-app&username=johndoe&password={CANARY}");
    let u = "application/x-www-form-urlencoded";
    for (value, code, by_page) in [
        (u.to_owned(), "invalid_grant", 400),
        (u.to_uppercase() + " ; x=y", "invalid_grant", 400),
        (format!("{u}; charset=UTF-8"), "invalid_grant", 400),
        (format!("{u}; charset=utf-7"), "invalid_request", 400),
        (format!("{u}; charset=\""), "invalid_request", 400),
        (format!("{u}, text/plain"), "invalid_request", 422),
        ("application/json".to_owned(), "invalid_request", 422),
        ("multipart/form-data".to_owned(), "invalid_request", 400),
        ("multipart/form-data; boundary=b".to_owned(), "invalid_request", 400),
        ("text/plain".to_owned(), "invalid_request", 422),
        (String::new(), "invalid_request", 422),
        (format!("{u}\r\nContent-Type: text/plain"), "invalid_request", 400),
        (format!("{u}\r\nContent-Encoding: gzip"), "invalid_request", 400),
    ] {
        let headers = &format!("Content-Type: {value}\r\n");
        let refused = ask(&rfc, &post(headers, form.as_bytes()));
        let status = if code == "invalid_request" { 415 } else { 400 };
        assert_eq!(
            (refused.status, refused.header("cache-control")),
            (status, Some("no-store")),
            "{headers}"
        );
        assert!(refused.body.contains(code), "{headers}: {}", refused.body);
        for path in ["/introspect", "/revoke"] {
            let refused = ask(&rfc, &post_to(path, headers, form.as_bytes()));
            // The client of a form that can be read is known, and the form has no token.
            let code = if status == 415 {
                "invalid_request"
            } else {
                "`token` is missing"
            };
            assert_eq!(
                (refused.status, refused.header("cache-control")),
                (status, Some("no-store")),
                "{path} {headers}"
            );
            assert!(refused.body.contains(code), "{path} {headers}: {}", refused.body);
        }
        assert_eq!(
            ask(&tutorial, &post(headers, form.as_bytes())).status,
            by_page,
            "{headers}"
        );
    }
}

/// A body that is not text, or not a form, is refused. The tutorial decodes it to text, as Python
/// does.
#[test]
fn the_fields_of_a_form_are_text() {
    let (rfc, tutorial) = (rfc(), tutorial());
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (body, by_page, is_form) in [
        (
            b"username=\xff&password=\xc3\x28&grant_type=password".to_vec(),
            400,
            false,
        ),
        (b"username=%ff&password=%00&grant_type=password".to_vec(), 400, false),
        (
            b"username=%ed%a0%80&password=%c0%80&grant_type=password".to_vec(),
            400,
            false,
        ),
        (utf16("grant_type=password&username=johndoe&password=x"), 422, false),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), 422, false),
        (
            b"\xef\xbb\xbfgrant_type=password&username=johndoe&password=x".to_vec(),
            400,
            true,
        ),
        (b"{\"username\":\"johndoe\",\"password\":\"x\"}".to_vec(), 422, true),
        (b"&".repeat(30_000), 422, true),
        (b"a&".repeat(2_000), 400, false),
        (b"%".repeat(30_000), 422, false),
        (Vec::new(), 422, true),
    ] {
        let what = body.escape_ascii().to_string().chars().take(80).collect::<String>();
        let refused = ask(&rfc, &post(FORM, &body));
        assert_eq!(
            (refused.status, refused.header("cache-control")),
            (400, Some("no-store")),
            "{what}"
        );
        assert!(
            refused.body.contains("\"error\":\"invalid_request\""),
            "{what}: {}",
            refused.body
        );
        for path in ["/introspect", "/revoke"] {
            let refused = ask(&rfc, &post_to(path, FORM, &body));
            assert_eq!(
                (refused.status, refused.header("cache-control")),
                (400, Some("no-store")),
                "{path} {what}"
            );
            // A form that can be read names no client.
            let error: Value = serde_json::from_str(&refused.body).expect("JSON");
            let expected = if is_form { "invalid_client" } else { "invalid_request" };
            assert_eq!(error["error"], expected, "{path} {what}: {error}");
        }
        assert_eq!(ask(&tutorial, &post(FORM, &body)).status, by_page, "{what}");
    }
}

/// The errors of a body have the same form as the other errors of that endpoint.
#[test]
fn a_token_request_without_a_whole_body_is_refused_in_the_endpoints_words() {
    let server = Server::start(
        &[
            "--demo",
            "--profile",
            "rfc",
            "--body-limit",
            "100",
            "--body-timeout",
            "300ms",
        ],
        &[],
    );
    for (length, status) in [(101, 413), (50, 408)] {
        let answer = ask(
            &server,
            &request(
                "POST /token HTTP/1.1",
                &format!("{FORM}Content-Length: {length}\r\n"),
                b"x",
            ),
        );
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.status, &body["error"]),
            (status, &Value::from("invalid_request")),
            "{answer:?}"
        );
        assert_eq!(
            (answer.header("cache-control"), answer.header("pragma")),
            (Some("no-store"), Some("no-cache"))
        );
    }
}
