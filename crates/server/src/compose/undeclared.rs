//! The scopes that the configuration declares, to compare others with.

use scopegate_domain::{DeclaredScheme, Scope, ScopeToken};
use scopegate_policy::nearest_name;

use super::Apis;
use crate::config::Settings;

/// The declared scopes, to compare others with.
pub(crate) struct DeclaredScopes {
    names: Vec<ScopeToken>,
    has_resources: bool,
}

impl DeclaredScopes {
    /// The scopes of these APIs.
    pub(crate) fn of(settings: &Settings, apis: &Apis) -> Self {
        let own = apis.own.catalog.schemes().iter().flat_map(DeclaredScheme::scopes);
        let names = if apis.resources.is_empty() {
            own.map(|scope| scope.token().clone()).collect()
        } else {
            apis.resources.scopes().into_iter().cloned().collect()
        };
        Self {
            names,
            has_resources: settings.demo || !settings.resources.is_empty(),
        }
    }

    /// Returns a sentence for each scope that is not declared.
    pub(crate) fn warnings(&self, scope: &Scope) -> Vec<String> {
        let undeclared = scope.iter().filter(|token| !self.contains(token));
        undeclared.map(|token| self.warning(token)).collect()
    }

    /// Whether a resource declares the scope, or it is `offline_access`, which belongs to none.
    pub(super) fn contains(&self, token: &ScopeToken) -> bool {
        *token == ScopeToken::OFFLINE_ACCESS || self.names.contains(token)
    }

    /// Returns the sentence about a scope that is not declared.
    pub(super) fn warning(&self, token: &ScopeToken) -> String {
        let remedy = match nearest_name(token.as_str(), self.names.iter().map(ScopeToken::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if self.has_resources => "declare it in the document of a resource, or give another scope".to_owned(),
            None => "no `[[resources]]` are configured; `--config` names the file that declares them".to_owned(),
        };
        format!("no resource declares scope `{token}`, so no token contains it; {remedy}")
    }

    /// The scopes of a server with resources.
    #[cfg(test)]
    pub(super) const fn of_names(names: Vec<ScopeToken>) -> Self {
        Self {
            names,
            has_resources: true,
        }
    }
}
