//! A browser that reaches applications and proxies: `curl` keeps its cookies in a file.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::debian::curl;
use super::person::{NAME, PASSWORD};
use crate::people::{Page, encode};
use crate::support::Answer;

/// The browser. It follows no redirect by itself.
pub(super) struct Visitor {
    folder: TempDir,
    certificate: Option<PathBuf>,
}

impl Visitor {
    /// Creates a browser without cookies, which trusts this certificate.
    pub(super) fn new(certificate: Option<PathBuf>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            certificate,
        }
    }

    /// The answer to a request as a link sends it.
    pub(super) fn get(&self, url: &str, headers: &[&str]) -> Page {
        let headers: Vec<&str> = headers.iter().flat_map(|header| ["--header", header]).collect();
        self.send(url, &headers)
    }

    /// The same, but no cookie of the answer is kept: several threads can use the file at once.
    pub(super) fn get_only(&self, url: &str) -> Page {
        self.send_with(&["--cookie", &self.jar()], url, &[])
    }

    /// The answer to a form of the same site.
    pub(super) fn post(&self, url: &str, fields: &[(&str, &str)]) -> Page {
        let header = ["--header", "Sec-Fetch-Site: same-origin"];
        self.send(url, &[&header[..], &["--data-raw", &encode(fields)]].concat())
    }

    /// Sends the form of a page at this path below the issuer.
    pub(super) fn submit(&self, issuer: &str, page: &Page, path: &str, more: &[(&str, &str)]) -> Page {
        let (_, base) = split(issuer);
        let fields = page.fields(&format!("{base}{path}"));
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields = fields.filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let fields: Vec<_> = fields.chain(more.iter().copied()).collect();
        self.post(&format!("{issuer}{path}"), &fields)
    }

    /// Follows redirects to pages of the issuer. The last page, or the redirect to another site.
    pub(super) fn follow(&self, issuer: &str, mut page: Page) -> Page {
        let (origin, base) = split(issuer);
        while let Some(path) = page.location.as_deref().filter(|location| location.starts_with('/')) {
            assert!(path.starts_with(&format!("{base}/")), "{path}");
            page = self.get(&format!("{origin}{path}"), &[]);
        }
        page
    }

    /// Opens the URL of a request with these headers, logs in if the page requires it, and agrees.
    /// Returns the URL of the answer.
    pub(super) fn agree(&self, issuer: &str, url: &str, headers: &[&str]) -> String {
        let (_, base) = split(issuer);
        let mut page = self.follow(issuer, self.get(url, headers));
        for _ in 0..3 {
            page = match page.location {
                Some(location) => return location,
                None if page.has(&format!("action=\"{base}/login\"")) => {
                    let form = [("username", NAME), ("password", PASSWORD)];
                    self.submit(issuer, &page, "/login", &form)
                }
                None => self.submit(issuer, &page, "/consent", &[("decision", "allow")]),
            };
            page = self.follow(issuer, page);
        }
        panic!("no answer: {page:?}")
    }

    /// The cookies in order, each as a line: host, path, whether it is `Secure`, and its name. They
    /// are those that no script can read.
    pub(super) fn cookies(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("cookies")).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("#HttpOnly_"))
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let mut cookies: Vec<String> = lines
            .map(|fields| [fields[0], fields[2], fields[3], fields[5]].join(" "))
            .collect();
        cookies.sort();
        cookies
    }

    fn jar(&self) -> String {
        self.folder.path().join("cookies").display().to_string()
    }

    fn send(&self, url: &str, arguments: &[&str]) -> Page {
        let jar = self.jar();
        self.send_with(&["--cookie", &jar, "--cookie-jar", &jar], url, arguments)
    }

    fn send_with(&self, cookies: &[&str], url: &str, arguments: &[&str]) -> Page {
        let certificate = self.certificate.as_ref().map(|path| path.display().to_string());
        let trust: Vec<&str> = certificate.iter().flat_map(|path| ["--cacert", path]).collect();
        let line = [cookies, &["--ipv4", url], &trust, arguments].concat();
        let answer = Answer::parse(curl(&line).as_bytes());
        Page {
            status: answer.status,
            location: answer.header("location").map(str::to_owned),
            html: answer.body,
        }
    }
}

/// The origin and the path of an issuer.
fn split(issuer: &str) -> (&str, &str) {
    let (_, rest) = issuer.split_once("//").unwrap();
    let path = rest.find('/').unwrap_or(rest.len());
    issuer.split_at(issuer.len() - rest.len() + path)
}
