//! Tokens of another issuer at the running server.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;

use crate::support::{Server, scopegate_alone};
use base64_simd::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

/// An issuer in a thread of this test: its document, its keys, and responses about one opaque
/// token.
struct Issuer {
    address: SocketAddr,
    pair: EcdsaKeyPair,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode_to_string(bytes);
        let point = pair.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        let keys = format!(r#"{{"keys": [{{"kty": "EC", "crv": "P-256", "kid": "1", "x": "{x}", "y": "{y}"}}]}}"#);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&mut stream);
                let body = if request.starts_with("GET /jwks ") {
                    keys.clone()
                } else if request.starts_with("POST /ask ") {
                    let is_good = request.contains("token=opaque-1&")
                        && request.contains("authorization: Basic YXBpOmh1bnRlcjI=\r\n");
                    format!(r#"{{"active": {is_good}, "aud": "https://api.example", "sub": "johndoe", "scope": "me"}}"#)
                } else {
                    let url = format!("http://{address}");
                    format!(r#"{{"issuer": "{url}", "jwks_uri": "{url}/jwks", "introspection_endpoint": "{url}/ask"}}"#)
                };
                let length = body.len();
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            }
        });
        Self { address, pair }
    }

    fn token(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode_to_string(bytes);
        let claims = format!(
            r#"{{"iss": "http://{}", "aud": "https://api.example", "sub": "johndoe", "scope": "me", "client_id": "app", "iat": 1, "exp": 9999999999, "jti": "t"}}"#,
            self.address
        );
        let header = encode(br#"{"alg": "ES256", "typ": "at+jwt", "kid": "1"}"#);
        let message = format!("{header}.{}", encode(claims.as_bytes()));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encode(signature.as_ref()))
    }
}

/// Reads a request with its body.
fn read(stream: &mut impl Read) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if whole || count == 0 {
            return text;
        }
    }
}

fn table(issuer: SocketAddr, more: &str) -> String {
    format!("[[issuers]]\nname = 'corp'\nissuer = 'http://{issuer}'\naudience = 'https://api.example'\n{more}\n")
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("scopegate.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn get(server: &Server, token: &str) -> (u16, String) {
    let request =
        format!("GET /users/me/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    let answer = server.exchange(request.as_bytes());
    (answer.status, answer.body)
}

#[test]
fn foreign_tokens_are_accepted_next_to_our_own() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let loopback = "allow = ['127.0.0.0/8']";
    // In the tutorial's profile, users are found by name.
    let config = file(
        folder.path(),
        &table(
            issuer.address,
            &format!("{loopback}\nsubjects = 'ours'\nrequired = true"),
        ),
    );
    let server = Server::start(&["--demo", "--config", &config], &[]);
    let (status, body) = get(&server, &issuer.token());
    assert!(status == 200 && body.contains("John Doe"), "{status} {body}");
    assert_eq!(get(&server, "opaque-1").0, 401);
    let form = "grant_type=password&username=johndoe&password=secret&scope=me";
    let length = form.len();
    let head =
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
    let answer = server.exchange(format!("{head}Content-Length: {length}\r\n\r\n{form}").as_bytes());
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(get(&server, answer["access_token"].as_str().unwrap()).0, 200, "our own");
    // By default its `johndoe` is not our user.
    let config = file(folder.path(), &table(issuer.address, loopback));
    let server = Server::start(&["--demo", "--config", &config], &[]);
    assert_eq!(get(&server, &issuer.token()).0, 401);
}

#[test]
fn opaque_tokens_are_introspected_by_the_configured_client() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let more = "tokens = 'opaque'\nclient_id = 'api'\nallow = ['127.0.0.1']\nsubjects = 'ours'";
    let config = file(folder.path(), &table(issuer.address, more));
    let server = Server::start(
        &["--demo", "--config", &config],
        &[("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "hunter2")],
    );
    assert_eq!(get(&server, "opaque-1").0, 200);
    assert_eq!(get(&server, "opaque-2").0, 401);
    assert_eq!(get(&server, &issuer.token()).0, 401);
    let server = Server::start(
        &["--demo", "--config", &config],
        &[("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "wrong")],
    );
    assert_eq!(get(&server, "opaque-1").0, 401);
}

/// Both kinds of tokens contain `me`, which the tutorial requires.
#[test]
fn an_issuer_opens_no_more_than_the_configuration_lets_it() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let opaque = "tokens = 'opaque'\nclient_id = 'api'\n";
    let secret = [("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "hunter2")];
    for (scopes, status) in [
        ("", 200),
        ("scopes = ['me']", 200),
        ("scopes = ['items']", 403),
        ("scopes = []", 403),
    ] {
        for (kind, token) in [("", issuer.token()), (opaque, "opaque-1".to_owned())] {
            let more = format!("{kind}allow = ['127.0.0.1']\nsubjects = 'ours'\n{scopes}");
            let config = file(folder.path(), &table(issuer.address, &more));
            let secret = if kind == opaque { &secret[..] } else { &[] };
            let server = Server::start(&["--demo", "--profile", "rfc", "--config", &config], secret);
            for _ in 0..2 {
                assert_eq!(get(&server, &token).0, status, "{more}");
            }
        }
    }
    let config = file(folder.path(), &table(issuer.address, "scopes = ['admin']"));
    let said = refusal(&config);
    assert!(
        said.contains("there is no scope `admin` that it could be limited to"),
        "{said}"
    );
}

/// The error of `serve` when it does not start.
fn refusal(config: &str) -> String {
    let mut command = scopegate_alone();
    command.args([
        "serve",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--log-level",
        "error",
        "--config",
        config,
    ]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn start_fails_only_without_a_required_issuer() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let loopback = "allow = ['127.0.0.1']";
    let config = file(folder.path(), &table(unused, &format!("{loopback}\nrequired = true")));
    let said = refusal(&config);
    assert!(
        said.contains(&format!("issuer `http://{unused}` is required and has no keys")),
        "{said}"
    );
    // The issuer exists, but the configuration does not allow its address.
    let config = file(folder.path(), &table(issuer.address, "required = true"));
    let said = refusal(&config);
    assert!(
        said.contains("address `127.0.0.1` is not public and not allowed"),
        "{said}"
    );
    let config = file(folder.path(), &table(unused, loopback));
    let server = Server::start(&["--demo", "--config", &config], &[]);
    let forged = issuer.token();
    assert_eq!(get(&server, &forged).0, 401, "of an issuer that nobody trusts");
    let metered = Issuer {
        address: unused,
        pair: issuer.pair,
    };
    assert_eq!(get(&server, &metered.token()).0, 503, "of one that does not answer");
}

#[test]
fn our_own_issuer_is_not_among_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let own = "issuer = 'https://own.example'\n[[issuers]]\nname = 'corp'\nissuer = 'https://own.example'\n";
    let said = refusal(&file(folder.path(), own));
    assert!(
        said.contains("issuer `https://own.example` is our own, and in `issuers`"),
        "{said}"
    );
}
