//! Programs of other authors use the server: libraries of npm and PyPI, and programs of Debian.
//!
//! `tests/programs` has their scripts, configurations and versions. The check of a change runs one
//! of each kind, the long check runs all. `SCOPEGATE_REQUIRE_PROGRAMS=1` makes a missing program a
//! failure.

mod applications;
mod debian;
mod documents;
mod git;
mod nginx;
mod node;
pub(crate) mod packages;
mod person;
pub(crate) mod process;
mod python;
pub(crate) mod results;
mod site;
mod swagger;
mod visitor;
