//! The programs of docs/clients.md: a service, and two APIs that accept its tokens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::{curl, status};
use super::packages::{Check, python};
use super::process::{Program, free_port};
use super::site::Site;
use crate::checkout::Checkout;
use crate::docs::markdown::code_blocks;

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
struct Page {
    site: Site,
    folder: tempfile::TempDir,
    interpreter: PathBuf,
}

impl Page {
    fn new(interpreter: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = write_programs(folder.path());
        assert_eq!(names, ["service.py", "introspecting.py", "verifying.py"]);
        Self {
            site: Site::start(),
            folder,
            interpreter,
        }
    }

    /// The interpreter with the variables that a reader of the page sets. The audience is that of
    /// the commands of the page, so the programs know it.
    fn command(&self) -> Command {
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

    /// Runs an API, and what the service prints about it. Returns statuses of the API: without a
    /// token, with a token without its scope, and with a revoked token.
    fn run(&self, api: &str) -> (Vec<String>, [String; 3]) {
        let port = free_port();
        let address = format!("http://127.0.0.1:{port}");
        let line = ["-m", "flask", "--app", api, "run", "--port", &port.to_string()];
        let mut running = Program::start(self.command().args(line));
        running.wait_for_port(port);
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
    let page = Page::new(interpreter);
    for (api, revoked) in [("introspecting", "401"), ("verifying", "200")] {
        let (printed, statuses) = page.run(api);
        assert_eq!(printed, ["200 {'caller': 'billing'}"], "{api}");
        assert_eq!(statuses, ["401", "403", revoked], "{api}");
    }
}

/// Every block of the page is run: its shell blocks by the tests of `docs`, its blocks of Python
/// here.
#[test]
fn page_has_no_other_block() {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("docs/clients.md").unwrap());
    let others = blocks
        .iter()
        .map(|(language, _)| *language)
        .filter(|language| *language != "sh");
    assert_eq!(others.collect::<Vec<_>>(), ["python"; 3]);
}
