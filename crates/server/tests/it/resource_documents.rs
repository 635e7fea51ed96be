//! Documents of `[[resources]]`: their faults, and the forms that are read.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::process::Stdio;

use crate::shell::{Run, Shell};
use crate::support::scopegate_alone;

/// A configuration with one resource of this document.
fn configured(name: &str, document: &str) -> Shell {
    let shell = Shell::new();
    write(&shell, name, document);
    let table = format!("[[resources]]\naudience = 'https://api.example'\ndocument = '{name}'\n");
    write(&shell, "s.toml", &table);
    shell
}

fn write(shell: &Shell, name: &str, text: &str) {
    std::fs::write(shell.path().join(name), text).unwrap();
}

/// What a server logs until it listens.
fn log_of_start(shell: &Shell) -> String {
    let mut server = scopegate_alone()
        .current_dir(shell.path())
        .args(["serve", "--config", "s.toml", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut String::new()).unwrap();
    server.kill().unwrap();
    String::from_utf8(server.wait_with_output().unwrap().stderr).unwrap()
}

fn check(shell: &Shell) -> Run {
    shell.run(&["config", "check", "--config", "s.toml"])
}

/// The options that a text names.
fn options(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| letter != '-' && !letter.is_ascii_alphanumeric());
    words
        .filter(|word| word.strip_prefix("--").is_some_and(|name| !name.is_empty()))
        .collect()
}

#[test]
fn remedies_name_options_of_the_command() {
    let document = |reference: &str| {
        format!("openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\npaths:\n  /a: {{ $ref: '{reference}' }}\n")
    };
    for reference in [
        "../../../../etc/passwd",
        "/etc/passwd",
        "lost.yaml",
        "https://a.example/b",
        "#/lost",
        "a.yaml%ff",
    ] {
        let shell = configured("a.yaml", &document(reference));
        write(&shell, "shadow.toml", "shadow_policy = 'a.yaml'\n");
        for (config, command) in [
            ("s.toml", &["config", "check"][..]),
            ("s.toml", &["serve"]),
            ("shadow.toml", &["serve"]),
        ] {
            let line = [command, &["--config", config, "--listen", "127.0.0.1:0"]].concat();
            let run = shell.run(&line);
            let complaint = run.complaint(2);
            assert!(complaint.contains("; "), "no remedy: {complaint}");
            let help = shell.run(&[command, &["--help"]].concat()).stdout;
            for option in options(complaint) {
                assert!(help.contains(option), "{line:?}: {option} in {complaint}");
            }
        }
    }
    assert_eq!(
        options("give `--base DIR`, or -- `--allow-root`"),
        ["--base", "--allow-root"]
    );
}

const SCOPES: &str = r#"openapi: 3.1.0
info: { title: Ships, version: "1" }
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: token
          scopes:
            "ships:read": Read
            "ships write": Write
            'a"b': Quote
            "": Empty
    key: { type: apiKey, in: header, name: X-Key }
paths:
  /ships:
    get: { security: [{ oauth: ["ships:read"] }] }
    put: { security: [{ oauth: ["ships:none"] }] }
    post: { security: [{ oauth: ["ships write"] }] }
    patch: { security: [{ other: [] }] }
    delete: { security: [{ key: ["a role", "keeper"] }] }
"#;

#[test]
fn faults_of_scopes_are_warnings() {
    let shell = configured("ships.yaml", SCOPES);
    let run = check(&shell);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let expected = [
        (12, "`ships write` is not a scope", "rename it"),
        (13, "is not a scope", "rename it"),
        (14, "`` is not a scope", "rename it"),
        (19, "scope `ships:none` is required and not declared", "declare it"),
        (20, "`ships write` is not a scope", "rename it"),
        (21, "scheme `other` is not declared", "declare it"),
    ];
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains("ships.yaml")).collect();
    assert_eq!(warnings.len(), expected.len(), "{}", run.stderr);
    for (warning, (line, cause, remedy)) in warnings.iter().zip(expected) {
        assert!(
            warning.contains("key `document` of resource 1 in file `s.toml`, line 3"),
            "{warning}"
        );
        for part in [&*format!("(line {line})"), cause, remedy] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
    }
    // A client does not get the undeclared scope.
    let add = [
        "client",
        "add",
        "x",
        "--public",
        "--grant",
        "password",
        "--scope",
        "ships:read ships:none",
    ];
    let more = [
        "--resource",
        "https://api.example",
        "--config",
        "s.toml",
        "--database",
        "sqlite:scopegate.db",
    ];
    let added = shell.run(&[&add[..], &more].concat());
    assert!(
        added.stderr.contains("no resource declares scope `ships:none`"),
        "{}",
        added.stderr
    );
    // The start has the same warnings.
    let log = log_of_start(&shell);
    for (_, cause, _) in expected {
        assert!(log.contains(cause), "{cause}: {log}");
    }
    write(&shell, "ships.yaml", &SCOPES.replace("ships:none", "ships:read"));
    // Only the client is left.
    let left = check(&shell).stderr;
    let about: Vec<&str> = left.lines().filter(|line| line.contains("ships:none")).collect();
    assert!(
        matches!(about[..], [line] if line.starts_with("note: client `") && line.contains("no resource declares scope")),
        "{left}"
    );
}

#[test]
fn number_of_warnings_is_limited() {
    let many: Vec<String> = (0..40)
        .map(|number| format!("            \"s {number}\": Scope\n"))
        .collect();
    let many = many.concat();
    let shell = configured("ships.yaml", &SCOPES.replace("            \"\": Empty\n", &many));
    let run = check(&shell);
    let warnings = run.stderr.lines().filter(|line| line.contains("ships.yaml"));
    assert_eq!(warnings.count(), 11, "{}", run.stderr);
    assert!(run.stderr.contains("35 more faults"), "{}", run.stderr);
}

/// The same two scopes in each form that docs/authorization-server.md lists.
#[test]
fn each_documented_form_declares_scopes() {
    let openapi = |head: &str| {
        let scheme =
            "type: oauth2, flows: { clientCredentials: { tokenUrl: t, scopes: { read: Read, write: Write } } }";
        format!(
            "{head}\ninfo: {{ title: a, version: '1' }}\npaths: {{}}\ncomponents:\n  securitySchemes: {{ oauth: {{ {scheme} }} }}\n"
        )
    };
    let swagger = r#"{ "swagger": "2.0", "info": { "title": "a", "version": "1" }, "paths": {}, "securityDefinitions": { "oauth":
        { "type": "oauth2", "flow": "application", "tokenUrl": "https://a.example/t", "scopes": { "read": "", "write": "" } } } }"#;
    let google = r#"{ "discoveryVersion": "v1", "auth": { "oauth2": { "scopes": { "read": {}, "write": {} } } },
        "methods": { "m": { "httpMethod": "GET", "path": "p", "scopes": ["read"] } } }"#;
    let permission = r#"{ "schemes": { "Application": {} }, "pathSets": [
        { "schemeKeys": ["Application"], "methods": ["GET"], "paths": { "/a": "least=Application" } }] }"#;
    let graph = format!(r#"{{ "permissions": {{ "read": {permission}, "write": {permission} }} }}"#);
    let toml = "[schemes.oauth]\nkind = 'oauth2'\nclient_credentials = { token = 't' }\n[schemes.oauth.scopes]\nread = ''\nwrite = ''\n";
    let forms = [
        ("a.yaml", openapi("openapi: 3.0.3")),
        ("a.yaml", openapi("openapi: 3.1.0")),
        ("a.yaml", openapi("openapi: 3.2.0")),
        ("a.json", swagger.to_owned()),
        ("a.json", google.to_owned()),
        ("a.json", graph),
        ("a.toml", toml.to_owned()),
    ];
    for (name, document) in forms {
        let shell = configured(name, &document);
        let run = check(&shell);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{document}");
        let add = [
            "client",
            "add",
            "x",
            "--public",
            "--grant",
            "password",
            "--scope",
            "read write lost",
        ];
        let more = [
            "--resource",
            "https://api.example",
            "--config",
            "s.toml",
            "--database",
            "sqlite:a.db",
        ];
        let added = shell.run(&[&add[..], &more].concat());
        assert_eq!(added.status, 0, "{document}: {}", added.stderr);
        // Only the name that no document declares has a note.
        assert!(added.stderr.contains("`lost`"), "{document}: {}", added.stderr);
        assert!(
            !added.stderr.contains("`read`") && !added.stderr.contains("`write`"),
            "{}",
            added.stderr
        );
    }
}
