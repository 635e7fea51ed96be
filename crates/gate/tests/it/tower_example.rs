//! The example for tower refuses what the policy refuses.

#[path = "../../examples/tower.rs"]
#[expect(dead_code, reason = "the program of the example is not called")]
mod example;

use http::Request;
use tower::ServiceExt as _;

use self::example::{guarded, policy};

#[tokio::test]
async fn layer_passes_on_only_what_the_policy_allows() {
    for (method, path, status) in [
        ("GET", "/status", 200),
        ("GET", "/secrets", 403),
        ("POST", "/status", 405),
        ("GET", "/unknown", 404),
    ] {
        let request = Request::builder().method(method).uri(path).body(String::new()).unwrap();
        let response = guarded(policy().unwrap()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.body() == "up", status == 200, "{method} {path}");
    }
}
