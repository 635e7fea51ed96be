//! Resolves host names.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// The maximum number of concurrent lookups. The system's lookup blocks a thread without a limit.
const LOOKUPS: usize = 2;

/// The future of [`Resolve::resolve`].
pub type Resolution<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Resolves a host to its addresses. [`HttpFetcher`](crate::HttpFetcher) calls it once for each
/// connection, checks the addresses, and connects only to them. It never resolves a second time.
///
/// ```
/// use std::io;
/// use std::net::{IpAddr, Ipv4Addr};
/// use scopegate_issuers::{Resolution, Resolve};
///
/// /// One provider, at a fixed address.
/// struct Known;
///
/// impl Resolve for Known {
///     fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a> {
///         let is_known = host == "id.example";
///         Box::pin(async move { if is_known { Ok(vec![Ipv4Addr::new(198, 51, 100, 7).into()]) } else { Err(io::ErrorKind::NotFound.into()) } })
///     }
/// }
/// # let _ = Known;
/// ```
pub trait Resolve: Send + Sync {
    /// Returns the addresses of a host, which is a name and not an address.
    ///
    /// # Errors
    ///
    /// An error of the system if there is no answer.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a>;
}

/// The resolver of the operating system.
pub(crate) struct SystemResolver(Arc<Semaphore>);

impl Default for SystemResolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a> {
        Box::pin(async move {
            let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
            let host = host.to_owned();
            let look_up = move || {
                // Released when the system has answered, even if the last waiter ended before.
                let _permit = permit;
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
