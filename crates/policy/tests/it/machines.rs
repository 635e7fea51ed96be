//! Laws 1, 4 and 6 by the entry point of a fuzzer, on random bytes: requirements from a stack
//! machine, compared with truth tables.

use proptest::prelude::*;

proptest! {
    /// The minimal sets, decisions and residuals of requirements, `==` and `implies`.
    #[test]
    fn requirements_are_their_truth_tables(bytes in prop::collection::vec(any::<u8>(), 0..48)) {
        crate::requirement_machine::requirement(&bytes);
    }
}
