// The message contains: an `Option` of them after `.optional()`

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::authenticated()).optional().then(|_: Permit| async { "" });
}
