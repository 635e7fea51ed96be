//! The pages `/docs` and `/redoc` in a real browser: the first steps of a reader of the tutorial.
//!
//! The long check needs `chromium` and `chromedriver` on the search path. Without them the tests
//! report it and pass; with `SCOPEGATE_REQUIRE_BROWSER=1` they fail. Other checks leave them out.

use std::process::Command;

use crate::webdriver::{Browser, Failure, Process};
use serde_json::{Value, json};

/// The button that closes the dialogue, once it holds a token.
const DONE: &str = ".modal-ux .auth-container:has([aria-label=\"Remove authorization\"]) .btn-done";
/// The dialogue for user name and password. The document may offer others.
const DIALOGUE: &str = ".modal-ux .auth-container:has(#oauth_username)";
/// The part of the dialogue for the code flow.
const CODE_DIALOGUE: &str = ".modal-ux .auth-container:has([id^=\"client_id_authorizationCode\"])";
const PATHS: [&str; 3] = ["/status/", "/users/me/", "/users/me/items/"];
/// The scopes that are ticked, and the status of each path with the token.
const LOGINS: [(&[&str], [u16; 3]); 3] = [
    (&[], [200, 401, 401]),
    (&["me"], [200, 200, 401]),
    (&["me", "items"], [200, 200, 200]),
];

/// The demo, and a browser that opens its pages.
struct BrowserFixture {
    browser: Browser,
    address: String,
    _server: Process,
}

impl BrowserFixture {
    /// Starts both; `None` if there is no browser and none is required.
    fn set() -> Result<Option<Self>, Failure> {
        let Some(browser) = Browser::start_if_there()? else {
            return Ok(None);
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
        // The program refuses unknown variables of its prefix.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCOPEGATE_")) {
            command.env_remove(name);
        }
        let server = Process::start(command.args(["serve", "--demo", "--listen", "127.0.0.1:0"]))?;
        let address = format!("http://127.0.0.1:{}", server.port_after("http://127.0.0.1:")?);
        Ok(Some(Self {
            browser,
            address,
            _server: server,
        }))
    }

    /// Opens `/docs` again, which drops earlier logins, and requests a token with these scopes
    /// ticked.
    fn log_in(&self, password: &str, scopes: &[&str]) -> Result<(), Failure> {
        let browser = &self.browser;
        browser.open(&format!("{}/docs", self.address))?;
        browser.click(".auth-wrapper .btn.authorize")?;
        browser.fill("#oauth_username", "johndoe")?;
        browser.fill("#oauth_password", password)?;
        for scope in scopes {
            // The visible box belongs to the label.
            browser.click(&format!("{DIALOGUE} input[data-value=\"{scope}\"] + label"))?;
        }
        browser.click(&format!("{DIALOGUE} .auth-btn-wrapper .btn.authorize"))
    }

    /// Opens `/docs` again, and requests a code as this client with these scopes ticked. Then the
    /// window of the server is active.
    fn authorize(&self, client: Option<&str>, scopes: &[&str]) -> Result<(), Failure> {
        let browser = &self.browser;
        browser.open(&format!("{}/docs", self.address))?;
        browser.click(".auth-wrapper .btn.authorize")?;
        if let Some(client) = client {
            let field = format!("{CODE_DIALOGUE} [id^=\"client_id_authorizationCode\"]");
            browser.fill(&field, client)?;
        }
        for scope in scopes {
            browser.click(&format!("{CODE_DIALOGUE} input[data-value=\"{scope}\"] + label"))?;
        }
        browser.click(&format!("{CODE_DIALOGUE} .auth-btn-wrapper .btn.authorize"))?;
        browser.go_to_window(1)
    }

    /// Opens an operation and tries it out. Returns the status and the body that the page shows.
    fn execute(&self, path: &str) -> Result<(u16, Value), Failure> {
        let browser = &self.browser;
        let operation = format!(".opblock-get:has(.opblock-summary-path[data-path=\"{path}\"])");
        let response = format!("{operation} .live-responses-table tr.response");
        browser.click(&format!("{operation} .opblock-summary-control"))?;
        browser.click(&format!("{operation} .try-out__btn"))?;
        browser.click(&format!("{operation} .execute"))?;
        let status = browser.text(&format!("{response} .response-col_status"))?;
        let body = browser.text(&format!("{response} .response-col_description .highlight-code code"))?;
        let status = status.split_whitespace().next().unwrap_or_default();
        Ok((status.parse()?, serde_json::from_str(&body)?))
    }

    /// The errors in the console, without refused requests: the browser reports each of them as an
    /// error.
    fn complaints(&self) -> Result<Vec<String>, Failure> {
        let refused = |message: &String| message.contains("the server responded with a status of 40");
        Ok(self
            .browser
            .console_errors()?
            .into_iter()
            .filter(|message| !refused(message))
            .collect())
    }
}

/// The fixture; if there is no browser, reports that nothing was tested.
macro_rules! fixture {
    () => {
        match BrowserFixture::set().expect("the demo and the browser start") {
            Some(fixture) => fixture,
            None => {
                eprintln!("SKIPPED, NOTHING WAS TESTED: see the line before");
                return;
            }
        }
    };
}

/// The tutorial's response to johndoe.
fn expected_body(path: &str, status: u16) -> Value {
    match (path, status) {
        ("/status/", 200) => json!({ "status": "ok" }),
        ("/users/me/", 200) => json!({
            "username": "johndoe", "email": "johndoe@example.com", "full_name": "John Doe", "disabled": false,
        }),
        ("/users/me/items/", 200) => json!([{ "item_id": "Foo", "owner": "johndoe" }]),
        _ => json!({ "detail": "Not enough permissions" }),
    }
}

#[test]
fn each_login_opens_what_its_scopes_allow() {
    let fixture = fixture!();
    for (scopes, statuses) in LOGINS {
        fixture.log_in("secret", scopes).expect("the form is sent");
        fixture
            .browser
            .click(DONE)
            .expect("a token comes, and the dialogue closes");
        for (path, status) in PATHS.into_iter().zip(statuses) {
            let (seen, body) = fixture.execute(path).expect("the operation answers");
            assert_eq!(
                (seen, body),
                (status, expected_body(path, status)),
                "{path} with {scopes:?}"
            );
        }
        assert_eq!(fixture.complaints().expect("the console"), [""; 0], "with {scopes:?}");
    }
}

#[test]
fn wrong_password_is_shown_in_the_dialog() {
    let fixture = fixture!();
    fixture.log_in("wrong", &["me"]).expect("the form is sent");
    let error = fixture
        .browser
        .text(&format!("{DIALOGUE} .errors"))
        .expect("an error is shown");
    assert!(error.contains("Bad Request"), "{error}");
    assert_eq!(fixture.complaints().expect("the console"), [""; 0]);
}

#[test]
fn code_of_a_login_page_opens_operations() {
    let fixture = fixture!();
    let browser = &fixture.browser;
    fixture.authorize(None, &["me", "items"]).expect("the login page opens");
    browser.fill("#username", "johndoe").expect("a field");
    browser.fill("#password", "secret").expect("a field");
    browser.click("main button[type=\"submit\"]").expect("a button");
    browser.click("button[value=\"allow\"]").expect("the consent page");
    browser.go_to_window(0).expect("the documentation");
    browser.click(DONE).expect("a token comes, and the dialogue closes");
    for path in PATHS {
        let (status, body) = fixture.execute(path).expect("the operation answers");
        assert_eq!((status, body), (200, expected_body(path, 200)), "{path}");
    }
    assert_eq!(fixture.complaints().expect("the console"), [""; 0]);
}

#[test]
fn wrong_client_of_the_dialog_sees_a_page() {
    let fixture = fixture!();
    // The field has the client of the demo, so this is appended to its id.
    fixture.authorize(Some("-other"), &["me"]).expect("a page opens");
    let text = fixture.browser.text("main").expect("it has text");
    assert!(text.contains("The application is not known here"), "{text}");
}

#[test]
fn redoc_shows_the_operations() {
    let fixture = fixture!();
    fixture
        .browser
        .open(&format!("{}/redoc", fixture.address))
        .expect("the page opens");
    fixture
        .browser
        .wait_for("[data-section-id^=\"operation/\"]")
        .expect("the document is drawn");
    let text = fixture.browser.text("#redoc-root").expect("it has text");
    for path in PATHS.into_iter().chain(["/token"]) {
        assert!(text.contains(path), "{path} is missing in {text}");
    }
    assert_eq!(fixture.complaints().expect("the console"), [""; 0]);
}

#[test]
fn the_pages_carry_a_policy_that_allows_no_inline_script() {
    let fixture = fixture!();
    for page in ["/docs", "/redoc", "/docs/oauth2-redirect"] {
        fixture
            .browser
            .open(&format!("{}{page}", fixture.address))
            .expect("the page opens");
        let script = "return fetch(location.href).then(answer => answer.headers.get('content-security-policy'))";
        let policy = fixture.browser.run(script).unwrap_or_default();
        // The redirect page may not connect to any server, not even to its own.
        if page != "/docs/oauth2-redirect" {
            let policy = policy.as_str().expect("the page has a policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe"), "{policy}");
        }
        let script =
            "const s = document.createElement('script'); s.text = 'window.injected = 1'; document.head.append(s);
            return window.injected === undefined";
        assert_eq!(
            fixture.browser.run(script).expect("the script runs"),
            true,
            "{page} ran an inline script"
        );
    }
}
