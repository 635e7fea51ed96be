// The message contains: must be the last argument

use scopegate_http::*;

fn main() {
    let _ = post("/a").guard(Guard::user()).then(|_: Json<String>, _: Permit| async { "" });
}
