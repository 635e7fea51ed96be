//! Credentials: settings of bearer tokens, verifiers of the application (passwords, API keys,
//! opaque tokens), API keys by their digests, one-time tickets.

mod tickets;

pub use scopegate_gate::{
    ApiKeys, AuthenticatedCredential, BearerTokens, Credential, CredentialCheck, CredentialVerifier, DevelopmentIssuer,
    FindApiKey,
};

pub use self::tickets::{Ticket, TicketError, Tickets, issue_ticket};
