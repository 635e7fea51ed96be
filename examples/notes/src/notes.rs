//! Notes: list, search, export, create, read, update, delete.

use std::fmt::Write as _;

use scopegate_http::answer::{Created, File, NoContent};
use scopegate_http::input::Loaded;
use scopegate_http::{Json, Path, Query, State};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::app::{Answered, App, Caller};

#[derive(FromRow, Serialize, ToSchema)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) owner: String,
    title: String,
    text: String,
    #[sqlx(json)]
    tags: Vec<String>,
    /// The time of the last change, in UTC.
    changed: String,
    #[serde(skip)]
    pub(crate) tenant: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewNote {
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[serde(default)]
    text: String,
}

/// A part of a long list.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Page {
    /// The maximum number of notes. Default: 50.
    limit: Option<u8>,
    /// The `next` of the page before.
    #[serde(default)]
    after: i64,
}

/// The conditions of a search.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Search {
    /// A text in the title or the text.
    #[serde(default)]
    q: String,
    tag: Option<String>,
    owner: Option<String>,
    #[serde(flatten)]
    page: Page,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NotePage {
    notes: Vec<Note>,
    /// The `after` of the next page.
    next: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NoteId {
    id: i64,
}

/// Loads a note that the caller owns, or that is shared with the caller.
pub(crate) async fn readable_note(caller: Caller, app: State<App>, Path(note): Path<NoteId>) -> Answered<Option<Note>> {
    let query = sqlx::query_as("SELECT * FROM readable WHERE reader = ? AND tenant = ? AND id = ?");
    let query = query.bind(&caller.subject).bind(&caller.tenant).bind(note.id);
    Ok(query.fetch_optional(&app.db).await?)
}

/// Loads a note that the caller owns.
pub(crate) async fn own_note(caller: Caller, app: State<App>, id: Path<NoteId>) -> Answered<Option<Note>> {
    let note = readable_note(caller.clone(), app, id).await?;
    Ok(note.filter(|note| note.owner == caller.subject))
}

pub(crate) async fn list_notes(caller: Caller, app: State<App>, Query(page): Query<Page>) -> Answered<Json<NotePage>> {
    let search = Search {
        page,
        ..Search::default()
    };
    search_notes(caller, app, Query(search)).await
}

pub(crate) async fn search_notes(caller: Caller, app: State<App>, search: Query<Search>) -> Answered<Json<NotePage>> {
    let Query(search) = search;
    let limit = search.page.limit.unwrap_or(50);
    let notes = find(&app, &caller, search, limit.into()).await?;
    let next = notes
        .last()
        .map(|note| note.id)
        .filter(|_| notes.len() == usize::from(limit));
    Ok(Json(NotePage { notes, next }))
}

async fn find(app: &App, caller: &Caller, search: Search, limit: i64) -> Answered<Vec<Note>> {
    let query = sqlx::query_as(
        "SELECT * FROM readable WHERE reader = ?1 AND tenant = ?2 AND id > ?3
         AND instr(lower(title || ' ' || text), lower(?4)) > 0 AND owner = coalesce(?5, owner)
         AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?6)) ORDER BY id LIMIT ?7",
    );
    let query = query.bind(&caller.subject).bind(&caller.tenant).bind(search.page.after);
    let query = query.bind(search.q).bind(search.owner).bind(search.tag).bind(limit);
    Ok(query.fetch_all(&app.db).await?)
}

pub(crate) async fn export_notes(caller: Caller, app: State<App>) -> Answered<File> {
    let mut csv = String::from("id,owner,title,text,tags\r\n");
    for note in find(&app, &caller, Search::default(), i64::MAX).await? {
        let quoted = [note.owner, note.title, note.text, note.tags.join(" ")].map(|text| text.replace('"', "\"\""));
        // Writing to a text cannot fail.
        let _ = write!(csv, "{},\"{}\"\r\n", note.id, quoted.join("\",\""));
    }
    Ok(File::from_bytes(csv).media_type("text/csv").attachment("notes.csv"))
}

pub(crate) async fn create_note(
    caller: Caller,
    app: State<App>,
    Json(note): Json<NewNote>,
) -> Answered<Created<Json<i64>>> {
    let query = sqlx::query_scalar("INSERT INTO notes (tenant, owner, title, text) VALUES (?, ?, ?, ?) RETURNING id");
    let query = query.bind(&caller.tenant).bind(&caller.subject);
    let id = query.bind(note.title).bind(note.text).fetch_one(&app.db).await?;
    app.publish(id, &caller.tenant, "created").await?;
    Ok(Created(Json(id)))
}

pub(crate) async fn read_note(Loaded(note): Loaded<Note>) -> Json<Note> {
    Json(note)
}

pub(crate) async fn update_note(note: Loaded<Note>, app: State<App>, Json(new): Json<NewNote>) -> Answered<NoContent> {
    let query = sqlx::query("UPDATE notes SET title = ?, text = ?, changed = CURRENT_TIMESTAMP WHERE id = ?");
    query
        .bind(new.title)
        .bind(new.text)
        .bind(note.id)
        .execute(&app.db)
        .await?;
    app.publish(note.id, &note.tenant, "updated").await?;
    Ok(NoContent)
}

pub(crate) async fn delete_note(note: Loaded<Note>, app: State<App>) -> Answered<NoContent> {
    app.publish(note.id, &note.tenant, "deleted").await?;
    sqlx::query("DELETE FROM notes WHERE id = ?")
        .bind(note.id)
        .execute(&app.db)
        .await?;
    Ok(NoContent)
}
