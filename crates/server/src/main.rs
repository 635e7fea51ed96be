//! The program `scopegate`.
//!
//! **How is it run?** Only this crate reads arguments, variables and files, opens sockets and
//! databases, names concrete parts and prints. Lower crates decide the meaning of a request.
//!
//! | module | purpose |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`config`] | settings from flags, variables, a file and defaults |
//! | [`command`] | one module for each command |
//! | [`compose`] | puts the parts together; the only place that names a backend |
//! | [`audit`] | writes the audit log of a running server |
//! | [`cleanup`] | deletes and counts the rows of a running server |
//! | [`key_refresh`] | refreshes the keys of a running server |
//! | [`profile`] | what the profiles change |
//! | [`demo`] | the demo's operations, users and client |
//! | [`admin`] | health, readiness and metrics for supervisors |
//! | [`pause`] | the pause between two batches of the cleanup |
//! | [`process_limits`] | the limits of open files and of the size of a file |
//! | [`telemetry`], [`output`] | writes to standard error, and to standard output |
//! | [`markdown`] | cells of tables in pull requests |

mod admin;
mod arguments;
mod audit;
mod cleanup;
mod command;
mod compose;
mod config;
mod demo;
mod key_refresh;
mod markdown;
mod output;
mod pause;
mod process_limits;
mod profile;
mod revocations;
mod secret_refresh;
mod tasks;
mod telemetry;

use std::process::ExitCode;

use crate::output::{NegativeResult, Outcome, print_error};

fn main() -> ExitCode {
    // Before the first output, which may be a file.
    if let Err(error) = process_limits::outlive_file_size() {
        print_error(&anyhow::Error::new(error).context("signals cannot be received"));
        return Outcome::Error.into();
    }
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::report(&error),
    };
    match command::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<NegativeResult>() {
                print_error(&error);
            }
            Outcome::of(&error).into()
        }
    }
}
