//! The APIs that tokens are for: reads the documents of `[[resources]]`.

use anyhow::{bail, ensure};
use scopegate_domain::{Resource, Resources, ResourcesError, ScopeToken};
use scopegate_openapi::import::{Imported, token_schemes};
use scopegate_portal::ApiDescription;

use super::own_api::OwnApi;
use super::resource_document::{line_of, read};
use super::{descriptions, document_notes};
use crate::config::{ResourceSettings, Settings};

/// The APIs of a configuration, as their documents declare them.
#[derive(Clone, Debug)]
pub(crate) struct Apis {
    /// All resources. Without `[[resources]]` there is none.
    pub(crate) resources: Resources,
    /// The API that this process answers.
    pub(crate) own: OwnApi,
    /// What the pages say about them.
    pub(super) descriptions: Vec<ApiDescription>,
    /// A sentence for each fault in the scopes of a document.
    faults: Vec<String>,
}

impl Apis {
    /// Reads the documents of all resources. `serve`, `config check` and a reload all call it.
    ///
    /// # Errors
    ///
    /// The first resource that cannot be used, with its place and the remedy.
    pub(crate) fn read(settings: &Settings) -> anyhow::Result<Self> {
        let tables = &settings.resources;
        if tables.is_empty() {
            let own = OwnApi::without_resources(settings)?;
            return Ok(Self {
                resources: Resources::default(),
                descriptions: descriptions::of_own(&own)?.into_iter().collect(),
                own,
                faults: Vec::new(),
            });
        }
        expect_usable(settings)?;
        let mut resources = Vec::with_capacity(tables.len());
        let mut descriptions = Vec::with_capacity(tables.len());
        let mut faults = Vec::new();
        let mut own = None;
        for table in tables {
            let document = read(table)?;
            if table.is_own {
                own = Some(OwnApi::read(settings, table, &document)?);
            }
            faults.extend(document_notes::warnings(table, &document));
            let resource = resource(table, &document);
            descriptions.push(descriptions::of_document(&resource, &document));
            resources.push(resource);
        }
        let resources = Resources::new(resources).map_err(|fault| contradiction(tables, &fault))?;
        let own = own.map_or_else(|| OwnApi::none(settings), Ok)?;
        Ok(Self {
            resources,
            own,
            descriptions,
            faults,
        })
    }
}

/// Refuses settings that contradict `[[resources]]`.
fn expect_usable(settings: &Settings) -> anyhow::Result<()> {
    let place = || settings.place_of("resources");
    ensure!(
        !settings.demo,
        "`demo` serves an API of its own, so it takes no `[[resources]]` ({}); remove `demo`, or the tables",
        place()
    );
    if settings.audience.is_some() {
        bail!(
            "`audience` is for a server without `[[resources]]`, which have audiences of their own; remove it ({})",
            settings.place_of("audience")
        );
    }
    // A token of that profile names no audience, so it would be accepted by every API.
    let is_one_own = matches!(&settings.resources[..], [one] if one.is_own);
    ensure!(
        settings.profile.has_key_ring() || is_one_own,
        "tokens of the profile `{}` name no audience, so it serves one resource with `own = true` and no other ({}); use \
         `profile = \"rfc\"`",
        settings.profile.name(),
        place()
    );
    Ok(())
}

fn resource(table: &ResourceSettings, document: &Imported) -> Resource {
    let resource = document.resource(table.audience.clone(), table.title.as_deref());
    resource.with_own(table.is_own)
}

/// Describes two resources that contradict each other, with both places.
fn contradiction(tables: &[ResourceSettings], fault: &ResourcesError) -> anyhow::Error {
    let place = |number: usize, key| tables.get(number).map(|table| table.place(key)).unwrap_or_default();
    match fault {
        ResourcesError::AudienceTwice { first, second } => anyhow::anyhow!(
            "{}: it is the audience of {}, too, after scheme and host became lower case; give each resource its own audience",
            place(*second, "audience"),
            place(*first, "audience")
        ),
        ResourcesError::OwnTwice { first, second } => anyhow::anyhow!(
            "{}: it is `true` like {}; at most one resource can be the API of this process",
            place(*second, "own"),
            place(*first, "own")
        ),
        ResourcesError::DescriptionTwice { scope, first, second } => {
            let described = |number: usize| {
                tables
                    .get(number)
                    .map(|table| described(table, scope))
                    .unwrap_or_default()
            };
            anyhow::anyhow!(
                "scope `{scope}` has two descriptions: {} and {}; give it the same description in both, or another name in one",
                described(*first),
                described(*second)
            )
        }
        fault => anyhow::anyhow!("{fault}"),
    }
}

/// The description of a scope with its place. The document is read again.
fn described(table: &ResourceSettings, scope: &ScopeToken) -> String {
    let found = read(table).ok().and_then(|document| {
        let mut schemes = token_schemes(document.table().catalog());
        schemes.find_map(|scheme| {
            let declared = scheme
                .scopes()
                .iter()
                .find(|one| one.token() == scope && !one.description().is_empty())?;
            let place = document.scope_place(scheme.name().as_str(), scope.as_str());
            Some((
                declared.description().to_owned(),
                place.map(line_of).unwrap_or_default(),
            ))
        })
    });
    let (text, line) = found.unwrap_or_default();
    format!("`{}` in `{}`{line}", text.escape_debug(), table.document.display())
}

/// Returns a sentence for each resource that is valid but probably a mistake.
pub(crate) fn warnings(apis: &Apis) -> Vec<String> {
    let empty = apis.resources.iter().filter(|resource| resource.scopes().len() == 0);
    let warning = |resource: &Resource| {
        format!(
            "resource `{}` declares no scope, so no token is for it; declare scopes in its document",
            resource.audience()
        )
    };
    apis.faults.iter().cloned().chain(empty.map(warning)).collect()
}

impl Apis {
    /// Whether this process only issues tokens.
    pub(crate) fn has_no_own_api(&self) -> bool {
        !self.own.has_operations()
    }
}

#[cfg(test)]
mod tests;
