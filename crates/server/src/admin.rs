//! The admin listener: liveness, readiness and metrics. It serves supervisors, not clients.
//!
//! It has no authentication. It is off unless an address is given. Use an address that clients
//! cannot reach.

mod exporter;
mod readiness;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use scopegate_http::site::names_one_host;
use scopegate_listener::{Limits, Listener, RequestBody};
use tokio::net::TcpListener;
use tracing::warn;

use self::exporter::{Exporter, MEDIA_TYPE};
pub(crate) use self::readiness::Readiness;
#[cfg(test)]
pub(crate) use self::readiness::Unready;
use crate::tasks::Tasks;

/// The limits of the admin listener. It serves a few supervisors, and none of them is slow.
const LIMITS: Limits = Limits::new()
    .header_timeout(Duration::from_secs(5))
    // Prometheus keeps its connection from one scrape to the next.
    .idle_timeout(Duration::from_secs(90))
    .max_connections(NonZeroUsize::MIN.saturating_add(15))
    .drain_deadline(Duration::from_secs(1));

/// The bound admin listener, before it answers.
#[derive(Debug)]
pub(crate) struct AdminListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl AdminListener {
    /// Listens on this address.
    pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on `{address}` for the admin listener"))?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            warn!(%address, "the admin listener authenticates no client; restrict access to it to supervisors");
        }
        Ok(Self { listener, address })
    }

    /// Returns the address of the listener.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts and answers from now on, until the process ends. Create the parts that count after
    /// this call.
    pub(crate) fn start(self, readiness: Arc<Readiness>, tasks: &mut Tasks) -> anyhow::Result<()> {
        let exporter = Exporter::install(tasks)?;
        let admin = Admin { exporter, readiness };
        let answers = service_fn(move |request: Request<RequestBody>| {
            let admin = admin.clone();
            async move {
                if !names_one_host(&request) {
                    return Ok(text(
                        StatusCode::BAD_REQUEST,
                        "there must be one Host header, and a well-formed one\n",
                    ));
                }
                Ok::<_, Infallible>(admin.answer(request.method(), request.uri().path()).await)
            }
        });
        let listener = Listener::new(self.listener).name("admin").limits(LIMITS);
        let serving = listener.serve(answers, std::future::pending::<()>);
        tasks.spawn("admin listener", async move {
            serving.await;
        });
        Ok(())
    }
}

/// The data of the admin listener's answers.
#[derive(Clone, Debug)]
struct Admin {
    exporter: Exporter,
    readiness: Arc<Readiness>,
}

impl Admin {
    async fn answer(&self, method: &Method, path: &str) -> Response<String> {
        let is_known = matches!(path, "/healthz" | "/metrics" | "/readyz");
        if is_known && !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "ask with GET\n");
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/healthz" => text(StatusCode::OK, "alive\n"),
            "/metrics" => {
                self.readiness.measure_news_age();
                let mut response = text(StatusCode::OK, self.exporter.render());
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
                response
            }
            "/readyz" => match self.readiness.ask().await {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(unready) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unready}\n")),
            },
            _ => text(StatusCode::NOT_FOUND, "there is nothing here\n"),
        }
    }
}

fn text(status: StatusCode, text: impl Into<String>) -> Response<String> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
