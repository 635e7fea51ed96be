//! **How does a client come by a token?** A grant type is a function from a request to a grant; minting is the same for all.
//!
//! ```text
//! Params --------> TokenRequest --------> Grant --------> TokenSet
//!    |               ^      one file for    ^    issue.rs
//!    |               |      each grant type |
//!    +--> Authenticated<Client>             +-- narrowed: asked, client's ceiling, user's ceiling
//! ```
//!
//! [`AuthorizationServer`] is all of it as one value, without HTTP. It goes by the RFC or by the tutorial's page
//! ([`GrantProfile`]); what a user may do is the same by both.

mod client_auth;
mod context;
mod error;
mod hashing;
mod issue;
mod narrow;
mod params;
mod password;
mod profile;
mod request;
mod server;

pub use client_auth::ClientCredentials;
pub use error::{FieldFault, GrantError, Outage, PageError, RequestFault, ScopeFault};
pub use hashing::HashingLimits;
pub use issue::TokenSet;
pub use params::Params;
pub use profile::GrantProfile;
pub use server::{AuthorizationServer, AuthorizationServerBuilder};
