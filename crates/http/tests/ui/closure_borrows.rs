// The message contains: use the `move` keyword

use scopegate_http::*;

fn main() {
    let text = String::from("a");
    let _ = get("/a").public().then(|| async { text.clone() });
}
