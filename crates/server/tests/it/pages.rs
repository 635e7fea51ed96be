//! The pages for people in a real browser, and the programs that judge their HTML.
//!
//! The long check needs `chromium` and `chromedriver`, as the module `browser` does. The short
//! check runs the test without script.

#![expect(clippy::indexing_slicing, reason = "a test may fail")]

mod application;
mod fixture;
mod keyboard;
mod late;
mod refreshing;
mod rules;
mod scanned;
mod tabs;
mod without_script;
