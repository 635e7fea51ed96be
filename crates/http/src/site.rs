//! The gate below the typed operations: endpoints that are not operations, requests without a
//! framework, refusals and the settings of their form.

pub use scopegate_gate::{
    BodyError, Challenge, Dialect, GateError, LocationStep, RefusalContext, RefusalFormat, RefusalKind,
    RefusalResponse, RefusalSchema, RequestHead, RfcRefusals, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute,
    TlsFacts, names_one_host,
};

pub use crate::service::GateService;
