//! Clients: programs that request tokens. [RFC 6749, section
//! 2](https://www.rfc-editor.org/rfc/rfc6749#section-2).

mod auth_method;
#[expect(clippy::module_inception, reason = "the file of the type has its name")]
mod client;
mod invalid_client;
mod redirect_uri;
mod refresh_lifetimes;
mod registered_secret;
mod secret_digest;

pub use self::auth_method::{ClientAuthMethod, ClientKind, UnknownAuthMethod};
pub use self::client::Client;
pub use self::invalid_client::InvalidClient;
pub use self::redirect_uri::{InvalidRedirectUri, RedirectUri, RedirectUriKind};
pub use self::refresh_lifetimes::{ApplicationKind, RefreshLifetimes};
pub use self::registered_secret::RegisteredSecret;
pub use self::secret_digest::SecretDigest;
