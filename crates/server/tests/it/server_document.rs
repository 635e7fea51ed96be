//! `/docs/oauth.json`: the document of the server's own endpoints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::long_check;
use crate::shell::Shell;
use crate::support::{Answer, OWN_AUDIENCE, Server};

const PATH: &str = "/docs/oauth.json";

fn send(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{kind}\r\nContent-Length: {length}");
    server.exchange(format!("{head}\r\n\r\n{body}").as_bytes())
}

fn document(server: &Server) -> Value {
    let answer = send(server, "GET", PATH, "");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    serde_json::from_str(&answer.body).unwrap()
}

/// The path of a URL of the metadata.
fn path_of(url: &Value, issuer: &str) -> Option<String> {
    url.as_str()?
        .strip_prefix(issuer)
        .map(str::to_owned)
        .filter(|path| !path.is_empty())
}

#[test]
fn document_lists_what_is_mounted() {
    let (issuer, memory) = ("https://id.example/tenant", ["--database", "sqlite::memory:"]);
    let server = Server::start(&[&memory[..], &["--issuer", issuer]].concat(), &[]);
    let document = document(&server);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": issuer }]));
    let paths = document["paths"].as_object().unwrap();

    let of_server = "/.well-known/oauth-authorization-server/tenant";
    let metadata: Value = serde_json::from_str(&send(&server, "GET", of_server, "").body).unwrap();
    let mut expected: Vec<String> = metadata
        .as_object()
        .unwrap()
        .iter()
        // A page for people, which no program calls.
        .filter(|(member, _)| *member != "authorization_endpoint")
        .filter_map(|(_, url)| path_of(url, issuer))
        .collect();
    expected.extend([of_server.to_owned(), "/.well-known/oauth-protected-resource".to_owned()]);
    expected.sort();
    let mut listed: Vec<&str> = paths.keys().map(String::as_str).collect();
    listed.sort_unstable();
    assert_eq!(listed, expected);
    let is_post = |path: &str| paths[path].get("post").is_some();
    for path in listed {
        let methods: Vec<&str> = ["get", "post", "put", "delete"]
            .into_iter()
            .filter(|name| paths[path].get(name).is_some())
            .collect();
        assert_eq!(methods, [if is_post(path) { "post" } else { "get" }], "{path}");
        let (other, status) = if is_post(path) { ("GET", 405) } else { ("POST", 405) };
        assert_eq!(send(&server, other, path, "").status, status, "{path}");
        let is_at_origin = path.starts_with("/.well-known/oauth-");
        assert_eq!(paths[path].get("servers").is_some(), is_at_origin, "{path}");
    }
}

/// Resolves a reference within the document.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

#[test]
fn each_answer_has_the_described_status_and_members() {
    let shell = Shell::new();
    let method = ["--auth-method", "client_secret_post", "--introspect"];
    let grants = [&["--grant", "client_credentials", "--scope", "me"][..], &method].concat();
    let client = shell.add_client("service", &grants).json();
    let credentials = format!(
        "client_id=service&client_secret={}",
        client["client_secret"].as_str().unwrap()
    );
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database], &[]);
    let document = document(&server);
    let large = "x".repeat(2 << 20);
    let token = format!("grant_type=client_credentials&scope=me&{credentials}");
    for (method, path, body, status) in [
        ("POST", "/token", token.as_str(), 200),
        ("POST", "/token", "grant_type=client_credentials", 400),
        ("POST", "/token", large.as_str(), 413),
        ("POST", "/introspect", &format!("token=x&{credentials}"), 200),
        ("POST", "/introspect", &credentials, 400),
        ("POST", "/introspect", large.as_str(), 413),
        ("POST", "/revoke", &format!("token=x&{credentials}"), 200),
        ("POST", "/revoke", "token=x", 400),
        ("GET", "/.well-known/jwks.json", "", 200),
        ("GET", "/.well-known/oauth-authorization-server", "", 200),
        ("GET", "/.well-known/oauth-protected-resource", "", 200),
    ] {
        let answer = send(&server, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let operation = &document["paths"][path][method.to_lowercase()];
        let response = &operation["responses"][status.to_string()];
        assert!(
            response["description"].is_string(),
            "{method} {path}: {status} is not described"
        );
        let Some(content) = response["content"].as_object() else {
            assert_eq!(answer.body, "", "{method} {path}");
            continue;
        };
        let (media_type, content) = content.iter().next().unwrap();
        assert_eq!(
            answer.header("content-type"),
            Some(media_type.as_str()),
            "{method} {path}"
        );
        let schema = resolved(&document, &content["schema"]);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let members = body.as_object().unwrap();
        for required in schema["required"].as_array().unwrap() {
            assert!(
                members.contains_key(required.as_str().unwrap()),
                "{method} {path}: {required}"
            );
        }
        let example = content.get("example").or_else(|| content.get("examples"));
        assert!(example.is_some(), "{method} {path}: no example");
    }
}

/// What the schemas of the forms state about parameters is what the server does.
#[test]
fn schemas_of_forms_say_what_is_accepted() {
    let shell = Shell::new();
    let method = ["--auth-method", "client_secret_post", "--introspect"];
    let grants = [&["--grant", "client_credentials", "--scope", "me"][..], &method].concat();
    let client = shell.add_client("service", &grants).json();
    let secret = client["client_secret"].as_str().unwrap();
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database], &[]);
    let document = document(&server);
    for (path, form) in [
        ("/token", "grant_type=client_credentials"),
        ("/introspect", "token=x"),
        ("/revoke", "token=x"),
    ] {
        let form = format!("{form}&client_id=service&client_secret={secret}");
        let content = &document["paths"][path]["post"]["requestBody"]["content"];
        let schema = resolved(&document, &content["application/x-www-form-urlencoded"]["schema"]);
        let text = json!({ "type": "string", "pattern": r"^[^\u0000]*$" });
        assert_eq!(schema["additionalProperties"], text, "{path}");
        for (more, status) in [
            ("", 200),
            ("&x=1", 200),
            ("&x=%01", 200),
            ("&x=1&x=1", 400),
            ("&x=%00", 400),
            ("&%00=x", 400),
        ] {
            let answer = send(&server, "POST", path, &format!("{form}{more}"));
            assert_eq!(answer.status, status, "{path} {more}: {}", answer.body);
        }
    }
    let resources = &document["components"]["schemas"]["TokenRequest"]["properties"]["resource"];
    let most = usize::try_from(resources["maxItems"].as_u64().unwrap()).unwrap();
    for (count, status) in [(most, 200), (most + 1, 400)] {
        let resources = format!("&resource={OWN_AUDIENCE}").repeat(count);
        let form = format!("grant_type=client_credentials&client_id=service&client_secret={secret}{resources}");
        assert_eq!(send(&server, "POST", "/token", &form).status, status, "{count}");
    }
}

#[test]
fn tutorial_has_no_second_document() {
    let server = Server::start(&["--demo"], &[]);
    assert_eq!(send(&server, "GET", PATH, "").status, 404);
}

/// Runs a program to its end.
fn run(folder: &Path, program: impl AsRef<Path>, arguments: &[&str]) {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}\n{text}", program.display());
}

/// Installs the programs once, under the target directory.
fn installed() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("server-document");
    if !folder.join("venv/bin/schemathesis").exists() {
        fs::create_dir_all(&folder).unwrap();
        run(&folder, "python3", &["-m", "venv", "venv"]);
        let packages = [
            "install",
            "--quiet",
            "openapi-spec-validator==0.9.0",
            "schemathesis==4.32.5",
        ];
        run(&folder, folder.join("venv/bin/pip"), &packages);
    }
    folder.join("venv/bin")
}

#[test]
fn document_is_valid_and_true() {
    if !long_check::is_on("the document of the server in a validator and Schemathesis") {
        return;
    }
    let (tools, shell) = (installed(), Shell::new());
    let grants = ["--grant", "client_credentials", "--scope", "me items", "--introspect"];
    let client = shell.add_client("service", &grants).json();
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database, "--login-throttle", "false"], &[]);
    let file = shell.path().join("oauth.json");
    fs::write(&file, document(&server).to_string()).unwrap();
    let (file, url) = (file.to_str().unwrap(), format!("http://{}", server.address));
    run(shell.path(), tools.join("openapi-spec-validator"), &[file]);
    let pair = format!("service:{}", client["client_secret"].as_str().unwrap());
    let header = format!("Authorization: Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    let settings = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/programs/python/schemathesis.toml"
    );
    let arguments = [
        "--config-file",
        settings,
        "run",
        file,
        "--url",
        &url,
        "--header",
        &header,
    ];
    let arguments = [&arguments[..], &["--max-examples", "50"]].concat();
    run(shell.path(), tools.join("schemathesis"), &arguments);
}
