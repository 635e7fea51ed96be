//! An RSA key that openssl made: the two lines of the documentation, a token, and its verification
//! by the published keys.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a failed test says so by a panic")]

use std::io::Write as _;
use std::process::Command;

use base64_simd::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::docs::shell_blocks;
use crate::shell::Shell;
use crate::support::Server;

fn get(server: &Server, path: &str) -> Value {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    serde_json::from_str(&server.exchange(request.as_bytes()).body).unwrap()
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode_to_vec(text).unwrap()
}

#[test]
fn key_of_openssl_signs_and_is_verified() {
    if Command::new("openssl").arg("version").output().is_err() {
        let reason = "SKIPPED: openssl is not on the search path; no RSA key is made and imported\n";
        std::io::stderr().write_all(reason.as_bytes()).unwrap();
        return;
    }
    let shell = Shell::new();
    let imported = make_and_import(&shell);
    let client = shell
        .add_client(
            "service",
            &[
                "--grant",
                "client_credentials",
                "--scope",
                "me",
                "--auth-method",
                "client_secret_post",
            ],
        )
        .json();
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database, "--issuer", "https://id.example"], &[]);
    let token = token(&server, client["client_secret"].as_str().unwrap());
    expect_signed(&server, &token, &imported);

    // The gate verifies a token of the same key.
    let add = [
        "user",
        "add",
        "ada",
        "--scope",
        "me",
        "--no-password",
        "--database",
        "sqlite:a.db",
    ];
    assert_eq!(shell.run(&add).status, 0);
    let issue = [
        "token", "issue", "--client", "service", "--user", "ada", "--scope", "me",
    ];
    let settings = ["--database", "sqlite:a.db", "--issuer", "https://id.example"];
    let issued = shell.run(&[&issue[..], &settings].concat()).stdout;
    let bearer = issued.trim();
    let head = "GET /users/me/ HTTP/1.1\r\nHost: a\r\nConnection: close";
    let request = format!("{head}\r\nAuthorization: Bearer {bearer}\r\n\r\n");
    assert_eq!(server.exchange(request.as_bytes()).status, 200);
}

/// Runs the two lines of the documentation.
fn make_and_import(shell: &Shell) -> Value {
    let blocks = shell_blocks("docs/operations.md");
    let block = blocks.iter().find(|block| block.contains("openssl genpkey")).unwrap();
    let [generate, import] = block.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {block}");
    };
    let words: Vec<&str> = generate.split(' ').collect();
    let made = Command::new(words[0])
        .args(&words[1..])
        .current_dir(shell.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(shell.run(&["migrate", "--database", "sqlite:a.db"]).status, 0);
    let words: Vec<&str> = import.split(' ').skip(1).collect();
    let imported = shell.run(&[&words[..], &["--database", "sqlite:a.db", "--format", "json"]].concat());
    imported.json()
}

fn token(server: &Server, secret: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id=service&client_secret={secret}&scope=me");
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let answer = server.exchange(format!("{head}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes());
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// Verifies a token with the published key, which is the imported one.
fn expect_signed(server: &Server, token: &str, imported: &Value) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decoded(message.split('.').next().unwrap())).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("at+jwt")));
    let jwks = get(server, "/.well-known/jwks.json");
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!((&key["kty"], &key["alg"]), (&json!("RSA"), &json!("RS256")));
    assert_eq!(key.get("d"), None, "no private part is published");
    assert!(
        imported.to_string().contains(key["kid"].as_str().unwrap()),
        "{imported}"
    );
    let part = |name: &str| decoded(key[name].as_str().unwrap());
    let key = RsaPublicKeyComponents {
        n: part("n"),
        e: part("e"),
    };
    let verify = |message: &str| key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decoded(signature));
    verify(message).unwrap();
    verify(&format!("{message}x")).unwrap_err();
}
