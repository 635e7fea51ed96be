//! Types of schemes that a document has and a table cannot express.

use std::collections::BTreeMap;

use scopegate_domain::SchemeName;
use serde_json::{Map, Value};

use super::document::document;
use super::info::DocumentInfo;
use crate::guard_words::TYPE;
use crate::import::Imported;

/// The fields of a scheme that its kind in the table cannot express.
pub(super) type Details<'i> = BTreeMap<&'i str, &'i str>;

/// Returns the OpenAPI document of a policy that was read.
///
/// The document is that of [`document`], with what a table cannot express. These are schemes of
/// mutual TLS, HTTP schemes other than basic, bearer and digest, and types and flows that OpenAPI
/// does not have.
///
/// ```
/// use scopegate_openapi::{DocumentInfo, export, import};
///
/// let imported = import::read(br#"{
///   "openapi": "3.1.0", "info": { "title": "Items", "version": "1" },
///   "components": { "securitySchemes": { "certificate": { "type": "mutualTLS" } } },
///   "paths": { "/items": { "get": { "security": [{ "certificate": [] }] } } }
/// }"#)?;
/// let document = export::document_of(&DocumentInfo::new("Items", "1"), &imported);
/// assert_eq!(document["components"]["securitySchemes"]["certificate"]["type"], "mutualTLS");
/// # Ok::<(), import::ImportError>(())
/// ```
#[must_use]
pub fn document_of(info: &DocumentInfo, imported: &Imported) -> Value {
    let mut document = document(info, imported.table(), &[], &Map::new());
    let schemes = document.pointer_mut("/components/securitySchemes");
    if let Some(Value::Object(schemes)) = schemes {
        for (name, details) in details(imported) {
            if let Some(Value::Object(scheme)) = schemes.get_mut(name.as_str()) {
                restore(scheme, &details, info);
            }
        }
    }
    document
}

/// The details of each scheme that has some.
pub(super) fn details(imported: &Imported) -> BTreeMap<&SchemeName, Details<'_>> {
    let mut all: BTreeMap<&SchemeName, Details<'_>> = BTreeMap::new();
    for (scheme, field, value) in imported.scheme_details() {
        all.entry(scheme).or_default().insert(field, value);
    }
    all
}

fn restore(scheme: &mut Map<String, Value>, details: &Details<'_>, info: &DocumentInfo) {
    let native: &[&str] = if info.is_3_0() {
        &["http"]
    } else {
        &["http", "mutualTLS"]
    };
    match details.get("type") {
        Some(kind) if native.contains(kind) => {
            scheme.remove("in");
            scheme.remove("name");
            for (field, value) in details {
                scheme.insert((*field).to_owned(), (*value).into());
            }
        }
        Some(kind) if info.has_extensions() => {
            scheme.insert(TYPE.to_owned(), (*kind).into());
        }
        _ => {}
    }
    let flows = details
        .iter()
        .filter_map(|(field, url)| Some((field.strip_prefix("flows.")?, *url)));
    for (field, url) in flows {
        let (name, field) = field.rsplit_once('.').unwrap_or((field, ""));
        let scopes = scheme
            .get("x-scopegate-scopes")
            .or_else(|| scopes_of_flow(scheme))
            .cloned();
        let Some(Value::Object(flows)) = scheme.get_mut("flows") else {
            return;
        };
        let flow = flows.entry(name).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(flow) = flow else { continue };
        flow.entry("scopes")
            .or_insert_with(|| scopes.unwrap_or_else(|| Value::Object(Map::new())));
        if !field.is_empty() {
            flow.insert(field.to_owned(), url.into());
        }
    }
}

/// The scopes of the first flow: here each flow has those of the scheme.
fn scopes_of_flow(scheme: &Map<String, Value>) -> Option<&Value> {
    scheme.get("flows")?.as_object()?.values().next()?.get("scopes")
}
