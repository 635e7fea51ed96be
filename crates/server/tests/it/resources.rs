//! The APIs of a configuration: errors at start, tokens for them, and a reload.

#![expect(clippy::disallowed_methods, reason = "a test waits for another process")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::shell::Shell;
use crate::support::{Answer, OWN_API, Server, at_most, scopegate_alone};

const SHIPS: &str = "https://api.example/ships";
const PORTS: &str = "https://api.example/ports";

/// A policy with one operation behind each scope, which has its name as description.
fn policy(scopes: &[&str]) -> String {
    let declared = |name: &&str| format!("\"{name}\" = \"Use {name}.\"\n");
    let declared: Vec<String> = scopes.iter().map(declared).collect();
    let operation =
        |name: &&str| format!("[[operations]]\nmethod = \"GET\"\npath = \"/{name}\"\nrequires = \"{name}\"\n");
    let operations: Vec<String> = scopes.iter().map(operation).collect();
    let (declared, operations) = (declared.concat(), operations.concat());
    let scheme =
        "[schemes.oauth]\nkind = \"oauth2\"\nclient_credentials = { token = \"token\" }\n[schemes.oauth.scopes]\n";
    format!("title = \"T\"\nversion = \"1\"\n{scheme}{declared}{operations}")
}

fn table(audience: &str, document: &str) -> String {
    format!("[[resources]]\naudience = \"{audience}\"\ndocument = \"{document}\"\n")
}

/// A folder with the resources ships and ports.
fn two_resources() -> Shell {
    let shell = Shell::new();
    fs::write(shell.path().join("ships.toml"), policy(&["ships", "shared"])).unwrap();
    fs::write(shell.path().join("ports.toml"), policy(&["ports", "shared"])).unwrap();
    let tables = [table(SHIPS, "ships.toml"), table(PORTS, "ports.toml")].concat();
    configure(&shell, &tables);
    shell
}

fn configure(shell: &Shell, tables: &str) {
    let text = format!(
        "issuer = \"https://id.example\"\ndatabase = \"sqlite:{}\"\n{tables}",
        database(shell)
    );
    fs::write(shell.path().join("s.toml"), text).unwrap();
}

fn database(shell: &Shell) -> String {
    shell.path().join("a.db").display().to_string()
}

fn serve(shell: &Shell) -> Server {
    Server::start(&["--config", shell.path().join("s.toml").to_str().unwrap()], &[])
}

/// Adds a client and returns its secret.
fn add(shell: &Shell, id: &str, options: &[&str]) -> String {
    let line = [
        "client",
        "add",
        id,
        "--id",
        id,
        "--confidential",
        "--config",
        "s.toml",
        "--format",
        "json",
    ];
    let added = shell.run(&[&line[..], options].concat()).json();
    added["client_secret"].as_str().unwrap().to_owned()
}

/// Posts a form with the credentials of a client.
fn post(server: &Server, target: &str, id: &str, secret: &str, form: &str) -> (Answer, Value) {
    let pair = STANDARD.encode_to_string(format!("{id}:{secret}"));
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\n{head}\r\nAuthorization: Basic {pair}\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    let answer = server.exchange(request.as_bytes());
    let body = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer, body)
}

fn audience(body: &Value) -> Value {
    let payload = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap()).unwrap();
    claims["aud"].clone()
}

fn get(server: &Server, path: &str) -> Answer {
    server.exchange(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
}

fn declared(server: &Server) -> Value {
    let metadata = get(server, "/.well-known/oauth-authorization-server");
    serde_json::from_str::<Value>(&metadata.body).unwrap()["scopes_supported"].clone()
}

#[test]
fn token_is_for_the_resources_of_its_scope() {
    let shell = two_resources();
    let both = ["--resource", SHIPS, "--resource", PORTS];
    let may = ["--grant", "client_credentials", "--scope", "ships ports shared"];
    let fleet = add(&shell, "fleet", &[&both[..], &may].concat());
    let (ships, ports) = (
        add(&shell, "ships", &["--introspect", "--resource", SHIPS]),
        add(&shell, "ports", &["--introspect", "--resource", PORTS]),
    );
    let server = serve(&shell);
    let grant = "grant_type=client_credentials";
    let encoded = |url: &str| url.replace(':', "%3A").replace('/', "%2F");
    for (form, scope, audiences) in [
        (grant.to_owned(), "ships ports shared", json!([SHIPS, PORTS])),
        (format!("{grant}&scope=ships"), "ships", json!(SHIPS)),
        (
            format!("{grant}&resource={}", encoded(PORTS)),
            "ports shared",
            json!(PORTS),
        ),
        (
            format!("{grant}&scope=shared+ships&resource={PORTS}&resource={SHIPS}"),
            "shared ships",
            json!([PORTS, SHIPS]),
        ),
    ] {
        let (answer, body) = post(&server, "/token", "fleet", &fleet, &form);
        assert_eq!((answer.status, &body["scope"]), (200, &json!(scope)), "{form}: {body}");
        assert_eq!(audience(&body), audiences, "{form}");
        let token = format!("token={}", body["access_token"].as_str().unwrap());
        for (id, secret, resource) in [("ships", &ships, SHIPS), ("ports", &ports, PORTS)] {
            let is_served =
                audiences == json!(resource) || audiences.as_array().is_some_and(|all| all.contains(&json!(resource)));
            let (_, found) = post(&server, "/introspect", id, secret, &token);
            assert_eq!(found["active"], is_served, "{form} {id}");
        }
    }
    assert_eq!(declared(&server), json!(["ports", "shared", "ships", "offline_access"]));
    // It has no API of its own.
    assert_eq!(get(&server, "/.well-known/oauth-protected-resource").status, 404);
    assert_eq!(get(&server, "/ships").status, 404);
}

#[test]
fn malformed_request_for_a_resource_is_refused() {
    let shell = two_resources();
    let may = [
        "--grant",
        "client_credentials",
        "--scope",
        "ships ports",
        "--resource",
        SHIPS,
    ];
    let fleet = add(&shell, "fleet", &may);
    let (server, grant) = (serve(&shell), "grant_type=client_credentials");
    for (form, error) in [
        (format!("{grant}&resource={PORTS}"), "invalid_target"),
        (
            format!("{grant}&resource=https://api.example/unknown"),
            "invalid_target",
        ),
        (format!("{grant}&resource=/ships"), "invalid_target"),
        (format!("{grant}&resource={SHIPS}%23x"), "invalid_target"),
        (
            format!("{grant}{}", format!("&resource={SHIPS}").repeat(9)),
            "invalid_target",
        ),
        (format!("{grant}&scope=ports&resource={SHIPS}"), "invalid_scope"),
        (format!("{grant}&scope=ships&scope=ships"), "invalid_request"),
        (format!("{grant}&x=%00"), "invalid_request"),
        (format!("{grant}&x=%ff"), "invalid_request"),
    ] {
        let (answer, body) = post(&server, "/token", "fleet", &fleet, &form);
        assert_eq!((answer.status, &body["error"]), (400, &json!(error)), "{form}");
    }
    for path in ["/token", "/introspect", "/revoke"] {
        let (answer, body) = post(&server, &format!("{path}?{grant}"), "fleet", &fleet, grant);
        assert_eq!(
            (answer.status, &body["error"]),
            (400, &json!("invalid_request")),
            "{path}"
        );
    }
}

#[test]
fn server_without_resources_only_issues_tokens() {
    let shell = Shell::new();
    configure(&shell, "");
    let secret = add(&shell, "billing", &["--grant", "client_credentials", "--scope", "me"]);
    let server = serve(&shell);
    let (answer, body) = post(&server, "/token", "billing", &secret, "grant_type=client_credentials");
    assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_scope")));
    assert_eq!(get(&server, "/users/me/").status, 404);
    let document: Value = serde_json::from_str(&get(&server, "/openapi.json").body).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/token"]);
    assert_eq!(declared(&server), json!([]));
    drop(server);
    let config = shell.path().join("s.toml").display().to_string();
    let note = "no resources configured; serving as authorization server only";
    let starts_with_note = |options: &[&str]| {
        let (printed, _) = Server::printed_at_start(options);
        printed.lines().any(|line| line == note)
    };
    assert!(starts_with_note(&["--config", &config]));
    assert!(!starts_with_note(&["--database", "sqlite::memory:"]));
}

/// `config check` and `serve` report the same.
#[test]
#[expect(clippy::too_many_lines, reason = "it is a table of cases")]
fn each_unusable_resource_is_an_error_with_its_place() {
    let shell = Shell::new();
    let files = [
        ("own.toml", fs::read_to_string(OWN_API.replace("scopegate.toml", "tutorial.toml")).unwrap()),
        ("ships.toml", policy(&["ships"])),
        ("other.toml", policy(&["ships"]).replace("Use ships.", "Sink ships.")),
        ("html.yaml", "<html></html>".to_owned()),
        ("foreign.json", r#"{"asyncapi": "2.0.0"}"#.to_owned()),
        ("reference.json", r#"{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"$ref": "none.json#/a"}}}"#.to_owned()),
    ];
    for (name, text) in files {
        fs::write(shell.path().join(name), text).unwrap();
    }
    let own_document = |audience: &str, document: &str| format!("{}own = true\n", table(audience, document));
    let own = |audience: &str| own_document(audience, "ships.toml");
    let own_api = |audience: &str| own_document(audience, "own.toml");
    for (tables, parts) in [
        (
            table("/ships", "ships.toml"),
            &["key `audience` of resource 1", "line 4", "not an absolute URI"][..],
        ),
        (table("https://a.example/#x", "ships.toml"), &["line 4", "fragment"]),
        (table("https://ada@a.example/", "ships.toml"), &["line 4", "user"]),
        (table("http://a.example/", "ships.toml"), &["line 4", "use `https`"]),
        (
            [
                table("https://A.example", "ships.toml"),
                table("HTTPS://a.EXAMPLE", "ships.toml"),
            ]
            .concat(),
            &["resource 2", "line 7", "resource 1", "line 4", "its own audience"],
        ),
        (
            table(SHIPS, "none.toml"),
            &["key `document` of resource 1", "line 5", "No such file", "name a file"],
        ),
        (
            table(SHIPS, "html.yaml"),
            &["line 5", "html.yaml", "correct the document"],
        ),
        (table(SHIPS, "foreign.json"), &["line 5", "AsyncAPI"]),
        (table(SHIPS, "reference.json"), &["line 5", "none.json"]),
        (
            [table(SHIPS, "ships.toml"), table(PORTS, "other.toml")].concat(),
            &[
                "scope `ships`",
                "`Use ships.` in",
                "ships.toml",
                "`Sink ships.` in",
                "other.toml",
                "line 7",
            ],
        ),
        (
            [own_api(SHIPS), own_api(PORTS)].concat(),
            &[
                "key `own` of resource 2",
                "line 10",
                "`true` like key `own` of resource 1",
                "line 6",
                "at most one resource",
            ],
        ),
        (
            own(SHIPS),
            &["line 5", "operation `GET /ships`", "has no handler", "own = false"],
        ),
    ] {
        configure(&shell, &tables);
        let checked = shell.run(&["config", "check", "--config", "s.toml"]);
        let complaint = checked.complaint(2);
        for part in parts {
            assert!(complaint.contains(part), "{part}: {complaint}");
        }
        let served = shell.run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log-level",
            "off",
            "--config",
            "s.toml",
        ]);
        assert_eq!(served.complaint(2), complaint);
    }
}

/// The document of the own API, its pages and challenges contain nothing of another resource.
#[test]
fn other_resources_are_in_no_own_document() {
    let shell = two_resources();
    let own = fs::read_to_string(OWN_API.replace("scopegate.toml", "tutorial.toml")).unwrap();
    fs::write(shell.path().join("own.toml"), own).unwrap();
    let own = format!("{}own = true\n", table("https://api.example/own", "own.toml"));
    configure(
        &shell,
        &[table(SHIPS, "ships.toml"), own, table(PORTS, "ports.toml")].concat(),
    );
    let server = serve(&shell);
    assert_eq!(
        declared(&server),
        json!(["items", "me", "ports", "shared", "ships", "offline_access"])
    );
    let metadata = get(&server, "/.well-known/oauth-protected-resource/own");
    let resource: Value = serde_json::from_str(&metadata.body).unwrap();
    assert_eq!(resource["scopes_supported"], json!(["me", "items"]));
    let document = get(&server, "/openapi.json");
    let paths: Value = serde_json::from_str(&document.body).unwrap();
    let paths: Vec<&String> = paths["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/token", "/users/me/", "/users/me/items/", "/status/"]);
    let refused = get(&server, "/users/me/");
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains("oauth-protected-resource/own"), "{challenge}");
    let pages = ["/docs", "/redoc", "/docs/oauth.json"].map(|path| get(&server, path));
    assert!(pages.iter().all(|page| page.status == 200));
    let texts = pages.map(|page| page.body).into_iter();
    for text in texts.chain([document.body, metadata.body, refused.body, challenge]) {
        for foreign in ["ships", "ports", "shared"] {
            assert!(!text.contains(foreign), "{foreign}: {text}");
        }
    }
    for path in ["/ships", "/ports", "/shared"] {
        assert_eq!(get(&server, path).status, 404);
    }
}

#[test]
fn own_document_equals_its_handlers() {
    let shell = Shell::new();
    let document = fs::read_to_string(OWN_API.replace("scopegate.toml", "tutorial.toml")).unwrap();
    let check = |document: &str| {
        fs::write(shell.path().join("own.toml"), document).unwrap();
        configure(&shell, &format!("{}own = true\n", table(SHIPS, "own.toml")));
        shell.run(&["config", "check", "--config", "s.toml"])
    };
    assert_eq!(check(&document).status, 0);
    for (from, to, operation) in [
        ("\"me and active\"", "\"me\"", "`GET /users/me/`"),
        ("\"items and me and active\"", "\"items\"", "`GET /users/me/items/`"),
        (
            "requires = \"scheme:OAuth2PasswordBearer and user\"",
            "public = true",
            "`GET /status/`",
        ),
        (
            "\"items and me and active\"",
            "\"items or me\"",
            "`GET /users/me/items/`",
        ),
    ] {
        let checked = check(&document.replace(from, to));
        let complaint = checked.complaint(2);
        assert!(
            complaint.contains(operation) && complaint.contains("handler enforces"),
            "{complaint}"
        );
    }
    // A document may declare a part of the handlers.
    let (part, _) = document
        .split_once("[[operations]]\nmethod = \"GET\"\npath = \"/status/\"")
        .unwrap();
    assert_eq!(check(part).status, 0);
    let server = serve(&shell);
    assert_eq!(get(&server, "/users/me/").status, 401);
    assert_eq!(get(&server, "/status/").status, 404);
}

#[test]
fn settings_that_contradict_resources_are_refused() {
    let shell = two_resources();
    for (option, part) in [
        (&["--demo"][..], "remove `demo`"),
        (
            &["--audience", "https://a.example"],
            "`audience` is for a server without `[[resources]]`",
        ),
        (&["--profile", "tutorial"], "profile `tutorial` name no audience"),
    ] {
        let run = shell.run(&[&["config", "check", "--config", "s.toml"], option].concat());
        assert!(run.complaint(2).contains(part), "{}", run.stderr);
    }
}

#[test]
fn unknown_resource_of_a_client_is_an_error() {
    let shell = two_resources();
    let add = [
        "client",
        "add",
        "x",
        "--confidential",
        "--config",
        "s.toml",
        "--resource",
    ];
    let misspelt = shell.run(&[&add[..], &["https://api.example/shps"]].concat());
    assert!(
        misspelt.complaint(2).ends_with(&format!("did you mean `{SHIPS}`?")),
        "{}",
        misspelt.stderr
    );
    shell.run(&[&add[..], &[SHIPS, "--id", "x"]].concat());
    let set = ["client", "set", "x", "--config", "s.toml", "--resource"];
    let misspelt_change = shell.run(&[&set[..], &["https://api.example/shps"]].concat());
    assert_eq!(misspelt_change.complaint(2), misspelt.complaint(2));
    let shown = shell.run(&["client", "show", "x", "--config", "s.toml", "--format", "json"]);
    assert_eq!(shown.json()["resources"], json!([SHIPS]), "nothing changed");
    let relative = shell.run(&[&add[..], &["/ships"]].concat());
    assert!(
        relative.complaint(2).contains("not an absolute URI"),
        "{}",
        relative.stderr
    );
    let known = shell.run(&[&add[..], &["HTTPS://api.example/ships", "--scope", "shisp"]].concat());
    assert_eq!(known.status, 0);
    assert!(
        known.stderr.contains("no resource declares scope `shisp`"),
        "{}",
        known.stderr
    );
    assert!(known.stdout.contains(SHIPS), "{}", known.stdout);
}

#[test]
fn start_warns_of_undeclared_scope() {
    let shell = two_resources();
    add(&shell, "fleet", &["--resource", SHIPS, "--scope", "shisp ships"]);
    let user = [
        "user",
        "add",
        "mary",
        "--scope",
        "prts ports",
        "--password-stdin",
        "--config",
        "s.toml",
    ];
    assert_eq!(shell.run_with(&user, "long secret", &[]).status, 0);
    let mut server = scopegate_alone();
    let config = shell.path().join("s.toml");
    server
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(config);
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, lines) = channel();
    let log = BufReader::new(server.stderr.take().unwrap()).lines();
    std::thread::spawn(move || log.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut left = vec![
        "client `fleet`: no resource declares scope `shisp`, so no token contains it; did you mean `ships`?",
        "user `mary`: no resource declares scope `prts`, so no token contains it; did you mean `ports`?",
    ];
    while let Some(line) = Some(&left).filter(|left| !left.is_empty()).and_then(|_| next(&lines)) {
        left.retain(|warning| !line.contains(warning));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(left, [""; 0], "not logged");
}

/// Returns the next line of a log. `None` if the server ended or logs nothing for a minute.
fn next(lines: &Receiver<String>) -> Option<String> {
    lines.recv_timeout(Duration::from_mins(1)).ok()
}

/// Sends SIGHUP until the server declares these scopes.
fn reload_until(server: &Server, scopes: &Value) {
    let begin = Instant::now();
    while declared(server) != *scopes {
        assert!(
            begin.elapsed() < at_most(Duration::from_secs(10)),
            "{}",
            declared(server)
        );
        hang_up(server);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn hang_up(server: &Server) {
    let id = server.process.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
}

#[test]
fn reload_replaces_all_resources_or_none() {
    let shell = two_resources();
    let may = [
        "--grant",
        "client_credentials",
        "--scope",
        "ships sail ports",
        "--resource",
        SHIPS,
    ];
    let fleet = add(&shell, "fleet", &may);
    let server = serve(&shell);
    let granted = |form: &str| {
        let (_, body) = post(
            &server,
            "/token",
            "fleet",
            &fleet,
            &format!("grant_type=client_credentials{form}"),
        );
        body.get("scope").or_else(|| body.get("error")).cloned().unwrap()
    };
    assert_eq!(granted(""), "ships");
    fs::write(shell.path().join("ships.toml"), policy(&["ships", "sail"])).unwrap();
    reload_until(&server, &json!(["ports", "sail", "shared", "ships", "offline_access"]));
    assert_eq!(granted(""), "ships sail");

    // One document is broken, so the other is not replaced either.
    fs::write(shell.path().join("ships.toml"), policy(&["ships"])).unwrap();
    fs::write(shell.path().join("ports.toml"), "nonsense").unwrap();
    for _ in 0..3 {
        hang_up(&server);
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(granted(""), "ships sail");
    }
    // The next resource that is removed takes its scopes along.
    configure(&shell, &table(SHIPS, "ships.toml"));
    reload_until(&server, &json!(["ships", "offline_access"]));
    assert_eq!(granted(""), "ships");
}
