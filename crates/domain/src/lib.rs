//! **Which values exist?** The vocabulary of Scopegate: plain values, checked once when they are
//! constructed.
//!
//! All other crates use it. An application finds its types in `scopegate_http::domain` or
//! `scopegate_gate::domain`. These are the types to start with, by the terms of the RFCs:
//!
//! | RFC term | type |
//! |---|---|
//! | scope-token, scope ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)) | [`ScopeToken`], [`Scope`] |
//! | declared scopes, security schemes (`OpenAPI` 3.1) | [`Catalog`], [`SecurityScheme`] |
//! | resource owner | [`User`], [`Username`]; with its password hash [`Account`]; [`CanonicalName`] |
//! | client, client type, redirection URI (RFC 6749, section 2) | [`Client`], [`ClientKind`], [`ClientAuthMethod`], [`RedirectUri`] |
//! | protected resource, resource indicator ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)) | [`Resource`], [`Audience`] |
//! | authorization grant, grant type (RFC 6749, section 1.3) | [`Grant`], [`GrantSubject`], [`GrantType`] |
//! | authorization code, `PKCE` (RFC 6749, section 4.1; RFC 7636) | [`AuthorizationCode`], [`Authorization`], [`CodeChallenge`], [`CodeVerifier`] |
//! | refresh token (RFC 6749, section 6) | [`Family`], [`family_decision`] |
//! | login and consent of the resource owner | [`LoginSession`], [`LoginContext`], [`Consent`] |
//! | claims of a token (RFC 7519, RFC 9068) | [`Claims`]; as handlers read them [`TokenClaims`] |
//! | tokens revoked before they expire ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)) | [`Revocation`] |
//! | stored key (RFC 7517) | [`StoredKey`] |
//! | an entry of the audit log | [`AuditEntry`] |
//! | error codes (RFC 6749, section 5.2; RFC 6750, section 3.1) | [`ErrorCode`] |
//! | `NumericDate` (RFC 7519, section 2) | [`Timestamp`] |
//!
//! Two kinds of types have rules of their own. A [`Secret`] never prints itself and is wiped when
//! dropped. A [`Verified`] or [`Authenticated`] value is a proof: only the function that did the
//! check constructs it.
//!
//! ```
//! use scopegate_domain::{Scope, ScopeToken};
//!
//! const ME: ScopeToken = ScopeToken::from_static("me");
//! const ITEMS: ScopeToken = ScopeToken::from_static("items");
//!
//! let required = Scope::from_iter([ME]);
//! let granted: Scope = "items me".parse()?;
//! assert!(required <= granted);
//! assert_eq!(granted.to_string(), "items me");
//! # Ok::<(), scopegate_domain::InvalidScope>(())
//! ```
//!
//! The only feature, `fuzzing`, adds entry points for fuzzers. It is off by default.
//!
//! Out of scope: input and output, a global clock, randomness, cryptography, decisions.

mod address_prefix;
mod audit;
mod authorization;
mod catalog;
mod claims;
mod client;
mod code;
mod consent;
mod display_name;
mod error_code;
mod family;
mod grant;
mod grant_type;
mod identifier;
mod news;
mod pkce;
mod resource;
mod revocation;
mod row_key;
mod scheme;
mod scope;
mod sealed_secret;
mod secret;
mod session;
mod stored_key;
mod time;
mod token_claims;
mod user;
mod verified;
mod visible;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod json;

pub use address_prefix::{AddressPrefix, InvalidAddressPrefix};
pub use audit::{
    AuditDetail, AuditEntry, AuditEvent, AuditId, AuditOutcome, InvalidAuditDetail, LoginFailure, UnknownAuditEvent,
};
pub use authorization::{
    AuthenticationMethod, Authorization, GrantBinding, KeyThumbprint, LoginContext, UnknownAuthenticationMethod,
};
pub use catalog::{Catalog, CatalogBuilder, CatalogError, DeclaredScheme, DeclaredScope};
pub use claims::{
    AccessTokenClaims, ClaimLayout, ClaimNames, Claims, ClaimsError, ClientClaim, InvalidClaimName, KeepClaimError,
    ScopeLayout, TextListIter,
};
pub use client::{
    ApplicationKind, Client, ClientAuthMethod, ClientKind, InvalidClient, InvalidRedirectUri, RedirectUri,
    RedirectUriKind, RefreshLifetimes, RegisteredSecret, SecretDigest, UnknownAuthMethod,
};
pub use code::AuthorizationCode;
pub use consent::Consent;
pub use display_name::{InvalidDisplayName, check_display_name};
pub use error_code::ErrorCode;
pub use family::{
    EndReason, Family, FamilyDecision, FamilyId, Generation, InvalidFamilyId, NewFamily, PresentedRefresh,
    UnknownEndReason, family_decision,
};
pub use grant::{Grant, GrantSubject};
pub use grant_type::{GrantType, UnknownGrantType};
pub use identifier::{
    Acr, Audience, ClientId, InvalidIdentifier, Issuer, KeyId, RequestId, SchemeName, TokenId, UserId,
};
pub use news::{NewsLane, NewsPosition};
pub use pkce::{CodeChallenge, CodeVerifier, InvalidCodeVerifier};
pub use resource::{InvalidAudience, Resource, Resources, ResourcesError};
pub use revocation::{Revocation, Revoked};
pub use row_key::{CodeId, SessionId};
pub use scheme::{ApiKeyLocation, HttpScheme, OAuthFlow, OAuthFlows, SecurityScheme};
pub use scope::{InvalidScope, Scope, ScopeToken};
pub use sealed_secret::{SealedSecret, SecretPurpose, UnknownSecretPurpose};
pub use secret::Secret;
pub use session::LoginSession;
pub use stored_key::StoredKey;
pub use time::{Clock, Day, Lifetime, ManualClock, SystemClock, Timestamp};
pub use token_claims::{ReadClaimError, TokenClaims};
pub use user::{Account, ApplicationUser, CanonicalName, InvalidUsername, PasswordHash, User, UserStatus, Username};
pub use verified::{Authenticated, Verified};
pub use visible::visible;
