//! The canonical text of the meaning of a table.

use scopegate_domain::{DeclaredScheme, DeclaredScope, ScopeToken};
use scopegate_policy::{Access, OperationTable, ResolvedOperation};
use serde_json::{Map, Value, json};

use super::security::kind_word;
use super::words::{Words, is_optional};

/// Writes the meaning of a table as JSON, with sorted names.
///
/// Two tables have the same text exactly if they mean the same by the same names. The order and the
/// form of the declarations have no effect.
///
/// The text leaves out all that has no effect on decisions: descriptions, addresses, titles,
/// redundant implications and alternatives.
///
/// ```
/// use scopegate_openapi::{export, import};
///
/// let one = import::read(br#"
///     schemes.oauth = { kind = "oauth2", scopes = { a = "", b = "", c = "" } }
///     operations = [{ method = "GET", path = "/", requires = "(a and b) or c or (c and a)" }]
/// "#)?;
/// let other = import::read(br#"
///     schemes.oauth = { kind = "oauth2", scopes = { c = "", b = "", a = "" } }
///     operations = [{ method = "GET", path = "/", requires = "(c or b) and (a or c)" }]
/// "#)?;
/// assert_eq!(export::canonical(one.table()), export::canonical(other.table()));
/// # Ok::<(), import::ImportError>(())
/// ```
#[must_use]
pub fn canonical(table: &OperationTable) -> String {
    let words = Words::of(table);
    let schemes: Map<String, Value> = sorted(table.catalog().schemes().iter().map(|declared| {
        let name = declared.name().as_str().to_owned();
        (name, scheme(declared))
    }));
    let mut operations: Vec<&ResolvedOperation> = table.operations().iter().collect();
    operations.sort_by_key(|operation| (operation.template(), operation.method().as_str()));
    let operations: Vec<Value> = operations.into_iter().map(|one| operation(&words, one)).collect();
    let checks: Map<String, Value> = words
        .canonical_checks()
        .into_iter()
        .map(|(name, needs)| (name, needs.into()))
        .collect();
    let mut text = json!({ "checks": checks, "operations": operations, "schemes": schemes }).to_string();
    text.push('\n');
    text
}

fn sorted(members: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut members: Vec<(String, Value)> = members.collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.into_iter().collect()
}

fn scheme(declared: &DeclaredScheme) -> Value {
    let scopes = sorted(declared.scopes().iter().map(|scope| {
        let mut weaker: Vec<String> = reach(declared, scope.token()).iter().map(ToString::to_string).collect();
        weaker.sort();
        (scope.token().as_str().to_owned(), weaker.into())
    }));
    json!({ "has_subject": declared.has_subject(), "kind": kind_word(declared.scheme()), "scopes": scopes })
}

/// Returns all scopes that a scope implies, over any number of steps.
fn reach<'d>(declared: &'d DeclaredScheme, start: &'d ScopeToken) -> Vec<&'d ScopeToken> {
    let mut open = vec![start];
    let mut reached: Vec<&ScopeToken> = Vec::new();
    while let Some(token) = open.pop() {
        let scope = declared.scopes().iter().find(|scope| scope.token() == token);
        for weaker in scope.into_iter().flat_map(DeclaredScope::implies) {
            if !reached.contains(&weaker) {
                reached.push(weaker);
                open.push(weaker);
            }
        }
    }
    reached
}

fn operation(words: &Words<'_>, operation: &ResolvedOperation) -> Value {
    let mut object = Map::new();
    let access = match operation.access() {
        Access::Public => "public",
        Access::Deny => "deny",
        Access::Authenticated | Access::Scoped => "alternatives",
    };
    if access == "alternatives" {
        object.insert(access.to_owned(), words.canonical(operation).into());
    } else {
        object.insert("access".to_owned(), access.into());
    }
    object.insert("method".to_owned(), operation.method().as_str().into());
    if let Some(name) = operation.name() {
        object.insert("name".to_owned(), name.into());
    }
    if is_optional(operation) {
        object.insert("optional".to_owned(), true.into());
    }
    if operation.is_override() {
        let mut names: Vec<String> = operation.overridden().iter().map(ToString::to_string).collect();
        names.sort();
        object.insert("override".to_owned(), names.into());
    }
    object.insert("path".to_owned(), operation.template().into());
    object.into()
}
