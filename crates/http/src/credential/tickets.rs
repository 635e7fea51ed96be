//! One-time tickets for requests that cannot have an `Authorization` header.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use scopegate_domain::{Clock, Lifetime, ScopeToken, SystemClock, Timestamp, TokenClaims};
use scopegate_gate::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
use scopegate_policy::Permit;
use scopegate_store::{BoxFuture, StoreError};
use scopegate_token::{RandomSource, SystemRandomSource};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::refused::AsRefusal;
use crate::answer::{Answer, Json};
use crate::description::OperationDescription;
use crate::input::State;
use crate::response_body::Response;

const RANDOM_BYTES: usize = 32;

/// The maximum number of tickets of one subject, or of one client without a subject. A new one
/// replaces the oldest.
const OF_ONE_SUBJECT: usize = 16;

/// Issues one-time tickets, and accepts each once: for a WebSocket of a browser, or for a link to a
/// download.
///
/// A ticket has the claims and the scopes of the permit for which it is issued. It is valid for a
/// short time, in the memory of this process. A request presents it like an API key. So it is a
/// scheme of the catalog, which operations require:
///
/// ```
/// use scopegate_http::credential::{Tickets, issue_ticket};
/// use scopegate_http::domain::ApiKeyLocation;
/// # use scopegate_http::domain::Secret;
/// # use scopegate_http::token::{SigningKey, TokenRules, Verifier};
/// use scopegate_http::{Catalog, Gate, Guard, Permit, ScopeToken, SecurityScheme, get, post};
///
/// const READ: ScopeToken = ScopeToken::from_static("notes:read");
///
/// # let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// # let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(READ, "Read notes.")
///     .scheme("ticket", SecurityScheme::api_key(ApiKeyLocation::Query, "ticket"))
///     .scope(READ, "Read notes.")
///     .build()?;
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", verifier)
///     .tickets("ticket", Tickets::new())
///     .operation(post("/tickets").guard(Guard::requires([READ]).with_scheme("oauth")).then(issue_ticket))
///     .operation(get("/feed").guard(Guard::requires([READ]).with_scheme("ticket")).then(|_: Permit| async { "" }))
///     .build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A URL can appear in a log. A ticket there is of no use, because it was accepted before.
pub struct Tickets {
    lifetime: Lifetime,
    capacity: usize,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<[u8; RANDOM_BYTES], KnownTicket>>,
}

struct KnownTicket {
    claims: Option<Arc<TokenClaims>>,
    scopes: Vec<ScopeToken>,
    expires_at: Timestamp,
    /// The number of the ticket, by which the oldest is found.
    number: u64,
}

/// A ticket, as the client receives it.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "a ticket is a secret")]
pub struct Ticket {
    /// The text that the client presents.
    ticket: String,
    /// The time in seconds for which it is valid.
    expires_in: u32,
}

/// Issues a ticket for the caller: a handler for an operation of the application, such as
/// `post("/tickets").guard(..).then(issue_ticket)`. The gate needs
/// [`GateBuilder::tickets`](crate::GateBuilder::tickets).
///
/// # Errors
///
/// [`TicketError`], which is the answer.
pub async fn issue_ticket(permit: Permit, tickets: State<Arc<Tickets>>) -> Result<Json<Ticket>, TicketError> {
    tickets.issue(&permit).map(Json)
}

/// The reason why no ticket is issued. It is an answer: 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// There are as many tickets as the limit allows.
    #[error("too many tickets are in use; try again later")]
    Full,
    /// The system has no random bytes.
    #[error("no randomness is available")]
    Random,
}

impl KnownTicket {
    fn owner(&self) -> Option<&str> {
        let claims = self.claims.as_ref()?;
        claims.subject().or_else(|| claims.client_id())
    }
}

impl Tickets {
    /// Creates an issuer of tickets.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lifetime: Lifetime::from_seconds(30),
            capacity: 10_000,
            clock: Arc::new(SystemClock),
            known: Mutex::default(),
        }
    }

    /// Sets the time for which a ticket is valid. Default: 30 s.
    #[must_use]
    pub const fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the maximum number of tickets in use. Default: 10,000. One subject has at most 16; a
    /// new one replaces its oldest.
    #[must_use]
    pub const fn capacity(mut self, tickets: usize) -> Self {
        self.capacity = tickets;
        self
    }

    /// Sets the clock. Default: that of the system.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Issues a ticket for the caller of this permit, with its scopes.
    ///
    /// # Errors
    ///
    /// [`TicketError`].
    pub fn issue(&self, permit: &Permit) -> Result<Ticket, TicketError> {
        let mut random = [0; RANDOM_BYTES];
        SystemRandomSource.fill(&mut random).map_err(|_| TicketError::Random)?;
        let now = self.clock.now();
        let owner = permit.subject().or_else(|| permit.client_id());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, ticket| ticket.expires_at > now);
        let of_subject = known
            .iter()
            .filter(|(_, ticket)| owner.is_some() && ticket.owner() == owner);
        let oldest = of_subject
            .clone()
            .min_by_key(|(_, ticket)| ticket.number)
            .map(|(key, _)| *key);
        if of_subject.count() >= OF_ONE_SUBJECT
            && let Some(oldest) = oldest
        {
            known.remove(&oldest);
        }
        if known.len() >= self.capacity {
            return Err(TicketError::Full);
        }
        let number = known.values().map(|ticket| ticket.number).max().unwrap_or_default() + 1;
        let ticket = KnownTicket {
            claims: permit.shared_claims(),
            scopes: permit.granted().cloned().collect(),
            expires_at: now + self.lifetime,
            number,
        };
        known.insert(random, ticket);
        Ok(Ticket {
            ticket: hexadecimal(&random),
            expires_in: self.lifetime.as_seconds(),
        })
    }

    /// Removes a ticket; `None` if it is unknown or no longer valid.
    // SECURITY: a ticket is removed when it is presented, regardless of the decision. Tested by
    // `tests/it/tickets.rs`, `ticket_is_accepted_once`.
    fn take(&self, text: &str) -> Option<KnownTicket> {
        let key = parse(text)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&key).filter(|ticket| ticket.expires_at > self.clock.now())
    }
}

impl Default for Tickets {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialVerifier for Tickets {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let taken = self.take(credential.secret().expose());
        let check = taken.map_or(CredentialCheck::Invalid, |ticket| {
            let claims = ticket.claims.unwrap_or_default();
            let credential = AuthenticatedCredential::of_claims(claims);
            CredentialCheck::Valid(credential.with_scopes(ticket.scopes))
        });
        Box::pin(std::future::ready(Ok(check)))
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

impl TicketError {
    pub(crate) fn as_refusal(self) -> AsRefusal {
        AsRefusal::Handler {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "no_ticket",
            message: self.to_string().into(),
        }
    }
}

/// 503, written as every refusal of the gate.
impl Answer for TicketError {
    fn into_response(self) -> Response {
        self.as_refusal().into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::SERVICE_UNAVAILABLE, "No ticket can be issued at present");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parse(text: &str) -> Option<[u8; RANDOM_BYTES]> {
    if text.len() != 2 * RANDOM_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; RANDOM_BYTES];
    for (number, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
    }
    Some(key)
}
