//! `scopegate token ..` in a shell.

use base64_simd::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::shell::{Run, Shell};

const SECRET: &[u8; 32] = b"a secret text of thirty-two byte";
const NOW: &str = "1700000000";
/// The issuer and the audience of the tokens.
const NAMED: [&str; 4] = [
    "--issuer",
    "https://issuer.example",
    "--audience",
    "https://api.example",
];
/// RFC 8037, appendix A.4.
const ED25519: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

fn token(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes());
    format!("{message}.{}", encode(tag))
}

fn tutorial(exp: i64) -> String {
    token(
        &json!({"alg": "HS256", "typ": "JWT"}),
        &json!({"sub": "johndoe", "scopes": ["me"], "exp": exp, "iat": 1_699_999_000}),
    )
}

fn rfc9068() -> String {
    token(
        &json!({"alg": "HS256", "typ": "at+jwt", "kid": "s"}),
        &json!({"iss": "https://issuer.example", "aud": "https://api.example", "sub": "u1", "client_id": "app",
            "iat": 1_700_000_000, "exp": 1_700_001_800, "jti": "t1", "scope": "me"}),
    )
}

/// A directory with a key set: a secret, an Ed25519 key, and one that cannot be used.
fn shell() -> Shell {
    let shell = Shell::new();
    let set = json!({"keys": [
        {"kty": "oct", "kid": "s", "alg": "HS256", "k": encode(SECRET)},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
    ]});
    std::fs::write(shell.path().join("keys.json"), set.to_string()).unwrap();
    shell
}

fn verify(shell: &Shell, token: &str, more: &[&str], input: &str) -> Run {
    let line = ["token", "verify", token, "--jwks", "keys.json", "--at", NOW];
    shell.run_with(&[&line[..], more].concat(), input, &[])
}

fn line(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_good_token_is_0_and_a_bad_one_1() {
    let shell = shell();
    let json = ["--profile", "tutorial", "--format", "json"];
    let good = verify(&shell, &tutorial(1_700_000_001), &json, "");
    assert_eq!(
        good.json(),
        json!({"valid": true, "rule": null,
            "claims": {"sub": "johndoe", "scopes": ["me"], "exp": 1_700_000_001, "iat": 1_699_999_000}})
    );
    for (token, rule) in [
        (tutorial(1_700_000_000), "expired"),
        (rfc9068(), "token_type"),
        (format!("{}=", tutorial(1_700_000_001)), "encoding"),
        ("hunter2".to_owned(), "segments"),
        (token(&json!({"alg": "none"}), &json!({})), "algorithm"),
        (
            token(&json!({"alg": "HS256", "kid": "other"}), &json!({})),
            "unknown_key",
        ),
        (token(&json!({"alg": "HS256", "crit": ["exp"]}), &json!({})), "crit"),
        (
            token(&json!({"alg": "HS256"}), &json!({"sub": "a", "exp": "1"})),
            "claim_type",
        ),
    ] {
        let run = verify(&shell, &token, &json, "");
        assert_eq!(
            (run.status, line(&run)),
            (1, json!({"valid": false, "rule": rule, "claims": null}))
        );
        assert!(!run.stderr.contains(&token), "{}", run.stderr);
    }
}

#[test]
fn each_profile_has_its_rules() {
    let shell = shell();
    let rfc = |more: &[&str]| verify(&shell, &rfc9068(), more, "");
    assert_eq!(rfc(&NAMED).status, 0, "rfc9068 where nothing else is said");
    assert_eq!(rfc(&[&["--profile", "rfc9068"], &NAMED[..]].concat()).status, 0);
    assert_eq!(rfc(&[&["--profile", "jwt"], &NAMED[..]].concat()).status, 0);
    assert_eq!(rfc(&["--profile", "jws"]).status, 0);
    assert_eq!(
        rfc(&["--issuer", "https://issuer.example", "--audience", "x"]).status,
        1
    );
    let refused = verify(
        &shell,
        &tutorial(1_800_000_000),
        &[&["--format", "json"], &NAMED[..]].concat(),
        "",
    );
    assert_eq!(line(&refused)["rule"], "token_type");

    let jws = verify(&shell, ED25519, &["--profile", "jws", "--format", "json"], "");
    assert_eq!(
        line(&jws),
        json!({"valid": true, "rule": null, "claims": null}),
        "its payload is no JSON"
    );
}

#[test]
fn bad_usage_is_2() {
    let shell = shell();
    let token = tutorial(1_800_000_000);
    let complaint = |more: &[&str]| verify(&shell, &token, more, "").complaint(2).to_owned();
    assert_eq!(complaint(&[]), "profile `rfc9068` needs --issuer and --audience");
    assert_eq!(
        complaint(&["--issuer", "https://i.example"]),
        "profile `rfc9068` needs --issuer and --audience"
    );
    assert_eq!(
        complaint(&["--profile", "tutorial", "--issuer", "x"]),
        "profile `tutorial` checks neither issuer nor audience"
    );
    assert!(complaint(&["--issuer", "é", "--audience", "a"]).starts_with("bad issuer `é`: "));
    let jws = |file: &str| {
        let run = shell.run(&["token", "verify", &token, "--jwks", file, "--profile", "jws"]);
        run.complaint(2).to_owned()
    };
    assert!(jws("none.json").starts_with("key set `none.json` cannot be read: "));
    for (text, said) in [
        ("", "text is not JSON"),
        ("{}", "text holds no list of keys"),
        ("[]", "text holds no list of keys"),
    ] {
        std::fs::write(shell.path().join("bad.json"), text).unwrap();
        assert_eq!(jws("bad.json"), format!("bad key set `bad.json`: {said}"));
    }
    if std::path::Path::new("/dev/zero").exists() {
        assert_eq!(
            jws("/dev/zero"),
            "bad key set `/dev/zero`: text is longer than 262144 bytes"
        );
    }
    for usage in [
        &["token", "verify", "x"][..],
        &["token", "verify", "x", "--jwks", "keys.json", "--profile", "x"],
    ] {
        assert_eq!(shell.run(usage).status, 2, "{usage:?}");
    }
}

#[test]
fn each_line_has_its_answer() {
    let shell = shell();
    let good = tutorial(1_700_000_001);
    let long = "x".repeat(100_000);
    let input = format!("{good}\n\n{good}\r\n{long}\nhunter2\n{good}=");
    let run = verify(&shell, "-", &["--profile", "tutorial"], &input);
    let answers: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rules: Vec<&Value> = answers.iter().map(|answer| &answer["rule"]).collect();
    assert_eq!(
        rules,
        [
            &Value::Null,
            &json!("segments"),
            &Value::Null,
            &json!("token_length"),
            &json!("segments"),
            &json!("encoding")
        ]
    );
    assert_eq!(run.status, 1);
    assert!(answers.iter().all(|answer| answer["valid"] == answer["rule"].is_null()));
    assert!(
        !run.stderr.contains("hunter2") && !run.stderr.contains(&good),
        "{}",
        run.stderr
    );
    let all = verify(&shell, "-", &["--profile", "tutorial"], &format!("{good}\n{good}\n"));
    assert_eq!((all.status, all.stdout.lines().count()), (0, 2));
    assert_eq!(
        verify(&shell, "-", &["--profile", "tutorial"], "")
            .stderr
            .lines()
            .last(),
        Some("error: standard input holds no token")
    );
}

#[test]
fn people_read_which_key_which_rule_and_when() {
    let shell = shell();
    let good = verify(&shell, &rfc9068(), &NAMED, "");
    for words in [
        "valid\n",
        "key: `s`, HS256\n",
        "expires in 30 minutes (2023-11-14T22:43:20Z)",
        "was issued now (2023-11-14T22:13:20Z)",
        "\"sub\": \"u1\"",
    ] {
        assert!(good.stdout.contains(words), "{words}: {}", good.stdout);
    }
    assert!(
        good.stderr.contains("1 of the keys in `keys.json` cannot be used: "),
        "{}",
        good.stderr
    );
    let refused = verify(&shell, &tutorial(1_699_996_400), &["--profile", "tutorial"], "");
    for words in [
        "refused: token has expired (rule `expired`)",
        "expired 1 hour ago",
        "key: `s`, HS256",
    ] {
        assert!(refused.stdout.contains(words), "{words}: {}", refused.stdout);
    }
    let ed25519 = verify(&shell, ED25519, &["--profile", "jws"], "").stdout;
    assert!(
        ed25519.contains("key: without id, EdDSA, thumbprint kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        "{ed25519}"
    );
    let none = verify(
        &shell,
        &token(&json!({"alg": "ES384"}), &json!({})),
        &["--profile", "jws"],
        "",
    )
    .stdout;
    assert!(none.contains("key: none of the set"), "{none}");
}

#[test]
fn weak_keys_verify_with_the_flag() {
    let shell = Shell::new();
    let message = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode("{}"));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), message.as_bytes());
    let token = format!("{message}.{}", encode(tag));
    let set = json!({"keys": [{"kty": "oct", "k": encode("secret")}]}).to_string();
    std::fs::write(shell.path().join("keys.json"), set).unwrap();
    assert_eq!(verify(&shell, &token, &["--profile", "jws"], "").status, 1);
    assert_eq!(
        verify(&shell, &token, &["--profile", "jws", "--allow-weak-keys"], "").status,
        0
    );
}

#[test]
fn an_inspection_says_what_no_verifier_takes() {
    let shell = Shell::new();
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIiwiZXhwIjo1fQ.";
    let human = shell.run(&["token", "inspect", none]).stdout;
    for words in [
        "Every verifier refuses it: algorithm is not that of the key (rule `algorithm`).",
        "Nothing of this was verified.",
        "years ago (1970-01-01T00:00:05Z)",
        "key: the one of none, for none is named",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
    let input = format!("{none}\n\n{}\n", rfc9068());
    let lines = shell.run_with(&["token", "inspect", "-", "--format", "json"], &input, &[]);
    let seen: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (seen.len(), &seen[0]["rule"], &seen[1]["rule"]),
        (2, &json!("algorithm"), &Value::Null)
    );
    assert_eq!(seen[1]["header"]["kid"], "s");
}
