//! From names to addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use scopegate_store::BoxFuture;
use tokio::sync::Semaphore;

/// Most names that are looked up at a time. The system's look-up blocks a thread, for as long as it likes.
const LOOKUPS: usize = 2;

/// Finds the addresses of a host. [`Outgoing`](crate::Outgoing) asks once for each connection, checks what comes back, and connects to just that:
/// a second answer is never asked for.
///
/// ```
/// use std::io;
/// use std::net::{IpAddr, Ipv4Addr};
/// use scopegate_http::Resolve;
/// use scopegate_http::store::BoxFuture;
///
/// /// One provider, at an address that is known.
/// struct Known;
///
/// impl Resolve for Known {
///     fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
///         let is_known = host == "id.example";
///         Box::pin(async move { if is_known { Ok(vec![Ipv4Addr::new(198, 51, 100, 7).into()]) } else { Err(io::ErrorKind::NotFound.into()) } })
///     }
/// }
/// # let _ = Known;
/// ```
pub trait Resolve: Send + Sync {
    /// The addresses of a host, which is a name and no address.
    ///
    /// # Errors
    ///
    /// An error of the system where there is no answer.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
pub(crate) struct SystemResolver(Arc<Semaphore>);

impl Default for SystemResolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let place = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
            let host = host.to_owned();
            let look_up = move || {
                // Given back when the system has answered, not when nobody waits any more.
                let _place = place;
                let found = (host.as_str(), 0).to_socket_addrs()?;
                Ok(found.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}
