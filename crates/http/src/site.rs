//! The gate below the typed operations: endpoints that are not operations, requests without a
//! framework, refusals and the settings of their form.

pub use scopegate_gate::{
    BodyError, Challenge, Dialect, GateError, RefusalResponse, RequestHead, SiteDocument, SiteEndpoint, SiteRequest,
    SiteRoute, TlsFacts, names_one_host,
};

pub use crate::service::GateService;
