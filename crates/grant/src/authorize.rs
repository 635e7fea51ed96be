//! The authorization endpoint without HTTP: [RFC 6749, section
//! 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).
//!
//! ```text
//! Params --KnownClient--> AuthorizationRequest --> Flow<LoginStage> --> Flow<ConsentStage> --> code
//!    |            |               |
//!  Shown        Shown        Redirected
//! ```

mod allow;
mod answer;
mod consent;
mod encode;
mod endpoint;
mod error;
mod explain;
mod flow;
mod known_browser;
mod log_in;
mod login_cookies;
mod mac_text;
mod prompt;
mod request;
mod step;

pub use self::answer::AuthorizationAnswer;
pub(crate) use self::consent::grantable;
pub use self::consent::{ConsentOffer, ConsentReason, InvalidConsentForm};
pub(crate) use self::encode::{push_pair, with_query};
pub use self::endpoint::AuthorizationEndpoint;
pub use self::error::{AuthorizeError, RedirectedCause, RedirectedError, ShownCause};
pub use self::explain::{ExplainSettings, ExplainedRequest, explain_authorization};
pub(crate) use self::flow::{AccountStage, Flow, FlowOrigin};
pub use self::flow::{FLOW_LIFETIME, FlowRefusal, Restart};
pub(crate) use self::log_in::{NewSession, begin_session, check_password, problem};
pub use self::login_cookies::LoginCookies;
pub(crate) use self::login_cookies::STAY_AGE;
pub(crate) use self::mac_text::{hexadecimal, tag};
pub use self::step::{
    ConsentChoice, ConsentForm, ConsentStep, FormError, LoggedIn, LoginForm, LoginOutcome, LoginProblem, LoginStep,
    RefreshPolicy, Step, Visit,
};
