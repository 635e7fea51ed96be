// The message contains: derive `serde::Deserialize` and `utoipa::ToSchema`

use scopegate_http::*;

#[derive(utoipa::ToSchema)]
struct Page;

async fn list(_: Query<Page>) {}

fn main() {
    let _ = get("/a").public().then(list);
}
