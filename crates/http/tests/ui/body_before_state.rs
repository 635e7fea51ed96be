// The message contains: must be the last argument

use scopegate_http::*;

fn main() {
    let _ = post("/a").public().then(|_: input::Bytes, _: State<u8>| async { "" });
}
