// The message contains: `Json<T>`

use scopegate_http::*;

struct Note;

async fn write(_: Permit, _: Note) {}

fn main() {
    let _ = post("/a").guard(Guard::user()).then(write);
}
