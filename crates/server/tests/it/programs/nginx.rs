//! nginx in front of the server: TLS, an issuer with a path, and forwarded headers.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::debian::{configure, curl, status};
use super::node::check_code_flow;
use super::packages::{Check, debian, node, sources};
use super::person::NAME;
use super::process::{Program, free_port};
use super::results;
use super::site::Site;
use super::visitor::Visitor;
use crate::checkout::Checkout;
use crate::docs::markdown::code_blocks;
use crate::people::{parameter, query, redemption, text};

/// Headers with which a client or another proxy would change the addresses of pages.
const FORGED: [&str; 3] = [
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: http",
    "Forwarded: host=evil.example;proto=http",
];

/// A server behind nginx.
struct Proxied {
    site: Site,
    folder: tempfile::TempDir,
    origin: String,
    _nginx: Program,
}

impl Proxied {
    fn start(nginx: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let origin = format!("https://localhost:{port}");
        let issuer = format!("{origin}/tenant");
        let site = Site::with(Some(&issuer), &["--trusted-proxy", "127.0.0.1"], &[]).with_applications();
        certify(folder.path());
        let server = server_block(port, folder.path(), &site.server.address.to_string());
        let values = [("SERVER", server.as_str()), ("FOLDER", folder.path().to_str().unwrap())];
        let configuration = configure(folder.path(), "nginx.conf", &values);
        let mut running = Program::start(Command::new(nginx).args(["-c", &configuration]));
        running.wait_for_port(port);
        Self {
            site,
            folder,
            origin,
            _nginx: running,
        }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(Some(self.certificate()))
    }

    /// The answer to a form of the application `web`.
    fn of_web(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let user = format!("web:{}", self.site.secret("web"));
        let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form = form.iter().flat_map(|field| ["--data-urlencode", field]);
        let line: Vec<&str> = ["--user", user.as_str()].into_iter().chain(form).collect();
        let answer = self.curl("127.0.0.1", &format!("{}{path}", self.site.issuer), &line);
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (
            status(&answer).parse().unwrap(),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    /// The answer to a request from this address of the loopback interface.
    fn curl(&self, from: &str, url: &str, arguments: &[&str]) -> String {
        let certificate = self.certificate().display().to_string();
        let line = ["--ipv4", "--interface", from, "--cacert", &certificate, url];
        curl(&[&line[..], arguments].concat())
    }

    /// The document at a path of the origin, with these headers in the request.
    fn document(&self, path: &str, headers: &[&str]) -> Value {
        let headers: Vec<&str> = headers.iter().flat_map(|header| ["--header", header]).collect();
        let answer = self.curl("127.0.0.1", &format!("{}{path}", self.origin), &headers);
        json_of(&answer)
    }

    /// The answer to a request for a token with this secret.
    fn token(&self, from: &str, secret: &str, arguments: &[&str]) -> String {
        let form = [
            "--user",
            &format!("billing:{secret}"),
            "--data",
            "grant_type=client_credentials&scope=items",
        ];
        self.curl(
            from,
            &format!("{}/token", self.site.issuer),
            &[&form[..], arguments].concat(),
        )
    }
}

/// The configuration of docs/operations.md with this port, these files and this server.
fn server_block(port: u16, folder: &Path, server: &str) -> String {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("docs/operations.md").unwrap());
    let (_, block) = blocks.iter().find(|(language, _)| *language == "nginx").unwrap();
    let mut block = (*block).to_owned();
    for (shown, used) in [
        ("listen 443 ssl;", format!("listen 127.0.0.1:{port} ssl;")),
        (
            "/etc/ssl/id.example.pem",
            format!("{}/certificate.pem", folder.display()),
        ),
        ("/etc/ssl/id.example.key", format!("{}/key.pem", folder.display())),
        ("127.0.0.1:8000", server.to_owned()),
    ] {
        assert!(block.contains(shown), "{shown}");
        block = block.replace(shown, &used);
    }
    block
}

/// The JSON of a successful answer.
fn json_of(answer: &str) -> Value {
    assert_eq!(status(answer), "200", "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Creates a key and a certificate for `localhost`.
fn certify(folder: &Path) {
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem";
    let made = Command::new("openssl")
        .args(line.split(' ').filter(|word| !word.is_empty()))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn nginx_ends_tls_for_an_issuer_with_path() {
    let Some((nginx, version)) = debian(Check::Short, "nginx", "nginx") else {
        return;
    };
    let proxied = Proxied::start(&nginx);
    let (site, issuer) = (&proxied.site, proxied.site.issuer.as_str());

    // Headers of the client and of the proxy change nothing.
    let path = "/.well-known/oauth-authorization-server/tenant";
    let metadata = proxied.document(path, &[]);
    assert_eq!(metadata["issuer"], issuer);
    let direct: Value = serde_json::from_str(&site.get(path).body).unwrap();
    assert_eq!(metadata, direct);
    for header in [
        "Host: evil.example",
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example",
    ] {
        assert_eq!(proxied.document(path, &[header]), metadata, "{header}");
    }
    let resource = proxied.document("/.well-known/oauth-protected-resource", &[]);
    assert_eq!(resource["authorization_servers"], serde_json::json!([issuer]));

    // The endpoints are found by the metadata.
    let post = |endpoint: &str, client: &str, form: &str| {
        let user = format!("{client}:{}", site.secret(client));
        let url = metadata[endpoint].as_str().unwrap();
        proxied.curl("127.0.0.1", url, &["--user", &user, "--data", form])
    };
    let answer = json_of(&post(
        "token_endpoint",
        "billing",
        "grant_type=client_credentials&scope=items",
    ));
    let token = format!("token={}", answer["access_token"].as_str().unwrap());
    let found = json_of(&post("introspection_endpoint", "reports", &token));
    assert_eq!(
        (&found["active"], &found["iss"]),
        (&Value::Bool(true), &metadata["issuer"])
    );
    assert_eq!(status(&post("revocation_endpoint", "billing", &token)), "200");
    let found = json_of(&post("introspection_endpoint", "reports", &token));
    assert_eq!(found, serde_json::json!({ "active": false }));
    let keys = proxied.curl("127.0.0.1", metadata["jwks_uri"].as_str().unwrap(), &[]);
    assert_eq!(json_of(&keys)["keys"].as_array().unwrap().len(), 1);

    // A client library follows the same documents.
    if let Some(packages) = node(Check::Long, "npm's `oauth4webapi` behind nginx") {
        let mut command = site.command("node");
        command.env("NODE_EXTRA_CA_CERTS", proxied.certificate());
        command
            .arg(sources("node").join("oauth4webapi.mjs"))
            .current_dir(packages);
        let lines = Program::start(&mut command).output();
        assert!(
            lines
                .iter()
                .any(|line| line == "client_secret_post: after revocation {\"active\":false}")
        );
    }
    results::record("Debian", "nginx", Some(&version));
}

/// Pages, cookies and the answer have the address of the issuer. Headers of a request change none.
#[test]
fn people_log_in_behind_nginx() {
    let Some((nginx, version)) = debian(Check::Short, "nginx", "nginx") else {
        return;
    };
    let proxied = Proxied::start(&nginx);
    let (issuer, visitor) = (proxied.site.issuer.as_str(), proxied.visitor());
    let uri = "https://web.example/callback";
    let url = format!("{issuer}/authorize?{}", query("web", uri));
    let page = visitor.get(&url, &FORGED);
    assert!(
        page.has("action=\"/tenant/login\"") && !page.has("evil.example"),
        "{page:?}"
    );
    let style = page.html.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    let style = visitor.get(&format!("{}{style}", proxied.origin), &[]);
    assert_eq!(style.status, 200);

    let location = visitor.agree(issuer, &url, &FORGED);
    assert!(location.starts_with(&format!("{uri}?code=")), "{location}");
    assert_eq!(parameter(&location, "iss").as_deref(), Some(issuer));
    let cookies = visitor.cookies();
    let expected = ["", "-browser", "-known"].map(|name| format!("localhost / TRUE __Host-scopegate{name}"));
    assert_eq!(cookies, expected);

    let code = parameter(&location, "code").unwrap();
    let (status, tokens) = proxied.of_web("/token", &redemption(&code, uri));
    assert_eq!(status, 200, "{tokens}");
    let refresh = |tokens: &Value| {
        let token = text(tokens, "refresh_token");
        proxied.of_web("/token", &[("grant_type", "refresh_token"), ("refresh_token", &token)])
    };
    let read = |tokens: &Value| {
        let header = format!("Authorization: Bearer {}", text(tokens, "access_token"));
        visitor.get(&format!("{issuer}/users/me/items/"), &[&header]).status
    };
    let (status, tokens) = refresh(&tokens);
    assert_eq!((status, read(&tokens)), (200, 200), "{tokens}");

    // The next request needs no page. The account shows the application, and withdraws it.
    let location = visitor.get(&url, &[]).location.unwrap();
    assert!(location.starts_with(uri), "{location}");
    let account = visitor.get(&format!("{issuer}/account"), &FORGED);
    assert!(account.has(NAME) && !account.has("evil.example"), "{account:?}");
    let answer = visitor.submit(issuer, &account, "/account/applications/withdraw", &[]);
    assert_eq!(visitor.follow(issuer, answer).status, 200);
    let (status, refused) = refresh(&tokens);
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    assert_eq!(read(&tokens), 401);

    // After a logout the account page is closed.
    let logout = visitor.get(&format!("{issuer}/logout"), &[]);
    let answer = visitor.submit(issuer, &logout, "/logout", &[]);
    assert_eq!(visitor.follow(issuer, answer).status, 200);
    let account = visitor.follow(issuer, visitor.get(&format!("{issuer}/account"), &[]));
    assert_eq!(account.heading(), "Log in");

    // A client library does the same.
    if let Some(packages) = node(Check::Long, "npm's `oauth4webapi` by code behind nginx") {
        let mut command = proxied.site.command("node");
        command.env("NODE_EXTRA_CA_CERTS", proxied.certificate());
        let file = sources("node").join("oauth4webapi-code.mjs");
        let script = Program::start(command.arg(file).current_dir(packages));
        let visitor = proxied.visitor();
        check_code_flow(script, |url| visitor.agree(issuer, url, &[]));
    }
    results::record("Debian", "nginx", Some(&version));
}

/// The proxy appends the address of its client. An attacker cannot use the address of another
/// client, and delays no other client.
#[test]
fn throttle_counts_addresses_behind_nginx() {
    let Some((nginx, _)) = debian(Check::Short, "nginx", "nginx") else {
        return;
    };
    let proxied = Proxied::start(&nginx);
    let secret = proxied.site.secret("billing");
    assert_eq!(status(&proxied.token("127.0.0.1", secret, &[])), "200");
    let forged = ["--header", "X-Forwarded-For: 127.0.0.1"];
    let statuses: Vec<String> = (0..12)
        .map(|_| status(&proxied.token("127.0.0.2", "wrong", &forged)).to_owned())
        .collect();
    assert_eq!(statuses.first().unwrap(), "401");
    assert_eq!(statuses.last().unwrap(), "429", "{statuses:?}");
    assert_eq!(status(&proxied.token("127.0.0.2", secret, &forged)), "429");
    assert_eq!(status(&proxied.token("127.0.0.1", secret, &[])), "200");
}
