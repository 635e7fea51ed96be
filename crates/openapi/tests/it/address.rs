//! The operations that requests call, by the servers of a document.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

use scopegate_openapi::address::{Addresses, UnknownAddress};
use scopegate_openapi::import;
use scopegate_policy::Method;
use serde_json::{Value, json};

/// Asserts the operation of each address, for `GET` unless the address begins with another method.
fn check(document: &Value, expected: &[(&str, Option<&str>)]) {
    let imported = import::read(document.to_string().as_bytes()).expect("a document");
    let addresses = Addresses::new(&imported);
    for (line, template) in expected {
        let (method, address) = line.split_once(' ').unwrap_or(("GET", line));
        let found = addresses.find(method.parse::<Method>().unwrap(), address);
        let found = found.ok().map(ToString::to_string);
        assert_eq!(found.as_deref(), *template, "{line}");
    }
}

fn openapi(more: &Value, paths: &Value) -> Value {
    let mut document = json!({ "openapi": "3.1.0", "info": { "title": "Lamps", "version": "1" }, "paths": paths });
    document
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    document
}

fn lamps() -> Value {
    let public = || json!({ "security": [] });
    json!({ "/lamps": { "get": public(), "post": public() }, "/lamps/{id}": { "get": public() }, "/rooms/": { "get": public() } })
}

#[test]
fn a_server_of_the_document_goes_before_its_paths() {
    let servers = json!({ "servers": [{ "url": "https://api.example/house/v3" }, { "url": "https://old.example" }] });
    check(
        &openapi(&servers, &lamps()),
        &[
            ("/house/v3/lamps?page=2#top", Some("GET /lamps")),
            ("POST /house/v3/lamps", Some("POST /lamps")),
            ("https://api.example/house/v3/lamps/7", Some("GET /lamps/{id}")),
            ("HTTPS://user:word@API.example:443/house/v3/lamps", Some("GET /lamps")),
            ("https://old.example/lamps", Some("GET /lamps")),
            ("https://api.example/lamps", None),
            ("https://other.example/house/v3/lamps", None),
            ("/house/v3/l%61mps", Some("GET /lamps")),
            ("/house/v3/lamps/a%2Fb", None),
            ("/house/v3/lamps/%ff", None),
            ("/house/v3/lamps/", Some("GET /lamps")),
            ("/house/v3/rooms", Some("GET /rooms/")),
            ("HEAD /house/v3/lamps", Some("GET /lamps")),
            ("PUT /house/v3/lamps", None),
            ("/house/v2/lamps", None),
            ("/house/v30/lamps", None),
            ("/lamps/{lamp}", Some("GET /lamps/{id}")),
            ("/lamps/7", Some("GET /lamps/{id}")),
            ("lamps", None),
            ("", None),
        ],
    );
}

#[test]
fn a_server_may_have_variables() {
    let server = json!({
        "url": "{scheme}://{region}.example/{base}/v{number}",
        "variables": {
            "scheme": { "enum": ["https", "http"], "default": "https" },
            "region": { "enum": ["eu", "us"], "default": "eu" },
            "base": { "default": "a/b" },
        },
    });
    check(
        &openapi(&json!({ "servers": [server] }), &lamps()),
        &[
            ("/a/b/v12/lamps", Some("GET /lamps")),
            ("http://us.example/a/b/v1/lamps", Some("GET /lamps")),
            ("http://jp.example/a/b/v1/lamps", None),
            ("/a/c/v1/lamps", None),
            ("/a/b/lamps", None),
        ],
    );
}

#[test]
fn a_path_item_and_an_operation_may_have_servers_of_their_own() {
    let mut paths = lamps();
    let own = |url: &str| json!([{ "url": url }]);
    *paths.pointer_mut("/~1rooms~1").unwrap() =
        json!({ "servers": own("https://rooms.example/r"), "get": { "security": [] } });
    *paths.pointer_mut("/~1lamps/post").unwrap() = json!({ "servers": own("/write"), "security": [] });
    let servers = json!({ "servers": own("https://api.example/v1") });
    check(
        &openapi(&servers, &paths),
        &[
            ("/v1/lamps", Some("GET /lamps")),
            ("POST /write/lamps", Some("POST /lamps")),
            ("POST /v1/lamps", None),
            ("https://rooms.example/r/rooms/", Some("GET /rooms/")),
            ("https://api.example/v1/rooms/", None),
            ("/write/rooms/", None),
        ],
    );
}

#[test]
fn without_a_readable_server_paths_are_below_the_root() {
    for servers in [
        json!({}),
        json!({ "servers": [] }),
        json!({ "servers": null }),
        json!({ "servers": 7 }),
    ] {
        check(
            &openapi(&servers, &lamps()),
            &[
                ("/lamps", Some("GET /lamps")),
                ("https://any.example/lamps", Some("GET /lamps")),
                ("/v1/lamps", None),
            ],
        );
    }
    let unreadable = openapi(&json!({ "servers": [{ "description": "none" }] }), &lamps());
    let imported = import::read(unreadable.to_string().as_bytes()).unwrap();
    assert_eq!(
        imported.notes().first().unwrap().to_string(),
        "`/servers/0`: the server has no `url`; it is left out"
    );
    check(
        &unreadable,
        &[("/lamps", Some("GET /lamps")), ("https://any.example/lamps", None)],
    );
}

#[test]
fn a_template_may_begin_as_its_server_does() {
    let paths = json!({ "/v1/lamps/{id}": { "get": { "security": [] } }, "/{a}/{b}": { "get": { "security": [] } } });
    let servers = json!({ "servers": [{ "url": "https://api.example/v1" }] });
    check(
        &openapi(&servers, &paths),
        &[
            ("/v1/lamps/7", Some("GET /{a}/{b}")),
            ("/v1/v1/lamps/7", Some("GET /v1/lamps/{id}")),
            ("/v1/x", None),
            ("/x/y", Some("GET /{a}/{b}")),
        ],
    );
}

#[test]
fn swagger_and_google_name_their_server_otherwise() {
    let swagger = json!({
        "swagger": "2.0", "info": { "title": "Lamps", "version": "1" },
        "host": "api.example", "basePath": "/house", "schemes": ["https"], "paths": lamps(),
    });
    check(
        &swagger,
        &[
            ("/house/lamps", Some("GET /lamps")),
            ("https://api.example/house/lamps", Some("GET /lamps")),
            ("https://other.example/house/lamps", None),
        ],
    );
    let methods = |path: &str| json!({ "list": { "id": "list", "httpMethod": "GET", "path": path, "scopes": [] } });
    let google = |more: Value| {
        let mut document = json!({ "discoveryVersion": "v1", "auth": {}, "methods": methods("lamps/{id}") });
        document
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        document
    };
    let root = google(json!({
        "rootUrl": "https://lamps.example/", "servicePath": "house/v1/", "baseUrl": "https://lamps.example/house/v1/",
        "endpoints": [{ "endpointUrl": "https://lamps.eu.example/" }],
    }));
    check(
        &root,
        &[
            ("/house/v1/lamps/7", Some("GET /house/v1/lamps/{id}")),
            (
                "https://lamps.example/house/v1/lamps/7",
                Some("GET /house/v1/lamps/{id}"),
            ),
            (
                "https://lamps.eu.example/house/v1/lamps/7",
                Some("GET /house/v1/lamps/{id}"),
            ),
            ("https://other.example/house/v1/lamps/7", None),
        ],
    );
    let base = google(json!({ "baseUrl": "https://lamps.example/house/v1/" }));
    check(
        &base,
        &[("https://lamps.example/house/v1/lamps/7", Some("GET /lamps/{id}"))],
    );
    let graph = json!({ "permissions": { "Read": { "schemes": { "Work": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/notes/{id}": "" } }] } } });
    check(
        &graph,
        &[
            ("https://graph.microsoft.com/v1.0/notes/7", Some("GET /notes/{id}")),
            ("/beta/notes/7", Some("GET /notes/{id}")),
            ("https://other.example/v1.0/notes/7", None),
        ],
    );
}

#[test]
fn unknown_host_and_unknown_path_differ() {
    let servers = json!({ "servers": [{ "url": "https://api.example/v1" }] });
    let imported = import::read(openapi(&servers, &lamps()).to_string().as_bytes()).unwrap();
    let addresses = Addresses::new(&imported);
    let fault = |address| addresses.find(Method::Get, address).unwrap_err();
    assert_eq!(
        fault("https://other.example/v1/lamps"),
        UnknownAddress::Host("other.example".to_owned())
    );
    assert_eq!(fault("https://api.example/v2/lamps"), UnknownAddress::Path);
    assert_eq!(fault("https://api.example/v1/lumps"), UnknownAddress::Path);
    assert_eq!(
        addresses.path_below("https://api.example/v1/lamps").as_deref(),
        Some("/lamps")
    );
    assert_eq!(addresses.path_below("/v1").as_deref(), Some(""));
    assert_eq!(addresses.path_below("/other").as_deref(), Some("/other"));
    assert_eq!(addresses.path_below("https://other.example/v1"), None);
}

#[test]
fn a_query_of_a_template_tells_operations_apart() {
    let public = || json!({ "get": { "security": [] } });
    let paths = json!({
        "/{bucket}": public(), "/{bucket}?acl": public(), "/jobs?run={how}": public(), "/jobs?stop=true&all=true": public(),
    });
    check(
        &openapi(&json!({ "servers": [{ "url": "https://api.example/v1" }] }), &paths),
        &[
            ("/v1/lamps", Some("GET /{bucket}")),
            ("/v1/lamps?page=2", Some("GET /{bucket}")),
            ("/v1/lamps?acl", Some("GET /{bucket}?acl")),
            ("https://api.example/v1/lamps?page=2&acl#x", Some("GET /{bucket}?acl")),
            ("/lamps?acl", Some("GET /{bucket}?acl")),
            ("/jobs?run=now", Some("GET /jobs?run={how}")),
            ("/jobs?stop=true&all=true", Some("GET /jobs?stop=true&all=true")),
            ("/{bucket}?acl", Some("GET /{bucket}?acl")),
            ("/{name}?acl", Some("GET /{bucket}?acl")),
            ("/lamps?next=/acl", Some("GET /{bucket}")),
        ],
    );
    let jobs = json!({ "/jobs?stop=true": public() });
    check(
        &openapi(&json!({}), &jobs),
        &[
            ("/jobs", None),
            ("/jobs?stop=false", None),
            ("/jobs?stop=true", Some("GET /jobs?stop=true")),
        ],
    );
}

#[test]
fn servers_may_be_behind_references() {
    for (servers, known) in [
        (json!([{ "$ref": "#/x-server" }]), true),
        (json!({ "$ref": "#/x-servers" }), true),
        (json!([{ "$ref": "missing.yaml" }]), false),
        (json!({ "$ref": "https://api.example/servers.yaml" }), false),
    ] {
        let more = json!({
            "servers": servers, "x-server": { "url": "https://api.example/v9" }, "x-servers": [{ "$ref": "#/x-server" }],
        });
        let document = openapi(&more, &lamps());
        let expected = known.then_some("GET /lamps");
        check(
            &document,
            &[
                ("https://api.example/v9/lamps", expected),
                ("/lamps", Some("GET /lamps")),
            ],
        );
        let imported = import::read(document.to_string().as_bytes()).expect("a document");
        assert_eq!(imported.notes().len(), usize::from(!known), "{servers}");
    }
}
