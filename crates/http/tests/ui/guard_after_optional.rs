// The message contains: `.optional()` last

use scopegate_http::*;

fn main() {
    let _ = get("/a").guard(Guard::user()).optional().guard(Guard::user()).then(|| async { "" });
}
