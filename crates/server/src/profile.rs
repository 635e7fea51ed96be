//! The profiles: the one place that knows what they change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scopegate_domain::ClientId;
use scopegate_fastapi::TutorialTokenEndpoint;
use scopegate_http::site::{Dialect, SiteEndpoint};
use scopegate_portal::TokenEndpoint;
use tokio::time::Instant;
use tracing::warn;

use crate::demo;

/// The interval after which refused logins are logged again.
const AGAIN: Duration = Duration::from_mins(1);

/// The form of answers and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// The answers and tokens of the RFCs.
    Rfc,
    /// The answers and tokens of the FastAPI tutorial.
    Tutorial,
}

impl Profile {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "rfc" => Some(Self::Rfc),
            "tutorial" => Some(Self::Tutorial),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rfc => "rfc",
            Self::Tutorial => "tutorial",
        }
    }

    pub(crate) const fn gate_dialect(self) -> Dialect {
        match self {
            Self::Rfc => Dialect::rfc(),
            Self::Tutorial => scopegate_fastapi::gate_dialect(),
        }
    }

    pub(crate) const fn grant_dialect(self) -> scopegate_grant::Dialect {
        match self {
            Self::Rfc => scopegate_grant::Dialect::rfc(),
            Self::Tutorial => scopegate_fastapi::grant_dialect(),
        }
    }

    /// Whether the keys of the database sign tokens. Otherwise a shared secret does.
    pub(crate) const fn has_key_ring(self) -> bool {
        matches!(self, Self::Rfc)
    }

    /// Whether `/` leads to the documentation. The tutorial has nothing there.
    pub(crate) const fn has_docs_at_root(self) -> bool {
        matches!(self, Self::Rfc)
    }

    /// Whether challenges name the metadata of the API. Those of the tutorial do not.
    pub(crate) const fn has_resource_metadata(self) -> bool {
        matches!(self, Self::Rfc)
    }

    /// Whether `/docs/oauth.json` describes the endpoints of the server. The token endpoint of the
    /// tutorial is in the tutorial's own document.
    pub(crate) const fn has_server_document(self) -> bool {
        matches!(self, Self::Rfc)
    }

    /// The client of all logins, if there is only one. Requests and tokens do not name it.
    pub(crate) const fn only_client(self) -> Option<&'static str> {
        match self {
            Self::Rfc => None,
            Self::Tutorial => Some(demo::CLIENT),
        }
    }

    pub(crate) fn token_endpoint(self, endpoint: TokenEndpoint) -> anyhow::Result<Arc<dyn SiteEndpoint>> {
        Ok(match self.only_client() {
            None => Arc::new(endpoint),
            Some(client) => {
                let refusals = Refusals::default();
                let endpoint = TutorialTokenEndpoint::new(endpoint, ClientId::parse(client)?);
                Arc::new(endpoint.on_refused_client(move || refusals.log(client)))
            }
        })
    }
}

/// Logs that logins are refused because of the client of all logins. One line a minute: each
/// request could cause one.
#[derive(Default)]
struct Refusals {
    last: Mutex<Option<Instant>>,
}

impl Refusals {
    fn log(&self, client: &'static str) {
        if !self.is_due(Instant::now()) {
            return;
        }
        warn!(
            client,
            "logins are refused; the client of all logins is absent, needs a secret or lacks the grant `password`, and \
             `scopegate config check` prints the command that corrects it"
        );
    }

    /// Whether no line was written for a while. The next one then has to wait.
    fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= AGAIN);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_logged_once_a_minute() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let due = [0, 1, 59, 60, 61, 120].map(|second| refusals.is_due(begin + Duration::from_secs(second)));
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}
