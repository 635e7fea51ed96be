//! **Is this token, key or password genuine?** Signs and verifies tokens, hashes passwords,
//! generates client secrets, codes and refresh tokens.
//!
//! `scopegate-gate` verifies tokens with it, and `scopegate-grant` signs them. A program that only
//! verifies tokens can use it directly. Start with [`Verifier`], [`TokenRules`], [`KeySet`],
//! [`VerifyError`], [`VerifiedCache`], [`RevokedSet`], [`Signer`], [`SigningKey`], [`VerifyingKey`]
//! and [`ClientSecret`].
//!
//! ```text
//!   AccessTokenClaims --Signer--> AccessToken ~~~ wire ~~~> &str --Verifier--> Verified<Claims>
//!                        |                                            |
//!                    SigningKey ---------- verifying_key() ------> KeySet
//!                        |                                            |
//!                        +------------- TokenRules: the kind ---------+
//!
//!   password --PasswordHasher--> PasswordHash        RandomSource --ClientSecret--> SecretDigest
//! ```
//!
//! A [`Verifier`] accepts one kind of token, and its [`TokenRules`] contain all requirements. The
//! algorithm is a property of the key. A token with another `alg` is refused. All cryptography is
//! ring's, called directly: nothing here depends on a provider that the process installs.
//!
//! ```
//! use scopegate_domain::{AccessTokenClaims, Lifetime, ScopeToken, Secret, Timestamp};
//! use scopegate_token::{PayloadBuffer, Signer, SigningKey, TokenRules, Verifier};
//!
//! const ME: ScopeToken = ScopeToken::from_static("me");
//!
//! let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
//! let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
//! let signer = Signer::new(TokenRules::shared_secret(), key);
//!
//! let now = Timestamp::from_unix(1_700_000_000);
//! let claims = AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30)).with_scopes([ME]);
//! let token = signer.issue(&claims)?;
//!
//! let mut scratch = PayloadBuffer::new();
//! let verified = verifier.verify(token.expose(), now, &mut scratch)?;
//! assert!(verified.scopes().eq(["me"]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! All are off by default.
//!
//! - `password`: [`PasswordHasher`] and [`PasswordPolicy`], with argon2id and bcrypt.
//! - `rotation`: [`KeyRing`] and [`KeyEncryptionKey`]; server secrets ([`SecretRing`]), and the
//!   values that they authenticate: [`RefreshToken`] and [`Sealer`].
//! - `proofs`: verifiers of `DPoP` proofs, client assertions and `id_token_hint`.
//! - `fuzzing`: entry points for fuzzers.
//!
//! # Out of scope
//!
//! A clock, input and output, decisions about scopes, keys from tokens (`jku`, `jwk`, `x5u`,
//! `x5c`), the algorithm `none`.

mod algorithm;
mod compact;
mod digest;
mod entropy;
#[cfg(feature = "rotation")]
mod envelope;
mod error;
mod header;
mod inspect;
mod key;
#[cfg(feature = "rotation")]
mod key_ring;
mod key_set;
mod kind;
mod limits;
mod opaque;
#[cfg(feature = "password")]
mod password;
mod pkce;
mod placed_token_id;
mod recent_tokens;
#[cfg(feature = "rotation")]
mod refresh;
mod revoked;
mod rules;
#[cfg(feature = "rotation")]
mod sealed;
#[cfg(feature = "rotation")]
mod server_secrets;
mod sign;
mod token_times;
mod trust;
mod verified_cache;
mod verify;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;

pub use algorithm::Algorithm;
pub use digest::short_digest;
pub use entropy::{RandomError, RandomSource, SystemRandomSource};
#[cfg(feature = "rotation")]
pub use envelope::{EnvelopeError, InvalidKeyEncryptionKey, KeyEncryptionKey};
pub use error::VerifyError;
pub use inspect::{Unverified, inspect};
pub use key::{JwksPolicy, KeyError, SigningKey, VerifyingKey};
#[cfg(feature = "rotation")]
pub use key_ring::{KeyRing, KeyRingError, KeySchedule, KeySlot, KeyState, RingWithoutKey};
pub use key_set::{Jwks, JwksError, KeySet};
#[cfg(feature = "proofs")]
pub use kind::{
    ClientAssertion, ClientAssertionVerifier, DpopProof, DpopProofVerifier, IdTokenHint, IdTokenHintVerifier,
    ProofError, ProofExpectation,
};
pub use kind::{Jws, JwsVerifier};
pub use opaque::{
    BrowserCookie, BrowserCookieKind, ClientSecret, ClientSecretKind, CodeKind, InvalidOpaque, IssuedCode, Opaque,
    OpaqueHead, OpaqueKind, SessionCookie, SessionCookieKind, secret_prefixes,
};
#[cfg(feature = "password")]
pub use password::{HashCost, HashError, InvalidPolicy, PasswordHasher, PasswordPolicy, PasswordVerdict};
pub use pkce::{challenge_of, parse_challenge};
pub use placed_token_id::PlacedTokenId;
pub use recent_tokens::RecentTokens;
#[cfg(feature = "rotation")]
pub use refresh::{InvalidRefreshToken, RefreshToken};
pub use revoked::{AcceptedTokens, RevocationsOutdated, RevokedSet, SubjectClaim, TokenRevoked};
pub use rules::{LeewayTooLong, TokenRules, TokenType};
#[cfg(feature = "rotation")]
pub use sealed::{InvalidSealed, SealError, Sealer};
#[cfg(feature = "rotation")]
pub use server_secrets::{SecretRing, SecretRingError, ServerSecret};
pub use sign::{AccessToken, SignError, Signer};
pub use verified_cache::{CacheStats, CachedToken, HeapSize, TokenRejected, VerifiedCache};
pub use verify::{PayloadBuffer, Verifier};
