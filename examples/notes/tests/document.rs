//! The document, as other programs read it: a validator, two generators of clients, and
//! Schemathesis.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../../../tests/long_check.rs"]
mod long_check;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use scopegate_example_notes::{App, KEYS, READ, WRITE, api};
use scopegate_http::domain::{AccessTokenClaims, Clock as _, Lifetime, SystemClock};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_http::{Gate, warp};
use tokio::net::TcpListener;

const PYTHON: [&str; 3] = [
    "openapi-python-client==0.29.1",
    "openapi-spec-validator==0.9.0",
    "schemathesis==4.32.5",
];
const NODE: [&str; 2] = ["openapi-typescript@7.13.0", "typescript@5"];

/// Runs a program to its end.
fn run(folder: &Path, program: impl AsRef<Path>, arguments: &[&str]) {
    let program = program.as_ref();
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}\n{text}", program.display());
}

/// Installs the programs once, under the target directory.
fn installed() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("document");
    if !folder.join("node_modules/typescript").exists() {
        fs::create_dir_all(&folder).unwrap();
        run(&folder, "python3", &["-m", "venv", "venv"]);
        let packages: Vec<&str> = ["install", "--quiet"].into_iter().chain(PYTHON).collect();
        run(&folder, folder.join("venv/bin/pip"), &packages);
        fs::write(folder.join("package.json"), "{}").unwrap();
        let packages: Vec<&str> = ["install", "--silent"].into_iter().chain(NODE).collect();
        run(&folder, "npm", &packages);
    }
    folder
}

/// Returns the API, and the header of a caller with all scopes.
fn gate(app: App) -> (Gate, String) {
    let rules = TokenRules::rfc9068(
        "https://id.test".parse().unwrap(),
        "https://notes.test".parse().unwrap(),
    );
    let key = SigningKey::es256_generate().unwrap();
    let verifier = Verifier::new(rules.clone(), key.verifying_key());
    let claims = AccessTokenClaims::new("ada", SystemClock.now(), Lifetime::from_minutes(30))
        .with_scopes([READ, WRITE, KEYS])
        .with_client_id("test".parse().unwrap())
        .with_token_id("t1".parse().unwrap());
    let token = Signer::new(rules, key).issue(&claims).unwrap();
    let authorization = format!("Authorization: Bearer {}", token.expose());
    let gate = api(app).unwrap().bearer("login", verifier).build().unwrap();
    (gate, authorization)
}

/// Runs the programs on the document and the server.
fn check(tools: &Path, folder: &Path, document: &str, url: &str, authorization: &str) {
    let bin = tools.join("venv/bin");
    run(folder, bin.join("openapi-spec-validator"), &[document]);
    run(
        folder,
        bin.join("openapi-python-client"),
        &["generate", "--path", document],
    );
    run(folder, "python3", &["-m", "compileall", "-q", "notes-client"]);
    let node = tools.join("node_modules/.bin");
    run(folder, node.join("openapi-typescript"), &[document, "-o", "api.d.ts"]);
    run(folder, node.join("tsc"), &["--noEmit", "--strict", "api.d.ts"]);
    // The streams have no end. Generated forms have part names that break their own headers.
    let excluded = [
        "--exclude-path",
        "/events",
        "--exclude-path",
        "/feed",
        "--exclude-path",
        "/notes/{id}/files",
    ];
    let limits = [
        "--header",
        authorization,
        "--max-examples",
        "20",
        "--request-timeout",
        "5",
    ];
    let arguments: Vec<&str> = ["run", document, "--url", url]
        .into_iter()
        .chain(excluded)
        .chain(limits)
        .collect();
    run(folder, bin.join("schemathesis"), &arguments);
}

#[tokio::test(flavor = "multi_thread")]
async fn document_is_valid_makes_clients_that_compile_and_is_kept() {
    if !long_check::is_on("the document of the example in a validator, two generators and Schemathesis") {
        return;
    }
    let tools = installed();
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(&format!("sqlite:{}/notes.db", folder.path().display()))
        .await
        .unwrap();
    app.add_member("ada", "one").await.unwrap();
    let (gate, authorization) = gate(app);
    let document = folder.path().join("openapi.json");
    fs::write(&document, gate.openapi().to_string()).unwrap();
    let document = document.to_str().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(warp::serve(gate.site_filter()).incoming(listener).run());
    let (folder, place) = (folder.path().to_owned(), folder);
    tokio::task::spawn_blocking(move || {
        check(&tools, &folder, &document, &url, &authorization);
    })
    .await
    .unwrap();
    server.abort();
    drop(place);
}
