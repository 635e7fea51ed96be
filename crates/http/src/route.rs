//! The declaration of one operation: route, guard, inputs and handler at once.

use std::fmt;
use std::marker::PhantomData;

use http::StatusCode;
use scopegate_policy::{Guard, Method, Operation};

use crate::answer::Answer;
use crate::caller::{AcceptsGuard, AccessDeclared, AccessUndeclared, Guarded, Optional, Public};
use crate::description::OperationDescription;
use crate::erased_handler::{Handle, Typed};
use crate::handler::Handler;
use crate::input::ArgumentList;
use crate::input::declaration::MayPrecede;
use crate::operation_metadata::{OperationMetadata, function_name};
use crate::resource::{LoadedResource, PolicyCheck, ResourceCheck};

/// An operation that is being declared.
///
/// `Access` is the access rule. While it is [`AccessUndeclared`], `then` does not compile, so an
/// operation without an access rule cannot be mounted.
///
/// ```compile_fail,E0277
/// use scopegate_http::get;
///
/// let operation = get("/secrets").then(|| async { "all of them" });
/// ```
///
/// ```
/// use scopegate_http::{Guard, Json, Path, Permit, get};
///
/// let operation = get("/secrets/{id}")
///     .guard(Guard::authenticated())
///     .then(|permit: Permit, Path(id): Path<u32>| async move { Json(format!("{id}, of {:?}", permit.required())) });
/// # let _ = operation;
/// ```
///
/// A handler with an argument that the access rule does not provide is a compile-time error that
/// names both:
///
/// ```compile_fail,E0277
/// use scopegate_http::{Permit, get};
///
/// let operation = get("/status").public().then(|permit: Permit| async { "up" });
/// ```
#[must_use = "an operation is declared by `then`"]
pub struct Route<Access> {
    operation: Operation,
    notes: OperationMetadata,
    resource: Option<ResourceCheck>,
    access: PhantomData<fn(Access)>,
}

/// Declares `DELETE` on a path template.
pub fn delete(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Delete, template)
}

/// Declares `GET` on a path template. It answers `HEAD` too ([RFC 9110, section
/// 9.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.1)), unless the
/// [dialect](crate::site::Dialect::has_implicit_head) says no.
///
/// ```
/// use scopegate_http::get;
///
/// let operation = get("/status/").public().then(|| async { "up" });
/// # let _ = operation;
/// ```
pub fn get(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Get, template)
}

/// Declares `PATCH` on a path template.
pub fn patch(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Patch, template)
}

/// Declares `POST` on a path template.
pub fn post(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Post, template)
}

/// Declares `PUT` on a path template.
pub fn put(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Put, template)
}

/// Declares a method on a path template, such as `/users/{id}`. With the prefixes of its groups the
/// template is the whole path, regardless of where the gate's filter is mounted.
pub fn route(method: Method, template: impl Into<String>) -> Route<AccessUndeclared> {
    Route {
        operation: Operation::new(method, template),
        notes: OperationMetadata::default(),
        resource: None,
        access: PhantomData,
    }
}

impl Route<AccessUndeclared> {
    /// Uses only the guards of the groups and of the application. Without any, the gate is not
    /// built.
    pub fn inherit_guards(self) -> Route<Guarded> {
        self.map(|operation| operation)
    }

    /// Allows every request, without reading any credential. Below guards of a group or of the
    /// application the gate is built only if the operation is [`Route::override_guards`] them.
    pub fn public(self) -> Route<Public> {
        self.map(|operation| operation.guard(Guard::public()))
    }
}

impl<Access> Route<Access> {
    /// Adds this guard. Several guards do not see each other's scopes; they apply in the order of
    /// the calls.
    pub fn guard(self, guard: impl Into<Guard>) -> Route<Guarded>
    where
        Access: AcceptsGuard,
    {
        self.map(|operation| operation.guard(guard))
    }

    /// Adds this guard before those of [`Route::guard`], regardless of the order of the calls.
    /// Its requirements are enforced and documented like all others.
    ///
    /// ```
    /// use scopegate_http::{ActiveUser, CurrentUser, Guard, ScopeToken, get};
    ///
    /// const ME: ScopeToken = ScopeToken::from_static("me");
    ///
    /// let operation = get("/users/me/")
    ///     .and_guard(Guard::authenticated().with_scheme("api_key"))
    ///     .guard(Guard::requires([ME]).check(ActiveUser))
    ///     .then(|user: CurrentUser| async move { user.username().to_string() });
    /// # let _ = operation;
    /// ```
    pub fn and_guard(self, guard: impl Into<Guard>) -> Route<Guarded>
    where
        Access: AcceptsGuard,
    {
        self.map(|operation| operation.and_guard(guard))
    }
}

impl Route<Guarded> {
    /// Accepts a request without a credential as anonymous; a bad credential is still refused.
    /// Below guards of a group or of the application that require a credential the gate is built
    /// only if the operation is [`Route::override_guards`] them.
    pub fn optional(self) -> Route<Optional> {
        self.map(Operation::optional)
    }

    /// Checks the resource of the request: this function loads it and decides whether the caller
    /// may have it. The handler takes it as [`Loaded`](crate::input::Loaded).
    ///
    /// The function takes the caller and inputs of the head, as a handler does. It returns
    /// `Option<T>`, or a `Result` of it with an error that is an [`Answer`]. `None` is 404, so that
    /// a caller does not learn which resources exist; see [`Route::or_forbidden`]. It runs after
    /// the guard and before the handler.
    ///
    /// The check has the name of the function, or that of [`Route::check_named`]. The document,
    /// policy files and explanations call it `resource:NAME`. The metric
    /// `scopegate_resource_checks_total` counts it. Lint rule `unchecked-resource` finds operations
    /// on the same path without a check. An operation has one check: a second is
    /// an error when the gate is built, and so is a check of an operation that is `optional`.
    ///
    /// ```
    /// use scopegate_http::{Guard, Json, Path, Permit, get, input::Loaded};
    ///
    /// struct Note {
    ///     owner: String,
    ///     text: String,
    /// }
    ///
    /// async fn own_note(permit: Permit, Path(id): Path<u64>) -> Option<Note> {
    ///     let note = Note { owner: String::from("u1"), text: format!("note {id}") };
    ///     (permit.subject() == Some(&note.owner)).then_some(note)
    /// }
    ///
    /// async fn read(Loaded(note): Loaded<Note>) -> Json<String> {
    ///     Json(note.text)
    /// }
    ///
    /// let operation = get("/notes/{id}").guard(Guard::authenticated()).load(own_note).then(read);
    /// # let _ = operation;
    /// ```
    pub fn load<F, Args, Kinds>(mut self, check: F) -> Self
    where
        F: Handler<Args>,
        F::Future: Send + 'static,
        F::Answer: LoadedResource,
        Args: ArgumentList<Guarded, Kinds, Reads: MayPrecede<Args>> + 'static,
        Kinds: 'static,
    {
        self.notes.check.is_repeated |= self.resource.is_some();
        self.resource = Some(ResourceCheck::new::<Guarded, F, Args, Kinds>(
            check,
            function_name::<F>(),
        ));
        self
    }

    /// Sets the name of the check of [`Route::load`]. Default: that of the function. A closure has
    /// no name.
    pub fn check_named(mut self, name: impl Into<String>) -> Self {
        self.notes.check.name = Some(name.into());
        self
    }

    /// Answers 403 if the function of [`Route::load`] returns `None`. Default: 404.
    pub fn or_forbidden(mut self) -> Self {
        self.notes.check.is_forbidden = true;
        self
    }
}

impl<Access> Route<Access> {
    /// Sets the name of the operation. The document's `operationId` and `summary` are made of
    /// it: `read_users_me` becomes `read_users_me_users_me__get` and `Read
    /// Users Me`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.notes.name = Some(name.clone());
        self.map(|operation| operation.named(name))
    }

    /// Sets the document's `operationId`, which generated clients use as the name of the operation.
    /// Default: derived from the name, the template and the method. Two operations with the same
    /// `operationId` are an error when the gate is built.
    pub fn operation_id(mut self, id: impl Into<String>) -> Self {
        self.notes.operation_id = Some(id.into());
        self
    }

    /// Sets the summary, a few words for a list of operations. Default: derived from the name.
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.notes.summary = Some(text.into());
        self
    }

    /// Sets the description, as `CommonMark`. Default: none.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.notes.description = Some(text.into());
        self
    }

    /// Adds a tag, under which tools group operations.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.notes.tags.push(tag.into());
        self
    }

    /// States in the document that clients should no longer use the operation. Default: they may.
    pub fn deprecated(mut self) -> Self {
        self.notes.is_deprecated = true;
        self
    }

    /// Sets the address of more documentation. Default: none.
    pub fn external_docs(mut self, url: impl Into<String>, description: impl Into<String>) -> Self {
        self.notes.external_docs = Some((url.into(), description.into()));
        self
    }

    /// Leaves the operation out of the document. It is guarded, counted and reported like any
    /// other. Default: the document contains it.
    pub fn hidden(mut self) -> Self {
        self.notes.is_hidden = true;
        self
    }

    /// Replaces the guards of the groups and of the application by the operation's own guards.
    /// Default: all of them apply. Without own guards, the gate is not built.
    ///
    /// Reports show the override:
    /// [`ResolvedOperation::overridden`](crate::policy::ResolvedOperation::overridden) in
    /// [`Gate::operations`](crate::Gate::operations), explanations, `x-scopegate-overrides` in the
    /// document, and a log line when the gate is built.
    pub fn override_guards(self) -> Self {
        self.map(Operation::override_guards)
    }

    /// Sets the maximum size of the body in bytes. A larger body is refused with 413, before it is
    /// read. Default: that of the group, else
    /// [`GateBuilder::body_limit`](crate::GateBuilder::body_limit).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.notes.body_limit = Some(bytes);
        self
    }

    /// Sets the function that answers the operation. It takes the caller and
    /// [inputs](crate::input), in any order; an input that reads the body is the last argument.
    /// [`Argument`](crate::typestate::Argument) lists the types of callers for each access rule.
    /// Default name of the operation: that of the function.
    ///
    /// A request has one body. Two arguments that read it do not compile.
    ///
    /// ```compile_fail,E0277
    /// use scopegate_http::{Json, post};
    ///
    /// let operation = post("/two").public().then(|a: Json<String>, b: Json<String>| async { "" });
    /// ```
    pub fn then<F, Args, Kinds>(self, handler: F) -> HandledOperation
    where
        Access: AccessDeclared,
        F: Handler<Args>,
        F::Future: Send + 'static,
        F::Answer: Answer,
        Args: ArgumentList<Access, Kinds> + 'static,
        Kinds: 'static,
    {
        let describe = |description: &mut OperationDescription| {
            Args::describe(description);
            F::Answer::describe(description);
        };
        let endpoint = Typed::<F, Access, Args, Kinds>::new(handler);
        self.handled(function_name::<F>(), describe, Box::new(endpoint))
    }

    /// Does the work of [`Route::then`] that does not depend on the handler's types, so that it is
    /// compiled once.
    fn handled(
        mut self,
        name: Option<&str>,
        describe: fn(&mut OperationDescription),
        endpoint: Box<dyn Handle>,
    ) -> HandledOperation {
        if self.notes.name.is_none()
            && let Some(name) = name
        {
            self = self.named(name);
        }
        let mut description = OperationDescription::default();
        if let Some(check) = &mut self.resource {
            check.name = self.notes.check.name.take().or(check.name.take());
            if self.notes.check.is_forbidden {
                check.status = StatusCode::FORBIDDEN;
            }
            (check.describe)(&mut description);
            self.notes.check.is_repeated |= description.taken_resource().is_some();
            if check.status == StatusCode::NOT_FOUND {
                description.may_be_missing();
            }
        }
        if let Some(name) = self.resource.as_ref().and_then(|check| check.name.as_deref()) {
            let guard = Guard::authenticated().check(PolicyCheck::new(name));
            self.operation = self.operation.guard(guard);
        }
        describe(&mut description);
        HandledOperation {
            operation: self.operation,
            mounted: OperationHandler {
                notes: self.notes,
                description,
                resource: self.resource,
                endpoint,
            },
        }
    }
}

impl<Access> Route<Access> {
    fn map<Other>(self, change: impl FnOnce(Operation) -> Operation) -> Route<Other> {
        Route {
            operation: change(self.operation),
            notes: self.notes,
            resource: self.resource,
            access: PhantomData,
        }
    }
}

impl<Access> fmt::Debug for Route<Access> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// An operation with its handler, ready for a [`Gate`](crate::Gate) or a [`Group`](crate::Group).
///
/// ```
/// use scopegate_http::{HandledOperation, get};
///
/// fn status() -> HandledOperation {
///     get("/status").public().then(|| async { "up" })
/// }
/// # let _ = status;
/// ```
pub struct HandledOperation {
    pub(crate) operation: Operation,
    pub(crate) mounted: OperationHandler,
}

/// The handler and the description of an operation. The operation itself is in the table.
pub(crate) struct OperationHandler {
    pub(crate) notes: OperationMetadata,
    pub(crate) description: OperationDescription,
    pub(crate) resource: Option<ResourceCheck>,
    pub(crate) endpoint: Box<dyn Handle>,
}

impl fmt::Debug for HandledOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandledOperation")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
