//! Tests of the public interface of the crate, in one executable.

mod password_check;
