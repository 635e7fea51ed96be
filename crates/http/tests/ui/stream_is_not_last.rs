// The message contains: must be the last argument

use scopegate_http::*;

fn main() {
    let _ = post("/a").public().then(|_: input::BodyStream, _: Query<()>| async { "" });
}
