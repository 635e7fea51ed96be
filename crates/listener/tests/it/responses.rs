//! Responses and panics of the service.

use crate::support::{LIMITS, REFUSAL, exchange, get, start};

#[test]
fn panic_ends_only_its_connection() {
    let (address, _stop, _serving) = start(LIMITS);
    assert_eq!(exchange(address, &get("/panic")).0, "");
    assert!(exchange(address, &get("/")).0.ends_with("ok"));
}

#[test]
fn response_bytes_are_never_edited() {
    let (address, _stop, _serving) = start(LIMITS);
    let (response, _) = exchange(address, &get("/looks-like-a-refusal"));
    assert!(
        response.as_bytes().ends_with(&[b"\r\n\r\n", REFUSAL].concat()),
        "{response}"
    );
    // A refusal by hyper itself is sent unchanged.
    let (response, _) = exchange(address, "nonsense\r\n\r\n");
    assert!(
        response.starts_with("HTTP/1.1 400") && !response.contains("x-request-id"),
        "{response}"
    );
}
