//! A layer that guards any tower service over HTTP.
//!
//! `cargo run -p scopegate-gate --example tower` sends two requests through it and checks their
//! status.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use scopegate_gate::{Catalog, Gate, Guard, Operation, RequestHead, SecurityScheme};
use tower::{Layer, Service, ServiceExt, service_fn};

/// Wraps services, so that they receive only requests that the gate allows.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    gate: Gate,
}

/// A service behind a gate. The permit of a request is in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    gate: Gate,
    service: S,
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, service: S) -> Guarded<S> {
        Guarded {
            gate: self.gate.clone(),
            service,
        }
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>, Future: Send> + Clone + Send + 'static,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = self.gate.clone();
        // The clone may not be ready, so the ready service takes the request.
        let ready = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, ready);
        let (mut parts, body) = request.into_parts();
        Box::pin(async move {
            match gate.authorize(&RequestHead::of_parts(&parts)).await {
                Err(refusal) => Ok(refusal.map(R::from)),
                Ok(permit) => {
                    if let Some(permit) = permit {
                        parts.extensions.insert(permit);
                    }
                    service.call(Request::from_parts(parts, body)).await
                }
            }
        })
    }
}

/// A gate with one public and one denied operation.
pub(crate) fn policy() -> Result<Gate, Box<dyn std::error::Error>> {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .build()?;
    Ok(Gate::builder(catalog)
        .operation(Operation::get("/status").guard(Guard::public()))
        .operation(Operation::get("/secrets").guard(Guard::deny()))
        .build()?)
}

/// Wraps a service that answers every request.
pub(crate) fn guarded(gate: Gate) -> impl Service<Request<String>, Response = Response<Bytes>, Error = Infallible> {
    let answer = |_: Request<String>| async { Ok::<_, Infallible>(Response::new(Bytes::from_static(b"up"))) };
    GuardLayer { gate }.layer(service_fn(answer))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (path, status) in [("/status", 200), ("/secrets", 403)] {
        let response = guarded(policy()?)
            .oneshot(Request::get(path).body(String::new())?)
            .await?;
        assert_eq!(response.status(), status, "{path}");
    }
    Ok(())
}
