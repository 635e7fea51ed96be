//! A user without script on a narrow screen: a login, the consent, the account and the logout.

use super::fixture::{NARROW, PASSWORD, PagesFixture, complaints, switch_script_off};
use crate::people::parameter;
use crate::webdriver::{Browser, Failure};

const NEW_PASSWORD: &str = "another correct horse";

#[test]
fn user_grants_and_ends_access_without_script() -> Result<(), Failure> {
    let Some(fixture) = PagesFixture::new(Browser::start_in_short_check()?) else {
        return Ok(());
    };
    let browser = &fixture.browser;
    browser.resize(NARROW, 800)?;
    switch_script_off(browser)?;
    browser.open("data:text/html,<h1>On</h1><script>document.querySelector('h1').textContent = 'Off'</script>")?;
    browser.wait_for_text("h1", "On")?;
    grant(&fixture)?;
    see_and_end(&fixture)?;
    // The console shows what a policy stops, so the checks above can fail.
    fixture.open("/logout")?;
    browser.run("document.body.append(Object.assign(document.createElement('style'), { textContent: 'a{}' }))")?;
    let found = complaints(browser)?;
    assert!(
        found.len() == 1 && found[0].contains("Content Security Policy"),
        "{found:?}"
    );
    Ok(())
}

/// Logs in at the second attempt, and grants a part.
fn grant(fixture: &PagesFixture) -> Result<(), Failure> {
    let browser = &fixture.browser;
    browser.open(&fixture.request("one"))?;
    fixture.expect("Log in")?;
    fixture.log_in("wrong")?;
    browser.wait_for("[role=\"alert\"]")?;
    fixture.expect("Log in")?;
    // A reload by the address bar sends no form.
    fixture.open("/login")?;
    fixture.expect("Start again in the application")?;

    browser.open(&fixture.request("two"))?;
    browser.click("button[value=\"cancel\"]")?;
    fixture.expect("Continue in the application")?;
    browser.click("a.button")?;
    fixture.expect("Back in the application")?;
    assert_eq!(
        parameter(&browser.address()?, "error").as_deref(),
        Some("access_denied")
    );

    browser.open(&fixture.request("three"))?;
    fixture.log_in(PASSWORD)?;
    fixture.expect("web wants to use your account")?;
    browser.click("summary")?;
    browser.click("input[value=\"items\"]")?;
    browser.click("button[value=\"allow\"]")?;
    fixture.expect("Back in the application")?;
    let address = browser.address()?;
    assert!(address.starts_with(&fixture.application.redirect_uri()), "{address}");
    assert_eq!(parameter(&address, "state").as_deref(), Some("three"));
    assert!(parameter(&address, "code").is_some(), "{address}");
    // Back leads to a page that continues: the same one, or a new one.
    browser.back()?;
    fixture.expect("web wants to ")?;
    browser.click("button[value=\"deny\"]")?;
    fixture.expect("Continue in the application")
}

/// Reads the account, changes the password, withdraws the access and logs out.
fn see_and_end(fixture: &PagesFixture) -> Result<(), Failure> {
    let browser = &fixture.browser;
    fixture.open("/account")?;
    fixture.expect("Your account")?;
    browser.click("#applications h3 a")?;
    fixture.expect("web")?;
    browser.click(".back a")?;
    for (old, notice) in [
        ("wrong", "The old password is wrong."),
        (PASSWORD, "The password was changed."),
    ] {
        browser.fill("#old", old)?;
        browser.fill("#new", NEW_PASSWORD)?;
        browser.fill("#repeat", NEW_PASSWORD)?;
        browser.click("#password button")?;
        browser.wait_for_text(".notice", notice)?;
        fixture.expect("Your account")?;
    }
    browser.click("#applications form button")?;
    browser.wait_for_text(".notice", "The access of the application has ended.")?;
    browser.click(".user a")?;
    fixture.expect("Log out?")?;
    browser.click("main form button")?;
    fixture.expect("You are logged out")?;
    fixture.open("/account")?;
    fixture.expect("Log in")?;
    fixture.log_in(NEW_PASSWORD)?;
    fixture.expect("Your account")
}
