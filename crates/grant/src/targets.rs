//! The APIs that tokens are for: [RFC 8707](https://www.rfc-editor.org/rfc/rfc8707).

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use scopegate_domain::{
    Audience, Catalog, Client, DeclaredScheme, DeclaredScope, Resource, Resources, Scope, ScopeToken,
};

use crate::limits::MAX_RESOURCES;
use crate::{InvalidScopeCause, InvalidTargetCause, Params};

/// The parameter that names a resource.
pub(crate) const RESOURCE: &str = "resource";

/// The APIs of a server, which a reload replaces as one value.
#[derive(Debug)]
pub(crate) struct Targets(RwLock<Arc<Current>>);

/// The APIs at one moment.
#[derive(Debug)]
pub(crate) enum Current {
    /// One API with the scopes of a catalog, in the order of declaration. Its audience is that of
    /// the signer.
    OneApi {
        scopes: Vec<ScopeToken>,
        set: HashSet<ScopeToken>,
    },
    /// Resources, each with its audience.
    Resources(Resources),
}

impl Targets {
    pub(crate) fn new(catalog: &Catalog, resources: Option<Resources>) -> Self {
        let current = resources.map_or_else(
            || {
                let declared = catalog.schemes().iter().flat_map(DeclaredScheme::scopes);
                let scopes: Vec<ScopeToken> = declared.map(DeclaredScope::token).cloned().collect();
                let set = scopes.iter().cloned().collect();
                Current::OneApi { scopes, set }
            },
            Current::Resources,
        );
        Self(RwLock::new(Arc::new(current)))
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, resources: Resources) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&**current, Current::Resources(_)) {
            *current = Arc::new(Current::Resources(resources));
        }
    }

    /// Returns the declared scopes.
    pub(crate) fn scopes(&self) -> Vec<ScopeToken> {
        match &*self.current() {
            Current::OneApi { scopes, .. } => scopes.clone(),
            Current::Resources(resources) => resources.scopes().into_iter().cloned().collect(),
        }
    }
}

impl Current {
    /// Whether a client receives an answer about a token with these audiences. `own` is the
    /// audience of a server without resources.
    // SECURITY: a resource server learns nothing about the tokens of another one. Tested by
    // `introspection_answers_for_own_resources_only` in tests/it/resources.rs.
    pub(crate) fn are_served_by<'a>(
        &self,
        client: &Client,
        own: Option<&Audience>,
        mut audiences: impl Iterator<Item = &'a str>,
    ) -> bool {
        match self {
            // The tokens of a shared secret name no audience.
            Self::OneApi { .. } => own.is_none_or(|own| audiences.any(|name| name == own.as_str())),
            Self::Resources(resources) => {
                let mut of_client = client
                    .resources()
                    .iter()
                    .filter_map(|audience| resources.find(audience));
                match own {
                    // The tokens of a shared secret name no audience: they are for the own API.
                    None => of_client.any(Resource::is_own),
                    Some(_) => audiences.any(|name| of_client.clone().any(|one| one.audience().as_str() == name)),
                }
            }
        }
    }
}

/// The APIs that the token of one request may be for.
#[derive(Debug)]
pub(crate) enum RequestTargets<'r> {
    /// The API of a server without resources.
    OneApi(&'r HashSet<ScopeToken>),
    /// The requested resources, or all of the client.
    Resources(Vec<&'r Resource>),
}

impl<'r> RequestTargets<'r> {
    /// Reads the parameters `resource` of a client with these resources. `own` is the audience of a
    /// server without resources. Each value must be a resource of the client, byte for byte.
    // SECURITY: a client gets no token for a resource that the operator did not give it. Tested by
    // `audience_is_within_the_resources` in scope_request.rs.
    pub(crate) fn parse(
        current: &'r Current,
        own: Option<&Audience>,
        of_client: &[Audience],
        params: &Params,
    ) -> Result<Self, InvalidTargetCause> {
        let mut named: Vec<&str> = params.texts(RESOURCE).take(MAX_RESOURCES + 1).collect();
        if named.len() > MAX_RESOURCES {
            return Err(InvalidTargetCause::TooMany);
        }
        match current {
            Current::OneApi { set, .. } => {
                let is_own = |name: &&str| own.is_some_and(|own| own.as_str() == *name);
                if named.iter().all(is_own) {
                    Ok(Self::OneApi(set))
                } else {
                    Err(InvalidTargetCause::Unknown)
                }
            }
            Current::Resources(resources) if named.is_empty() => {
                let all = of_client.iter().filter_map(|audience| resources.find(audience));
                Ok(Self::Resources(all.collect()))
            }
            Current::Resources(resources) => {
                let mut seen = HashSet::new();
                named.retain(|name| seen.insert(*name));
                let resource = |name: &str| {
                    let audience = of_client.iter().find(|audience| audience.as_str() == name);
                    audience.and_then(|audience| resources.find(audience))
                };
                let found: Option<Vec<&Resource>> = named.into_iter().map(resource).collect();
                found.map(Self::Resources).ok_or(InvalidTargetCause::Unknown)
            }
        }
    }

    /// The API of a server without resources.
    #[cfg(test)]
    pub(crate) fn one_api(current: &'r Current) -> Self {
        let Current::OneApi { set, .. } = current else {
            panic!("there are resources")
        };
        Self::OneApi(set)
    }

    /// Whether one of the APIs declares this scope.
    pub(crate) fn declare(&self, token: &ScopeToken) -> bool {
        match self {
            Self::OneApi(set) => set.contains(token),
            Self::Resources(resources) => resources.iter().any(|resource| resource.declares(token)),
        }
    }

    /// Returns the audiences of a token with this scope: the resources that declare a part of it.
    ///
    /// # Errors
    ///
    /// [`InvalidScopeCause::NothingLeft`] if no resource does: the token would be for no API.
    pub(crate) fn audiences(&self, granted: &Scope) -> Result<Vec<Audience>, InvalidScopeCause> {
        let Self::Resources(resources) = self else {
            return Ok(Vec::new());
        };
        let declares = |resource: &&&Resource| granted.iter().any(|token| resource.declares(token));
        let audiences = resources
            .iter()
            .filter(declares)
            .map(|resource| resource.audience().clone());
        let audiences: Vec<Audience> = audiences.collect();
        if audiences.is_empty() {
            return Err(InvalidScopeCause::NothingLeft);
        }
        Ok(audiences)
    }
}
