// The message contains: optional

use scopegate_http::*;

fn main() {
    let _ = get("/a").public().optional().then(|| async { "" });
}
