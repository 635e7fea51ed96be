// The message contains: returns `Option<T>`

use scopegate_http::*;

async fn own(_: Permit) -> u8 {
    7
}

fn main() {
    let _ = get("/a").guard(Guard::user()).load(own).then(|| async { "" });
}
