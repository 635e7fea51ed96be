//! `scopegate`: the program around the house.
//!
//! **How is it run?** This floor alone reads arguments, variables and files, opens sockets and databases, names
//! concrete parts and prints. What a request means is decided below.
//!
//! | module | what it does |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`config`] | settings out of flags, variables, a file and defaults |
//! | [`command`] | one module a command |
//! | [`compose`] | puts the parts together; the only place that names a backend |
//! | [`measured_store`] | how long the store takes |
//! | [`live_keys`] | the keys of a running server, kept up to date |
//! | [`demo`] | the tutorial's operations, users and client |
//! | [`admin`] | what supervisors ask |
//! | [`serve`] | the accept loop, its limits and its end |
//! | [`telemetry`], [`output`] | what goes to standard error, and what to standard output |
//! | [`markdown`] | cells of tables in pull requests |
//! | [`progress`] | that a command is still at work |

mod admin;
mod arguments;
mod command;
mod compose;
mod config;
mod demo;
mod live_keys;
mod markdown;
mod measured_store;
mod output;
mod progress;
mod revocations;
mod serve;
mod tasks;
mod telemetry;

use std::process::ExitCode;

use crate::output::{Outcome, SaidNo, complain};

fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::report(&error),
    };
    match command::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<SaidNo>() {
                complain(&error);
            }
            Outcome::of(&error).into()
        }
    }
}
