// The message contains: not a scope token

use scopegate_http::*;

const BAD: ScopeToken = ScopeToken::from_static("two words");

fn main() {
    let _ = Guard::requires([BAD]);
}
