//! Credentials: settings of bearer tokens, verifiers of the application (passwords, API keys,
//! opaque tokens), one-time tickets.

mod tickets;

pub use scopegate_gate::{
    AuthenticatedCredential, BearerTokens, Credential, CredentialCheck, CredentialVerifier, DevelopmentIssuer,
};

pub use self::tickets::{Ticket, TicketError, Tickets};
