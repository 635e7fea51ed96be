//! Whose rules the token endpoint goes by.

use scopegate_domain::ClientId;

/// Whose rules the token endpoint goes by.
///
/// ```
/// use scopegate_domain::ClientId;
/// use scopegate_grant::GrantProfile;
///
/// let page = GrantProfile::Tutorial { client: ClientId::parse("demo-app")? };
/// assert_ne!(page, GrantProfile::Rfc);
/// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new profile must be given its rules wherever profiles are told apart"
)]
pub enum GrantProfile {
    /// [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): clients say who they are, a field stands once, errors have codes.
    Rfc,
    /// The `FastAPI` tutorial's page: anybody logs in with a user name and a password, under the ceiling of one public
    /// client. Grant types that the page does not know go by the RFC.
    Tutorial {
        /// The public client in whose name everybody logs in.
        client: ClientId,
    },
}
