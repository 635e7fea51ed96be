//! Two tabs of an application refresh their tokens at the same time, and answers are lost.

use std::process::Command;

use serde_json::json;

use super::fixture::{PASSWORD, PagesFixture};
use crate::programs::packages::{Check, node, sources};
use crate::programs::process::Program;
use crate::programs::results;
use crate::webdriver::{Browser, Failure};

const ROUNDS: usize = 200;

/// Waits until the tab has done its work. Returns the text that it shows then.
fn result(browser: &Browser) -> Result<String, Failure> {
    // Each attempt waits for a quarter of a minute.
    let mut ended = (0..12).map(|_| browser.wait_for(".ended"));
    ended.find(Result::is_ok).ok_or("the tab has not ended")??;
    browser.text("h1")
}

#[test]
fn two_tabs_refresh_without_a_logout() -> Result<(), Failure> {
    let Some(packages) = node(Check::Long, "npm's `oidc-client-ts`") else {
        return Ok(());
    };
    let Some(fixture) = PagesFixture::new(Browser::start_if_there()?) else {
        return Ok(());
    };
    let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
    let uri = ["--redirect-uri", "http://127.0.0.1/cb", "--scope", "me items"];
    let line = [
        "client",
        "add",
        "Application",
        "--id",
        "spa",
        "--public",
        "--database",
        "sqlite:a.db",
    ];
    let added = fixture.shell.run(&[&line[..], &grants, &uri].concat());
    assert_eq!(added.status, 0, "{}", added.stderr);
    let mut command = Command::new("node");
    command
        .arg(sources("node").join("oidc-client-ts.mjs"))
        .current_dir(packages);
    let mut application = Program::start(command.env("ISSUER", &fixture.address));
    let address = application.ask("address");

    let browser = &fixture.browser;
    browser.open(&address)?;
    browser.click("button")?;
    fixture.log_in(PASSWORD)?;
    browser.click("button[value=\"allow\"]")?;
    browser.wait_for_text("h1", "Logged in")?;
    let first = browser.tab()?;
    let second = browser.open_tab()?;
    browser.open(&address)?;
    browser.wait_for_text("h1", "Logged in")?;
    let script = "work(arguments[0], arguments[1], arguments[2]).catch(showError)";
    for (tab, names) in [(&first, ["a", "b"]), (&second, ["b", "a"])] {
        browser.go_to_tab(tab)?;
        let begin = format!("{script}; return null");
        browser.run_with(&begin, &[json!(names[0]), json!(names[1]), json!(ROUNDS)])?;
    }
    for tab in [&first, &second] {
        browser.go_to_tab(tab)?;
        let text = result(browser)?;
        let tokens = text.strip_prefix("Done: ").ok_or(text.clone())?;
        // Each round has a new token, unless both tabs had the one of an earlier round.
        assert!(tokens.parse::<usize>()? > ROUNDS / 2, "{text}");
    }
    let counts = application.ask("counts");
    let (refreshes, dropped) = counts.split_once(' ').unwrap();
    let (refreshes, dropped): (usize, usize) = (refreshes.parse()?, dropped.parse()?);
    assert!(
        refreshes >= 2 * ROUNDS + dropped && dropped == refreshes / 5,
        "{counts}"
    );
    // The user can still go on.
    let again = browser.run("return refresh().then(user => user.scope)")?;
    assert_eq!(again, "me items");
    results::record("npm", "oidc-client-ts", None);
    Ok(())
}
