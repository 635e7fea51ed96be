//! What requests add to the database, and that no secret is among it.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{AuditFixture, DATABASE, PASSWORD, log_in, post, stop, token};
use crate::support::{Server, scopegate};

/// The number of requests of each kind. A login hashes a password, so there are fewer.
const MANY: usize = 1_000;
const LOGINS: usize = 30;

/// The requests that write nothing but the counters of the audit log.
#[test]
fn requests_add_one_row_a_minute() {
    let fixture = AuditFixture::new();
    let server = fixture.serve(&["--login-throttle", "false"]);
    let billing = ("billing", fixture.billing.as_str());
    let bearer = token(&server, billing);
    stop(server);
    let before = fixture.rows();
    let server = fixture.serve(&["--login-throttle", "false"]);
    for number in 0..MANY {
        let form = "grant_type=client_credentials";
        let statuses = [
            post(&server, "/token", Some(billing), form).status,
            post(
                &server,
                "/introspect",
                Some(("api", &fixture.api)),
                &format!("token={bearer}"),
            )
            .status,
            post(&server, "/token", Some(("billing", "wrong")), form).status,
            post(&server, "/token", Some(("invented", &number.to_string())), form).status,
            post(
                &server,
                "/token",
                Some(billing),
                "grant_type=client_credentials&scope=undeclared",
            )
            .status,
        ];
        assert_eq!(statuses, [200, 200, 401, 401, 400]);
    }
    for number in 0..LOGINS {
        assert_eq!(log_in(&server, "johndoe", "wrong").status, 400);
        assert_eq!(log_in(&server, &format!("invented{number}"), "wrong").status, 400);
        assert_eq!(log_in(&server, "johndoe", PASSWORD).status, 200);
    }
    stop(server);
    let added = fixture.entries(&[]);
    let count = |event: &str, client: &str| {
        let is_it = |entry: &&Value| entry["event"] == event && entry["client_id"] == client;
        let counts = added.iter().filter(is_it).map(|entry| entry["count"].as_u64().unwrap());
        counts.sum::<u64>()
    };
    let (many, logins) = (u64::try_from(MANY).unwrap(), u64::try_from(LOGINS).unwrap());
    // One token was issued before.
    assert_eq!(count("token.issued", "billing"), many + 1);
    assert_eq!(count("token.introspected", "api"), many);
    assert_eq!(count("client.authentication-failed", "billing"), many);
    assert_eq!(count("token.refused", "billing"), many);
    for event in ["login.failed", "login.succeeded", "token.issued"] {
        assert_eq!(count(event, "app"), logins, "{event}");
    }
    for entry in &added {
        assert!(!entry.to_string().contains("invented"), "{entry}");
    }
    let after = fixture.rows();
    for ((table, before), (_, after)) in before.iter().zip(&after) {
        let more = after - before;
        // Seven kinds of events, each with at most one entry a minute.
        let bound = if table == "audit" { 7 * 10 } else { 0 };
        assert!((0..=bound).contains(&more), "{table}: {more} more rows");
    }
}

/// Starts a server that logs everything to the file `log`. Returns it with its admin listener.
fn serve_with_trace(fixture: &AuditFixture) -> (Server, Server) {
    let mut process = scopegate()
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--password-grant", "--audit", "strict", "--log-level", "trace"])
        .args(DATABASE)
        .current_dir(fixture.shell.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(fixture.shell.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
    let mut addresses = lines
        .map_while(Result::ok)
        .filter_map(|line| crate::support::address_in(&line));
    let (address, admin) = (addresses.next().unwrap(), addresses.next().unwrap());
    let admin = Server {
        process: std::process::Command::new("true").spawn().unwrap(),
        address: admin,
    };
    (Server { process, address }, admin)
}

/// Sends requests with secrets in all places. Returns a token of a client and one of a user.
fn play(fixture: &AuditFixture, server: &Server) -> [String; 2] {
    let (billing, api) = (("billing", fixture.billing.as_str()), ("api", fixture.api.as_str()));
    let bearer = token(server, billing);
    let of_john = log_in(server, "johndoe", PASSWORD);
    let of_john: Value = serde_json::from_str(&of_john.body).unwrap();
    let of_john = of_john["access_token"].as_str().unwrap().to_owned();
    for token in [&bearer, &of_john] {
        post(server, "/introspect", Some(api), &format!("token={token}"));
        post(server, "/revoke", Some(billing), &format!("token={token}"));
    }
    log_in(server, "johndoe", "guess at a secret");
    post(
        server,
        "/token",
        Some(("billing", "guess at a secret")),
        "grant_type=client_credentials",
    );
    let query = format!("GET /status?access_token={bearer} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    server.exchange(query.as_bytes());
    [bearer, of_john]
}

/// A run at the level `trace` writes no secret.
#[test]
fn no_secret_is_in_log_audit_or_database() {
    let fixture = AuditFixture::new();
    let (server, admin) = serve_with_trace(&fixture);
    let [bearer, of_john] = play(&fixture, &server);
    let metrics = admin.exchange(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let entries = fixture.entries(&[]);
    let set = fixture.succeed(&["client", "set-secret", "api", "--format", "json"]);
    let set: Value = serde_json::from_str(&set).unwrap();
    stop(server);

    let mut places = vec![
        ("metrics".to_owned(), metrics.body.into_bytes()),
        ("audit".to_owned(), json!(entries).to_string().into_bytes()),
    ];
    for file in std::fs::read_dir(fixture.shell.path()).unwrap() {
        let path = file.unwrap().path();
        places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    let log = std::fs::read_to_string(fixture.shell.path().join("log")).unwrap();
    assert!(log.contains("DEBUG") && log.contains("login failed"), "{log}");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secrets = [
        fixture.billing.clone(),
        fixture.api.clone(),
        set["client_secret"].as_str().unwrap().to_owned(),
        PASSWORD.to_owned(),
        PASSWORD.replace(' ', "+"),
        "guess at a secret".to_owned(),
        signature(&bearer),
        signature(&of_john),
        bearer,
    ];
    for secret in &secrets {
        for (place, bytes) in &places {
            let has = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!has, "`{secret}` in {place}");
        }
    }
    let events: Vec<_> = entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    for event in [
        "token.issued",
        "token.introspected",
        "token.revoked",
        "login.succeeded",
        "login.failed",
    ] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
}
