// The message contains: wrap data: `Json(data)`

use scopegate_http::*;

struct Note;

async fn read() -> Note {
    Note
}

fn main() {
    let _ = get("/a").public().then(read);
}
