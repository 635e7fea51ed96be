//! What belongs to a note: tags, the users it is shared with, and files.

use scopegate_http::answer::{Created, File, HandlerError, NoContent, StatusCode};
use scopegate_http::input::{Loaded, MultipartForm, UploadedFile};
use scopegate_http::{Json, Path, State};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::app::{Answered, App, Caller};
use crate::notes::Note;

/// The limit of a body, in bytes: a file, and the rest of its form.
pub(crate) const FORM_LIMIT: usize = 5 * 1024 * 1024;

type Done = Answered<Option<NoContent>>;

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

pub(crate) async fn list_tags(caller: Caller, app: State<App>) -> Answered<Json<Vec<String>>> {
    let query = "SELECT DISTINCT value FROM readable, json_each(tags) WHERE reader = ? AND tenant = ? ORDER BY value";
    let query = sqlx::query_scalar(query).bind(&caller.subject).bind(&caller.tenant);
    Ok(Json(query.fetch_all(&app.db).await?))
}

pub(crate) async fn add_tag(app: State<App>, Path((note, tag)): Path<(i64, String)>) -> Done {
    app.run("INSERT OR REPLACE INTO tags (note, tag) VALUES (?, ?)", note, tag)
        .await
}

pub(crate) async fn remove_tag(app: State<App>, Path((note, tag)): Path<(i64, String)>) -> Done {
    app.run("DELETE FROM tags WHERE note = ? AND tag = ?", note, tag).await
}

pub(crate) async fn list_readers(app: State<App>, Path(note): Path<i64>) -> Answered<Json<Vec<String>>> {
    let query = sqlx::query_scalar("SELECT reader FROM shares WHERE note = ? ORDER BY reader");
    Ok(Json(query.bind(note).fetch_all(&app.db).await?))
}

pub(crate) async fn add_reader(note: Loaded<Note>, app: State<App>, Path((_, reader)): Path<(i64, String)>) -> Done {
    let member = app.member(&reader).await?.filter(|member| member.tenant == note.tenant);
    let message = "the reader is not a member of the tenant";
    let member = member.ok_or_else(|| HandlerError::new(StatusCode::CONFLICT, "foreign_reader", message))?;
    let done = app
        .run(
            "INSERT OR REPLACE INTO shares (note, reader) VALUES (?, ?)",
            note.id,
            member.subject,
        )
        .await?;
    app.publish(note.id, &note.tenant, "shared").await?;
    Ok(done)
}

pub(crate) async fn remove_reader(app: State<App>, Path((note, reader)): Path<(i64, String)>) -> Done {
    app.run("DELETE FROM shares WHERE note = ? AND reader = ?", note, reader)
        .await
}

pub(crate) async fn list_files(app: State<App>, Path(note): Path<i64>) -> Answered<Json<Vec<FileEntry>>> {
    let query = sqlx::query_as("SELECT id, name, media_type FROM files WHERE note = ? ORDER BY id");
    Ok(Json(query.bind(note).fetch_all(&app.db).await?))
}

pub(crate) async fn upload_file(
    note: Loaded<Note>,
    app: State<App>,
    MultipartForm(NewFile { file }): MultipartForm<NewFile>,
) -> Answered<Created<Json<i64>>> {
    let query = "INSERT INTO files (note, name, media_type, content) VALUES (?, ?, ?, ?) RETURNING id";
    let query = sqlx::query_scalar(query)
        .bind(note.id)
        .bind(file.name())
        .bind(file.media_type().unwrap_or("application/octet-stream"))
        .bind(&file.content()[..]);
    Ok(Created(Json(query.fetch_one(&app.db).await?)))
}

pub(crate) async fn download_file(app: State<App>, Path((note, file)): Path<(i64, i64)>) -> Answered<Option<File>> {
    let query = sqlx::query_as("SELECT name, media_type, content FROM files WHERE note = ? AND id = ?");
    let row: Option<(String, String, Vec<u8>)> = query.bind(note).bind(file).fetch_optional(&app.db).await?;
    // A browser saves the file. It must not run a page of a user as a page of this site.
    Ok(row.map(|(name, media_type, content)| File::from_bytes(content).media_type(&media_type).attachment(&name)))
}

pub(crate) async fn delete_file(app: State<App>, Path((note, file)): Path<(i64, i64)>) -> Done {
    app.run("DELETE FROM files WHERE note = ? AND id = ?", note, file).await
}
