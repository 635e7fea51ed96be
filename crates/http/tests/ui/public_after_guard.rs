// The message contains: public

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::user()).public().then(|| async { "" });
}
