//! Verifiers of the application: passwords, API keys, opaque tokens, one-time tickets.

mod tickets;

pub use scopegate_gate::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};

pub use self::tickets::{Ticket, TicketError, Tickets};
