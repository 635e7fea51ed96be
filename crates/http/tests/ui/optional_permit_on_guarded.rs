// The message contains: callers are `Permit` or `CurrentUser` after `.guard(..)`

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::authenticated()).then(|_: Option<Permit>| async { "" });
}
