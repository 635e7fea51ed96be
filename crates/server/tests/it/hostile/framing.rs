//! The boundaries between requests, and how much of a request is read.

use std::io::{Read, Write};

use crate::hostile::{FORM, LOGIN, ask, post, request, rfc};
use crate::support::Server;

/// Everything that the server sends on one connection until it closes it.
fn exchange_all(server: &Server, request: &[u8]) -> String {
    let mut stream = server.connect();
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// [RFC 9112, section 11.2](https://www.rfc-editor.org/rfc/rfc9112#section-11.2): bytes that could
/// be one request or two are one. The connection ends with its response.
#[test]
fn no_request_is_smuggled_behind_another() {
    let server = rfc();
    let smuggled = "GET /docs HTTP/1.1\r\nHost: a\r\n\r\n";
    let head = format!("POST /token HTTP/1.1\r\nHost: a\r\n{FORM}");
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 33\r\n\r\n",
        "Content-Length: 0, 33\r\n\r\n",
        "Content-Length: +0\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: \r\n\r\n",
        "Content-Length: 184467440737095516160\r\n\r\n",
        "Content-Length : 0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\n Content-Length: 0\r\n\r\n",
        "X: y\rContent-Length: 0\r\n\r\n",
        "X: y\0\r\n\r\n",
        "\u{a0}X: y\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\n\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1;\n0\r\n\r\n",
    ] {
        let all = exchange_all(&server, format!("{head}{framing}{smuggled}").as_bytes());
        assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {all}");
        assert!(all.starts_with("HTTP/1.1 400"), "{framing:?}: {all}");
    }
    // HTTP/1.0 has no chunked encoding, and without a length there is no body.
    let old = format!("POST /token HTTP/1.0\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}");
    assert!(exchange_all(&server, old.as_bytes()).matches("HTTP/1.").count() == 1);
}

#[test]
fn chunks_are_read_by_the_grammar_and_within_limits() {
    let server = rfc();
    let chunked = |chunks: &str| {
        let body = format!("{:x}{chunks}\r\n{LOGIN}\r\n0\r\n", LOGIN.len());
        request(
            "POST /token HTTP/1.1",
            &format!("{FORM}Transfer-Encoding: chunked\r\n"),
            format!("{body}\r\n").as_bytes(),
        )
    };
    assert_eq!(ask(&server, &chunked("")).status, 200);
    assert_eq!(ask(&server, &chunked(";a=b;c=\"d\"")).status, 200);
    assert_eq!(ask(&server, &chunked(&format!(";{}", "a".repeat(100_000)))).status, 400);
    let trailers = |trailers: &str| {
        let body = format!("{:x}\r\n{LOGIN}\r\n0\r\n{trailers}\r\n", LOGIN.len());
        request(
            "POST /token HTTP/1.1",
            &format!("{FORM}Transfer-Encoding: chunked\r\n"),
            body.as_bytes(),
        )
    };
    // A trailer is not a header: neither a credential nor a length.
    assert_eq!(
        ask(&server, &trailers("Authorization: Basic eDp5\r\nContent-Length: 3\r\n")).status,
        200
    );
    assert_eq!(
        ask(&server, &trailers(&format!("X: {}\r\n", "x".repeat(100_000)))).status,
        400
    );
    assert_eq!(ask(&server, &trailers(&"X: y\r\n".repeat(5_000))).status, 400);
}

#[test]
fn wishes_for_another_protocol_change_nothing() {
    let server = rfc();
    let get = |headers: &str| ask(&server, &request("GET /users/me/ HTTP/1.1", headers, b"")).status;
    assert_eq!(get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), 401);
    assert_eq!(
        get("Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"),
        401
    );
    assert_eq!(get("Connection: Authorization\r\nTE: trailers\r\n"), 401);
    assert_eq!(get("Expect: 100-continue\r\n"), 401);
    assert_eq!(get("Expect: 200-maybe\r\n"), 401);
    assert_eq!(get("Range: bytes=0-0\r\nIf-None-Match: *\r\n"), 401);

    let waits = post(&format!("{FORM}Expect: 100-continue\r\n"), LOGIN.as_bytes());
    let all = exchange_all(&server, &waits);
    assert!(all.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{all}");
    // The server does not request a body over the limit.
    let large = request(
        "POST /token HTTP/1.1",
        &format!("{FORM}Expect: 100-continue\r\nContent-Length: 99999999\r\n"),
        b"",
    );
    assert!(exchange_all(&server, &large).starts_with("HTTP/1.1 413"));

    // Bytes after a request that ends its connection are not read.
    let trailing = [
        request("GET /status/ HTTP/1.1", "", b""),
        b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
    ]
    .concat();
    assert_eq!(exchange_all(&server, &trailing).matches("HTTP/1.1 ").count(), 1);
    // A body that no operation reads is not parsed as the next request.
    let body = b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n";
    let with_body = request(
        "GET /status/ HTTP/1.1",
        &format!("Content-Length: {}\r\n", body.len()),
        body,
    );
    let kept = String::from_utf8(with_body)
        .expect("text")
        .replace("Connection: close\r\n", "");
    let all = exchange_all(
        &server,
        &[kept.as_bytes(), &request("GET /nothing HTTP/1.1", "", b"")].concat(),
    );
    assert_eq!(
        (all.matches("HTTP/1.1 401").count(), all.matches("HTTP/1.1 404").count()),
        (1, 1),
        "{all}"
    );
}

#[test]
fn long_lines_and_heads_are_bounded() {
    let server = rfc();
    let get = |path: &str, headers: &str| ask(&server, &request(&format!("GET /{path} HTTP/1.1"), headers, b"")).status;
    assert_eq!(get(&"a".repeat(60_000), ""), 404);
    assert_eq!(get(&"%61".repeat(20_000), ""), 404);
    assert_eq!(get(&"/".repeat(60_000), ""), 404);
    assert_eq!(get(&"../".repeat(20_000), ""), 404);
    assert_eq!(get(&format!("users/me/?{}", "a=b&".repeat(15_000)), ""), 401);
    assert_eq!(get(&"a".repeat(200_000), ""), 431);
    assert_eq!(
        get("status/", &format!("Authorization: Bearer {}\r\n", "a".repeat(60_000))),
        401
    );
    assert_eq!(get("status/", &format!("X: {}\r\n", "y".repeat(200_000))), 431);
    assert_eq!(get("status/", &"X: y\r\n".repeat(101)), 431);
    let method = "A".repeat(60_000);
    assert_eq!(
        ask(&server, &request(&format!("{method} /status/ HTTP/1.1"), "", b"")).status,
        405
    );
}
