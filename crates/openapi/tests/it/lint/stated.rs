//! Texts, names and extensions that state what an operation or a document means.

use scopegate_policy::LintRule as R;

use super::{openapi, rules};

/// Whether a document has a finding of a rule.
fn has(rule: R, text: &str) -> bool {
    rules(text).contains(&rule)
}

/// A document without schemes, whose operation documents that it refuses callers.
fn open(description: &str, of_operation: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: '1', description: '{description}'}}\nservers: [{{url: 'https://api.example'}}]\n\
         paths:\n  /lamps: {{put: {{description: '{of_operation}', responses: {{'401': {{}}}}}}}}\n"
    )
}

#[test]
fn a_text_states_that_an_interface_is_open() {
    for text in [
        "The interface has no required scopes.",
        "Calls do not require authentication.",
        "Authentication is not redefined here.",
        "Requests that the shop will make to your server.",
    ] {
        assert!(!has(R::NoSecurity, &open(text, "")), "{text}");
    }
    for text in ["", "Some calls do not require authentication.", "Requests of the shop."] {
        assert!(has(R::NoSecurity, &open(text, "")), "{text}");
    }
}

#[test]
fn a_text_states_that_an_operation_is_open() {
    let text = "It does not require [authentication](https://api.example/auth).";
    assert!(!has(R::NoSecurity, &open("", text)));
    assert!(has(R::NoSecurity, &open("", "It requires authentication.")));
    let among = |text: &str| openapi(&format!("  /b: {{post: {{description: '{text}'}}}}\n"));
    assert!(!has(R::UnprotectedOperation, &among(text)));
    assert!(has(R::UnprotectedOperation, &among("Switches a lamp.")));
}

#[test]
fn a_page_about_credentials_does_not_demand_one() {
    let of = |description: &str| {
        open(description, "")
            .replace("put: {", "post: {summary: Find lamps, ")
            .replace("'401'", "'200'")
    };
    assert!(!has(R::NoSecurity, &of("For info about keys, see [OAuth](/oauth).")));
    assert!(has(R::NoSecurity, &of("Callers use OAuth.")));
}

#[test]
fn an_operator_restricts_access_to_an_installation() {
    let of = |server: &str, text: &str, path: &str| {
        let operations = openapi("").replace("  /all:", &format!("  {path}:"));
        format!("{operations}  /lamps: {{put: {{description: '{text}'}}}}\nservers: [{{url: '{server}'}}]\n")
    };
    let text = "Make sure that this endpoint is well protected.";
    assert!(!has(R::UnprotectedOperation, &of("/", text, "/oauth2/token")));
    for (server, text, path) in [
        ("https://api.example", text, "/oauth2/token"),
        ("/", "Switches lamps.", "/oauth2/token"),
        ("/", text, "/all"),
    ] {
        assert!(
            has(R::UnprotectedOperation, &of(server, text, path)),
            "{server} {text} {path}"
        );
    }
    let without = |server: &str| open("", text).replace("https://api.example", server);
    assert!(!has(R::NoSecurity, &without("/")) && has(R::NoSecurity, &without("https://api.example")));
}

#[test]
fn an_installation_sets_whether_callers_authenticate() {
    let of = |url: &str| {
        let text = openapi("  /b: {put: {}}\n").replace("https://id.example/token", url);
        rules(&format!("{text}security: [{{}}, {{login: ['lamp:write']}}]\n"))
    };
    let placeholder = of("http://to-be-configured-in-the-file");
    assert!(!placeholder.contains(&R::OptionalAuthentication) && !placeholder.contains(&R::InsecureUrl));
    let named = of("http://gateway/token");
    assert!(named.contains(&R::OptionalAuthentication) && named.contains(&R::InsecureUrl));
}

#[test]
fn a_key_for_development_may_be_in_the_query() {
    let of = |text: &str| openapi("").replace("in: header", &format!("in: query, description: '{text}'"));
    assert!(!has(R::KeyInQuery, &of("Used to authenticate only dev instances.")));
    assert!(has(R::KeyInQuery, &of("Used to authenticate developers.")));
}

#[test]
fn a_path_that_returns_the_credential_of_a_scheme_needs_none() {
    let of = |text: &str| {
        let text = openapi("  /b: {post: {}}\n").replace("in: header", &format!("in: header, description: '{text}'"));
        has(R::UnprotectedOperation, &text)
    };
    assert!(!of("To generate a key, make a request to `/b`."));
    assert!(of("The key is for `/b`.") && of("To generate a key, make a request to `/b/c`."));
}

#[test]
fn an_extension_states_that_no_permission_is_needed() {
    let of = |extension: &str| {
        openapi(&format!(
            "  /lamps: {{put: {{{extension}, security: [{{login: []}}]}}}}\n"
        ))
    };
    for extension in [
        "x-permission: {operator: OPEN, permissions: []}",
        "x-required-permissions: []",
    ] {
        assert!(!has(R::TokenWithoutScope, &of(extension)), "{extension}");
    }
    for extension in [
        "x-permission: {permissions: [switch]}",
        "x-permissions: [a]",
        "x-other: []",
    ] {
        assert!(has(R::TokenWithoutScope, &of(extension)), "{extension}");
    }
}

#[test]
fn a_post_that_simulates_maps_ids_or_receives_does_not_write() {
    let of = |path: &str, text: &str| {
        let security = "security: [{login: ['lamp:read']}]";
        has(
            R::WriteGuardedByRead,
            &openapi(&format!("  {path}: {{post: {{{text}, {security}}}}}\n")),
        )
    };
    for text in [
        "summary: Map IDs",
        "summary: Resolve names",
        "summary: Receive messages of partners",
        "description: 'It can be used to simulate a switch.'",
        "description: 'Lists the lamps. Create one before.'",
    ] {
        assert!(!of("/a", text), "{text}");
    }
    for path in ["/lamps/matching", "/operations/{id}/wait", "/lamps:pollColour"] {
        assert!(!of(path, "summary: ''"), "{path}");
    }
    for text in [
        "summary: Map a key to a lamp",
        "summary: Switch, description: Lists lamps",
        "description: 'It switches. It was used to simulate that.'",
    ] {
        assert!(of("/a", text), "{text}");
    }
}

#[test]
fn a_stated_post_of_a_session_is_a_login() {
    let of = |path: &str, security: &str| {
        let others = "delete: {security: [{key: []}]}";
        has(
            R::PublicAmongProtected,
            &openapi(&format!(
                "  {path}: {{post: {{{security}}}, get: {{security: [{{key: []}}]}}, {others}}}\n"
            )),
        )
    };
    for path in ["/session", "/v1/users/sessions", "/client/sign_ins", "/sign_ups"] {
        assert!(!of(path, "security: []"), "{path}");
    }
    assert!(of("/session", "summary: x") && of("/checkout/sessions", "security: []"));
}

#[test]
fn a_resource_that_is_read_without_a_credential_is_not_protected() {
    let of = |reads: &str| openapi(&format!("  /b: {{post: {{security: []}}{reads}}}\n"));
    let guarded = "security: [{login: ['lamp:read']}]";
    let one = format!("  /b/{{id}}: {{get: {{{guarded}}}}}\n");
    assert!(has(R::PublicAmongProtected, &of(&format!(", get: {{{guarded}}}"))));
    assert!(!has(R::PublicAmongProtected, &of(", get: {security: [{}, {key: []}]}")));
    assert!(!has(
        R::PublicAmongProtected,
        &format!("{}{one}", of(", get: {security: []}"))
    ));
    assert!(has(R::PublicAmongProtected, &format!("{}{one}", of(""))));
}

#[test]
fn a_method_of_a_discovery_document_may_state_that_it_reads() {
    let of = |description: &str| {
        format!(
            r#"{{"kind": "discovery#restDescription", "rootUrl": "https://api.example/", "servicePath": "",
                "auth": {{"oauth2": {{"scopes": {{"lamp.read": {{"description": "x"}}}}}}}},
                "resources": {{"lamps": {{"methods": {{"series": {{"id": "lamps.series", "httpMethod": "POST",
                "path": "lamps/series", "description": "{description}", "scopes": ["lamp.read"]}}}}}}}}}}"#
        )
    };
    assert!(!has(R::WriteGuardedByRead, &of("Lists series of lamps.")));
    assert!(has(R::WriteGuardedByRead, &of("Switches a series of lamps.")));
}
