//! The pages that show the OpenAPI document: Swagger UI at `/docs`, Redoc at `/redoc`. The binary
//! contains all their assets.
//!
//! [`DocsSite::page`] takes the path of a request and returns a [`DocsPage`]: bytes and headers. No
//! web framework is needed.
//!
//! The policy of each page forbids inline script and every other origin. Two exceptions were found
//! by experiment. Both bundles draw icons from `data:` images. Redoc makes two kinds of `<style>`
//! element: an empty one, which it fills through the object model, and the fixed sheet of its
//! scroll bar. Their hashes are in the policy. Check them again for each new version of a bundle;
//! `crates/server/tests/it/browser.rs` fails if a page violates its policy.

mod assets;
mod page;
mod site;

use std::fmt;

use bytes::Bytes;

use self::assets::Asset;
pub use self::page::DocsPage;
pub(crate) use self::site::DocsEndpoint;

/// The path of Swagger UI.
pub const DOCS_PATH: &str = "/docs";
/// The path of Redoc.
pub const REDOC_PATH: &str = "/redoc";
/// The redirect URI of Swagger UI for the authorization endpoint.
pub const OAUTH2_REDIRECT_PATH: &str = "/docs/oauth2-redirect";
/// The prefix of the paths of all assets.
const ASSETS: &str = "/docs/assets/";

const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const REDOC_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; \
     img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const REDIRECT_POLICY: &str =
    "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The documentation pages of one API, written once.
#[derive(Clone)]
pub struct DocsSite {
    swagger: Bytes,
    redoc: Bytes,
    redirect: Bytes,
}

impl DocsSite {
    /// Creates the pages for a document at `openapi_url`, which must be on the same origin. A
    /// reference such as `openapi.json` is relative to the pages, so that it leads there too behind
    /// a proxy that removes a prefix of the path. Swagger UI offers `client_id` as its client if a
    /// flow needs one.
    #[must_use]
    pub fn new(title: &str, openapi_url: &str, client_id: Option<&str>) -> Self {
        let values = [
            ("title", title),
            ("openapi_url", openapi_url),
            ("client_id", client_id.unwrap_or_default()),
        ];
        let write = |template| Bytes::from(fill(template, &values));
        Self {
            swagger: write(include_str!("../assets/docs.html")),
            redoc: write(include_str!("../assets/redoc.html")),
            redirect: write(include_str!("../assets/oauth2-redirect.html")),
        }
    }

    /// Returns the answer to a GET of this decoded path without a query; `None` for another path.
    #[must_use]
    pub fn page(&self, path: &str) -> Option<DocsPage> {
        match path {
            DOCS_PATH => Some(DocsPage::html(&self.swagger, DOCS_POLICY)),
            REDOC_PATH => Some(DocsPage::html(&self.redoc, REDOC_POLICY)),
            OAUTH2_REDIRECT_PATH => Some(DocsPage::html(&self.redirect, REDIRECT_POLICY)),
            _ => Asset::find(path.strip_prefix(ASSETS)?)?.page(),
        }
    }
}

impl fmt::Debug for DocsSite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DocsSite").finish_non_exhaustive()
    }
}

/// Replaces each `{{name}}` of the template by its value, escaped for HTML. A value is not expanded
/// again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else {
            break;
        };
        page.push_str(before);
        let value = values
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value);
        value.chars().for_each(|character| escape(character, &mut page));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Appends one character of text, so that it means itself in HTML, also between quotes.
fn escape(character: char, page: &mut String) {
    match character {
        '&' => page.push_str("&amp;"),
        '<' => page.push_str("&lt;"),
        '>' => page.push_str("&gt;"),
        '"' => page.push_str("&quot;"),
        '\'' => page.push_str("&#39;"),
        other => page.push(other),
    }
}

#[cfg(test)]
mod tests;
