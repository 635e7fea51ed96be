//! Claims of a token: [RFC 7519, section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4), RFC
//! 9068.

mod access_token;
mod claim_names;
mod error;
mod kept_claims;
mod known;
mod layout;
mod layout_claims;
mod limits;
mod print;
mod text_list;

use std::borrow::Cow;

pub use self::access_token::AccessTokenClaims;
pub(crate) use self::claim_names::check_name;
pub use self::claim_names::{ClaimNames, InvalidClaimName, KeepClaimError};
pub use self::error::ClaimsError;
use self::kept_claims::KeptClaims;
use self::known::Claim;
pub use self::layout::{ClaimLayout, ClientClaim, ScopeLayout};
use self::layout_claims::{LayoutClaim, LayoutClaims};
use self::text_list::TextList;
pub use self::text_list::TextListIter;
use crate::Timestamp;
use crate::json::{Kind, MemberNames, Reader};

/// The payload of a token: the supported claims, each with its type.
///
/// Supported are `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`, `client_id`, `scope`, `scopes`,
/// `auth_time`, `acr` and `cnf`. A [`ClaimLayout`] can name one more for the scopes and one for the
/// client. Other claims must be JSON and occur only once, and so must the names in their objects.
/// They are then ignored, unless [`Claims::parse_keeping`] keeps them. Whether a claim is
/// *required*, and which value it must have, is a rule of the verifier. Nothing is allocated,
/// unless text was written with escapes or there are many unknown claims.
///
/// ```
/// use scopegate_domain::{Claims, ScopeLayout};
///
/// let payload = br#"{"sub": "johndoe", "scopes": ["me", "items"], "exp": 1700000000.9}"#;
/// let claims = Claims::parse(payload, ScopeLayout::List)?;
/// assert_eq!(claims.subject(), Some("johndoe"));
/// assert_eq!(claims.expires_at().unwrap().as_unix(), 1_700_000_000);
/// assert!(claims.scopes().eq(["me", "items"]));
///
/// let fault = Claims::parse(br#"{"nbf": "1700000000"}"#, ScopeLayout::List).unwrap_err();
/// assert_eq!(fault.to_string(), "claim `nbf` is not of its type");
/// # Ok::<(), scopegate_domain::ClaimsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Claims<'a> {
    layout: ClaimLayout,
    issuer: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    audience: Option<TextList<'a>>,
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    token_id: Option<Cow<'a, str>>,
    client_id: Option<Cow<'a, str>>,
    scope: Option<Cow<'a, str>>,
    scopes: Option<TextList<'a>>,
    auth_time: Option<Timestamp>,
    acr: Option<Cow<'a, str>>,
    has_confirmation: bool,
    foreign: Option<Claim>,
    elsewhere: LayoutClaims<'a>,
    kept: KeptClaims<'a>,
}

impl<'a> Claims<'a> {
    /// The maximum length of a payload, in bytes.
    pub const MAX_LEN: usize = limits::MAX_LEN;

    /// Parses a decoded payload. `layout` selects the claims of [`Claims::scopes`] and
    /// [`Claims::client_id`].
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] names the rule that the payload breaks.
    pub fn parse(payload: &'a [u8], layout: impl Into<ClaimLayout>) -> Result<Self, ClaimsError> {
        let mut claims = Self::empty(layout);
        claims.fill(payload)?;
        Ok(claims)
    }

    /// Parses a decoded payload like [`Claims::parse`], and keeps the claims of these names.
    ///
    /// ```
    /// use scopegate_domain::{ClaimNames, Claims, ScopeLayout};
    ///
    /// let names = ClaimNames::new(["tenant"])?;
    /// let payload = br#"{"sub": "johndoe", "tenant": {"id": 7}, "plan": "free"}"#;
    /// let claims = Claims::parse_keeping(payload, ScopeLayout::Text, &names)?;
    /// assert!(claims.kept().eq([("tenant", r#"{"id": 7}"#)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] names the rule that the payload breaks; also
    /// [`ClaimsError::KeptTooLong`] above [`ClaimNames::MAX_VALUES`].
    pub fn parse_keeping(
        payload: &'a [u8],
        layout: impl Into<ClaimLayout>,
        names: &ClaimNames,
    ) -> Result<Self, ClaimsError> {
        let mut claims = Self::empty(layout);
        claims.fill_keeping(payload, names)?;
        Ok(claims)
    }

    /// Creates empty claims, for [`Claims::fill`].
    #[inline]
    #[must_use]
    pub fn empty(layout: impl Into<ClaimLayout>) -> Self {
        Self {
            layout: layout.into(),
            issuer: None,
            subject: None,
            audience: None,
            expires_at: None,
            not_before: None,
            issued_at: None,
            token_id: None,
            client_id: None,
            scope: None,
            scopes: None,
            auth_time: None,
            acr: None,
            has_confirmation: false,
            foreign: None,
            elsewhere: LayoutClaims::default(),
            kept: KeptClaims::NONE,
        }
    }

    /// Parses in place, like [`Claims::parse`]. The claims of a token are some hundred bytes, and
    /// this avoids a move of them.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] names the rule that the payload breaks. The claims before the error stay.
    pub fn fill(&mut self, payload: &'a [u8]) -> Result<(), ClaimsError> {
        self.fill_keeping(payload, &ClaimNames::NONE)
    }

    /// Parses in place, like [`Claims::parse_keeping`].
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] names the rule that the payload breaks. The claims before the error stay.
    #[inline]
    pub fn fill_keeping(&mut self, payload: &'a [u8], names: &ClaimNames) -> Result<(), ClaimsError> {
        self.kept = KeptClaims::of(names);
        if payload.len() > Self::MAX_LEN {
            return Err(ClaimsError::TooLong);
        }
        let text = std::str::from_utf8(payload).map_err(|_| ClaimsError::NotUtf8)?;
        let mut reader = Reader::new(text);
        if reader.kind()? != Kind::Object {
            return Err(ClaimsError::NotAnObject);
        }
        let (mut seen, mut unknown) = (0, None);
        reader.members(|reader| {
            let claim = if let Some(claim) = reader.short_name(|name| Claim::find(name)) {
                claim
            } else {
                let name = reader.name()?;
                let Some(claim) = Claim::find(name.as_bytes()) else {
                    return self.read_unknown(unknown.get_or_insert_default(), name, text, reader);
                };
                claim
            };
            if seen & claim.bit() != 0 {
                return Err(ClaimsError::DuplicateName);
            }
            seen |= claim.bit();
            self.read(claim, text, reader)
        })?;
        reader.finish()?;
        if self.scopes_differ() {
            Err(ClaimsError::ScopesDiffer)
        } else {
            Ok(())
        }
    }

    // SECURITY: a known claim of another type is an error, never ignored
    // (`a_claim_of_another_type_is_refused`).
    #[inline]
    fn read(&mut self, claim: Claim, text: &'a str, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        let slot = match claim {
            Claim::Acr => &mut self.acr,
            Claim::ClientId => &mut self.client_id,
            Claim::Issuer => &mut self.issuer,
            Claim::Scope => &mut self.scope,
            Claim::Subject => &mut self.subject,
            Claim::TokenId => &mut self.token_id,
            Claim::Audience => return read_list(&mut self.audience, claim, text, reader),
            Claim::Scopes if reader.kind()? == Kind::Text => return Err(claim.wrong_type()),
            Claim::Scopes => return read_list(&mut self.scopes, claim, text, reader),
            Claim::AuthTime => return read_time(&mut self.auth_time, claim, reader),
            Claim::ExpiresAt => return read_time(&mut self.expires_at, claim, reader),
            Claim::IssuedAt => return read_time(&mut self.issued_at, claim, reader),
            Claim::NotBefore => return read_time(&mut self.not_before, claim, reader),
            Claim::AtHash | Claim::CHash | Claim::Events | Claim::Nonce => {
                // `events` marks a token that has no other use, regardless of other marks.
                if self.foreign.is_none() || matches!(claim, Claim::Events) {
                    self.foreign = Some(claim);
                }
                return Ok(reader.skip_unique()?);
            }
            // SECURITY: any value counts, `null` too: who writes the member says that the token is
            // bound (`a_confirmation_of_any_type_is_noticed`).
            Claim::Confirmation => {
                self.has_confirmation = true;
                return Ok(reader.skip_unique()?);
            }
            Claim::TokenUse | Claim::Type => return self.read_use(claim, reader),
        };
        *slot = reader.text_if_next()?;
        if slot.is_none() {
            return Err(wrong_value(claim, reader));
        }
        Ok(())
    }

    /// Reads the private claims by which some issuers distinguish their kinds of token. A value of
    /// another type, or an unknown one, is ignored.
    #[cold]
    fn read_use(&mut self, claim: Claim, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        /// `id` is from Amazon Cognito and Keycloak, the other values from Keycloak.
        const FOREIGN: [&str; 4] = ["id", "refresh", "offline", "logout"];
        let Some(text) = reader.text_if_next()? else {
            return Ok(reader.skip_unique()?);
        };
        if self.foreign.is_none() && FOREIGN.iter().any(|foreign| text.eq_ignore_ascii_case(foreign)) {
            self.foreign = Some(claim);
        }
        Ok(())
    }

    #[cold]
    fn read_unknown(
        &mut self,
        seen: &mut MemberNames<'a>,
        name: Cow<'a, str>,
        text: &'a str,
        reader: &mut Reader<'a>,
    ) -> Result<(), ClaimsError> {
        let (place, kept) = (LayoutClaim::find(self.layout, &name), self.kept.find(&name));
        if !seen.insert(name) {
            return Err(ClaimsError::DuplicateName);
        }
        // White space before the value is not a part of it.
        reader.kind()?;
        let start = reader.position();
        match place {
            Some(place) => self.elsewhere.read(place, text, reader)?,
            None => reader.skip_unique()?,
        }
        match kept {
            Some(name) => self
                .kept
                .keep(name, text.get(start..reader.position()).unwrap_or_default()),
            None => Ok(()),
        }
    }

    #[inline]
    fn scopes_differ(&self) -> bool {
        match (&self.scope, &self.scopes) {
            (Some(text), Some(list)) => !TextListIter::words(text).eq(list.iter()),
            _ => false,
        }
    }

    /// Returns `iss`: the issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns `sub`: the subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns `aud`: the recipients of the token. A single text is a list of one. An absent claim
    /// and an empty text are an empty list.
    #[must_use]
    pub fn audiences(&self) -> TextListIter<'_> {
        self.audience.as_ref().map_or_else(TextListIter::none, TextList::iter)
    }

    /// Returns `exp`: the time from which the token is refused.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns `nbf`: the time before which the token is refused.
    #[must_use]
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// Returns `iat`: the time of issue.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns `jti`: the id of the token.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// Returns the client that the token was issued to: `client_id`, or the claim of the layout.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self.layout.client() {
            ClientClaim::ClientId => self.client_id.as_deref(),
            ClientClaim::AppId | ClientClaim::Azp | ClientClaim::Cid => self.elsewhere.client(),
        }
    }

    /// Returns the names in the scope claim of the layout, in their order, with repetitions. Empty
    /// if the claim is absent.
    ///
    /// They are plain text. A name outside the grammar of a scope token is an undeclared scope.
    #[must_use]
    pub fn scopes(&self) -> TextListIter<'_> {
        match (self.layout.scopes(), &self.scope, &self.scopes) {
            (ScopeLayout::Text, Some(text), _) => TextListIter::words(text),
            (ScopeLayout::List, _, Some(list)) => list.iter(),
            (ScopeLayout::Text | ScopeLayout::List, ..) => TextListIter::none(),
            (ScopeLayout::Permissions | ScopeLayout::RealmRoles | ScopeLayout::Scp, ..) => self.elsewhere.scopes(),
        }
    }

    /// Returns `auth_time`: the time when the user logged in.
    #[must_use]
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// Returns `acr`: the authentication context class of the login.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// Whether the token states that it is bound to its sender, by any value of `cnf` ([RFC 7800,
    /// section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)).
    #[must_use]
    pub const fn has_confirmation(&self) -> bool {
        self.has_confirmation
    }

    /// The name of a claim that marks a token of another kind than an access token.
    ///
    /// `nonce`, `at_hash` and `c_hash` mark an ID token, and `events` a logout token, with any
    /// value. `token_use` and `typ` are marks if they name an ID, refresh or logout token. `events`
    /// is named at any position.
    #[must_use]
    pub const fn foreign_claim(&self) -> Option<&'static str> {
        match self.foreign {
            Some(claim) => Some(claim.name()),
            None => None,
        }
    }

    /// Returns the claims that were kept, each with its value as JSON text. The text is what the
    /// payload contains; it is valid JSON, and no object in it has a name twice.
    #[must_use]
    pub fn kept(&self) -> impl ExactSizeIterator<Item = (&str, &'a str)> {
        self.kept.iter()
    }

    /// Returns the names of the claims that are kept if the payload has them.
    #[must_use]
    pub const fn kept_names(&self) -> &ClaimNames {
        self.kept.names()
    }

    /// The name of a claim that marks a token for access: `client_id`, `scope` or `scopes`.
    #[must_use]
    pub const fn access_claim(&self) -> Option<&'static str> {
        match (&self.client_id, &self.scope, &self.scopes) {
            (Some(_), ..) => Some("client_id"),
            (None, Some(_), _) => Some("scope"),
            (None, None, Some(_)) => Some("scopes"),
            (None, None, None) => None,
        }
    }
}

#[inline]
fn read_list<'a>(
    slot: &mut Option<TextList<'a>>,
    claim: Claim,
    text: &'a str,
    reader: &mut Reader<'a>,
) -> Result<(), ClaimsError> {
    *slot = Some(match reader.text_if_next()? {
        Some(one) => TextList::One(one),
        None if reader.kind()? == Kind::Array => TextList::read(claim.name(), text, reader)?,
        None => return Err(claim.wrong_type()),
    });
    Ok(())
}

/// The error for a claim of another type. If the value is missing, the error reports that.
#[cold]
fn wrong_value(claim: Claim, reader: &mut Reader<'_>) -> ClaimsError {
    reader.kind().map_or_else(Into::into, |_| claim.wrong_type())
}

fn read_time(slot: &mut Option<Timestamp>, claim: Claim, reader: &mut Reader<'_>) -> Result<(), ClaimsError> {
    let Some(number) = reader.number_if_next()? else {
        return Err(wrong_value(claim, reader));
    };
    let seconds = number.truncated();
    let seconds = seconds.ok_or(ClaimsError::OutOfRange { claim: claim.name() })?;
    *slot = Some(Timestamp::from_unix(seconds));
    Ok(())
}
