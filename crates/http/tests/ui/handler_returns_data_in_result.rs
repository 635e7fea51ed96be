// The message contains: wrap data: `Json(data)`

use scopegate_http::*;

struct Note;

async fn read() -> Result<Note, answer::StatusCode> {
    Ok(Note)
}

fn main() {
    let _ = get("/a").public().then(read);
}
