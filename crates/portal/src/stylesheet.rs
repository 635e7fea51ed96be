//! The stylesheet of the pages, at a path that contains the hash of its content.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use scopegate_gate::store::BoxFuture;
use scopegate_gate::{SiteEndpoint, SiteRequest, SiteRoute, entity_tag};

pub(crate) const STYLESHEET: &str = include_str!("../assets/portal.css");

static PATH: LazyLock<String> = LazyLock::new(|| {
    let tag = entity_tag::of(STYLESHEET.as_bytes());
    format!("/assets/portal-{}.css", tag.trim_matches('"'))
});

/// Returns the path of the stylesheet, below the path of the site.
pub(crate) fn path() -> &'static str {
    &PATH
}

/// The stylesheet of the pages. Browsers keep it for a year: another content has another path.
///
/// ```
/// use scopegate_gate::{Catalog, Gate, SiteEndpoint};
/// use scopegate_portal::Stylesheet;
///
/// let stylesheet = Stylesheet::new();
/// assert!(stylesheet.routes()[0].template().starts_with("/assets/portal-"));
/// let gate = Gate::builder(Catalog::builder().build()?).site(stylesheet).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stylesheet([SiteRoute; 1]);

impl Stylesheet {
    /// Creates the endpoint.
    #[must_use]
    pub fn new() -> Self {
        Self([SiteRoute::get(path()).label("/assets/portal.css")])
    }
}

impl Default for Stylesheet {
    fn default() -> Self {
        Self::new()
    }
}

impl SiteEndpoint for Stylesheet {
    fn routes(&self) -> &[SiteRoute] {
        &self.0
    }

    fn answer<'a>(&'a self, _: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        let mut response = Response::new(Bytes::from_static(STYLESHEET.as_bytes()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
        let year = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(CACHE_CONTROL, year);
        Box::pin(async { response })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use scopegate_gate::{Catalog, Gate, RequestHead};

    use super::*;

    #[tokio::test]
    async fn stylesheet_is_kept_for_a_year() {
        let gate = Gate::builder(Catalog::builder().build().unwrap()).site(Stylesheet::new());
        let request = Request::get(path()).body(()).unwrap();
        let answer = gate
            .build()
            .unwrap()
            .authorize(&RequestHead::of(&request))
            .await
            .unwrap_err();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "text/css; charset=utf-8");
        assert_eq!(
            answer.headers().get(CACHE_CONTROL).unwrap(),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.body(), STYLESHEET.as_bytes());
    }

    #[test]
    fn stylesheet_is_small_and_loads_nothing() {
        assert!(STYLESHEET.len() < 8 * 1024, "{} bytes", STYLESHEET.len());
        for loader in ["url(", "@import", "@font-face", "expression("] {
            assert!(!STYLESHEET.contains(loader), "{loader}");
        }
        assert_eq!(STYLESHEET.matches('{').count(), STYLESHEET.matches('}').count());
    }
}
