//! The helper of git for logins with a browser: a program of Debian that listens on a free port.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::debian::{curl, status};
use super::packages::{Check, debian};
use super::person::Person;
use super::process::Program;
use super::results;
use super::site::Site;
use crate::people::{call, parameter};

/// The program that the helper calls to open a URL. It writes the URL to a file for the test.
const OPEN: &str = "#!/bin/sh\nprintf %s \"$1\" >\"$0.part\" && mv \"$0.part\" \"$0.url\"\n";

/// The configuration of a repository at the server.
fn configuration(site: &Site) -> String {
    format!(
        "[credential \"{}\"]\n oauthClientId = git\n oauthScopes = me items\n oauthAuthURL = /authorize\n \
         oauthTokenURL = /token\n",
        site.issuer
    )
}

/// The helper, which receives a question about a repository.
fn helper(program: &Path, site: &Site, folder: &Path) -> Program {
    let open = folder.join("open");
    fs::write(&open, OPEN).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    let file = folder.join("gitconfig");
    fs::write(&file, configuration(site)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.arg("get").current_dir(folder);
    command
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("GIT_CONFIG_GLOBAL", file)
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let mut running = Program::start(&mut command);
    let host = site.issuer.strip_prefix("http://").unwrap();
    running.write_input(&format!("protocol=http\nhost={host}\n\n"));
    running
}

/// The redirect URI has no path, and its port is a free one each time.
#[test]
fn git_credential_oauth_gets_tokens_on_a_free_port() {
    let Some((program, version)) = debian(Check::Long, "git-credential-oauth", "git-credential-oauth") else {
        return;
    };
    let mut site = Site::start();
    site.add_user();
    site.add_application("git", "none", "http://127.0.0.1");
    let mut person = Person::default();
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let mut running = helper(&program, &site, folder.path());
        let opened = folder.path().join("open.url");
        running.wait_for("opening a browser", || opened.exists());
        let url = fs::read_to_string(&opened).unwrap();
        addresses.push(parameter(&url, "redirect_uri").unwrap());
        let location = person.agree(&site, &url);
        assert_eq!(status(&curl(&[&location])), "200", "{location}");
        let mut lines = running.output();
        lines.sort();
        let [password, username] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert_eq!(username, "username=oauth2");
        let token = password.strip_prefix("password=").unwrap();
        assert_eq!(call(&site.server, "/users/me/items/", token), 200);
    }
    assert_ne!(addresses.first(), addresses.last());
    results::record("Debian", "git-credential-oauth", Some(&version));
}
