//! Collects what a gate is made of, and finds the faults in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scopegate_domain::{Catalog, Clock, SchemeName, SystemClock};
use scopegate_grant::AuthorizationServer;
use scopegate_policy::{Access, Alternative, ClassOrder, OperationTable, ResolvedOperation, SchemeId, TableError};
use scopegate_store::Users;
use scopegate_token::{Entropy, EntropyError, SystemEntropy, Verifier};

use crate::admission::Admission;
use crate::body::BodyLimits;
use crate::docs::{DOCS_PATH, Docs, OAUTH2_REDIRECT_PATH, REDOC_PATH};
use crate::document::{self, SchemaClash};
use crate::gate::{Gate, Inner, Stage, Target};
use crate::reply::Replies;
use crate::request_id::RequestIds;
use crate::route::BoundOperation;
use crate::routes::{RouteClash, Routes};
use crate::{Profile, path};

/// Where the OpenAPI document is.
pub(crate) const OPENAPI_PATH: &str = "/openapi.json";

/// Collects a gate; faults are told by [`GateBuilder::build`], each with the operation at fault.
///
/// | setting | default | why |
/// |---|---|---|
/// | profile | [`Profile::Rfc`] | the RFCs' words are for everybody, the tutorial's for those who follow it |
/// | body | 1 MiB within 30 s | enough for a JSON document; it bounds what one request can hold |
/// | clock | the system's | |
/// | realm | the title | |
#[must_use = "a gate is made by `build`"]
pub struct GateBuilder {
    catalog: Catalog,
    profile: Profile,
    title: String,
    version: String,
    realm: Option<String>,
    clock: Arc<dyn Clock>,
    users: Option<Arc<dyn Users>>,
    bearer: Option<(String, Arc<Verifier>)>,
    operations: Vec<BoundOperation>,
    token_endpoint: Option<(String, AuthorizationServer)>,
    docs: bool,
    docs_client: Option<String>,
    limits: BodyLimits,
}

impl Gate {
    /// Begins a gate over the declared schemes and scopes.
    pub fn builder(catalog: Catalog) -> GateBuilder {
        GateBuilder::new(catalog)
    }
}

impl GateBuilder {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self {
            catalog,
            profile: Profile::default(),
            title: "Scopegate".to_owned(),
            version: "0.1.0".to_owned(),
            realm: None,
            clock: Arc::new(SystemClock),
            users: None,
            bearer: None,
            operations: Vec::new(),
            token_endpoint: None,
            docs: false,
            docs_client: None,
            limits: BodyLimits {
                bytes: 1024 * 1024,
                time: Duration::from_secs(30),
            },
        }
    }

    /// Accepts bearer tokens as credentials of this scheme of the catalog. A token comes in the `Authorization` header, never
    /// in a query or a form.
    pub fn bearer(mut self, scheme: impl Into<String>, verifier: impl Into<Arc<Verifier>>) -> Self {
        self.bearer = Some((scheme.into(), verifier.into()));
        self
    }

    /// Knows these users: a backend of `scopegate-store`, or a table of the application's own. Asked once a request, and only
    /// where a guard asks for a user.
    pub fn users(mut self, users: Arc<dyn Users>) -> Self {
        self.users = Some(users);
        self
    }

    /// Goes by this profile.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Reads this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The document's title and version.
    pub fn info(mut self, title: impl Into<String>, version: impl Into<String>) -> Self {
        (self.title, self.version) = (title.into(), version.into());
        self
    }

    /// What challenges call the protected area: `realm` ([RFC 9110, section 11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)).
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Largest body of a request, in bytes; a larger one is answered with 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How long a body may take to arrive; a later one is answered with 408.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Adds an operation. Any number of them: each is boxed, so the types do not grow.
    pub fn operation(mut self, operation: BoundOperation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Adds operations.
    pub fn operations(mut self, operations: impl IntoIterator<Item = BoundOperation>) -> Self {
        self.operations.extend(operations);
        self
    }

    /// Gives out tokens at this path (`POST`).
    pub fn token_endpoint(mut self, path: impl Into<String>, server: AuthorizationServer) -> Self {
        self.token_endpoint = Some((path.into(), server));
        self
    }

    /// Shows the document: `/openapi.json`, Swagger UI at `/docs`, Redoc at `/redoc`.
    pub fn docs(mut self) -> Self {
        self.docs = true;
        self
    }

    /// As [`GateBuilder::docs`]; Swagger UI offers this client in its `Authorize` dialog.
    pub fn docs_for_client(mut self, client_id: impl Into<String>) -> Self {
        self.docs_client = Some(client_id.into());
        self.docs()
    }

    /// The gate.
    ///
    /// # Errors
    ///
    /// The first [`GateError`], which names the operation at fault.
    pub fn build(self) -> Result<Gate, GateError> {
        let order = match self.profile {
            Profile::Rfc => ClassOrder::Rfc,
            Profile::Tutorial => ClassOrder::ScopesFirst,
        };
        let declared = self.operations.iter().map(|bound| bound.operation.clone());
        let table = declared.fold(OperationTable::builder(self.catalog.clone()), |table, operation| {
            table.operation(operation)
        });
        let table = table.order(order).build()?;
        let bearer = self.bearer_scheme(&table)?;
        for (operation, bound) in table.operations().iter().zip(&self.operations) {
            self.check(operation, bound)?;
        }
        let document = document::write(&self.document_source(), &table)?;
        let document_bytes = Bytes::from(document.to_string());
        let routes = self.routes(&table)?;
        let docs = self
            .docs
            .then(|| Docs::new(&self.title, OPENAPI_PATH, self.docs_client.as_deref()));
        let stage = |bound: BoundOperation| Stage {
            parameters: path::parameter_names(&bound.notes.template)
                .map(str::to_owned)
                .collect(),
            endpoint: bound.endpoint,
        };
        let mut run = [0; 8];
        SystemEntropy.fill(&mut run)?;
        let inner = Inner {
            admission: Admission {
                profile: self.profile,
                clock: self.clock,
                users: self.users,
                table,
                bearer,
            },
            routes,
            endpoints: self.operations.into_iter().map(stage).collect(),
            replies: Replies::new(self.profile, self.realm.unwrap_or(self.title)),
            limits: self.limits,
            token_endpoint: self.token_endpoint.map(|(_, server)| server),
            docs,
            document,
            document_bytes,
            request_ids: RequestIds::new(u64::from_be_bytes(run)),
        };
        Ok(Gate::new(inner))
    }

    fn bearer_scheme(&self, table: &OperationTable) -> Result<Option<(SchemeId, Arc<Verifier>)>, GateError> {
        let Some((name, verifier)) = &self.bearer else {
            return Ok(None);
        };
        let id = SchemeName::parse(name).ok().and_then(|name| table.scheme_id(&name));
        let id = id.ok_or_else(|| GateError::UndeclaredScheme { scheme: name.clone() })?;
        Ok(Some((id, Arc::clone(verifier))))
    }

    /// What the types of a declaration cannot say.
    fn check(&self, operation: &ResolvedOperation, bound: &BoundOperation) -> Result<(), GateError> {
        let label = || format!("{} {}", operation.method(), operation.template());
        let of_the_template = path::parameter_names(operation.template()).count();
        if of_the_template != bound.parameters {
            return Err(GateError::Parameters {
                operation: label(),
                template: of_the_template,
                handler: bound.parameters,
            });
        }
        if bound.endpoint.needs_user() && !operation.needs_user() {
            return Err(GateError::NoUser { operation: label() });
        }
        if operation.needs_user() && self.users.is_none() {
            return Err(GateError::NoUsers { operation: label() });
        }
        if !matches!(operation.access(), Access::Public | Access::Deny) && !self.can_verify(operation) {
            return Err(GateError::NoVerifier { operation: label() });
        }
        Ok(())
    }

    /// Whether some way into the operation needs bearer tokens alone.
    fn can_verify(&self, operation: &ResolvedOperation) -> bool {
        let Some((bearer, _)) = &self.bearer else { return false };
        let by_bearer = |way: &Alternative| way.schemes().iter().all(|(name, _)| name.as_str() == bearer);
        operation.security().iter().any(by_bearer)
    }

    fn routes(&self, table: &OperationTable) -> Result<Routes<Target>, GateError> {
        let mut routes = Routes::new();
        let mut add = |method: &'static str, template: &str, target| {
            let named = |fault: RouteClash| GateError::Route {
                operation: format!("{method} {template}"),
                fault: fault.to_string(),
            };
            routes.add(method, template, target).map_err(named)
        };
        for (number, operation) in table.operations().iter().enumerate() {
            add(
                operation.method().as_str(),
                operation.template(),
                Target::Operation(number),
            )?;
        }
        if let Some((path, _)) = &self.token_endpoint {
            add("POST", path, Target::Token)?;
        }
        if self.docs {
            for method in ["GET", "HEAD"] {
                add(method, OPENAPI_PATH, Target::Document)?;
                for page in [DOCS_PATH, REDOC_PATH, OAUTH2_REDIRECT_PATH] {
                    add(method, page, Target::Page(page))?;
                }
                add(method, "/docs/assets/{file}", Target::Asset)?;
            }
        }
        Ok(routes)
    }

    fn document_source(&self) -> document::Source<'_> {
        document::Source {
            profile: self.profile,
            title: &self.title,
            version: &self.version,
            operations: &self.operations,
            token_endpoint: self
                .token_endpoint
                .as_ref()
                .map(|(path, server)| (path.as_str(), server)),
        }
    }
}

impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateBuilder")
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

/// Why a gate cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// There is no randomness to name requests by.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The handler takes a user, and the guard lets in others too.
    #[error("the handler of `{operation}` takes a user, and its guard does not ask for one")]
    NoUser {
        /// Which operation.
        operation: String,
    },
    /// The guard asks for a user, and the gate knows none.
    #[error("`{operation}` asks for a user, and the gate was given no users")]
    NoUsers {
        /// Which operation.
        operation: String,
    },
    /// Every way into the operation needs a credential that the gate cannot verify.
    #[error("`{operation}` asks for a credential that the gate was given no verifier for")]
    NoVerifier {
        /// Which operation.
        operation: String,
    },
    /// The handler takes another number of path parameters than the template has.
    #[error("the template of `{operation}` has {template} parameters, and its handler takes {handler}")]
    Parameters {
        /// Which operation.
        operation: String,
        /// How many the template has.
        template: usize,
        /// How many the handler takes.
        handler: usize,
    },
    /// The path cannot stand beside the others.
    #[error("`{operation}` cannot be routed: {fault}")]
    Route {
        /// Which operation.
        operation: String,
        /// Why.
        fault: String,
    },
    /// Two types of one name would stand in the document.
    #[error("two schemas of the document are called `{name}`")]
    SchemaTwice {
        /// Their name.
        name: String,
    },
    /// The policy cannot stand.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A verifier was given for a scheme that the catalog does not declare.
    #[error("scheme `{scheme}` has a verifier and is not declared")]
    UndeclaredScheme {
        /// Which scheme.
        scheme: String,
    },
}

impl From<SchemaClash> for GateError {
    fn from(clash: SchemaClash) -> Self {
        Self::SchemaTwice { name: clash.0 }
    }
}
