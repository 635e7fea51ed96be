//! `scopegate key ..` in a shell, and its effect on the files next to a database.

#![expect(clippy::disallowed_methods, reason = "a test waits for a key to take over")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{AccessTokenClaims, Audience, ClientId, Issuer, Lifetime, SystemClock, TokenId};
use scopegate_token::{Algorithm, Signer, SigningKey, TokenRules};
use serde_json::{Value, json};

use crate::shell::{Run, Shell};

/// An announcement of one second, so that a test need not wait for an hour.
const SOON: [(&str, &str); 1] = [("SCOPEGATE_KEY_ANNOUNCEMENT", "1s")];

/// A folder with a database.
fn shell() -> Shell {
    let shell = Shell::new();
    assert_eq!(shell.run(&["migrate"]).status, 0);
    shell
}

fn json(shell: &Shell, line: &[&str]) -> Value {
    shell.run(&[line, &["--format", "json"]].concat()).json()
}

fn soon(shell: &Shell, line: &[&str]) -> Run {
    shell.run_with(&[line, &["--format", "json"]].concat(), "", &SOON)
}

fn states(shell: &Shell) -> Vec<(String, String)> {
    let list = json(shell, &["key", "list"]);
    let keys = list["keys"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    keys.map(|key| (text(&key["kid"]), text(&key["state"]))).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn file(shell: &Shell, name: &str, text: &str) -> String {
    fs::write(shell.path().join(name), text).unwrap();
    name.to_owned()
}

fn files_next_to(shell: &Shell) -> Vec<String> {
    let entries = fs::read_dir(shell.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name.starts_with("scopegate.db"));
    names.sort();
    names
}

#[test]
fn a_key_from_beginning_to_end() {
    let shell = shell();
    assert_eq!(json(&shell, &["key", "list"]), json!({ "keys": [] }));
    assert_eq!(files_next_to(&shell), ["scopegate.db"], "nothing is made by looking");

    let first = json(&shell, &["key", "rotate"]);
    assert_eq!(
        (
            &first["algorithm"],
            &first["state"],
            &first["epoch"],
            &first["leaves_at"]
        ),
        (&json!("ES256"), &json!("current"), &json!(1), &Value::Null)
    );
    assert_eq!(files_next_to(&shell), ["scopegate.db", "scopegate.db.kek"]);
    let second = soon(&shell, &["key", "rotate", "--algorithm", "EdDSA"]).json();
    assert_eq!(
        (&second["algorithm"], &second["state"]),
        (&json!("EdDSA"), &json!("next"))
    );
    let first = first["kid"].as_str().unwrap();
    let taken_over = [(first, "retired"), (second["kid"].as_str().unwrap(), "current")];
    let taken_over = taken_over.map(|(id, state)| (id.to_owned(), state.to_owned()));
    let deadline = Instant::now() + Duration::from_secs(20);
    while states(&shell) != taken_over {
        assert!(Instant::now() < deadline, "{:?}", states(&shell));
        std::thread::sleep(Duration::from_millis(50));
    }
    let human = shell.run(&["key", "list"]).stdout;
    assert!(
        human.contains(first) && human.contains("retired") && human.contains("EdDSA"),
        "{human}"
    );
    assert!(
        shell
            .run(&["key", "rotate"])
            .stdout
            .contains("is published, and signs from 20")
    );

    // The announcement is an hour, which leaves time for a second check.
    let waiting = states(&shell).pop().unwrap();
    assert_eq!(waiting.1, "next");
    let no = shell.run(&["key", "rotate"]);
    assert!(
        no.complaint(1)
            .starts_with(&format!("key `{}` is already scheduled to sign, at 20", waiting.0)),
        "{}",
        no.stderr
    );
    let remedy = format!("remove that key with `scopegate key remove {}`", waiting.0);
    assert!(no.complaint(1).ends_with(&remedy), "{}", no.stderr);
    assert_eq!(shell.run(&["key", "remove", &waiting.0, "--yes"]).status, 0);
}

#[test]
fn a_key_that_leaked_is_removed() {
    let shell = shell();
    let no = shell.run(&["key", "remove", "k1"]);
    assert_eq!(no.complaint(1), "there is no key `k1`");
    assert_eq!(
        shell.run(&["key", "remove", ""]).complaint(2),
        "bad id ``: identifier is empty"
    );
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    let first = kid(&json(&shell, &["key", "rotate"]));
    let next = kid(&json(&shell, &["key", "rotate"]));
    let removed = json(&shell, &["key", "remove", &first]);
    assert_eq!(removed["removed"], json!(first));
    assert_eq!(
        (kid(&removed["signs"]), &removed["signs"]["state"]),
        (next.clone(), &json!("current")),
        "it does not wait for its time"
    );
    assert_eq!(states(&shell), [(next.clone(), "current".to_owned())]);

    // The last key is removed: the program creates another, sealed with the same key-encryption
    // key.
    let human = shell.run(&["key", "remove", &next]);
    let [(new, state)] = states(&shell).try_into().unwrap();
    assert_eq!(
        (human.stdout.as_str(), state.as_str()),
        (format!("removed key `{next}`; key `{new}` signs\n").as_str(), "current")
    );
    assert!(new != first && new != next);
    assert_eq!(
        shell.run(&["key", "remove", &next]).complaint(1),
        format!("there is no key `{next}`")
    );
    assert_eq!(json(&shell, &["key", "rewrap"]), json!({ "rewrapped": 1 }));
}

#[test]
fn keys_made_elsewhere_are_imported_and_weak_ones_refused() {
    let shell = shell();
    let own = SigningKey::es256_generate().unwrap();
    let own = pem("PRIVATE KEY", own.to_pkcs8().unwrap().expose());
    let name = file(&shell, "own.pem", &own);
    let added = json(&shell, &["key", "import", &name, "--id", "own"]);
    assert_eq!((&added["kid"], &added["state"]), (&json!("own"), &json!("current")));
    let again = shell.run_with(&["key", "import", &name, "--id", "own"], "", &SOON);
    assert_eq!(again.complaint(1), "there is a key `own` already");

    // RFC 8037, appendix A.1.
    let jwk = r#" {"kty":"OKP","crv":"Ed25519","kid":"jwk","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let jwk = file(&shell, "jwk.json", jwk);
    let added = soon(&shell, &["key", "import", &jwk]).json();
    assert_eq!(
        (&added["kid"], &added["algorithm"], &added["state"]),
        (&json!("jwk"), &json!("EdDSA"), &json!("next"))
    );
}

#[test]
fn import_of_an_unsuitable_key_is_refused() {
    let shell = shell();
    let shared = format!(r#"{{"kty":"oct","k":"{}"}}"#, URL_SAFE_NO_PAD.encode_to_string([7; 32]));
    let public = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (text, said) in [
        (
            shared.as_str(),
            "key is symmetric; import a private RSA, EC or Ed25519 key",
        ),
        (public, "not a key of this kind; give a private key in PEM"),
        ("hunter2", "not a key of this kind; give a private key in PEM"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "is encrypted; decrypt it with `openssl pkey -in ",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nhunter2\n",
            "is encrypted; decrypt it with `openssl pkey -in ",
        ),
        ("{\"kty\":", "not a key of this kind"),
        (
            include_str!("../../../token/tests/data/rsa_short.pem"),
            "RSA key is shorter than 2048 bits",
        ),
    ] {
        let name = file(&shell, "other", text);
        let run = shell.run(&["key", "import", &name]);
        assert!(
            run.complaint(2).contains(said) && !run.stderr.contains("hunter2"),
            "{said}: {}",
            run.stderr
        );
    }
    assert_eq!(states(&shell), []);
    assert!(
        shell
            .run(&["key", "import", "none"])
            .complaint(2)
            .contains("`none` cannot be read")
    );
    let own = SigningKey::es256_generate().unwrap();
    let own = file(&shell, "own.pem", &pem("PRIVATE KEY", own.to_pkcs8().unwrap().expose()));
    let wrong = shell.run(&["key", "import", &own, "--algorithm", "RS256"]);
    assert!(
        wrong.complaint(2).starts_with("bad algorithm `RS256` for this key"),
        "{}",
        wrong.stderr
    );
    for algorithm in ["RS256", "HS256", "es256", "none", ""] {
        let refused = shell.run(&["key", "rotate", "--algorithm", algorithm]);
        assert_eq!(
            refused.complaint(2),
            format!(
                "bad algorithm `{algorithm}`: a new key is for ES256, ES384, EdDSA; `scopegate key import` accepts keys for \
                 others"
            )
        );
    }
}

#[test]
fn the_key_encryption_key_is_changed_over_all_keys() {
    let shell = shell();
    assert_eq!(shell.run(&["key", "rewrap"]).complaint(1), "there is no key yet");
    json(&shell, &["key", "rotate"]);
    soon(&shell, &["key", "rotate"]).json();
    let kek = || fs::read_to_string(shell.path().join("scopegate.db.kek")).unwrap();
    let before = kek();
    assert_eq!(json(&shell, &["key", "rewrap"]), json!({ "rewrapped": 2 }));
    let after = kek();
    assert_ne!(before, after);
    assert_eq!(files_next_to(&shell), ["scopegate.db", "scopegate.db.kek"]);
    assert_eq!(
        json(&shell, &["key", "rewrap"]),
        json!({ "rewrapped": 2 }),
        "the new one is in use"
    );

    // The key moves into the configuration, so the file next to the database is removed.
    let new = file(&shell, "new.kek", &format!("{}\n", "0123456789abcdef".repeat(4)));
    let moved = shell.run(&["key", "rewrap", "--new-key-file", &new, "--format", "json"]);
    assert_eq!(moved.json(), json!({ "rewrapped": 2 }));
    assert_eq!(files_next_to(&shell), ["scopegate.db"]);
    let lost = shell.run(&["key", "rewrap"]);
    assert!(
        lost.complaint(2).contains("scopegate.db.kek` is missing"),
        "{}",
        lost.stderr
    );
    let configured = [("SCOPEGATE_KEY_ENCRYPTION_KEY_FILE", new.as_str())];
    let bare = shell.run_with(&["key", "rewrap"], "", &configured);
    assert!(bare.complaint(2).contains("--new-key-file"), "{}", bare.stderr);
    let wrong = [("SCOPEGATE_KEY_ENCRYPTION_KEY", after.trim_end())];
    let refused = shell.run_with(&["key", "rewrap", "--new-key-file", &new], "", &wrong);
    assert!(
        refused.complaint(2).contains("sealed with another key-encryption key") && !refused.stderr.contains(&after),
        "{}",
        refused.stderr
    );
    for line in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = shell.run_with(line, "", &wrong);
        let error = refused.stderr.lines().last().unwrap_or_default();
        assert!(
            refused.status == 2 && error.contains("configure the one of the time when the keys were stored"),
            "{line:?}: {error}"
        );
    }
    let other = file(&shell, "other.kek", &after);
    let run = shell.run_with(
        &["key", "rewrap", "--new-key-file", &other, "--format", "json"],
        "",
        &configured,
    );
    assert_eq!(run.json(), json!({ "rewrapped": 2 }));
    assert_eq!(states(&shell).len(), 2);
}

#[test]
fn a_key_encryption_key_that_is_none_is_not_repeated() {
    let shell = shell();
    for name in ["SCOPEGATE_KEY_ENCRYPTION_KEY", "SCOPEGATE_KEY_ENCRYPTION_KEY_FILE"] {
        let value = if name.ends_with("FILE") {
            file(&shell, "kek", "hunter2 and more")
        } else {
            "hunter2".to_owned()
        };
        let run = shell.run_with(&["config", "check"], "", &[(name, &value)]);
        assert!(
            run.complaint(2).contains("expected 32 bytes") && !run.stderr.contains("hunter2"),
            "{}",
            run.stderr
        );
    }
    let hidden = "ab".repeat(32);
    let run = shell.run_with(&["config", "check"], "", &[("SCOPEGATE_KEY_ENCRYPTION_KEY", &hidden)]);
    assert!(
        run.stdout.contains("key_encryption_key is set and hidden") && !run.stdout.contains(&hidden),
        "{}",
        run.stdout
    );
}

/// The database of an earlier version, with the unencrypted key next to it.
struct Earlier {
    shell: Shell,
    key: SigningKey,
    file: PathBuf,
}

impl Earlier {
    fn new() -> Self {
        let (shell, key) = (shell(), SigningKey::generate(Algorithm::Es256).unwrap());
        let earlier = Self {
            file: shell.path().join("scopegate.db.key"),
            shell,
            key,
        };
        earlier.keep(earlier.document());
        earlier
    }

    fn document(&self) -> &[u8] {
        self.key.to_pkcs8().unwrap().expose()
    }

    fn keep(&self, bytes: &[u8]) {
        fs::write(&self.file, bytes).unwrap();
        fs::set_permissions(&self.file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn the_key_of_an_earlier_version_is_taken_in_and_its_file_goes() {
    let earlier = Earlier::new();
    let (shell, document) = (&earlier.shell, earlier.document());
    json(shell, &["key", "rotate"]);
    assert_eq!(files_next_to(shell), ["scopegate.db", "scopegate.db.kek"]);
    let [(_, one), (_, two)] = states(shell).try_into().unwrap();
    assert_eq!((one.as_str(), two.as_str()), ("current", "next"));
    let database = fs::read(shell.path().join("scopegate.db")).unwrap();
    let mut windows = database.windows(32);
    let is_bare = windows.any(|window| document.windows(32).any(|bare| bare == window));
    assert!(!is_bare && database.len() > 4_096);

    // An earlier run ended before it removed the file: the next run removes it. The file of another
    // key stays.
    earlier.keep(document);
    json(shell, &["key", "rewrap"]);
    assert!(!earlier.file.exists());
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    earlier.keep(other.to_pkcs8().unwrap().expose());
    json(shell, &["key", "rewrap"]);
    assert!(earlier.file.exists());
    earlier.keep(b"hunter2");
    let wrong = shell.run(&["key", "rewrap"]);
    assert!(
        wrong.complaint(2).contains("scopegate.db.key") && !wrong.stderr.contains("hunter2"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn tokens_of_an_earlier_version_survive_a_rotation() {
    let earlier = Earlier::new();
    let (shell, issuer) = (&earlier.shell, "https://id.example");
    let rules = TokenRules::rfc9068(
        Issuer::parse(issuer).unwrap(),
        Audience::parse(crate::support::OWN_AUDIENCE).unwrap(),
    );
    let add = ["user", "add", "mary", "--password-stdin", "--format", "json"];
    let user = shell.run_with(&add, "correct horse", &[]).json();
    let now = scopegate_domain::Clock::now(&SystemClock);
    let claims = AccessTokenClaims::new(user["id"].as_str().unwrap(), now, Lifetime::from_minutes(5))
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t").unwrap());
    let sign = |key: SigningKey| Signer::new(rules.clone(), key).issue(&claims).unwrap();
    let own = SigningKey::es256_from_pkcs8(earlier.key.to_pkcs8().unwrap().clone()).unwrap();
    let (token, other) = (sign(own), sign(SigningKey::es256_generate().unwrap()));

    json(shell, &["key", "rotate"]);
    let database = format!("sqlite:{}", shell.path().join("scopegate.db").display());
    let server = crate::support::Server::start(&["--issuer", issuer, "--database", &database], &[]);
    let status = |token: &str| {
        let head = "GET /status/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer";
        server.exchange(format!("{head} {token}\r\n\r\n").as_bytes()).status
    };
    assert_eq!((status(token.expose()), status(other.expose())), (200, 401));
}
