// The message contains: wrap data: `Json(data)`

use scopegate_http::*;

async fn count() -> u32 {
    7
}

fn main() {
    let _ = get("/a").public().then(count);
}
