//! Handlers without their types.

use std::marker::PhantomData;
use std::pin::Pin;

use crate::answer::Answer;
use crate::caller::AccessDeclared;
use crate::handler::Handler;
use crate::input::declaration::ReadKind;
use crate::input::{ArgumentError, ArgumentList, BodyUse, RequestParts};
use crate::response_body::Response;

/// The future of a response.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler without its types. Each operation is boxed, so that a hundred of them are not a type
/// with a hundred levels.
pub(crate) trait Handle: Send + Sync {
    /// The number of arguments that take the permit.
    fn callers(&self) -> usize;

    /// How the body is used.
    fn body_use(&self) -> BodyUse;

    /// Reads the inputs and calls the handler.
    fn call(&self, parts: &mut RequestParts<'_>) -> Result<Answering, ArgumentError>;
}

/// A handler with its types.
pub(crate) struct Typed<F, Access, Args, Kinds> {
    handler: F,
    of: PhantomData<fn(Access, Kinds) -> Args>,
}

impl<F, Access, Args, Kinds> Typed<F, Access, Args, Kinds> {
    pub(crate) const fn new(handler: F) -> Self {
        Self {
            handler,
            of: PhantomData,
        }
    }
}

impl<F, Access, Args, Kinds> Handle for Typed<F, Access, Args, Kinds>
where
    Access: AccessDeclared,
    F: Handler<Args>,
    F::Future: Send + 'static,
    F::Answer: Answer,
    Args: ArgumentList<Access, Kinds> + 'static,
    Kinds: 'static,
{
    fn callers(&self) -> usize {
        Args::CALLERS
    }

    fn body_use(&self) -> BodyUse {
        <Args::Reads as ReadKind>::BODY
    }

    fn call(&self, parts: &mut RequestParts<'_>) -> Result<Answering, ArgumentError> {
        let handler = self.handler.call(Args::take(parts)?);
        Ok(Box::pin(async move { handler.await.into_response() }))
    }
}
