//! The libraries of npm.

use std::path::Path;

use super::packages::{Check, node, sources};
use super::person::Person;
use super::process::Program;
use super::results;
use super::site::{APPLICATIONS, Site, key_of};

/// A script, with the packages of this folder.
fn script(site: &Site, packages: &Path, name: &str) -> Program {
    let mut command = site.command("node");
    command.arg(sources("node").join(name)).current_dir(packages);
    Program::start(&mut command)
}

/// What the scripts print about both methods of a client.
fn expected(first: &str, after_token: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (method, service, refusal) in [
        ("client_secret_basic", "billing", "401 basic"),
        ("client_secret_post", "billing-post", "400 invalid_client"),
    ] {
        if !first.is_empty() {
            lines.push(format!("{method}: {first}"));
        }
        lines.push(format!("{method}: bearer for items{after_token}"));
        if first.is_empty() {
            lines.push(format!("{method}: verified, of {service}"));
        }
        lines.push(format!("{method}: active true, of {service}, for items"));
        lines.push(format!("{method}: after revocation {{\"active\":false}}"));
        lines.push(format!("{method}: wrong secret, {refusal}"));
    }
    lines
}

#[test]
fn oauth4webapi_gets_introspects_and_revokes_tokens() {
    let Some(packages) = node(Check::Short, "npm's `oauth4webapi`") else {
        return;
    };
    let lines = script(&Site::start(), &packages, "oauth4webapi.mjs").output();
    let first = "discovery: offers client_credentials true".to_owned();
    assert_eq!(lines, [vec![first], expected("", "")].concat());
    results::record("npm", "oauth4webapi", None);
}

#[test]
fn openid_client_gets_introspects_and_revokes_tokens() {
    let Some(packages) = node(Check::Long, "npm's `openid-client`") else {
        return;
    };
    let lines = script(&Site::start(), &packages, "openid-client.mjs").output();
    let found = "discovery, offers client_credentials true";
    assert_eq!(lines, expected(found, ", not yet expired"));
    results::record("npm", "openid-client", None);
}

/// Runs a script of the code flow for each application. `agree` is what the user does with the URL
/// of a request.
pub(super) fn check_code_flow(mut script: Program, mut agree: impl FnMut(&str) -> String) {
    for (id, ..) in APPLICATIONS {
        let url = script.ask(id);
        let location = agree(&url);
        assert_eq!(
            script.ask(&location),
            "foreign iss refused, no iss refused, me items 200, parallel refreshes agree 200, next new 200, \
             revoked 401 invalid_grant",
            "{id}: {location}"
        );
    }
    assert_eq!(script.output(), [""; 0]);
}

/// Runs a script of the code flow. The user is one browser, which logs in once.
fn check_script(packages: &Path, name: &str) {
    let site = Site::start().with_applications();
    let mut person = Person::default();
    check_code_flow(script(&site, packages, name), |url| person.agree(&site, url));
}

#[test]
fn oauth4webapi_gets_refreshes_and_revokes_by_code() {
    let Some(packages) = node(Check::Short, "npm's `oauth4webapi` by code") else {
        return;
    };
    check_script(&packages, "oauth4webapi-code.mjs");
    results::record("npm", "oauth4webapi", None);
}

#[test]
fn openid_client_gets_refreshes_and_revokes_by_code() {
    let Some(packages) = node(Check::Long, "npm's `openid-client` by code") else {
        return;
    };
    check_script(&packages, "openid-client-code.mjs");
    results::record("npm", "openid-client", None);
}

#[test]
fn badgateway_gets_refreshes_and_revokes_by_code() {
    let Some(packages) = node(Check::Long, "npm's `@badgateway/oauth2-client`") else {
        return;
    };
    check_script(&packages, "badgateway-code.mjs");
    results::record("npm", "@badgateway/oauth2-client", None);
}

/// One set of keys verifies tokens of both keys. A set that is fetched later does not have the
/// removed key.
#[test]
fn jose_verifies_across_a_rotation() {
    let Some(packages) = node(Check::Long, "npm's `jose`") else {
        return;
    };
    let variables = [("SCOPEGATE_KEY_ANNOUNCEMENT", "1s")];
    let site = Site::with(None, &[], &variables);
    let mut jose = script(&site, &packages, "jose.mjs");
    let old = site.token("items");
    let first = key_of(&old);
    assert_eq!(jose.ask(&old), format!("{first} billing items fetched 1"));
    assert_eq!(
        jose.ask(&site.token("me")),
        format!("{first} billing me fetched 1"),
        "the set of keys is cached"
    );
    let rotate = ["key", "rotate", "--database", "sqlite:a.db"];
    assert_eq!(site.shell.run_with(&rotate, "", &variables).status, 0);
    let mut new = old.clone();
    jose.wait_for("signing with the second key", || {
        new = site.token("items");
        key_of(&new) != first
    });
    let second = key_of(&new);
    assert_eq!(jose.ask(&new), format!("{second} billing items fetched 2"));
    assert_eq!(jose.ask(&old), format!("{first} billing items fetched 2"));

    let (message, _) = new.rsplit_once('.').unwrap();
    let (_, signature) = old.rsplit_once('.').unwrap();
    assert_eq!(
        jose.ask(&format!("{message}.{signature}")),
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED fetched 2"
    );

    let remove = ["key", "remove", &first, "--database", "sqlite:a.db"];
    assert_eq!(site.shell.run_with(&remove, "", &variables).status, 0);
    jose.wait_for("without the first key", || {
        !site.get("/.well-known/jwks.json").body.contains(&first)
    });
    let mut later = script(&site, &packages, "jose.mjs");
    // An unknown key makes it fetch the set again.
    assert_eq!(later.ask(&old), "ERR_JWKS_NO_MATCHING_KEY fetched 2");
    results::record("npm", "jose", None);
}
