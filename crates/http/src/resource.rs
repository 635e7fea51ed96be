//! The check of a resource: loads it, decides about it, and passes it to the handler.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use http::StatusCode;
use metrics::{Counter, counter, describe_counter};
use scopegate_gate::InputError;
use scopegate_policy::{Check, CheckContext, RESOURCE_CHECK};

use crate::answer::Answer;
use crate::description::OperationDescription;
use crate::handler::Handler;
use crate::input::declaration::{Head, Input};
use crate::input::{ArgumentError, ArgumentList, RequestParts};
use crate::resource_type::ResourceType;
use crate::response_body::Response;

const CHECKS: &str = "scopegate_resource_checks_total";

/// What a function of [`Route::load`](crate::Route::load) returns: the resource, or `None` if the
/// caller may not have it or if there is none.
///
/// `Option<T>`, or a `Result` of it with an error that is an [`Answer`], such as an error of the
/// database.
#[diagnostic::on_unimplemented(
    message = "a function of `load` cannot return `{Self}`",
    label = "it returns `Option<T>`, or `Result<Option<T>, E>` with an error that is an `Answer`"
)]
pub trait LoadedResource: Send + 'static {
    /// The resource.
    type Resource: Send + 'static;

    /// Returns the resource, or the response to an error.
    ///
    /// # Errors
    ///
    /// The response.
    #[expect(clippy::result_large_err, reason = "the error is the complete response")]
    fn into_resource(self) -> Result<Option<Self::Resource>, Response>;

    /// Adds the description of the responses to errors.
    fn describe(description: &mut OperationDescription);
}

impl<T: Send + 'static> LoadedResource for Option<T> {
    type Resource = T;

    fn into_resource(self) -> Result<Option<T>, Response> {
        Ok(self)
    }

    fn describe(_: &mut OperationDescription) {}
}

impl<T: Send + 'static, E: Answer> LoadedResource for Result<Option<T>, E> {
    type Resource = T;

    fn into_resource(self) -> Result<Option<T>, Response> {
        self.map_err(Answer::into_response)
    }

    fn describe(description: &mut OperationDescription) {
        E::describe(description);
    }
}

/// The resource that the function of [`Route::load`](crate::Route::load) returned. One argument of
/// the handler takes it. Dereferences to the resource.
///
/// ```
/// use scopegate_http::input::Loaded;
///
/// struct Note {
///     text: String,
/// }
///
/// async fn length(note: Loaded<Note>) -> String {
///     note.text.len().to_string()
/// }
/// # let _ = length;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Loaded<T>(pub T);

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + 'static> Input for Loaded<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        // INVARIANT: the gate is not built unless the route loads a `T` (tests/it/resources.rs,
        // `resource_that_is_not_loaded_is_a_build_error`).
        parts.take_resource().map(Self).ok_or(InputError::Unavailable)
    }

    fn describe(description: &mut OperationDescription) {
        description.resource(ResourceType::of::<T>());
    }
}

/// The check of a resource, as a route declares it.
pub(crate) struct ResourceCheck {
    pub(crate) name: Option<String>,
    /// The status if the caller may not have the resource: 403 or 404.
    pub(crate) status: StatusCode,
    pub(crate) resource: ResourceType,
    pub(crate) callers: usize,
    pub(crate) describe: fn(&mut OperationDescription),
    loader: Box<dyn Load>,
}

impl ResourceCheck {
    pub(crate) fn new<Access, F, Args, Kinds>(function: F, name: Option<&str>) -> Self
    where
        F: Handler<Args, Answer: LoadedResource>,
        F::Future: Send + 'static,
        Args: ArgumentList<Access, Kinds> + 'static,
        Kinds: 'static,
        Access: 'static,
    {
        Self {
            name: name.map(str::to_owned),
            status: StatusCode::NOT_FOUND,
            resource: ResourceType::of::<<F::Answer as LoadedResource>::Resource>(),
            callers: Args::CALLERS,
            describe: |description| {
                Args::describe(description);
                F::Answer::describe(description);
            },
            loader: Box::new(Typed::<F, Access, Args, Kinds> {
                function,
                of: PhantomData,
            }),
        }
    }
}

impl fmt::Debug for ResourceCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceCheck")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The future of a resource: `None` if the caller may not have it.
pub(crate) type Loading = Pin<Box<dyn Future<Output = Result<Option<Box<dyn Any + Send>>, Response>> + Send>>;

/// A function that loads a resource, without its types.
trait Load: Send + Sync {
    fn load(&self, parts: &mut RequestParts<'_>) -> Result<Loading, ArgumentError>;
}

struct Typed<F, Access, Args, Kinds> {
    function: F,
    of: PhantomData<fn(Access, Kinds) -> Args>,
}

impl<F, Access, Args, Kinds> Load for Typed<F, Access, Args, Kinds>
where
    F: Handler<Args, Answer: LoadedResource>,
    F::Future: Send + 'static,
    Args: ArgumentList<Access, Kinds> + 'static,
    Kinds: 'static,
{
    fn load(&self, parts: &mut RequestParts<'_>) -> Result<Loading, ArgumentError> {
        let loading = self.function.call(Args::take(parts)?);
        Ok(Box::pin(async move {
            let resource = loading.await.into_resource()?;
            Ok(resource.map(|resource| -> Box<dyn Any + Send> { Box::new(resource) }))
        }))
    }
}

/// The check of a resource in a gate.
pub(crate) struct MountedCheck {
    pub(crate) name: Box<str>,
    pub(crate) status: StatusCode,
    loader: Box<dyn Load>,
    loaded: Counter,
    refused: Counter,
}

impl MountedCheck {
    /// Mounts a check, and registers its metrics.
    pub(crate) fn new(check: ResourceCheck) -> Self {
        describe_counter!(CHECKS, "Checks of resources, by check and outcome.");
        let name = check.name.unwrap_or_default();
        let counted = |outcome: &'static str| counter!(CHECKS, "check" => name.clone(), "outcome" => outcome);
        Self {
            loaded: counted("loaded"),
            refused: counted("refused"),
            status: check.status,
            loader: check.loader,
            name: name.into(),
        }
    }

    /// Begins to load the resource.
    pub(crate) fn load(&self, parts: &mut RequestParts<'_>) -> Result<Loading, ArgumentError> {
        self.loader.load(parts)
    }

    /// Counts the outcome.
    pub(crate) fn count(&self, is_loaded: bool) {
        let counter = if is_loaded { &self.loaded } else { &self.refused };
        counter.increment(1);
    }
}

/// The check in the policy. It passes there, because the resource decides after the policy.
#[derive(Debug)]
pub(crate) struct PolicyCheck(String);

impl PolicyCheck {
    pub(crate) fn new(name: &str) -> Self {
        Self(format!("{RESOURCE_CHECK}{name}"))
    }
}

// SECURITY: the gate runs the function of the check before the handler. Tested by
// `tests/it/resources.rs`, `handler_runs_only_with_the_resource`.
impl Check for PolicyCheck {
    fn name(&self) -> &str {
        &self.0
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        true
    }
}
