//! **How are connections accepted, limited and drained?** Serves a hyper service on a TCP listener,
//! and ends after the requests in progress when the process stops.

mod accept;
mod connection;
mod connection_state;
mod eviction;
mod http2_streams;
mod limits;
mod listener;
mod metrics;
mod request_body;
mod response_body;
mod signals;
mod tracked_stream;

pub use self::accept::listen;
pub use self::connection::Answers;
pub use self::limits::Limits;
pub use self::listener::{Ending, run, run_for_peers};
pub use self::request_body::Arriving;
pub use self::signals::{Request, Signals};
