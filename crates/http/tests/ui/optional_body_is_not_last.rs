// The message contains: must be the last argument

use scopegate_http::*;

fn main() {
    let _ = post("/a").public().then(|_: Option<Json<u8>>, _: Path<u8>| async { "" });
}
