//! Who is meant by the subject of another issuer's token.

use std::sync::Arc;

use scopegate_domain::Issuer;

/// Who is meant by the subject of another issuer's token.
///
/// Subjects are unique at their issuer and nowhere else ([RFC 7519, section 4.1.2](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2)):
/// user `1` of one issuer is not user `1` of another, and none of ours.
///
/// ```
/// use scopegate_http::SubjectMapping;
/// use scopegate_http::domain::Issuer;
///
/// let issuer = Issuer::parse("https://id.example")?;
/// assert_eq!(&*SubjectMapping::Qualified.map(&issuer, "1"), "https://id.example#1");
/// assert_eq!(&*SubjectMapping::Ours.map(&issuer, "1"), "1");
/// # Ok::<(), scopegate_http::domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectMapping {
    /// Our own user of that id (in the tutorial's profile: of that name). Only where the issuer and we have the same directory:
    /// whoever the issuer calls `root` is our `root`.
    Ours,
    /// Somebody whose id is the issuer, `#` and the subject. That is a user of ours only where the application has made one of
    /// that id. No two issuers can mean the same, for an issuer has no `#`.
    #[default]
    Qualified,
}

impl SubjectMapping {
    /// The subject, as the gate looks it up and as the permit says it.
    #[must_use]
    pub fn map(self, issuer: &Issuer, subject: &str) -> Arc<str> {
        match self {
            Self::Ours => Arc::from(subject),
            Self::Qualified => Arc::from(format!("{issuer}#{subject}")),
        }
    }
}
