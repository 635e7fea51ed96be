//! Collects what a gate is made of, and finds the faults in it.

use std::collections::HashSet;
use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scopegate_domain::{Catalog, Clock, SystemClock};
use scopegate_grant::AuthorizationServer;
use scopegate_policy::{ClassOrder, Guard, Method, OperationTable, OperationTableBuilder, ResolvedOperation};
use scopegate_store::Users;
use scopegate_token::{Entropy, SystemEntropy};

use crate::admission::Admission;
use crate::bearer_tokens::TokenJudge;
use crate::body::BodyLimits;
use crate::cors::{Cors, CorsHeaders};
use crate::docs::{DOCS_PATH, Docs, OAUTH2_REDIRECT_PATH, REDOC_PATH};
use crate::document;
use crate::gate::{Gate, Inner, Stage};
use crate::gate_error::GateError;
use crate::group::Group;
use crate::metrics::GateMetrics;
use crate::published_keys::{JWKS_PATH, PublishedKeys};
use crate::reply::Replies;
use crate::request_id::RequestIds;
use crate::route::{BoundOperation, Mounted};
use crate::routes::{RouteClash, Routes, Target};
use crate::shadow::Besides;
use crate::sources::{Judge, Judges, Sources};
use crate::{BearerTokens, CredentialVerifier, Profile, TrustedProxies, path, producers, template};
#[cfg(feature = "remote-issuers")]
use crate::{Introspection, RemoteIssuer, issuer_set::IssuerSet};

/// Where the OpenAPI document is.
pub(crate) const OPENAPI_PATH: &str = "/openapi.json";

/// Collects the settings of a gate; [`GateBuilder::build`] returns the errors, each with its
/// operation.
///
/// | setting | default | why |
/// |---|---|---|
/// | profile | [`Profile::Rfc`] | the RFCs apply to all clients, the tutorial only to its followers |
/// | body | 1 MiB within 30 s | enough for a JSON document; it bounds what one request can hold |
/// | clock | the system's | |
/// | realm | the title | |
/// | CORS | off | an application that needs it knows the origins |
#[must_use = "a gate is made by `build`"]
pub struct GateBuilder {
    table: OperationTableBuilder,
    profile: Profile,
    title: String,
    version: String,
    realm: Option<String>,
    clock: Arc<dyn Clock>,
    users: Option<Arc<dyn Users>>,
    judges: Vec<(String, Judge)>,
    /// One for each operation of the table, in its order.
    mounted: Vec<Mounted>,
    token_endpoint: Option<(String, AuthorizationServer)>,
    trusted_proxies: TrustedProxies,
    docs: bool,
    docs_client: Option<String>,
    docs_at_root: bool,
    jwks: Option<PublishedKeys>,
    cors: Option<Cors>,
    proposed: Option<OperationTable>,
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
            table: OperationTable::builder(catalog),
            profile: Profile::default(),
            title: "Scopegate".to_owned(),
            version: "0.1.0".to_owned(),
            realm: None,
            clock: Arc::new(SystemClock),
            users: None,
            judges: Vec::new(),
            mounted: Vec::new(),
            token_endpoint: None,
            trusted_proxies: TrustedProxies::default(),
            docs: false,
            docs_client: None,
            docs_at_root: false,
            jwks: None,
            cors: None,
            proposed: None,
            limits: BodyLimits {
                bytes: 1024 * 1024,
                time: Duration::from_secs(30),
            },
        }
    }

    /// Accepts bearer tokens as credentials of this scheme of the catalog. A token comes in the
    /// `Authorization` header, never in a query or a form. [`BearerTokens`] caches verified tokens.
    ///
    /// Several schemes may have bearer tokens, each with its verifier. Each verifier whose scheme
    /// the operation requires checks the token. The token counts for the schemes that accept it.
    pub fn bearer(mut self, scheme: impl Into<String>, tokens: impl Into<BearerTokens>) -> Self {
        let scheme = scheme.into();
        let judge = Judge::Token(Arc::new(TokenJudge::new(&scheme, tokens.into())));
        self.judges.push((scheme, judge));
        self
    }

    /// Accepts the tokens of another issuer as credentials of this scheme, in addition to those of
    /// a [`bearer`](Self::bearer) and of further issuers. Each token is verified only by the keys
    /// of the issuer that it names.
    #[cfg(feature = "remote-issuers")]
    pub fn issuer(mut self, scheme: impl Into<String>, issuer: RemoteIssuer) -> Self {
        let scheme = scheme.into();
        let judge = Judge::Issuers(Arc::new(IssuerSet::of(&scheme, issuer)));
        self.judges.push((scheme, judge));
        self
    }

    /// Accepts opaque tokens that an issuer reports as active as credentials of this scheme, in
    /// addition to JWTs of other issuers. (Alone for its scheme, an [`Introspection`] can also be a
    /// [`verifier`](Self::verifier): then it is queried for every token.)
    #[cfg(feature = "remote-issuers")]
    pub fn introspection(mut self, scheme: impl Into<String>, introspection: Introspection) -> Self {
        let judge = Judge::Issuers(Arc::new(IssuerSet::asking(introspection)));
        self.judges.push((scheme.into(), judge));
        self
    }

    /// Accepts credentials of this scheme of the catalog that the application's verifier accepts:
    /// user names with passwords, API keys, digests, opaque bearer tokens.
    pub fn verifier(mut self, scheme: impl Into<String>, verifier: Arc<dyn CredentialVerifier>) -> Self {
        self.judges.push((scheme.into(), Judge::Application(verifier)));
        self
    }

    /// Sets the users: a backend of `scopegate-store`, or a table of the application. It is queried
    /// once for each request, and only if a guard requires a user.
    pub fn users(mut self, users: Arc<dyn Users>) -> Self {
        self.users = Some(users);
        self
    }

    /// Sets the profile. Default: [`Profile::Rfc`].
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

    /// Sets how long the gate waits for a body; a later one is answered with 408. Each 512 bytes of
    /// it add a second, so that a slow upload with progress is not cut.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Adds this guard to every operation that does not override it: FastAPI's `dependencies` of
    /// the application. The token endpoint and the pages of the document are not operations, and no
    /// guard applies to them.
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.table = self.table.guard(guard);
        self
    }

    /// Adds an operation. Any number of them: each is boxed, so the types do not grow.
    pub fn operation(mut self, operation: BoundOperation) -> Self {
        self.table = self.table.operation(operation.operation);
        self.mounted.push(operation.mounted);
        self
    }

    /// Adds operations.
    pub fn operations(self, operations: impl IntoIterator<Item = BoundOperation>) -> Self {
        operations.into_iter().fold(self, Self::operation)
    }

    /// Adds the operations of a group.
    pub fn group(mut self, group: Group) -> Self {
        let (group, mounted) = group.into_parts();
        self.table = self.table.group(group);
        self.mounted.extend(mounted);
        self
    }

    /// Issues tokens at this path (`POST`).
    pub fn token_endpoint(mut self, path: impl Into<String>, server: AuthorizationServer) -> Self {
        self.token_endpoint = Some((path.into(), server));
        self
    }

    /// Sets the proxies whose `X-Forwarded-For` names the client of a login. Default: none.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
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

    /// Redirects `GET /` to `/docs`, if there are docs. Default: `/` belongs to the application.
    pub const fn docs_at_root(mut self) -> Self {
        self.docs_at_root = true;
        self
    }

    /// Publishes these public keys at `/.well-known/jwks.json`, so that other programs can verify
    /// tokens. Like the pages it is not an operation: no guard applies to it, and the document does
    /// not name it.
    pub fn jwks(mut self, keys: PublishedKeys) -> Self {
        self.jwks = Some(keys);
        self
    }

    /// Lets pages of other origins read answers by script, by the rules of [`Cors`]. Default: no
    /// page can.
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
        self.proposed = Some(proposed);
        self
    }

    /// The gate.
    ///
    /// # Errors
    ///
    /// The first [`GateError`], which names the operation at fault.
    pub fn build(mut self) -> Result<Gate, GateError> {
        let order = match self.profile {
            Profile::Rfc => ClassOrder::Rfc,
            Profile::Tutorial => ClassOrder::ScopesFirst,
        };
        let table = self.table.clone().order(order).build()?;
        report_overrides(&table);
        let judges = Judges::new(std::mem::take(&mut self.judges), &table, self.profile)?;
        template::refuse_other_names(&table)?;
        let mut sources = Vec::new();
        for (operation, mounted) in table.operations().iter().zip(&self.mounted) {
            self.check(operation, mounted)?;
            mounted.description.check(operation)?;
            sources.push(judges.sources(operation, table.catalog())?);
            producers::check(
                operation,
                &judges,
                self.token_endpoint.as_ref().map(|(_, server)| server),
            )?;
        }
        let document = document::write(&self.document_source(), &table)?;
        let document_bytes = Bytes::from(document.to_string());
        let routes = self.routes(&table)?;
        let docs = self
            .docs
            .then(|| Docs::new(&self.title, OPENAPI_PATH, self.docs_client.as_deref()));
        let token_path = self.token_endpoint.as_ref().map(|(path, _)| path.as_str());
        let besides = self
            .proposed
            .take()
            .map(|proposed| Besides::new(&table, proposed, self.profile, token_path));
        let endpoints = stages(self.mounted, sources, &table, besides.as_ref());
        let cors = self.cors.map(|cors| CorsHeaders::new(cors, table.catalog()));
        let mut run = [0; 4];
        SystemEntropy.fill(&mut run)?;
        let metrics = GateMetrics::new(&table, token_path);
        let inner = Inner {
            admission: Admission {
                profile: self.profile,
                clock: self.clock,
                users: self.users,
                table,
            },
            routes,
            endpoints,
            replies: Replies::new(self.profile, self.realm, self.title),
            limits: self.limits,
            token_endpoint: self.token_endpoint.map(|(_, server)| server),
            trusted_proxies: self.trusted_proxies,
            docs,
            jwks: self.jwks,
            cors,
            document,
            document_bytes,
            metrics,
            request_ids: RequestIds::new(u32::from_be_bytes(run), RandomState::new()),
        };
        Ok(Gate::new(inner))
    }

    /// What the types of a declaration cannot say.
    fn check(&self, operation: &ResolvedOperation, mounted: &Mounted) -> Result<(), GateError> {
        let label = || operation.to_string();
        if let Some(fault) = template::fault(operation.template()) {
            return Err(GateError::Template {
                operation: label(),
                fault,
            });
        }
        let method = operation.method();
        if mounted.endpoint.reads_body() && matches!(method, Method::Get | Method::Head | Method::Trace) {
            return Err(GateError::BodyWithoutMeaning {
                operation: label(),
                method: method.as_str(),
            });
        }
        let mut names = HashSet::new();
        if let Some(twice) = path::parameter_names(operation.template()).find(|name| !names.insert(*name)) {
            return Err(GateError::ParameterTwice {
                operation: label(),
                name: twice.to_owned(),
            });
        }
        if names.len() != mounted.parameters {
            return Err(GateError::Parameters {
                operation: label(),
                template: names.len(),
                handler: mounted.parameters,
            });
        }
        if mounted.endpoint.needs_user() && !operation.needs_user() {
            return Err(GateError::NoUser { operation: label() });
        }
        if operation.needs_user() && self.users.is_none() {
            return Err(GateError::NoUsers { operation: label() });
        }
        Ok(())
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
            // RFC 9110, section 9.1: a server must support HEAD. FastAPI answers 405.
            let is_rfc = self.profile == Profile::Rfc;
            if is_rfc && operation.method() == Method::Get && !has_head(table, operation) {
                add("HEAD", operation.template(), Target::Operation(number))?;
            }
        }
        if let Some((path, _)) = &self.token_endpoint {
            add("POST", path, Target::Token)?;
        }
        if self.jwks.is_some() {
            for method in ["GET", "HEAD"] {
                add(method, JWKS_PATH, Target::Jwks)?;
            }
        }
        if self.docs {
            for method in ["GET", "HEAD"] {
                add(method, OPENAPI_PATH, Target::Document)?;
                for page in [DOCS_PATH, REDOC_PATH, OAUTH2_REDIRECT_PATH] {
                    add(method, page, Target::Page(page))?;
                }
                add(method, "/docs/assets/{file}", Target::Asset)?;
                if self.docs_at_root {
                    add(method, "/", Target::Root)?;
                }
            }
        }
        Ok(routes)
    }

    fn document_source(&self) -> document::Source<'_> {
        document::Source {
            profile: self.profile,
            title: &self.title,
            version: &self.version,
            mounted: &self.mounted,
            token_endpoint: self
                .token_endpoint
                .as_ref()
                .map(|(path, server)| (path.as_str(), server)),
        }
    }
}

/// Whether the application declares HEAD itself, next to this operation.
fn has_head(table: &OperationTable, operation: &ResolvedOperation) -> bool {
    let mut others = table.operations().iter();
    others.any(|other| other.method() == Method::Head && other.template() == operation.template())
}

/// Builds the handler of each operation, in the order of the table.
fn stages(
    mounted: Vec<Mounted>,
    sources: Vec<Sources>,
    table: &OperationTable,
    besides: Option<&Besides<'_>>,
) -> Vec<Stage> {
    let declared = mounted.into_iter().zip(sources).zip(table.operations()).enumerate();
    let stage = |(number, ((mounted, sources), operation)): (usize, ((Mounted, Sources), &ResolvedOperation))| Stage {
        beside: besides.map(|besides| Box::new(besides.operation(number, operation, &sources.scheme_ids()))),
        sources,
        parameters: path::parameter_names(operation.template()).map(str::to_owned).collect(),
        queries: mounted.description.into_queries(),
        endpoint: mounted.endpoint,
    };
    declared.map(stage).collect()
}

/// Logs each operation where a guard of all operations does not apply, for the operator.
fn report_overrides(table: &OperationTable) {
    for operation in table.operations().iter().filter(|operation| operation.is_override()) {
        let names: Vec<String> = operation.overridden().iter().map(ToString::to_string).collect();
        let overridden = names.join(", ");
        tracing::info!(%operation, access = ?operation.access(), overridden, "an operation overrides the guards above it");
    }
}

impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateBuilder")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
