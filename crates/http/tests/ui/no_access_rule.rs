// The message contains: .public()

use scopegate_http::*;

fn main() {
    let _ = get("/a").then(|_: Permit| async { "" });
}
