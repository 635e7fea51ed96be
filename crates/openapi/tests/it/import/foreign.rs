//! Documents of other kinds are refused by name.

use crate::import::documents::fault;

const FOREIGN: &[(&str, &str)] = &[
    (
        r#"{ "info": { "name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json" }, "item": [{}] }"#,
        "Postman",
    ),
    (r#"{ "collection": { "info": {}, "item": [] } }"#, "Postman"),
    (
        r#"{ "id": "1", "name": "x", "order": [], "requests": [{ "url": "/" }] }"#,
        "Postman",
    ),
    (r#"[{ "name": "see", "inputSchema": { "type": "object" } }]"#, "MCP"),
    ("- name: see\n  inputSchema: {type: object}\n", "MCP"),
    ("apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\n", "Kong"),
    (r#"[{ "id": "1", "realm": "lamps", "clients": [] }]"#, "Keycloak realm"),
    (
        r#"{ "clientId": "app", "redirectUris": [], "protocol": "openid-connect" }"#,
        "Keycloak client",
    ),
    (
        r#"{ "kind": "discovery#directoryList", "items": [] }"#,
        "list of Google discovery",
    ),
    ("<!DOCTYPE html>\n<html></html>\n", "HTML"),
    ("<?xml version=\"1.0\"?>\n<definitions/>\n", "XML"),
    (
        "asyncapi: 2.6.0\ninfo: {title: x, version: '1'}\nchannels: {a: {}}\n",
        "AsyncAPI",
    ),
    (r#"{ "asyncapi": "3.0.0", "operations": {} }"#, "AsyncAPI"),
    (
        "\"\"\"\nA query: of all.\n\"\"\"\ntype Query {\n  lamps: [Lamp]\n}\n",
        "GraphQL",
    ),
    ("# a comment\nscalar Date\n\ntype A { b: Int }\n", "GraphQL"),
    ("schema {\n  query: Query\n}\n", "GraphQL"),
    ("extend type Query @key(fields: \"id\") {\n  a: Int\n}", "GraphQL"),
    ("directive @a on FIELD\ntype Query { a: Int }", "GraphQL"),
    (
        r#"{ "data": { "__schema": { "queryType": { "name": "Query" } } } }"#,
        "GraphQL",
    ),
    (r#"{ "__schema": { "types": [] } }"#, "GraphQL"),
    ("// Lamps.\nsyntax = \"proto3\";\npackage lamps;\n", "protobuf"),
    (
        "/* Lamps.\n   All of them. */\npackage lamps.v1;\nmessage Lamp { int32 id = 1; }\n",
        "protobuf",
    ),
    (
        r#"{ "tools": [{ "name": "see", "inputSchema": { "type": "object" } }] }"#,
        "MCP",
    ),
    (
        r#"{ "jsonrpc": "2.0", "id": 1, "result": { "tools": [{ "name": "see" }] } }"#,
        "MCP",
    ),
    (
        "_format_version: '3.0'\nservices:\n- name: lamps\n  url: http://lamps\n",
        "Kong",
    ),
    (
        "overlay: 1.0.0\ninfo: {title: x, version: '1'}\nactions: []\n",
        "Overlay",
    ),
    ("arazzo: 1.0.1\nworkflows: []\n", "Arazzo"),
    (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: []\n",
        "Kubernetes RBAC",
    ),
    (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n",
        "Kubernetes RBAC",
    ),
    (
        r#"{ "apiVersion": "v1", "kind": "List", "items": [{ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole" }] }"#,
        "Kubernetes RBAC",
    ),
    (
        r#"{ "id": "x", "realm": "lamps", "enabled": true, "clients": [{ "clientId": "a" }], "roles": {} }"#,
        "Keycloak",
    ),
    (r#"{ "id": "1", "name": "x", "order": [], "folders": [] }"#, "Postman"),
    (
        r#"{ "info": { "name": "x", "schema": "https://schema.postman.com/collection/json/v2.1.0/" }, "item": [] }"#,
        "Postman",
    ),
    ("$kind: collection\nname: x\nitems: []\n", "Postman"),
    (r#"{ "tools": [] }"#, "MCP"),
    (
        r#"{ "tools": [{ "type": "function", "function": { "name": "a" } }] }"#,
        "list of tools",
    ),
    (r#"{ "mcpServers": { "a": { "command": "x" } } }"#, "MCP"),
    (
        r#"{ "$schema": "https://static.modelcontextprotocol.io/schemas/server.schema.json", "name": "x" }"#,
        "MCP",
    ),
    (r#"{ "services": [{ "name": "a" }], "plugins": [] }"#, "Kong"),
    (
        "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\n---\napiVersion: configuration.konghq.com/v1\n",
        "Kong",
    ),
    ("workflowsSpec: 1.0.0\nworkflows: []\n", "Arazzo"),
    (
        "\"apiVersion\": \"rbac.authorization.k8s.io/v1\"\n\"kind\": Role\n---\na: b\n",
        "Kubernetes RBAC",
    ),
    (
        "apiVersion: v1\nkind: ServiceAccount\n---\napiVersion: apps/v1\nkind: Deployment\n",
        "Kubernetes",
    ),
    ("realm: lamps\ndisplayName: Lamps\n", "Keycloak realm"),
    (r#"{ "clientId": "app", "publicClient": true }"#, "Keycloak client"),
    (r#"{ "log": { "version": "1.2", "entries": [] } }"#, "HAR"),
    (r#"{ "swaggerVersion": "1.2", "apis": [] }"#, "Swagger 1"),
    (r#"{ "openrpc": "1.2.6", "methods": [] }"#, "OpenRPC"),
    (r#"{ "smithy": "2.0", "shapes": {} }"#, "Smithy"),
    (
        r#"{ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object" }"#,
        "JSON Schema",
    ),
    (
        r#"{ "_type": "export", "__export_format": 4, "resources": [] }"#,
        "Insomnia",
    ),
    ("type: collection.insomnia.rest/5.0\nname: x\n", "Insomnia"),
    (r#"{ "Version": "2012-10-17", "Statement": [] }"#, "AWS IAM"),
    (r#"{ "AWSTemplateFormatVersion": "2010-09-09" }"#, "CloudFormation"),
    (
        r#"{ "issuer": "https://id.example", "token_endpoint": "https://id.example/token" }"#,
        "metadata of an authorization server",
    ),
    ("#%RAML 1.0\ntitle: x\n/users:\n  get:\n", "RAML"),
    ("<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\"/>", "WSDL"),
    (
        "FORMAT: 1A\n\n# Lamps\n\n## Lamps [/lamps]\n+ Response 200\n",
        "API Blueprint",
    ),
    ("# Lamps\n\n## Lamps [/lamps]\n### List [GET]\n", "API Blueprint"),
    ("\"The root.\"\ntype Query { a: Int }\n", "GraphQL"),
    ("query { me { id } }\n", "GraphQL"),
    ("{\n  me { id }\n}\n", "GraphQL"),
    ("interface Node\n{\n  id: ID!\n}\n", "GraphQL"),
    ("message Lamp\n{\n  string id = 1;\n}\n", "protobuf"),
    ("enum Kind {\n  UNKNOWN = 0;\n}\n", "protobuf"),
];

#[test]
fn a_foreign_document_is_refused_by_name() {
    for (text, kind) in FOREIGN {
        let said = fault(text);
        assert!(said.contains(kind), "{kind}: {said}\n{text}");
        assert!(said.contains("read are OpenAPI"), "{said}");
    }
}

#[test]
fn a_document_that_only_looks_foreign_is_read() {
    for text in [
        "openapi: 3.1.0\nrealm: x\nclients: []\npaths: {}\n",
        "# type A {\nopenapi: 3.1.0\nitem: []\ninfo: {title: t, version: '1'}\npaths: {}\n",
        r#"{ "openapi": "3.1.0", "tools": [{ "name": "x" }], "paths": {} }"#,
        "type = 1\n",
        "syntax: proto\n",
        "---\n# see [GET]\nopenapi: 3.1.0\npaths: {}\n",
        "\"swagger\": \"2.0\"\npaths: {}\n",
        "# Items [/items]\nopenapi: 3.1.0\napiVersion: 1\npaths: {}\n",
        "{\n  openapi: 3.1.0,\n  paths: { }\n}\n",
    ] {
        let said = scopegate_openapi::import::read(text.as_bytes());
        assert!(
            !matches!(said, Err(scopegate_openapi::import::ImportError::Foreign { .. })),
            "{text}: {said:?}"
        );
    }
}

#[test]
fn an_empty_document_is_named_so() {
    for text in ["", " \n\n", "\u{FEFF}", "# a comment\n"] {
        assert!(
            fault(text).contains("the document is empty"),
            "{text:?}: {}",
            fault(text)
        );
    }
    // The YAML of the second is the value `null`.
    for text in ["[]", "---\n"] {
        assert!(
            fault(text).contains("the document is none of"),
            "{text:?}: {}",
            fault(text)
        );
    }
}
