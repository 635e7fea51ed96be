//! The signals that ask the server to stop, and one that must not stop it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM (a supervisor) and SIGINT (Ctrl-C).
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Sent beside the error where a file would grow beyond a limit: the error is answered, and the signal would be the end.
    _file_size: Signal,
}

impl Signals {
    /// Takes the signals over: from now on they no longer kill the process.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
