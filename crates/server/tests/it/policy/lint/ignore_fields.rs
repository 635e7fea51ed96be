//! `x-scopegate-ignore` at every position of every format: it accepts a finding, or a note reports
//! it.

use serde_json::{Value, json};

use super::{HEAD, LOGIN, READ, WRITE, lint, rule, rules, with_paths};
use crate::shell::{Run, Shell};

const ENTRY: &str = "x-scopegate-ignore: [{rule: write-guarded-by-read, reason: meant}]";
const DELETE: &str = "security: [{login: ['lamp:read']}]";

fn accepts(run: &Run) -> bool {
    assert!(run.status < 2, "{}", run.stderr);
    assert!(!run.stderr.contains("is not read here"), "{}", run.stderr);
    rules(run).is_empty()
}

/// The place that the one note on a field names, if the finding stays.
fn unread_at(run: &Run, findings: &[(String, usize)]) -> String {
    assert_eq!((run.status, &*rules(run)), (1, findings), "{}", run.stderr);
    let mut lines = run.stderr.lines().filter(|line| line.contains("is not read here"));
    let line = lines.next().expect("a note");
    assert_eq!(lines.next(), None, "{}", run.stderr);
    let place = line.split('`').nth(1).expect("a place between backticks");
    place.to_owned()
}

/// Asserts that the entry at this place is read, and how many operations it leaves in the finding.
fn accepts_all_but(left: usize, run: &Run, pointer: &str) {
    assert!(!run.stderr.contains("is not read here"), "{}", run.stderr);
    let expected = if left == 0 {
        Vec::new()
    } else {
        rule("write-guarded-by-read", left)
    };
    assert_eq!(rules(run), expected, "{pointer}: {}", run.stderr);
}

#[test]
fn accept_at_references_to_operations_path_items_and_schemes() {
    let others = format!("get: {READ}, put: {WRITE}");
    let at_reference = format!(
        "  /a: {{{others}, delete: {{$ref: '#/x-operations/drop', {ENTRY}}}}}\nx-operations: {{drop: {{{DELETE}}}}}\n"
    );
    let at_target = format!(
        "  /a: {{{others}, delete: {{$ref: '#/x-operations/drop'}}}}\nx-operations: {{drop: {{{DELETE}, {ENTRY}}}}}\n"
    );
    let item = format!("x-items: {{a: {{{ENTRY}, {others}, delete: {{{DELETE}}}}}}}\n");
    let at_item = format!("  /a: {{$ref: '#/x-items/a'}}\n{item}");
    let without_slash = format!("  a: {{{ENTRY}, {others}, delete: {{{DELETE}}}}}\n");
    let operation_without_slash = format!("  a: {{{others}, delete: {{{DELETE}, {ENTRY}}}}}\n");
    let merged = format!("  /a: {{{others}, delete: {{<<: *accepted, {DELETE}}}}}\n");
    for paths in [at_reference, at_target, at_item, without_slash, operation_without_slash] {
        let run = lint(&with_paths(&paths), &[]);
        assert!(accepts(&run), "{paths}{}", run.stderr);
    }
    let shell = Shell::new();
    shell.write(
        "api.yaml",
        &format!("{HEAD}{LOGIN}x-common: &accepted {{{ENTRY}}}\npaths:\n{merged}"),
    );
    assert!(accepts(&lint(&shell, &[])));
    let scheme = LOGIN.replace(
        "    login:\n      type",
        "    login: {$ref: '#/x-schemes/login', ENTRY}\nx-schemes:\n    login:\n      type",
    );
    let unused = ENTRY.replace("write-guarded-by-read", "unused-scope");
    for (document, at) in [
        (scheme.replace("ENTRY", &unused), "the reference"),
        (
            scheme
                .replace(", ENTRY", "")
                .replace("type: oauth2", &format!("type: oauth2\n      {unused}")),
            "the target",
        ),
    ] {
        shell.write("api.yaml", &format!("{HEAD}{document}paths:\n  /a: {{get: {READ}}}\n"));
        assert!(accepts(&lint(&shell, &[])), "{at}: {document}");
    }
}

#[test]
fn accept_at_a_scheme_that_a_uri_names() {
    let shell = Shell::new();
    let scheme = LOGIN.trim_start_matches("components:\n  securitySchemes:\n");
    let unused = ENTRY.replace("write-guarded-by-read", "unused-scope");
    shell.write(
        "schemes.yaml",
        &scheme.replace("type: oauth2", &format!("type: oauth2\n      {unused}")),
    );
    let head = HEAD.replace("3.0.3", "3.2.0");
    shell.write(
        "api.yaml",
        &format!("{head}paths:\n  /a: {{get: {{security: [{{'./schemes.yaml#/login': ['lamp:read']}}]}}}}\n"),
    );
    assert!(accepts(&lint(&shell, &[])));
}

#[test]
fn accept_at_an_object_of_another_file() {
    let shell = Shell::new();
    shell.write(
        "item.yaml",
        &format!("delete: {{{DELETE}, {ENTRY}}}\nget: {READ}\nput: {WRITE}\n"),
    );
    shell.write("api.yaml", &format!("{HEAD}{LOGIN}paths:\n  /a: {{$ref: item.yaml}}\n"));
    assert!(accepts(&lint(&shell, &[])));
    shell.write(
        "item.yaml",
        &format!("delete: {{{DELETE}, responses: {{'200': {{{ENTRY}}}}}}}\nget: {READ}\nput: {WRITE}\n"),
    );
    let place = unread_at(&lint(&shell, &[]), &rule("write-guarded-by-read", 1));
    assert_eq!(place, "item.yaml#/delete/responses/200/x-scopegate-ignore");
}

/// The findings stay, and the note names this place.
fn is_noted(document: &str, place: &str) {
    let shell = Shell::new();
    shell.write("api.yaml", document);
    let run = lint(&shell, &[]);
    assert_eq!(unread_at(&run, &rule("write-guarded-by-read", 1)), place, "{document}");
}

fn three_operations() -> String {
    format!("paths:\n  /a: {{get: {READ}, put: {WRITE}, delete: {{{DELETE}}}}}\n")
}

#[test]
fn are_noted_at_the_components_of_openapi() {
    let paths = three_operations();
    for (before, after, place) in [
        (
            "      type",
            format!("      name: {{{ENTRY}}}\n      type"),
            "/securitySchemes/login/name",
        ),
        (
            "tokenUrl",
            format!("{ENTRY}, tokenUrl"),
            "/securitySchemes/login/flows/clientCredentials",
        ),
        ("    login:", format!("    {ENTRY}\n    login:"), "/securitySchemes"),
        ("  securitySchemes:", format!("  {ENTRY}\n  securitySchemes:"), ""),
        (
            "  securitySchemes:",
            format!("  schemas: {{A: {{{ENTRY}}}}}\n  securitySchemes:"),
            "/schemas/A",
        ),
    ] {
        let components = LOGIN.replace(before, &after);
        is_noted(
            &format!("{HEAD}{components}{paths}"),
            &format!("/components{place}/x-scopegate-ignore"),
        );
    }
}

#[test]
fn are_noted_at_other_objects_of_openapi() {
    let paths = three_operations();
    let delete_with = |field: &str| {
        let delete = format!("delete: {{{DELETE}");
        paths.replace(&delete, &format!("{delete}, {field}"))
    };
    for (rest, place) in [
        (format!("tags: [{{name: a, {ENTRY}}}]\n{paths}"), "/tags/0"),
        (format!("servers: [{{url: /, {ENTRY}}}]\n{paths}"), "/servers/0"),
        (format!("{paths}  {ENTRY}\n"), "/paths"),
        (
            delete_with(&format!("parameters: [{{{ENTRY}}}]")),
            "/paths/~1a/delete/parameters/0",
        ),
        (
            delete_with(&format!("callbacks: {{c: {{u: {{post: {{{ENTRY}}}}}}}}}")),
            "/paths/~1a/delete/callbacks/c/u/post",
        ),
        (format!("x-other: {{a: [{{{ENTRY}}}]}}\n{paths}"), "/x-other/a/0"),
    ] {
        is_noted(&format!("{HEAD}{LOGIN}{rest}"), &format!("{place}/x-scopegate-ignore"));
    }
    let info = HEAD.replace("version: '1'", &format!("version: '1', {ENTRY}"));
    is_noted(&format!("{info}{LOGIN}{paths}"), "/info/x-scopegate-ignore");
}

#[test]
fn are_noted_at_path_items_that_are_not_used() {
    let shell = Shell::new();
    let head = HEAD.replace("3.0.3", "3.1.0");
    let webhooks = format!("webhooks: {{w: {{post: {{{ENTRY}}}}}}}\n");
    let items = format!("  pathItems: {{b: {{{ENTRY}, get: {READ}}}}}\n");
    shell.write(
        "api.yaml",
        &format!("{head}{LOGIN}{items}{}{webhooks}", three_operations()),
    );
    let run = lint(&shell, &[]);
    for place in ["/components/pathItems/b", "/webhooks/w/post"] {
        assert!(
            run.stderr.contains(&format!("`{place}/x-scopegate-ignore`")),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn are_noted_in_every_command_with_a_pointer() {
    let shell = with_paths(&format!("  /a: {{get: {READ}}}\n  {ENTRY}\n"));
    let run = shell.policy(&["routes", "api.yaml"]);
    let data: Value = serde_json::from_str(&run.stdout).unwrap();
    let note = &data["notes"][0];
    assert_eq!(
        (&note["kind"], &note["pointer"]),
        (&json!("unread-field"), &json!("/paths/x-scopegate-ignore"))
    );
}

#[test]
fn are_noted_under_a_name_that_is_not_known() {
    let entry = ENTRY.replace("ignore", "ignored");
    let run = lint(
        &with_paths(&format!(
            "  /a: {{get: {READ}, put: {WRITE}, delete: {{{DELETE}, {entry}}}}}\n"
        )),
        &[],
    );
    assert_eq!((run.status, rules(&run)), (1, rule("write-guarded-by-read", 1)));
    assert!(
        run.stderr.contains("did you mean `x-scopegate-ignore`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn accept_or_are_noted_in_swagger() {
    let document = |root: &str, scheme: &str, item: &str, operation: &str, info: &str| {
        format!(
            "swagger: '2.0'\ninfo: {{title: T, {info}version: '1'}}\n{root}securityDefinitions:\n  login: {{type: oauth2, {scheme}flow: \
             application, tokenUrl: 'https://id.example/t', scopes: {{'lamp:read': x, 'lamp:write': x}}}}\npaths:\n  /a: \
             {{{item}get: {READ}, put: {WRITE}, delete: {{{operation}{DELETE}}}}}\n"
        )
    };
    let shell = Shell::new();
    let run = |text: String| {
        shell.write("api.yaml", &text);
        lint(&shell, &[])
    };
    let (line, member) = (format!("{ENTRY}\n"), format!("{ENTRY}, "));
    assert!(accepts(&run(document(&line, "", "", "", ""))));
    assert!(accepts(&run(document("", &member, "", "", ""))));
    assert!(accepts(&run(document("", "", &member, "", ""))));
    assert!(accepts(&run(document("", "", "", &member, ""))));
    let place = unread_at(
        &run(document("", "", "", "", &member)),
        &rule("write-guarded-by-read", 1),
    );
    assert_eq!(place, "/info/x-scopegate-ignore");
}

/// A discovery document with a resource in a resource, and two findings.
fn discovery() -> Value {
    let method = |name: &str, method: &str, path: &str| json!({ "id": name, "httpMethod": method, "path": path, "scopes": ["lamp:read"] });
    json!({
        "kind": "discovery#restDescription", "discoveryVersion": "v1", "name": "lamps", "version": "v1",
        "rootUrl": "https://lamps.example/", "servicePath": "v1/",
        "auth": { "oauth2": { "scopes": { "lamp:read": { "description": "x" }, "lamp:write": { "description": "x" } } } },
        "resources": {
            "lamps": {
                "methods": {
                    "drop": method("lamps.drop", "DELETE", "lamps/{id}"),
                    "write": { "id": "lamps.write", "httpMethod": "PUT", "path": "lamps/{id}", "scopes": ["lamp:write"] },
                },
                "resources": { "bulbs": { "methods": { "drop": method("lamps.bulbs.drop", "DELETE", "lamps/{id}/bulbs") } } },
            },
            "rooms": { "methods": { "drop": method("rooms.drop", "DELETE", "rooms/{id}") } },
        },
    })
}

#[test]
fn accept_or_are_noted_in_discovery_documents() {
    let shell = Shell::new();
    let with = |pointer: &str| {
        let mut document = discovery();
        let object = document.pointer_mut(pointer).unwrap();
        object["x-scopegate-ignore"] = json!([{ "rule": "write-guarded-by-read", "reason": "meant" }]);
        shell.write("d.json", &document.to_string());
        shell.policy(&["lint", "d.json"])
    };
    let lamps = "/resources/lamps";
    for (pointer, left) in [
        ("", 0),
        (lamps, 1),
        ("/resources/lamps/resources/bulbs", 2),
        ("/resources/rooms", 2),
        ("/resources/rooms/methods/drop", 2),
        ("/auth/oauth2", 0),
    ] {
        accepts_all_but(left, &with(pointer), pointer);
    }
    for pointer in [
        "/auth",
        "/auth/oauth2/scopes",
        "/auth/oauth2/scopes/lamp:read",
        "/resources",
        "/resources/lamps/methods",
        "/resources/lamps/resources",
    ] {
        let place = unread_at(&with(pointer), &rule("write-guarded-by-read", 3));
        assert_eq!(place, format!("{pointer}/x-scopegate-ignore"));
    }
    let mut nested = discovery();
    nested["resources"]["lamps"]["x-scopegate-ignore"] =
        json!([{ "rule": "write-guarded-by-read", "reason": "meant", "operation": "DELETE /v1/rooms/{id}" }]);
    shell.write("d.json", &nested.to_string());
    let run = shell.policy(&["lint", "d.json"]);
    assert!(
        run.stderr.contains("matches no finding"),
        "an entry is about the object that contains it: {}",
        run.stderr
    );
}

#[test]
fn accept_or_are_noted_in_microsoft_graph() {
    let document = json!({ "permissions": {
        "Lamps.Read": {
            "schemes": { "DelegatedWork": { "adminDisplayName": "x" } },
            "pathSets": [
                { "schemeKeys": ["DelegatedWork"], "methods": ["GET", "DELETE"], "paths": { "/lamps/{id}": "least=DelegatedWork" } },
                { "schemeKeys": ["DelegatedWork"], "methods": ["DELETE"], "paths": { "/bulbs/{id}": "" } },
            ],
        },
        "Lamps.Write": {
            "schemes": { "DelegatedWork": { "adminDisplayName": "x" } },
            "pathSets": [{ "schemeKeys": ["DelegatedWork"], "methods": ["PUT"], "paths": { "/lamps/{id}": "" } }],
        },
    } });
    let shell = Shell::new();
    let run = |document: &Value| {
        shell.write("g.json", &document.to_string());
        shell.policy(&["lint", "g.json"])
    };
    let found = rules(&run(&document));
    assert_eq!(found, rule("write-guarded-by-read", 2));
    let with = |pointer: &str| {
        let mut document = document.clone();
        let object = document.pointer_mut(pointer).unwrap();
        object["x-scopegate-ignore"] = json!([{ "rule": "write-guarded-by-read", "reason": "meant" }]);
        run(&document)
    };
    for (pointer, left) in [
        ("", 0),
        ("/permissions/Lamps.Read", 0),
        ("/permissions/Lamps.Read/pathSets/0", 1),
        ("/permissions/Lamps.Read/pathSets/1", 1),
    ] {
        accepts_all_but(left, &with(pointer), pointer);
    }
    for pointer in [
        "/permissions",
        "/permissions/Lamps.Read/schemes",
        "/permissions/Lamps.Read/schemes/DelegatedWork",
        "/permissions/Lamps.Read/pathSets/0/paths",
    ] {
        assert_eq!(
            unread_at(&with(pointer), &found),
            format!("{pointer}/x-scopegate-ignore")
        );
    }
}

#[test]
fn accept_in_groups_of_toml_and_are_refused_elsewhere() {
    let entry = "x-scopegate-ignore = [{ rule = \"write-guarded-by-read\", reason = \"meant\" }]\n";
    let operation = |level: &str, method: &str, path: &str, scope: &str| {
        format!("[[{level}operations]]\nmethod = \"{method}\"\npath = \"{path}\"\nrequires = \"{scope}\"\n")
    };
    let document = |guard: &str, outer: &str, inner: &str| {
        format!(
            "[schemes.login]\nkind = \"oauth2\"\npassword = {{ token = \"token\" }}\nscopes = {{ \"lamp:read\" = \"x\", \"lamp:write\" = \
             \"x\" }}\n[guards.reads]\nrequires = \"lamp:read\"\n{guard}[[groups]]\nprefix = \"/g\"\n{outer}{}{}[[groups.groups]]\n\
             prefix = \"/h\"\n{inner}{}",
            operation("groups.", "DELETE", "/a", "lamp:read"),
            operation("groups.", "PUT", "/a", "lamp:write"),
            operation("groups.groups.", "DELETE", "/b", "lamp:read"),
        )
    };
    let shell = Shell::new();
    let run = |text: String| {
        shell.write("p.toml", &text);
        shell.policy(&["lint", "p.toml"])
    };
    assert_eq!(rules(&run(document("", "", ""))), rule("write-guarded-by-read", 2));
    assert_eq!(rules(&run(document("", entry, ""))), []);
    assert_eq!(rules(&run(document("", "", entry))), rule("write-guarded-by-read", 1));
    let refused = run(document(entry, "", ""));
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("`x-scopegate-ignore` is not known here"),
        "{}",
        refused.stderr
    );
}
