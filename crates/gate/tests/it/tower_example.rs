//! The example for tower refuses what its policy file refuses.

#[path = "../../examples/tower.rs"]
#[expect(dead_code, reason = "the program of the example is not called")]
mod example;

use http::Request;
use http::header::WWW_AUTHENTICATE;
use scopegate_gate::token::TokenRules;
use tower::ServiceExt as _;

use self::example::{POLICY, gate, guarded};
use crate::tokens::{bearer, key};

#[tokio::test]
async fn layer_passes_on_only_what_the_policy_file_allows() {
    let read = bearer(TokenRules::shared_secret(), "reports:read");
    let both = bearer(TokenRules::shared_secret(), "reports:read reports:write");
    let gate = gate(POLICY, &key()).unwrap();
    for (method, path, token, status, body) in [
        ("GET", "/status", "", 200, "up"),
        ("HEAD", "/status", "", 200, "up"),
        ("GET", "/reports/1", &*read, 200, "report 1, for u1"),
        ("GET", "/reports/a%20b", &*read, 200, "report a%20b, for u1"),
        ("GET", "/reports/1", "", 401, ""),
        ("DELETE", "/reports/1", &*read, 403, ""),
        ("DELETE", "/reports/1", &*both, 200, "report 1, for u1"),
        ("POST", "/status", &*both, 405, ""),
        ("GET", "/", &*both, 404, ""),
        ("GET", "/status/", "", 307, ""),
        ("GET", "/st%61tus", "", 404, ""),
        ("GET", "/x/../status", "", 404, ""),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "a.example");
        let request = match token {
            "" => request,
            token => request.header("authorization", token),
        };
        let response = guarded(&gate)
            .oneshot(request.body(String::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(
            response.headers().contains_key(WWW_AUTHENTICATE),
            status == 401 || status == 403
        );
        assert!(response.headers().contains_key("x-request-id"));
        if status == 200 {
            assert_eq!(response.body(), body, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn request_without_one_host_is_refused() {
    let gate = gate(POLICY, &key()).unwrap();
    let request = Request::get("/status").body(String::new()).unwrap();
    assert_eq!(guarded(&gate).oneshot(request).await.unwrap().status(), 400);
}
