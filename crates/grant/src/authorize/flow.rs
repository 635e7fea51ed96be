//! Flows: authorization requests that are sealed into their own pages, with the stage they are in.

mod bytes;

use std::fmt;

use scopegate_domain::{Lifetime, Scope, SessionId, Timestamp};
use scopegate_token::{BrowserCookie, RandomSource, SealError, Sealer};

use self::bytes::{Reader, Writer};
use super::encode::push_pair;
use super::request::KNOWN;
use crate::Params;

/// The time from the start of a flow to its end. A person opens a password manager.
pub const FLOW_LIFETIME: Lifetime = Lifetime::from_minutes(10);

/// The format of the sealed bytes.
const FORMAT: u8 = 1;

/// The stages of a flow. Each is a type with what the page of the stage has seen.
///
/// Only [`ConsentStage`] leads to a code: no function takes a flow of another stage and returns
/// one.
pub(crate) trait Stage: Sized {
    const NUMBER: u8;

    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

/// The request is on its way to its first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartStage;

/// The user sees the login page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginStage;

/// The user sees the login page of the account, which no client requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountStage;

/// The user of a session sees the consent page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentStage {
    pub(crate) session: SessionId,
    /// The scope that the page offers.
    pub(crate) offered: Scope,
}

impl Stage for StartStage {
    const NUMBER: u8 = 1;

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl Stage for LoginStage {
    const NUMBER: u8 = 2;

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl Stage for AccountStage {
    const NUMBER: u8 = 4;

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl Stage for ConsentStage {
    const NUMBER: u8 = 3;

    fn write(&self, to: &mut Writer) {
        to.bytes(&self.session.to_bytes());
        to.text(&self.offered.to_string());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            session: SessionId::from_bytes(from.array()?),
            offered: from.text()?.parse().ok()?,
        })
    }
}

/// What all stages of a flow have in common.
#[derive(Clone)]
pub(crate) struct FlowOrigin {
    /// The parameters of the request that are read.
    pub(crate) params: Params,
    /// The time of the request.
    pub(crate) started_at: Timestamp,
    /// The session of the browser at the time of the request.
    pub(crate) first_session: Option<SessionId>,
    /// The digest of the cookie of the browser. `None`: the request came from another site, without
    /// cookies.
    browser: Option<[u8; 32]>,
}

impl FlowOrigin {
    /// Begins a flow in a browser.
    pub(crate) fn begin(
        params: &Params,
        browser: Option<&BrowserCookie>,
        first_session: Option<SessionId>,
        now: Timestamp,
    ) -> Self {
        let known = params.iter().filter(|(name, _)| KNOWN.contains(name));
        Self {
            params: known.collect(),
            started_at: now,
            first_session,
            browser: browser.map(digest),
        }
    }

    /// Whether this browser began the flow, as a request that came with its cookie.
    pub(crate) const fn is_bound(&self) -> bool {
        self.browser.is_some()
    }
}

/// A flow in one stage.
#[derive(Clone)]
pub(crate) struct Flow<S> {
    pub(crate) origin: FlowOrigin,
    pub(crate) stage: S,
}

impl<S: Stage> Flow<S> {
    pub(crate) const fn new(origin: FlowOrigin, stage: S) -> Self {
        Self { origin, stage }
    }

    /// Returns the text for the page.
    pub(crate) fn seal(
        &self,
        sealer: &Sealer,
        now: Timestamp,
        entropy: &dyn RandomSource,
    ) -> Result<String, SealError> {
        let mut to = Writer::default();
        to.bytes(&[FORMAT, S::NUMBER]);
        to.bytes(&self.origin.started_at.as_unix().to_be_bytes());
        to.optional(self.origin.browser.as_ref().map(<[u8; 32]>::as_slice));
        to.optional(
            self.origin
                .first_session
                .map(|id| id.to_bytes())
                .as_ref()
                .map(<[u8; 34]>::as_slice),
        );
        to.pairs(self.origin.params.iter());
        self.stage.write(&mut to);
        sealer.seal(&to.finish(), now, entropy)
    }

    /// Opens the text of a page, in the browser and the stage that it was made for.
    // SECURITY: browser, stage and age are compared here; the session is compared by
    // `Flow::<ConsentStage>::expect_session`. Tested by `flow_opens_in_its_browser_and_stage` below
    // and in tests/it/authorize_flow.rs.
    pub(crate) fn open(
        text: &str,
        sealer: &Sealer,
        browser: &BrowserCookie,
        now: Timestamp,
    ) -> Result<Self, FlowRefusal> {
        let plain = sealer.open(text).map_err(|_| FlowRefusal::Invalid)?;
        let mut from = Reader::new(plain.expose());
        let (number, origin) = read_origin(&mut from).ok_or(FlowRefusal::Invalid)?;
        let restart = || Restart::of(&origin.params);
        if origin.browser.is_some_and(|bound| bound != digest(browser)) {
            return Err(FlowRefusal::OtherBrowser(restart()));
        }
        if number != S::NUMBER {
            return Err(FlowRefusal::OtherStage(restart()));
        }
        if now >= origin.started_at + FLOW_LIFETIME {
            return Err(FlowRefusal::Expired(restart()));
        }
        let stage = S::read(&mut from).filter(|_| from.is_at_end());
        let stage = stage.ok_or(FlowRefusal::Invalid)?;
        Ok(Self { origin, stage })
    }
}

impl Flow<ConsentStage> {
    /// Checks that the form comes from the session that saw the page.
    pub(crate) fn expect_session(self, id: Option<&SessionId>) -> Result<Self, FlowRefusal> {
        if id == Some(&self.stage.session) {
            Ok(self)
        } else {
            Err(FlowRefusal::OtherSession(Restart::of(&self.origin.params)))
        }
    }
}

fn read_origin(from: &mut Reader<'_>) -> Option<(u8, FlowOrigin)> {
    let [format, number] = from.array()?;
    if format != FORMAT {
        return None;
    }
    let started_at = Timestamp::from_unix(i64::from_be_bytes(from.array()?));
    let browser = from.optional()?;
    let first_session = from.optional()?.map(SessionId::from_bytes);
    let origin = FlowOrigin {
        params: from.pairs()?,
        started_at,
        first_session,
        browser,
    };
    Some((number, origin))
}

/// The digest of the cookie of a browser: the cookie itself is not sealed.
fn digest(browser: &BrowserCookie) -> [u8; 32] {
    *browser.digest().as_bytes()
}

impl<S> fmt::Debug for Flow<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("started_at", &self.origin.started_at)
            .finish_non_exhaustive()
    }
}

/// The reason why the flow of a form or link is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new reason must be given its answer in the table of pages"
)]
pub enum FlowRefusal {
    /// The flow is older than [`FLOW_LIFETIME`].
    #[error("the request has expired")]
    Expired(Restart),
    /// This server did not seal the text, or it was changed.
    #[error("the form is not valid")]
    Invalid,
    /// The flow belongs to another browser.
    #[error("the request began in another browser")]
    OtherBrowser(Restart),
    /// The session of the browser has changed since the page was shown.
    #[error("the login has changed since the page was shown")]
    OtherSession(Restart),
    /// The flow belongs to another page.
    #[error("the form belongs to another page")]
    OtherStage(Restart),
}

impl FlowRefusal {
    /// Returns what begins the request again in this browser. `None` if the request is unknown.
    #[must_use]
    pub const fn restart(&self) -> Option<&Restart> {
        match self {
            Self::Expired(restart)
            | Self::OtherBrowser(restart)
            | Self::OtherSession(restart)
            | Self::OtherStage(restart) => Some(restart),
            Self::Invalid => None,
        }
    }
}

/// The parameters of a request that ended without an answer. They begin a new one: nothing of the
/// old flow is taken over.
#[derive(Clone, PartialEq, Eq)]
pub struct Restart {
    query: String,
}

impl Restart {
    pub(super) fn of(params: &Params) -> Self {
        let mut query = String::new();
        for (name, value) in params.iter() {
            push_pair(&mut query, name, value);
        }
        Self { query }
    }

    /// Returns the query of a new request to the authorization endpoint.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }
}

impl fmt::Debug for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Restart(..)")
    }
}

#[cfg(test)]
mod tests;
