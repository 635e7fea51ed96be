// The message contains: derive `serde::Serialize` and `utoipa::ToSchema`

use scopegate_http::*;

#[derive(serde::Serialize)]
#[serde(crate = "scopegate_http::serde")]
struct Note;

async fn read() -> Json<Note> {
    Json(Note)
}

fn main() {
    let _ = get("/a").public().then(read);
}
