//! A browser without script: it keeps cookies, follows redirects within the site and sends forms.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::html::Page;
use crate::support::Server;

/// A browser with its cookies.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn get(&mut self, server: &Server, path: &str) -> Page {
        let page = self.send(
            server,
            &format!("GET {path} HTTP/1.1\r\nSec-Fetch-Site: cross-site"),
            "",
        );
        self.follow(server, page)
    }

    /// Sends the form with this address that the page has, with these fields in addition or
    /// instead.
    pub(crate) fn submit(&mut self, server: &Server, page: &Page, path: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = page.fields(path);
        fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        fields.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded"
        );
        let page = self.send(server, &head, &encode(&fields));
        self.follow(server, page)
    }

    pub(crate) fn log_in(&mut self, server: &Server, page: &Page, path: &str, name: &str, password: &str) -> Page {
        self.submit(server, page, path, &[("username", name), ("password", password)])
    }

    /// Does all that a request needs, and returns the URL to which the browser is sent.
    pub(crate) fn answer(&mut self, server: &Server, query: &str, name: &str, password: &str) -> String {
        let mut page = self.get(server, &format!("/authorize?{query}"));
        for _ in 0..4 {
            page = match page.location {
                Some(location) => return location,
                None if page.has("action=\"/login\"") => self.log_in(server, &page, "/login", name, password),
                None => self.submit(server, &page, "/consent", &[("decision", "allow")]),
            };
        }
        panic!("no answer: {page:?}")
    }

    /// Follows redirects within the site.
    fn follow(&mut self, server: &Server, mut page: Page) -> Page {
        while let Some(path) = page.location.clone().filter(|location| location.starts_with('/')) {
            let head = format!("GET {path} HTTP/1.1\r\nSec-Fetch-Site: same-origin");
            page = self.send(server, &head, "");
        }
        page
    }

    fn send(&mut self, server: &Server, head: &str, body: &str) -> Page {
        let mut request = format!(
            "{head}\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            write!(request, "Cookie: {}\r\n", pairs.join("; ")).unwrap();
        }
        let answer = server.exchange(format!("{request}\r\n{body}").as_bytes());
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = set.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("HttpOnly; SameSite=Lax"), "{set}");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.unwrap().contains("script-src 'none'"), "{head}: {answer:?}");
        Page {
            status: answer.status,
            location: answer.header("location").map(str::to_owned),
            html: answer.body,
        }
    }
}

/// Writes fields as a query or a form.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    fields.join("&")
}

/// The decoded value of a parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query.split('&').find_map(|pair| {
        let (given, value) = pair.split_once('=')?;
        (given == name).then_some(value)
    })?;
    let mut parts = value.split('%');
    let mut plain = parts.next()?.replace('+', " ");
    for part in parts {
        let (digits, rest) = part.split_at(2);
        plain.push(char::from(u8::from_str_radix(digits, 16).ok()?));
        plain.push_str(&rest.replace('+', " "));
    }
    Some(plain)
}
