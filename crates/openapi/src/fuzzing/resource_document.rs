//! The fuzzed APIs of an authorization server: a configuration with `[[resources]]`, and the
//! documents that it names.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{Audience, OAuthFlows, Resource, Resources, ResourcesError, ScopeToken, SecurityScheme};
use serde::Deserialize;

use crate::import::{self, Imported, token_schemes};

/// The line between the configuration and each document.
const SEPARATOR: &str = "\n%%%\n";

/// The number of tables that are compared with each other.
const MOST_TABLES: usize = 64;

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    resources: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    audience: String,
    title: Option<String>,
    /// The number of a document of the input. The first one is 1.
    document: usize,
    #[serde(default)]
    own: bool,
}

/// Asserts that the resources are exactly what the documents declare. Each refusal is true and one
/// line, and one of an audience names a remedy.
///
/// The input is a configuration and documents, with lines `%%%` between them.
///
/// # Panics
///
/// If a property does not hold.
pub fn resource_document(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut parts = text.split(SEPARATOR);
    let written = toml::from_str::<Written>(parts.next().unwrap_or_default());
    let documents: Vec<_> = parts.map(|part| import::read(part.as_bytes())).collect();
    for fault in documents.iter().filter_map(|read| read.as_ref().err()) {
        is_one_line(&fault.to_string());
    }
    let Ok(written) = written else { return };
    let tables = written.resources.into_iter().take(MOST_TABLES);
    let read = |table: Table| {
        let audience = audience(&table.audience)?;
        let document = documents.get(table.document.checked_sub(1)?)?.as_ref().ok()?;
        let resource = document.resource(audience, table.title.as_deref()).with_own(table.own);
        is_of_document(&resource, document);
        Some(resource)
    };
    is_union(&tables.filter_map(read).collect::<Vec<_>>());
}

fn audience(text: &str) -> Option<Audience> {
    match Audience::of_resource(text) {
        Ok(audience) => {
            let written = audience.as_str();
            assert_eq!(
                Audience::of_resource(written).as_ref(),
                Ok(&audience),
                "the form of an audience is stable"
            );
            assert!(written.eq_ignore_ascii_case(text), "only the case changes");
            assert!(
                !written.contains(['#', ' ', '\n']) && written.contains("://"),
                "{written}"
            );
            Some(audience)
        }
        Err(fault) => {
            is_one_line(&fault.to_string());
            assert!(fault.to_string().contains("; "), "a remedy is named: {fault}");
            None
        }
    }
}

fn is_one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains('\n'), "a fault is one line: {text}");
}

/// The scopes are those of the schemes of tokens, except those about the identity of a user, and
/// those that no flow of the scheme declares. The first description that is not empty counts.
fn is_of_document(resource: &Resource, document: &Imported) {
    let mut expected: BTreeMap<&ScopeToken, &str> = BTreeMap::new();
    for scheme in token_schemes(document.table().catalog()) {
        let has_flows = matches!(scheme.scheme(), SecurityScheme::OAuth2(flows) if **flows != OAuthFlows::default());
        for scope in scheme.scopes() {
            let place = document.scope_place(scheme.name().as_str(), scope.token().as_str());
            if has_flows && place.is_none() {
                continue;
            }
            if matches!(
                scope.token().as_str(),
                "openid" | "profile" | "email" | "offline_access"
            ) {
                continue;
            }
            match expected.get(scope.token()) {
                Some(known) if !known.is_empty() => {}
                _ => _ = expected.insert(scope.token(), scope.description()),
            }
        }
    }
    assert!(resource.scopes().eq(expected), "{resource:?}");
}

fn is_union(all: &[Resource]) {
    match Resources::new(all.iter().cloned()) {
        Ok(resources) => {
            assert!(first_contradiction(all).is_none(), "{all:?}");
            assert!(resources.iter().eq(all));
            for one in all {
                assert_eq!(resources.find(one.audience()), Some(one));
            }
            let scopes: BTreeSet<_> = all.iter().flat_map(Resource::scopes).map(|(token, _)| token).collect();
            assert_eq!(resources.scopes(), scopes);
            assert_eq!(resources.own(), all.iter().find(|one| one.is_own()));
        }
        Err(fault) => {
            is_one_line(&fault.to_string());
            let (ResourcesError::AudienceTwice { first, second }
            | ResourcesError::DescriptionTwice { first, second, .. }
            | ResourcesError::OwnTwice { first, second }) = fault
            else {
                return;
            };
            let pair = all.get(first).zip(all.get(second));
            assert!(
                first < second && pair.is_some_and(|(one, other)| contradict(one, other)),
                "{fault}"
            );
        }
    }
}

fn first_contradiction(all: &[Resource]) -> Option<(&Resource, &Resource)> {
    let later = |(number, one)| all.iter().skip(number + 1).map(move |other| (one, other));
    let mut pairs = all.iter().enumerate().flat_map(later);
    pairs.find(|(one, other)| contradict(one, other))
}

/// Whether two resources cannot be of one server.
fn contradict(one: &Resource, other: &Resource) -> bool {
    let mut described = one.scopes().filter(|(_, text)| !text.is_empty());
    let differs = described.any(|(token, text)| {
        let mut others = other.scopes();
        others.any(|(known, description)| known == token && !description.is_empty() && description != text)
    });
    differs || one.audience() == other.audience() || (one.is_own() && other.is_own())
}
