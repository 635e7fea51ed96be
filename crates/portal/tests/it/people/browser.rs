//! A browser: it keeps cookies, sends forms, and checks the headers of each page.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{LOCATION, SET_COOKIE};
use http::{Request, Response};

use super::html::Page;
use super::{People, encode, request};

/// A browser with its cookies.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    /// Whether it refuses cookies.
    pub(crate) is_without_cookies: bool,
}

impl Browser {
    pub(crate) async fn get(&mut self, people: &People, path: &str) -> Page {
        let request = Request::get(below(people, path)).header("sec-fetch-site", "cross-site");
        self.ask(people, request, Vec::new()).await
    }

    /// Sends a form of a page.
    pub(crate) async fn post<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        people: &People,
        path: &str,
        fields: &[(N, V)],
    ) -> Page {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        let request = Request::post(below(people, path))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.ask(people, request, encode(&fields).into_bytes()).await
    }

    pub(crate) async fn ask(&mut self, people: &People, request: http::request::Builder, body: Vec<u8>) -> Page {
        let request = request.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
        let request = if self.cookies.is_empty() {
            request
        } else {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request.header("cookie", pairs.join("; "))
        };
        let answer = people.send(request.body(body).unwrap()).await;
        self.keep(people, &answer);
        page(&answer)
    }

    fn keep(&mut self, people: &People, answer: &Response<Bytes>) {
        if self.is_without_cookies {
            return;
        }
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once("; ").unwrap();
            let is_secure = people.base.is_empty();
            assert!(attributes.starts_with("Path=/; HttpOnly; SameSite=Lax"), "{set}");
            assert_eq!(set.ends_with("; Secure"), is_secure, "{set}");
            assert_eq!(set.starts_with("__Host-scopegate"), is_secure, "{set}");
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Follows redirects within the site.
    pub(crate) async fn follow(&mut self, people: &People, mut page: Page) -> Page {
        while let Some(location) = page.location.as_ref().filter(|location| location.starts_with('/')) {
            let path = location.strip_prefix(people.base).unwrap().to_owned();
            page = self.get(people, &path).await;
        }
        page
    }

    pub(crate) async fn authorize(&mut self, people: &People, client: &str, changes: &[(&str, &str)]) -> Page {
        let query = encode(&request(client, changes));
        self.get(people, &format!("/authorize?{query}")).await
    }

    pub(crate) async fn log_in(&mut self, people: &People, page: &Page, name: &str, password: &str) -> Page {
        let action = format!("{}/login", people.base);
        let mut fields = page.fields(&action);
        fields.retain(|(name, _)| name != "username" && name != "password");
        fields.push(("username".to_owned(), name.to_owned()));
        fields.push(("password".to_owned(), password.to_owned()));
        let page = self.post(people, "/login", &fields).await;
        self.follow(people, page).await
    }

    /// Logs in at the account page.
    pub(crate) async fn log_in_here(&mut self, people: &People, name: &str, password: &str) -> Page {
        let page = self.get(people, "/account").await;
        let mut fields = page.fields(&format!("{}/account/login", people.base));
        fields.retain(|(name, _)| name == "flow");
        fields.push(("username".to_owned(), name.to_owned()));
        fields.push(("password".to_owned(), password.to_owned()));
        let page = self.post(people, "/account/login", &fields).await;
        self.follow(people, page).await
    }

    /// Sends the form with this address that the page has, with these fields in addition.
    pub(crate) async fn submit(&mut self, people: &People, page: &Page, path: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = page.fields(&format!("{}{path}", people.base));
        fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        fields.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let page = self.post(people, path, &fields).await;
        self.follow(people, page).await
    }

    pub(crate) async fn decide(&mut self, people: &People, page: &Page, decision: &str) -> Page {
        let mut fields = page.fields(&format!("{}/consent", people.base));
        fields.push(("decision".to_owned(), decision.to_owned()));
        let page = self.post(people, "/consent", &fields).await;
        self.follow(people, page).await
    }

    /// Does all that a request needs, and returns the URL to which the browser is sent.
    pub(crate) async fn answer(&mut self, people: &People, client: &str, changes: &[(&str, &str)]) -> String {
        let page = self.authorize(people, client, changes).await;
        self.finish(people, page).await
    }

    pub(crate) async fn finish(&mut self, people: &People, mut page: Page) -> String {
        for _ in 0..10 {
            page = match page.location {
                Some(location) => return location,
                None if page.has("action=\"") && page.has("/login\"") => {
                    self.log_in(people, &page, "johndoe", "secret").await
                }
                None if page.has("/consent\"") => self.decide(people, &page, "allow").await,
                None => {
                    let link = page.button();
                    assert!(link.starts_with(&format!("{}/authorize", people.base)), "{page:?}");
                    self.get(people, link.strip_prefix(people.base).unwrap()).await
                }
            };
        }
        panic!("no answer: {page:?}")
    }
}

fn below(people: &People, path: &str) -> String {
    assert!(path.starts_with('/'), "{path} at {}", people.base);
    path.to_owned()
}

/// Reads an answer, and checks what each answer to a browser must have.
pub(crate) fn page(answer: &Response<Bytes>) -> Page {
    let header = |name: &str| {
        let mut values = answer.headers().get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap().to_owned());
        assert!(values.next().is_none(), "{name} occurs once");
        value
    };
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(header(name).as_deref(), Some(value), "{answer:?}");
    }
    assert!(header("permissions-policy").unwrap().contains("camera=()"));
    assert!(header("cross-origin-opener-policy").is_none() && header("access-control-allow-origin").is_none());
    assert!(header("x-request-id").is_some());
    let policy = header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'none'; "));
    let html = String::from_utf8(answer.body().to_vec()).unwrap();
    let location = answer
        .headers()
        .get(LOCATION)
        .map(|value| value.to_str().unwrap().to_owned());
    if location.is_some() {
        assert_eq!((answer.status().as_u16(), html.as_str()), (303, ""));
    } else {
        assert_eq!(header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        let lower = html.to_ascii_lowercase();
        assert!(!lower.contains("<script") && !lower.contains("javascript:") && !lower.contains(" onclick"));
    }
    Page {
        status: answer.status(),
        location,
        retry_after: header("retry-after"),
        policy,
        html,
    }
}
