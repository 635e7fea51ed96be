//! **What does the FastAPI tutorial answer differently?** Settings for the gate and for the
//! authorization server, and the token endpoint of the tutorial.
//!
//! An application uses this crate if its clients expect the answers of [FastAPI's tutorial on
//! scopes](https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/). Every other application
//! follows the RFCs, which are the default of `scopegate-gate` and `scopegate-grant`. The policy is
//! the same. A disabled user gets a token here, and the first of two `Authorization` headers
//! counts.
//!
//! Where to start:
//!
//! - [`gate_dialect`]: how credentials are read, and how refusals, challenges and the document are
//!   written.
//! - [`grant_dialect`]: how the login reads its fields, and what `sub` is.
//! - [`TutorialTokenEndpoint`]: the tutorial's `POST /token`, around an endpoint of the RFC.
//!
//! | | the RFCs | here |
//! |---|---|---|
//! | no credential | 401, a challenge without `error` | 401, `Bearer`, `Not authenticated` |
//! | token not valid | 401 `invalid_token` | 401, `Could not validate credentials` |
//! | scope missing | 403 `insufficient_scope` | 401, `Not enough permissions` |
//! | user disabled | 403 | 400, `Inactive user` |
//! | two `Authorization` headers | 400 `invalid_request` | the first counts |
//! | bad path, query or body | 400 | 422, with `detail` as a list |
//! | body of a refusal | `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) | `{"detail": ..}` |
//!
//! ```
//! use scopegate_gate::{Catalog, Gate, RequestHead};
//! use scopegate_gate::domain::{ScopeToken, SecurityScheme};
//! use scopegate_gate::policy::{Guard, Operation};
//! use scopegate_gate::token::{SigningKey, TokenRules, Verifier};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! const ME: ScopeToken = ScopeToken::from_static("me");
//! let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token")).scope(ME, "").build()?;
//! let key = SigningKey::hs256(&scopegate_gate::domain::Secret::new("a secret text of thirty-two bytes".to_owned()))?;
//! let gate = Gate::builder(catalog)
//!     .dialect(scopegate_fastapi::gate_dialect())
//!     .bearer("login", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
//!     .operation(Operation::get("/users/me").guard(Guard::requires([ME])))
//!     .build()?;
//! let (method, headers) = (http::Method::GET, http::HeaderMap::new());
//! let refusal = gate.authorize(&RequestHead::new(&method, "/users/me", &headers)).await.unwrap_err();
//! assert_eq!(refusal.body(), r#"{"detail":"Not authenticated"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! Features: `fuzzing`, entry points for fuzzers; off by default.
//!
//! Out of scope: other answers of FastAPI than those of the tutorial and of `fastapi.security`.

mod dialect;
mod document_style;
mod form;
mod refusals;
mod token_endpoint;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;

pub use dialect::{gate_dialect, grant_dialect};
pub use token_endpoint::TutorialTokenEndpoint;
