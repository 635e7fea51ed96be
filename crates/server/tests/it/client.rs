//! `scopegate client`: settings, secrets, and what a change revokes.

mod agreement;
mod check;
mod people;

use scopegate_token::{ClientSecret, SystemRandomSource};
use serde_json::{Value, json};

use crate::shell::{Run, Shell};
use crate::support::Server;

fn json(shell: &Shell, line: &[&str]) -> Value {
    shell.run(&[line, &["--format", "json"]].concat()).json()
}

/// Adds the service `billing` with every setting.
fn add_billing(shell: &Shell) -> Value {
    json(
        shell,
        &[
            "client",
            "add",
            "billing",
            "--id",
            "billing",
            "--confidential",
            "--grant",
            "client_credentials",
            "--resource",
            "https://a.example/x",
            "--resource",
            "https://b.example",
            "--scope",
            "me items",
            "--optional-scope",
            "items",
            "--default-scope",
            "me",
            "--introspect",
        ],
    )
}

/// The settings without the secrets.
fn settings(client: &Value) -> Value {
    let mut client = client.clone();
    for name in ["client_secret", "secrets", "tokens"] {
        client.as_object_mut().unwrap().remove(name);
    }
    client
}

#[test]
fn each_setting_is_stored_and_changed() {
    let shell = Shell::without_resources();
    let added = add_billing(&shell);
    let mut expected = json!({
        "client_id": "billing", "name": "billing", "kind": "confidential",
        "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"],
        "resources": ["https://a.example/x", "https://b.example"], "scope": "me items", "optional_scope": "items",
        "default_scope": "me", "redirect_uris": [], "introspect": true, "post_logout_redirect_uris": [], "first_party": false,
        "refresh_idle": 30 * 86_400, "refresh_age": 365 * 86_400,
    });
    assert_eq!(settings(&added), expected);
    let secrets = added["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0]["digest"].as_str().map(str::len), Some(8));
    assert!(secrets[0]["created_at"].is_i64() && secrets[0]["ends_at"].is_null());

    for (options, name, value, is_revoked) in [
        (&["--name", "Billing"][..], "name", json!("Billing"), false),
        (
            &["--auth-method", "client_secret_post"],
            "token_endpoint_auth_method",
            json!("client_secret_post"),
            false,
        ),
        (
            &["--redirect-uri", "https://app.example/"],
            "redirect_uris",
            json!(["https://app.example/"]),
            false,
        ),
        (&["--default-scope", ""], "default_scope", json!(""), false),
        (
            &["--optional-scope", "me items"],
            "optional_scope",
            json!("me items"),
            false,
        ),
        (&["--no-introspect"], "introspect", json!(false), false),
        (&["--introspect"], "introspect", json!(true), false),
        (
            &["--resource", "https://b.example"],
            "resources",
            json!(["https://b.example"]),
            true,
        ),
        (&["--resource", ""], "resources", json!([]), true),
        (&["--optional-scope", "", "--scope", "me"], "scope", json!("me"), true),
        (&["--grant", "password"], "grant_types", json!(["password"]), true),
        (&["--grant", ""], "grant_types", json!([]), true),
    ] {
        expected[name] = value;
        if name == "scope" {
            expected["optional_scope"] = json!("");
        }
        let changed = json(&shell, &[&["client", "set", "billing"], options].concat());
        assert_eq!(settings(&changed), expected, "{options:?}");
        assert_eq!(changed["tokens"]["revoked"], json!(is_revoked), "{options:?}");
        assert_eq!(changed["secrets"], added["secrets"], "{options:?}");
        assert_eq!(settings(&json(&shell, &["client", "show", "billing"])), expected);
    }
}

#[test]
fn tokens_are_kept_on_request() {
    let shell = Shell::without_resources();
    add_billing(&shell);
    let line = [
        "client",
        "set",
        "billing",
        "--optional-scope",
        "",
        "--scope",
        "me",
        "--keep-tokens",
    ];
    assert_eq!(json(&shell, &line)["tokens"], json!({ "revoked": false }));
    let kept = shell.run(&["client", "set-scope", "billing", "", "--keep-tokens"]);
    assert_eq!(
        kept.complaint(2),
        "default scope `me` is not within the scope of the client; add it to the scope, or leave it out: \
         `scopegate client set billing` changes both"
    );
    json(&shell, &["client", "set", "billing", "--default-scope", ""]);
    let kept = shell.run(&["client", "set-scope", "billing", "", "--keep-tokens"]);
    assert!(
        kept.stdout
            .contains("Tokens issued to `billing` stay valid until they expire, because of `--keep-tokens`."),
        "{}",
        kept.stdout
    );
    let more = json(&shell, &["client", "set-scope", "billing", "me"]);
    assert_eq!(more["tokens"], json!({ "revoked": false }));
    assert_eq!(
        json(&shell, &["client", "set-scope", "billing", ""])["tokens"]["revoked"],
        json!(true)
    );
}

#[test]
fn kind_changes_with_the_secret() {
    let shell = Shell::without_resources();
    add_billing(&shell);
    let fault = |run: Run, expected: &str| assert_eq!(run.complaint(2), expected);
    fault(
        shell.run(&["client", "set", "billing", "--public"]),
        "a public client cannot have the grant `client_credentials`; make it confidential, or leave out the grant",
    );
    let public = ["client", "set", "billing", "--public", "--grant", "", "--no-introspect"];
    let public = json(&shell, &public);
    assert_eq!((&public["kind"], &public["secrets"]), (&json!("public"), &json!([])));
    assert_eq!(public["token_endpoint_auth_method"], "none");
    assert_eq!(public["tokens"]["revoked"], json!(true));
    fault(
        shell.run(&["client", "set", "billing", "--introspect"]),
        "a public client cannot introspect tokens; make it confidential, or leave out the right",
    );
    fault(
        shell.run(&["client", "set", "billing", "--auth-method", "client_secret_post"]),
        "client `billing` is public, so it does not authenticate; add `--confidential`",
    );
    let confidential = [
        "client",
        "set",
        "billing",
        "--confidential",
        "--auth-method",
        "client_secret_post",
    ];
    let confidential = json(&shell, &confidential);
    assert!(confidential["client_secret"].as_str().unwrap().starts_with("sgcs_"));
    assert_eq!(confidential["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(confidential["secrets"].as_array().map(Vec::len), Some(1));
}

#[test]
fn impossible_client_is_not_added() {
    let shell = Shell::new();
    for (options, expected) in [
        (
            &["--public", "--grant", "client_credentials"][..],
            "a public client cannot have the grant `client_credentials`; make it confidential, or leave out the grant",
        ),
        (
            &["--public", "--introspect"],
            "a public client cannot introspect tokens; make it confidential, or leave out the right",
        ),
        (
            &["--confidential", "--scope", "me", "--default-scope", "me items"],
            "default scope `items` is not within the scope of the client; add it to the scope, or leave it out",
        ),
        (
            &["--confidential", "--optional-scope", "me"],
            "optional scope `me` is not within the scope of the client; add it to the scope, or leave it out",
        ),
        (
            &["--confidential", "--resource", ""],
            "bad resource ``: it is not an absolute URI; write it like `https://api.example/ships`",
        ),
    ] {
        let run = shell.run(&[&["client", "add", "x"], options].concat());
        assert_eq!(run.complaint(2), expected, "{options:?}");
    }
    let long = "a".repeat(201);
    for (name, expected) in [
        (
            "a\u{202e}b",
            "name of the client contains the character `U+202E`, which is invisible or changes the order of the text; \
             leave it out",
        ),
        (&long, "name of the client is longer than 200 bytes; shorten it"),
    ] {
        let run = shell.run(&["client", "add", name, "--public"]);
        assert_eq!(run.complaint(2), expected);
    }
    assert!(!shell.path().join("scopegate.db").exists());
}

#[test]
fn secret_is_replaced_without_a_pause() {
    let shell = Shell::without_resources();
    let added = add_billing(&shell);
    let second = json(&shell, &["client", "add-secret", "billing", "--ends", "90d"]);
    assert_ne!(second["client_secret"], added["client_secret"]);
    let secrets = second["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 2);
    let with_end = secrets.iter().find(|secret| secret["ends_at"].is_i64()).unwrap();
    let lifetime = with_end["ends_at"].as_i64().unwrap() - with_end["created_at"].as_i64().unwrap();
    assert_eq!(lifetime, 90 * 86_400);
    let full = shell.run(&["client", "add-secret", "billing"]);
    assert_eq!(
        full.complaint(1),
        "client `billing` has 2 secrets, the maximum; remove one with `scopegate client remove-secret billing DIGEST`"
    );

    let first = added["secrets"][0]["digest"].as_str().unwrap();
    let shown = shell.run(&["client", "show", "billing"]).stdout;
    assert!(shown.contains(&format!("{first}, created ")), "{shown}");
    assert!(!shown.contains(added["client_secret"].as_str().unwrap()));
    let listed = shell.run(&["client", "list"]).stdout;
    assert!(
        listed.contains(first) && listed.contains("client_secret_basic"),
        "{listed}"
    );
    let left = json(&shell, &["client", "remove-secret", "billing", &first.to_uppercase()]);
    assert_eq!(left["secrets"], json!([with_end]));
    let absent = shell.run(&["client", "remove-secret", "billing", first]);
    let expected = format!("client `billing` has no secret with a digest that begins with `{first}`");
    assert_eq!(absent.complaint(1), expected);
    for (digest, status) in [("", 2), ("xyz", 2), (&"0".repeat(65), 2)] {
        let run = shell.run(&["client", "remove-secret", "billing", digest]);
        assert!(run.complaint(status).starts_with("bad digest "), "{}", run.stderr);
    }

    let last = with_end["digest"].as_str().unwrap();
    let none = shell.run(&["client", "remove-secret", "billing", last]);
    assert!(
        none.stderr.contains("client `billing` has no secret left"),
        "{}",
        none.stderr
    );
    let whole = json(&shell, &["client", "set-secret", "billing"]);
    assert_eq!(whole["secrets"].as_array().map(Vec::len), Some(1));
    for ends in ["0s", "-1h", "soon", ""] {
        let run = shell.run(&["client", "add-secret", "billing", &format!("--ends={ends}")]);
        let expected = format!("bad duration `{ends}`: give a time such as `90d` or `12h`");
        assert_eq!(run.complaint(2), expected);
    }
}

#[test]
fn public_client_gets_no_second_secret() {
    let shell = Shell::new();
    json(&shell, &["client", "add", "Page", "--id", "page", "--public"]);
    let run = shell.run(&["client", "add-secret", "page"]);
    assert_eq!(
        run.complaint(1),
        "client `page` is public, so it has no secret; `scopegate client set page --confidential` gives it one"
    );
    let run = shell.run(&["client", "add-secret", "gone"]);
    assert_eq!(run.complaint(1), "there is no client `gone`");
}

#[test]
fn client_is_shown_by_its_unique_name() {
    let shell = Shell::new();
    for (name, id) in [("Page", "p1"), ("Other", "o1"), ("Other", "o2"), ("p1", "x")] {
        json(&shell, &["client", "add", name, "--id", id, "--public"]);
    }
    assert_eq!(json(&shell, &["client", "show", "Page"])["client_id"], "p1");
    // An id is found before a name.
    assert_eq!(json(&shell, &["client", "show", "p1"])["client_id"], "p1");
    let run = shell.run(&["client", "show", "Other"]);
    assert_eq!(
        run.complaint(2),
        "2 clients have the name `Other`; give one of their ids: `o1`, `o2`"
    );
    assert_eq!(
        shell.run(&["client", "show", "Büro"]).complaint(1),
        "there is no client `Büro`"
    );
}

/// A client of an earlier release sends its secret in either place, until its method is set.
#[test]
fn upgraded_client_has_both_methods_until_one_is_set() {
    let shell = Shell::new();
    let file = shell.path().join("a.db");
    crate::configuration::change(&file, crate::user_names::VERSION_8);
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let digest = secret.digest();
    let digits = digest.as_bytes().iter();
    let digest = digits.fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    // The key-encryption key of its signing key is lost.
    let change = format!("UPDATE clients SET secret_sha256 = X'{digest}'; DELETE FROM signing_keys");
    crate::configuration::change(&file, &change);
    let run = |line: &[&str]| {
        shell
            .run(&[line, &["--database", "sqlite:a.db", "--format", "json"]].concat())
            .json()
    };
    run(&["migrate"]);
    let upgraded = run(&["client", "set", "app", "--resource", "https://api.example"]);
    assert_eq!(upgraded["token_endpoint_auth_method"], "client_secret_any");
    let database = format!("sqlite:{}", file.display());
    let server = Server::start(
        &[
            "--database",
            &database,
            "--login-throttle",
            "false",
            "--revocation-age",
            "1s",
        ],
        &[],
    );
    let post = |header: &str, form: &str| {
        let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let form = format!("grant_type=client_credentials{form}");
        let length = form.len();
        let request = format!("POST /token HTTP/1.1\r\n{head}{header}Content-Length: {length}\r\n\r\n{form}");
        server.exchange(request.as_bytes()).status
    };
    let pair = base64_simd::STANDARD.encode_to_string(format!("app:{}", secret.expose()));
    let statuses = || {
        let by_header = post(&format!("Authorization: Basic {pair}\r\n"), "");
        [
            by_header,
            post("", &format!("&client_id=app&client_secret={}", secret.expose())),
        ]
    };
    assert_eq!(statuses(), [200, 200]);
    for (method, expected) in [("client_secret_post", [401, 200]), ("client_secret_basic", [200, 400])] {
        assert_eq!(
            run(&["client", "set", "app", "--auth-method", method])["token_endpoint_auth_method"],
            method
        );
        // The server reads the change within `revocation_age`.
        assert!((0..10_000).any(|_| statuses() == expected), "{method}");
    }
}
