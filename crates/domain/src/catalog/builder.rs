//! Builds a catalog, and reports the first error of its declarations.

use std::collections::HashMap;
use std::fmt;

use super::{Catalog, DeclaredScheme, DeclaredScope};
use crate::{SchemeName, ScopeToken, SecurityScheme};

impl Catalog {
    /// Returns a builder.
    #[must_use]
    pub fn builder() -> CatalogBuilder {
        CatalogBuilder::default()
    }
}

/// Builds a catalog. [`CatalogBuilder::build`] reports its errors.
#[derive(Debug, Default)]
pub struct CatalogBuilder {
    schemes: Vec<DeclaredScheme>,
    edges: Vec<(usize, ScopeToken, ScopeToken)>,
    fault: Option<CatalogError>,
}

impl CatalogBuilder {
    /// Adds a scheme. The scopes and edges that follow belong to it.
    #[must_use]
    pub fn scheme(mut self, name: &str, scheme: SecurityScheme) -> Self {
        match SchemeName::parse(name) {
            Ok(name) if self.schemes.iter().any(|declared| declared.name == name) => {
                self.fail(CatalogError::SchemeTwice { name });
            }
            Ok(name) => self.schemes.push(DeclaredScheme {
                name,
                scheme,
                description: None,
                has_subject: true,
                scopes: Vec::new(),
            }),
            Err(fault) => self.fail(CatalogError::SchemeName(fault)),
        }
        self
    }

    /// Sets the description of the last scheme.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        match self.schemes.last_mut() {
            Some(declared) => declared.description = Some(text.into()),
            None => self.fail(CatalogError::NoScheme),
        }
        self
    }

    /// States that the credential of the last scheme identifies no subject, for example the key of
    /// an application.
    #[must_use]
    pub fn without_subject(mut self) -> Self {
        match self.schemes.last_mut() {
            Some(declared) => declared.has_subject = false,
            None => self.fail(CatalogError::NoScheme),
        }
        self
    }

    /// Adds a scope to the last scheme. A scheme of every kind may have scopes: OpenAPI 3.1 calls
    /// those of a key, a password or a plain bearer token roles.
    #[must_use]
    pub fn scope(mut self, token: ScopeToken, description: impl Into<String>) -> Self {
        let fault = match self.schemes.last_mut() {
            None => Some(CatalogError::NoScheme),
            Some(declared) if declared.scopes.iter().any(|scope| scope.token == token) => {
                Some(CatalogError::ScopeTwice { token })
            }
            Some(declared) => {
                let description = description.into();
                declared.scopes.push(DeclaredScope {
                    token,
                    description,
                    implies: Vec::new(),
                });
                None
            }
        };
        if let Some(fault) = fault {
            self.fail(fault);
        }
        self
    }

    /// Adds the scopes of another scheme to the last scheme, with their descriptions and
    /// implications. The other scheme must be complete. So a token and an API key can have the same
    /// scopes.
    ///
    /// ```
    /// use scopegate_domain::{ApiKeyLocation, Catalog, ScopeToken, SecurityScheme};
    ///
    /// const READ: ScopeToken = ScopeToken::from_static("notes:read");
    ///
    /// let catalog = Catalog::builder()
    ///     .scheme("login", SecurityScheme::http_bearer())
    ///     .scope(READ, "Read notes.")
    ///     .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-API-Key"))
    ///     .scopes_of("login")
    ///     .build()?;
    /// assert_eq!(catalog.schemes()[1].scopes()[0].description(), "Read notes.");
    /// # Ok::<(), scopegate_domain::CatalogError>(())
    /// ```
    #[must_use]
    pub fn scopes_of(mut self, scheme: &str) -> Self {
        let other = self
            .schemes
            .iter()
            .position(|declared| declared.name.as_str() == scheme);
        let (Some(other), Some(last)) = (other, self.schemes.len().checked_sub(1)) else {
            self.fail(CatalogError::UnknownScheme {
                name: scheme.to_owned(),
            });
            return self;
        };
        let copied = self
            .schemes
            .get(other)
            .map(|declared| declared.scopes.clone())
            .unwrap_or_default();
        for scope in copied {
            self = self.scope(scope.token, scope.description);
        }
        let edges = self.edges.iter().filter(|(index, ..)| *index == other);
        let edges: Vec<_> = edges
            .map(|(_, stronger, weaker)| (last, stronger.clone(), weaker.clone()))
            .collect();
        self.edges.extend(edges);
        self
    }

    /// Declares that `stronger` implies `weaker` in the last scheme.
    #[must_use]
    pub fn implies(mut self, stronger: ScopeToken, weaker: ScopeToken) -> Self {
        match self.schemes.len().checked_sub(1) {
            Some(index) => self.edges.push((index, stronger, weaker)),
            None => self.fail(CatalogError::NoScheme),
        }
        self
    }

    /// Builds the catalog.
    ///
    /// # Errors
    ///
    /// The first [`CatalogError`] in the order of declaration; a cycle among the edges is reported
    /// last.
    pub fn build(mut self) -> Result<Catalog, CatalogError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let places = self.places();
        for (index, stronger, weaker) in self.edges {
            let Some(declared) = self.schemes.get_mut(index) else {
                return Err(CatalogError::NoScheme);
            };
            if !places.contains_key(&(index, weaker.clone())) {
                return Err(CatalogError::UndeclaredScope { token: weaker });
            }
            let place = places.get(&(index, stronger.clone()));
            match place.and_then(|place| declared.scopes.get_mut(*place)) {
                Some(scope) if scope.implies.contains(&weaker) => {}
                Some(scope) => scope.implies.push(weaker),
                None => return Err(CatalogError::UndeclaredScope { token: stronger }),
            }
        }
        match self.schemes.iter().find_map(find_cycle) {
            Some(cycle) => Err(CatalogError::Cycle { cycle }),
            None => Ok(Catalog { schemes: self.schemes }),
        }
    }

    /// The position of each scope in its scheme. Empty if there is no edge.
    fn places(&self) -> HashMap<(usize, ScopeToken), usize> {
        if self.edges.is_empty() {
            return HashMap::new();
        }
        let of_scheme = |(index, declared): (usize, &DeclaredScheme)| {
            let tokens = declared.scopes.iter().map(|scope| scope.token.clone()).enumerate();
            tokens.map(|(place, token)| ((index, token), place)).collect::<Vec<_>>()
        };
        self.schemes.iter().enumerate().flat_map(of_scheme).collect()
    }

    fn fail(&mut self, fault: CatalogError) {
        self.fault.get_or_insert(fault);
    }
}

/// Returns a cycle among the edges of one scheme, as the scopes along it. Scopes are removed while
/// they imply no remaining scope. Each of the others leads to a cycle.
fn find_cycle(declared: &DeclaredScheme) -> Option<Vec<ScopeToken>> {
    let tokens = declared.scopes.iter().map(|scope| &scope.token);
    let places: HashMap<&ScopeToken, usize> = tokens.zip(0..).collect();
    let weaker = |scope: &DeclaredScope| -> Vec<usize> {
        scope
            .implies
            .iter()
            .filter_map(|token| places.get(token).copied())
            .collect()
    };
    let edges: Vec<Vec<usize>> = declared.scopes.iter().map(weaker).collect();
    let is_left = left_over(&edges);
    let mut here = is_left.iter().position(|left| *left)?;
    let mut path = Vec::new();
    loop {
        path.push(here);
        let next = edges.get(here)?.iter().copied();
        here = next.into_iter().find(|next| is_left.get(*next) == Some(&true))?;
        if let Some(start) = path.iter().position(|place| *place == here) {
            let cycle = path.split_off(start).into_iter().chain([here]);
            return cycle
                .map(|place| Some(declared.scopes.get(place)?.token.clone()))
                .collect();
        }
    }
}

/// Returns the scopes that imply a remaining scope, in any order of removal. Visits every edge
/// once.
fn left_over(edges: &[Vec<usize>]) -> Vec<bool> {
    let mut implied_by: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (place, weaker) in edges.iter().enumerate() {
        for weaker in weaker {
            if let Some(stronger) = implied_by.get_mut(*weaker) {
                stronger.push(place);
            }
        }
    }
    let mut counts: Vec<usize> = edges.iter().map(Vec::len).collect();
    let none_left = counts.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut open: Vec<usize> = none_left.map(|(place, _)| place).collect();
    while let Some(place) = open.pop() {
        for stronger in implied_by.get(place).into_iter().flatten() {
            if let Some(count) = counts.get_mut(*stronger) {
                *count -= 1;
                if *count == 0 {
                    open.push(*stronger);
                }
            }
        }
    }
    counts.into_iter().map(|count| count > 0).collect()
}

/// The reason that a declaration is refused.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Scopes imply each other in a cycle; the first is repeated at the end.
    #[error("scopes imply each other in a circle: {}", arrows(cycle))]
    Cycle {
        /// The scopes along the circle.
        cycle: Vec<ScopeToken>,
    },
    /// A scope, an edge or a description before any scheme.
    #[error("a scheme must be declared before its scopes, edges and description")]
    NoScheme,
    /// A name that is not an identifier.
    #[error("not a name for a scheme: {0}")]
    SchemeName(#[source] crate::InvalidIdentifier),
    /// The same name for two schemes.
    #[error("scheme `{name}` is declared twice")]
    SchemeTwice {
        /// The name of the scheme.
        name: SchemeName,
    },
    /// The same scope twice in one scheme.
    #[error("scope `{token}` is declared twice")]
    ScopeTwice {
        /// The scope token.
        token: ScopeToken,
    },
    /// An edge from or to a scope that is not declared.
    #[error("scope `{token}` is not declared in the scheme of its implication; declare both scopes there")]
    UndeclaredScope {
        /// The scope token.
        token: ScopeToken,
    },
    /// The scopes of a scheme that is not declared before.
    #[error("scheme `{name}` is not declared; declare it before the scheme that has its scopes")]
    UnknownScheme {
        /// The name of the scheme.
        name: String,
    },
}

/// Writes the message: a `main` that returns the error, and `unwrap`, show this text.
impl fmt::Debug for CatalogError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn arrows(cycle: &[ScopeToken]) -> String {
    cycle
        .iter()
        .map(|token| format!("`{token}`"))
        .collect::<Vec<_>>()
        .join(" -> ")
}

#[cfg(test)]
mod tests;
