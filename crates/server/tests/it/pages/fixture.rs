//! A server with a user, an application with a client, and a browser.

use serde_json::json;

use super::application::Application;
use crate::people::{CHALLENGE, encode};
use crate::shell::Shell;
use crate::support::Server;
use crate::webdriver::{Browser, Failure};

pub(super) const PASSWORD: &str = "correct horse battery";

/// The width of the narrowest page, in pixels.
pub(super) const NARROW: u32 = 320;

pub(super) struct PagesFixture {
    pub(super) browser: Browser,
    pub(super) application: Application,
    pub(super) address: String,
    pub(super) shell: Shell,
    _server: Server,
}

/// A server with the user `jane` and the client `web`.
pub(super) struct Site {
    pub(super) server: Server,
    pub(super) address: String,
    shell: Shell,
}

impl Site {
    pub(super) fn start(application: &Application, arguments: &[&str]) -> Self {
        let shell = Shell::new();
        shell.add_user("jane", PASSWORD);
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
        let scope = ["--scope", "me items", "--optional-scope", "items"];
        let uri = ["--redirect-uri", &application.redirect_uri()];
        shell.add_client("web", &[&grants[..], &scope, &uri].concat()).json();
        let url = format!("sqlite:{}", shell.path().join("a.db").display());
        let server = Server::start(&[&["--database", &url], arguments].concat(), &[]);
        Self {
            address: format!("http://{}", server.address),
            server,
            shell,
        }
    }
}

impl PagesFixture {
    /// Starts all of them; `None` if there is no browser.
    pub(super) fn new(browser: Option<Browser>) -> Option<Self> {
        let browser = browser?;
        let application = Application::listen();
        let Site { server, address, shell } = Site::start(&application, &[]);
        Some(Self {
            browser,
            application,
            address,
            shell,
            _server: server,
        })
    }

    /// The address of a request of the application with this `state`.
    pub(super) fn request(&self, state: &str) -> String {
        request(&self.address, &self.application, state)
    }

    /// Opens a path of the server.
    pub(super) fn open(&self, path: &str) -> Result<(), Failure> {
        self.browser.open(&format!("{}{path}", self.address))
    }

    /// Sends the login form of the page.
    pub(super) fn log_in(&self, password: &str) -> Result<(), Failure> {
        log_in(&self.browser, password)
    }

    /// Checks the page that the browser shows: its heading, its width, and that nothing broke the
    /// policy of the page.
    pub(super) fn expect(&self, heading: &str) -> Result<(), Failure> {
        expect(&self.browser, heading)
    }
}

pub(super) fn request(server: &str, application: &Application, state: &str) -> String {
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", &application.redirect_uri()),
        ("scope", "me items"),
        ("state", state),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("{server}/authorize?{query}")
}

pub(super) fn log_in(browser: &Browser, password: &str) -> Result<(), Failure> {
    browser.run("for (const field of document.querySelectorAll('#username, #password')) field.value = ''")?;
    browser.fill("#username", "jane")?;
    browser.fill("#password", password)?;
    browser.click("main button[type=\"submit\"]")
}

pub(super) fn expect(browser: &Browser, heading: &str) -> Result<(), Failure> {
    browser.wait_for_text("h1", heading)?;
    assert_fits(browser, heading);
    assert_eq!(complaints(browser)?, [""; 0], "{heading}");
    Ok(())
}

/// Checks that no part of the page is wider than the page.
pub(super) fn assert_fits(browser: &Browser, about: &str) {
    let script = "const page = document.documentElement;
        return [page.scrollWidth <= innerWidth, page.scrollWidth, innerWidth]";
    let fits = browser.run(script).unwrap();
    assert_eq!(fits[0], true, "{about}: {fits}");
}

/// The errors in the console, without the statuses of refused requests.
pub(super) fn complaints(browser: &Browser) -> Result<Vec<String>, Failure> {
    let mut errors = browser.console_errors()?;
    errors.retain(|message| !message.contains("the server responded with a status of 4"));
    Ok(errors)
}

/// Switches script off in the tab, for all pages from now on.
pub(super) fn switch_script_off(browser: &Browser) -> Result<(), Failure> {
    let off = json!({ "value": true });
    browser.tell("Emulation.setScriptExecutionDisabled", &off).map(drop)
}
