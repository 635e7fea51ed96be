//! Tests of the public interface of the crate, in one executable.

mod address;
mod fastapi_trees;
mod fuzz_corpus;
mod import;
mod lint;
#[path = "../../../../tests/long_check.rs"]
mod long_check;
mod picture;
mod read_back;
#[path = "../../../../tests/replay.rs"]
mod replay;
mod security;
mod tutorial;
