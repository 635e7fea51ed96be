//! Maps subjects of a foreign issuer to local subjects.

use std::sync::Arc;

use scopegate_domain::Issuer;

/// Maps the subject of another issuer's token to a local subject.
///
/// Subjects are unique only within their issuer ([RFC 7519, section
/// 4.1.2](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2)): user `1` of one issuer is not
/// user `1` of another, nor a local user.
///
/// ```
/// use scopegate_issuers::SubjectMapping;
/// use scopegate_domain::Issuer;
///
/// let issuer = Issuer::parse("https://id.example")?;
/// assert_eq!(&*SubjectMapping::Qualified.map(&issuer, "1"), "https://id.example#1");
/// assert_eq!(&*SubjectMapping::Ours.map(&issuer, "1"), "1");
/// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectMapping {
    /// The local user with that id, or with that name if the gate looks users up by name. Use it
    /// only if the issuer and this program share one directory: its `root` becomes the local
    /// `root`.
    Ours,
    /// A subject whose id is the issuer, `#` and the subject. It is a local user only if the
    /// application created one with that id. Two issuers never share a subject, because an issuer
    /// has no `#`.
    #[default]
    Qualified,
}

impl SubjectMapping {
    /// Returns the subject that the gate looks up and that the permit contains.
    #[must_use]
    pub fn map(self, issuer: &Issuer, subject: &str) -> Arc<str> {
        match self {
            Self::Ours => Arc::from(subject),
            Self::Qualified => Arc::from(format!("{issuer}#{subject}")),
        }
    }
}
