//! Entries of the audit log: which security event happened, when, and from which network.

mod detail;
mod event;
mod id;

pub use self::detail::{AuditDetail, InvalidAuditDetail, LoginFailure};
pub use self::event::{AuditEvent, AuditOutcome, UnknownAuditEvent};
pub use self::id::AuditId;

use crate::{AddressPrefix, ClientId, RequestId, UserId};

/// An entry of the audit log.
///
/// It contains no free text, no secret, no token and no query of a request. So no client chooses
/// what is written, and a reader of the log gains no access.
///
/// ```
/// use scopegate_domain::{AuditDetail, AuditEntry, AuditEvent, AuditId, ClientId, GrantType};
///
/// let id = AuditId::new(1_700_000_000_000_000, [7; 8]);
/// let entry = AuditEntry::new(id, AuditEvent::TokenIssued)
///     .of_client(ClientId::parse("billing")?)
///     .with_detail(AuditDetail::Grant(GrantType::ClientCredentials))
///     .with_count(60);
/// assert_eq!(entry.event().as_str(), "token.issued");
/// assert_eq!(entry.count(), 60);
/// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    id: AuditId,
    event: AuditEvent,
    outcome: AuditOutcome,
    user: Option<UserId>,
    client: Option<ClientId>,
    request: Option<RequestId>,
    address: Option<AddressPrefix>,
    count: u32,
    detail: Option<AuditDetail>,
}

impl AuditEntry {
    /// Creates an entry of one event, with its usual outcome.
    #[must_use]
    pub const fn new(id: AuditId, event: AuditEvent) -> Self {
        Self {
            id,
            event,
            outcome: event.usual_outcome(),
            user: None,
            client: None,
            request: None,
            address: None,
            count: 1,
            detail: None,
        }
    }

    /// Sets the outcome. Default: [`AuditEvent::usual_outcome`].
    #[must_use]
    pub const fn with_outcome(mut self, outcome: AuditOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Sets the user that the event is about. Default: none.
    #[must_use]
    pub fn of_user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Sets the client that the event is about, or that sent the request. Default: none.
    #[must_use]
    pub fn of_client(mut self, client: ClientId) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the request. Default: none.
    #[must_use]
    pub fn in_request(mut self, request: Option<RequestId>) -> Self {
        self.request = request;
        self
    }

    /// Sets the network that the request came from. Default: none.
    #[must_use]
    pub const fn from_address(mut self, address: Option<AddressPrefix>) -> Self {
        self.address = address;
        self
    }

    /// Sets the number of equal events in the minute before the time of the entry. Default: 1.
    #[must_use]
    pub const fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Sets the detail. Default: none.
    #[must_use]
    pub fn with_detail(mut self, detail: AuditDetail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Returns the id, which contains the time.
    #[must_use]
    pub const fn id(&self) -> AuditId {
        self.id
    }

    /// Returns the event.
    #[must_use]
    pub const fn event(&self) -> AuditEvent {
        self.event
    }

    /// Returns the outcome.
    #[must_use]
    pub const fn outcome(&self) -> AuditOutcome {
        self.outcome
    }

    /// Returns the user.
    #[must_use]
    pub const fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Returns the client.
    #[must_use]
    pub const fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// Returns the id of the request.
    #[must_use]
    pub const fn request(&self) -> Option<&RequestId> {
        self.request.as_ref()
    }

    /// Returns the network that the request came from.
    #[must_use]
    pub const fn address(&self) -> Option<AddressPrefix> {
        self.address
    }

    /// Returns the number of equal events that the entry counts.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Returns the detail.
    #[must_use]
    pub const fn detail(&self) -> Option<&AuditDetail> {
        self.detail.as_ref()
    }
}
