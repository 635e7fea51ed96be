//! One span for each request: the declared route, the peer, the decision and the status.
//!
//! SECURITY: it contains nothing that a client chose except a common method: no path, no query, no
//! header, no body. The peer is the address at the other end of the connection, and the user is the id
//! that the store assigned. Tested by `tests/it/trace.rs`.

use http::{HeaderValue, Method, StatusCode};
use scopegate_domain::User;
use tracing::Span;
use tracing::field::Empty;

use crate::decision_class::DecisionClass;
use crate::metrics::RouteMetrics;
use crate::request_head::RequestHead;
use crate::request_id::RequestLabel;

/// The span and the label of a request that is being answered.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) label: RequestLabel,
    span: Span,
}

impl Trace {
    /// A request for what stands at this route; `operation` is its name, if it has one.
    ///
    /// Where not even level `info` is logged, there is a span only for what is heavy, beside which it costs nothing; elsewhere
    /// the events that are written even so name the request themselves.
    pub(crate) fn new(id: HeaderValue, head: &RequestHead<'_>, route: &RouteMetrics, operation: Option<&str>) -> Self {
        let label = RequestLabel::new(id, head.peer());
        macro_rules! span {
            ($at_level:ident) => {
                tracing::$at_level!(
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

    /// What its work runs in.
    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    /// Somebody was let in, or not.
    pub(crate) fn decided(&self, class: DecisionClass, user: Option<&User>) {
        if !self.span.is_disabled() {
            let user = user.map(|user| user.id().as_str());
            tracing::record_all!(self.span, decision = class.as_str(), user = user);
        }
    }

    /// It was answered. A span that nothing reads has no status; the line is written of every request where it is wanted.
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

/// A method by its name; a client may make up others.
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
