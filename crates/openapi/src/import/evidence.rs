//! Texts and names that show whether an operation requires a credential.

use scopegate_policy::DocumentedErrors;

use super::assembly::OperationEvidence;
use super::field_names::REFERENCE;
use super::node::{At, Kind, Node};
use super::shape::is_permission;

/// The names of parameters that contain a credential, in lower case without separators.
const CREDENTIALS: [&str; 9] = [
    "accesstoken",
    "apikey",
    "authorization",
    "authtoken",
    "xaccesstoken",
    "xapikey",
    "xapitoken",
    "xauthkey",
    "xauthtoken",
];

/// The names of cookies that contain a credential, in the same form.
const COOKIES: [&str; 8] = [
    "auth",
    "jsessionid",
    "jwt",
    "session",
    "sessionid",
    "sessiontoken",
    "sid",
    "token",
];

/// Reads what an operation states. A value of another type states nothing.
pub(super) fn of<'n>(at: &At<'n>) -> OperationEvidence<'n> {
    OperationEvidence {
        errors: documented_errors(at.node),
        summary: text(at.node, "summary"),
        description: text(at.node, "description"),
        has_credential: parameters(at.node).iter().any(is_credential),
        needs_no_permission: lists_no_permission(at.node),
    }
}

/// Returns the description of the interface.
pub(super) fn description(root: &At<'_>) -> Option<String> {
    text(root.node.find("info")?, "description").map(str::to_owned)
}

fn documented_errors(operation: &Node<'_>) -> DocumentedErrors {
    let members = match operation.find("responses").map(|node| &node.kind) {
        Some(Kind::Map(members)) => members.as_slice(),
        _ => &[],
    };
    DocumentedErrors::of(members.iter().map(|(name, _)| name.as_ref()))
}

fn parameters<'n>(operation: &'n Node<'n>) -> &'n [Node<'n>] {
    match operation.find("parameters").map(|node| &node.kind) {
        Some(Kind::List(items)) => items,
        _ => &[],
    }
}

/// Whether a parameter is named like a credential. The name of a reference is usually that of the
/// parameter.
fn is_credential(parameter: &Node<'_>) -> bool {
    let place = text(parameter, "in");
    let name = match text(parameter, REFERENCE) {
        Some(reference) => reference.rsplit('/').next(),
        None => text(parameter, "name").filter(|_| matches!(place, Some("cookie" | "header" | "query"))),
    };
    name.is_some_and(|name| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let plain: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
        CREDENTIALS.contains(&plain.as_str()) || (place == Some("cookie") && COOKIES.contains(&plain.as_str()))
    })
}

/// Whether extensions list the permissions of callers, and all lists are empty: `x-permissions:
/// []`, `x-permission: {permissions: []}`.
fn lists_no_permission(operation: &Node<'_>) -> bool {
    let Kind::Map(members) = &operation.kind else {
        return false;
    };
    let mut lists = members
        .iter()
        .filter(|(name, _)| is_permission(name))
        .filter_map(|(_, node)| match &node.kind {
            Kind::List(items) => Some(items),
            Kind::Map(_) => match &node.find("permissions")?.kind {
                Kind::List(items) => Some(items),
                _ => None,
            },
            _ => None,
        })
        .peekable();
    lists.peek().is_some() && lists.all(Vec::is_empty)
}

fn text<'n>(node: &'n Node<'n>, name: &str) -> Option<&'n str> {
    match &node.find(name)?.kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}
