//! The example with custom verifiers authorizes exactly the declared callers.

use http::Request;

use crate::common::{Answered, send};

#[path = "../../examples/schemes.rs"]
#[expect(dead_code, reason = "the example is a program with a `main`")]
mod example;

async fn ask(method: &str, path: &str, person: Option<&str>, key: Option<&str>) -> Answered {
    let gate = example::example().unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if let Some(pair) = person {
        request = request.header(
            "authorization",
            format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair)),
        );
    }
    if let Some(key) = key {
        request = request.header("x-key", key);
    }
    send(&gate, request.body(String::new()).unwrap()).await
}

#[tokio::test]
async fn people_and_stations_get_in_by_their_own_credentials() {
    let (ada, station) = (Some("ada:swordfish"), Some("its next key"));
    let (in_as_ada, in_as_nobody, out) = ((200, "\"ada\""), (200, "null"), (401, ""));
    for (method, path, person, key, expected) in [
        ("GET", "/me", ada, None, in_as_ada),
        ("GET", "/me", None, station, out),
        ("GET", "/me", Some("ada:other"), None, out),
        ("GET", "/me", Some("bob:nobody's"), None, out),
        ("GET", "/readings", ada, None, in_as_ada),
        ("GET", "/readings", None, station, in_as_nobody),
        ("GET", "/readings", ada, Some("other"), out),
        ("PUT", "/calibration", ada, station, in_as_ada),
        ("PUT", "/calibration", ada, None, out),
        ("PUT", "/calibration", None, station, out),
    ] {
        let answered = ask(method, path, person, key).await;
        let status = answered.status.as_u16();
        let body = if status == 200 { answered.body.as_str() } else { "" };
        assert_eq!((status, body), expected, "{method} {path} {person:?} {key:?}");
    }
}
