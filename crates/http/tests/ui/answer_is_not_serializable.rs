// The message contains: derive `serde::Serialize` and `utoipa::ToSchema`

use scopegate_http::*;

#[derive(utoipa::ToSchema)]
struct Note;

async fn read() -> Json<Note> {
    Json(Note)
}

fn main() {
    let _ = get("/a").public().then(read);
}
