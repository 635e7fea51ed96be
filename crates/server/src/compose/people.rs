//! The endpoints for people: login, consent, account and logout, with their pages.

use anyhow::Context;
use scopegate_domain::Issuer;
use scopegate_grant::AuthorizationServer;
use scopegate_portal::{ApiDescriptions, PeopleEndpoints, PortalSite};

use crate::config::Settings;

/// The path of the authorization endpoint.
pub(crate) const AUTHORIZE_PATH: &str = "/authorize";

/// Returns the endpoints for the users of this server.
///
/// # Errors
///
/// The issuer has no address, so its pages have none.
pub(super) fn endpoints(
    settings: &Settings,
    issuer: &Issuer,
    server: &AuthorizationServer,
    apis: ApiDescriptions,
) -> anyhow::Result<PeopleEndpoints> {
    let site = PortalSite::new(issuer);
    let site = site.with_context(|| format!("issuer `{issuer}` has no pages; give a URL in `issuer`"))?;
    let site = site.trusted_proxies(settings.trusted_proxies.clone()).apis(apis);
    // Elsewhere the page shows them without TLS only.
    let site = if settings.demo {
        site.shows_redirect_uris(true)
    } else {
        site
    };
    PeopleEndpoints::new(&site, server).context("the code grant is off")
}
