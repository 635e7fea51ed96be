// The message contains: put several into one structure

use scopegate_http::*;

use scopegate_http::input::Uri;

#[rustfmt::skip]
async fn many(_: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri, _: Uri) {}

fn main() {
    let _ = get("/a").public().then(many);
}
