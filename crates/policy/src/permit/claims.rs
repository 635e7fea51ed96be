//! The claims of the credential in a permit.

use std::any::Any;
use std::sync::Arc;

use scopegate_domain::{ReadClaimError, Timestamp, TokenClaims};
use serde::de::DeserializeOwned;

use super::Permit;

/// What the credential of the request states. Each method returns nothing for an anonymous request,
/// and for a permit that was not made by [`Permit::with_claims_of`].
impl Permit {
    fn claims(&self) -> Option<&TokenClaims> {
        self.claims.as_deref()
    }

    /// Returns all claims of the credential, shared, for a credential that stands for it. They
    /// expire with the permit.
    #[must_use]
    pub fn shared_claims(&self) -> Option<Arc<TokenClaims>> {
        let claims = self.claims.clone()?;
        match self.expires_at {
            Some(time) if claims.expires_at() != Some(time) => {
                Some(Arc::new(TokenClaims::clone(&claims).with_expires_at(time)))
            }
            _ => Some(claims),
        }
    }

    /// Returns the subject of the credential, whether the user is known or not: the subject of a
    /// token, the owner of a key. `None` if it has no subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.claims()?.subject()
    }

    /// Returns the client that the token was issued to: `client_id`, or the claim by which the
    /// issuer names it.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.claims()?.client_id()
    }

    /// Returns the id of the token: `jti`.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.claims()?.token_id()
    }

    /// Returns the issuer of the token: `iss`.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.claims()?.issuer()
    }

    /// Returns the recipients of the token: `aud`.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.claims().into_iter().flat_map(TokenClaims::audience)
    }

    /// Returns the time when the token was issued: `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.claims()?.issued_at()
    }

    /// Returns the time from which the credential is refused: `exp`, later by the leeway of the
    /// rules. With several credentials it is the earliest. Streams of events and connections of
    /// WebSocket end at this time.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns the time when the user logged in: `auth_time`.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.claims()?.auth_time()
    }

    /// Returns the authentication context class of the login: `acr`.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.claims()?.acr()
    }

    /// Returns the value of another claim; `None` if the credential does not have it. The verifier
    /// of the token keeps only the claims that its configuration names.
    ///
    /// A claim that has a method of its own is not found by its name.
    ///
    /// # Errors
    ///
    /// - [`ReadClaimError::NotKept`] if the verifier does not keep the claim.
    /// - [`ReadClaimError::WrongType`] if the value is not a `T`. `null` is a value.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ReadClaimError> {
        self.claims().map_or(Ok(None), |claims| claims.claim(name))
    }

    /// Returns the value that the verifier of an application added to the credential, if it is a
    /// `T`.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.claims()?.value()
    }
}
