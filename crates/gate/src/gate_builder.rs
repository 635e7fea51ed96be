//! Collects the settings of a gate, and checks them.

use std::collections::HashSet;
use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;

use scopegate_domain::{Catalog, ClaimNames, Clock, SystemClock};
#[cfg(feature = "remote-issuers")]
use scopegate_issuers::{Introspection, RemoteIssuer};
use scopegate_policy::{
    Check, Group, Guard, Method, Operation, OperationTable, OperationTableBuilder, ResolvedOperation,
};
use scopegate_store::Users;
use scopegate_token::{RandomSource, SystemRandomSource};

use crate::authorizer::Authorizer;
use crate::challenges::Realm;
use crate::credentials::bearer_verifier::BearerTokens;
use crate::credentials::claim_source::IssuedTokens;
use crate::credentials::credential::CredentialVerifier;
use crate::credentials::scheme_source::SchemeSource;
use crate::credentials::scheme_verifiers::{SchemeVerifier, SchemeVerifiers, Support};
use crate::dialect::Dialect;
use crate::gate::{Gate, Inner, OperationCredentials};
use crate::gate_error::GateError;
use crate::observe::LOG_TARGET;
use crate::observe::metrics::GateMetrics;
use crate::observe::request_id::RequestIds;
use crate::refusal_format::RefusalFormat;
use crate::refusal_responses::RefusalResponses;
use crate::routes::{RouteClash, Routes, Target};
use crate::shadow::ShadowBuilder;
use crate::site_endpoint::SiteEndpoint;
use crate::user_source::{ResolveUser, UserSource};
use crate::{path, producers, template};

/// The title of an application that sets none.
const TITLE: &str = "Scopegate";

/// Builds a gate from its settings; [`GateBuilder::build`] returns the errors, each with its
/// operation.
///
/// | setting | default | why |
/// |---|---|---|
/// | dialect | [`Dialect::rfc`] | the RFCs apply to all clients |
/// | refusals | those of the dialect | |
/// | clock | the system's | |
/// | realm | the title | |
#[must_use = "a gate is made by `build`"]
pub struct GateBuilder {
    table: OperationTableBuilder,
    dialect: Dialect,
    refusals: Option<Arc<dyn RefusalFormat>>,
    title: String,
    realm: Option<String>,
    clock: Arc<dyn Clock>,
    users: Option<UserSource>,
    credentials: Vec<(String, SchemeSource)>,
    kept_claims: Vec<String>,
    issued: Option<IssuedTokens>,
    sites: Vec<Arc<dyn SiteEndpoint>>,
    proposed: Option<OperationTable>,
    support: Support,
}

impl Gate {
    /// Creates a builder for the declared schemes and scopes.
    pub fn builder(catalog: Catalog) -> GateBuilder {
        GateBuilder::new(catalog)
    }

    /// Creates a builder for the operations of a table, such as one that
    /// `scopegate_openapi::import` read from a document.
    ///
    /// The gate enforces the whole document: [`GateBuilder::build`] refuses a scheme that an
    /// operation accepts and that has no verifier, also if the operation accepts another one. It
    /// refuses a check without code ([`GateBuilder::check`]), and a template whose path clients
    /// encode, because the router of the application may compare it in another form.
    pub fn builder_of(table: &OperationTable) -> GateBuilder {
        let mut builder = GateBuilder::new(table.catalog().clone()).group(table.to_group(""));
        builder.support = Support::EachAlternative;
        builder
    }
}

impl GateBuilder {
    fn new(catalog: Catalog) -> Self {
        Self {
            table: OperationTable::builder(catalog),
            dialect: Dialect::rfc(),
            refusals: None,
            title: TITLE.to_owned(),
            realm: None,
            clock: Arc::new(SystemClock),
            users: None,
            credentials: Vec::new(),
            kept_claims: Vec::new(),
            issued: None,
            sites: Vec::new(),
            proposed: None,
            support: Support::OneAlternative,
        }
    }

    /// Accepts bearer tokens as credentials of this scheme of the catalog. A token is read from the
    /// `Authorization` header, never from a query or a form. [`BearerTokens`] caches verified
    /// tokens.
    ///
    /// Several schemes may have bearer tokens, each with its verifier. Each verifier whose scheme
    /// the operation requires checks the token. The token counts for the schemes that accept it.
    pub fn bearer(mut self, scheme: impl Into<String>, tokens: impl Into<BearerTokens>) -> Self {
        self.credentials
            .push((scheme.into(), SchemeSource::Bearer(tokens.into())));
        self
    }

    /// Accepts the tokens of another issuer as credentials of this scheme, in addition to those of
    /// a [`bearer`](Self::bearer) and of further issuers. Each token is verified only by the keys
    /// of the issuer that it names.
    #[cfg(feature = "remote-issuers")]
    pub fn issuer(mut self, scheme: impl Into<String>, issuer: RemoteIssuer) -> Self {
        self.credentials.push((scheme.into(), SchemeSource::Issuer(issuer)));
        self
    }

    /// Accepts opaque tokens that an issuer reports as active as credentials of this scheme, in
    /// addition to JWTs of other issuers. (Alone for its scheme, an [`Introspection`] can also be a
    /// [`verifier`](Self::verifier): then it is queried for every token.)
    #[cfg(feature = "remote-issuers")]
    pub fn introspection(mut self, scheme: impl Into<String>, introspection: Introspection) -> Self {
        self.credentials
            .push((scheme.into(), SchemeSource::Introspection(introspection)));
        self
    }

    /// Accepts credentials of this scheme of the catalog that the application's verifier accepts:
    /// user names with passwords, API keys, digests, opaque bearer tokens.
    pub fn verifier(mut self, scheme: impl Into<String>, verifier: Arc<dyn CredentialVerifier>) -> Self {
        self.credentials
            .push((scheme.into(), SchemeSource::Application(verifier)));
        self
    }

    /// Keeps the claim of this name for [`Permit::claim`](crate::Permit::claim). It applies to each
    /// [`bearer`](Self::bearer), `issuer` and `introspection`. May be called for several claims.
    /// Default: none.
    ///
    /// A source of tokens can keep further claims ([`BearerTokens::keep_claim`]). The verifiers of
    /// [`verifier`](Self::verifier) name their claims themselves.
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.kept_claims.push(name.into());
        self
    }

    /// Sets the users. Default: none. The gate finds the user at most once for each request, and
    /// only if a guard requires a user.
    pub fn users(mut self, users: Arc<dyn Users>) -> Self {
        self.users = Some(UserSource::Stored(users));
        self
    }

    /// Sets the users of an application's own type, instead of [`GateBuilder::users`]. Default:
    /// none.
    pub fn user_resolver(mut self, resolver: impl ResolveUser) -> Self {
        self.users = Some(UserSource::resolved(resolver));
        self
    }

    /// Sets the rules by which credentials are read and answers written. Default:
    /// [`Dialect::rfc`].
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets the format of all refusals. Default: that of the dialect ([`Dialect::refusals`]).
    pub fn refusals(mut self, format: impl RefusalFormat) -> Self {
        self.refusals = Some(Arc::new(format));
        self
    }

    /// Sets the clock. Default: that of the system.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the title, which is the default of the realm. Default: `Scopegate`.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the name of the protected area in challenges, `realm` ([RFC 9110, section
    /// 11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)). Default: the title.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Adds this guard to every operation that does not override it. No guard applies to site
    /// endpoints, because they are not operations.
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.table = self.table.guard(guard);
        self
    }

    /// Adds an operation. Operations have numbers, in the order of their declaration.
    pub fn operation(mut self, operation: Operation) -> Self {
        self.table = self.table.operation(operation);
        self
    }

    /// Adds the operations of a group.
    pub fn group(mut self, group: Group) -> Self {
        self.table = self.table.group(group);
        self
    }

    /// Adds the code of a check that a document names: of each `check:NAME`.
    pub fn check(mut self, check: impl Check) -> Self {
        self.table = self.table.check(check);
        self
    }

    /// Adds an endpoint that is not an operation.
    pub fn site(mut self, endpoint: impl SiteEndpoint + 'static) -> Self {
        self.sites.push(Arc::new(endpoint));
        self
    }

    /// Sets the claims of the tokens of the application's own authorization server. Default: those
    /// that an endpoint of the site issues ([`SiteEndpoint::issued_tokens`]).
    /// [`GateBuilder::build`] refuses requirements that no token can satisfy.
    pub fn issued_tokens(mut self, tokens: IssuedTokens) -> Self {
        self.issued = Some(tokens);
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

    /// Builds the gate.
    ///
    /// # Errors
    ///
    /// The first [`GateError`], which names the operation.
    pub fn build(self) -> Result<Gate, GateError> {
        let table = self.table.order(self.dialect.precedence).build()?;
        report_overrides(&table);
        let verifiers = verifiers(self.credentials, self.kept_claims)?;
        let verifiers = SchemeVerifiers::new(verifiers, &table, &self.dialect)?;
        template::refuse_other_names(&table)?;
        let of_site = || self.sites.iter().find_map(SiteEndpoint::issued_tokens);
        let issued = self.issued.or_else(of_site);
        // SECURITY: otherwise one user's id could be another user's name. Tested by
        // `endpoint_and_gate_must_name_users_alike`.
        if let Some(claim) = issued.as_ref().and_then(|issued| issued.subject)
            && claim != self.dialect.subject
        {
            return Err(GateError::SubjectClaim {
                issued: claim,
                read: self.dialect.subject,
            });
        }
        let mut sources = Vec::new();
        for operation in table.operations() {
            check(operation, self.users.is_some(), self.support)?;
            sources.push(verifiers.sources(operation, table.catalog(), self.support)?);
            producers::check(operation, &verifiers, issued.as_ref())?;
        }
        let routes = routes(&table, &self.sites, self.dialect.has_implicit_head)?;
        let shadow = self
            .proposed
            .map(|proposed| ShadowBuilder::new(&table, proposed, self.dialect, &self.sites));
        let operations = sources
            .into_iter()
            .zip(table.operations())
            .enumerate()
            .map(|(number, (sources, operation))| OperationCredentials {
                shadow: shadow
                    .as_ref()
                    .map(|shadow| Box::new(shadow.operation(number, operation, &sources.scheme_ids()))),
                sources,
            })
            .collect();
        let format = self.refusals.unwrap_or_else(|| Arc::new(self.dialect.refusals));
        let resource_metadata = self.sites.iter().find_map(|site| site.resource_metadata());
        let realm = Realm::new(self.realm, self.title, resource_metadata.map(str::to_owned));
        let refusals = RefusalResponses::new(self.dialect, format, realm);
        refusals.schema().check()?;
        let mut run = [0; 4];
        SystemRandomSource.fill(&mut run)?;
        let metrics = GateMetrics::new(&table, &self.sites);
        Ok(Gate::new(Inner {
            authorizer: Authorizer {
                dialect: self.dialect,
                clock: self.clock,
                users: self.users,
                table,
            },
            routes,
            operations,
            sites: self.sites,
            refusals,
            request_ids: RequestIds::new(u32::from_be_bytes(run), RandomState::new()),
            metrics,
        }))
    }
}

/// Creates the verifiers of the sources.
fn verifiers(
    sources: Vec<(String, SchemeSource)>,
    kept_claims: Vec<String>,
) -> Result<Vec<(String, SchemeVerifier)>, GateError> {
    let kept = ClaimNames::new(kept_claims);
    let verifier = |(scheme, source): (String, SchemeSource)| {
        let verifier = kept.as_ref().map_err(Clone::clone);
        match verifier.and_then(|kept| source.into_verifier(&scheme, kept)) {
            Ok(verifier) => Ok((scheme, verifier)),
            Err(fault) => Err(GateError::KeptClaim { scheme, fault }),
        }
    };
    sources.into_iter().map(verifier).collect()
}

/// Checks the rules that the types of a declaration cannot express.
fn check(operation: &ResolvedOperation, has_users: bool, support: Support) -> Result<(), GateError> {
    let label = || operation.to_string();
    let of_document = || (support == Support::EachAlternative).then(|| template::encoded(operation.template()))?;
    if let Some(fault) = template::fault(operation.template()).or_else(of_document) {
        return Err(GateError::Template {
            operation: label(),
            fault,
        });
    }
    let mut names = HashSet::new();
    if let Some(twice) = path::parameter_names(operation.template()).find(|name| !names.insert(*name)) {
        return Err(GateError::ParameterTwice {
            operation: label(),
            name: twice.to_owned(),
        });
    }
    if operation.needs_user() && !has_users {
        return Err(GateError::NoUsers { operation: label() });
    }
    Ok(())
}

fn routes(
    table: &OperationTable,
    sites: &[Arc<dyn SiteEndpoint>],
    has_implicit_head: bool,
) -> Result<Routes<Target>, GateError> {
    let mut routes = Routes::new();
    let mut add = |method: &'static str, template: &str, target| {
        let named = |fault: RouteClash| GateError::Route {
            operation: format!("{method} {template}"),
            fault: fault.to_string(),
        };
        routes.add(method, template, target).map_err(named)
    };
    for (number, operation) in table.operations().iter().enumerate() {
        let target = Target::Operation(number);
        add(operation.method().as_str(), operation.template(), target)?;
        if has_implicit_head && operation.method() == Method::Get && !has_head(table, operation) {
            add("HEAD", operation.template(), target)?;
        }
    }
    for (endpoint, site) in sites.iter().enumerate() {
        for (number, route) in site.routes().iter().enumerate() {
            let target = Target::Site {
                endpoint,
                route: number,
            };
            add(route.method().as_str(), route.template(), target)?;
            if route.method() == Method::Get {
                add("HEAD", route.template(), target)?;
            }
        }
    }
    Ok(routes)
}

/// Returns whether the application declares HEAD itself, next to this operation.
fn has_head(table: &OperationTable, operation: &ResolvedOperation) -> bool {
    let mut others = table.operations().iter();
    others.any(|other| other.method() == Method::Head && other.template() == operation.template())
}

/// Logs each operation to which a guard of all operations does not apply, for the operator.
fn report_overrides(table: &OperationTable) {
    for operation in table.operations().iter().filter(|operation| operation.is_override()) {
        let names: Vec<String> = operation.overridden().iter().map(ToString::to_string).collect();
        let overridden = names.join(", ");
        tracing::info!(target: LOG_TARGET, %operation, access = ?operation.access(), overridden, "an operation overrides the guards above it");
    }
}

impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateBuilder")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
