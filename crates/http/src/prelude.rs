//! The names that most applications use, for one line: `use scopegate_http::prelude::*`.
//!
//! The derive macros name the crates `serde` and `utoipa`, so `Cargo.toml` of the application has
//! both.
//!
//! ```
//! use scopegate_http::prelude::*;
//!
//! const READ: ScopeToken = ScopeToken::from_static("notes:read");
//!
//! #[derive(Serialize, ToSchema)]
//! struct Note {
//!     id: i64,
//! }
//!
//! async fn note(_: Permit, Path(id): Path<i64>) -> Result<Json<Note>, HandlerError> {
//!     if id < 0 {
//!         return Err(HandlerError::conflict("no_note", "notes begin with 0"));
//!     }
//!     Ok(Json(Note { id }))
//! }
//!
//! let operation = get("/notes/{id}").guard(Guard::requires([READ])).then(note);
//! # let _ = operation;
//! ```

pub use scopegate_domain::{ApiKeyLocation, ApplicationUser, CatalogError, SecretDigest};
pub use scopegate_policy::{CheckContext, Method};
pub use scopegate_store::StoreError;
pub use scopegate_token::{ClientSecret, SigningKey, SystemRandomSource};
pub use serde::{Deserialize, Serialize};
pub use utoipa::ToSchema;

pub use crate::answer::{
    Answer, Broadcast, Created, CreatedAt, Event, File, HandlerError, Html, NoContent, Redirect, Sse, StatusCode,
};
pub use crate::credential::{AuthenticatedCredential, DevelopmentIssuer, FindApiKey, Tickets, issue_ticket};
pub use crate::input::{Form, Loaded};
#[cfg(feature = "multipart")]
pub use crate::input::{MultipartForm, UploadedFile};
#[cfg(feature = "remote-issuers")]
pub use crate::issuers::RemoteIssuer;
#[cfg(feature = "serve")]
pub use crate::serve::{Limits, Listener};
pub use crate::site::ResolveUser;
#[cfg(feature = "websocket")]
pub use crate::websocket::{Message, SwitchingProtocols, WebSocket, WebSocketUpgrade, ws};
pub use crate::{
    ActiveUser, BuildError, Catalog, Check, CurrentUser, Gate, GateBuilder, Group, Guard, HandledOperation, Json, Path,
    Permit, Query, ScopeToken, SecurityScheme, State, delete, get, patch, post, put, route,
};
