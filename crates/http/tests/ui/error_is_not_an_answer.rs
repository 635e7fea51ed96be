// The message contains: an error type of the application implements `Answer`

use scopegate_http::*;

struct Down;

async fn read() -> Result<String, Down> {
    Err(Down)
}

fn main() {
    let _ = get("/a").public().then(read);
}
