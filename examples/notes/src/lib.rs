//! An API for notes: 24 operations behind scopes, on SQLite. `README.md` has a tour.
#![expect(clippy::missing_errors_doc, reason = "an application, not a library")]

mod app;
mod notes;

use scopegate_http::prelude::*;

pub use app::{App, Member};
use notes::{own_note, readable_note};

/// The scope of operations that read notes.
pub const READ: ScopeToken = ScopeToken::from_static("notes:read");
/// The scope of operations that change notes.
pub const WRITE: ScopeToken = ScopeToken::from_static("notes:write");
/// The scope of operations on API keys. Keys themselves cannot have it.
pub const KEYS: ScopeToken = ScopeToken::from_static("keys:manage");

/// Declares the API, without the issuers of tokens for the scheme `login`. Fails if the catalog has
/// a mistake.
pub fn api(app: App) -> Result<GateBuilder, CatalogError> {
    let catalog = Catalog::builder()
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-API-Key"))
        .scope(READ, "Read notes.")
        .scope(WRITE, "Change notes.")
        .implies(WRITE, READ)
        .scheme("login", SecurityScheme::http_bearer_with_format("JWT"))
        .scopes_of("key")
        .scope(KEYS, "Manage API keys.")
        .scheme("ticket", SecurityScheme::api_key(ApiKeyLocation::Query, "ticket"));
    let (member, either) = (Guard::user().check(ActiveUser), ["login", "key"]);
    let read = Guard::requires([READ]).with_any_scheme(either).depends_on(&member);
    let write = Guard::requires([WRITE]).with_any_scheme(either).depends_on(&member);
    let manage = Guard::requires([KEYS]).depends_on(&member);
    let ticket = Guard::authenticated().with_scheme("ticket").depends_on(&member);
    let readable = |template| get(template).guard(&read).load(readable_note);
    let own = |method, template| route(method, template).guard(&write).load(own_note);
    let upload = own(Method::Post, "/files").body_limit(5 * 1024 * 1024);
    let one_note = Group::new("/notes/{id}").operations([
        readable("").then(notes::read_note),
        own(Method::Put, "").then(notes::update_note),
        own(Method::Delete, "").then(notes::delete_note),
        own(Method::Put, "/tags/{tag}").then(notes::add_tag),
        own(Method::Delete, "/tags/{tag}").then(notes::remove_tag),
        get("/readers").guard(&read).load(own_note).then(notes::list_readers),
        own(Method::Put, "/readers/{reader}").then(notes::add_reader),
        own(Method::Delete, "/readers/{reader}").then(notes::remove_reader),
        readable("/files").then(notes::list_files),
        upload.then(notes::upload_file),
        readable("/files/{file}").then(notes::download_file),
        own(Method::Delete, "/files/{file}").then(notes::delete_file),
    ]);
    let gate = Gate::builder(catalog.build()?)
        .info("Notes", "1.0.0")
        .user_resolver(app.clone())
        .api_keys("key", app.clone())
        .tickets("ticket", Tickets::new())
        .state(app)
        .docs();
    let all_notes = gate.operations([
        get("/status").public().then(app::status),
        get("/notes").guard(&read).then(notes::list_notes),
        post("/notes").guard(&write).then(notes::create_note),
        get("/search").guard(&read).then(notes::search_notes),
        get("/export").guard(&read).then(notes::export_notes),
        get("/tags").guard(&read).then(notes::list_tags),
        get("/events").guard(&read).then(app::events),
        post("/tickets").guard(&read).then(issue_ticket),
        ws("/feed").guard(&ticket).then(app::feed),
        get("/keys").guard(&manage).then(app::list_keys),
        post("/keys").guard(&manage).then(app::create_key),
        delete("/keys/{id}").guard(&manage).then(app::revoke_key),
    ]);
    Ok(all_notes.group(one_note))
}
