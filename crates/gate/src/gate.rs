//! The gate as a value: operations, verifiers, users and sites.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use http::{Method, Response};
use scopegate_domain::Clock;
use scopegate_policy::OperationTable;

use crate::authorizer::Authorizer;
use crate::credentials::scheme_verifiers::Sources;
use crate::observe::metrics::GateMetrics;
use crate::observe::request_id::RequestIds;
use crate::observe::response_headers;
use crate::refusal_responses::RefusalResponses;
use crate::routes::{Lookup, Routes, Target};
use crate::shadow::ShadowEvaluator;
use crate::site_endpoint::{SiteEndpoint, SiteRoute};
use crate::user_source::UserSource;

/// The operations of an application with their requirements, and the verifiers of their
/// credentials.
///
/// A gate does not depend on a web framework. [`Gate::authorize`] takes the head of a request and
/// returns the permit, or the complete response that refuses the request. Cheap to clone.
///
/// ```
/// use scopegate_gate::{Catalog, Gate, Guard, Operation, RequestHead, ScopeToken, SecurityScheme};
/// use scopegate_gate::domain::Secret;
/// use scopegate_gate::token::{SigningKey, TokenRules, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
///
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
///     .operation(Operation::get("/reports/{id}").guard(Guard::requires([READ])))
///     .build()?;
///
/// let request = http::Request::get("/reports/1").body(())?;
/// # let ask = async {
/// let refusal = gate.authorize(&RequestHead::of(&request)).await.unwrap_err();
/// assert_eq!(refusal.status(), 401);
/// assert_eq!(refusal.headers()["www-authenticate"], r#"Bearer realm="Scopegate", scope="reports:read""#);
/// # };
/// # let mut ask = std::pin::pin!(ask);
/// # assert!(ask.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gate {
    pub(crate) inner: Arc<Inner>,
    #[cfg(feature = "testing")]
    pub(crate) identity: Option<Arc<crate::test_identity::TestIdentity>>,
}

pub(crate) struct Inner {
    pub(crate) authorizer: Authorizer,
    pub(crate) routes: Routes<Target>,
    /// One for each operation of the table, in its order.
    pub(crate) operations: Vec<OperationCredentials>,
    pub(crate) sites: Vec<Arc<dyn SiteEndpoint>>,
    pub(crate) refusals: RefusalResponses,
    pub(crate) request_ids: RequestIds,
    pub(crate) metrics: GateMetrics,
}

/// The places of the credentials of one operation.
pub(crate) struct OperationCredentials {
    pub(crate) sources: Sources,
    /// The proposed policy, if there is one.
    pub(crate) shadow: Option<Box<ShadowEvaluator>>,
}

impl Gate {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            #[cfg(feature = "testing")]
            identity: None,
        }
    }

    /// Returns the clock by which credentials expire.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.authorizer.clock
    }

    /// Returns the operations with their requirements.
    #[must_use]
    pub fn operations(&self) -> &OperationTable {
        &self.inner.authorizer.table
    }

    /// Looks up the target of a method and a raw path, once for each request.
    #[must_use]
    pub fn lookup(&self, method: &Method, raw_path: &str) -> Lookup<'_, Target> {
        self.inner.routes.find(method.as_str(), raw_path)
    }

    /// Returns the table of refusals.
    #[must_use]
    pub fn refusals(&self) -> &RefusalResponses {
        &self.inner.refusals
    }

    /// Returns the methods of a raw path, each with its target.
    #[must_use]
    pub fn methods_at(&self, raw_path: &str) -> &[(&'static str, Target)] {
        self.inner.routes.methods(raw_path)
    }

    /// Returns the methods of a template, each with its target.
    #[must_use]
    pub fn methods_of(&self, template: &str) -> &[(&'static str, Target)] {
        self.inner.routes.methods_of(template)
    }

    /// Returns the type of the users that a permit can have; `None` without users.
    #[must_use]
    pub fn user_type(&self) -> Option<TypeId> {
        self.inner.authorizer.users.as_ref().map(UserSource::user_type)
    }

    /// Returns whether scripts of configured origins may read the answers of a target.
    #[must_use]
    pub fn is_open_to_other_origins(&self, target: Target) -> bool {
        match target {
            Target::Operation(_) => true,
            Target::Site { .. } => self
                .site(target)
                .is_some_and(|(.., route)| route.is_open_to_other_origins()),
        }
    }

    /// Sets the headers that every response has, for a response that no [`Routed`](crate::Routed)
    /// finishes.
    pub fn finish_uncounted<B>(&self, response: &mut Response<B>) {
        response_headers::set(response.headers_mut(), self.inner.request_ids.next());
    }

    /// Returns this gate with every request presenting the identity. All declared rules still
    /// apply.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_identity(&self, identity: crate::test_identity::TestIdentity) -> Self {
        Self {
            identity: Some(Arc::new(identity)),
            ..self.clone()
        }
    }

    /// Returns the site endpoint of a target, with the number of its route and the route.
    pub(crate) fn site(&self, target: Target) -> Option<(&dyn SiteEndpoint, usize, &SiteRoute)> {
        let Target::Site { endpoint, route } = target else {
            return None;
        };
        let endpoint = self.inner.sites.get(endpoint)?;
        Some((&**endpoint, route, endpoint.routes().get(route)?))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("operations", &self.inner.operations.len())
            .finish_non_exhaustive()
    }
}
