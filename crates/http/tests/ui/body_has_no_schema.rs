// The message contains: derive `serde::Deserialize` and `utoipa::ToSchema`

use scopegate_http::*;

#[derive(serde::Deserialize)]
#[serde(crate = "scopegate_http::serde")]
struct Note;

async fn write(_: Json<Note>) {}

fn main() {
    let _ = post("/a").public().then(write);
}
