// The message contains: put several fields into one structure

use scopegate_http::*;

fn main() {
    let _ = post("/a").public().then(|_: Json<String>, _: Json<u8>| async { "" });
}
