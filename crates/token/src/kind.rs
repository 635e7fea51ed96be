//! Tokens other than access tokens, each with a verifier and a proof of its own type: none is
//! accepted as another.

mod client_assertion;
mod dpop_proof;
mod htu;
mod id_token_hint;
mod jws;
mod proof_claims;

pub use self::client_assertion::{ClientAssertion, ClientAssertionVerifier};
pub use self::dpop_proof::{DpopProof, DpopProofVerifier, ProofError, ProofExpectation};
pub use self::id_token_hint::{IdTokenHint, IdTokenHintVerifier};
pub use self::jws::{Jws, JwsVerifier};
