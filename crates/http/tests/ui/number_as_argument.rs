// The message contains: `Path<T>`

use scopegate_http::*;

fn main() {
    let _ = get("/a/{id}").public().then(|_: u32| async { "" });
}
