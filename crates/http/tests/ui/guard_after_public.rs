// The message contains: `.public()` has none

use scopegate_http::*;

fn main() {
    let _ = get("/a").public().guard(Guard::authenticated()).then(|| async { "" });
}
