//! **How does a client obtain a token?** A grant type is a function from a request to a grant;
//! issuing is the same for all.
//!
//! A program that runs an authorization server uses this crate. Start with [`AuthorizationServer`],
//! [`AuthorizationServerBuilder`], [`Params`], [`ClientCredentials`], [`TokenSet`], [`GrantError`],
//! [`Dialect`], [`AccessTokens`], [`RotatingKeys`], [`RevocationWatch`] and [`HashingLimits`].
//!
//! ```text
//! Params --------> TokenRequest --------> Grant --------> TokenSet
//!    |               ^      one file for    ^    issue.rs
//!    |               |      each grant type |
//!    +--> Authenticated<Client>             +-- restricted: request, client's and subject's ceiling
//! ```
//!
//! [`AuthorizationServer`] is the whole flow as one value, without HTTP. It follows the RFC, or
//! other rules of the password grant ([`Dialect`]). A token never contains more than was requested,
//! than the client may have and than the user may have. A client that acts for itself
//! (`client_credentials`) has no user.
//!
//! ```
//! use std::sync::Arc;
//! use scopegate_domain::{
//!     Account, Catalog, Client, ClientId, GrantType, ScopeToken, Secret, SecurityScheme, User, UserId, Username,
//! };
//! use scopegate_grant::{AuthorizationServer, ClientCredentials, Params};
//! use scopegate_store::{MemoryStore, Store};
//! use scopegate_token::{PasswordHasher, PasswordPolicy, Signer, SigningKey, SystemRandomSource, TokenRules};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! let hash = PasswordHasher::new(PasswordPolicy::default()).hash(&Secret::new("secret".into()), &SystemRandomSource)?;
//! let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?).with_scope("me items".parse()?);
//! store.users().add(Account { user, password_hash: Some(hash) }).await?;
//! let app = Client::public(ClientId::parse("app")?, "An app");
//! store.clients().add(app.with_grant_types([GrantType::Password]).with_scope("me".parse()?)).await?;
//!
//! let catalog = Catalog::builder()
//!     .scheme("oauth", SecurityScheme::oauth2_password("token"))
//!     .scope(ScopeToken::from_static("me"), "Read information about the current user.")
//!     .scope(ScopeToken::from_static("items"), "Read items.")
//!     .build()?;
//! let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
//! let signer = Signer::new(TokenRules::shared_secret(), key);
//! let server = AuthorizationServer::builder(store, signer, catalog).password_grant(true).build();
//!
//! let params = Params::from_iter([
//!     ("grant_type", "password"),
//!     ("client_id", "app"),
//!     ("username", "johndoe"),
//!     ("password", "secret"),
//!     ("scope", "me items"),
//! ]);
//! let tokens = server.token(&params, &ClientCredentials::Absent).await?;
//! assert_eq!(tokens.scope(), &"me".parse()?);
//! # Ok(())
//! # }
//! ```
//!
//! # Users log in on pages
//!
//! [`AuthorizationServerBuilder::code_grant`] enables authorization codes and refresh tokens. A
//! page server calls [`AuthorizationEndpoint`], which returns the next [`Step`]: the login page,
//! the consent page or the answer to the client. [`UserAccounts`] is what users change themselves.
//!
//! # Guessing is limited
//!
//! A failed login reveals nothing, and guessing is limited: `scopegate-login` states how. Attempts
//! also count for the address of [`AuthorizationServer::token_from`].
//!
//! # Keys
//!
//! [`RotatingKeys`] keeps the signing keys encrypted in the store. At each moment it determines
//! which one signs and which are trusted.
//!
//! # Out of scope
//!
//! HTTP (`scopegate-http` reads forms and writes responses), SQL, and a list of grants:
//! [`GrantType`](scopegate_domain::GrantType) is one. The compiler reports each `match` that a new
//! grant type must extend.

mod access_tokens;
mod account;
mod authorize;
mod change;
mod client_auth;
mod client_credentials;
mod code;
mod context;
mod dialect;
mod error;
mod granted;
mod issue;
mod keys;
mod last_expiry;
mod limits;
mod local;
mod params;
mod password;
mod people;
mod refresh;
mod request;
mod revocation_watch;
mod scope_request;
mod secrets;
mod server;
mod server_builder;
mod targets;

pub use access_tokens::{AccessTokens, ActiveToken, IntrospectedToken};
pub use account::{
    AccountError, AccountLogin, AccountLoginError, AccountSession, Logout, LogoutRequest, LogoutReturn, PasswordChange,
    UserAccounts,
};
pub use authorize::{
    AuthorizationAnswer, AuthorizationEndpoint, AuthorizeError, ConsentChoice, ConsentForm, ConsentOffer,
    ConsentReason, ConsentStep, ExplainSettings, ExplainedRequest, FLOW_LIFETIME, FlowRefusal, FormError,
    InvalidConsentForm, LoggedIn, LoginCookies, LoginForm, LoginOutcome, LoginProblem, LoginStep, RedirectedCause,
    RedirectedError, RefreshPolicy, Restart, ShownCause, Step, Visit, explain_authorization,
};
pub use client_auth::ClientCredentials;
pub use dialect::{Dialect, RequestedScope};
pub use error::{
    GrantError, InvalidClientCause, InvalidRequestCause, InvalidScopeCause, InvalidTargetCause, Unavailable,
};
pub use issue::TokenSet;
pub use keys::{
    ActiveKeys, KeyEncryptionKeyError, KeyEncryptionKeySource, KeyRotationError, OldSecrets, RemovedKey,
    RotatedSecrets, RotatingKeys,
};
pub use last_expiry::last_expiry;
pub use limits::{MAX_AUTHORIZE_LEN, MAX_RESOURCES};
pub use local::LocalRequest;
pub use params::Params;
pub use revocation_watch::RevocationWatch;
pub use scopegate_login::{
    AuditLog, AuditMode, DisabledUserLogin, HashingError, HashingLimits, NameMatch, RequestOrigin, audit_entry,
};
pub use secrets::{SecretRings, SecretsError, ServerSecrets};
pub use server::AuthorizationServer;
pub use server_builder::AuthorizationServerBuilder;
