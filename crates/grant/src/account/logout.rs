//! Logout, and where the browser goes afterwards.

use scopegate_domain::{Client, RedirectUri};
use scopegate_login::RequestOrigin;
use scopegate_store::{EndSessions, StoreError};
use scopegate_token::SessionCookie;

use super::UserAccounts;
use crate::authorize::{push_pair, with_query};

impl UserAccounts {
    /// Ends the session of a browser, with the codes and the families that depend on it. Families
    /// with `offline_access`, and those of other applications than browser applications, continue.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    pub async fn log_out(
        &self,
        cookie: Option<&SessionCookie>,
        request: &LogoutRequest<'_>,
        origin: &RequestOrigin,
    ) -> Result<Logout, StoreError> {
        if let Some(cookie) = cookie
            && let Some(account) = self.find(cookie).await?
        {
            let id = cookie.id();
            self.end(EndSessions::One(&id), account.user.id(), Some(&id), origin)
                .await?;
        }
        self.logout_return(request).await
    }

    /// Returns where the browser goes after a logout with these parameters.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also while revocations may be unknown.
    pub async fn logout_return(&self, request: &LogoutRequest<'_>) -> Result<Logout, StoreError> {
        let Some(sent) = request.post_logout_redirect_uri else {
            return Ok(Logout::Here);
        };
        self.context().expect_news()?;
        let client = self.context().named_client(request.client_id).await?;
        // SECURITY: the URI is compared like a redirect URI, and never changed. Tested by
        // `logout_returns_to_registered_uris_only` in tests/it/account.rs.
        let client = client.filter(|client| {
            let mut registered = client.post_logout_redirect_uris().iter();
            registered.any(|uri| uri.accepts(sent))
        });
        let uri = RedirectUri::parse(sent).ok();
        let (Some(client), Some(uri)) = (client, uri) else {
            return Ok(Logout::Unregistered);
        };
        let mut query = String::new();
        if let Some(state) = request.state {
            push_pair(&mut query, "state", state);
        }
        let location = with_query(uri.as_str(), &query);
        Ok(Logout::Return(Box::new(LogoutReturn { client, uri, location })))
    }
}

/// The parameters of a logout ([OpenID Connect RP-Initiated Logout, section
/// 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each field")]
pub struct LogoutRequest<'a> {
    /// The client that sends the browser.
    pub client_id: Option<&'a str>,
    /// Where the browser returns to.
    pub post_logout_redirect_uri: Option<&'a str>,
    /// A value that is returned unchanged.
    pub state: Option<&'a str>,
}

/// Where the browser goes after a logout.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a page states each outcome")]
pub enum Logout {
    /// It stays here: the request has no URI.
    Here,
    /// It returns to the client.
    Return(Box<LogoutReturn>),
    /// It stays here: the URI is not registered for the client.
    Unregistered,
}

/// The client that the browser returns to after a logout.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogoutReturn {
    /// The client.
    pub client: Client,
    /// The URI without `state`.
    pub uri: RedirectUri,
    /// The URL for the browser.
    pub location: String,
}
