//! Checks of the type of an object at a position. An object of another type would seem to have no
//! effect on security.

use scopegate_policy::Method;

use super::error::ImportError;
use super::field_names::REFERENCE;
use super::node::{At, Kind};
use super::shown::QuotedValue;

/// The fields of an operation that no other object of OpenAPI has together with its own.
const TELLING_OF_OPERATION: [&str; 4] = ["operationId", "requestBody", "responses", "security"];
/// The other fields of an operation, in OpenAPI and Swagger.
const OF_OPERATION: [&str; 11] = [
    "callbacks",
    "consumes",
    "deprecated",
    "description",
    "externalDocs",
    "parameters",
    "produces",
    "schemes",
    "servers",
    "summary",
    "tags",
];
/// The fields of a path item other than operations.
pub(super) const OF_PATH_ITEM: [&str; 5] = [REFERENCE, "description", "parameters", "servers", "summary"];
/// The field of a path item that contains operations of other methods (OpenAPI 3.2).
pub(super) const MORE_OPERATIONS: &str = "additionalOperations";
/// The fields of `components`.
const OF_COMPONENTS: [&str; 11] = [
    "callbacks",
    "examples",
    "headers",
    "links",
    "mediaTypes",
    "parameters",
    "pathItems",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
];
/// The fields of a flow.
const OF_FLOW: [&str; 5] = [
    "authorizationUrl",
    "deviceAuthorizationUrl",
    "refreshUrl",
    "scopes",
    "tokenUrl",
];
/// The fields that a whole document has.
const OF_DOCUMENT: [&str; 3] = ["openapi", "paths", "swagger"];

/// Refuses a value that is not an operation. `written` is the value at the position, possibly a
/// reference.
pub(super) fn check_operation(written: &At<'_>, at: &At<'_>) -> Result<(), ImportError> {
    let is_document = has(at, |name| OF_DOCUMENT.contains(&name));
    if !is_document && has(at, |name| TELLING_OF_OPERATION.contains(&name)) {
        return Ok(());
    }
    if is_reference(written) && has(at, |name| is_foreign(name, &OF_OPERATION)) {
        return Err(misled(written, "an operation"));
    }
    if has_operation(at) {
        return Err(at.fault("must be an operation and is a path item; move its methods up to the path"));
    }
    Ok(())
}

/// Refuses a value that is not a path item. It may be a reference to another one.
pub(super) fn check_path_item(written: &At<'_>, at: &At<'_>) -> Result<(), ImportError> {
    if has_operation(at) || is_reference(at) {
        return Ok(());
    }
    let Kind::Map(members) = &at.node.kind else {
        return Ok(());
    };
    let mut foreign = members
        .iter()
        .filter(|(name, _)| is_foreign(name, &OF_PATH_ITEM) && !is_operation(name));
    // The object may be an operation of a misspelt method, which has an error with its own place.
    if foreign.clone().any(|(_, member)| matches!(member.kind, Kind::Map(_))) {
        return Ok(());
    }
    if is_reference(written) && foreign.next().is_some() {
        return Err(misled(written, "a path item"));
    }
    if has(at, |name| TELLING_OF_OPERATION.contains(&name)) {
        return Err(at.fault("must be a path item and is an operation; write its method above it"));
    }
    Ok(())
}

/// Refuses a value of another type to which `components` refers.
pub(super) fn check_components(written: &At<'_>, at: &At<'_>) -> Result<(), ImportError> {
    check_fields(written, at, &OF_COMPONENTS, "`components`")
}

/// Refuses a value of another type to which a flow refers.
pub(super) fn check_flow(written: &At<'_>, at: &At<'_>) -> Result<(), ImportError> {
    check_fields(written, at, &OF_FLOW, "a flow")
}

/// Refuses a value of another type to which scopes refer: a scope has a text.
pub(super) fn check_scopes(written: &At<'_>, at: &At<'_>) -> Result<(), ImportError> {
    let Kind::Map(members) = &at.node.kind else {
        return Ok(());
    };
    let is_text = |kind: &Kind<'_>| !matches!(kind, Kind::List(_) | Kind::Map(_));
    if is_reference(written) && members.iter().any(|(_, scope)| !is_text(&scope.kind)) {
        return Err(misled(written, "an object of scopes"));
    }
    Ok(())
}

fn check_fields(written: &At<'_>, at: &At<'_>, fields: &[&str], what: &str) -> Result<(), ImportError> {
    if is_reference(written) && has(at, |name| is_foreign(name, fields)) {
        return Err(misled(written, what));
    }
    Ok(())
}

/// Refuses members next to a reference that would be lost. Descriptions and extensions are allowed.
pub(super) fn check_siblings(at: &At<'_>) -> Result<(), ImportError> {
    match sibling(at) {
        Some(name) => Err(at.fault(format!(
            "`{}` next to `$ref` would be lost; move it into what the reference leads to",
            QuotedValue(name)
        ))),
        None => Ok(()),
    }
}

/// Adds a note that a member next to a reference is ignored, as specified for the Reference Object
/// (OpenAPI 3.1, section 4.8.23).
pub(super) fn note_sibling(at: &At<'_>) -> Result<(), ImportError> {
    sibling(at).map_or(Ok(()), |name| at.note_ignored(name))
}

/// Refuses fields next to the reference of an operation that would be lost.
pub(super) fn check_reference_of_operation(at: &At<'_>) -> Result<(), ImportError> {
    const FIELDS: [&str; 4] = ["security", "servers", "x-scopegate-guards", "x-scopegate-overrides"];
    let own = FIELDS.into_iter().find_map(|name| Some((name, at.get(name)?)));
    match own.filter(|_| is_reference(at)) {
        Some((name, own)) => Err(own.fault(format!(
            "an operation that is a reference has no `{name}` of its own; remove one of `$ref` and `{name}`"
        ))),
        None => Ok(()),
    }
}

/// Returns the first member next to a reference that has content.
fn sibling<'n>(at: &At<'n>) -> Option<&'n str> {
    let Kind::Map(members) = &at.node.kind else {
        return None;
    };
    let mut names = members.iter().map(|(name, _)| name.as_ref());
    let is_own = |name: &&str| is_foreign(name, &[REFERENCE, "description", "summary"]);
    names.find(is_own).filter(|_| is_reference(at))
}

fn is_reference(at: &At<'_>) -> bool {
    at.node.find(REFERENCE).is_some()
}

fn is_foreign(name: &str, fields: &[&str]) -> bool {
    !fields.contains(&name) && !name.starts_with("x-")
}

fn has(at: &At<'_>, is_wanted: impl Fn(&str) -> bool) -> bool {
    match &at.node.kind {
        Kind::Map(members) => members.iter().any(|(name, _)| is_wanted(name)),
        _ => false,
    }
}

/// Whether a member is an operation of a path item.
fn has_operation(at: &At<'_>) -> bool {
    let Kind::Map(members) = &at.node.kind else {
        return false;
    };
    let is_object = |kind: &Kind<'_>| matches!(kind, Kind::Map(_) | Kind::Null | Kind::Skipped);
    members
        .iter()
        .any(|(name, member)| is_operation(name) && is_object(&member.kind))
}

fn is_operation(name: &str) -> bool {
    method(name).is_some() || name == MORE_OPERATIONS
}

/// The method that a field of a path item names.
pub(super) fn method(name: &str) -> Option<Method> {
    let mut known = Method::ALL.into_iter().filter(|method| method.is_field_of_path_item());
    known.find(|method| method.as_str().eq_ignore_ascii_case(name))
}

fn misled(written: &At<'_>, what: &str) -> ImportError {
    let reference = match written.node.find(REFERENCE).map(|node| &node.kind) {
        Some(Kind::Text(reference)) => reference,
        _ => "",
    };
    written.fault(format!(
        "reference `{}` leads to an object that is not {what}; correct the reference",
        QuotedValue(reference)
    ))
}
