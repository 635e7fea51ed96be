//! Each rule of the lint on documents: one that has a finding, and one that has none.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod evidence;
mod forgotten;
mod stated;
mod unused;

use std::collections::BTreeSet;

use scopegate_analysis::{Finding, lint_document};
use scopegate_openapi::import::{self, Imported};
use scopegate_policy::{LintRule, Severity};

/// A document with two schemes and these paths.
fn openapi(paths: &str) -> String {
    openapi_with("https://id.example/token", "clientCredentials", paths)
}

fn openapi_with(token: &str, flow: &str, paths: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\ncomponents:\n  securitySchemes:\n    login:\n      type: oauth2\n      \
         flows: {{{flow}: {{authorizationUrl: 'https://id.example/a', tokenUrl: '{token}', scopes: {{'lamp:read': x, 'lamp:write': x, other: x}}}}}}\n    \
         key: {{type: apiKey, in: header, name: K}}\npaths:\n  /all: {{get: {{security: [{{login: ['lamp:read']}}]}}, put: {{security: [{{login: ['lamp:write']}}]}}, \
         patch: {{security: [{{login: [other]}}]}}, delete: {{security: [{{key: []}}]}}}}\n{paths}"
    )
}

fn toml(operations: &str) -> String {
    format!(
        "[schemes.login]\nkind = \"oauth2\"\nscopes = {{ a = \"\", b = \"\" }}\n\n[[operations]]\nmethod = \"GET\"\npath = \"/all\"\n\
         requires = \"a or b\"\n\n{operations}"
    )
}

fn get(security: &str) -> String {
    openapi(&format!("  /a: {{get: {{security: {security}}}}}\n"))
}

fn requires(requires: &str) -> String {
    toml(&format!(
        "[[operations]]\nmethod = \"GET\"\npath = \"/x\"\nrequires = \"{requires}\"\n"
    ))
}

/// Returns each rule, a document with a finding, and one without.
#[expect(clippy::too_many_lines, reason = "two documents for each rule")]
fn examples() -> Vec<(LintRule, String, String)> {
    use LintRule as R;

    let group = "[[groups]]\nprefix = \"/g\"\nrequires = \"check:owner\"\n\n[[groups.operations]]\nmethod = \"GET\"\npath = \"/x\"\n\
                 requires = \"a\"\n";
    let client = "\n[clients]\nweb = \"a b\"\n";
    let checked = "[[operations]]\nmethod = \"GET\"\npath = \"/x/{id}\"\nrequires = \"a and check:resource:own\"\n\n";
    let unchecked = "[[operations]]\nmethod = \"DELETE\"\npath = \"/x/{id}\"\nrequires = \"b\"\n";
    let of_two = |path: &str| format!("  {path}: {{get: {{security: [{{login: ['lamp:read', other]}}]}}}}\n");
    vec![
        (
            R::CheckNeverRuns,
            toml(&format!("{group}override = true\n")),
            toml(group),
        ),
        (
            R::ContradictoryGuards,
            requires("a and subject=user and subject=service"),
            requires("a and subject=user"),
        ),
        (
            R::ImplicitFlow,
            openapi_with("https://id.example/token", "implicit", ""),
            openapi_with("https://id.example/token", "authorizationCode", ""),
        ),
        (
            R::InsecureUrl,
            openapi_with("http://id.example/token", "clientCredentials", ""),
            openapi_with("http://localhost:8000/token", "clientCredentials", ""),
        ),
        (
            R::KeyInQuery,
            openapi("").replace("in: header", "in: query"),
            openapi(""),
        ),
        (
            R::KeyOpensWithoutScope,
            get("[{login: ['lamp:read']}, {key: []}]"),
            get("[{key: []}]"),
        ),
        (
            R::NoSecurity,
            "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {}, put: {}}}\n".to_owned(),
            openapi(""),
        ),
        (
            R::OptionalAuthentication,
            openapi("  /a: {put: {security: [{}, {login: ['lamp:write']}]}}\n"),
            get("[{}, {login: ['lamp:read']}]"),
        ),
        (
            R::OrWrittenAsAnd,
            get("[{login: ['lamp:read', 'lamp:write']}]"),
            get("[{login: ['lamp:read']}, {login: ['lamp:write']}]"),
        ),
        (
            R::PublicAmongProtected,
            openapi("  /a: {get: {security: [{login: ['lamp:read']}]}, delete: {}}\n"),
            openapi("  /a: {get: {security: [{login: ['lamp:read']}]}}\n  /b: {get: {}}\n"),
        ),
        (
            R::ReadNeedsWrite,
            get("[{login: ['lamp:write']}]"),
            get("[{login: ['bulb:write']}]").replace("other: x", "other: x, 'bulb:write': x"),
        ),
        (
            R::RedundantAlternative,
            get("[{login: ['lamp:read']}, {login: ['lamp:read', other]}]"),
            get("[{login: ['lamp:read']}, {login: [other]}]"),
        ),
        (
            R::RepeatedAlternative,
            get("[{login: ['lamp:read']}, {login: ['lamp:read']}]"),
            get("[{login: ['lamp:read']}, {login: [other]}]"),
        ),
        (
            R::ScopeOnSchemeWithoutScopes,
            get("[{key: [admin]}]").replace("{key: []}", "{key: [admin]}"),
            get("[{key: [admin]}]")
                .replace("{key: []}", "{key: [admin]}")
                .replace("3.0.3", "3.1.0"),
        ),
        (
            R::SeveralScopesTogether,
            openapi(&["/a", "/b"].map(of_two).concat()),
            openapi(&of_two("/a")),
        ),
        (
            R::TokenWithoutScope,
            openapi("  /lamps: {get: {security: [{login: []}]}}\n"),
            openapi("  /weather: {get: {security: [{login: []}]}}\n"),
        ),
        (
            R::UncheckedResource,
            toml(&format!("{checked}{unchecked}")),
            toml(&format!(
                "{checked}{}",
                unchecked.replace("\"b\"", "\"b and check:resource:own\"")
            )),
        ),
        (
            R::UndeclaredScope,
            get("[{login: ['lamp:raed']}]"),
            get("[{login: ['lamp:read']}]"),
        ),
        (
            R::UndefinedScheme,
            get("[{logn: ['lamp:read']}]"),
            get("[{login: ['lamp:read']}]"),
        ),
        (
            R::UnprotectedOperation,
            openapi("  /b: {post: {security: []}}\n"),
            openapi("  /token: {post: {security: []}}\n"),
        ),
        (
            R::UnreachableOperation,
            format!("{}{}", requires("b"), client.replace("a b", "a")),
            format!("{}{client}", requires("b")),
        ),
        (
            R::UnusedScheme,
            openapi("").replace("    key:", "    spare: {type: http, scheme: bearer}\n    key:"),
            openapi(""),
        ),
        (
            R::UnusedScope,
            openapi("").replace("other: x", "other: x, spare: x"),
            openapi("").replace(
                "other: x",
                "other: x, openid: x, profile: x, email: x, address: x, phone: x, offline_access: x",
            ),
        ),
        (
            R::WriteGuardedByRead,
            openapi("  /a: {delete: {security: [{login: ['lamp:read']}]}}\n"),
            openapi("  /a/search: {post: {security: [{login: ['lamp:read']}]}}\n"),
        ),
    ]
}

fn read(text: &str) -> Imported {
    import::read(text.as_bytes()).expect(text)
}

fn lint(text: &str) -> Vec<Finding> {
    let imported = read(text);
    lint_document(imported.table(), imported.ceilings(), imported.facts())
}

fn rules(text: &str) -> Vec<LintRule> {
    lint(text).iter().map(Finding::rule).collect()
}

#[test]
fn each_rule_is_true_of_one_document_and_silent_on_another() {
    let mut seen = BTreeSet::new();
    for (rule, yes, no) in examples() {
        let (found, silent) = (rules(&yes), rules(&no));
        assert_eq!(
            found.iter().filter(|found| **found == rule).count(),
            1,
            "{rule}: {found:?} in\n{yes}"
        );
        assert!(!silent.contains(&rule), "{rule}: {silent:?} in\n{no}");
        seen.insert(rule);
    }
    assert_eq!(seen.len(), LintRule::ALL.len());
}

#[test]
fn a_true_example_has_its_rule_alone() {
    for (rule, yes, _) in examples() {
        assert_eq!(rules(&yes), [rule], "{yes}");
    }
}

#[test]
fn scopes_of_resource_and_part_are_intended() {
    let of = |resource: &str| {
        let path = |path: &str| format!("  {path}: {{get: {{security: [{{login: ['lamp:read', 'bulb:read']}}]}}}}\n");
        openapi(&[path(resource), path(&format!("{resource}/{{part}}"))].concat())
            .replace("other: x", "other: x, 'bulb:read': x")
    };
    assert!(!rules(&of("/lamp/{id}/lights")).contains(&LintRule::SeveralScopesTogether));
    assert!(rules(&of("/house/{id}/lights")).contains(&LintRule::SeveralScopesTogether));
}

#[test]
fn reader_may_list_and_watch_changes() {
    let of = |path: &str| {
        openapi(&format!(
            "  {path}: {{post: {{security: [{{login: ['lamp:read']}}]}}}}\n"
        ))
    };
    for path in ["/lamps/all", "/v1/subscriptions", "/channels/stop"] {
        assert!(!rules(&of(path)).contains(&LintRule::WriteGuardedByRead), "{path}");
    }
    assert!(rules(&of("/lamps/all-off")).contains(&LintRule::WriteGuardedByRead));
    let named = of("/v1/subscriptions").replace("lamp:read", "subscription:read");
    assert!(rules(&named).contains(&LintRule::WriteGuardedByRead));
}

#[test]
fn a_message_that_is_a_credential_itself_needs_no_other() {
    for path in ["/event-notifications", "/v1/security-events", "/challenge/{id}/verify"] {
        let among = openapi(&format!("  {path}: {{post: {{security: []}}}}\n"));
        assert!(rules(&among).is_empty(), "{path}");
        let alone = format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{'{path}': {{post: {{}}}}}}\n");
        assert!(rules(&alone).is_empty(), "{path}");
        assert!(!rules(&among.replace("post", "delete")).is_empty(), "{path}");
    }
}

#[test]
fn a_path_with_a_credential_needs_no_other() {
    for security in ["[]", "[{}, {key: []}]"] {
        let of = |path: &str| openapi(&format!("  {path}: {{put: {{security: {security}}}}}\n"));
        assert!(rules(&of("/hooks/{id}/{hook_token}")).is_empty(), "{security}");
        assert_eq!(rules(&of("/hooks/{token_id}/colour")).len(), 1, "{security}");
    }
}

#[test]
fn endpoints_of_the_protocol_and_preflights_are_silent() {
    let of = |path: &str, operation: &str| openapi(&format!("  {path}: {{{operation}}}\n"));
    assert!(rules(&of("/v2/authorize", "get: {security: []}")).is_empty());
    assert!(rules(&of("/lamps/{id}", "options: {security: []}")).is_empty());
    assert!(rules(&of("/oauth2/revoke", "post: {security: [{login: []}]}")).is_empty());
    assert_eq!(rules(&of("/lamps/authorize", "put: {}")).len(), 1);
    assert_eq!(rules(&of("/lamps/revoke", "post: {security: [{login: []}]}")).len(), 1);
    assert!(rules(&openapi("").replace("other: x", "other: x, offline: x")).is_empty());
}

#[test]
fn logins_and_probes_need_no_credential() {
    for path in [
        "/login",
        "/users/sign-up",
        "/auth/refresh",
        "/password/reset",
        "/users/verify-email",
    ] {
        assert!(
            rules(&openapi(&format!("  {path}: {{post: {{}}}}\n"))).is_empty(),
            "{path}"
        );
    }
    for path in ["/health", "/v1/status", "/ping", "/"] {
        assert!(
            rules(&openapi(&format!("  {path}: {{get: {{}}}}\n"))).is_empty(),
            "{path}"
        );
        assert_eq!(
            rules(&openapi(&format!("  {path}: {{delete: {{}}}}\n"))).len(),
            1,
            "{path}"
        );
    }
    for path in ["/lamps/{id}/status", "/users/{id}/password", "/admin/logins"] {
        assert_eq!(
            rules(&openapi(&format!("  {path}: {{put: {{}}}}\n"))).len(),
            1,
            "{path}"
        );
    }
    assert!(rules(&openapi("  /webhooks/payments: {post: {security: []}}\n")).is_empty());
    assert_eq!(rules(&openapi("  /webhooks/{id}: {post: {security: []}}\n")).len(), 1);
}

#[test]
fn an_answer_401_contradicts_a_public_operation() {
    let read = |responses: &str| {
        openapi(&format!(
            "  /b: {{get: {{security: [], responses: {{{responses}: {{description: x}}}}}}}}\n"
        ))
    };
    assert!(rules(&read("'200'")).is_empty());
    for status in ["'401'", "401"] {
        assert_eq!(rules(&read(status)), [LintRule::UnprotectedOperation], "{status}");
    }
    let everywhere = read("'401'").replace("{security: [{", "{responses: {'401': {}}, security: [{");
    assert!(rules(&everywhere).is_empty(), "a framework added it");
    // If every other protected operation documents the refusal, one that does not is intended to be
    // public.
    let documented = openapi("  /b: {get: {}}\n").replace("{security: [{", "{responses: {'401': {}}, security: [{");
    assert!(rules(&documented).is_empty());
    assert_eq!(rules(&openapi("  /b: {get: {}}\n")).len(), 1);
}

#[test]
fn public_data_needs_no_scheme() {
    let of = |servers: &str, paths: &str| {
        let text =
            format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\nservers: [{servers}]\npaths: {{{paths}}}\n");
        lint(&text).iter().map(Finding::severity).collect::<Vec<_>>()
    };
    let public = "{url: 'https://api.example'}";
    assert_eq!(of(public, "/a: {get: {}}"), []);
    assert_eq!(of(public, "/a: {get: {responses: {'401': {}}}}"), [Severity::Warning]);
    assert_eq!(of(public, "/a: {get: {}, put: {}}"), [Severity::Warning]);
    // Errors are documented, and none is about a credential.
    let both = |statuses: &str| format!("/a: {{put: {{responses: {statuses}}}, get: {{responses: {statuses}}}}}");
    assert_eq!(of(public, &both("{'200': {}, '404': {}}")), []);
    assert_eq!(
        of(public, &both("{'200': {}, '404': {}, '403': {}}")),
        [Severity::Warning]
    );
    // Generators add these to every operation.
    assert_eq!(of(public, &both("{'200': {}, '500': {}}")), []);
    for added in ["'400'", "'422'", "4XX", "default"] {
        let statuses = format!("{{'200': {{}}, {added}: {{}}}}");
        assert_eq!(of(public, &both(&statuses)), [Severity::Warning], "{added}");
    }
    let stated = "/a: {get: {security: []}, put: {security: []}}";
    assert_eq!(of(public, stated), [Severity::Info]);
    let here = "{url: 'http://localhost:8080'}";
    for local in ["{url: 'unix:///run/lamps.sock'}", "{url: 'https://gateway/v1'}", here] {
        assert_eq!(of(local, "/a: {put: {}}"), [], "{local}");
    }
    for status in ["401", "403"] {
        let paths = format!("/a: {{put: {{responses: {{'{status}': {{}}}}}}}}");
        assert_eq!(of(here, &paths), [Severity::Warning], "{status}");
    }
}

#[test]
fn a_scheme_of_a_callback_or_a_webhook_is_used() {
    let scheme = "    push: {type: http, scheme: bearer}\n    key:";
    let of = |version: &str, paths: &str, rest: &str| {
        let text = openapi(paths).replace("    key:", scheme).replace("3.0.3", version);
        rules(&format!("{text}{rest}"))
    };
    let call = "'{$request.body#/url}': {post: {security: [{push: []}]}}";
    let operation =
        |callbacks: &str| format!("  /b: {{post: {{security: [{{key: []}}], callbacks: {{changed: {callbacks}}}}}}}\n");
    assert!(of("3.0.3", "", "").contains(&LintRule::UnusedScheme));
    assert!(of("3.0.3", &operation(&format!("{{{call}}}")), "").is_empty());
    assert!(of("3.1.0", "", "webhooks: {changed: {post: {security: [{push: []}]}}}\n").is_empty());
    let referred = operation("{$ref: '#/components/callbacks/changed'}");
    let component = format!("components:\n  callbacks: {{changed: {{{call}}}}}\n");
    let text = openapi(&referred)
        .replace("components:\n", &component)
        .replace("    key:", scheme);
    assert!(rules(&text).is_empty());
}

#[test]
fn scopes_of_two_schemes_are_not_alternatives() {
    let two = "    second:\n      type: oauth2\n      flows: {clientCredentials: {tokenUrl: 'https://second.example/token', scopes: \
               {'lamp:write': x, lamp: x}}}\n    key:";
    let of = |security: &str| rules(&get(security).replace("    key:", two));
    for security in [
        "[{login: ['lamp:read'], second: ['lamp:write', lamp]}]",
        "[{login: ['lamp:read'], second: [lamp, 'lamp:write']}]",
    ] {
        let found = of(security);
        assert!(!found.contains(&LintRule::OrWrittenAsAnd), "{found:?}");
    }
    assert!(of("[{login: ['lamp:read', 'lamp:write'], second: [lamp]}]").contains(&LintRule::OrWrittenAsAnd));
    assert!(!of("[{login: ['lamp:read'], second: [lamp]}]").contains(&LintRule::SeveralScopesTogether));
}

#[test]
fn login_and_common_scopes_are_not_alternatives() {
    let of = |scopes: &str, count: usize| {
        let path = |number: usize| format!("  /a{number}: {{get: {{security: [{{login: [{scopes}]}}]}}}}\n");
        let paths: String = (0..count).map(path).collect();
        rules(&openapi(&paths).replace("other: x", "other: x, openid: x"))
    };
    assert!(of("'lamp:read', other", 2).contains(&LintRule::SeveralScopesTogether));
    assert!(!of("'lamp:read', openid", 2).contains(&LintRule::SeveralScopesTogether));
    assert!(!of("'lamp:read', other", 9).contains(&LintRule::SeveralScopesTogether));
    // A scope of that name of another scheme does not count.
    let second = "    second:\n      type: oauth2\n      flows: {clientCredentials: {tokenUrl: 'https://second.example/token', scopes: \
                  {other: x}}}\n    key:";
    let of_second: Vec<String> = (0..9)
        .map(|number| format!("  /a{number}: {{get: {{security: [{{second: [other]}}]}}}}\n"))
        .collect();
    let both = "{get: {security: [{login: ['lamp:read', other]}]}}";
    let text = openapi(&format!("  /b: {both}\n  /c: {both}\n{}", of_second.concat()));
    assert!(rules(&text.replace("    key:", second)).contains(&LintRule::SeveralScopesTogether));
}

#[test]
fn a_write_may_need_the_scope_for_reading_too() {
    let of = |method: &str, scopes: &str| {
        rules(&openapi(&format!(
            "  /a: {{{method}: {{security: [{{login: [{scopes}]}}]}}}}\n"
        )))
    };
    let both = "'lamp:read', 'lamp:write'";
    assert!(of("get", both).contains(&LintRule::OrWrittenAsAnd));
    assert!(of("put", both).is_empty());
    // One list for a read and for writes is a list of alternatives.
    let paths =
        format!("  /a: {{get: {{security: [{{login: [{both}]}}]}}, put: {{security: [{{login: [{both}]}}]}}}}\n");
    let findings = lint(&openapi(&paths));
    let finding = findings
        .iter()
        .find(|finding| finding.rule() == LintRule::OrWrittenAsAnd);
    assert_eq!(finding.map(|finding| finding.operations().len()), Some(2));
}

#[test]
fn a_key_in_the_query_with_another_credential_tells_applications_apart() {
    let of = |security: &str| {
        let text = get(security).replace("in: header", "in: query").replace(
            "delete: {security: [{key: []}]}",
            "head: {security: [{login: [other]}]}",
        );
        rules(&text).contains(&LintRule::KeyInQuery)
    };
    assert!(of("[{key: []}]"));
    assert!(of("[{key: []}, {key: [], login: ['lamp:read']}]"));
    assert!(!of("[{key: [], login: ['lamp:read']}]"));
}

#[test]
fn key_for_most_operations_is_intended() {
    let severity = |count: usize| {
        let path =
            |number: usize| format!("  /a{number}: {{get: {{security: [{{login: ['lamp:read']}}, {{key: []}}]}}}}\n");
        let paths: String = (0..count).map(path).collect();
        let findings = lint(&openapi(&paths));
        let mut findings = findings
            .iter()
            .filter(|finding| finding.rule() == LintRule::KeyOpensWithoutScope);
        findings.next().map(Finding::severity)
    };
    assert_eq!(severity(2), Some(Severity::Warning));
    assert_eq!(severity(8), None);
    let one = |count: usize| {
        let path = |number: usize| format!("  /a{number}: {{get: {{security: [{{login: ['lamp:read']}}]}}}}\n");
        let paths: Vec<String> = (0..count).map(path).collect();
        let key = "  /b: {get: {security: [{login: ['lamp:read']}, {key: []}]}}\n";
        rules(&openapi(&format!("{}{key}", paths.concat()))).contains(&LintRule::KeyOpensWithoutScope)
    };
    assert!(one(10) && !one(60), "a key for one operation of many");
}

#[test]
fn documented_public_read_is_only_a_note() {
    for path in ["{get: {security: []}}", "{head: {security: []}}"] {
        let document = openapi(&format!("  /b: {path}\n"));
        let findings = lint(&document);
        assert!(
            findings.iter().all(|finding| finding.severity() == Severity::Info),
            "{findings:?}"
        );
    }
}

#[test]
fn every_operation_has_a_place() {
    for text in [openapi("  /b: {post: {security: []}}\n"), requires("a")] {
        let policy = read(&text);
        for number in 0..policy.table().operations().len() {
            assert!(policy.operation_place(number).is_some());
        }
    }
}
