//! The rules that the token endpoint follows.

use scopegate_domain::ClientId;

/// The rules that the token endpoint follows.
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
    reason = "each `match` must state the rules of a new profile"
)]
pub enum GrantProfile {
    /// [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): clients identify themselves, a field
    /// occurs once, errors have codes.
    Rfc,
    /// The `FastAPI` tutorial: any client logs in with a user name and a password, under the
    /// ceiling of one public client. Grant types that the tutorial does not know follow the RFC.
    Tutorial {
        /// The public client that all logins use.
        client: ClientId,
    },
}
