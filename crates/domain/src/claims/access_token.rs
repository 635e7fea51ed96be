//! The claims of an access token of this issuer.

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

use super::claim_names::check_name;
use crate::{Audience, ClientId, Issuer, Lifetime, ScopeToken, Timestamp, TokenId};
use crate::{ClaimNames, KeepClaimError};

/// The claims of an access token that we issue.
///
/// ```
/// use scopegate_domain::{AccessTokenClaims, Lifetime, ScopeToken, Timestamp};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
///
/// let claims = AccessTokenClaims::new("johndoe", Timestamp::from_unix(1_000), Lifetime::from_minutes(30)).with_scopes([ME]);
/// assert_eq!(claims.to_scope_list_json(), r#"{"sub":"johndoe","scopes":["me"],"exp":2800,"iat":1000}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenClaims {
    subject: String,
    scopes: Vec<ScopeToken>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    client_id: Option<ClientId>,
    audiences: Vec<Audience>,
    /// Whether a token that names neither issuer nor audience names the client.
    names_client: bool,
    token_id: Option<TokenId>,
    /// Further claims, each with its value in JSON.
    further: Vec<(String, String)>,
}

impl AccessTokenClaims {
    /// Creates claims about a subject, without a scope.
    #[must_use]
    pub fn new(subject: impl Into<String>, issued_at: Timestamp, lifetime: Lifetime) -> Self {
        Self {
            subject: subject.into(),
            scopes: Vec::new(),
            issued_at,
            expires_at: issued_at + lifetime,
            client_id: None,
            audiences: Vec::new(),
            names_client: false,
            token_id: None,
            further: Vec::new(),
        }
    }

    /// Creates claims about a client that acts for itself, without a scope: `sub` is its
    /// `client_id` ([RFC 9068, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
    #[must_use]
    pub fn of_client(client_id: ClientId, issued_at: Timestamp, lifetime: Lifetime) -> Self {
        Self {
            names_client: true,
            ..Self::new(client_id.as_str(), issued_at, lifetime).with_client_id(client_id)
        }
    }

    /// Names the client also in a token that names neither issuer nor audience. Default: only if
    /// the subject is the client.
    #[must_use]
    pub const fn naming_client(mut self) -> Self {
        self.names_client = true;
        self
    }

    /// Sets the scopes. Order and repetitions are kept.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// Sets the client that the token is issued to (`client_id`).
    #[must_use]
    pub fn with_client_id(mut self, client_id: ClientId) -> Self {
        self.client_id = Some(client_id);
        self
    }

    /// Sets the resources that the token is for (`aud`). Default: the audience of the signer. The
    /// tokens of a shared secret name none.
    #[must_use]
    pub fn with_audiences(mut self, audiences: impl IntoIterator<Item = Audience>) -> Self {
        self.audiences = audiences.into_iter().collect();
        self
    }

    /// Sets the id of the token (`jti`).
    #[must_use]
    pub fn with_token_id(mut self, token_id: TokenId) -> Self {
        self.token_id = Some(token_id);
        self
    }

    /// Adds a further claim, such as the tenant of the subject. The limits of [`ClaimNames`] apply,
    /// so that a verifier can keep it for handlers.
    ///
    /// # Errors
    ///
    /// [`KeepClaimError`] names the rule that the claim breaks: a claim that verifiers read
    /// themselves, such as `sub`, has its own method.
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Result<Self, KeepClaimError> {
        let name = name.into();
        check_name(&name, self.further.iter().map(|(known, _)| known.as_str()))?;
        let json = value.into().to_string();
        let len: usize = self.further.iter().map(|(_, json)| json.len()).sum();
        if len.saturating_add(json.len()) > ClaimNames::MAX_VALUES {
            return Err(KeepClaimError::ValuesTooLong);
        }
        self.further.push((name, json));
        Ok(self)
    }

    /// Returns the time when the token expires.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Returns the payload of a token that names neither issuer nor audience: `sub`, `scopes` as a
    /// list, `exp`, `iat`, `jti` if it is set, and the further claims. `client_id` is in it only if
    /// the subject is the client, or with [`AccessTokenClaims::naming_client`]. Empty if it cannot
    /// be written as JSON: an empty payload must not be signed.
    #[must_use]
    pub fn to_scope_list_json(&self) -> String {
        #[derive(Serialize)]
        struct Payload<'a> {
            sub: &'a str,
            scopes: &'a [ScopeToken],
            exp: Timestamp,
            iat: Timestamp,
            #[serde(skip_serializing_if = "Option::is_none")]
            jti: Option<&'a TokenId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            client_id: Option<&'a ClientId>,
        }
        let payload = Payload {
            sub: &self.subject,
            scopes: &self.scopes,
            exp: self.expires_at,
            iat: self.issued_at,
            jti: self.token_id.as_ref(),
            client_id: self.client_id.as_ref().filter(|_| self.names_client),
        };
        print(&payload, &self.further).unwrap_or_default()
    }

    /// Returns the payload of [RFC 9068, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2). `audience` is the `aud` of a token
    /// without audiences of its own. One audience is a text, several are a list.
    ///
    /// `None` if `client_id` or `jti`, which the RFC requires, is not set, or if the claims cannot
    /// be written as JSON.
    #[must_use]
    pub fn to_rfc9068_json(&self, issuer: &Issuer, audience: &Audience) -> Option<String> {
        #[derive(Serialize)]
        struct Payload<'a> {
            iss: &'a Issuer,
            #[serde(serialize_with = "one_or_list")]
            aud: &'a [Audience],
            sub: &'a str,
            client_id: &'a ClientId,
            #[serde(serialize_with = "delimited")]
            scope: &'a [ScopeToken],
            iat: Timestamp,
            exp: Timestamp,
            jti: &'a TokenId,
        }
        let payload = Payload {
            iss: issuer,
            aud: match &*self.audiences {
                [] => std::slice::from_ref(audience),
                audiences => audiences,
            },
            sub: &self.subject,
            client_id: self.client_id.as_ref()?,
            scope: &self.scopes,
            iat: self.issued_at,
            exp: self.expires_at,
            jti: self.token_id.as_ref()?,
        };
        print(&payload, &self.further)
    }
}

/// Returns the text of a payload, with further claims at its end. `None`, and never an empty text,
/// if it cannot be written.
// A flattened map would make the tokens without further claims slower.
fn print(payload: &impl Serialize, further: &[(String, String)]) -> Option<String> {
    let mut text = serde_json::to_string(payload).ok()?;
    if further.is_empty() {
        return Some(text);
    }
    text.pop();
    for (name, json) in further {
        text.push(',');
        text.push_str(&serde_json::to_string(name).ok()?);
        text.push(':');
        text.push_str(json);
    }
    text.push('}');
    Some(text)
}

/// [RFC 7519, section 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3).
fn one_or_list<S: Serializer>(audiences: &&[Audience], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => one.serialize(serializer),
        several => several.serialize(serializer),
    }
}

fn delimited<S: Serializer>(scopes: &&[ScopeToken], serializer: S) -> Result<S::Ok, S::Error> {
    let words: Vec<&str> = scopes.iter().map(ScopeToken::as_str).collect();
    serializer.serialize_str(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde::ser::Error;

    use super::*;

    struct Unprintable;

    impl Serialize for Unprintable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }

    #[test]
    fn a_payload_that_cannot_be_written_is_none() {
        assert_eq!(print(&Unprintable, &[]), None);
        assert_eq!(print(&"text", &[]).as_deref(), Some("\"text\""));
    }

    #[test]
    fn further_claims_follow_the_others() {
        let bare = AccessTokenClaims::new("joe", Timestamp::from_unix(0), Lifetime::from_seconds(1));
        let claims = bare
            .clone()
            .with_claim("ten\"ant", "a\"}")
            .and_then(|claims| claims.with_claim("n", Value::Null));
        let expected = r#"{"sub":"joe","scopes":[],"exp":1,"iat":0,"ten\"ant":"a\"}","n":null}"#;
        assert_eq!(claims.unwrap().to_scope_list_json(), expected);
        let client = ClientId::parse("app").unwrap();
        let named = bare.clone().with_client_id(client.clone()).naming_client();
        let expected = r#"{"sub":"joe","scopes":[],"exp":1,"iat":0,"client_id":"app"}"#;
        assert_eq!(named.to_scope_list_json(), expected);
        let bare = bare.with_client_id(client).with_token_id(TokenId::parse("t1").unwrap());
        let (issuer, audience) = (
            "https://id.example".parse().unwrap(),
            "https://api.example".parse().unwrap(),
        );
        let plain = bare.to_rfc9068_json(&issuer, &audience).unwrap();
        let with_tenant = bare
            .with_claim("tenant", 7)
            .unwrap()
            .to_rfc9068_json(&issuer, &audience);
        let expected = plain.strip_suffix('}').map(|start| format!("{start},\"tenant\":7}}"));
        assert_eq!(with_tenant, expected);
    }

    #[test]
    fn one_audience_is_a_text_several_a_list() {
        let audience = |text: &str| Audience::parse(text).unwrap();
        let claims = |audiences: &[&str]| {
            AccessTokenClaims::new("joe", Timestamp::from_unix(0), Lifetime::from_seconds(1))
                .with_client_id(ClientId::parse("app").unwrap())
                .with_token_id(TokenId::parse("t1").unwrap())
                .with_audiences(audiences.iter().map(|text| audience(text)))
        };
        for (audiences, expected) in [
            (&[][..], r#""aud":"default""#),
            (&["a"], r#""aud":"a""#),
            (&["a", "b"], r#""aud":["a","b"]"#),
        ] {
            let json = claims(audiences).to_rfc9068_json(&"https://id.example".parse().unwrap(), &audience("default"));
            assert!(json.unwrap().contains(expected), "{expected}");
        }
    }

    #[test]
    fn further_claim_that_no_verifier_can_keep_is_refused() {
        let claims = || AccessTokenClaims::new("joe", Timestamp::from_unix(0), Lifetime::from_seconds(1));
        let fault = |name: &str, value: Value| claims().with_claim("a", 1)?.with_claim(name, value).map(drop);
        let long = "x".repeat(ClaimNames::MAX_VALUES);
        assert_eq!(fault("sub", "eve".into()), Err(KeepClaimError::Registered));
        assert_eq!(fault("scope", "admin".into()), Err(KeepClaimError::Registered));
        assert_eq!(fault("a", 2.into()), Err(KeepClaimError::Twice));
        assert_eq!(fault("", 2.into()), Err(KeepClaimError::NameEmpty));
        assert_eq!(fault("b", long.into()), Err(KeepClaimError::ValuesTooLong));
        assert_eq!(fault("b", 2.into()), Ok(()));
    }
}
