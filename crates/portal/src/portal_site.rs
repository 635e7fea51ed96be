//! The site of the pages: its name and address, and what its endpoints share.

use http::Uri;
use scopegate_domain::Issuer;
use scopegate_gate::TrustedProxies;

use crate::api_descriptions::ApiDescriptions;
use crate::cookie::SiteCookies;
use crate::origin::SiteOrigin;
use crate::page::{PlainText, Site};

/// The site that the pages for people belong to. Its endpoints share it.
///
/// ```
/// use scopegate_gate::domain::Issuer;
/// use scopegate_portal::PortalSite;
///
/// let site = PortalSite::new(&Issuer::parse("https://id.example/tenant").unwrap()).unwrap();
/// assert_eq!((site.name(), site.url("/account").as_str()), ("id.example", "/tenant/account"));
/// ```
#[derive(Clone, Debug)]
pub struct PortalSite {
    name: String,
    base: String,
    pub(crate) origin: SiteOrigin,
    pub(crate) cookies: SiteCookies,
    pub(crate) proxies: TrustedProxies,
    pub(crate) apis: ApiDescriptions,
    pub(crate) shows_redirect_uris: bool,
}

impl PortalSite {
    /// Creates the site of an issuer. `None` if the issuer is not an `https` or `http` URL.
    ///
    /// A proxy in front of an issuer with a path removes that path: the addresses on the pages
    /// begin with it, and the routes do not.
    #[must_use]
    pub fn new(issuer: &Issuer) -> Option<Self> {
        let origin = SiteOrigin::of(issuer)?;
        let uri: Uri = issuer.as_str().parse().ok()?;
        Some(Self {
            name: uri.host()?.to_owned(),
            base: uri.path().trim_end_matches('/').to_owned(),
            cookies: SiteCookies::of(&origin),
            shows_redirect_uris: !origin.is_https(),
            origin,
            proxies: TrustedProxies::default(),
            apis: ApiDescriptions::default(),
        })
    }

    /// Sets the name of the site for people. Default: the host of the issuer.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the proxies whose `X-Forwarded-For` names the client of a login. Default: none.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the APIs whose operations the pages list. Default: none, and the pages show the names
    /// of scopes.
    #[must_use]
    pub fn apis(mut self, apis: ApiDescriptions) -> Self {
        self.apis = apis;
        self
    }

    /// Sets whether the error page shows the redirect URI of the request and those of the client.
    /// Default: without TLS only.
    #[must_use]
    pub const fn shows_redirect_uris(mut self, shown: bool) -> Self {
        self.shows_redirect_uris = shown;
        self
    }

    /// Returns the name of the site for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address of a path of the site, without scheme and host.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn page_site(&self) -> Site<'_> {
        Site {
            name: PlainText::from(self.name.as_str()),
            base: &self.base,
        }
    }
}
