// The message contains: `Answer` is not implemented for `Down`

use scopegate_http::*;

struct Down;

async fn read() -> Result<String, Down> {
    Err(Down)
}

fn main() {
    let _ = get("/a").public().then(read);
}
