//! The parts of an authorized request that inputs read.

use std::any::{Any, TypeId};
use std::fmt;

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method};
use hyper::upgrade::OnUpgrade;
#[cfg(feature = "websocket")]
use scopegate_domain::Clock;
use scopegate_domain::Timestamp;
use scopegate_gate::{RequestHead, RequestLabel};
use scopegate_policy::Permit;

#[cfg(feature = "websocket")]
use crate::answer::events::time_left;
use crate::body_stream::BodyStream;
#[cfg(feature = "websocket")]
use crate::cors::CorsHeaders;
use crate::field_shape::FieldShape;
#[cfg(feature = "websocket")]
use crate::stream_end::{StreamEnd, StreamStop};

/// The parts of an authorized request that inputs read.
/// [`Input`](crate::input::Input) has an example.
pub struct RequestParts<'r> {
    head: &'r RequestHead<'r>,
    label: &'r RequestLabel<'r>,
    body: SentBody,
    permit: Option<Permit>,
    expires_at: Option<Timestamp>,
    /// The number of arguments that still take the permit.
    callers: usize,
    mounted: MountedInputs<'r>,
    values: &'r [String],
    resource: Option<Box<dyn Any + Send>>,
    upgrade: Option<OnUpgrade>,
}

/// The body of a request, as the operation uses it.
#[derive(Default)]
pub(crate) enum SentBody {
    #[default]
    Unread,
    Whole(Bytes),
    Streamed(BodyStream),
}

/// The data of an operation that its inputs read.
#[derive(Clone, Copy)]
pub(crate) struct MountedInputs<'r> {
    /// The names of the parameters of the template.
    pub(crate) names: &'r [String],
    /// The shapes of the inputs with fields, by the type of the input.
    pub(crate) shapes: &'r [(TypeId, FieldShape)],
    /// The values of the application.
    pub(crate) states: &'r Extensions,
    #[cfg(feature = "websocket")]
    pub(crate) clock: &'r dyn Clock,
    /// The origins whose pages may read answers.
    #[cfg(feature = "websocket")]
    pub(crate) cors: Option<&'r CorsHeaders>,
    #[cfg(feature = "websocket")]
    pub(crate) streams: &'r StreamStop,
}

impl<'r> RequestParts<'r> {
    pub(crate) const fn new(
        head: &'r RequestHead<'r>,
        label: &'r RequestLabel<'r>,
        mounted: MountedInputs<'r>,
        values: &'r [String],
    ) -> Self {
        Self {
            head,
            label,
            body: SentBody::Unread,
            permit: None,
            expires_at: None,
            callers: 0,
            mounted,
            values,
            resource: None,
            upgrade: None,
        }
    }

    /// Sets the body.
    // A builder would copy all parts.
    pub(crate) fn set_body(&mut self, body: SentBody) {
        self.body = body;
    }

    /// Sets the permit, which this number of arguments take.
    pub(crate) fn set_permit(&mut self, permit: Option<Permit>, callers: usize) {
        self.expires_at = permit.as_ref().and_then(Permit::expires_at);
        self.permit = permit;
        self.callers = callers;
    }

    /// Returns the time at which the credential of the request expires.
    pub(crate) const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns the permit of the request, for an input that depends on the caller, such as its
    /// tenant. `None` on a public operation, and without a credential on one that is optional.
    #[must_use]
    pub fn permit(&self) -> Option<&Permit> {
        self.permit.as_ref().filter(|permit| !permit.is_anonymous())
    }

    /// Takes the permit. The last argument that takes it gets it without a copy.
    pub(crate) fn take_permit(&mut self) -> Option<Permit> {
        self.callers = self.callers.saturating_sub(1);
        if self.callers == 0 {
            self.permit.take()
        } else {
            self.permit.clone()
        }
    }

    /// Sets the connection, if the client may use it for another protocol.
    pub(crate) fn set_upgrade(&mut self, upgrade: Option<OnUpgrade>) {
        self.upgrade = upgrade;
    }

    /// Returns the end of a connection that the request upgrades.
    #[cfg(feature = "websocket")]
    pub(crate) fn stream_end(&self) -> StreamEnd {
        let left = self.expires_at.map(|time| time_left(time, self.mounted.clock));
        self.mounted.streams.end_after(left)
    }

    /// Takes the connection, if the client may use it for another protocol.
    #[cfg(feature = "websocket")]
    pub(crate) fn take_upgrade(&mut self) -> Option<OnUpgrade> {
        self.upgrade.take()
    }

    /// Whether pages of the origin of the request may read answers.
    #[cfg(feature = "websocket")]
    pub(crate) fn is_allowed_origin(&self) -> bool {
        self.mounted
            .cors
            .is_some_and(|cors| cors.allowed(self.headers()).is_some())
    }

    /// Sets the resource that the route loaded.
    pub(crate) fn set_resource(&mut self, resource: Box<dyn Any + Send>) {
        self.resource = Some(resource);
    }

    /// Takes the resource, if it is of this type.
    pub(crate) fn take_resource<T: 'static>(&mut self) -> Option<T> {
        let resource = self.resource.take()?.downcast();
        resource.ok().map(|resource| *resource)
    }

    /// Returns the head of the request: method, raw path, raw query, headers and peer address.
    pub const fn head(&self) -> &'r RequestHead<'r> {
        self.head
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &'r Method {
        self.head.method()
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &'r HeaderMap {
        self.head.headers()
    }

    /// Returns the raw query; empty if there is none.
    #[must_use]
    pub const fn query(&self) -> &'r str {
        self.head.query()
    }

    /// Returns the id of the request, which its response and its log events contain.
    #[must_use]
    pub fn request_id(&self) -> &'r str {
        self.label.id_text()
    }

    /// Returns the whole body, within the limit of the operation. It is empty unless the input
    /// [reads](crate::input::Input::Reads) [`WholeBody`](crate::input::WholeBody).
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.body {
            SentBody::Whole(body) => body,
            SentBody::Unread | SentBody::Streamed(_) => &[],
        }
    }

    /// Takes the whole body, like [`RequestParts::body`].
    pub fn take_body(&mut self) -> Bytes {
        match std::mem::take(&mut self.body) {
            SentBody::Whole(body) => body,
            SentBody::Unread | SentBody::Streamed(_) => Bytes::new(),
        }
    }

    /// Takes the body as a stream. `None` unless the input
    /// [reads](crate::input::Input::Reads) [`StreamedBody`](crate::input::StreamedBody).
    pub fn take_stream(&mut self) -> Option<BodyStream> {
        match std::mem::take(&mut self.body) {
            SentBody::Streamed(body) => Some(body),
            SentBody::Unread | SentBody::Whole(_) => None,
        }
    }

    /// Whether the request announces a body that is streamed.
    pub(crate) fn has_stream(&self) -> bool {
        matches!(&self.body, SentBody::Streamed(body) if !body.is_empty())
    }

    /// Returns the decoded value of the parameter of the path with this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'r str> {
        let number = self.mounted.names.iter().position(|known| known == name)?;
        self.values.get(number).map(String::as_str)
    }

    /// Returns the parameters of the path, each with its decoded value, in the order of the
    /// template.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = (&'r str, &'r str)> + Clone + use<'r> {
        let names = self.mounted.names.iter().map(String::as_str);
        names.zip(self.values.iter().map(String::as_str))
    }

    /// Returns the value of this type that
    /// [`GateBuilder::state`](crate::GateBuilder::state) stores.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(&self) -> Option<&'r T> {
        self.mounted.states.get()
    }

    /// Returns the shape that the input of this type has described.
    pub(crate) fn shape(&self, input: TypeId) -> Option<&'r FieldShape> {
        let mut shapes = self.mounted.shapes.iter();
        shapes.find(|(known, _)| *known == input).map(|(_, shape)| shape)
    }
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for RequestParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestParts").finish_non_exhaustive()
    }
}
