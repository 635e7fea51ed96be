// The message contains: expected `HandledOperation`

use scopegate_http::*;

fn main() {
    let _ = Group::new("/a").operation(get("/b").public());
}
