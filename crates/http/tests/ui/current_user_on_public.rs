// The message contains: none after `.public()`

use scopegate_http::*;

fn main() {
    let _ = get("/a").public().then(|_: CurrentUser| async { "" });
}
