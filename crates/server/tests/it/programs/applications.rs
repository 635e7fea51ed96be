//! The applications of docs/clients.md: one with a backend, one in the browser, and a program.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::debian::{curl, status};
use super::documents::Page;
use super::packages::{Check, python};
use super::person::{NAME, PASSWORD, Person};
use super::process::{Program, free_port};
use super::results;
use super::site::Site;
use super::visitor::Visitor;
use crate::docs::{code_blocks_of, commands, shell_blocks};
use crate::path_proxy::PathProxy;
use crate::people::parameter;
use crate::webdriver::{Browser, Failure};

/// Each access token ends within the margin of the applications, so each use refreshes. A second
/// use of a refresh token would end the access.
const SETTINGS: [&str; 4] = ["--access-token-lifetime", "5s", "--refresh-retry", "0s"];

/// Runs the commands of the page that add the user and the applications. Returns the secret of the
/// one with a backend.
fn add_applications(site: &Site) -> String {
    let blocks = shell_blocks("docs/clients.md");
    let block = blocks.iter().find(|block| block.contains("--id notes ")).unwrap();
    let mut secrets = Vec::new();
    for line in block.lines().filter(|line| !line.starts_with("scopegate serve")) {
        let line = line
            .replace("--config scopegate.toml", "--database sqlite:a.db --format json")
            // A reader types it.
            .replace("user add jane", "user add jane --password-stdin");
        let words = commands::words(&line);
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let input = if line.contains("user add") { PASSWORD } else { "" };
        let added = site.shell.run_with(&words, input, &[]).json();
        secrets.extend(added["client_secret"].as_str().map(str::to_owned));
    }
    let [secret] = &secrets[..] else {
        panic!("one confidential client")
    };
    secret.clone()
}

/// A server with the applications of the page, and the API that they call.
struct Applications {
    page: Page,
    secret: String,
    api: String,
    _api: Program,
}

impl Applications {
    fn start(interpreter: PathBuf, site: Site) -> Self {
        Self::with_api(interpreter, site, &[])
    }

    /// Starts the API with these variables.
    fn with_api(interpreter: PathBuf, site: Site, variables: &[(&str, &str)]) -> Self {
        let page = Page::new(interpreter, site);
        let secret = add_applications(&page.site);
        let (running, api) = page.serve("introspecting", variables);
        Self {
            page,
            secret,
            api,
            _api: running,
        }
    }

    /// Serves the web application. Returns it with its origin.
    fn serve_web(&self) -> (Program, String) {
        let port = free_port();
        let origin = format!("http://127.0.0.1:{port}");
        let callback = format!("{origin}/callback");
        let variables = [
            ("NOTES", self.secret.as_str()),
            ("API", &self.api),
            ("REDIRECT_URI", &callback),
        ];
        (self.page.serve_at("webapp", port, &variables), origin)
    }
}

/// Logs in at the web application. Returns the URL of the answer.
fn log_in(visitor: &Visitor, origin: &str, site: &Site, person: &mut Person) -> String {
    let start = visitor.get(&format!("{origin}/login"), &[]);
    person.agree(site, &start.location.unwrap())
}

#[test]
fn web_application_refreshes_and_sees_a_withdrawal() {
    let Some(interpreter) = python(
        Check::Short,
        "PyPI's `Authlib` with the web application of docs/clients.md",
    ) else {
        return;
    };
    let it = Applications::start(interpreter, Site::with(None, &SETTINGS, &[]));
    let (_running, origin) = it.serve_web();
    let (visitor, mut person) = (Visitor::new(None), Person::default());
    let open = || visitor.get(&format!("{origin}/"), &[]);
    let is_logged_out = || open().location.as_deref() == Some("/login");
    assert!(is_logged_out());

    let location = log_in(&visitor, &origin, &it.page.site, &mut person);
    let issuer = parameter(&location, "iss").unwrap();
    assert_eq!(issuer, it.page.site.issuer);
    let (begin, _) = location.split_once("&iss=").unwrap();
    for answer in [begin.to_owned(), format!("{begin}&iss=https%3A%2F%2Fother.example")] {
        log_in(&visitor, &origin, &it.page.site, &mut person);
        assert_eq!(visitor.get(&answer, &[]).status, 400, "{answer}");
    }
    // The answer to another login has another `state`.
    log_in(&visitor, &origin, &it.page.site, &mut person);
    assert_eq!(visitor.get(&location, &[]).status, 403);

    let location = log_in(&visitor, &origin, &it.page.site, &mut person);
    assert_eq!(visitor.get(&location, &[]).location.as_deref(), Some("/"));
    for _ in 0..3 {
        let answers = std::thread::scope(|scope| {
            let open = || visitor.get_only(&format!("{origin}/"));
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            let answers = threads.into_iter().map(|thread| thread.join().unwrap());
            answers.map(|page| (page.status, page.html)).collect::<Vec<_>>()
        });
        let shown = (200, "{\"caller\":\"notes\"}\n".to_owned());
        assert_eq!(answers, vec![shown; 8]);
    }
    person.withdraw(&it.page.site);
    assert!(is_logged_out());

    let location = log_in(&visitor, &origin, &it.page.site, &mut person);
    visitor.get(&location, &[]);
    assert_eq!(open().status, 200);
    let ended = || it.page.site.count_entries("family.ended");
    let before = ended();
    assert_eq!(visitor.post(&format!("{origin}/logout"), &[]).status, 200);
    assert!(is_logged_out());
    assert_eq!(ended(), before + 1);
    results::record("PyPI", "Authlib", None);
}

/// A server behind a proxy that can lose answers. A lost refresh may be repeated, also on a slow
/// machine.
fn site_with_losses(arguments: &[&str]) -> (PathProxy, Site) {
    let proxy = PathProxy::listen();
    let arguments = [&SETTINGS[..2], &["--refresh-retry", "1m"], arguments].concat();
    let site = Site::with(Some(&proxy.issuer()), &arguments, &[]);
    proxy.lead_to(site.server.address);
    (proxy, site)
}

#[test]
fn applications_repeat_a_lost_refresh() {
    let Some(interpreter) = python(Check::Long, "the applications of docs/clients.md with lost answers") else {
        return;
    };
    let (proxy, site) = site_with_losses(&[]);
    let it = Applications::start(interpreter, site);
    let (issuer, visitor) = (&it.page.site.issuer, Visitor::new(None));
    let (_running, origin) = it.serve_web();
    let start = visitor.get(&format!("{origin}/login"), &[]);
    let location = visitor.agree(issuer, &start.location.unwrap(), &[]);
    assert_eq!(visitor.get(&location, &[]).location.as_deref(), Some("/"));
    let open = || visitor.get(&format!("{origin}/"), &[]).status;
    // After two losses the application has no tokens, and the next use repeats the same request.
    for (losses, status) in [(1, 200), (2, 500), (0, 200), (1, 200)] {
        proxy.lose_tokens(losses);
        assert_eq!((open(), proxy.has_lost()), (status, true), "{losses}");
    }

    let file = it.page.folder().join("tokens.json");
    let start = || {
        let mut command = it.page.command();
        command.arg("cli.py").env("API", &it.api).env("NOTES_TOKENS", &file);
        Program::start(command.env("BROWSER", "true"))
    };
    let mut first = start();
    let line = first.ask("");
    let location = visitor.agree(issuer, line.strip_prefix("Log in at ").unwrap(), &[]);
    assert_eq!(status(&curl(&[&location])), "200", "{location}");
    drop(first.output());
    proxy.lose_tokens(1);
    assert_eq!(start().output(), ["200 {'caller': 'notes-cli'}"]);
    assert!(proxy.has_lost());
    assert_eq!(it.page.site.count_entries("family.ended"), 0);
}

#[test]
fn command_line_program_shares_its_file() {
    let Some(interpreter) = python(Check::Short, "PyPI's `Authlib` with the program of docs/clients.md") else {
        return;
    };
    let it = Applications::start(interpreter, Site::with(None, &SETTINGS, &[]));
    let file = it.page.folder().join("tokens.json");
    let start = || {
        let mut command = it.page.command();
        command.arg("cli.py").env("API", &it.api).env("NOTES_TOKENS", &file);
        // It would open a browser of this machine.
        Program::start(command.env("BROWSER", "true"))
    };
    let mut person = Person::default();
    let mut log_in = |mut running: Program| {
        let line = running.ask("");
        let url = line.strip_prefix("Log in at ").unwrap();
        let location = person.agree(&it.page.site, url);
        assert_eq!(status(&curl(&[&location])), "200", "{location}");
        running.output()
    };
    let shown = ["200 {'caller': 'notes-cli'}"];
    assert_eq!(log_in(start()), shown);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let programs: Vec<Program> = (0..4).map(|_| start()).collect();
    for program in programs {
        assert_eq!(program.output(), shown);
    }
    // After the end of the access it requires a login.
    let withdraw = ["consent", "withdraw", "jane", "notes-cli", "--database", "sqlite:a.db"];
    assert_eq!(it.page.site.shell.run(&withdraw).status, 0);
    assert_eq!(log_in(start()), shown);
}

/// The page in HTML, at a port of this test, for this server and this API.
fn serve_page(issuer: &str, api: &str, folder: &Path, port: u16) -> Program {
    let blocks = code_blocks_of("docs/clients.md");
    let (_, page) = blocks.iter().find(|(language, _)| language == "html").unwrap();
    let page = page
        .replace("http://127.0.0.1:8000", issuer)
        .replace("http://127.0.0.1:5000", api);
    assert!(page.contains(&format!("{api}/reports")));
    fs::write(folder.join("index.html"), page).unwrap();
    let line = ["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1"];
    let mut running = Program::start(Command::new("python3").args(line).current_dir(folder));
    running.wait_for_port(port);
    running
}

/// Clicks the button of the page many times. `window.shown` is what the page shows each time.
const READ_OFTEN: &str = "const output = document.querySelector('#output');
const shown = [];
window.shown = new Promise((done) => new MutationObserver((records) => {
    records.forEach(() => shown.push(output.textContent));
    if (shown.length >= 10) done(shown);
}).observe(output, { childList: true }));
for (let click = 0; click < 10; click += 1) document.querySelector('#read').click();";

/// Whether the page has shown the answer of the API each time.
fn has_read(browser: &Browser) -> Result<bool, Failure> {
    let shown = browser.run("return window.shown")?;
    let texts = shown.as_array().unwrap().iter();
    let mut texts = texts.map(|text| text.as_str().unwrap());
    Ok(texts.all(|text| text.starts_with("200 ")))
}

/// Opens the page, logs in and agrees.
fn log_in_at_page(browser: &Browser, origin: &str) -> Result<(), Failure> {
    browser.open(origin)?;
    browser.click("#read")?;
    browser.fill("#username", NAME)?;
    browser.fill("#password", PASSWORD)?;
    browser.click("form [type=submit]")?;
    browser.click("[value=allow]")?;
    assert_eq!(browser.text("#output")?, "200 {\"caller\":\"notes-page\"}");
    Ok(())
}

/// The programs of a test with the page, and the origin of the page.
struct PagePrograms {
    browser: Browser,
    interpreter: PathBuf,
    port: u16,
    origin: String,
}

/// The page in a browser whose user has logged in.
struct OpenedPage {
    _running: Program,
    _folder: TempDir,
    it: Applications,
    browser: Browser,
}

impl PagePrograms {
    /// `None` where a program is missing.
    fn find() -> Result<Option<Self>, Failure> {
        let Some(browser) = Browser::start_if_there()? else {
            return Ok(None);
        };
        let name = "PyPI's `Authlib` with the API of the browser application of docs/clients.md";
        let Some(interpreter) = python(Check::Short, name) else {
            return Ok(None);
        };
        let port = free_port();
        Ok(Some(Self {
            browser,
            interpreter,
            port,
            origin: format!("http://127.0.0.1:{port}"),
        }))
    }

    fn open(self, site: Site) -> Result<OpenedPage, Failure> {
        let it = Applications::with_api(self.interpreter, site, &[("PAGE", &self.origin)]);
        let folder = tempfile::tempdir()?;
        let running = serve_page(&it.page.site.issuer, &it.api, folder.path(), self.port);
        log_in_at_page(&self.browser, &self.origin)?;
        Ok(OpenedPage {
            _running: running,
            _folder: folder,
            it,
            browser: self.browser,
        })
    }
}

#[test]
fn browser_application_repeats_a_lost_refresh() -> Result<(), Failure> {
    let Some(programs) = PagePrograms::find()? else {
        return Ok(());
    };
    let (proxy, site) = site_with_losses(&["--cors-origin", &programs.origin]);
    let page = programs.open(site)?;
    let (site, browser) = (&page.it.page.site, &page.browser);
    for _ in 0..3 {
        proxy.lose_tokens(1);
        browser.run(READ_OFTEN)?;
        assert!(has_read(browser)? && proxy.has_lost());
    }
    assert_eq!(site.count_entries("family.ended"), 0);
    Ok(())
}

#[test]
fn browser_application_shares_tokens_of_its_tabs() -> Result<(), Failure> {
    let Some(programs) = PagePrograms::find()? else {
        return Ok(());
    };
    let origin = programs.origin.clone();
    let site = Site::with(None, &[&SETTINGS[..], &["--cors-origin", &origin]].concat(), &[]);
    let page = programs.open(site)?;
    let (site, browser) = (&page.it.page.site, &page.browser);
    assert_eq!(browser.run("return location.search")?, "");

    browser.run(&format!("window.open('{origin}/')"))?;
    // Both tabs refresh at the same time.
    for _ in 0..2 {
        for tab in 0..2 {
            browser.go_to_window(tab)?;
            browser.wait_for("#read")?;
            browser.run(READ_OFTEN)?;
        }
        for tab in 0..2 {
            browser.go_to_window(tab)?;
            assert!(has_read(browser)?, "tab {tab}");
        }
    }

    let withdraw = ["consent", "withdraw", "jane", "notes-page", "--database", "sqlite:a.db"];
    assert_eq!(site.shell.run(&withdraw).status, 0);
    browser.click("#read")?;
    // The session is there still, so the user consents only.
    browser.click("[value=allow]")?;
    assert!(browser.text("#output")?.starts_with("200 "));
    browser.click("#logout")?;
    // The page removes them while it has the lock, which this waits for.
    let stored = browser.run("return navigator.locks.request('tokens', () => localStorage.getItem('tokens'))")?;
    assert_eq!(stored, serde_json::Value::Null);
    Ok(())
}
