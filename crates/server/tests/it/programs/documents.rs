//! The programs of docs/clients.md: a service, and two APIs that accept its tokens.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use scopegate_http::warp;

use super::debian::{curl, status};
use super::packages::{Check, python};
use super::process::{Program, free_port};
use super::site::Site;
use crate::checkout::Checkout;
use crate::docs::markdown::code_blocks;
use crate::support::{Answer, OWN_AUDIENCE};

/// Writes each block of Python to the file that its first line names, and returns the names.
fn write_programs(folder: &Path) -> Vec<String> {
    let checkout = Checkout::read();
    let page = checkout.text("docs/clients.md").unwrap();
    let blocks = code_blocks(page)
        .into_iter()
        .filter(|(language, _)| *language == "python");
    let write = |(_, block): (&str, &str)| {
        let name = block.split(['"', ':']).find(|word| !word.is_empty()).unwrap();
        fs::write(folder.join(name), block).unwrap();
        name.to_owned()
    };
    blocks.map(write).collect()
}

/// The site, and the folder with the programs of the page.
pub(super) struct Page {
    pub(super) site: Site,
    folder: tempfile::TempDir,
    interpreter: PathBuf,
}

impl Page {
    pub(super) fn new(interpreter: PathBuf, site: Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = write_programs(folder.path());
        assert_eq!(
            names,
            ["webapp.py", "cli.py", "service.py", "introspecting.py", "verifying.py"]
        );
        Self {
            site,
            folder,
            interpreter,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The interpreter with the variables that a reader of the page sets. The audience is that of
    /// the commands of the page, so the programs know it.
    pub(super) fn command(&self) -> Command {
        let site = &self.site;
        let mut command = Command::new(&self.interpreter);
        command.arg("-B").current_dir(self.folder.path());
        command
            .env("ISSUER", &site.issuer)
            .env_remove("AUDIENCE")
            .env("BILLING", site.secret("billing"))
            .env("REPORTS", site.secret("reports"));
        command.env("AUTHLIB_INSECURE_TRANSPORT", "1");
        command
    }

    /// Serves a program at a free port, and returns it with its address.
    pub(super) fn serve(&self, name: &str, variables: &[(&str, &str)]) -> (Program, String) {
        let port = free_port();
        (self.serve_at(name, port, variables), format!("http://127.0.0.1:{port}"))
    }

    /// Serves a program at a port, with further variables.
    pub(super) fn serve_at(&self, name: &str, port: u16, variables: &[(&str, &str)]) -> Program {
        let line = ["-m", "flask", "--app", name, "run", "--port", &port.to_string()];
        let mut running = Program::start(self.command().args(line).envs(variables.iter().copied()));
        running.wait_for_port(port);
        running
    }

    /// Runs an API, and what the service prints about it. Returns statuses of the API: without a
    /// token, with a token without its scope, and with a revoked token.
    fn run(&self, api: &str) -> (Vec<String>, [String; 3]) {
        let (_running, address) = self.serve(api, &[]);
        let service = Program::start(self.command().arg("service.py").env("API", &address));
        let printed = service.output();
        let get = |token: &str| {
            let header = format!("Authorization: Bearer {token}");
            let answer = curl(&["--header", &header, &format!("{address}/reports")]);
            status(&answer).to_owned()
        };
        let without = status(&curl(&[&format!("{address}/reports")])).to_owned();
        let revoked = self.site.token("items");
        assert_eq!(get(&revoked), "200", "before it is revoked");
        self.site.revoke(&revoked);
        (printed, [without, get(&self.site.token("me")), get(&revoked)])
    }
}

#[test]
fn programs_of_the_page_work_together() {
    let Some(interpreter) = python(Check::Short, "PyPI's `Authlib` with the programs of docs/clients.md") else {
        return;
    };
    let page = Page::new(interpreter, Site::start());
    for (api, revoked) in [("introspecting", "401"), ("verifying", "200")] {
        let (printed, statuses) = page.run(api);
        assert_eq!(printed, ["200 {'caller': 'billing'}"], "{api}");
        assert_eq!(statuses, ["401", "403", revoked], "{api}");
    }
}

#[path = "../../../../http/examples/verifying.rs"]
#[expect(dead_code, reason = "the program of the page has a `main`")]
mod verifying;

/// Serves the program of the page on warp, and returns its address. It runs until the test ends.
fn serve_on_warp(issuer: &str, audience: &str) -> SocketAddr {
    let gate = verifying::gate(issuer, audience).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(warp::serve(gate.site_filter()).run(address));
    });
    let is_open = || TcpStream::connect(address).is_ok();
    assert!((0..1_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_open()
    }));
    address
}

/// The program of the page accepts tokens of the server for its audience alone, also those of a new
/// key.
#[test]
fn api_on_warp_verifies_tokens() {
    let site = Site::start();
    let [own, other] = [OWN_AUDIENCE, "https://other.example"].map(|audience| serve_on_warp(&site.issuer, audience));
    let get = |api: SocketAddr, header: &str| {
        let request = format!("GET /reports HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n");
        let mut stream = TcpStream::connect(api).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    };
    let header = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let token = site.token("items");
    let answer = get(own, &header(&token));
    assert_eq!((answer.status, &*answer.body), (200, r#"{"caller":"billing"}"#));
    for (api, header, status) in [
        (own, String::new(), 401),
        (own, header(&site.token("me")), 403),
        (own, header(&format!("{token}x")), 401),
        (other, header(&token), 401),
    ] {
        assert_eq!(get(api, &header).status, status, "{header}");
    }
}

/// Every block of the page is run: its shell blocks and its configuration by the tests of `docs`
/// and of `applications`, its programs here and there. That in Rust is an example, which the test
/// above runs.
#[test]
fn page_has_no_other_block() {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("docs/clients.md").unwrap());
    let is_program = |language: &str| !["sh", "toml"].contains(&language);
    let others: Vec<_> = blocks.iter().filter(|(language, _)| is_program(language)).collect();
    let languages: Vec<&str> = others.iter().map(|(language, _)| *language).collect();
    assert_eq!(
        languages,
        ["python", "html", "python", "python", "python", "python", "rust"]
    );
    let example = checkout.text("crates/http/examples/verifying.rs").unwrap();
    assert_eq!(others.last().map(|(_, block)| *block), Some(example.trim_end()));
}
