//! The metrics count exactly the requests that were made. No outside client can multiply their
//! labels.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;

use crate::admin::fixture::{AdminFixture, SECRET_KEY, more};
use crate::admin::shadow::{file, proposed};
use crate::shell::Shell;

/// A token of the demo for any user, by name.
fn forge(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let parts = [
        r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(),
        format!(r#"{{"sub":"{name}","scope":"me","exp":{}}}"#, now + 600),
    ];
    let signed = parts.map(|part| URL_SAFE_NO_PAD.encode_to_string(part)).join(".");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET_KEY.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Sends a known list of requests.
fn play(fixture: &AdminFixture) {
    let get = |path: &str, headers: &str| fixture.call("GET", path, headers, "").status;
    for _ in 0..3 {
        assert_eq!(get("/status/", ""), 401);
    }
    let token = bearer(&fixture.token("me"));
    assert_eq!(fixture.log_in("username=johndoe&password=wrong").status, 400);
    for _ in 0..2 {
        assert_eq!(get("/users/me/", &token), 200);
        assert_eq!(get("/status/", &bearer("no.token")), 401);
    }
    assert_eq!(get("/users/me/items/", &token), 401);
    assert_eq!(get("/users/me/", &bearer(&forge("nobody"))), 401);
    for page in ["/openapi.json", "/docs"] {
        assert_eq!(get(page, ""), 200);
    }
    for _ in 0..5 {
        assert_eq!(get("/nowhere", ""), 404);
    }
    assert_eq!(get("/status", ""), 307);
    assert_eq!(fixture.call("PUT", "/status/", "", "").status, 405);
}

#[test]
fn what_was_done_is_counted() {
    let fixture = AdminFixture::start(&[]);
    play(&fixture);
    let samples = fixture.samples();
    let requests = |method: &str, route: &str, status: &str| {
        format!(r#"scopegate_requests_total{{method="{method}",route="{route}",status="{status}"}}"#)
    };
    let remembered = |what: &str| format!(r#"scopegate_token_cache_{what}{{scheme="OAuth2PasswordBearer"}}"#);
    for (sample, count) in [
        (requests("GET", "/status/", "4xx"), 5),
        (requests("GET", "/status/", "2xx"), 0),
        (requests("GET", "/users/me/", "2xx"), 2),
        (requests("GET", "/users/me/", "4xx"), 1),
        (requests("GET", "/users/me/items/", "4xx"), 1),
        (requests("POST", "/token", "2xx"), 1),
        (requests("POST", "/token", "4xx"), 1),
        (requests("GET", "(documentation)", "2xx"), 2),
        (requests("(any)", "(unknown)", "4xx"), 6),
        (requests("(any)", "(unknown)", "3xx"), 1),
        (
            r#"scopegate_request_duration_seconds_count{method="GET",route="/users/me/"}"#.into(),
            3,
        ),
        (r#"scopegate_decisions_total{decision="allow"}"#.into(), 2),
        (r#"scopegate_decisions_total{decision="unauthenticated"}"#.into(), 3),
        (r#"scopegate_decisions_total{decision="insufficient_scope"}"#.into(), 1),
        (r#"scopegate_decisions_total{decision="invalid_token"}"#.into(), 3),
        (r#"scopegate_decisions_total{decision="forbidden"}"#.into(), 0),
        (r#"scopegate_refused_credentials_total{rule="segments"}"#.into(), 2),
        ("scopegate_hashing_duration_seconds_count".into(), 2),
        ("scopegate_hashing_running".into(), 0),
        ("scopegate_hashing_queued".into(), 0),
        ("scopegate_hashing_refused_total".into(), 0),
        (
            r#"scopegate_store_duration_seconds_count{method="users.find"}"#.into(),
            2,
        ),
        (
            r#"scopegate_store_duration_seconds_count{method="users.find_account"}"#.into(),
            // A successful login reads the account again at its end.
            3,
        ),
        (r#"scopegate_store_errors_total{method="users.find"}"#.into(), 0),
        (remembered("hits_total"), 2),
        (remembered("misses_total"), 4),
        (remembered("evictions_total"), 0),
        (remembered("entries"), 2),
        ("scopegate_revocations".into(), 0),
        ("scopegate_draining".into(), 0),
        (
            format!(r#"scopegate_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")),
            1,
        ),
        (r#"scopegate_connections_accepted_total{listener="public"}"#.into(), 20),
        (r#"scopegate_connections_accepted_total{listener="admin"}"#.into(), 1),
    ] {
        assert_eq!(samples.count(&sample), count, "{sample}");
    }
    let started = samples.value("process_start_time_seconds");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 600.0..=now).contains(&started), "{started}");
}

#[test]
fn metrics_match_the_documented_list() {
    let policy = file(&proposed());
    let fixture = AdminFixture::start(&["--shadow-policy", policy.path().to_str().unwrap()]);
    play(&fixture);
    let told: BTreeSet<String> = include_str!("../../../../../docs/operations.md")
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned()))
        .filter(|name| name.starts_with("scopegate_") || name.starts_with("process_"))
        .collect();
    let families: BTreeSet<String> = fixture.samples().families.into_keys().collect();
    assert_eq!(told, families, "docs/operations.md and /metrics");
}

#[test]
fn strangers_make_no_series() {
    let fixture = AdminFixture::start(&[]);
    play(&fixture);
    let _ = fixture.samples();
    let before = fixture.samples();
    for number in 0..1_000 {
        let path = format!("/nowhere/{number}?{number}={number}");
        assert_eq!(fixture.call(&format!("M{number}"), &path, "", "").status, 404);
        let name = forge(&format!("user{number}"));
        assert_eq!(fixture.call("GET", "/users/me/", &bearer(&name), "").status, 401);
    }
    let after = fixture.samples();
    assert_eq!(before.series(), after.series());
    let unknown = r#"scopegate_requests_total{method="(any)",route="(unknown)",status="4xx"}"#;
    assert_eq!(after.count(unknown) - before.count(unknown), 1_000);
    let found = r#"scopegate_store_duration_seconds_count{method="users.find"}"#;
    assert_eq!(after.count(found) - before.count(found), 1_000);
}

#[test]
fn store_is_probed_once_for_many_requests() {
    let fixture = AdminFixture::start(&[]);
    let begin = std::time::Instant::now();
    for _ in 0..300 {
        assert_eq!(fixture.ask("GET", "/readyz").status, 200);
    }
    let at_most = begin.elapsed().as_secs_f64() + 1.0;
    let pings = r#"scopegate_store_duration_seconds_count{method="ping"}"#;
    let asked = fixture.samples().value(pings);
    assert!((1.0..=at_most).contains(&asked), "{asked} times in {at_most} s");
}

#[test]
fn cached_client_gets_tokens_without_a_query() {
    let shell = Shell::new();
    let added = shell.add_client(
        "billing",
        &["--grant", "client_credentials", "--scope", "me", "--introspect"],
    );
    let secret = added.json()["client_secret"].as_str().expect("a secret").to_owned();
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let fixture = AdminFixture::serve(&["--database", &database, "--revocation-age", "1m"]);
    let pair = STANDARD.encode_to_string(format!("billing:{secret}"));
    let headers = format!("Authorization: Basic {pair}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let token = || {
        let answer = fixture.call("POST", "/token", &headers, "grant_type=client_credentials");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a token");
        body["access_token"].as_str().expect("a token").to_owned()
    };
    let first = token();
    // The log of changes is read each 15 s. A round with such a read is repeated.
    for round in 1.. {
        let before = fixture.store_calls();
        for _ in 0..20 {
            assert_ne!(token(), first);
        }
        let answer = fixture.call("POST", "/introspect", &headers, &format!("token={first}"));
        assert!(answer.body.starts_with("{\"active\":true"), "{}", answer.body);
        let after = fixture.store_calls();
        if before == after {
            return;
        }
        assert!(round < 5, "{before:?}\n{after:?}");
    }
}

#[test]
fn rows_of_each_table_are_shown() {
    let shell = Shell::new();
    for name in ["one", "two", "three"] {
        shell.add_client(name, &["--grant", "client_credentials", "--scope", "me"]);
    }
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let fixture = AdminFixture::serve(&["--database", &database]);
    fixture.wait_for_cleanup();
    let samples = fixture.samples();
    let rows: BTreeMap<_, _> = shell.rows().into_iter().collect();
    for table in [
        "audit", "clients", "codes", "consents", "families", "news", "sessions", "users",
    ] {
        let shown = samples.count(&format!(r#"scopegate_rows{{table="{table}"}}"#));
        assert_eq!(i64::try_from(shown).unwrap(), rows[table], "{table}");
    }
    assert_eq!(rows["clients"], 3);
    assert!(rows["audit"] >= 3);
}

/// An answer about the token of a user reads the user once, and then nothing.
#[test]
fn introspection_reads_a_user_once() {
    let shell = Shell::new();
    let added = shell.add_client("api", &["--introspect"]);
    let secret = added.json()["client_secret"].as_str().expect("a secret").to_owned();
    let database = ["--database", "sqlite:a.db"];
    let app = [
        "client", "add", "App", "--id", "app", "--public", "--grant", "password", "--scope", "me",
    ];
    assert_eq!(shell.run(&[&app[..], &database].concat()).status, 0);
    let url = format!("sqlite:{}", shell.path().join("a.db").display());
    let fixture = AdminFixture::serve(&["--password-grant", "--database", &url, "--revocation-age", "1m"]);
    let pair = STANDARD.encode_to_string(format!("api:{secret}"));
    let headers = format!("Authorization: Basic {pair}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let introspect = |token: &str, is_active: &str| {
        let answer = fixture.call("POST", "/introspect", &headers, &format!("token={token}"));
        assert!(
            answer.body.starts_with(&format!("{{\"active\":{is_active}")),
            "{}",
            answer.body
        );
    };
    // The client is cached from here on.
    introspect("x", "false");
    // The log of changes is read each 15 s. A round with such a read is repeated, for another user.
    for round in 1.. {
        let name = format!("mary{round}");
        let user = ["user", "add", &name, "--scope", "me", "--password-stdin"];
        assert_eq!(
            shell
                .run_with(&[&user[..], &database].concat(), "long secret", &[])
                .status,
            0
        );
        let answer = fixture.log_in(&format!(
            "grant_type=password&client_id=app&username={name}&password=long+secret"
        ));
        let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a token");
        let token = body["access_token"].as_str().expect("a token");
        let before = fixture.store_calls();
        introspect(token, "true");
        let first = fixture.store_calls();
        for _ in 0..20 {
            introspect(token, "true");
        }
        let found = r#"scopegate_store_duration_seconds_count{method="users.find_by_id"}"#.to_owned();
        let calls = (more(&before, &first), more(&first, &fixture.store_calls()));
        if calls == (vec![(found, 1)], vec![]) {
            return;
        }
        assert!(round < 5, "{calls:?}");
    }
}
