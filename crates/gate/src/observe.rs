//! Counters, spans and ids of requests.

pub(crate) mod decision_class;
pub(crate) mod metrics;
pub(crate) mod request_id;
pub(crate) mod request_span;
pub(crate) mod response_headers;

/// The target of log events: that of the crate that an application names in its log filter.
pub(crate) const LOG_TARGET: &str = "scopegate_http";
