//! Notes, and what belongs to a note: tags, the users it is shared with, and files.

use std::fmt::Write as _;

use scopegate_http::prelude::*;
use sqlx::FromRow;

use crate::app::{Answered, App, Caller, Done, New};

#[derive(FromRow, Serialize, ToSchema)]
pub(crate) struct Note {
    id: i64,
    owner: String,
    title: String,
    text: String,
    #[sqlx(json)]
    tags: Vec<String>,
    /// The time of the last change, in UTC.
    changed: String,
    #[serde(skip)]
    tenant: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewNote {
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[serde(default)]
    text: String,
}

/// A part of a long list.
#[derive(Deserialize, ToSchema)]
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

#[derive(FromRow, Serialize, ToSchema)]
pub(crate) struct FileEntry {
    id: i64,
    name: String,
    media_type: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewFile {
    file: UploadedFile,
}

type Found = Answered<Json<NotePage>>;

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

pub(crate) async fn list_notes(caller: Caller, app: State<App>, page: Query<Page>) -> Found {
    search_notes(caller, app, page, Query(Search::default())).await
}

pub(crate) async fn search_notes(caller: Caller, app: State<App>, page: Query<Page>, search: Query<Search>) -> Found {
    let limit = page.limit.unwrap_or(50);
    let notes = find(&app, &caller, search.0, page.after, limit.into()).await?;
    let last = notes.last().filter(|_| notes.len() == usize::from(limit));
    let next = last.map(|note| note.id);
    Ok(Json(NotePage { notes, next }))
}

async fn find(app: &App, caller: &Caller, search: Search, after: i64, limit: i64) -> Answered<Vec<Note>> {
    let query = sqlx::query_as(
        "SELECT * FROM readable WHERE reader = ?1 AND tenant = ?2 AND id > ?3
         AND instr(lower(title || ' ' || text), lower(?4)) > 0 AND owner = coalesce(?5, owner)
         AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?6)) ORDER BY id LIMIT ?7",
    );
    let query = query.bind(&caller.subject).bind(&caller.tenant).bind(after);
    let query = query.bind(search.q).bind(search.owner).bind(search.tag).bind(limit);
    Ok(query.fetch_all(&app.db).await?)
}

pub(crate) async fn export_notes(caller: Caller, app: State<App>) -> Answered<File> {
    let mut csv = String::from("id,owner,title,text,tags\r\n");
    for note in find(&app, &caller, Search::default(), 0, i64::MAX).await? {
        let quoted = [note.owner, note.title, note.text, note.tags.join(" ")].map(|text| text.replace('"', "\"\""));
        write!(csv, "{},\"{}\"\r\n", note.id, quoted.join("\",\""))?;
    }
    Ok(File::from_bytes(csv).media_type("text/csv").attachment("notes.csv"))
}

pub(crate) async fn create_note(caller: Caller, app: State<App>, Json(note): Json<NewNote>) -> New<i64> {
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
    let query = query.bind(new.title).bind(new.text).bind(note.id);
    query.execute(&app.db).await?;
    app.publish(note.id, &note.tenant, "updated").await?;
    Ok(NoContent)
}

pub(crate) async fn delete_note(note: Loaded<Note>, app: State<App>) -> Done {
    app.publish(note.id, &note.tenant, "deleted").await?;
    app.run("DELETE FROM notes WHERE id = ? AND tenant = ?", note.id, &note.tenant)
        .await
}

pub(crate) async fn list_tags(caller: Caller, app: State<App>) -> Answered<Json<Vec<String>>> {
    let query = "SELECT DISTINCT value FROM readable, json_each(tags) WHERE reader = ? AND tenant = ? ORDER BY value";
    let query = sqlx::query_scalar(query).bind(&caller.subject).bind(&caller.tenant);
    Ok(Json(query.fetch_all(&app.db).await?))
}

pub(crate) async fn add_tag(app: State<App>, Path((note, tag)): Path<(i64, String)>) -> Done {
    app.run("INSERT OR REPLACE INTO tags VALUES (?, ?)", note, &tag).await
}

pub(crate) async fn remove_tag(app: State<App>, Path((note, tag)): Path<(i64, String)>) -> Done {
    app.run("DELETE FROM tags WHERE note = ? AND tag = ?", note, &tag).await
}

pub(crate) async fn list_readers(app: State<App>, Path(note): Path<i64>) -> Answered<Json<Vec<String>>> {
    let query = sqlx::query_scalar("SELECT reader FROM shares WHERE note = ? ORDER BY reader");
    Ok(Json(query.bind(note).fetch_all(&app.db).await?))
}

pub(crate) async fn add_reader(note: Loaded<Note>, app: State<App>, Path((_, reader)): Path<(i64, String)>) -> Done {
    let message = "the reader is not a member of the tenant";
    let member = app.resolve(&reader).await?;
    if member.is_none_or(|member| member.tenant != note.tenant) {
        return Err(HandlerError::conflict("foreign_reader", message));
    }
    let share = "INSERT OR REPLACE INTO shares VALUES (?, ?)";
    let done = app.run(share, note.id, &reader).await?;
    app.publish(note.id, &note.tenant, "shared").await?;
    Ok(done)
}

pub(crate) async fn remove_reader(app: State<App>, Path((note, reader)): Path<(i64, String)>) -> Done {
    app.run("DELETE FROM shares WHERE note = ? AND reader = ?", note, &reader)
        .await
}

pub(crate) async fn list_files(app: State<App>, Path(note): Path<i64>) -> Answered<Json<Vec<FileEntry>>> {
    let query = sqlx::query_as("SELECT id, name, media_type FROM files WHERE note = ? ORDER BY id");
    Ok(Json(query.bind(note).fetch_all(&app.db).await?))
}

pub(crate) async fn upload_file(note: Loaded<Note>, app: State<App>, form: MultipartForm<NewFile>) -> New<i64> {
    let MultipartForm(NewFile { file }) = form;
    let query = "INSERT INTO files (note, name, media_type, content) VALUES (?, ?, ?, ?) RETURNING id";
    let query = sqlx::query_scalar(query).bind(note.id).bind(file.name());
    let query = query.bind(file.media_type().unwrap_or("application/octet-stream"));
    Ok(Created(Json(query.bind(&file.content()[..]).fetch_one(&app.db).await?)))
}

pub(crate) async fn download_file(app: State<App>, Path((note, file)): Path<(i64, i64)>) -> Answered<Option<File>> {
    let query = sqlx::query_as("SELECT name, media_type, content FROM files WHERE note = ? AND id = ?");
    let row: Option<(String, String, Vec<u8>)> = query.bind(note).bind(file).fetch_optional(&app.db).await?;
    // A browser saves the file. It must not run a page of a user as a page of this site.
    Ok(row.map(|(name, media_type, content)| File::from_bytes(content).media_type(&media_type).attachment(&name)))
}

pub(crate) async fn delete_file(app: State<App>, Path((note, file)): Path<(i64, i64)>) -> Done {
    app.run("DELETE FROM files WHERE note = ? AND id = ?", note, &file.to_string())
        .await
}
