//! A client that knows the metadata alone: everything in it works, and everything else is refused.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{SERVER, document, get};
use crate::people::{Browser, CHALLENGE, encode, parameter, redemption};
use crate::shell::Shell;
use crate::support::{Answer, Server};

const ISSUER: &str = "https://id.example";
const PASSWORD: &str = "correct horse battery";
const URI: &str = "https://app.example/cb";

/// The members of RFC 8414 and its extensions that name an endpoint, with the usual paths.
/// `/logout` is a page for users: it reads no `id_token_hint`, so it has no member.
const ENDPOINTS: [(&str, &str); 6] = [
    ("registration_endpoint", "/register"),
    ("device_authorization_endpoint", "/device_authorization"),
    ("pushed_authorization_request_endpoint", "/par"),
    ("backchannel_authentication_endpoint", "/bc-authorize"),
    ("userinfo_endpoint", "/userinfo"),
    ("check_session_iframe", "/.well-known/openid-configuration"),
];

/// The grant types that have a name in an RFC.
const GRANTS: [&str; 9] = [
    "authorization_code",
    "client_credentials",
    "implicit",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// The registered methods of client authentication.
const METHODS: [&str; 7] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

/// A client that is registered with one method and every grant that its kind may have. A
/// confidential one may introspect.
struct WalkClient {
    method: String,
    id: String,
    secret: String,
}

struct Walk {
    server: Server,
    metadata: Value,
    clients: Vec<WalkClient>,
    shell: Shell,
    is_tutorial: bool,
}

fn add_client(shell: &Shell, method: &str) -> WalkClient {
    let id = match method {
        // All logins of the tutorial are those of this client.
        "none" => "demo-app".to_owned(),
        _ => format!("with-{method}"),
    };
    let common = [
        "client",
        "add",
        &id,
        "--id",
        &id,
        "--scope",
        "me items offline_access",
        "--redirect-uri",
        URI,
        "--grant",
        "password",
        "--grant",
        "authorization_code",
        "--grant",
        "refresh_token",
    ];
    let kind: &[&str] = match method {
        "none" => &["--public"],
        _ => &[
            "--confidential",
            "--auth-method",
            method,
            "--grant",
            "client_credentials",
            "--introspect",
        ],
    };
    let output = ["--database", "sqlite:a.db", "--format", "json"];
    let added = shell.run(&[&common[..], kind, &output].concat()).json();
    let secret = added["client_secret"].as_str().unwrap_or_default().to_owned();
    WalkClient {
        method: method.to_owned(),
        id,
        secret,
    }
}

impl Walk {
    fn new(arguments: &[&str]) -> Self {
        let shell = Shell::new();
        let user = [
            "user",
            "add",
            "johndoe",
            "--scope",
            "me items offline_access",
            "--password-stdin",
            "--database",
            "sqlite:a.db",
        ];
        assert_eq!(shell.run_with(&user, PASSWORD, &[]).status, 0);
        let database = format!("sqlite:{}", shell.path().join("a.db").display());
        let server = Server::start(
            &[&["--database", &database, "--issuer", ISSUER], arguments].concat(),
            &[],
        );
        let metadata = document(&server, SERVER);
        let methods = ["none", "client_secret_basic", "client_secret_post"];
        let clients = methods.map(|method| add_client(&shell, method));
        Self {
            server,
            metadata,
            clients: clients.into(),
            shell,
            is_tutorial: arguments.contains(&"tutorial"),
        }
    }

    /// The texts of a list of the metadata.
    fn list(&self, member: &str) -> Vec<&str> {
        let list = self.metadata[member].as_array().unwrap();
        list.iter().map(|one| one.as_str().unwrap()).collect()
    }

    fn offers(&self, member: &str, name: &str) -> bool {
        self.list(member).contains(&name)
    }

    fn client(&self, method: &str) -> &WalkClient {
        self.clients.iter().find(|client| client.method == method).unwrap()
    }

    /// Posts a form to the endpoint of this member, as this client.
    fn post(&self, member: &str, client: &WalkClient, fields: &[(&str, &str)]) -> (Answer, Value) {
        let path = self.metadata[member].as_str().unwrap().strip_prefix(ISSUER).unwrap();
        let mut header = String::new();
        let mut form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
            .collect();
        match client.method.as_str() {
            "client_secret_basic" => {
                let pair = STANDARD.encode_to_string(format!("{}:{}", client.id, client.secret));
                header = format!("Authorization: Basic {pair}\r\n");
            }
            "client_secret_post" => form.extend([
                format!("client_id={}", client.id),
                format!("client_secret={}", client.secret),
            ]),
            _ => form.push(format!("client_id={}", client.id)),
        }
        let form = form.join("&");
        let length = form.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}Content-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        );
        let answer = self.server.exchange(request.as_bytes());
        let body = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer, body)
    }

    /// Requests a token by this grant.
    fn ask(&self, client: &WalkClient, grant: &str, scope: &str) -> (Answer, Value) {
        if grant == "authorization_code" {
            let location = self.authorize(client, &[("scope", scope)]);
            let code = parameter(&location, "code").unwrap();
            return self.post("token_endpoint", client, &redemption(&code, URI));
        }
        if grant == "refresh_token" {
            let (_, tokens) = self.ask(client, "authorization_code", scope);
            let token = tokens["refresh_token"].as_str().unwrap();
            let fields = [("grant_type", grant), ("refresh_token", token)];
            return self.post("token_endpoint", client, &fields);
        }
        let fields = [
            ("grant_type", grant),
            ("scope", scope),
            ("username", "johndoe"),
            ("password", PASSWORD),
        ];
        self.post("token_endpoint", client, &fields)
    }

    /// Returns the URL to which a browser is sent after a request with these parameters, in
    /// addition or instead.
    fn authorize(&self, client: &WalkClient, changes: &[(&str, &str)]) -> String {
        let usual = [
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", URI),
            ("scope", "me"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual
            .iter()
            .filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
        let fields: Vec<_> = kept.chain(changes).copied().collect();
        Browser::default().answer(&self.server, &encode(&fields), "johndoe", PASSWORD)
    }

    /// Requests a code with each value of a parameter: those of the member, and no others.
    fn walk_values(&self, member: &str, parameter_name: &str, others: &[&str]) {
        let service = self.client("client_secret_basic");
        let is_answered = |value: &str| {
            let location = self.authorize(service, &[(parameter_name, value)]);
            assert_ne!(
                parameter(&location, "code").is_some(),
                parameter(&location, "error").is_some()
            );
            parameter(&location, "code").is_some()
        };
        for value in self.list(member) {
            assert!(is_answered(value), "{parameter_name}={value}");
        }
        for value in others {
            assert!(!is_answered(value), "{parameter_name}={value}");
        }
    }

    /// Expects an error of the RFC. The token endpoint of the tutorial has those of FastAPI.
    fn expect_refused(&self, (answer, body): &(Answer, Value), code: &str) {
        let is_of_fastapi = self.is_tutorial && body.get("detail").is_some();
        assert!(matches!(answer.status, 400..=499), "{code}: {}", answer.body);
        assert!(is_of_fastapi || body["error"] == code, "{code}: {}", answer.body);
    }

    /// A grant of the metadata that this client may use.
    fn grant_of(&self, client: &WalkClient) -> Option<&str> {
        let is_public = client.method == "none";
        let mut grants = self.list("grant_types_supported").into_iter();
        grants.find(|grant| !is_public || *grant != "client_credentials")
    }

    fn token(&self, client: &WalkClient) -> String {
        let grant = self.grant_of(client).unwrap();
        let (answer, body) = self.ask(client, grant, "me");
        assert_eq!(answer.status, 200, "{} by {grant}: {body}", client.method);
        body["access_token"].as_str().unwrap().to_owned()
    }

    fn is_active(&self, reader: &WalkClient, token: &str) -> bool {
        let (answer, body) = self.post("introspection_endpoint", reader, &[("token", token)]);
        assert_eq!(answer.status, 200, "{}: {body}", reader.method);
        body["active"].as_bool().unwrap()
    }

    /// The scope of the token in an answer, from its introspection.
    fn granted(&self, (answer, body): &(Answer, Value)) -> String {
        assert_eq!(answer.status, 200, "{body}");
        let (token, reader) = (
            body["access_token"].as_str().unwrap(),
            self.client("client_secret_basic"),
        );
        let (_, found) = self.post("introspection_endpoint", reader, &[("token", token)]);
        found["scope"].as_str().unwrap_or_default().to_owned()
    }

    /// Uses what a member offers. A member without a walk fails the test.
    fn walk(&self, member: &str) {
        let service = self.client("client_secret_basic");
        match member {
            "issuer" => assert_eq!(self.metadata[member], ISSUER),
            "token_endpoint" | "introspection_endpoint" | "revocation_endpoint" => {
                self.expect_refused(&self.post(member, service, &[]), "invalid_request");
            }
            "grant_types_supported" => {
                for grant in self.list(member) {
                    assert_eq!(self.granted(&self.ask(service, grant, "me")), "me", "{grant}");
                }
            }
            "scopes_supported" => {
                for scope in self.list(member) {
                    // It is granted next to the scope of a resource, by a user.
                    let (grant, requested) = match scope {
                        "offline_access" => ("authorization_code", "me offline_access"),
                        scope => ("client_credentials", scope),
                    };
                    assert_eq!(self.granted(&self.ask(service, grant, requested)), requested);
                }
            }
            "token_endpoint_auth_methods_supported" => {
                for method in self.list(member) {
                    self.token(self.client(method));
                }
            }
            "introspection_endpoint_auth_methods_supported" => {
                let token = self.token(service);
                for method in self.list(member) {
                    assert!(self.is_active(self.client(method), &token), "{method}");
                }
            }
            "revocation_endpoint_auth_methods_supported" => {
                for method in self.list(member) {
                    self.revoke_with(self.client(method));
                }
            }
            "jwks_uri" => self.walk_keys(),
            "authorization_endpoint" => {
                let path = self.metadata[member].as_str().unwrap().strip_prefix(ISSUER).unwrap();
                assert_eq!(get(&self.server, path, "").status, 400);
            }
            "response_types_supported" => {
                self.walk_values(member, "response_type", &["token", "id_token", "code token", "none"]);
            }
            "response_modes_supported" => {
                self.walk_values(member, "response_mode", &["fragment", "form_post", "query.jwt"]);
            }
            "code_challenge_methods_supported" => self.walk_values(member, "code_challenge_method", &["plain", "S512"]),
            "authorization_response_iss_parameter_supported" => {
                assert_eq!(self.metadata[member], true);
                for changes in [&[][..], &[("response_type", "token")]] {
                    let location = self.authorize(service, changes);
                    assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER), "{location}");
                }
            }
            other => panic!("the metadata has `{other}`, which this test does not use"),
        }
    }

    /// Ends a token of the client.
    fn revoke_with(&self, client: &WalkClient) {
        let reader = self.client("client_secret_basic");
        let token = self.token(client);
        assert!(self.is_active(reader, &token));
        let (answer, body) = self.post("revocation_endpoint", client, &[("token", &token)]);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, ""),
            "{}: {body}",
            client.method
        );
        assert!(!self.is_active(reader, &token), "{}", client.method);
    }

    /// The key set has the key of a token.
    fn walk_keys(&self) {
        let token = self.token(self.client("client_secret_basic"));
        let header = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let path = self.metadata["jwks_uri"]
            .as_str()
            .unwrap()
            .strip_prefix(ISSUER)
            .unwrap();
        let answer = get(&self.server, path, "");
        let set: Value = serde_json::from_str(&answer.body).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert!(keys.iter().any(|key| key["kid"] == header["kid"]), "{set}");
    }

    /// Everything with a name that the metadata does not have.
    fn expect_refusals(&self) {
        let service = self.client("client_secret_basic");
        for grant in GRANTS
            .iter()
            .filter(|grant| !self.offers("grant_types_supported", grant))
        {
            for client in &self.clients {
                self.expect_refused(&self.ask(client, grant, "me"), "unsupported_grant_type");
            }
        }
        self.expect_refused(&self.ask(service, "client_credentials", "admin"), "invalid_scope");
        for (member, path) in ENDPOINTS {
            assert_eq!(self.metadata.get(member), None, "{member}");
            for method in ["GET", "POST"] {
                let request =
                    format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                assert_eq!(self.server.exchange(request.as_bytes()).status, 404, "{method} {path}");
            }
        }
        for endpoint in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
            let member = format!("{endpoint}_auth_methods_supported");
            for method in METHODS.iter().filter(|method| !self.offers(&member, method)) {
                self.expect_no_method(endpoint, method);
            }
        }
    }

    /// No client authenticates by this method at an endpoint, or it gets nothing there.
    fn expect_no_method(&self, endpoint: &str, method: &str) {
        if method == "none" {
            let public = self.client("none");
            let token = self.token(self.client("client_secret_basic"));
            let fields = [("token", token.as_str()), ("grant_type", "client_credentials")];
            let (_, body) = self.post(endpoint, public, &fields);
            let is_nothing = body == json!({ "active": false }) || body["error"] == "unauthorized_client";
            assert!(is_nothing, "{endpoint}: {body}");
            return;
        }
        let line = [
            "client",
            "add",
            "x",
            "--confidential",
            "--auth-method",
            method,
            "--database",
            "sqlite:a.db",
        ];
        assert_eq!(self.shell.run(&line).status, 2, "{method}");
        let public = self.client("none");
        let assertion = [
            ("client_assertion", "a.b.c"),
            ("token", "x"),
            ("grant_type", "client_credentials"),
        ];
        self.expect_refused(&self.post(endpoint, public, &assertion), "invalid_client");
    }
}

#[test]
fn metadata_equals_what_works() {
    for arguments in [
        &[][..],
        &["--password-grant"],
        &["--profile", "tutorial"],
        &["--profile", "tutorial", "--password-grant"],
    ] {
        let walk = Walk::new(arguments);
        for member in walk.metadata.as_object().unwrap().keys() {
            walk.walk(member);
        }
        walk.expect_refusals();
    }
}
