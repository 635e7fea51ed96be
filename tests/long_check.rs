//! What only the long check (`.ci/long`) includes. Tests of several crates contain this file.

use std::io::Write as _;

/// Returns whether this is the long check. If it is not, prints what is left out.
pub(crate) fn is_on(left_out: &str) -> bool {
    let on = std::env::var_os("SCOPEGATE_LONG").is_some();
    if !on {
        // Not `eprintln!`: the test runner hides what a passing test prints with it.
        drop(writeln!(
            std::io::stderr(),
            "LEFT OUT: {left_out}; SCOPEGATE_LONG=1 includes it"
        ));
    }
    on
}
