// The message contains: callers are `Permit`

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::user()).then(|_: &Permit| async { "" });
}
