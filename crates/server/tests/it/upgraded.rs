//! A database of the release before, with its keys and its tokens, after an upgrade.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64_simd::STANDARD;
use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Clock as _, Issuer, KeyId, Lifetime, NewsLane, SystemClock, TokenId,
};
use scopegate_token::{KeyEncryptionKey, Signer, SigningKey, TokenRules};

use crate::shell::Shell;
use crate::support::{OWN_AUDIENCE, Server};
use crate::user_names::VERSION_8;

/// The key that seals its signing key.
const KEK: &str = "vug1g_XqAMoPRyf9Q3XPB90XQFUxDXvYY65UXjymTS4";

const ISSUER: &str = "https://id.example";

/// The client `web`, and revocations of the client `app` and of the token `gone`, made now.
fn changes(now: i64) -> String {
    let (lane, end) = (NewsLane::of("gone").number(), now + 3_600);
    format!(
        "INSERT INTO clients VALUES ('web', 'Web', NULL, '', '', 'me', 0); \
         UPDATE news SET issued_until = {now}, ends_at = {end}; \
         UPDATE news_head SET place = place + 1 WHERE lane = {lane}; \
         INSERT INTO news SELECT {lane}, place, 3, 'gone', NULL, {now}, NULL, {end} FROM news_head WHERE lane = {lane};"
    )
}

/// Makes the database and its key file.
fn version_8(shell: &Shell, now: i64) -> String {
    let path = shell.path().join("a.db");
    let kek = shell.path().join("a.db.kek");
    fs::write(&kek, KEK).unwrap();
    fs::set_permissions(kek, fs::Permissions::from_mode(0o600)).unwrap();
    crate::configuration::change(&path, &format!("{VERSION_8}{}", changes(now)));
    format!("sqlite:{}", path.display())
}

/// Opens the signing key of the database, as the program of that time did.
fn signing_key() -> SigningKey {
    let row = VERSION_8
        .lines()
        .find(|line| line.starts_with("INSERT INTO signing_keys"))
        .unwrap();
    let mut texts = row.split('\'').skip(1).step_by(2);
    let (id, algorithm, sealed) = (texts.next().unwrap(), texts.next().unwrap(), texts.next().unwrap());
    let sealed: Vec<_> = (0..sealed.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(sealed.get(at..at + 2).unwrap(), 16).unwrap())
        .collect();
    let kek = KeyEncryptionKey::parse(&scopegate_domain::Secret::new(KEK.to_owned())).unwrap();
    let id = KeyId::parse(id).unwrap();
    let key = kek.open(&id, algorithm, &sealed).unwrap();
    SigningKey::es256_from_pkcs8(key).unwrap().with_id(id)
}

/// Signs a token of `ada`, for this client and with this id.
fn token(client: &str, id: &str) -> String {
    let (issuer, audience) = (Issuer::parse(ISSUER).unwrap(), Audience::parse(OWN_AUDIENCE).unwrap());
    let claims = AccessTokenClaims::new("0a1b2c3d", SystemClock.now(), Lifetime::from_minutes(5))
        .with_client_id(ClientId::parse(client).unwrap())
        .with_token_id(TokenId::parse(id).unwrap());
    let signer = Signer::new(TokenRules::rfc9068(issuer, audience), signing_key());
    signer.issue(&claims).unwrap().expose().to_owned()
}

#[test]
fn tokens_and_revocations_survive_an_upgrade() {
    let shell = Shell::new();
    // The revocations cover what was issued before them.
    let tokens = [
        token("web", "kept"),
        token("app", "of a revoked client"),
        token("web", "gone"),
    ];
    let url = version_8(&shell, SystemClock.now().as_unix());
    let migrated = shell.run(&["migrate", "--database", &url]);
    assert_eq!(migrated.status, 0, "{}", migrated.stderr);
    let added = shell.run(&[
        "client",
        "add",
        "api",
        "--id",
        "api",
        "--confidential",
        "--introspect",
        "--resource",
        OWN_AUDIENCE,
        "--format",
        "json",
        "--database",
        &url,
    ]);
    let secret = added.json()["client_secret"].as_str().unwrap().to_owned();
    let server = Server::start(&["--issuer", ISSUER, "--database", &url], &[]);
    let head = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization:";
    let pair = STANDARD.encode_to_string(format!("api:{secret}"));
    let answers = tokens.map(|token| {
        let gate = server.exchange(format!("GET /status/ {head} Bearer {token}\r\n\r\n").as_bytes());
        let form = format!("token={token}");
        let kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length:";
        let asked = format!(
            "POST /introspect {head} Basic {pair}\r\n{kind} {}\r\n\r\n{form}",
            form.len()
        );
        let introspected = server.exchange(asked.as_bytes());
        (
            gate.status,
            introspected.body.starts_with("{\"active\":true,"),
            introspected.status,
        )
    });
    assert_eq!(answers, [(200, true, 200), (401, false, 200), (401, false, 200)]);
}
