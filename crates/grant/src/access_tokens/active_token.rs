//! What an introspection tells about a token.

use scopegate_domain::{Claims, Timestamp};
use scopegate_token::HeapSize;

/// The claims of a valid access token, as an introspection response has them: [RFC 7662, section
/// 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    pub(super) scope: String,
    pub(super) client_id: Option<String>,
    pub(super) subject: String,
    pub(super) audience: Vec<String>,
    pub(super) issuer: Option<String>,
    pub(super) token_id: Option<String>,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

impl ActiveToken {
    pub(super) fn of(claims: &Claims<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            scope: claims.scopes().collect::<Vec<_>>().join(" "),
            client_id: owned(claims.client_id()),
            subject: claims.subject().unwrap_or_default().to_owned(),
            audience: claims.audiences().map(str::to_owned).collect(),
            issuer: owned(claims.issuer()),
            token_id: owned(claims.token_id()),
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
        }
    }

    /// Whether the client acts for itself.
    pub(super) fn is_of_client(&self) -> bool {
        self.client_id.as_ref() == Some(&self.subject)
    }

    /// Returns the scopes, delimited by spaces.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Returns the client that the token was issued to. The tokens of a shared secret may not name
    /// it.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Returns the subject: a user, or the client itself.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the resource servers that the token is for.
    pub fn audience(&self) -> impl ExactSizeIterator<Item = &str> {
        self.audience.iter().map(String::as_str)
    }

    /// Returns the issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns the id of the token.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// Returns the time of issue.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns the expiry.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

impl HeapSize for ActiveToken {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.client_id, &self.issuer, &self.token_id];
        let texts: usize = texts.into_iter().flatten().map(String::capacity).sum();
        let audience: usize = self.audience.iter().map(String::capacity).sum();
        texts
            + audience
            + self.audience.capacity() * size_of::<String>()
            + self.scope.capacity()
            + self.subject.capacity()
    }
}
