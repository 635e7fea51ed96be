// The message contains: load

use scopegate_http::*;

async fn own() -> Option<u8> {
    None
}

fn main() {
    let _ = get("/a").public().load(own).then(|| async { "" });
}
