// The message contains: await occurs here

use scopegate_http::*;

async fn read() -> &'static str {
    let local = std::rc::Rc::new(7);
    tokio::task::yield_now().await;
    drop(local);
    ""
}

fn main() {
    let _ = get("/a").public().then(read);
}
