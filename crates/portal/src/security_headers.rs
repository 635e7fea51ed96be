//! The headers of every page: what a browser may do with it.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use bytes::Bytes;

use crate::redirect_target::RedirectTarget;

/// The policy up to the sources of `form-action`.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// Features that no page uses: [Permissions Policy](https://www.w3.org/TR/permissions-policy/).
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
                           fullscreen=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
                           local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                           picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), \
                           screen-wake-lock=(), serial=(), usb=(), web-share=(), xr-spatial-tracking=()";

static PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Adds the headers of a page. `target` is where a form of the page leads by a redirect; without
/// one it stays at the site.
///
/// Browsers apply `form-action` to the redirect after a form, so the policy names the origin of the
/// target. There is no `Cross-Origin-Opener-Policy`: an application may open the login in a window
/// of its own.
pub fn add_security_headers(headers: &mut HeaderMap, target: Option<RedirectTarget<'_>>) {
    let policy = target.and_then(|target| HeaderValue::try_from(format!("{POLICY} {}", target.policy_source())).ok());
    headers.insert(
        CONTENT_SECURITY_POLICY,
        policy.unwrap_or_else(|| HeaderValue::from_static(POLICY)),
    );
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer`, browsers send `Origin: null` from the forms of the pages.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PERMISSIONS_POLICY.clone(), HeaderValue::from_static(PERMISSIONS));
}

/// Returns a page as a response, with the headers of [`add_security_headers`].
#[must_use]
pub fn page_response(status: StatusCode, html: String, target: Option<RedirectTarget<'_>>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    add_security_headers(response.headers_mut(), target);
    response
}

/// Returns the response to a form: 303, after which the browser sends a `GET` without the form
/// ([RFC 9700, section 4.12](https://www.rfc-editor.org/rfc/rfc9700#section-4.12)).
///
/// `None` if the location has a character that no header may contain.
#[must_use]
pub fn see_other(location: &str) -> Option<Response<Bytes>> {
    let is_uri = location.bytes().all(|byte| byte.is_ascii_graphic());
    let location = HeaderValue::from_str(location).ok().filter(|_| is_uri)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    add_security_headers(response.headers_mut(), None);
    Some(response)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scopegate_domain::RedirectUri;

    use super::*;

    fn policy_of(uri: Option<&RedirectUri>) -> String {
        let response = page_response(StatusCode::OK, "<p>".to_owned(), uri.map(RedirectTarget::of));
        let policy = response.headers().get(CONTENT_SECURITY_POLICY).unwrap();
        policy.to_str().unwrap().to_owned()
    }

    #[test]
    fn every_page_has_the_headers() {
        let page = page_response(StatusCode::BAD_REQUEST, String::new(), None);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("content-security-policy", POLICY),
        ] {
            assert_eq!(page.headers().get(name).unwrap(), value);
        }
        let features = page.headers().get("permissions-policy").unwrap().to_str().unwrap();
        assert!(
            features.split(", ").all(|feature| feature.ends_with("=()")),
            "{features}"
        );
        assert!(!page.headers().contains_key("cross-origin-opener-policy"));
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn policy_names_the_redirect_origin() {
        for (uri, end) in [
            ("https://app.example/cb?x=1", "form-action 'self' https://app.example"),
            ("http://127.0.0.1:5000/cb", "form-action 'self' http://127.0.0.1:5000"),
            ("com.example.app:/cb", "form-action 'self' com.example.app:"),
        ] {
            let policy = policy_of(Some(&RedirectUri::parse(uri).unwrap()));
            assert!(policy.ends_with(end), "{policy}");
        }
        assert!(policy_of(None).ends_with("; form-action 'self'"));
    }

    #[test]
    fn forms_are_answered_by_303() {
        let answer = see_other("/account?done=1").unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers().get(LOCATION).unwrap(), "/account?done=1");
        assert!(answer.headers().contains_key(CONTENT_SECURITY_POLICY));
        for wrong in ["/a b", "/a\r\nx: y", "/\u{e9}", "/a\tb"] {
            assert!(see_other(wrong).is_none(), "{wrong:?}");
        }
    }

    fn uri() -> impl Strategy<Value = RedirectUri> {
        let host = prop_oneof![
            "[a-z;,'* %:.\\[\\]_-]{1,20}",
            "a[;, ]script-src [*']{1,6}",
            "[!-~]{1,24}",
        ];
        let text = (
            prop_oneof!["https://", "com\\.a[a-z.+-]{0,5}:"],
            host,
            "[/?][!-~]{0,30}",
        );
        text.prop_filter_map("a redirect URI", |(scheme, host, rest)| {
            RedirectUri::parse(&format!("{scheme}{host}{rest}")).ok()
        })
    }

    proptest! {
        #[test]
        fn no_redirect_uri_adds_a_directive(uri in uri()) {
            let policy = policy_of(Some(&uri));
            let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
            let own: Vec<&str> = POLICY.split(';').map(str::trim).collect();
            prop_assert_eq!(directives.len(), own.len(), "{}", policy);
            prop_assert_eq!(&directives[..6], &own[..6]);
            prop_assert!(!policy.contains(','), "{}", policy);
            let words: Vec<&str> = directives[6].split_ascii_whitespace().collect();
            let ["form-action", "'self'", source] = words[..] else {
                return Err(TestCaseError::fail(policy));
            };
            let (scheme, rest) = source.split_once(':').unwrap();
            prop_assert!(rest.is_empty() || rest.starts_with("//"), "{}", source);
            prop_assert!(uri.as_str().starts_with(scheme) && !source.contains(['*', '\'']), "{}", source);
        }
    }
}
