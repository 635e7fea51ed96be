//! A load runs across a rotation without an error. Old tokens are valid until they expire, and
//! never longer than their key.

#![expect(clippy::disallowed_methods, reason = "what is tested takes time")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Clock, Issuer, KeyId, Lifetime, ScopeToken, SystemClock, TokenId,
};
use scopegate_token::{JwksPolicy, KeySet, Signer, SigningKey, TokenRules};
use serde_json::Value;

use crate::shell::Shell;
use crate::support::{Answer, Server, asserts_times, at_most};

const ISSUER: &str = "https://id.example";

/// Seconds between the publication of a key and its first signature. The lifetime is that of a
/// token, and that of a key after its last token.
const ANNOUNCEMENT: u64 = 4;
const LIFETIME: u64 = 5;
const VARIABLES: [(&str, &str); 2] = [("SCOPEGATE_KEY_ANNOUNCEMENT", "4s"), ("SCOPEGATE_TOKEN_LIFETIME", "5s")];

struct Site {
    server: Server,
    shell: Shell,
    key: SigningKey,
    user: String,
}

impl Site {
    /// A server with a known first key, a user and a client.
    fn new() -> Self {
        Self::with(&VARIABLES)
    }

    fn with(variables: &[(&str, &str)]) -> Self {
        let shell = Shell::new();
        let key = SigningKey::es256_generate()
            .unwrap()
            .with_id(KeyId::parse("first").unwrap());
        let text = base64_simd::STANDARD.encode_to_string(key.to_pkcs8().unwrap().expose());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        std::fs::write(shell.path().join("key.pem"), pem).unwrap();
        let run =
            |line: &[&str], input: &str| shell.run_with(&[line, &["--format", "json"]].concat(), input, variables);
        run(&["migrate"], "").json();
        run(&["key", "import", "key.pem", "--id", "first"], "").json();
        run(
            &[
                "client", "add", "App", "--id", "app", "--public", "--grant", "password", "--scope", "me items",
            ],
            "",
        )
        .json();
        let user = run(
            &["user", "add", "mary", "--scope", "me items", "--password-stdin"],
            "long secret",
        )
        .json();
        let database = format!("sqlite:{}", shell.path().join("scopegate.db").display());
        let line = [
            "--issuer",
            ISSUER,
            "--password-grant",
            "--key-rotation",
            "0",
            "--database",
            &database,
        ];
        let server = Server::start(&line, variables);
        let user = user["id"].as_str().unwrap().to_owned();
        Self {
            server,
            shell,
            key,
            user,
        }
    }

    fn log_in(&self) -> Answer {
        let form = "grant_type=password&client_id=app&username=mary&password=long+secret&scope=me+items";
        let head = "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        self.server
            .exchange(format!("{head}Content-Length: {}\r\n\r\n{form}", form.len()).as_bytes())
    }

    fn token(&self) -> String {
        let answer = self.log_in();
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        json["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer:?}"))
            .to_owned()
    }

    fn items(&self, token: &str) -> u16 {
        let head = "GET /users/me/items/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer";
        self.server
            .exchange(format!("{head} {token}\r\n\r\n").as_bytes())
            .status
    }

    fn published(&self) -> Vec<String> {
        let answer = self
            .server
            .exchange(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, Some("public, max-age=300"))
        );
        let jwks = KeySet::from_jwks(answer.body.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
        jwks.keys().iter().map(|key| key.id().unwrap().to_string()).collect()
    }

    /// A token of the first key with a longer lifetime than the server issues.
    fn long_token(&self) -> String {
        let issuer = (
            Issuer::parse(ISSUER).unwrap(),
            Audience::parse(crate::support::OWN_AUDIENCE).unwrap(),
        );
        let document = self.key.to_pkcs8().unwrap().clone();
        let key = SigningKey::es256_from_pkcs8(document)
            .unwrap()
            .with_id(KeyId::parse("first").unwrap());
        let claims = AccessTokenClaims::new(self.user.as_str(), SystemClock.now(), Lifetime::from_minutes(10))
            .with_scopes(["me", "items"].map(|scope| ScopeToken::parse(scope).unwrap()))
            .with_client_id(ClientId::parse("app").unwrap())
            .with_token_id(TokenId::parse("long").unwrap());
        Signer::new(TokenRules::rfc9068(issuer.0, issuer.1), key)
            .issue(&claims)
            .unwrap()
            .expose()
            .to_owned()
    }
}

fn key_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().expect("a key id").to_owned()
}

/// Repeats a check until it succeeds, at most for this time ([`at_most`]).
fn wait_for(what: &str, most: Duration, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < at_most(most), "{what} after {most:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_load_runs_across_a_rotation_and_no_request_fails() {
    let site = Site::new();
    let (over, asked, keys) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let token = site.token();
                    keys.lock().unwrap().insert(key_of(&token));
                    for _ in 0..8 {
                        assert_eq!(site.items(&token), 200);
                        asked.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| across_a_rotation(&site)));
        over.store(true, Ordering::SeqCst);
        outcome.unwrap_or_else(|fault| std::panic::resume_unwind(fault));
    });
    assert_eq!(keys.into_inner().unwrap().len(), 2, "both keys signed under load");
    assert!(asked.into_inner() > 50);
}

fn across_a_rotation(site: &Site) {
    let (long, old) = (site.long_token(), site.token());
    assert_eq!(
        (key_of(&old), site.published()),
        ("first".to_owned(), vec!["first".to_owned()])
    );
    let begin = Instant::now();
    let run = site
        .shell
        .run_with(&["key", "rotate", "--format", "json"], "", &VARIABLES);
    let second = run.json()["kid"].as_str().unwrap().to_owned();

    // The next key is published while the first still signs, without a restart.
    wait_for("published", Duration::from_millis(2_900), || {
        site.published().contains(&second)
    });
    if begin.elapsed() < Duration::from_millis(900) {
        assert_eq!(key_of(&site.token()), "first", "known before it is used");
    }
    wait_for("in use", Duration::from_secs(ANNOUNCEMENT + 5), || {
        key_of(&site.token()) == second
    });
    let last_use = Instant::now();
    assert_eq!(
        site.items(&long),
        200,
        "the first key is retired, and its tokens are good"
    );
    wait_for("expired", Duration::from_secs(LIFETIME + 1), || site.items(&old) == 401);

    wait_for("gone", Duration::from_secs(LIFETIME + ANNOUNCEMENT + 5), || {
        site.published() == [second.clone()]
    });
    let stayed = last_use.elapsed();
    assert!(
        !asserts_times() || stayed > Duration::from_secs(LIFETIME - 1),
        "it stayed for its tokens: {stayed:?}"
    );
    assert_eq!(
        site.items(&long),
        401,
        "what its key signed is worth nothing without it"
    );
    assert_eq!(site.items(&site.token()), 200);
}

/// A server has seen tokens, caches them, and signs with their key. That key is removed: once
/// without a next one and once with one.
#[test]
fn a_removed_key_is_dropped_by_a_running_server() {
    let variables = [("SCOPEGATE_KEY_ANNOUNCEMENT", "4s")];
    let site = Site::with(&variables);
    let key = |line: &[&str]| {
        site.shell
            .run_with(&[line, &["--format", "json"]].concat(), "", &variables)
    };
    for has_next in [false, true] {
        let tokens = [site.token(), site.token()];
        for token in tokens.iter().chain(&tokens) {
            assert_eq!(site.items(token), 200, "verified, and then remembered");
        }
        if has_next {
            key(&["key", "rotate"]).json();
        }
        let leaked = key_of(&tokens[0]);
        let removed = key(&["key", "remove", &leaked]).json();
        // A quarter of the announcement, and time for a slow machine. The lifetime of the tokens is
        // half an hour.
        wait_for("dropped", Duration::from_secs(10), || {
            tokens.iter().all(|token| site.items(token) == 401)
        });
        let signs = removed["signs"]["kid"].as_str().unwrap();
        wait_for("published", Duration::from_secs(1), || site.published() == [signs]);
        let new = site.token();
        assert_eq!((key_of(&new).as_str(), site.items(&new)), (signs, 200));
    }
}

/// The server creates its keys by itself, and rotates on schedule.
#[test]
fn keys_rotate_by_themselves() {
    let shell = Shell::new();
    let database = format!("sqlite:{}", shell.path().join("scopegate.db").display());
    let server = Server::start(
        &["--key-rotation", "2s", "--database", &database],
        &[("SCOPEGATE_KEY_ANNOUNCEMENT", "1s")],
    );
    let keys = || {
        let list = shell.run(&["key", "list", "--format", "json"]).json();
        let keys = list["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = keys();
    assert_eq!(first.len(), 1);
    wait_for("three keys", Duration::from_secs(20), || keys().len() >= 3);
    let jwks = server.exchange(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(
        first.iter().all(|key| jwks.body.contains(key)),
        "its tokens live for half an hour"
    );
}

/// All keys are resealed under a running server. It reads the other key-encryption key by itself,
/// and continues to rotate.
fn rotates_on_after_a_rewrap(is_configured: bool) {
    let shell = Shell::new();
    let database = format!("sqlite:{}", shell.path().join("scopegate.db").display());
    let file = |name: &str, digits: &str| {
        let path = shell.path().join(name);
        std::fs::write(&path, digits.repeat(4)).unwrap();
        path.display().to_string()
    };
    let configured = file("kek", "0123456789abcdef");
    let mut variables = vec![("SCOPEGATE_KEY_ANNOUNCEMENT", "1s")];
    if is_configured {
        variables.push(("SCOPEGATE_KEY_ENCRYPTION_KEY_FILE", configured.as_str()));
    }
    let _server = Server::start(&["--key-rotation", "2s", "--database", &database], &variables);
    let keys = || {
        let list = shell.run(&["key", "list", "--format", "json"]).json();
        list["keys"].as_array().unwrap().len()
    };
    for digits in ["fedcba9876543210", "0f1e2d3c4b5a6978"] {
        let new = file("new.kek", digits);
        let line = ["key", "rewrap", "--format", "json", "--new-key-file", &new];
        let line = if is_configured { &line[..] } else { &line[..4] };
        assert!(shell.run_with(line, "", &variables).json()["rewrapped"].as_u64() > Some(0));
        if is_configured {
            std::fs::rename(new, &configured).unwrap();
        }
        let before = keys();
        // The first of them may already have been in preparation.
        wait_for("two more keys", Duration::from_secs(30), || keys() >= before + 2);
    }
}

/// A set of public keys in a cache must have a new key before that key signs.
#[test]
fn short_announcement_is_logged_with_its_remedy() {
    let line = |announcement: &str| {
        let options = ["--database", "sqlite::memory:", "--key-announcement", announcement];
        let (_, log) = Server::printed_at_start(&options);
        log.lines()
            .find(|line| line.contains("key_announcement"))
            .map(str::to_owned)
    };
    let warning = line("1m").unwrap();
    for part in [
        "WARN",
        "cache the public keys for 300 s",
        "set it to 600 s or more",
        "seconds=60",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    assert!(line("599s").is_some());
    assert_eq!(line("10m"), None);
}

#[test]
fn server_rotates_after_its_key_file_was_replaced() {
    rotates_on_after_a_rewrap(false);
}

#[test]
fn a_server_rotates_on_after_a_configured_file_was_replaced() {
    rotates_on_after_a_rewrap(true);
}

#[test]
fn the_tutorial_has_a_secret_and_shows_nothing() {
    let server = Server::start(&["--demo"], &[]);
    let request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(server.exchange(request).status, 404);
    let server = Server::start(&["--demo", "--profile", "rfc"], &[]);
    assert_eq!(server.exchange(request).status, 200);
}
