// The message contains: reads the body

use scopegate_http::*;

async fn own(_: Json<u8>) -> Option<u8> {
    None
}

fn main() {
    let _ = post("/a").guard(Guard::user()).load(own).then(|| async { "" });
}
