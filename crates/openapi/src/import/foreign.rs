//! Documents of other kinds, which are refused by name.

use super::node::{Kind, Node};

/// The kind of a text that no tree can be made of, or several.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    let rbac = |line: &str| {
        let version = line.strip_prefix("apiVersion:").map(str::trim_start);
        version.is_some_and(|version| version.trim_start_matches(['"', '\'']).starts_with(RBAC))
    };
    if text.contains(RBAC) && text.lines().any(rbac) {
        return Some("a Kubernetes RBAC object");
    }
    if text.trim_ascii_start().starts_with('<') {
        return Some("an XML or HTML document");
    }
    let line = first_statement(text)?;
    let end = line.find(|mark: char| !(mark.is_alphanumeric() || mark == '_'));
    let (word, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim();
    if is_protobuf(word, rest) {
        return Some("a protobuf file");
    }
    is_graphql(word, rest).then_some("a GraphQL document")
}

/// The first line that is neither empty nor a comment nor a description of what follows.
fn first_statement(text: &str) -> Option<&str> {
    let mut open: Option<&str> = None;
    for line in text.lines().map(str::trim) {
        if let Some(end) = open {
            if line.contains(end) {
                open = None;
            }
            continue;
        }
        let comment = [("/*", "*/"), ("\"\"\"", "\"\"\"")].into_iter();
        let mut comment = comment.filter_map(|(start, end)| Some((line.strip_prefix(start)?, end)));
        if let Some((rest, end)) = comment.next() {
            open = (!rest.contains(end)).then_some(end);
        } else if !(line.is_empty() || line.starts_with('#') || line.starts_with("//")) {
            return Some(line);
        }
    }
    None
}

/// `syntax = "proto3";`, `package a.b;`, `message A {`
fn is_protobuf(word: &str, rest: &str) -> bool {
    match word {
        "syntax" | "edition" => rest.starts_with('=') && (rest.ends_with(';') || rest.contains("proto")),
        "import" | "option" | "package" => rest.ends_with(';'),
        "message" | "service" => is_named_block(rest),
        _ => false,
    }
}

/// `type A {`, `scalar A`, `union A = B | C`, `schema {`, `directive @a on FIELD`
fn is_graphql(word: &str, rest: &str) -> bool {
    let begins_with_name = rest.starts_with(|first: char| first.is_alphabetic() || first == '_');
    match word {
        "enum" | "fragment" | "input" | "interface" | "mutation" | "query" | "subscription" | "type" => {
            is_named_block(rest) || (begins_with_name && rest.split_whitespace().count() == 1)
        }
        "extend" | "scalar" | "union" => begins_with_name,
        "directive" => rest.starts_with('@'),
        "schema" => rest.starts_with('{') || rest.starts_with('@'),
        _ => false,
    }
}

/// A name followed by an open brace. YAML and TOML have a colon or an equals sign after the first
/// word.
fn is_named_block(rest: &str) -> bool {
    rest.starts_with(|first: char| first.is_alphabetic() || first == '_') && rest.contains('{')
}

const RBAC: &str = "rbac.authorization.k8s.io/";
const KONG: &str = "configuration.konghq.com/";

/// The kind of a tree that is none of those that are read.
pub(super) fn of_tree(root: &Node<'_>) -> Option<&'static str> {
    if let Kind::List(items) = &root.kind {
        return of_list(items);
    }
    let has = |name: &str| root.find(name).is_some();
    let info = root.find("info");
    if has("asyncapi") {
        return Some("an AsyncAPI document");
    }
    if has("overlay") {
        return Some("an OpenAPI Overlay");
    }
    if has("arazzo") {
        return Some("an Arazzo document");
    }
    let is_collection = text_of(info, "schema").contains("getpostman.com")
        || info.is_some_and(|info| info.find("_postman_id").is_some())
        || has("_postman_variable_scope")
        || (has("item") && info.is_some())
        || (has("requests") && has("name"))
        || root
            .find("collection")
            .is_some_and(|collection| collection.find("item").is_some());
    if is_collection {
        return Some("a Postman collection");
    }
    if has("__schema") || root.find("data").is_some_and(|data| data.find("__schema").is_some()) {
        return Some("the introspection of a GraphQL schema");
    }
    if has("_format_version") {
        return Some("a Kong configuration");
    }
    if is_tool_list(root) || root.find("result").is_some_and(is_tool_list) {
        return Some("an MCP tool list");
    }
    let version = text_of(Some(root), "apiVersion");
    if version.starts_with(RBAC) || is_list_of_rbac(root) {
        return Some("a Kubernetes RBAC object");
    }
    if version.starts_with(KONG) {
        return Some("a Kong configuration");
    }
    if !version.is_empty() && has("kind") {
        return Some("a Kubernetes object");
    }
    if text_of(Some(root), "kind") == "discovery#directoryList" {
        return Some("a list of Google discovery documents");
    }
    if has("clientId") && (has("redirectUris") || has("protocolMappers")) {
        return Some("a Keycloak client");
    }
    let of_realm = ["clients", "clientScopes", "enabled", "roles", "sslRequired", "users"];
    (has("realm") && of_realm.iter().any(|name| has(name))).then_some("a Keycloak realm")
}

/// Tools without the object around them, or several documents of one kind.
fn of_list(items: &[Node<'_>]) -> Option<&'static str> {
    let has = |item: &Node<'_>, names: &[&str]| names.iter().any(|name| item.find(name).is_some());
    let is_tool = |item: &Node<'_>| has(item, &["name"]) && has(item, &["inputSchema", "input_schema"]);
    if !items.is_empty() && items.iter().all(is_tool) {
        return Some("an MCP tool list");
    }
    match items.first()? {
        first if matches!(first.kind, Kind::Map(_)) => of_tree(first),
        _ => None,
    }
}

fn text_of<'n>(node: Option<&'n Node<'_>>, name: &str) -> &'n str {
    match node.and_then(|node| node.find(name)).map(|node| &node.kind) {
        Some(Kind::Number(text) | Kind::Text(text)) => text,
        _ => "",
    }
}

fn items<'n>(node: &'n Node<'n>, name: &str) -> &'n [Node<'n>] {
    match node.find(name).map(|node| &node.kind) {
        Some(Kind::List(items)) => items,
        _ => &[],
    }
}

/// Tools with a name each (`tools/list` of the Model Context Protocol).
fn is_tool_list(node: &Node<'_>) -> bool {
    let tools = items(node, "tools");
    !tools.is_empty() && tools.iter().all(|tool| tool.find("name").is_some())
}

fn is_list_of_rbac(root: &Node<'_>) -> bool {
    items(root, "items")
        .iter()
        .any(|item| text_of(Some(item), "apiVersion").starts_with(RBAC))
}
