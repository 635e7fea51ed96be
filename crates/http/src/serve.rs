//! The gate on a listener, behind the feature `serve`.
//!
//! A program that serves its API directly to clients needs the limits of [`Listener`]. The servers
//! of hyper and warp have no time limit for a silent connection, and their shutdown waits for half
//! a request.
//!
//! ```no_run
//! use scopegate_http::serve::Listener;
//! use scopegate_http::{Catalog, Gate, get};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let gate = Gate::builder(Catalog::builder().build()?)
//!     .operation(get("/status").public().then(|| async { "up" }))
//!     .build()?;
//! gate.serve(Listener::bind("127.0.0.1:8000".parse()?)?).await?;
//! # Ok(())
//! # }
//! ```

use std::io;

use futures_util::FutureExt;
pub use scopegate_listener::{Accept, DrainOutcome, Limits, Listener, SignalAction, Signals};

use crate::gate::Gate;

impl Gate {
    /// Serves the whole site, with WebSocket, until the process receives SIGTERM, SIGINT (Ctrl-C)
    /// or SIGHUP. Then it ends the streams ([`Gate::end_streams`]), and finishes the requests in
    /// progress within [`Limits::drain_deadline`].
    ///
    /// The log has the address and the outcome. A second signal ends the shutdown at once.
    ///
    /// # Errors
    ///
    /// The system refuses the handler of a signal, or does not know the socket.
    pub async fn serve(self, listener: Listener) -> io::Result<DrainOutcome> {
        let mut signals = Signals::install()?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        let gate = self.clone();
        let stop = async move || {
            signals.next().await;
            gate.end_streams();
        };
        let outcome = self.serve_connections(listener, stop).await;
        match outcome {
            DrainOutcome::Complete => tracing::info!("stopped"),
            DrainOutcome::DeadlineExpired => tracing::warn!("stopped at the drain deadline with requests in progress"),
            DrainOutcome::Forced => tracing::warn!("stopped by a second signal with requests in progress"),
        }
        Ok(outcome)
    }

    /// Serves the whole site like [`Gate::serve`] until this future completes, such as one of a
    /// test or of a supervisor.
    ///
    /// ```
    /// use scopegate_http::serve::{DrainOutcome, Listener};
    /// use scopegate_http::{Catalog, Gate};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let gate = Gate::builder(Catalog::builder().build()?).build()?;
    /// let listener = Listener::bind("127.0.0.1:0".parse()?)?;
    /// let outcome = gate.serve_until(listener, async { /* the reason to stop */ }).await;
    /// assert_eq!(outcome, DrainOutcome::Complete);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn serve_until<A: Accept>(self, listener: Listener<A>, stop: impl Future<Output = ()>) -> DrainOutcome {
        // After its end it is pending: nothing ends the shutdown at once.
        let mut stop = Box::pin(stop.fuse());
        let gate = self.clone();
        let stop = async move || {
            stop.as_mut().await;
            gate.end_streams();
        };
        self.serve_connections(listener, stop).await
    }

    async fn serve_connections<A: Accept>(self, listener: Listener<A>, stop: impl AsyncFnMut()) -> DrainOutcome {
        let service = self.service().from_socket();
        listener
            .serve_peers(move |peer| service.clone().from_peer(peer.ip()), stop)
            .await
    }
}
