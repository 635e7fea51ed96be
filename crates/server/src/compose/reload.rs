//! Replaces the resources of a running server by those of the changed documents.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::ensure;
use scopegate_domain::{Resource, Resources};
use scopegate_grant::AuthorizationServer;
use scopegate_portal::{ApiDescriptions, ServerMetadata};

use super::Apis;

/// The parts of a running server that a reload replaces.
#[derive(Debug)]
pub(crate) struct Reloadable {
    pub(super) server: AuthorizationServer,
    pub(super) metadata: Option<ServerMetadata>,
    pub(super) apis: Apis,
    /// What the pages say about the APIs.
    pub(super) descriptions: ApiDescriptions,
}

/// The difference between the resources before and after a reload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReloadSummary {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

impl Reloadable {
    /// Returns the URL of the metadata. `None` if the issuer is not a URL that has one.
    pub(crate) fn metadata_url(&self) -> Option<&str> {
        self.metadata.as_ref().map(ServerMetadata::url)
    }

    /// Puts the resources into effect, all or none.
    ///
    /// # Errors
    ///
    /// A change of the own API, or of whether there are resources. Then nothing changes.
    pub(crate) fn apply(&mut self, apis: Apis) -> anyhow::Result<ReloadSummary> {
        let own = |apis: &Apis| apis.resources.own().map(|own| own.audience().clone());
        ensure!(
            apis.own == self.apis.own && own(&apis) == own(&self.apis),
            "the own API changed, and its handlers and its published document did not; restart the server to serve the changed \
             document"
        );
        ensure!(
            apis.resources.is_empty() == self.apis.resources.is_empty(),
            "the first `[[resources]]` were added, or the last were removed; restart the server"
        );
        let summary = ReloadSummary::of(&self.apis.resources, &apis.resources);
        self.server.replace_resources(apis.resources.clone());
        self.descriptions.replace(apis.descriptions.iter().cloned());
        if let Some(metadata) = &self.metadata {
            metadata.refresh(&self.server);
        }
        self.apis = apis;
        Ok(summary)
    }
}

impl ReloadSummary {
    fn of(old: &Resources, new: &Resources) -> Self {
        let by_name = |all: &'_ Resources| -> BTreeMap<String, Resource> {
            all.iter()
                .map(|one| (one.audience().to_string(), one.clone()))
                .collect()
        };
        let (old, new) = (by_name(old), by_name(new));
        let only = |these: &BTreeMap<String, Resource>, those: &BTreeMap<String, Resource>| {
            these
                .keys()
                .filter(|name| !those.contains_key(*name))
                .cloned()
                .collect()
        };
        let is_changed = |(name, one): &(&String, &Resource)| old.get(*name).is_some_and(|before| before != *one);
        Self {
            added: only(&new, &old),
            removed: only(&old, &new),
            changed: new.iter().filter(is_changed).map(|(name, _)| name.clone()).collect(),
        }
    }
}

impl fmt::Display for ReloadSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
        ];
        let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts
            .map(|(what, names)| format!("{what} `{}`", names.join("`, `")))
            .collect();
        if parts.is_empty() {
            return f.write_str("no resource changed");
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Audience, ScopeToken};

    use super::*;

    #[test]
    fn summary_names_each_difference() {
        let resource = |name: &str| Resource::new(Audience::parse(name).unwrap(), name);
        let all = |names: &[&str]| Resources::new(names.iter().map(|name| resource(name))).unwrap();
        let summary = |old: &Resources, new: &Resources| ReloadSummary::of(old, new).to_string();
        assert_eq!(summary(&all(&["a"]), &all(&["a"])), "no resource changed");
        assert_eq!(
            summary(&all(&["a", "b"]), &all(&["b", "c", "d"])),
            "added `c`, `d`; removed `a`"
        );
        let scope = ScopeToken::from_static("s");
        let changed = Resources::new([resource("a").with_scope(scope, "")]).unwrap();
        assert_eq!(summary(&all(&["a"]), &changed), "changed `a`");
    }
}
