// The message contains: type must be known

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::user()).then(|_| async { "" });
}
