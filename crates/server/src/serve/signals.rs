//! The signals that stop the server, and one that must not stop it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM (a supervisor), SIGINT (Ctrl-C) and SIGHUP (a terminal that closes, or a supervisor that
/// requests a reload).
///
/// All settings are read at start, so SIGHUP drains like the others: a supervisor starts the server
/// again. The caller may ignore it if the server could not start again.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
    /// Arrives together with the error if a file would grow beyond a limit. The error is handled,
    /// but the signal would end the process.
    _file_size: Signal,
}

/// Keeps SIGXFSZ from ending the process: a write beyond a limit on the size of files fails with an
/// error instead. Needs a runtime, and lasts until the process ends.
pub(crate) fn outlive_file_size() -> io::Result<Signal> {
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))
}

/// What a signal requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Ends the process.
    Stop,
    /// Reads the settings of the process again.
    Reload,
}

impl Signals {
    /// Installs the handlers: from now on these signals no longer kill the process.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: outlive_file_size()?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hangup.recv() => Request::Reload,
            _ = self.terminate.recv() => Request::Stop,
        }
    }
}
