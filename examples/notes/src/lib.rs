//! An API for notes: 24 operations behind scopes, on SQLite. `README.md` has a tour.

mod app;
mod feed;
mod keys;
mod notes;
mod parts;

use std::sync::Arc;

use scopegate_http::credential::Tickets;
use scopegate_http::domain::{ApiKeyLocation, CatalogError};
use scopegate_http::policy::Method;
use scopegate_http::websocket::ws;
use scopegate_http::{
    ActiveUser, Catalog, Gate, GateBuilder, Group, Guard, ScopeToken, SecurityScheme, delete, get, post, route,
};

pub use app::{App, Member};
use notes::{own_note, readable_note};

/// The scope of operations that read notes.
pub const READ: ScopeToken = ScopeToken::from_static("notes:read");
/// The scope of operations that change notes.
pub const WRITE: ScopeToken = ScopeToken::from_static("notes:write");
/// The scope of operations on API keys. Keys themselves cannot have it.
pub const KEYS: ScopeToken = ScopeToken::from_static("keys:manage");

/// Declares the API. Add at least one issuer of tokens for the scheme `login`, then build it.
///
/// # Errors
///
/// The catalog has a mistake.
pub fn api(app: App) -> Result<GateBuilder, CatalogError> {
    let catalog = Catalog::builder()
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-API-Key"))
        .scope(READ, "Read notes.")
        .scope(WRITE, "Change notes.")
        .implies(WRITE, READ)
        .scheme("login", SecurityScheme::http_bearer_with_format("JWT"))
        .scopes_of("key")
        .scope(KEYS, "Manage API keys.")
        .scheme("ticket", SecurityScheme::api_key(ApiKeyLocation::Query, "ticket"))
        .build()?;
    let tickets = Arc::new(Tickets::new());
    Ok(Gate::builder(catalog)
        .info("Notes", "1.0.0")
        .user_resolver(app.clone())
        .verifier("key", Arc::new(app.clone()))
        .verifier("ticket", Arc::<Tickets>::clone(&tickets))
        .state(app)
        .state(tickets)
        .operation(get("/status").public().then(app::status))
        .group(all_notes())
        .group(one_note())
        .docs())
}

fn member() -> Guard {
    Guard::user().check(ActiveUser)
}

/// Requires a member, with this scope of a token or of an API key.
fn with_scope(scope: ScopeToken) -> Guard {
    Guard::requires([scope])
        .with_any_scheme(["login", "key"])
        .depends_on(&member())
}

fn all_notes() -> Group {
    let (read, write) = (with_scope(READ), with_scope(WRITE));
    let manage = Guard::requires([KEYS]).depends_on(&member());
    let ticket = Guard::authenticated().with_scheme("ticket").depends_on(&member());
    Group::new("").operations([
        get("/notes").guard(&read).then(notes::list_notes),
        post("/notes").guard(&write).then(notes::create_note),
        get("/search").guard(&read).then(notes::search_notes),
        get("/export").guard(&read).then(notes::export_notes),
        get("/tags").guard(&read).then(parts::list_tags),
        get("/events").guard(&read).then(feed::events),
        post("/tickets").guard(&read).then(feed::issue_ticket),
        ws("/feed").guard(&ticket).then(feed::feed),
        get("/keys").guard(&manage).then(keys::list_keys),
        post("/keys").guard(&manage).then(keys::create_key),
        delete("/keys/{id}").guard(&manage).then(keys::revoke_key),
    ])
}

fn one_note() -> Group {
    let (read, write) = (with_scope(READ), with_scope(WRITE));
    let readable = |template| get(template).guard(&read).load(readable_note);
    let own = |method, template| route(method, template).guard(&write).load(own_note);
    let upload = own(Method::Post, "/files").body_limit(parts::FORM_LIMIT);
    Group::new("/notes/{id}").operations([
        readable("").then(notes::read_note),
        own(Method::Put, "").then(notes::update_note),
        own(Method::Delete, "").then(notes::delete_note),
        own(Method::Put, "/tags/{tag}").then(parts::add_tag),
        own(Method::Delete, "/tags/{tag}").then(parts::remove_tag),
        get("/readers").guard(&read).load(own_note).then(parts::list_readers),
        own(Method::Put, "/readers/{reader}").then(parts::add_reader),
        own(Method::Delete, "/readers/{reader}").then(parts::remove_reader),
        readable("/files").then(parts::list_files),
        upload.then(parts::upload_file),
        readable("/files/{file}").then(parts::download_file),
        own(Method::Delete, "/files/{file}").then(parts::delete_file),
    ])
}
