//! Whether a form was sent by a page of this site: protection against cross-site request forgery.

use http::HeaderName;
use http::header::ORIGIN;
use scopegate_gate::RequestHead;

use crate::origin::SiteOrigin;

/// The header in which a browser states the relation of the sending page to the site ([Fetch
/// Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)). No script can set it.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks that a request with a form comes from a page of the site.
///
/// `Sec-Fetch-Site` must be `same-origin`. If it is absent, `Origin` must equal the origin of the
/// site. The token of the form is checked in addition.
///
/// ```
/// use scopegate_gate::RequestHead;
/// use scopegate_gate::domain::Issuer;
/// use scopegate_portal::{CrossSiteForm, SiteOrigin, check_form_origin};
///
/// let site = SiteOrigin::of(&Issuer::parse("https://id.example").unwrap()).unwrap();
/// let form = |name, value| http::Request::post("/login").header(name, value).body(());
/// let own = form("origin", "https://id.example")?;
/// assert_eq!(check_form_origin(&RequestHead::of(&own), &site), Ok(()));
/// let foreign = form("sec-fetch-site", "cross-site")?;
/// assert_eq!(check_form_origin(&RequestHead::of(&foreign), &site), Err(CrossSiteForm::OtherSite));
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
///
/// [`CrossSiteForm`] states which header is the reason.
pub fn check_form_origin(head: &RequestHead<'_>, site: &SiteOrigin) -> Result<(), CrossSiteForm> {
    let one_value = |name: &HeaderName| {
        let mut values = head.headers().get_all(name).iter();
        let value = values.next()?;
        // SECURITY: of two values, no reader knows which one the browser set. Tested by
        // `forms_of_other_sites_are_refused`.
        Some(
            value
                .to_str()
                .ok()
                .filter(|_| values.next().is_none())
                .unwrap_or_default(),
        )
    };
    match (one_value(&SEC_FETCH_SITE), one_value(&ORIGIN)) {
        (Some("same-origin"), _) => Ok(()),
        (Some(_), _) => Err(CrossSiteForm::OtherSite),
        (None, Some(origin)) if origin == site.as_str() => Ok(()),
        (None, Some(_)) => Err(CrossSiteForm::OtherOrigin),
        (None, None) => Err(CrossSiteForm::NoOrigin),
    }
}

/// The reason why a form is not from a page of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrossSiteForm {
    /// Neither `Sec-Fetch-Site` nor `Origin`.
    #[error("the request has neither `Sec-Fetch-Site` nor `Origin`; use a current browser")]
    NoOrigin,
    /// `Origin` is another one, or `null`.
    #[error("`Origin` is not the origin of the issuer; open the page at the address of the issuer")]
    OtherOrigin,
    /// `Sec-Fetch-Site` is not `same-origin`.
    #[error("`Sec-Fetch-Site` is not `same-origin`; send the form from a page of the issuer")]
    OtherSite,
}

#[cfg(test)]
mod tests {
    use http::Request;
    use scopegate_domain::Issuer;

    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<(), CrossSiteForm> {
        let site = SiteOrigin::of(&Issuer::parse("https://id.example:8443/tenant").unwrap()).unwrap();
        let request = headers
            .iter()
            .fold(Request::post("/consent"), |request, (name, value)| {
                request.header(*name, *value)
            });
        check_form_origin(&RequestHead::of(&request.body(()).unwrap()), &site)
    }

    #[test]
    fn forms_of_the_site_are_accepted() {
        for headers in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://id.example:8443")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        ] {
            assert_eq!(check(headers), Ok(()), "{headers:?}");
        }
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let origin = ("origin", "https://id.example:8443");
        for (headers, error) in [
            (&[][..], CrossSiteForm::NoOrigin),
            (&[("sec-fetch-site", "same-site"), origin], CrossSiteForm::OtherSite),
            (&[("sec-fetch-site", "cross-site"), origin], CrossSiteForm::OtherSite),
            (&[("sec-fetch-site", "none"), origin], CrossSiteForm::OtherSite),
            (&[("sec-fetch-site", ""), origin], CrossSiteForm::OtherSite),
            (&[("sec-fetch-site", "Same-Origin"), origin], CrossSiteForm::OtherSite),
            (
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
                CrossSiteForm::OtherSite,
            ),
            (
                &[("sec-fetch-site", "same-origin, cross-site")],
                CrossSiteForm::OtherSite,
            ),
            (&[("origin", "null")], CrossSiteForm::OtherOrigin),
            (&[("origin", "")], CrossSiteForm::OtherOrigin),
            (&[("origin", "https://id.example")], CrossSiteForm::OtherOrigin),
            (&[("origin", "http://id.example:8443")], CrossSiteForm::OtherOrigin),
            (&[("origin", "https://id.example:8443/")], CrossSiteForm::OtherOrigin),
            (
                &[("origin", "https://id.example:8443.evil.example")],
                CrossSiteForm::OtherOrigin,
            ),
            (&[origin, origin], CrossSiteForm::OtherOrigin),
            (&[("referer", "https://id.example:8443/login")], CrossSiteForm::NoOrigin),
        ] {
            assert_eq!(check(headers), Err(error), "{headers:?}");
        }
    }
}
