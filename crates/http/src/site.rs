//! The gate below the typed operations: endpoints that are not operations, requests without a
//! framework, refusals and the settings of their form, the pages of the document.

pub use scopegate_gate::{
    BodyError, Challenge, Dialect, GateError, LocationStep, RefusalContext, RefusalFormat, RefusalKind,
    RefusalResponse, RefusalSchema, RequestHead, ResolveUser, RfcRefusals, SiteDocument, SiteEndpoint, SiteRequest,
    SiteRoute, TlsFacts, names_one_host,
};

#[cfg(feature = "docs")]
pub use crate::docs::{DOCS_PATH, DocsPage, DocsSite, OAUTH2_REDIRECT_PATH, REDOC_PATH};
pub use crate::service::GateService;
use crate::utoipa_schema::to_json;

/// Describes the body of refusals by a type: its name, its schema, and the schemas to which it
/// refers.
///
/// ```
/// use scopegate_http::serde::Serialize;
/// use scopegate_http::site::refusal_schema;
/// use scopegate_http::utoipa::{self, ToSchema};
///
/// #[derive(Serialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct ErrorBody {
///     code: String,
/// }
///
/// let schema = refusal_schema::<ErrorBody>("application/json");
/// assert_eq!((schema.name(), &schema.schema()["required"][0]), ("ErrorBody", &"code".into()));
/// ```
pub fn refusal_schema<T: utoipa::ToSchema>(media_type: &str) -> RefusalSchema {
    let mut referenced = Vec::new();
    T::schemas(&mut referenced);
    let schema = RefusalSchema::new(T::name(), media_type, to_json(&T::schema()));
    referenced
        .into_iter()
        .fold(schema, |schema, (name, of)| schema.component(name, to_json(&of)))
}
