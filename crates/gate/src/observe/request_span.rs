//! One span for each request: the declared route, the peer, the decision and the status.
//!
//! SECURITY: a span contains nothing that a client chose except a common method: no path, no query,
//! no header, no body. The peer is the address at the other end of the connection. The user is the
//! id that the store assigned. Tested by `http/tests/it/trace.rs`.

use http::{HeaderValue, Method, StatusCode};
use scopegate_domain::User;
use tracing::Span;
use tracing::field::Empty;

use crate::observe::LOG_TARGET;
use crate::observe::decision_class::DecisionClass;
use crate::observe::metrics::RouteMetrics;
use crate::observe::request_id::RequestLabel;
use crate::request_head::RequestHead;

/// The span and the label of a request that is being answered.
#[derive(Debug)]
pub(crate) struct RequestSpan<'g> {
    pub(crate) label: RequestLabel<'g>,
    span: Span,
}

impl<'g> RequestSpan<'g> {
    /// Creates the span of a request to this route; `operation` is the name of its operation.
    ///
    /// If level `info` is disabled, only routes with expensive work have a span, because there its
    /// cost does not matter. Events name their request themselves.
    pub(crate) fn new(
        id: HeaderValue,
        head: &RequestHead<'_>,
        route: &RouteMetrics,
        operation: Option<&'g str>,
    ) -> Self {
        let label = RequestLabel::new(id, head.peer(), operation);
        macro_rules! span {
            ($at_level:ident) => {
                tracing::$at_level!(
                    target: LOG_TARGET,
                    "request",
                    request_id = label.id_text(),
                    method = known(head.method()),
                    route = &*route.route,
                    peer = label.peer(),
                    operation,
                    decision = Empty,
                    user = Empty,
                    status = Empty,
                )
            };
        }
        let span = if route.is_heavy {
            span!(error_span)
        } else {
            span!(info_span)
        };
        Self { label, span }
    }

    /// Returns the span in which the work runs.
    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    /// Records the decision.
    pub(crate) fn decided(&self, class: DecisionClass, user: Option<&User>) {
        if !self.span.is_disabled() {
            let user = user.map(|user| user.id().as_str());
            tracing::record_all!(self.span, decision = class.as_str(), user = user);
        }
    }

    /// Records the status, and writes the line of the access log if it is enabled. A disabled span
    /// has no status.
    pub(crate) fn answered(&self, status: StatusCode) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record("status", status.as_u16());
        if tracing::enabled!(target: "scopegate_http::access", tracing::Level::DEBUG) {
            self.span
                .in_scope(|| tracing::debug!(target: "scopegate_http::access", "answered"));
        }
    }
}

/// Returns the name of a common method; a client can invent others.
fn known(method: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}
