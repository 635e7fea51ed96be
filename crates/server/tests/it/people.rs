//! People log in at the running program, and applications receive what they agree to.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod browser;
mod counts;
mod demo;
mod html;
mod life;
mod offline;
mod secrets;

use serde_json::Value;

pub(crate) use self::browser::{Browser, encode, parameter};
pub(crate) use self::html::Page;
use crate::support::Server;

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The query of a request for a code.
pub(crate) fn query(client: &str, redirect_uri: &str) -> String {
    encode(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", "me items"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// Sends a form as a client. `authorization` is its header, or empty.
pub(crate) fn post(server: &Server, path: &str, authorization: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let form = encode(fields);
    let header = match authorization {
        "" => String::new(),
        value => format!("Authorization: {value}\r\n"),
    };
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = server.exchange(request.as_bytes());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

/// The fields that redeem a code.
pub(crate) fn redemption<'a>(code: &'a str, redirect_uri: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ]
}

pub(crate) fn text(answer: &Value, name: &str) -> String {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {answer}"))
        .to_owned()
}

/// The status of a request with an access token.
pub(crate) fn call(server: &Server, path: &str, token: &str) -> u16 {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
    server.exchange(request.as_bytes()).status
}
