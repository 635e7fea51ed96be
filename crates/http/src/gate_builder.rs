//! Collects the settings of a gate with its handlers, and checks them.

mod credentials;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use scopegate_domain::{Catalog, Clock};
use scopegate_gate::{RefusalFormat, SiteEndpoint, path};
use scopegate_openapi::DocumentInfo;
use scopegate_policy::{Guard, OperationTable, ResolvedOperation};
use scopegate_store::Users;

use crate::body::BodyLimits;
use crate::build_error::BuildError;
use crate::cors::{Cors, CorsHeaders};
use crate::credential::{BearerTokens, CredentialVerifier};
#[cfg(feature = "docs")]
use crate::docs::DocsEndpoint;
use crate::document;
use crate::gate::{Gate, Inner, MountedOperation};
use crate::group::Group;
use crate::operation_check;
use crate::resource::MountedCheck;
use crate::route::{HandledOperation, OperationHandler};
use crate::site::{Dialect, ResolveUser};
use crate::stream_end::StreamStop;

/// Builds a gate from its settings; [`GateBuilder::build`] returns the errors, each with its
/// operation.
///
/// | setting | default | why |
/// |---|---|---|
/// | dialect | [`Dialect::rfc`] | the RFCs apply to all clients |
/// | refusals | those of the dialect | |
/// | body | 1 MiB within 30 s | enough for a JSON document; it bounds what one request can hold |
/// | clock | the system's | |
/// | realm | the title | |
/// | CORS | off | an application that needs it knows the origins |
///
/// ```
/// use scopegate_http::{Catalog, Gate, get};
///
/// let gate = Gate::builder(Catalog::builder().build()?)
///     .info("Reports", "1.0.0")
///     .body_limit(64 * 1024)
///     .operation(get("/status").public().then(|| async { "up" }))
///     .build()?;
/// assert_eq!(gate.openapi()["info"]["title"], "Reports");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a gate is made by `build`"]
pub struct GateBuilder {
    gate: scopegate_gate::GateBuilder,
    dialect: Dialect,
    info: DocumentInfo,
    /// One for each operation of the table, in its order.
    mounted: Vec<OperationHandler>,
    sites: Vec<Arc<dyn SiteEndpoint>>,
    #[cfg(feature = "docs")]
    docs: Option<DocsSettings>,
    cors: Option<Cors>,
    limits: BodyLimits,
    states: Extensions,
}

impl Gate {
    /// Creates a builder for the declared schemes and scopes.
    pub fn builder(catalog: Catalog) -> GateBuilder {
        GateBuilder::new(catalog)
    }
}

/// The settings of the documentation pages.
#[cfg(feature = "docs")]
#[derive(Default)]
struct DocsSettings {
    client: Option<String>,
    is_at_root: bool,
}

impl GateBuilder {
    fn new(catalog: Catalog) -> Self {
        Self {
            gate: scopegate_gate::Gate::builder(catalog),
            dialect: Dialect::rfc(),
            info: DocumentInfo::new("Scopegate", "0.1.0"),
            mounted: Vec::new(),
            sites: Vec::new(),
            #[cfg(feature = "docs")]
            docs: None,
            cors: None,
            limits: BodyLimits {
                bytes: 1024 * 1024,
                time: Duration::from_secs(30),
            },
            states: Extensions::new(),
        }
    }

    /// Accepts bearer tokens as credentials of this scheme of the catalog. A token is read from the
    /// `Authorization` header, never from a query or a form. [`BearerTokens`] caches verified
    /// tokens.
    ///
    /// Several schemes may have bearer tokens, each with its verifier. Each verifier whose scheme
    /// the operation requires checks the token. The token counts for the schemes that accept it.
    pub fn bearer(mut self, scheme: impl Into<String>, tokens: impl Into<BearerTokens>) -> Self {
        self.gate = self.gate.bearer(scheme, tokens);
        self
    }

    /// Accepts credentials of this scheme of the catalog that the application's verifier accepts:
    /// user names with passwords, API keys, digests, opaque bearer tokens.
    pub fn verifier(mut self, scheme: impl Into<String>, verifier: Arc<dyn CredentialVerifier>) -> Self {
        self.gate = self.gate.verifier(scheme, verifier);
        self
    }

    /// Keeps the claim of this name for [`Permit::claim`](crate::Permit::claim). It applies to each
    /// [`bearer`](Self::bearer), `issuer` and `introspection`. May be called for several claims.
    /// Default: none.
    ///
    /// A source of tokens can keep further claims ([`BearerTokens::keep_claim`]). The verifiers of
    /// [`verifier`](Self::verifier) name their claims themselves.
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.gate = self.gate.keep_claim(name);
        self
    }

    /// Sets the users: a backend of `scopegate-store`, or a table of the application. It is queried
    /// once for each request, and only if a guard requires a user.
    pub fn users(mut self, users: Arc<dyn Users>) -> Self {
        self.gate = self.gate.users(users);
        self
    }

    /// Sets the users of an application's own type, instead of [`GateBuilder::users`]: handlers
    /// take `CurrentUser<U>`. Default: none.
    ///
    /// ```
    /// use scopegate_http::domain::ApplicationUser;
    /// use scopegate_http::site::ResolveUser;
    /// use scopegate_http::store::StoreError;
    /// use scopegate_http::{CurrentUser, Guard, get};
    ///
    /// struct Member {
    ///     email: String,
    /// }
    ///
    /// impl ApplicationUser for Member {
    ///     fn is_active(&self) -> bool {
    ///         true
    ///     }
    /// }
    ///
    /// struct Members;
    ///
    /// impl ResolveUser for Members {
    ///     type User = Member;
    ///
    ///     async fn resolve(&self, subject: &str) -> Result<Option<Member>, StoreError> {
    ///         Ok(Some(Member { email: format!("{subject}@example.com") }))
    ///     }
    /// }
    ///
    /// async fn me(user: CurrentUser<Member>) -> String {
    ///     user.email.clone()
    /// }
    ///
    /// let operation = get("/me").guard(Guard::user()).then(me);
    /// # let _ = (operation, Members);
    /// ```
    pub fn user_resolver(mut self, resolver: impl ResolveUser) -> Self {
        self.gate = self.gate.user_resolver(resolver);
        self
    }

    /// Sets the rules by which credentials are read, and answers and the document written. Default:
    /// [`Dialect::rfc`].
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.gate = self.gate.dialect(dialect);
        self.dialect = dialect;
        self
    }

    /// Sets the format of all refusals, in answers and in the document. Default: that of the
    /// dialect ([`Dialect::refusals`]).
    ///
    /// ```
    /// use scopegate_http::site::{RefusalContext, RefusalFormat, RefusalSchema};
    /// use scopegate_http::{Catalog, Gate, Path, get};
    /// use serde_json::json;
    ///
    /// struct Codes;
    ///
    /// impl RefusalFormat for Codes {
    ///     fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
    ///         json!({ "code": refusal.kind.as_str() }).to_string().into_bytes()
    ///     }
    ///
    ///     fn schema(&self) -> RefusalSchema {
    ///         let code = json!({ "type": "object", "properties": { "code": { "type": "string" } } });
    ///         RefusalSchema::new("Code", "application/json", code)
    ///     }
    /// }
    ///
    /// let gate = Gate::builder(Catalog::builder().build()?)
    ///     .refusals(Codes)
    ///     .operation(get("/reports/{id}").public().then(|Path(id): Path<u32>| async move { id.to_string() }))
    ///     .build()?;
    /// assert!(gate.openapi()["components"]["schemas"]["Code"].is_object());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refusals(mut self, format: impl RefusalFormat) -> Self {
        self.gate = self.gate.refusals(format);
        self
    }

    /// Sets the clock. Default: that of the system.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.gate = self.gate.clock(clock);
        self
    }

    /// Sets the title and the version of the document. Default: `Scopegate`, `0.1.0`.
    pub fn info(self, title: impl Into<String>, version: impl Into<String>) -> Self {
        self.document_info(DocumentInfo::new(title, version))
    }

    /// Sets everything that the document says about the whole interface: title, version, servers,
    /// contact, licence, tags. Default: as [`GateBuilder::info`].
    ///
    /// ```
    /// use scopegate_http::openapi::DocumentInfo;
    /// use scopegate_http::{Catalog, Gate};
    ///
    /// let info = DocumentInfo::new("Reports", "1.0.0").server("https://api.example", "Production");
    /// let gate = Gate::builder(Catalog::builder().build()?).document_info(info).build()?;
    /// assert_eq!(gate.openapi()["servers"][0]["url"], "https://api.example");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn document_info(mut self, info: DocumentInfo) -> Self {
        self.gate = self.gate.title(info.title());
        self.info = info;
        self
    }

    /// Sets the name of the protected area in challenges, `realm` ([RFC 9110, section
    /// 11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)). Default: the title.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.gate = self.gate.realm(realm);
        self
    }

    /// Stores a value for handlers that take [`State`](crate::input::State) of its type. A later
    /// value of the same type replaces it. Default: none.
    pub fn state<T: Any + Clone + Send + Sync>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Sets the maximum size of a request body in bytes. Default: 1 MiB. A larger body is refused
    /// with 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the time limit of a request body. A later body is refused with 408. Each 512 bytes add
    /// a second, so that a slow upload with progress is not cut.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Adds this guard to every operation that does not override it. The token endpoint and the
    /// pages of the document are not operations, and no guard applies to them.
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.gate = self.gate.guard(guard);
        self
    }

    /// Adds an operation. Any number of them: each is boxed, so the types do not grow.
    pub fn operation(mut self, operation: HandledOperation) -> Self {
        self.gate = self.gate.operation(operation.operation);
        self.mounted.push(operation.mounted);
        self
    }

    /// Adds operations.
    pub fn operations(self, operations: impl IntoIterator<Item = HandledOperation>) -> Self {
        operations.into_iter().fold(self, Self::operation)
    }

    /// Adds the operations of a group.
    pub fn group(mut self, group: Group) -> Self {
        let (group, mounted) = group.into_parts();
        self.gate = self.gate.group(group);
        self.mounted.extend(mounted);
        self
    }

    /// Adds an endpoint that is not an operation, such as a health check or the token endpoint of
    /// `scopegate-portal`. No guard applies to it.
    pub fn site(mut self, endpoint: impl SiteEndpoint + 'static) -> Self {
        self.sites.push(Arc::new(endpoint));
        self
    }

    /// Serves the document: `/openapi.json`, Swagger UI at `/docs`, Redoc at `/redoc`. Default: no
    /// documentation.
    #[cfg(feature = "docs")]
    pub fn docs(mut self) -> Self {
        self.docs.get_or_insert_default();
        self
    }

    /// Sets the client that Swagger UI offers in its `Authorize` dialog, and shows the document as
    /// [`GateBuilder::docs`] does. Default: none.
    #[cfg(feature = "docs")]
    pub fn docs_for_client(mut self, client_id: impl Into<String>) -> Self {
        self.docs.get_or_insert_default().client = Some(client_id.into());
        self
    }

    /// Redirects `GET /` to `/docs`, and serves the document like [`GateBuilder::docs`]. Default:
    /// `/` belongs to the application.
    #[cfg(feature = "docs")]
    pub fn docs_at_root(mut self) -> Self {
        self.docs.get_or_insert_default().is_at_root = true;
        self
    }

    /// Allows pages of other origins to read responses by script, by the rules of [`Cors`].
    /// Default: no page can.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Evaluates this policy, too, for every request, without effect on the decision. The metrics
    /// count its decisions, and the log reports differing decisions, in a bounded number of lines.
    ///
    /// Operations of both policies are the same if method and template are. Credentials are the
    /// same if their schemes have the same name and place. Nothing is looked up for this policy, so
    /// it costs less than a microsecond. A decision that depends on a fact that the gate does not
    /// check for an operation is counted as `unknown`.
    pub fn shadow(mut self, proposed: OperationTable) -> Self {
        self.gate = self.gate.shadow(proposed);
        self
    }

    /// Builds the gate.
    ///
    /// # Errors
    ///
    /// The first [`BuildError`], which names the operation.
    ///
    /// # Panics
    ///
    /// If [`RefusalFormat::schema`](crate::site::RefusalFormat::schema) of the application panics.
    pub fn build(mut self) -> Result<Gate, BuildError> {
        let document_bytes = Arc::new(OnceLock::new());
        #[cfg(feature = "docs")]
        if let Some(docs) = &self.docs {
            self.sites.push(Arc::new(DocsEndpoint::new(
                self.info.title(),
                docs.client.as_deref(),
                docs.is_at_root,
                Arc::clone(&document_bytes),
            )));
        }
        for site in &self.sites {
            self.gate = self.gate.site(Arc::clone(site));
        }
        let gate = self.gate.build()?;
        let table = gate.operations();
        for (operation, mounted) in table.operations().iter().zip(&self.mounted) {
            operation_check::check(operation, mounted, &self.states, gate.user_type())?;
        }
        let source = document::Source {
            dialect: self.dialect.document,
            refusals: gate.refusals(),
            info: &self.info,
            mounted: &self.mounted,
            sites: &self.sites,
        };
        let document = document::write(&source, table)?;
        // The cell is empty, because only this gate has it.
        let _ = document_bytes.set(Bytes::from(document.to_string()));
        let handlers = handlers(self.mounted, table, self.limits);
        let cors = self.cors.map(|cors| CorsHeaders::new(cors, table.catalog()));
        Ok(Gate::new(
            gate,
            Inner {
                handlers,
                limits: self.limits,
                cors,
                document,
                streams: StreamStop::new(),
                states: self.states,
            },
        ))
    }
}

/// Returns the handler of each operation, in the order of the table.
fn handlers(mounted: Vec<OperationHandler>, table: &OperationTable, limits: BodyLimits) -> Vec<MountedOperation> {
    let declared = mounted.into_iter().zip(table.operations());
    let handler = |(mounted, operation): (OperationHandler, &ResolvedOperation)| MountedOperation {
        parameters: path::parameter_names(operation.template()).map(str::to_owned).collect(),
        shapes: mounted.description.into_shapes(operation.template()),
        body_use: mounted.endpoint.body_use(),
        limits: BodyLimits {
            bytes: mounted.notes.body_limit.unwrap_or(limits.bytes),
            ..limits
        },
        // One stays for the inputs of the handler, after the function of `load` took its own.
        callers: mounted.endpoint.callers().max(1) + mounted.resource.as_ref().map_or(0, |check| check.callers),
        resource: mounted.resource.map(MountedCheck::new),
        endpoint: mounted.endpoint,
    };
    declared.map(handler).collect()
}

impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.gate.fmt(f)
    }
}
