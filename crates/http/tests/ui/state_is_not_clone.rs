// The message contains: Clone

use scopegate_http::*;

struct App;

async fn read(_: State<App>) {}

fn main() {
    let _ = get("/a").public().then(read);
}
