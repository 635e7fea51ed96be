//! The signals that stop the server: SIGTERM, SIGINT and SIGHUP.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM (a supervisor), SIGINT (Ctrl-C) and SIGHUP (a terminal that closes, or a supervisor that
/// requests a reload).
///
/// All settings are read at start, so SIGHUP drains like the other signals: a supervisor starts the
/// server again. The caller may ignore it if the server could not start again.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

/// The action that a signal requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the process must decide about each action")]
pub enum SignalAction {
    /// Ends the process.
    Stop,
    /// Reads the settings of the process again.
    Reload,
}

impl Signals {
    /// Installs the handlers: from now on these signals no longer kill the process.
    ///
    /// # Errors
    ///
    /// The system refuses a handler, or this runs outside of a runtime with I/O.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> SignalAction {
        tokio::select! {
            _ = self.interrupt.recv() => SignalAction::Stop,
            _ = self.hangup.recv() => SignalAction::Reload,
            _ = self.terminate.recv() => SignalAction::Stop,
        }
    }
}
