//! Runs an operation: guard, check of the resource, body, inputs, handler.

use hyper::body::Body;
use scopegate_domain::Timestamp;
use scopegate_gate::{BodyError, RequestHead, Routed, ServerFault};
use scopegate_policy::Permit;

use crate::answer::events::{self, time_left};
use crate::answer::file::conditions;
use crate::answer::refused::AsRefusal;
use crate::body_stream::BodyStream;
use crate::erased_handler::Answering;
use crate::gate::{Gate, MountedOperation};
use crate::input::{ArgumentError, BodyUse, MountedInputs, RequestParts, SentBody};
use crate::resource::MountedCheck;
use crate::response_body::{BoxError, Response};
use crate::sent::Sent;

/// A request to an operation.
struct OperationRequest<'r> {
    mounted: &'r MountedOperation,
    routed: &'r Routed<'r>,
    head: &'r RequestHead<'r>,
}

impl Gate {
    /// Runs the guard, then reads the body and the inputs, then calls the handler.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` stores its arguments twice")]
    pub(crate) fn run_operation<'r, B>(
        &'r self,
        number: usize,
        routed: &'r Routed<'r>,
        head: &'r RequestHead<'r>,
        sent: &'r mut Sent<B>,
    ) -> impl Future<Output = Response> + Send
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        async move {
            if let Some(answer) = self.preflight_of(number, head) {
                return answer;
            }
            let permit = match routed.authorize(head).await {
                Ok(permit) => permit,
                Err(refusal) => return refusal.map(Into::into),
            };
            let Some(mounted) = self.inner.handlers.get(number) else {
                return self
                    .refusals()
                    .fault(ServerFault::Unmounted, routed.label())
                    .map(Into::into);
            };
            let request = OperationRequest { mounted, routed, head };
            if let Some(check) = &mounted.resource {
                return Box::pin(self.run_checked(check, &request, permit, sent)).await;
            }
            // The parts of the request are dropped before the handler runs, so that they do not
            // enlarge the future.
            let (answering, expires_at) = {
                let body = match self.read_body_of(&request, sent).await {
                    Ok(body) => body,
                    Err(error) => return routed.respond_body_error(error).map(Into::into),
                };
                let mut parts = self.parts(&request);
                parts.set_body(body);
                parts.set_upgrade(sent.upgrade.take());
                parts.set_permit(permit, mounted.callers);
                match mounted.endpoint.call(&mut parts) {
                    Ok(answering) => (answering, parts.expires_at()),
                    Err(error) => return self.argument_error(&error, routed),
                }
            };
            self.answered(answering, expires_at, &request).await
        }
    }

    /// Loads the resource before the body is read.
    async fn run_checked<B>(
        &self,
        check: &MountedCheck,
        request: &OperationRequest<'_>,
        permit: Option<Permit>,
        sent: &mut Sent<B>,
    ) -> Response
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let &OperationRequest { mounted, routed, .. } = request;
        let mut parts = self.parts(request);
        parts.set_upgrade(sent.upgrade.take());
        parts.set_permit(permit, mounted.callers);
        let loading = match check.load(&mut parts) {
            Ok(loading) => loading,
            Err(error) => return self.argument_error(&error, routed),
        };
        match loading.await {
            Ok(Some(resource)) => parts.set_resource(resource),
            Ok(None) => return self.refuse_resource(check, routed),
            Err(response) => return self.as_refusal(response, request),
        }
        check.count(true);
        let body = match self.read_body_of(request, sent).await {
            Ok(body) => body,
            Err(error) => return routed.respond_body_error(error).map(Into::into),
        };
        parts.set_body(body);
        match mounted.endpoint.call(&mut parts) {
            Ok(answering) => self.answered(answering, parts.expires_at(), request).await,
            Err(error) => self.argument_error(&error, routed),
        }
    }

    fn parts<'r>(&'r self, request: &OperationRequest<'r>) -> RequestParts<'r> {
        let mounted = request.mounted;
        let inputs = MountedInputs {
            names: &mounted.parameters,
            shapes: &mounted.shapes,
            states: &self.inner.states,
            #[cfg(feature = "websocket")]
            clock: self.gate.clock(),
            #[cfg(feature = "websocket")]
            cors: self.inner.cors.as_ref(),
            #[cfg(feature = "websocket")]
            streams: &self.inner.streams,
        };
        let label = request.routed.label();
        RequestParts::new(request.head, label, inputs, request.routed.values())
    }

    /// Reads the body as the operation uses it.
    async fn read_body_of<B>(&self, request: &OperationRequest<'_>, sent: &mut Sent<B>) -> Result<SentBody, BodyError>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let &OperationRequest { mounted, head, .. } = request;
        match mounted.body_use {
            BodyUse::Unread => Ok(SentBody::Unread),
            BodyUse::Whole => {
                let whole = Box::pin(self.read_body(head, sent, mounted.limits)).await;
                whole.map(SentBody::Whole)
            }
            BodyUse::Streamed => {
                BodyStream::new(head.headers(), sent.body.take(), mounted.limits).map(SentBody::Streamed)
            }
        }
    }

    async fn answered(
        &self,
        answering: Answering,
        expires_at: Option<Timestamp>,
        request: &OperationRequest<'_>,
    ) -> Response {
        let end = || {
            let left = expires_at.map(|time| time_left(time, self.gate.clock()));
            self.inner.streams.end_after(left)
        };
        let response = events::end_marked(answering.await, end);
        self.as_refusal(response, request)
    }

    /// Replaces a response that the gate writes as a refusal.
    fn as_refusal(&self, response: Response, request: &OperationRequest<'_>) -> Response {
        let &OperationRequest { routed, head, .. } = request;
        let refusals = self.refusals();
        match response.extensions().get::<AsRefusal>() {
            None => conditions::apply(head.method(), head.headers(), response),
            Some(AsRefusal::Missing) => refusals.not_found(routed.label()).map(Into::into),
            Some(AsRefusal::Handler { status, code, message }) => {
                let response = refusals.handler_error(*status, code, message, routed.label());
                response.map(Into::into)
            }
            Some(AsRefusal::Fault(error)) => refusals.handler_fault(&**error, routed.label()).map(Into::into),
            Some(AsRefusal::Body(error)) => routed.respond_body_error(*error).map(Into::into),
            Some(AsRefusal::Input(error)) => refusals.input_error(error, routed.label()).map(Into::into),
        }
    }

    /// Refuses a request whose caller may not have the resource.
    fn refuse_resource(&self, check: &MountedCheck, routed: &Routed<'_>) -> Response {
        check.count(false);
        let label = routed.label();
        tracing::debug!(
            request_id = label.id_text(),
            peer = label.peer(),
            check = &*check.name,
            "resource refused"
        );
        let response = if check.status == http::StatusCode::FORBIDDEN {
            self.refusals().forbidden(label)
        } else {
            self.refusals().not_found(label)
        };
        response.map(Into::into)
    }

    fn argument_error(&self, error: &ArgumentError, routed: &Routed<'_>) -> Response {
        let response = match error {
            ArgumentError::Caller => self.refusals().fault(ServerFault::Caller, routed.label()),
            ArgumentError::Input(error) => self.refusals().input_error(error, routed.label()),
        };
        response.map(Into::into)
    }
}
