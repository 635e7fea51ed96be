//! What a format cannot do: answer a success, or end a request without a refusal.

use http::StatusCode;
use scopegate_http::get;
use scopegate_http::site::{RefusalContext, RefusalFormat, RefusalKind, RefusalSchema};
use serde_json::json;

use super::{builder, refused};
use crate::common::{self, send};

/// Chooses one status for all refusals.
struct Always(StatusCode);

impl RefusalFormat for Always {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        refusal.status.as_str().into()
    }

    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new("Text", "text/plain", json!({ "type": "string" }))
    }

    fn status(&self, _: RefusalKind, _: StatusCode) -> StatusCode {
        self.0
    }
}

#[tokio::test]
async fn a_success_status_of_a_format_is_ignored() {
    for (status, is_error) in [
        (StatusCode::CONTINUE, false),
        (StatusCode::OK, false),
        (StatusCode::NO_CONTENT, false),
        (StatusCode::SEE_OTHER, false),
        (StatusCode::from_u16(600).unwrap(), false),
        (StatusCode::NOT_FOUND, true),
        (StatusCode::BAD_GATEWAY, true),
    ] {
        let gate = builder(Always(status)).await.build().unwrap();
        for (request, kind) in refused() {
            let answered = send(&gate, request).await;
            let expected = if is_error { status } else { kind.status() };
            assert_eq!(
                (answered.status, &*answered.body),
                (expected, expected.as_str()),
                "{kind:?}"
            );
            assert_eq!(answered.header("cache-control"), Some("no-store"));
            assert_eq!(
                answered.header("retry-after").is_some(),
                kind == RefusalKind::Unavailable
            );
            let has_challenge = !answered.challenges().is_empty();
            assert!(has_challenge || kind.status() != 401, "{kind:?}");
        }
    }
}

/// Panics whenever it can.
struct Panicking;

impl RefusalFormat for Panicking {
    fn body(&self, _: &RefusalContext<'_>) -> Vec<u8> {
        panic!("hunter2")
    }

    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new("None", "text/plain", json!({}))
    }

    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        assert_ne!(kind, RefusalKind::NotFound, "hunter2");
        status
    }
}

#[tokio::test]
async fn a_format_that_panics_still_refuses() {
    let gate = builder(Panicking)
        .await
        .operation(get("/open").public().then(|| async { "open" }));
    let gate = gate.build().unwrap();
    for (request, kind) in refused() {
        let answered = send(&gate, request).await;
        assert_eq!(
            (answered.status, answered.body.as_str()),
            (kind.status(), ""),
            "{kind:?}"
        );
        assert!(answered.header("x-request-id").is_some());
        assert_eq!(answered.header("content-type"), None);
    }
    assert_eq!(common::get(&gate, "/open").await.body, "open");
}
