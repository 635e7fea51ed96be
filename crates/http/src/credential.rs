//! Verifiers of the application: passwords, API keys, opaque tokens.

pub use scopegate_gate::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
