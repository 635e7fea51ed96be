//! Tokens other than access tokens, each with a verifier and a proof of its own type: none is
//! accepted as another.

#[cfg(feature = "proofs")]
mod client_assertion;
#[cfg(feature = "proofs")]
mod dpop_proof;
#[cfg(feature = "proofs")]
mod htu;
#[cfg(feature = "proofs")]
mod id_token_hint;
mod jws;
#[cfg(feature = "proofs")]
mod proof_claims;

#[cfg(feature = "proofs")]
pub use self::client_assertion::{ClientAssertion, ClientAssertionVerifier};
#[cfg(feature = "proofs")]
pub use self::dpop_proof::{DpopProof, DpopProofVerifier, ProofError, ProofExpectation};
#[cfg(feature = "proofs")]
pub use self::id_token_hint::{IdTokenHint, IdTokenHintVerifier};
pub use self::jws::{Jws, JwsVerifier};
