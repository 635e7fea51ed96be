//! The resource servers of Debian: Dovecot and Apache.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::packages::{Check, debian, sources};
use super::process::{Program, free_port};
use super::results;
use super::site::Site;

/// Writes a configuration with these values in place of `@NAME@`, and returns its path.
pub(super) fn configure(folder: &Path, name: &str, values: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(sources("debian").join(name)).unwrap();
    for (place, value) in values {
        text = text.replace(&format!("@{place}@"), value);
    }
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The answer that `curl` receives, with its head.
pub(super) fn curl(arguments: &[&str]) -> String {
    let command = Command::new("curl")
        .args(["--silent", "--max-time", "60", "--include", "--http1.1"])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(command.stdout).unwrap()
}

/// The status of an answer.
pub(super) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// Dovecot asks the server about the token that a mail program sends in place of a password.
#[test]
fn dovecot_accepts_tokens_that_the_server_knows() {
    let Some((dovecot, version)) = debian(Check::Long, "dovecot-core", "dovecot") else {
        return;
    };
    let site = Site::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let server = site.issuer.strip_prefix("http://").unwrap();
    let values = [("FOLDER", path), ("SERVER", server), ("SECRET", site.secret("reports"))];
    configure(folder.path(), "dovecot-oauth2.conf", &values);
    let configuration = configure(folder.path(), "dovecot.conf", &values);
    let mut running = Program::start(Command::new(dovecot).args(["-F", "-c", &configuration]));
    running.wait_for("listening", || folder.path().join("run/auth-client").exists());
    let log_in = |user: &str, token: &str| {
        let mut test = Command::new("doveadm");
        test.args(["-c", &configuration, "auth", "test", user, token]);
        test.output().unwrap().status.success()
    };
    let (items, me) = (site.token("items"), site.token("me"));
    assert!(log_in("billing", &items), "a token of this client");
    assert!(!log_in("mary", &items), "a token of another name");
    assert!(!log_in("billing", &me), "a token without the scope");
    assert!(!log_in("billing", &forged(&items)), "a forged token");
    site.revoke(&items);
    assert!(!log_in("billing", &items), "a revoked token");
    results::record("Debian", "dovecot-core", Some(&version));
}

/// An Apache that protects one file.
struct Apache {
    running: Program,
    url: String,
    _folder: tempfile::TempDir,
}

impl Apache {
    /// Starts it. `verify` is how it verifies a token.
    fn start(module: &Path, site: &Site, audience: &str, verify: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let values = [
            ("FOLDER", folder.path().to_str().unwrap()),
            ("MODULES", module.parent().unwrap().to_str().unwrap()),
            ("PORT", &port.to_string()),
            ("VERIFY", verify),
            ("ISSUER", &site.issuer),
            ("AUDIENCE", audience),
        ];
        let configuration = configure(folder.path(), "apache.conf", &values);
        fs::create_dir(folder.path().join("documents")).unwrap();
        fs::write(folder.path().join("documents/file"), "protected").unwrap();
        let mut running = Program::start(Command::new("/usr/sbin/apache2").args(["-X", "-f", &configuration]));
        running.wait_for_port(port);
        Self {
            running,
            url: format!("http://127.0.0.1:{port}/file"),
            _folder: folder,
        }
    }

    /// The answer to a request with this token.
    fn get(&self, token: &str) -> String {
        curl(&["--header", &format!("Authorization: Bearer {token}"), &self.url])
    }

    /// Checks everything except revocation.
    fn check(&self, site: &Site, verify: &str) {
        let token = site.token("items");
        let answer = self.get(&token);
        assert_eq!(status(&answer), "200", "{verify}: {answer}");
        assert!(answer.contains("\r\nX-Client: billing\r\n"), "{verify}: {answer}");
        assert_eq!(
            status(&self.get(&site.token("me"))),
            "401",
            "{verify}: without the scope"
        );
        assert_eq!(status(&self.get(&forged(&token))), "401", "{verify}: a forged token");
        assert_eq!(status(&self.get("nonsense")), "401", "{verify}: not a token");
    }
}

/// The token with another signature.
fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let other: String = signature.chars().rev().collect();
    assert_ne!(other, signature);
    format!("{message}.{other}")
}

/// Apache protects a file by introspection, with each method of a client, and by the published
/// keys.
#[test]
fn apache_protects_a_file_by_tokens() {
    let module = "usr/lib/apache2/modules/mod_oauth2.so";
    let Some((module, version)) = debian(Check::Long, "libapache2-mod-oauth2", module) else {
        return;
    };
    let site = Site::start();
    for (client, method) in [
        ("reports", "client_secret_basic"),
        ("reports-post", "client_secret_post"),
    ] {
        let credentials = format!("client_id={client}&client_secret={}", site.secret(client));
        let verify = format!(
            "introspect {}/introspect introspect.auth={method}&{credentials}",
            site.issuer
        );
        let mut apache = Apache::start(&module, &site, site.audience(), &verify);
        apache.check(&site, method);
        let token = site.token("items");
        assert_eq!(status(&apache.get(&token)), "200");
        site.revoke(&token);
        // The configuration sets a cache of one second.
        let Apache { running, url, .. } = &mut apache;
        let header = format!("Authorization: Bearer {token}");
        running.wait_for("refusing a revoked token", || {
            status(&curl(&["--header", &header, url])) == "401"
        });
    }
    let options = "verify.iss=skip&verify.iat=skip&verify.exp=required";
    let verify = format!("jwks_uri {}/.well-known/jwks.json {options}", site.issuer);
    Apache::start(&module, &site, site.audience(), &verify).check(&site, "keys");
    let other = Apache::start(&module, &site, "https://other.example", &verify);
    assert_eq!(status(&other.get(&site.token("items"))), "401", "of another audience");
    results::record("Debian", "libapache2-mod-oauth2", Some(&version));
}
