// The message contains: private

use scopegate_http::*;

fn main() {
    let _ = Permit { user: None };
}
