// The message contains: `Path<T>`

use scopegate_http::*;

async fn read(_: Permit, _: String) {}

fn main() {
    let _ = get("/a/{id}").guard(Guard::user()).then(read);
}
