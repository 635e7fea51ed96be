//! What a document states in addition to its requirements, and what the rules infer from it.

use scopegate_policy::LintRule as R;

use super::{lint, openapi, rules};

/// A document without schemes.
fn open(info: &str, paths: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: '1'{info}}}\nservers: [{{url: 'https://api.example'}}]\npaths:\n{paths}"
    )
}

/// Returns how many findings of a rule a document has.
fn count(rule: R, text: &str) -> usize {
    rules(text).into_iter().filter(|found| *found == rule).count()
}

#[test]
fn a_summary_shows_that_a_post_reads() {
    let of = |path: &str, summary: &str| {
        let security = "security: [{login: ['lamp:read']}]";
        count(
            R::WriteGuardedByRead,
            &openapi(&format!("  {path}: {{post: {{summary: '{summary}', {security}}}}}\n")),
        )
    };
    for summary in ["Get the rates", "Returns a list of lamps", "Calculate sizes"] {
        assert_eq!(of("/rates", summary), 0, "{summary}");
    }
    for summary in ["Get or create a rate", "Switch a lamp", ""] {
        assert_eq!(of("/rates", summary), 1, "{summary}");
    }
    for path in ["/graphql", "/driftFetchJobs", "/tenantsearch", "/lamps/classify"] {
        assert_eq!(of(path, ""), 0, "{path}");
    }
}

#[test]
fn a_refusal_may_be_the_answer_about_a_permission() {
    let of = |path: &str| {
        let refused = "{responses: {'200': {}, '404': {}, '403': {}}}";
        let written = "{responses: {'204': {}, '404': {}, '500': {}}}";
        rules(&open(
            "",
            &format!("  /tuples: {{put: {written}}}\n  {path}: {{post: {refused}}}\n"),
        ))
    };
    for path in ["/check", "/tuples/check/openapi", "/flavors/{flavor}/allowed"] {
        assert_eq!(of(path), [], "{path}");
    }
    assert_eq!(of("/lamps"), [R::NoSecurity]);
}

#[test]
fn a_document_that_mentions_credentials_requires_one() {
    let of = |info: &str, parameters: &str| {
        let operation = format!("{{parameters: [{parameters}], responses: {{'200': {{}}, '404': {{}}}}}}");
        rules(&open(info, &format!("  /lamps: {{put: {operation}}}\n")))
    };
    for parameter in [
        "{name: X-Api-Key, in: header}",
        "{name: access_token, in: query}",
        "{name: session, in: cookie}",
        "{$ref: '#/components/parameters/Authorization'}",
    ] {
        assert_eq!(of("", parameter), [R::NoSecurity], "{parameter}");
    }
    for parameter in [
        "",
        "{name: api_key, in: path}",
        "{name: key, in: query}",
        "{name: session, in: query}",
        "{name: theme, in: cookie}",
        "{name: 1}",
        "4",
    ] {
        assert_eq!(of("", parameter), [], "{parameter}");
    }
    for text in [
        "Send your API key.",
        "All calls require a JWT.",
        "Authenticate first.",
        "Send your access token in the header.",
    ] {
        assert_eq!(of(&format!(", description: '{text}'"), ""), [R::NoSecurity], "{text}");
    }
    for text in ["Lamps for everybody.", "A proxy that validates access tokens."] {
        assert_eq!(of(&format!(", description: '{text}'"), ""), [], "{text}");
    }
}

#[test]
fn errors_that_generators_add_do_not_show_that_no_caller_is_refused() {
    let of = |errors: &str| {
        let operation = format!("{{responses: {{'200': {{}}, {errors}}}}}");
        rules(&open(
            "",
            &format!(
                "  /users/{{id}}: {{delete: {operation}, put: {operation}}}\n  /payments: {{post: {operation}}}\n"
            ),
        ))
    };
    for errors in ["'422': {}", "'400': {}, '422': {}", "default: {}", "4XX: {}"] {
        assert_eq!(of(errors), [R::NoSecurity], "{errors}");
    }
    assert_eq!(of("'404': {}, '422': {}"), []);
}

#[test]
fn a_small_document_without_security_and_errors_is_reported() {
    let paths = "  /a: {get: {}, post: {}}\n  /b: {get: {}}\n";
    assert_eq!(rules(&open("", paths)), [R::NoSecurity]);
    assert_eq!(rules(&open("", &paths.replace("post", "head"))), []);
}

#[test]
fn a_key_for_several_reads_is_intended() {
    let of = |method: &str| {
        let both = "{security: [{login: [other]}, {key: []}]}";
        let path = |number: usize| format!("  /s{number}: {{get: {{security: [{{login: [other]}}]}}}}\n");
        let scoped: String = (0..9).map(path).collect();
        let opened = format!("  /a: {{get: {both}}}\n  /b: {{get: {both}}}\n  /c: {{{method}: {both}}}\n");
        count(R::KeyOpensWithoutScope, &openapi(&format!("{scoped}{opened}")))
    };
    assert_eq!((of("get"), of("put")), (0, 1));
}

#[test]
fn keys_in_the_query_that_are_required_together_are_one_finding() {
    let secret = "    secret: {type: apiKey, in: query, name: S}\n    key:";
    let of = |security: &str| {
        let text = openapi("")
            .replace("in: header", "in: query")
            .replace("    key:", secret);
        lint(&text.replace("[{key: []}]", security))
            .iter()
            .filter(|finding| finding.rule() == R::KeyInQuery)
            .map(|finding| finding.message().split(", so").next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("[{key: [], secret: []}]"),
        ["schemes `key` and `secret` take their keys from the query parameters `K` and `S`"]
    );
    assert_eq!(of("[{key: []}, {secret: []}]").len(), 2);
}

#[test]
fn an_operation_that_lists_optional_authentication_for_a_read_means_it() {
    let at = |path: &str, method: &str| {
        let paths = format!("  {path}: {{{method}: {{security: [{{}}, {{login: ['lamp:write']}}]}}}}\n");
        count(R::OptionalAuthentication, &openapi(&paths))
    };
    let of = |method: &str| at("/a", method);
    assert_eq!(["get", "post", "put", "delete"].map(of), [0, 1, 1, 1]);
    assert_eq!(at("/lamps/search", "post"), 0);
    let without_scope = "  /a: {post: {security: [{}, {key: []}]}}\n";
    assert_eq!(count(R::OptionalAuthentication, &openapi(without_scope)), 0);
    let root = |method: &str| {
        let text = openapi(&format!("  /a: {{{method}: {{}}}}\n"));
        count(
            R::OptionalAuthentication,
            &format!("{text}security: [{{}}, {{login: [other]}}]\n"),
        )
    };
    assert_eq!(["get", "post"].map(root), [0, 1]);
}

#[test]
fn a_scheme_without_a_scope_of_a_part_separates_nothing() {
    let of = |scopes: &str| {
        let scheme = format!(
            "    other:\n      type: oauth2\n      flows: {{clientCredentials: {{tokenUrl: 'https://other.example/t', scopes: {{{scopes}}}}}}}\n    key:"
        );
        let paths = "  /a: {put: {security: [{other: []}]}}\n";
        count(R::TokenWithoutScope, &openapi(paths).replace("    key:", &scheme))
    };
    for scopes in ["all_scopes: x", "openid: x, profile: x"] {
        assert_eq!(of(scopes), 0, "{scopes}");
    }
    assert_eq!(of("'bulb:write': x"), 1);
}

#[test]
fn a_read_needs_a_scope_whose_words_its_path_has() {
    let of = |path: &str| {
        let paths = format!("  {path}: {{get: {{security: [{{login: []}}]}}}}\n");
        let text = openapi(&paths).replace("other: x", "other: x, 'user-read-top': x, 'lamp-bulb:write': x");
        count(R::TokenWithoutScope, &text)
    };
    assert_eq!(["/users/top", "/artists/top", "/lamp-bulbs"].map(of), [1, 0, 1]);
}

#[test]
fn scopes_of_one_object_and_deprecated_scopes() {
    let of = |path: &str, scopes: &str, declared: &str| {
        let text = openapi(&format!("  {path}: {{get: {{security: [{{login: [{scopes}]}}]}}}}\n"));
        count(
            R::SeveralScopesTogether,
            &text.replace("other: x", &format!("other: x, {declared}")),
        )
    };
    let one = "'bulb:read', 'wire:read'";
    assert_eq!(of("/a", one, "'bulb:read': x, 'wire:read': x"), 0);
    assert_eq!(of("/a", one, "'bulb:read': x, 'wire:read': Deprecated"), 1);
    let lamp = "'lamp:play', 'lamp:stop'";
    assert_eq!(of("/a", lamp, "'lamp:play': x, 'lamp:stop': x"), 1);
    let object = "'customer_id:{id}', 'customer_play'";
    assert_eq!(of("/a", object, "'customer_id:{id}': x, customer_play: x"), 0);
}

#[test]
fn a_write_may_need_the_scopes_for_reading_two_resources_too() {
    let of = |method: &str| {
        let scopes = "'lamp:read', 'lamp:write', 'bulb:read', 'bulb:write'";
        let text = openapi(&format!("  /a: {{{method}: {{security: [{{login: [{scopes}]}}]}}}}\n"));
        count(
            R::OrWrittenAsAnd,
            &text.replace("other: x", "other: x, 'bulb:read': x, 'bulb:write': x"),
        )
    };
    assert_eq!((of("get"), of("put")), (1, 0));
}

#[test]
fn first_set_up_and_requests_for_tokens_need_no_credential() {
    let of = |path: &str| rules(&openapi(&format!("  {path}: {{post: {{}}}}\n")));
    for path in [
        "/v3/admin/auth/setup",
        "/oauth/authorize/device",
        "/teams/{team}/service_token",
        "/account/password/email/requestToken",
    ] {
        assert_eq!(of(path), [], "{path}");
    }
    for path in ["/admin/setup", "/lamps/device", "/lamps/{lamp}/request"] {
        assert_eq!(of(path), [R::UnprotectedOperation], "{path}");
    }
}

#[test]
fn a_read_without_a_refusal_is_public_unless_a_change_of_its_resource_is_open() {
    let of = |paths: &str| {
        let text = openapi(paths).replace("{security: [{", "{responses: {'403': {}}, security: [{");
        lint(&text)
            .iter()
            .filter(|finding| finding.rule() == R::UnprotectedOperation)
            .map(|finding| finding.operations().len())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("  /b: {get: {}}\n"), [0; 0]);
    assert_eq!(of("  /b: {get: {}}\n  /c: {put: {}}\n"), [1]);
    assert_eq!(of("  /b: {get: {}, put: {}}\n"), [2]);
}

#[test]
fn a_login_is_a_get_or_a_post_that_no_protected_operation_is_next_to() {
    let of = |path: &str, item: &str| {
        let is_open = |rule: &R| matches!(rule, R::PublicAmongProtected | R::UnprotectedOperation);
        let found = rules(&openapi(&format!("  {path}: {{{item}}}\n"))).into_iter();
        found.filter(is_open).count()
    };
    let scoped = "security: [{login: ['lamp:read']}]";
    for path in [
        "/auth/users/{id}",
        "/tokens",
        "/sso/config",
        "/users/{id}/mfa",
        "/public/lamps",
    ] {
        for method in ["delete", "patch", "put"] {
            assert_eq!(of(path, &format!("{method}: {{}}")), 1, "{method} {path}");
        }
    }
    for path in ["/auth/users", "/tokens"] {
        assert_eq!(of(path, "post: {}"), 0, "{path}");
        assert_eq!(of(path, &format!("get: {{{scoped}}}, post: {{}}")), 1, "{path}");
        assert_eq!(
            of(path, &format!("get: {{{scoped}}}, post: {{security: []}}")),
            0,
            "{path}"
        );
    }
    assert_eq!(of("/users/{id}/mfa", "post: {}"), 1);
    assert_eq!(of("/mfa", "post: {}"), 0);
    assert_eq!(of("/auth/session", "delete: {}"), 0);
    assert_eq!(of("/auth", "post: {security: []}, put: {security: []}"), 0);
    assert_eq!(of("/auth", "post: {security: []}, put: {}"), 1);
    assert_eq!(of("/auth/sessions/{id}", "delete: {}"), 1);
}

#[test]
fn a_delete_of_a_report_changes_something() {
    let of = |method: &str| {
        let paths = format!("  /reports/{{id}}: {{{method}: {{security: [{{login: ['lamp:read']}}]}}}}\n");
        count(R::WriteGuardedByRead, &openapi(&paths))
    };
    assert_eq!(["delete", "patch", "put", "post"].map(of), [1, 1, 1, 0]);
    // A client that may create an export may delete it.
    let after = |scope: &str| {
        let create = format!("  /exports: {{post: {{security: [{{login: ['{scope}']}}]}}}}\n");
        let delete = "  /exports/{id}: {delete: {security: [{login: ['lamp:read']}]}}\n";
        count(R::WriteGuardedByRead, &openapi(&format!("{create}{delete}")))
    };
    assert_eq!(["lamp:write", "lamp:read"].map(after), [1, 0]);
}

#[test]
fn a_probe_has_no_parameter_and_ends_in_its_word() {
    let of = |path: &str| rules(&openapi(&format!("  {path}: {{get: {{}}}}\n")));
    for path in ["/health", "/v1/lamps/ping", "/health/ready", "/status"] {
        assert_eq!(of(path), [], "{path}");
    }
    for path in [
        "/health/records",
        "/lamps/{id}/health",
        "/a/b/ping",
        "/examples/{id}",
        "/samples",
    ] {
        assert_eq!(of(path), [R::UnprotectedOperation], "{path}");
    }
}
