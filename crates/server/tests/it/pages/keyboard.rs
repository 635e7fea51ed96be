//! A user without a mouse: each control can be reached and seen, in the order of the page.

use super::fixture::{PASSWORD, PagesFixture};
use crate::people::parameter;
use crate::webdriver::{Browser, Failure};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The controls that a user can reach, the place of the focus among them, whether the focus is
/// visible, and the text of the control.
const FOCUS: &str = r#"
    const all = [...document.querySelectorAll('a[href], button, input:not([type="hidden"]), summary')];
    const reachable = all.filter(one => one.tabIndex >= 0 && one.checkVisibility());
    const style = getComputedStyle(document.activeElement);
    const isVisible = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return [reachable.length, reachable.indexOf(document.activeElement), isVisible,
        document.activeElement.textContent.trim() || document.activeElement.name]"#;

/// Goes from the control with the focus to each later one. Returns the text of each.
fn walk(browser: &Browser, begin: usize) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    let mut place = begin;
    loop {
        let focus = browser.run(FOCUS)?;
        assert_eq!(focus[1], place, "the order of the page: {focus}");
        assert_eq!(focus[2], true, "the focus is visible: {focus}");
        texts.push(focus[3].as_str().unwrap_or_default().to_owned());
        place += 1;
        if focus[0] == place {
            return Ok(texts);
        }
        browser.press(TAB)?;
    }
}

/// Presses Tab until a control with this text has the focus.
fn go_to(browser: &Browser, text: &str) -> Result<(), Failure> {
    for _ in 0..100 {
        if browser.run(FOCUS)?[3] == text {
            return Ok(());
        }
        browser.press(TAB)?;
    }
    Err(format!("no `{text}` is reached").into())
}

#[test]
fn keyboard_alone_grants_access() -> Result<(), Failure> {
    let Some(fixture) = PagesFixture::new(Browser::start_if_there()?) else {
        return Ok(());
    };
    let browser = &fixture.browser;
    browser.open(&fixture.request("keys"))?;
    fixture.expect("Log in")?;
    // The focus begins in the first field.
    assert_eq!(walk(browser, 0)?, ["username", "password", "stay", "Log in", "Cancel"]);
    browser.open(&fixture.request("keys"))?;
    fixture.expect("Log in")?;
    browser.press(&format!("jane{TAB}{PASSWORD}{ENTER}"))?;
    fixture.expect("web wants to use your account")?;
    browser.press(TAB)?;
    let reached = walk(browser, 0)?;
    assert_eq!(
        reached[reached.len() - 3..],
        ["Allow", "Deny", "Switch account"],
        "{reached:?}"
    );
    browser.press(TAB)?;
    go_to(browser, "scope")?;
    browser.press(" ")?;
    assert_eq!(browser.run("return document.activeElement.checked")?, false);
    go_to(browser, "Allow")?;
    browser.press(ENTER)?;
    fixture.expect("Back in the application")?;
    assert!(parameter(&browser.address()?, "code").is_some());
    fixture.open("/account")?;
    fixture.expect("Your account")?;
    browser.press(TAB)?;
    assert_eq!(walk(browser, 0)?.first().map(String::as_str), Some("Log out"));
    Ok(())
}
