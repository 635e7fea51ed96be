//! Swagger UI at `/docs` gets a token for a client.

use super::site::Site;
use crate::path_proxy::PathProxy;
use crate::webdriver::{Browser, Failure};

/// The dialogue for a client that acts for itself. The document offers the code flow, too.
const DIALOGUE: &str = ".auth-container:has([id^=\"client_id_clientCredentials\"])";

/// Sends the form of the dialogue with this secret.
fn log_in(browser: &Browser, site: &Site, secret: &str) -> Result<(), Failure> {
    browser.open(&format!("{}/docs", site.issuer))?;
    browser.click(".auth-wrapper .btn.authorize")?;
    let fill = |name: &str, text: &str| browser.fill(&format!("{DIALOGUE} [id^=\"{name}_\"]"), text);
    fill("client_id", "billing")?;
    fill("client_secret", secret)?;
    browser.click(&format!("{DIALOGUE} input[data-value=\"items\"] + label"))?;
    browser.click(&format!("{DIALOGUE} .btn.authorize"))
}

/// Logs in as a client, and tries an operation out. Returns the request that the page shows.
fn request_with_token(browser: &Browser, site: &Site) -> Result<String, Failure> {
    log_in(browser, site, site.secret("billing"))?;
    // The dialogue offers to log out, once it holds a token.
    browser.wait_for(".auth-container [aria-label=\"Remove authorization\"]")?;
    browser.click(".modal-ux .btn-done")?;
    let operation = ".opblock-get:has(.opblock-summary-path[data-path=\"/status/\"])";
    browser.click(&format!("{operation} .opblock-summary-control"))?;
    browser.click(&format!("{operation} .try-out__btn"))?;
    browser.click(&format!("{operation} .execute"))?;
    browser.text(&format!("{operation} .curl-command code, {operation} .curl"))
}

#[test]
fn dialogue_gets_a_token_for_a_client() -> Result<(), Failure> {
    let Some(browser) = Browser::start_if_there()? else {
        return Ok(());
    };
    let site = Site::start();
    // A refusal with a challenge is shown, and opens no login of the browser.
    log_in(&browser, &site, "wrong")?;
    let error = browser.text(".auth-container .errors")?;
    assert!(error.contains("Unauthorized"), "{error}");
    // The page sends the token. The operations of the demo are about users, so a client is refused.
    let command = request_with_token(&browser, &site)?;
    assert!(command.contains("Authorization: Bearer eyJ"), "{command}");
    Ok(())
}

#[test]
fn page_behind_a_path_sends_its_requests_there() -> Result<(), Failure> {
    let Some(browser) = Browser::start_if_there()? else {
        return Ok(());
    };
    let proxy = PathProxy::listen();
    let site = Site::with(Some(&proxy.issuer()), &[], &[]);
    proxy.lead_to(site.server.address);
    let command = request_with_token(&browser, &site)?;
    let target = format!("{}/status/", site.issuer);
    assert!(
        command.contains(&target) && command.contains("Authorization: Bearer eyJ"),
        "{command}"
    );
    Ok(())
}
