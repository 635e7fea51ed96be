//! Many tabs of one browser, and a login in a window of its own.

use super::fixture::{PASSWORD, PagesFixture};
use crate::people::parameter;
use crate::webdriver::{Browser, Failure};

const TABS: usize = 20;

/// The tabs in another order than that in which they were opened.
fn shuffled(step: usize) -> impl Iterator<Item = usize> {
    (0..TABS).map(move |number| number * step % TABS)
}

#[test]
fn twenty_tabs_of_a_browser_end_at_their_own_address() -> Result<(), Failure> {
    let Some(fixture) = PagesFixture::new(Browser::start_if_there()?) else {
        return Ok(());
    };
    let browser = &fixture.browser;
    let mut tabs = Vec::new();
    for number in 0..TABS {
        tabs.push(browser.open_tab()?);
        browser.open(&fixture.request(&format!("tab {number}")))?;
    }
    // Each login replaces the session, so only the last of these pages is of the session at the
    // end.
    for number in shuffled(7) {
        browser.go_to_tab(&tabs[number])?;
        fixture.log_in(PASSWORD)?;
        browser.wait_for("button[value=\"allow\"]")?;
    }
    let mut restarted = 0;
    for number in shuffled(3) {
        browser.go_to_tab(&tabs[number])?;
        browser.click("button[value=\"allow\"]")?;
        // The application, or a page that starts again: both differ from the consent page.
        browser.wait_for("body > h1, main a.button")?;
        if browser.text("h1")? == "The login began elsewhere" {
            restarted += 1;
            browser.click("a.button")?;
            browser.click("button[value=\"allow\"]")?;
        }
        browser.wait_for_text("h1", "Back in the application")?;
        let address = browser.address()?;
        assert_eq!(parameter(&address, "state"), Some(format!("tab {number}")));
        assert!(parameter(&address, "code").is_some(), "{address}");
    }
    assert_eq!(restarted, TABS - 1);
    Ok(())
}

#[test]
fn window_of_a_login_messages_its_opener() -> Result<(), Failure> {
    let Some(fixture) = PagesFixture::new(Browser::start_if_there()?) else {
        return Ok(());
    };
    let browser = &fixture.browser;
    let request = crate::people::encode(&[("x", &fixture.request("a window"))]);
    let request = request.trim_start_matches("x=");
    browser.open(&format!("{}/open?{request}", fixture.application.origin))?;
    browser.click("#open")?;
    browser.go_to_window(1)?;
    fixture.log_in(PASSWORD)?;
    browser.click("button[value=\"allow\"]")?;
    browser.wait_for_text("h1", "Back in the application")?;
    browser.go_to_window(0)?;
    let answer = browser.text("#answer")?;
    assert_eq!(parameter(&answer, "state").as_deref(), Some("a window"));
    assert!(parameter(&answer, "code").is_some(), "{answer}");
    Ok(())
}
