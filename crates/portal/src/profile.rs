//! The profile of the endpoints of one authorization server.

use scopegate_gate::Profile;
use scopegate_grant::{AuthorizationServer, GrantProfile};

/// Returns the profile of a server.
pub(crate) fn profile(server: &AuthorizationServer) -> Profile {
    match server.profile() {
        GrantProfile::Rfc => Profile::Rfc,
        GrantProfile::Tutorial { .. } => Profile::Tutorial,
    }
}
