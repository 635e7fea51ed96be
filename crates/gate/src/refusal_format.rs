//! The form of refusals: one trait for the profiles and for applications.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use serde_json::Value;

use crate::gate_error::GateError;
use crate::refusal_context::RefusalContext;
use crate::refusal_kind::RefusalKind;

/// Writes the body of every refusal of a gate, and describes it for the OpenAPI document.
///
/// The gate calls it for each refusal of its own: 400, 401, 403, 404, 405, 408, 413, 415, 500 and
/// 503. The answers of handlers and of site endpoints do not pass it. `WWW-Authenticate`, `Allow`,
/// `Retry-After`, `Cache-Control: no-store` and the request id are headers that the gate adds
/// afterwards.
///
/// A format with a panic causes a response with the same status and without a body.
///
/// ```
/// use scopegate_gate::{Catalog, Gate, RefusalContext, RefusalFormat, RefusalSchema, RequestHead};
/// use serde_json::{Value, json};
///
/// /// `{"error": {"code": .., "message": .., "request_id": .., "missing_scopes": [..]}}`
/// struct ApiErrors {
///     documentation: String,
/// }
///
/// impl RefusalFormat for ApiErrors {
///     fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
///         let missing: Vec<&str> = refusal.missing_scopes().iter().map(|scope| scope.as_str()).collect();
///         let error = json!({
///             "code": refusal.kind.as_str(),
///             "message": refusal.sentence,
///             "request_id": refusal.request_id,
///             "missing_scopes": missing,
///             "help": self.documentation,
///         });
///         json!({ "error": error }).to_string().into_bytes()
///     }
///
///     fn schema(&self) -> RefusalSchema {
///         let error = json!({ "type": "object", "required": ["error"], "properties": { "error": { "type": "object" } } });
///         RefusalSchema::new("ApiError", "application/json", error)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let errors = ApiErrors { documentation: String::from("https://api.example/errors") };
/// let gate = Gate::builder(Catalog::builder().build()?).refusals(errors).build()?;
///
/// let request = http::Request::get("/nothing").body(())?;
/// let refusal = gate.authorize(&RequestHead::of(&request)).await.unwrap_err();
/// assert_eq!(refusal.status(), 404);
/// let body: Value = serde_json::from_slice(refusal.body())?;
/// assert_eq!(body["error"]["code"], "not_found");
/// assert_eq!(body["error"]["request_id"], refusal.headers()["x-request-id"].to_str()?);
/// # Ok(())
/// # }
/// ```
pub trait RefusalFormat: Send + Sync + 'static {
    /// Writes the body, in the media type of [`RefusalFormat::schema`].
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8>;

    /// Describes the body. The gate calls it once, when it is built. A panic of it ends the build,
    /// so that no program runs with a schema that cannot be written.
    fn schema(&self) -> RefusalSchema;

    /// Returns the status of a kind of refusals; `status` is the one of the RFCs. A result outside
    /// of 400 to 599 is ignored. Default: `status`.
    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        let _ = kind;
        status
    }

    /// Returns the description of a kind of refusals in the document. `None` if the document does
    /// not show this kind. Default: [`RefusalKind::description`].
    fn description(&self, kind: RefusalKind) -> Option<&str> {
        kind.description()
    }
}

/// The body of refusals in the OpenAPI document.
///
/// ```
/// use scopegate_gate::RefusalSchema;
/// use serde_json::json;
///
/// let problem = json!({ "type": "object", "properties": { "fields": { "$ref": "#/components/schemas/FieldError" } } });
/// let schema = RefusalSchema::new("Problem", "application/problem+json", problem)
///     .component("FieldError", json!({ "type": "object" }));
/// assert_eq!(schema.name(), "Problem");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a schema takes effect as the result of `RefusalFormat::schema`"]
pub struct RefusalSchema {
    name: String,
    media_type: String,
    schema: Value,
    others: Vec<(String, Value)>,
}

impl RefusalSchema {
    /// Creates the description of a body: the name of the schema among the components, the media
    /// type, and the schema in the dialect of OpenAPI 3.1 (JSON Schema).
    pub fn new(name: impl Into<String>, media_type: impl Into<String>, schema: Value) -> Self {
        Self {
            name: name.into(),
            media_type: media_type.into(),
            schema,
            others: Vec::new(),
        }
    }

    /// Adds a schema to which the schema of the body refers by `#/components/schemas/NAME`.
    pub fn component(mut self, name: impl Into<String>, schema: Value) -> Self {
        self.others.push((name.into(), schema));
        self
    }

    /// Returns the name of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the media type: the value of `Content-Type`.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Returns the schema.
    #[must_use]
    pub const fn schema(&self) -> &Value {
        &self.schema
    }

    /// Returns the other schemas, each with its name.
    #[must_use]
    pub fn components(&self) -> &[(String, Value)] {
        &self.others
    }

    /// Checks what a document and a header require.
    pub(crate) fn check(&self) -> Result<(), GateError> {
        let mut names = std::iter::once(&self.name).chain(self.others.iter().map(|(name, _)| name));
        if let Some(name) = names.find(|name| !is_component_name(name)) {
            return Err(GateError::RefusalSchemaName { name: name.clone() });
        }
        if self.media_type.contains('/') && HeaderValue::from_str(&self.media_type).is_ok() {
            Ok(())
        } else {
            let media_type = self.media_type.clone();
            Err(GateError::RefusalMediaType { media_type })
        }
    }
}

/// Returns whether OpenAPI 3.1, section 4.8.7, allows the name for a component.
fn is_component_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.bytes().all(is_allowed)
}

impl<F: RefusalFormat + ?Sized> RefusalFormat for Arc<F> {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        (**self).body(refusal)
    }

    fn schema(&self) -> RefusalSchema {
        (**self).schema()
    }

    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        (**self).status(kind, status)
    }

    fn description(&self, kind: RefusalKind) -> Option<&str> {
        (**self).description(kind)
    }
}

impl<F: RefusalFormat + ?Sized> RefusalFormat for &'static F {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        (**self).body(refusal)
    }

    fn schema(&self) -> RefusalSchema {
        (**self).schema()
    }

    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        (**self).status(kind, status)
    }

    fn description(&self, kind: RefusalKind) -> Option<&str> {
        (**self).description(kind)
    }
}

impl fmt::Debug for dyn RefusalFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusalFormat")
    }
}
