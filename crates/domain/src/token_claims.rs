//! The claims of an accepted credential, as a handler reads them.

mod text;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::text::{Span, Text};
use crate::claims::check_name;
use crate::{ClaimNames, Claims, KeepClaimError, Timestamp};

/// The claims of an accepted credential that a handler can read.
///
/// Unlike [`Claims`], the value outlives the token. It is made once for each verified token, and
/// all requests with that token share it. A credential that the application verifies states its
/// claims by the `with` methods, and can carry one value of the application's own type.
///
/// ```
/// use scopegate_domain::{ClaimNames, Claims, ScopeLayout, TokenClaims};
///
/// let names = ClaimNames::new(["tenant"])?;
/// let payload = br#"{"sub": "johndoe", "client_id": "app", "aud": ["a", "b"], "tenant": 7}"#;
/// let claims = Claims::parse_keeping(payload, ScopeLayout::Text, &names)?;
///
/// let claims = TokenClaims::of(&claims, claims.subject());
/// assert_eq!(claims.client_id(), Some("app"));
/// assert!(claims.audience().eq(["a", "b"]));
/// assert_eq!(claims.claim("tenant")?, Some(7));
/// assert!(claims.claim::<String>("tenant").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct TokenClaims {
    text: Text,
    subject: Option<Span>,
    client_id: Option<Span>,
    token_id: Option<Span>,
    issuer: Option<Span>,
    acr: Option<Span>,
    /// Whether `sub` of the token is the client, regardless of the local subject.
    is_of_client: bool,
    audience: Vec<Span>,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    auth_time: Option<Timestamp>,
    /// Names and values, as JSON text.
    kept: Vec<(Span, Span)>,
    /// The names that a verifier keeps. `None` if no verifier limits them.
    names: Option<ClaimNames>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl TokenClaims {
    /// Creates claims without any claim.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies the claims of a token. `subject` is the local subject, which can differ from `sub`.
    #[must_use]
    pub fn of(claims: &Claims<'_>, subject: Option<&str>) -> Self {
        let texts = [
            subject,
            claims.client_id(),
            claims.token_id(),
            claims.issuer(),
            claims.acr(),
        ];
        let kept = || claims.kept().flat_map(|(name, json)| [name, json]);
        let all = texts.into_iter().flatten().chain(claims.audiences()).chain(kept());
        let mut text = Text::with_capacity(all.map(str::len).sum());
        let [subject, client_id, token_id, issuer, acr] = texts.map(|one| one.map(|one| text.push(one)));
        Self {
            subject,
            client_id,
            token_id,
            issuer,
            acr,
            is_of_client: claims.subject().is_some() && claims.subject() == claims.client_id(),
            audience: claims.audiences().map(|one| text.push(one)).collect(),
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
            auth_time: claims.auth_time(),
            kept: claims
                .kept()
                .map(|(name, json)| (text.push(name), text.push(json)))
                .collect(),
            names: Some(claims.kept_names().clone()),
            value: None,
            text,
        }
    }

    /// Sets the subject. Default: none.
    #[must_use]
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.subject = Some(self.text.push(subject));
        self.is_of_client = false;
        self
    }

    /// Removes the subject.
    #[must_use]
    pub const fn without_subject(mut self) -> Self {
        self.subject = None;
        self
    }

    /// Sets the client. Default: none.
    #[must_use]
    pub fn with_client_id(mut self, client_id: &str) -> Self {
        self.client_id = Some(self.text.push(client_id));
        self
    }

    /// Sets the id of the token. Default: none.
    #[must_use]
    pub fn with_token_id(mut self, token_id: &str) -> Self {
        self.token_id = Some(self.text.push(token_id));
        self
    }

    /// Sets the issuer. Default: none.
    #[must_use]
    pub fn with_issuer(mut self, issuer: &str) -> Self {
        self.issuer = Some(self.text.push(issuer));
        self
    }

    /// Sets the authentication context class of the login. Default: none.
    #[must_use]
    pub fn with_acr(mut self, acr: &str) -> Self {
        self.acr = Some(self.text.push(acr));
        self
    }

    /// Adds a recipient. Default: none.
    #[must_use]
    pub fn with_audience(mut self, audience: &str) -> Self {
        self.audience.push(self.text.push(audience));
        self
    }

    /// Sets the time of issue. Default: none.
    #[must_use]
    pub const fn with_issued_at(mut self, time: Timestamp) -> Self {
        self.issued_at = Some(time);
        self
    }

    /// Sets the time from which the credential is refused. Default: none.
    #[must_use]
    pub const fn with_expires_at(mut self, time: Timestamp) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Sets the time when the user logged in. Default: none.
    #[must_use]
    pub const fn with_auth_time(mut self, time: Timestamp) -> Self {
        self.auth_time = Some(time);
        self
    }

    /// Adds a claim, as [`Self::add_claim`] does.
    ///
    /// # Errors
    ///
    /// [`KeepClaimError`] names the rule that the claim breaks.
    pub fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Result<Self, KeepClaimError> {
        self.add_claim(name, value)?;
        Ok(self)
    }

    /// Adds a claim. The limits of [`ClaimNames`] apply.
    ///
    /// # Errors
    ///
    /// [`KeepClaimError`] names the rule that the claim breaks. The other claims stay.
    pub fn add_claim(&mut self, name: &str, value: impl Into<Value>) -> Result<(), KeepClaimError> {
        check_name(name, self.kept().map(|(known, _)| known))?;
        let json = value.into().to_string();
        let len = self.kept().map(|(_, json)| json.len()).sum::<usize>();
        if len.saturating_add(json.len()) > ClaimNames::MAX_VALUES {
            return Err(KeepClaimError::ValuesTooLong);
        }
        self.kept.push((self.text.push(name), self.text.push(&json)));
        Ok(())
    }

    /// States that no verifier selects the claims: each claim that is not here is absent.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.names = None;
        self
    }

    /// Sets a value of the application's own type. Default: none. It replaces an earlier value.
    #[must_use]
    pub fn with_value(self, value: impl Any + Send + Sync) -> Self {
        self.with_shared_value(Arc::new(value))
    }

    /// Sets a value of the application's own type, as [`Self::with_value`] does, without a copy.
    #[must_use]
    pub fn with_shared_value(mut self, value: Arc<dyn Any + Send + Sync>) -> Self {
        self.value = Some(value);
        self
    }

    /// Returns the local subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text.get(self.subject)
    }

    /// Returns the client that the token was issued to: `client_id`, or the claim of the layout.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.text.get(self.client_id)
    }

    /// Whether the subject is the client itself, and no user: `sub` of the token was its
    /// `client_id` ([RFC 9068, section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        let subject = self.subject();
        subject.is_some() && (self.is_of_client || subject == self.client_id())
    }

    /// Returns `jti`: the id of the token.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.text.get(self.token_id)
    }

    /// Returns `iss`: the issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text.get(self.issuer)
    }

    /// Returns `acr`: the authentication context class of the login.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.text.get(self.acr)
    }

    /// Returns `aud`: the recipients of the token.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.audience.iter().filter_map(|one| self.text.get(Some(*one)))
    }

    /// Returns `iat`: the time of issue.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns the time from which the credential is refused: `exp`. A gate adds the leeway of its
    /// rules.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns `auth_time`: the time when the user logged in.
    #[must_use]
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// Returns the value of a kept claim; `None` if the token does not have it.
    ///
    /// # Errors
    ///
    /// - [`ReadClaimError::NotKept`] if the verifier does not keep the claim. Then the claim is
    ///   unknown, not absent.
    /// - [`ReadClaimError::WrongType`] if the value is not a `T`. `null` is a value.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ReadClaimError> {
        let Some((_, json)) = self.kept().find(|(known, _)| *known == name) else {
            return match &self.names {
                Some(names) if !names.contains(name) => Err(ReadClaimError::NotKept { name: name.to_owned() }),
                _ => Ok(None),
            };
        };
        let value = serde_json::from_str(json).map_err(|_| ReadClaimError::WrongType { name: name.to_owned() })?;
        Ok(Some(value))
    }

    /// Returns the kept claims, each with its value as JSON text.
    pub fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        let pair = |(name, json): &(Span, Span)| Some((self.text.get(Some(*name))?, self.text.get(Some(*json))?));
        self.kept.iter().filter_map(pair)
    }

    /// Returns the value of the application, if it is a `T`.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.as_deref()?.downcast_ref()
    }

    /// Returns the size in bytes of its data on the heap, for a cache. The value of the application
    /// does not count.
    #[must_use]
    pub const fn heap_bytes(&self) -> usize {
        self.text.heap_bytes()
            + self.audience.capacity() * size_of::<Span>()
            + self.kept.capacity() * size_of::<(Span, Span)>()
    }

    fn texts(&self) -> [Option<&str>; 5] {
        [
            self.subject(),
            self.client_id(),
            self.token_id(),
            self.issuer(),
            self.acr(),
        ]
    }

    const fn times(&self) -> [Option<Timestamp>; 3] {
        [self.issued_at, self.expires_at, self.auth_time]
    }
}

/// Compares the claims. The values of an application are equal if they are one shared value.
impl PartialEq for TokenClaims {
    fn eq(&self, other: &Self) -> bool {
        let address = |claims: &Self| claims.value.as_ref().map(|value| Arc::as_ptr(value).cast::<()>());
        let has = |(name, json): (&str, &str)| other.kept().any(|known| known == (name, json));
        self.texts() == other.texts()
            && self.is_of_client == other.is_of_client
            && self.times() == other.times()
            && self.audience().eq(other.audience())
            && self.names == other.names
            && self.kept.len() == other.kept.len()
            && self.kept().all(has)
            && address(self) == address(other)
    }
}

impl Eq for TokenClaims {}

// SECURITY: neither the value of a claim nor that of the application is printed. Tested by
// `debug_prints_names_of_claims_only`.
impl fmt::Debug for TokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClaims")
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .field("claims", &self.kept().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The reason why a handler cannot read a claim. The error never contains the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadClaimError {
    /// The verifier does not keep this claim.
    #[error("claim `{name}` is not kept; name it where the verifier is configured, or use the method of the permit")]
    NotKept {
        /// The name of the claim.
        name: String,
    },
    /// The value is of another type.
    #[error("claim `{name}` is of another type than the handler reads")]
    WrongType {
        /// The name of the claim.
        name: String,
    },
}

#[cfg(test)]
mod tests;
