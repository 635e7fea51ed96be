//! What requests add to the database, and that no secret is among it.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{AuditFixture, DATABASE, PASSWORD, log_in, new_key, post, post_with, stop, token};
use crate::support::{SERVE_BOTH, Server, asserts_times, scopegate};

/// The number of requests of each kind: more in the long check, because they take a minute.
fn many() -> usize {
    if asserts_times() { 10_000 } else { 2_000 }
}

/// The number of logins of each kind. A login hashes a password, so there are fewer.
const LOGINS: usize = 30;

/// Sends each kind of request many times.
fn play_many(fixture: &AuditFixture, server: &Server, bearer: &str) {
    let billing = ("billing", fixture.billing.as_str());
    for number in 0..many() {
        let form = "grant_type=client_credentials";
        let statuses = [
            post(server, "/token", Some(billing), form).status,
            post(
                server,
                "/introspect",
                Some(("api", &fixture.api)),
                &format!("token={bearer}"),
            )
            .status,
            post(server, "/token", Some(("billing", "wrong")), form).status,
            post(server, "/token", Some(("invented", &number.to_string())), form).status,
            post(
                server,
                "/token",
                Some(billing),
                "grant_type=client_credentials&scope=undeclared",
            )
            .status,
        ];
        assert_eq!(statuses, [200, 200, 401, 401, 400]);
    }
    for number in 0..LOGINS {
        assert_eq!(log_in(server, "johndoe", "wrong").status, 400);
        assert_eq!(log_in(server, &format!("invented{number}"), "wrong").status, 400);
        assert_eq!(log_in(server, "johndoe", PASSWORD).status, 200);
    }
}

/// The requests that write nothing but the counters of the audit log, and no line of the log at its
/// default level. A request that is refused for a wrong secret writes one.
#[test]
fn requests_add_one_row_a_minute() {
    let fixture = AuditFixture::new();
    let server = fixture.serve(&["--login-throttle", "false"]);
    let billing = ("billing", fixture.billing.as_str());
    let bearer = token(&server, billing);
    stop(server);
    let before = fixture.rows();
    let (server, _admin) = serve_to_log(&fixture, &["--login-throttle", "false", "--log-level", "info"]);
    play_many(&fixture, &server, &bearer);
    stop(server);
    let log = std::fs::read_to_string(fixture.shell.path().join("log")).unwrap();
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let of_clients = 2 * many();
    let failed = (lines("client authentication failed"), lines("login failed"));
    assert_eq!(failed, (of_clients, 2 * LOGINS));
    assert_eq!(
        lines("request_id="),
        of_clients + 2 * LOGINS,
        "a request has no other line"
    );
    assert!(
        log.lines().count() < of_clients + 2 * LOGINS + 20,
        "start and end have few lines"
    );
    let added = fixture.entries(&[]);
    let count = |event: &str, client: &str| {
        let is_it = |entry: &&Value| entry["event"] == event && entry["client_id"] == client;
        let counts = added.iter().filter(is_it).map(|entry| entry["count"].as_u64().unwrap());
        counts.sum::<u64>()
    };
    let (many, logins) = (u64::try_from(many()).unwrap(), u64::try_from(LOGINS).unwrap());
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

/// An entry has the address that a trusted proxy names, as its network.
#[test]
fn address_of_an_entry_is_that_behind_proxies() {
    let fixture = AuditFixture::new();
    let mut known = Vec::new();
    for (proxy, forwarded, address) in [
        ("127.0.0.1", "6.6.6.6, 2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("127.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", "203.0.113.6", "203.0.113.6"),
        ("192.0.2.1", "203.0.113.7", "127.0.0.1"),
    ] {
        let server = fixture.serve(&["--audit", "strict", "--trusted-proxy", proxy]);
        let header = format!("X-Forwarded-For: {forwarded}\r\n");
        let client = Some(("billing", &*fixture.billing));
        let issued = post_with(&server, "/token", client, &header, "grant_type=client_credentials");
        assert_eq!(issued.status, 200, "{issued:?}");
        let token: Value = serde_json::from_str(&issued.body).unwrap();
        let form = format!("token={}", token["access_token"].as_str().unwrap());
        let asked = post_with(&server, "/introspect", Some(("api", &*fixture.api)), &header, &form);
        let revoked = post_with(&server, "/revoke", client, &header, &form);
        let login = "grant_type=password&client_id=app&username=johndoe&password=wrong";
        let refused = post_with(&server, "/token", None, &header, login);
        assert_eq!([asked.status, revoked.status, refused.status], [200, 200, 400]);
        stop(server);
        let entries = fixture.entries(&["--limit", "1000"]);
        let added: Vec<_> = entries.iter().filter(|entry| !known.contains(&entry["id"])).collect();
        let places = |event: &str| {
            let of_event = added.iter().filter(|entry| entry["event"] == event);
            of_event.map(|entry| entry["address"].clone()).collect::<Vec<_>>()
        };
        for event in ["token.issued", "token.introspected", "token.revoked", "login.failed"] {
            assert_eq!(places(event), [json!(address)], "{event} by {proxy}: {forwarded}");
        }
        known.extend(entries.iter().map(|entry| entry["id"].clone()));
    }
}

/// Starts a server that writes its log to the file `log`. Returns it with its admin listener.
fn serve_to_log(fixture: &AuditFixture, options: &[&str]) -> (Server, Server) {
    let mut process = scopegate()
        .args(SERVE_BOTH)
        .arg("--password-grant")
        .args(DATABASE)
        .args(options)
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
    std::thread::spawn(move || addresses.for_each(drop));
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

/// Runs commands that take or print secrets, while a server runs. Returns the secrets.
fn secrets_of_commands(fixture: &AuditFixture) -> Vec<String> {
    let (text, key) = new_key();
    let elsewhere = tempfile::tempdir().unwrap();
    let pem = elsewhere.path().join("key.pem");
    std::fs::write(&pem, text).unwrap();
    fixture.succeed(&["key", "import", pem.to_str().unwrap(), "--id", "imported"]);
    let secret = |line: &[&str], member: &str| {
        let printed: Value = serde_json::from_str(&fixture.succeed(&[line, &["--format", "json"]].concat())).unwrap();
        printed[member].as_str().unwrap().to_owned()
    };
    let issued = secret(
        &["token", "issue", "--client", "billing", "--scope", "me"],
        "access_token",
    );
    let new_password = "swordfish that is new";
    let line = [&["user", "set-password", "johndoe", "--password-stdin"], &DATABASE[..]].concat();
    assert_eq!(fixture.shell.run_with(&line, new_password, &[]).status, 0);
    vec![
        secret(&["client", "set-secret", "api"], "client_secret"),
        secret(&["client", "add-secret", "billing"], "client_secret"),
        signature(&issued),
        issued,
        new_password.to_owned(),
        key,
    ]
}

fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap().to_owned()
}

/// The answers of the admin listener, each with its place.
fn answers_of(admin: &Server) -> Vec<(String, Vec<u8>)> {
    let mut places = Vec::new();
    for (path, status) in [("/metrics", 200), ("/readyz", 200), ("/healthz", 200), ("/", 404)] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = admin.exchange(request.as_bytes());
        assert_eq!(answer.status, status, "{path}");
        places.push((path.to_owned(), format!("{answer:?}").into_bytes()));
    }
    places
}

/// The text of the key-encryption key, and the other files with their contents.
fn files_of(fixture: &AuditFixture) -> (String, Vec<(String, Vec<u8>)>) {
    let mut files = Vec::new();
    let kek = fixture.shell.path().join("a.db.kek");
    let own_text = std::fs::read_to_string(&kek).unwrap();
    for file in std::fs::read_dir(fixture.shell.path()).unwrap() {
        let path = file.unwrap().path();
        if path != kek {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    (own_text.trim().to_owned(), files)
}

fn expect_absent(secret: &str, places: &[(String, Vec<u8>)]) {
    for (place, bytes) in places {
        let has = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!has, "`{secret}` in {place}");
    }
}

/// A run at the level `trace` writes no secret.
#[test]
fn no_secret_is_in_log_audit_or_database() {
    let fixture = AuditFixture::new();
    let options = [
        "--auth-method",
        "client_secret_post",
        "--grant",
        "client_credentials",
        "--scope",
        "me",
    ];
    let by_form = fixture.shell.add_client("by-form", &options).json();
    let by_form = by_form["client_secret"].as_str().unwrap().to_owned();
    let (server, admin) = serve_to_log(&fixture, &["--audit", "strict", "--log-level", "trace"]);
    let [bearer, of_john] = play(&fixture, &server);
    let form = format!("grant_type=client_credentials&client_id=by-form&client_secret={by_form}");
    assert_eq!(post(&server, "/token", None, &form).status, 200);
    assert_eq!(
        post(&server, "/token", None, &form.replace("by-form", "billing")).status,
        400
    );
    let of_commands = secrets_of_commands(&fixture);
    let mut places = answers_of(&admin);
    let entries = fixture.entries(&[]);
    places.push(("audit".to_owned(), json!(entries).to_string().into_bytes()));
    stop(server);
    let (key, files) = files_of(&fixture);
    places.extend(files);
    let log = std::fs::read_to_string(fixture.shell.path().join("log")).unwrap();
    assert!(log.contains("DEBUG") && log.contains("login failed"), "{log}");
    let of_requests = [
        fixture.billing.clone(),
        fixture.api.clone(),
        by_form,
        PASSWORD.to_owned(),
        PASSWORD.replace(' ', "+"),
        "guess at a secret".to_owned(),
        signature(&bearer),
        signature(&of_john),
        bearer,
        key,
    ];
    for secret in of_requests.iter().chain(&of_commands) {
        assert!(secret.len() > 15, "`{secret}` is short");
        expect_absent(secret, &places);
    }
    let events: Vec<_> = entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    for event in [
        "client.authentication-failed",
        "client.secret-added",
        "key.imported",
        "token.issued",
        "token.introspected",
        "token.revoked",
        "login.succeeded",
        "login.failed",
        "user.password-changed",
    ] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
}
