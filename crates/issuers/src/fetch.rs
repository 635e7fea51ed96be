//! One bounded HTTP exchange: address checked and pinned, TLS verified, size and time limited.

mod allowed_network;
mod cache_control;
mod endpoint;
mod fetch_error;
mod fetcher;
mod resolve;
mod tls;

pub use self::allowed_network::{AllowedNetwork, InvalidAllowedNetwork};
pub(crate) use self::endpoint::Endpoint;
pub use self::endpoint::InvalidEndpoint;
pub use self::fetch_error::FetchError;
pub(crate) use self::fetcher::Form;
pub use self::fetcher::{HttpFetcher, HttpFetcherBuilder};
pub use self::resolve::{Resolution, Resolve};
pub use self::tls::InvalidRoots;
