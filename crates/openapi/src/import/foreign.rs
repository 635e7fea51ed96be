//! Documents of other kinds, which are refused by name.

use super::node::{Kind, Node};

/// Returns the kind of a text that is not a tree, or that contains several documents.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    if let Some(kind) = of_objects(text) {
        return Some(kind);
    }
    let start = text.trim_ascii_start();
    if start.starts_with('<') {
        return Some(of_markup(start));
    }
    if start.starts_with("#%RAML") {
        return Some("a RAML document");
    }
    if start.starts_with("FORMAT:") || has_blueprint_heading(text) {
        return Some("an API Blueprint");
    }
    let line = first_statement(text)?;
    if is_anonymous_query(text) {
        return Some("a GraphQL document");
    }
    let end = line.find(|mark: char| !(mark.is_alphanumeric() || mark == '_'));
    let (word, rest) = line.split_at(end.unwrap_or(line.len()));
    let mut rest = rest.trim().to_owned();
    // The brace may be in the next line.
    if is_name(&rest) && next_line(text, line).is_some_and(|next| next.starts_with('{')) {
        rest.push_str(" {");
    }
    if is_protobuf(word, &rest) || (word == "enum" && has_numbered_values(text)) {
        return Some("a protobuf file");
    }
    is_graphql(word, &rest).then_some("a GraphQL document")
}

/// Objects of Kubernetes: several documents in one YAML text, of which one may name its kind.
fn of_objects(text: &str) -> Option<&'static str> {
    let version = |line: &str| -> Option<bool> {
        let rest = line
            .strip_prefix(['"', '\''])
            .unwrap_or(line)
            .strip_prefix("apiVersion")?;
        let rest = rest
            .strip_prefix(['"', '\''])
            .unwrap_or(rest)
            .trim_start()
            .strip_prefix(':')?;
        Some(rest.trim_start().trim_start_matches(['"', '\'']).starts_with(RBAC))
    };
    if !text.contains("apiVersion") {
        return None;
    }
    let is_several = || {
        text.lines()
            .skip_while(|line| !line.contains("apiVersion"))
            .any(|line| line == "---")
    };
    let versions: Vec<bool> = text.lines().filter_map(version).collect();
    if versions.contains(&true) {
        return Some("a Kubernetes RBAC object");
    }
    if versions.is_empty() || !is_several() {
        return None;
    }
    Some(if text.contains(KONG) {
        "a Kong configuration"
    } else {
        "a Kubernetes object"
    })
}

fn of_markup(text: &str) -> &'static str {
    let head: String = text.chars().take(4_096).collect();
    if head.contains("schemas.xmlsoap.org/wsdl") || head.contains("www.w3.org/ns/wsdl") {
        "a WSDL document (XML)"
    } else if head.contains("wadl.dev.java.net") {
        "a WADL document (XML)"
    } else {
        "an XML or HTML document"
    }
}

/// Whether the text has a heading such as `## Users [/users]` or `### List [GET]`, which is only a
/// comment in YAML.
fn has_blueprint_heading(text: &str) -> bool {
    let is_told = |line: &str| {
        let bracket = line.trim_end().strip_suffix(']').and_then(|line| line.rsplit_once('['));
        line.starts_with('#') && bracket.is_some_and(|(_, told)| told.starts_with(['/', 'G', 'P', 'D']))
    };
    let is_prose = |line: &str| !line.starts_with(['"', '%', '-', '[', '{']) && !line.contains([':', '=']);
    first_statement(text).is_none_or(is_prose) && text.lines().any(is_told)
}

/// `{ me { id } }`: names in braces without a colon or a comma.
fn is_anonymous_query(text: &str) -> bool {
    let Some(selected) = first_statement(text).and_then(|line| line.strip_prefix('{')) else {
        return false;
    };
    let first = match selected.trim() {
        "" => next_line(text, "{"),
        selected => Some(selected),
    };
    first.is_some_and(|first| is_named_block(first) && !first.contains([':', '"']))
}

/// Returns the next line that is neither empty nor a comment.
fn next_line<'t>(text: &'t str, line: &str) -> Option<&'t str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|known| *known == line)?;
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic())
        && !text.contains(|mark: char| mark.is_whitespace() || "{:=".contains(mark))
}

/// `A = 0;`
fn has_numbered_values(text: &str) -> bool {
    let is_numbered = |line: &str| {
        let value = line.trim().strip_suffix(';').and_then(|line| line.split_once('='));
        value.is_some_and(|(_, number)| number.trim().parse::<i32>().is_ok())
    };
    text.lines().any(is_numbered)
}

/// Returns the first line that is neither empty nor a comment nor a description.
fn first_statement(text: &str) -> Option<&str> {
    let mut open: Option<&str> = None;
    for line in text.lines().map(str::trim) {
        if let Some(end) = open {
            if line.contains(end) {
                open = None;
            }
            continue;
        }
        // In GraphQL a text describes the next statement.
        let quoted = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
        if quoted.is_some_and(|text| !text.is_empty() && !text.contains('"')) {
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
        "mutation" | "query" | "subscription" if rest.starts_with(['{', '(']) => true,
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

/// Returns the kind of a tree whose format is not supported.
pub(super) fn of_tree(root: &Node<'_>) -> Option<&'static str> {
    if let Kind::List(items) = &root.kind {
        return of_list(items);
    }
    let has = |name: &str| root.find(name).is_some();
    if let Some((_, kind)) = MARKS.into_iter().find(|(name, _)| has(name)) {
        return Some(kind);
    }
    if is_collection(root) {
        return Some("a Postman collection");
    }
    if has("__schema") || root.find("data").is_some_and(|data| data.find("__schema").is_some()) {
        return Some("the introspection of a GraphQL schema");
    }
    let is_kong = has("services") && ["consumers", "plugins", "upstreams"].iter().any(|name| has(name));
    if has("_format_version") || has("_transform") || is_kong {
        return Some("a Kong configuration");
    }
    let is_empty_list = count(root) == 1 && has("tools") && items(root, "tools").is_empty();
    if is_empty_list || is_tool_list(root) || root.find("result").is_some_and(is_tool_list) {
        return Some("an MCP tool list");
    }
    if count(root) == 1 && has("tools") {
        return Some("a list of tools");
    }
    if let Some(kind) = of_schema(text_of(Some(root), "$schema")) {
        return Some(kind);
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
    if text_of(Some(root), "type").contains("insomnia.rest/") {
        return Some("an export of Insomnia");
    }
    if text_of(Some(root), "kind") == "discovery#directoryList" {
        return Some("a list of Google discovery documents");
    }
    of_identities(root)
}

/// Documents of identity providers, and logs of requests.
fn of_identities(root: &Node<'_>) -> Option<&'static str> {
    let has = |name: &str| root.find(name).is_some();
    let of_client = ["protocolMappers", "publicClient", "redirectUris", "standardFlowEnabled"];
    if has("clientId") && of_client.iter().any(|name| has(name)) {
        return Some("a Keycloak client");
    }
    if has("realm") {
        return Some("a Keycloak realm");
    }
    if has("Statement") && has("Version") {
        return Some("a policy of AWS IAM");
    }
    if root.find("log").is_some_and(|log| log.find("entries").is_some()) {
        return Some("an HTTP archive (HAR)");
    }
    let is_metadata = has("issuer") && (has("token_endpoint") || has("authorization_endpoint"));
    is_metadata.then_some("the metadata of an authorization server")
}

/// Postman's collections of versions 1 to 3, and its environments.
fn is_collection(root: &Node<'_>) -> bool {
    let has = |name: &str| root.find(name).is_some();
    let info = root.find("info");
    let schema = text_of(info, "schema");
    let is_first = has("order") && ["folders", "folders_order", "hasRequests"].iter().any(|name| has(name));
    let is_named = has("name") && (is_first || has("requests") || text_of(Some(root), "$kind") == "collection");
    let collection = root.find("collection");
    is_named
        || schema.contains("getpostman.com")
        || schema.contains("schema.postman.com")
        || info.is_some_and(|info| info.find("_postman_id").is_some())
        || has("_postman_variable_scope")
        || (has("item") && info.is_some())
        || collection.is_some_and(|collection| collection.find("item").is_some())
}

/// Members that documents of one kind alone have.
const MARKS: [(&str, &str); 12] = [
    ("asyncapi", "an AsyncAPI document"),
    ("overlay", "an OpenAPI Overlay"),
    ("arazzo", "an Arazzo document"),
    ("workflowsSpec", "an Arazzo document"),
    ("swaggerVersion", "a Swagger 1 document"),
    ("openrpc", "an OpenRPC document"),
    ("smithy", "a Smithy model"),
    ("mcpServers", "a configuration of MCP servers"),
    ("dxt_version", "a manifest of an MCP server"),
    ("AWSTemplateFormatVersion", "a CloudFormation template"),
    ("__export_format", "an export of Insomnia"),
    ("type_definitions", "a model of OpenFGA"),
];

/// The kind of a document that names its JSON schema.
fn of_schema(schema: &str) -> Option<&'static str> {
    if schema.contains("modelcontextprotocol") {
        Some("a manifest of an MCP server")
    } else if schema.contains("json-schema.org") {
        Some("a JSON Schema")
    } else {
        None
    }
}

fn count(node: &Node<'_>) -> usize {
    match &node.kind {
        Kind::Map(members) => members.len(),
        _ => 0,
    }
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
