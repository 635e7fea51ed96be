//! Resources: the APIs that access tokens are for, each with its audience and its scopes.

mod audience;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{Audience, ScopeToken};

pub use self::audience::InvalidAudience;

/// An API that access tokens are for: a protected resource of [RFC
/// 8707](https://www.rfc-editor.org/rfc/rfc8707).
///
/// ```
/// use scopegate_domain::{Audience, Resource, ScopeToken};
///
/// const READ: ScopeToken = ScopeToken::from_static("ships:read");
///
/// let ships = Resource::new(Audience::of_resource("https://API.example/ships")?, "Ships").with_scope(READ, "Read ships.");
/// assert_eq!(ships.audience().as_str(), "https://api.example/ships");
/// assert!(ships.declares(&READ));
/// # Ok::<(), scopegate_domain::InvalidAudience>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    audience: Audience,
    title: String,
    scopes: BTreeMap<ScopeToken, String>,
    is_own: bool,
}

impl Resource {
    /// Creates a resource without scopes.
    #[must_use]
    pub fn new(audience: Audience, title: impl Into<String>) -> Self {
        Self {
            audience,
            title: title.into(),
            scopes: BTreeMap::new(),
            is_own: false,
        }
    }

    /// Adds a scope with its description for users. A later description replaces an empty one.
    #[must_use]
    pub fn with_scope(mut self, token: ScopeToken, description: impl Into<String>) -> Self {
        let description = description.into();
        let known = self.scopes.entry(token).or_default();
        if known.is_empty() {
            *known = description;
        }
        self
    }

    /// Sets whether this process answers the operations of the API. Default: false.
    #[must_use]
    pub const fn with_own(mut self, is_own: bool) -> Self {
        self.is_own = is_own;
        self
    }

    /// Returns the audience: the `aud` of its tokens.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Returns the name of the API for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns its scopes with their descriptions, sorted by name.
    #[must_use]
    pub fn scopes(&self) -> impl ExactSizeIterator<Item = (&ScopeToken, &str)> {
        self.scopes.iter().map(|(token, text)| (token, text.as_str()))
    }

    /// Whether the API declares this scope.
    #[must_use]
    pub fn declares(&self, token: &ScopeToken) -> bool {
        self.scopes.contains_key(token)
    }

    /// Whether this process answers the operations of the API.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.is_own
    }
}

/// All resources of an authorization server. Each audience occurs once, at most one resource is
/// the own API, and a scope has one description everywhere.
///
/// ```
/// use scopegate_domain::{Audience, Resource, Resources, ResourcesError};
///
/// let ships = || Audience::of_resource("https://api.example/ships").map(|audience| Resource::new(audience, "Ships"));
/// let twice = Resources::new([ships()?, ships()?]);
/// assert!(matches!(twice, Err(ResourcesError::AudienceTwice { first: 0, second: 1 })));
/// # Ok::<(), scopegate_domain::InvalidAudience>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    all: Vec<Resource>,
    places: HashMap<Audience, usize>,
}

impl Resources {
    /// Collects resources, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// [`ResourcesError`] names the two resources that contradict each other.
    pub fn new(resources: impl IntoIterator<Item = Resource>) -> Result<Self, ResourcesError> {
        let all: Vec<Resource> = resources.into_iter().collect();
        let mut places = HashMap::with_capacity(all.len());
        let mut own: Option<usize> = None;
        for (second, resource) in all.iter().enumerate() {
            if let Some(first) = places.insert(resource.audience.clone(), second) {
                return Err(ResourcesError::AudienceTwice { first, second });
            }
            if let Some(first) = own.filter(|_| resource.is_own) {
                return Err(ResourcesError::OwnTwice { first, second });
            }
            own = own.or(resource.is_own.then_some(second));
        }
        one_description(&all)?;
        Ok(Self { all, places })
    }

    /// Returns the resources, in the order of the configuration.
    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.all.iter()
    }

    /// Returns the number of resources.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is no resource.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the resource with this audience. Audiences are compared byte for byte.
    #[must_use]
    pub fn find(&self, audience: &Audience) -> Option<&Resource> {
        self.places.get(audience).and_then(|place| self.all.get(*place))
    }

    /// Returns the API of this process.
    #[must_use]
    pub fn own(&self) -> Option<&Resource> {
        self.all.iter().find(|resource| resource.is_own)
    }

    /// Returns the declared scopes of all resources, sorted, each once.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<&ScopeToken> {
        self.all.iter().flat_map(|resource| resource.scopes.keys()).collect()
    }
}

impl<'r> IntoIterator for &'r Resources {
    type Item = &'r Resource;
    type IntoIter = std::slice::Iter<'r, Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Checks that no scope has two descriptions. An empty description states nothing.
fn one_description(all: &[Resource]) -> Result<(), ResourcesError> {
    let mut known: HashMap<&ScopeToken, (usize, &str)> = HashMap::new();
    for (second, resource) in all.iter().enumerate() {
        for (token, text) in resource.scopes().filter(|(_, text)| !text.is_empty()) {
            let (first, described) = *known.entry(token).or_insert((second, text));
            if described != text {
                return Err(ResourcesError::DescriptionTwice {
                    scope: token.clone(),
                    first,
                    second,
                });
            }
        }
    }
    Ok(())
}

/// Two resources that contradict each other. They are numbered from 0, in the order of the
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourcesError {
    /// Two resources have one audience.
    #[error("resources {first} and {second} have the same audience; give each resource its own")]
    AudienceTwice {
        /// The earlier resource.
        first: usize,
        /// The later resource.
        second: usize,
    },
    /// One scope has two descriptions.
    #[error("resources {first} and {second} describe scope `{scope}` differently; give both the same description")]
    DescriptionTwice {
        /// The scope.
        scope: ScopeToken,
        /// The earlier resource.
        first: usize,
        /// The later resource.
        second: usize,
    },
    /// Two resources are the own API.
    #[error("resources {first} and {second} are both the own API; at most one can be")]
    OwnTwice {
        /// The earlier resource.
        first: usize,
        /// The later resource.
        second: usize,
    },
}

#[cfg(test)]
mod tests;
