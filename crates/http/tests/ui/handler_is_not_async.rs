// The message contains: async function

use scopegate_http::*;

fn read(_: Permit) -> &'static str {
    ""
}

fn main() {
    let _ = get("/a").guard(Guard::user()).then(read);
}
