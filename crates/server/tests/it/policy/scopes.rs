//! Scopes of schemes of every kind, and names that the policy does not have.

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

/// A document in which one scheme of this form lists scopes.
fn teams(version: &str, scheme: &Value) -> Value {
    let mut document = json!({
        "info": { "title": "Teams", "version": "1" },
        "paths": { "/teams": {
            "get": { "security": [{ "personal": ["team:read", "team:write", "team:admin"] }] },
            "delete": { "security": [{ "personal": ["team:admin"] }] },
            "post": { "security": [{ "personal": [] }] }
        } }
    });
    if version == "2.0" {
        document["swagger"] = version.into();
        document["securityDefinitions"] = json!({ "personal": scheme });
    } else {
        document["openapi"] = version.into();
        document["components"] = json!({ "securitySchemes": { "personal": scheme } });
    }
    document
}

fn names(run: &Run) -> Vec<String> {
    let data = run.json();
    let name = |operation: &Value| {
        format!(
            "{} {}",
            operation["method"].as_str().unwrap(),
            operation["path"].as_str().unwrap()
        )
    };
    data["operations"].as_array().unwrap().iter().map(name).collect()
}

/// The answers of the commands for a document whose only scheme lists scopes.
fn words_are_scopes(shell: &Shell, about: &str) {
    let routes = shell.policy(&["routes", "teams.json"]).json();
    let operation = |place: usize| {
        let operation = &routes["operations"][place];
        (operation["access"].clone(), operation["alternatives"].clone())
    };
    let all = json!([["team:admin", "team:read", "team:write"]]);
    assert_eq!(operation(0), (json!("scoped"), all), "{about}");
    assert_eq!(operation(1), (json!("scoped"), json!([["team:admin"]])), "{about}");
    assert_eq!(operation(2), (json!("authenticated"), json!([[]])), "{about}");
    let counts = ["scopes_declared", "scopes_used", "scopes_undeclared"].map(|name| routes["counts"][name].clone());
    assert_eq!(counts, [0, 0, 3].map(|count| json!(count)), "{about}");

    let can_i = |scope: &str| names(&shell.policy(&["can-i", "teams.json", "--scope", scope]));
    assert_eq!(can_i("team:admin"), ["DELETE /teams", "POST /teams"], "{about}");
    assert_eq!(can_i("team:read team:write team:admin").len(), 3, "{about}");
    assert_eq!(can_i(""), ["POST /teams"], "{about}");
    let least = shell.policy(&["least", "teams.json", "--operation", "DELETE /teams"]);
    assert_eq!(least.json()["sets"], json!([["team:admin"]]), "{about}");
    let who = shell.policy(&["who-can", "teams.json", "DELETE", "/teams"]).json();
    let ways = [&who["sets"], &who["schemes"]];
    assert_eq!(ways, [&json!([["team:admin"]]), &json!([["personal"]])], "{about}");
    let refused = shell.policy(&["explain", "teams.json", "DELETE", "/teams", "--scope", "team:read"]);
    let refused: Value = serde_json::from_str(&refused.stdout).unwrap();
    let answer = [&refused["status"], &refused["missing"]];
    assert_eq!(answer, [&json!(403), &json!([["team:admin"]])], "{about}");
    shell.write("log", "DELETE /teams\n");
    let used = shell.policy(&["usage", "teams.json", "log", "--scope", "team:admin team:read"]);
    let used = used.json();
    let parts = [&used["needed"], &used["unneeded"]];
    assert_eq!(parts, [&json!(["team:admin"]), &json!(["team:read"])], "{about}");
}

#[test]
fn a_bearer_word_is_a_scope() {
    let bearer = json!({ "type": "http", "scheme": "bearer" });
    let key = json!({ "type": "apiKey", "in": "header", "name": "X-Key" });
    for (version, scheme) in [
        ("3.1.0", bearer.clone()),
        ("3.1.0", json!({ "type": "http", "scheme": "basic" })),
        ("3.1.0", json!({ "type": "http", "scheme": "digest" })),
        ("3.1.0", json!({ "type": "http", "scheme": "negotiate" })),
        ("3.1.0", key.clone()),
        ("3.1.0", json!({ "type": "mutualTLS" })),
        ("3.0.3", bearer),
        ("3.0.3", key.clone()),
        ("2.0", key),
        ("2.0", json!({ "type": "basic" })),
    ] {
        let shell = Shell::with("teams.json", &teams(version, &scheme));
        words_are_scopes(&shell, &format!("{version} {scheme}"));
    }
}

#[test]
fn scopes_of_every_scheme_are_written_and_read_back() {
    let shell = Shell::with(
        "teams.json",
        &teams("3.1.0", &json!({ "type": "http", "scheme": "bearer" })),
    );
    let canonical = |file: &str| {
        let run = shell.run(&["policy", "export", file, "--to", "canonical"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        run.stdout
    };
    for (form, name) in [("openapi", "31.json"), ("openapi-3.0", "30.json"), ("toml", "own.toml")] {
        let run = shell.run(&["policy", "export", "teams.json", "--to", form]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        shell.write(name, &run.stdout);
        assert_eq!(canonical(name), canonical("teams.json"), "{form}");
        let again = shell.run(&["policy", "export", name, "--to", form]);
        assert_eq!(again.stdout, run.stdout, "{form}");
        assert_eq!(
            run.stderr.contains("lists no scopes on scheme `personal`"),
            form == "openapi-3.0"
        );
    }
    let written = |name: &str| -> Value {
        let text = std::fs::read_to_string(shell.path().join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let delete = |document: Value| document["paths"]["/teams"]["delete"].clone();
    let native = delete(written("31.json"));
    assert_eq!(native["security"], json!([{ "personal": ["team:admin"] }]));
    assert_eq!(native.get("x-scopegate-guards"), None);
    let guards = delete(written("30.json"));
    assert_eq!(guards["security"], json!([{ "personal": [] }]));
    assert_eq!(
        guards["x-scopegate-guards"],
        json!([["check:role:personal:team:admin"]])
    );
}

#[test]
fn schemes_of_every_type_are_written_and_read_back() {
    let flow = json!({ "tokenUrl": "https://id.example/t", "scopes": { "see": "" } });
    let types = [
        json!({ "type": "mutualTLS", "description": "A certificate." }),
        json!({ "type": "http", "scheme": "hoba" }),
        json!({ "type": "http", "scheme": "digest" }),
        json!({ "type": "apiKey", "in": "cookie", "name": "sid" }),
        json!({ "type": "saml" }),
        json!({ "type": "oauth2", "flows": { "magic": flow } }),
        json!({ "type": "oauth2", "flows": { "magic": flow, "password": flow } }),
    ];
    for scheme in types {
        let shell = Shell::with("teams.json", &teams("3.1.0", &scheme));
        for (form, name) in [("openapi", "31.json"), ("openapi-3.0", "30.json"), ("toml", "own.toml")] {
            let written = shell.run(&["policy", "export", "teams.json", "--to", form]);
            assert_eq!(written.status, 0, "{}", written.stderr);
            shell.write(name, &written.stdout);
            let run = shell.run(&["policy", "diff", "teams.json", name, "--format", "json"]);
            let found: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!(
                (&found["changes"], &found["schemes"]),
                (&json!([]), &json!([])),
                "{scheme} {form}"
            );
            assert!(!run.stderr.contains("has no effect"), "{}", run.stderr);
            let again = shell.run(&["policy", "export", name, "--to", form]);
            assert_eq!(again.stdout, written.stdout, "{scheme} {form}");
        }
        let native = std::fs::read_to_string(shell.path().join("31.json")).unwrap();
        let native: Value = serde_json::from_str(&native).unwrap();
        let kept = &native["components"]["securitySchemes"]["personal"];
        let kind = if scheme["type"] == "saml" {
            "x-scopegate-type"
        } else {
            "type"
        };
        assert_eq!(kept[kind], scheme["type"], "{kept}");
    }
}

#[test]
fn an_operation_that_an_export_cannot_have_is_named() {
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "x", "version": "1" },
        "paths": { "/a": { "get": { "security": [{ "nobody": [] }] } } },
    });
    let shell = Shell::with("a.json", &document);
    let run = shell.run(&["policy", "export", "a.json", "--to", "openapi"]);
    assert!(
        run.stderr.contains("`GET /a`") && run.stderr.contains("--to toml"),
        "{}",
        run.stderr
    );
    let run = shell.run(&["policy", "export", "a.json", "--to", "toml"]);
    assert!(run.stdout.contains("requires = \"deny\""), "{}", run.stdout);
}

/// Earlier versions wrote the scopes of such schemes as checks.
#[test]
fn a_document_that_holds_roles_as_checks_still_reads() {
    let mut document = teams("3.1.0", &json!({ "type": "http", "scheme": "bearer" }));
    document["paths"]["/teams"]["delete"] = json!({
        "security": [{ "personal": [] }],
        "x-scopegate-guards": [["check:role:personal:team:admin", "check:role:other:x"]]
    });
    let shell = Shell::with("teams.json", &document);
    let routes = shell.policy(&["routes", "teams.json"]).json();
    let delete = &routes["operations"][1];
    assert_eq!(delete["alternatives"], json!([["team:admin"]]));
    assert_eq!(delete["guards"], json!([["check:role:other:x"]]));
    let own = r#"
        [schemes.personal]
        kind = "bearer"
        [[operations]]
        method = "GET"
        path = "/"
        requires = "scheme:personal and check:role:personal:admin"
    "#;
    shell.write("own.toml", own);
    let routes = shell.policy(&["routes", "own.toml"]).json();
    assert_eq!(
        routes["operations"][0]["guards"],
        json!([["check:role:personal:admin"]])
    );
}

#[test]
fn counts_tell_declared_scopes_from_others() {
    let document = json!({
        "openapi": "3.0.3", "info": { "title": "Mail", "version": "1" },
        "components": { "securitySchemes": {
            "sso": { "type": "openIdConnect", "openIdConnectUrl": "https://id.example/c" },
            "login": { "type": "oauth2", "flows": { "clientCredentials": {
                "tokenUrl": "https://login.example/t", "scopes": { "see": "", "write": "" } } } }
        } },
        "paths": { "/inbox": { "get": { "security": [{ "sso": ["openid", "mailbox"] }, { "login": ["see", "sea"] }] } } }
    });
    let shell = Shell::with("mail.json", &document);
    let routes = shell.policy(&["routes", "mail.json"]).json();
    assert_eq!(
        routes["counts"],
        json!({ "operations": 1, "by_scheme": 2, "scopes_declared": 2, "scopes_used": 1, "scopes_undeclared": 3 })
    );
    let human = shell.run(&["policy", "routes", "mail.json"]).stdout;
    assert!(
        human.contains(
            "1 operation (2 by scheme: an operation counts once for each of its schemes), 1 of 2 declared scopes used, \
             3 undeclared scopes\n"
        ),
        "{human}"
    );
}

/// An operation that a scope and a check guard, and one that is public.
fn lamps() -> Shell {
    let document = json!({
        "openapi": "3.0.3", "info": { "title": "Lamps", "version": "1" },
        "components": { "securitySchemes": { "login": { "type": "oauth2", "flows": { "clientCredentials": {
            "tokenUrl": "https://id.example/token", "scopes": { "lamp:see": "" } } } } } },
        "paths": {
            "/lamps": { "get": { "security": [{ "login": ["lamp:see"] }], "x-scopegate-guards": [["check:owner"]] } },
            "/health": { "get": { "security": [] } }
        }
    });
    Shell::with("lamps.json", &document)
}

#[test]
fn a_name_that_is_not_known_is_an_error_with_the_nearest_one() {
    let shell = lamps();
    shell.write("log", "GET /lamps\n");
    let explain = ["explain", "lamps.json", "GET", "/lamps"];
    let see = [&explain[..], &["--scope", "lamp:see"]].concat();
    let scope = "the policy has no scope `lamp:sea`; did you mean `lamp:see`?";
    let of_scheme = "the policy has no scope of scheme `login` with the name `lamp:sea`; did you mean `lamp:see`?";
    let scheme = "the policy has no scheme `logn`; did you mean `login`?";
    for (line, said) in [
        (vec!["can-i", "lamps.json", "--scope", "lamp:sea"], scope),
        (
            vec!["can-i", "lamps.json", "--scope", "lamp:see", "--scope", "lamp:sea"],
            scope,
        ),
        (vec!["can-i", "lamps.json", "--scope", "lamp:sea of login"], of_scheme),
        (vec!["can-i", "lamps.json", "--scope", "lamp:see of logn"], scheme),
        (vec!["can-i", "lamps.json", "--scheme", "logn"], scheme),
        (
            vec!["can-i", "lamps.json", "--scope", "", "--lacking", "check:ownr"],
            "the policy has no word `check:ownr`; did you mean `check:owner`?",
        ),
        ([&explain[..], &["--scope", "lamp:sea"]].concat(), scope),
        ([&explain[..], &["--scheme", "logn"]].concat(), scheme),
        ([&see[..], &["--client-scope", "lamp:sea"]].concat(), scope),
        ([&see[..], &["--user-scope", "lamp:sea"]].concat(), scope),
        ([&see[..], &["--consented", "lamp:sea"]].concat(), scope),
        (vec!["usage", "lamps.json", "log", "--scope", "lamp:sea"], scope),
        (
            vec!["explain", "lamps.json", "GTE", "/lamps"],
            "bad method `GTE`; did you mean `GET`?",
        ),
        (
            vec!["explain", "lamps.json", "GET", "/lamp"],
            "the policy has no operation `GET /lamp`; did you mean `GET /lamps`?",
        ),
        (
            vec!["who-can", "lamps.json", "GET", "/lamp"],
            "the policy has no operation `GET /lamp`; did you mean `GET /lamps`?",
        ),
        (
            vec!["least", "lamps.json", "--operation", "GET /lamp"],
            "the policy has no operation `GET /lamp`; did you mean `GET /lamps`?",
        ),
        (
            vec!["least", "lamps.json", "--operation", "GTE /lamps"],
            "bad method `GTE`; did you mean `GET`?",
        ),
    ] {
        assert_eq!(shell.policy(&line).complaint(2), said, "{line:?}");
    }
}

#[test]
fn an_empty_scope_is_a_token_without_scopes() {
    let shell = lamps();
    let explain = ["explain", "lamps.json", "GET", "/lamps"];
    let routes = |scope: &[&str]| names(&shell.policy(&[&["can-i", "lamps.json"], scope].concat()));
    assert_eq!(routes(&["--scope", ""]), ["GET /health"]);
    assert_eq!(routes(&["--scope", "lamp:see"]).len(), 2);
    assert_eq!(routes(&["--scope", "lamp:see of login"]).len(), 2);
    // A token without scopes is still a token: the answer is not that of a request without one.
    let status = |more: &[&str]| -> Value {
        let run = shell.policy(&[&explain[..], more].concat());
        serde_json::from_str::<Value>(&run.stdout).unwrap()["status"].clone()
    };
    assert_eq!((status(&["--scope", ""]), status(&[])), (json!(403), json!(401)));
}

/// The gate refuses a credential that does not suffice, even if it accepts requests without one.
#[test]
fn optional_authentication_is_open_without_a_token_and_closed_to_one_that_does_not_suffice() {
    let policy = r#"
        schemes.oauth = { kind = "oauth2", scopes = { me = "", items = "" } }
        operations = [{ method = "GET", path = "/items", requires = "items", optional = true }]
    "#;
    let shell = Shell::new();
    shell.write("items.toml", policy);
    let opened = |more: &[&str]| names(&shell.policy(&[&["can-i", "items.toml"], more].concat())).len();
    assert_eq!(opened(&[]), 1);
    assert_eq!(opened(&["--scope", "items"]), 1);
    assert_eq!(
        (
            opened(&["--scope", "me"]),
            opened(&["--scope", ""]),
            opened(&["--scheme", "oauth"])
        ),
        (0, 0, 0)
    );
    let explain = |more: &[&str]| shell.policy(&[&["explain", "items.toml", "GET", "/items"], more].concat());
    assert_eq!((explain(&[]).status, explain(&["--scope", "items"]).status), (0, 0));
    let refused = explain(&["--scope", "me"]);
    assert_eq!(refused.status, 1);
    let refused: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(
        (&refused["status"], &refused["missing"]),
        (&json!(403), &json!([["items"]]))
    );
    let who = shell.policy(&["who-can", "items.toml", "GET", "/items"]).json();
    assert_eq!(who["sets"], json!([[], ["items"]]));
    let human = shell.run(&["policy", "who-can", "items.toml", "GET", "/items"]).stdout;
    assert!(human.contains("(none)  (no credential)"), "{human}");
    let least = shell
        .policy(&["least", "items.toml", "--operation", "GET /items"])
        .json();
    assert_eq!(least["sets"], json!([[]]));
    // A client presents its token with every call, so its scope is needed there.
    shell.write("log", "GET /items\n");
    let used = shell
        .policy(&["usage", "items.toml", "log", "--scope", "items me"])
        .json();
    assert_eq!(
        (&used["needed"], &used["unneeded"]),
        (&json!(["items"]), &json!(["me"]))
    );
}
