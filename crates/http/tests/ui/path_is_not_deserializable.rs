// The message contains: Deserialize

use scopegate_http::*;

struct Id;

async fn read(_: Path<Id>) {}

fn main() {
    let _ = get("/a/{id}").public().then(read);
}
