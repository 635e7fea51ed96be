//! Claims of a token: [RFC 7519, section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4), RFC 9068.

mod access_token;
mod texts;

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

pub use self::access_token::AccessTokenClaims;
use self::texts::TextList;
pub use self::texts::Texts;
use crate::Timestamp;
use crate::json::{JsonError, Kind, Names, Reader};

/// Where a token says its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new layout must be looked at wherever one is written or read"
)]
pub enum ScopeLayout {
    /// `"scopes": ["me", "items"]`, as the `FastAPI` tutorial writes it.
    List,
    /// `"scope": "me items"` ([RFC 9068, section 2.2.3](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)).
    Text,
}

/// The payload of a token: the claims that are known here, each of its type.
///
/// Known are `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`, `client_id`, `scope`, `scopes`, `auth_time` and `acr`.
/// Other claims must be JSON and stand only once; then they are ignored. Whether a claim is *required*, and what it must
/// say, is a rule of the verifier. Nothing is allocated, unless text was written with escapes or there are many unknown claims.
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
    layout: ScopeLayout,
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
    foreign: Option<&'static str>,
}

impl<'a> Claims<'a> {
    /// Longest accepted payload, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Reads a decoded payload. `layout` says which claim [`Claims::scopes`] reads.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] names the rule that the payload breaks.
    pub fn parse(payload: &'a [u8], layout: ScopeLayout) -> Result<Self, ClaimsError> {
        if payload.len() > Self::MAX_LEN {
            return Err(ClaimsError::TooLong);
        }
        let text = std::str::from_utf8(payload).map_err(|_| ClaimsError::NotUtf8)?;
        let mut reader = Reader::new(text);
        if reader.kind()? != Kind::Object {
            return Err(ClaimsError::NotAnObject);
        }
        let mut claims = Self::empty(layout);
        let (mut seen, mut unknown) = (0, None);
        reader.object(|reader, name| match Claim::find(&name) {
            Some(claim) if seen & claim.bit() != 0 => Err(ClaimsError::DuplicateName),
            Some(claim) => {
                seen |= claim.bit();
                claims.read(claim, text, reader)
            }
            None => skip_unknown(unknown.get_or_insert_default(), name, reader),
        })?;
        reader.finish()?;
        if claims.scopes_differ() {
            Err(ClaimsError::ScopesDiffer)
        } else {
            Ok(claims)
        }
    }

    const fn empty(layout: ScopeLayout) -> Self {
        Self {
            layout,
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
            foreign: None,
        }
    }

    // SECURITY: a known claim of another type is an error, never ignored (`a_claim_of_another_type_is_refused`).
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
                self.foreign = self.foreign.or(Some(claim.name()));
                return Ok(reader.skip()?);
            }
        };
        *slot = reader.text_if_next()?;
        if slot.is_none() {
            // Where no value stands at all, that is the fault.
            reader.kind()?;
            return Err(claim.wrong_type());
        }
        Ok(())
    }

    #[inline]
    fn scopes_differ(&self) -> bool {
        match (&self.scope, &self.scopes) {
            (Some(text), Some(list)) => !Texts::words(text).eq(list.iter()),
            _ => false,
        }
    }

    /// `iss`: who issued the token.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// `sub`: in whose name.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `aud`: whom the token is meant for. A single text is a list of one; no claim and an empty
    /// text are an empty list.
    #[must_use]
    pub fn audiences(&self) -> Texts<'_> {
        self.audience.as_ref().map_or_else(Texts::none, TextList::iter)
    }

    /// `exp`: from when on the token is refused.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// `nbf`: before when the token is refused.
    #[must_use]
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// `iat`: when the token was issued.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// `jti`: which token.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// `client_id`: the client that the token was issued to.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The names in the claim of the layout, in their order, with repetitions; none where the claim is absent.
    ///
    /// They are plain text: a name outside the grammar of a scope token is a scope that nobody has declared.
    #[must_use]
    pub fn scopes(&self) -> Texts<'_> {
        match (self.layout, &self.scope, &self.scopes) {
            (ScopeLayout::Text, Some(text), _) => Texts::words(text),
            (ScopeLayout::List, _, Some(list)) => list.iter(),
            _ => Texts::none(),
        }
    }

    /// `auth_time`: when the user logged in.
    #[must_use]
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// `acr`: how strongly the user logged in.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// The name of a claim that marks another kind of token: `nonce`, `at_hash`, `c_hash` (an ID token) or `events` (a
    /// logout token), whatever its value.
    #[must_use]
    pub const fn foreign_claim(&self) -> Option<&'static str> {
        self.foreign
    }
}

#[inline]
fn read_list<'a>(
    slot: &mut Option<TextList<'a>>,
    claim: Claim,
    text: &'a str,
    reader: &mut Reader<'a>,
) -> Result<(), ClaimsError> {
    *slot = Some(match reader.kind()? {
        Kind::Text => TextList::One(reader.text()?),
        Kind::Array => TextList::read(claim.name(), text, reader)?,
        _ => return Err(claim.wrong_type()),
    });
    Ok(())
}

fn read_time(slot: &mut Option<Timestamp>, claim: Claim, reader: &mut Reader<'_>) -> Result<(), ClaimsError> {
    if reader.kind()? != Kind::Number {
        return Err(claim.wrong_type());
    }
    let seconds = reader.number()?.truncated();
    let seconds = seconds.ok_or(ClaimsError::OutOfRange { claim: claim.name() })?;
    *slot = Some(Timestamp::from_unix(seconds));
    Ok(())
}

#[cold]
fn skip_unknown<'a>(seen: &mut Names<'a>, name: Cow<'a, str>, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
    if seen.insert(name) {
        Ok(reader.skip()?)
    } else {
        Err(ClaimsError::DuplicateName)
    }
}

/// Prints what was read: parsed again, it gives the same claims. Unknown claims are gone, and of a foreign claim the name
/// alone is left.
impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (claim, text) in [
            (Claim::Issuer, &self.issuer),
            (Claim::Subject, &self.subject),
            (Claim::TokenId, &self.token_id),
            (Claim::ClientId, &self.client_id),
            (Claim::Scope, &self.scope),
            (Claim::Acr, &self.acr),
        ] {
            if let Some(text) = text {
                map.serialize_entry(claim.name(), text)?;
            }
        }
        for (claim, time) in [
            (Claim::ExpiresAt, self.expires_at),
            (Claim::NotBefore, self.not_before),
            (Claim::IssuedAt, self.issued_at),
            (Claim::AuthTime, self.auth_time),
        ] {
            if let Some(time) = time {
                map.serialize_entry(claim.name(), &time)?;
            }
        }
        for (claim, list) in [(Claim::Audience, &self.audience), (Claim::Scopes, &self.scopes)] {
            if let Some(list) = list {
                map.serialize_entry(claim.name(), list)?;
            }
        }
        if let Some(name) = self.foreign {
            map.serialize_entry(name, &())?;
        }
        map.end()
    }
}

macro_rules! claim_names {
    ($($claim:ident = $name:literal,)*) => {
        /// The claims that are known here.
        #[derive(Clone, Copy, Debug)]
        enum Claim {
            $($claim,)*
        }

        impl Claim {
            /// The claim of this name. Compares bytes, which the compiler does as a tree; it compares texts one by one.
            #[inline]
            #[expect(non_upper_case_globals, reason = "named for the claims")]
            fn find(name: &str) -> Option<Self> {
                $(const $claim: &[u8] = $name.as_bytes();)*
                match name.as_bytes() {
                    $($claim => Some(Self::$claim),)*
                    _ => None,
                }
            }

            const fn name(self) -> &'static str {
                match self {
                    $(Self::$claim => $name,)*
                }
            }
        }
    };
}

claim_names! {
    Acr = "acr",
    AtHash = "at_hash",
    Audience = "aud",
    AuthTime = "auth_time",
    CHash = "c_hash",
    ClientId = "client_id",
    Events = "events",
    ExpiresAt = "exp",
    IssuedAt = "iat",
    Issuer = "iss",
    Nonce = "nonce",
    NotBefore = "nbf",
    Scope = "scope",
    Scopes = "scopes",
    Subject = "sub",
    TokenId = "jti",
}

impl Claim {
    #[expect(clippy::as_conversions, reason = "the number of a variant")]
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    const fn wrong_type(self) -> ClaimsError {
        ClaimsError::WrongType { claim: self.name() }
    }
}

/// Which rule a payload breaks. Never holds anything of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// A name stands twice at the top level, however it was written.
    #[error("payload names a claim twice")]
    DuplicateName,
    /// Not an object.
    #[error("payload is not a JSON object")]
    NotAnObject,
    /// Not JSON, or more than JSON: `NaN`, or anything behind the object.
    #[error("payload is not JSON")]
    NotJson,
    /// Not UTF-8.
    #[error("payload is not UTF-8")]
    NotUtf8,
    /// A time that is out of range.
    #[error("claim `{claim}` is out of range")]
    OutOfRange {
        /// Which claim.
        claim: &'static str,
    },
    /// `scope` and `scopes` are both there and say different things.
    #[error("claims `scope` and `scopes` differ")]
    ScopesDiffer,
    /// Nested deeper than [`crate::json::MAX_DEPTH`].
    #[error("payload is nested too deeply")]
    TooDeep,
    /// Longer than [`Claims::MAX_LEN`].
    #[error("payload is longer than {} bytes", Claims::MAX_LEN)]
    TooLong,
    /// A known claim is of another type than its own; `null` is another type too.
    #[error("claim `{claim}` is not of its type")]
    WrongType {
        /// Which claim.
        claim: &'static str,
    },
}

impl ClaimsError {
    /// A short name of the rule, for logs and metrics.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::DuplicateName => "duplicate_claim",
            Self::NotAnObject => "payload_object",
            Self::NotJson => "payload_json",
            Self::NotUtf8 => "payload_utf8",
            Self::OutOfRange { .. } => "claim_range",
            Self::ScopesDiffer => "scopes_differ",
            Self::TooDeep => "payload_depth",
            Self::TooLong => "payload_length",
            Self::WrongType { .. } => "claim_type",
        }
    }
}

impl From<JsonError> for ClaimsError {
    fn from(fault: JsonError) -> Self {
        match fault {
            JsonError::Depth => Self::TooDeep,
            JsonError::Syntax => Self::NotJson,
        }
    }
}
