//! What a page server passes in, and what it shows next.

use scopegate_domain::{
    ApplicationKind, Audience, Client, Lifetime, RedirectUri, RefreshLifetimes, Scope, ScopeToken, Secret, User,
};
use scopegate_login::RequestOrigin;
use scopegate_token::{BrowserCookie, SessionCookie};

use super::answer::AuthorizationAnswer;
use super::consent::{ConsentOffer, InvalidConsentForm};
use super::error::AuthorizeError;
use super::flow::{FlowRefusal, Restart};
use super::login_cookies::LoginCookies;

/// A request of a browser, with its cookies.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each fact of a request")]
pub struct Visit<'a> {
    /// The cookie of the browser. A browser without one gets a new one with the page.
    pub browser: &'a BrowserCookie,
    /// The cookie of the session.
    pub session: Option<&'a SessionCookie>,
    /// The cookie that proves an earlier login: [`LoginCookies::known`].
    pub known: Option<&'a str>,
    /// The header `user-agent`.
    pub user_agent: &'a str,
    /// The origin of the request.
    pub origin: &'a RequestOrigin,
}

/// What the user sees next.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a page server must show a new step")]
pub enum Step {
    /// The login page.
    Login(Box<LoginStep>),
    /// The consent page.
    Consent(Box<ConsentStep>),
    /// The answer to the client.
    Answer(Box<AuthorizationAnswer>),
}

/// The values of the login page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginStep {
    /// The value of the field `flow`.
    pub flow: String,
    /// The client.
    pub client: Client,
    /// The URI that the answer goes to.
    pub redirect_uri: RedirectUri,
    /// Whether the browser has a session, which does not meet the request: the client requires a
    /// new login.
    pub is_repeated: bool,
    /// The name to show in its field: that of a failed login, or the one that the client expects.
    pub username: String,
    /// The reason why the page is shown again.
    pub problem: Option<LoginProblem>,
}

/// The reason why a login failed. One for an unknown user, a wrong password and a disabled user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a page states each reason")]
pub enum LoginProblem {
    /// The name or the password is wrong.
    Rejected,
    /// There were too many failed attempts.
    Throttled {
        /// The time until the next attempt is admitted.
        retry_after: Lifetime,
    },
    /// Too many logins wait.
    Busy {
        /// The time after which the user may try again.
        retry_after: Lifetime,
    },
}

/// The values of the consent page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsentStep {
    /// The value of the field `flow`.
    pub flow: String,
    /// The client.
    pub client: Client,
    /// The URI that the answer goes to.
    pub redirect_uri: RedirectUri,
    /// The user who is logged in.
    pub user: User,
    /// The offered scope.
    pub offer: ConsentOffer,
    /// The resources that declare a part of the scope. Empty for the one API of a server without
    /// resources.
    pub audiences: Vec<Audience>,
    /// The lifetime of an access token.
    pub access_lifetime: Lifetime,
    /// How long the client can refresh its tokens. `None`: it gets no refresh token.
    pub refresh: Option<RefreshPolicy>,
}

/// How long a client can refresh its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a page states each limit")]
pub struct RefreshPolicy {
    /// The idle time and the age.
    pub lifetimes: RefreshLifetimes,
    /// Whether the end of the session ends the family.
    pub ends_with_session: bool,
}

impl RefreshPolicy {
    /// Returns how long a client can refresh tokens of this scope.
    // SECURITY: a browser application keeps its tokens where scripts can read them, so they end
    // with the session. Tested by `browser_family_ends_with_the_session` in tests/it/refresh.rs.
    pub(crate) fn of(client: &Client, scope: &Scope) -> Self {
        let is_offline = scope.contains(&ScopeToken::OFFLINE_ACCESS);
        Self {
            lifetimes: client.refresh_lifetimes(),
            ends_with_session: client.application_kind() == ApplicationKind::Browser && !is_offline,
        }
    }
}

/// The form of the login page.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each field")]
pub struct LoginForm<'a> {
    /// [`LoginStep::flow`].
    pub flow: &'a str,
    /// The name.
    pub username: &'a str,
    /// The password.
    pub password: &'a Secret<String>,
    /// Whether the session lasts for 30 days.
    pub stay: bool,
}

/// The outcome of a login.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a login succeeds or fails")]
pub enum LoginOutcome {
    /// The user has a session. The browser continues at the authorization endpoint.
    LoggedIn(Box<LoggedIn>),
    /// The page is shown again.
    Again(Box<LoginStep>),
}

/// The cookies of a login, and how the flow continues.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The cookies.
    pub cookies: LoginCookies,
    /// The value of the parameter `flow` of the authorization endpoint:
    /// [`AuthorizationEndpoint::resume`](super::AuthorizationEndpoint::resume).
    pub flow: String,
}

/// The form of the consent page.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each field")]
pub struct ConsentForm<'a> {
    /// [`ConsentStep::flow`].
    pub flow: &'a str,
    /// The decision of the user.
    pub choice: ConsentChoice<'a>,
}

/// The decision of a user on the consent page.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the page has these buttons")]
pub enum ConsentChoice<'a> {
    /// The client may have these scopes: the values of the field `scope`, in any order.
    Allow(&'a [&'a str]),
    /// The client receives `access_denied`.
    Deny,
    /// Another user logs in.
    SwitchAccount,
}

/// The reason why a form has no effect.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a new reason must be given its page")]
pub enum FormError {
    /// The request gets no code.
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    /// The consent form is refused as a whole.
    #[error("{cause}")]
    Consent {
        /// The reason.
        cause: InvalidConsentForm,
        /// What begins the request again.
        restart: Restart,
    },
    /// The flow of the form is refused.
    #[error(transparent)]
    Flow(#[from] FlowRefusal),
}
