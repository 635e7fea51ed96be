//! The functions that handle an operation.

use scopegate_policy::Permit;

use crate::caller::{AccessDeclared, Caller};

/// A function that can handle an operation. It takes the caller first (or none), then the declared
/// inputs in their order. It returns a future of an [`Answer`](crate::answer::Answer).
///
/// `State` is the declared access rule: `Guarded`, `Optional` or `Public`, all in
/// [`typestate`](crate::typestate). `Values` are the types of the inputs. Only functions and
/// closures implement it.
#[diagnostic::on_unimplemented(
    message = "this function cannot answer an operation that is `{State}` and reads `{Values}`",
    label = "not a handler for it",
    note = "its arguments are the caller (`Permit` or `CurrentUser`, an `Option` of it if the operation is `Optional`, or none), \
            then one for each of `{Values}`, in this order",
    note = "it is `Clone + Send + Sync + 'static` and returns a future that is `Send`",
    note = "the arguments of a closure need their types written down"
)]
pub trait Handler<State, Values, Marker>: Clone + Send + Sync + 'static {
    /// The type of the handler's response.
    type Answer;
    /// The future of the answer.
    type Future: Future<Output = Self::Answer> + Send + 'static;
    /// Whether the caller must be a user.
    const NEEDS_USER: bool;

    /// Calls the function. Returns `None` if the permit does not match the declared caller.
    fn call(&self, permit: Option<Permit>, values: Values) -> Option<Self::Future>;
}

/// Marks handlers with a caller.
#[derive(Debug)]
#[non_exhaustive]
pub struct WithCaller<Who>(std::marker::PhantomData<Who>);

/// Marks handlers without a caller.
#[derive(Debug)]
#[non_exhaustive]
pub struct WithoutCaller;

macro_rules! handler {
    ($($value:ident $name:ident)*) => {
        impl<F, Fut, State, Who, $($value),*> Handler<State, ($($value,)*), WithCaller<Who>> for F
        where
            F: Fn(Who, $($value),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            State: AccessDeclared,
            Who: Caller<State>,
        {
            type Answer = Fut::Output;
            type Future = Fut;
            const NEEDS_USER: bool = Who::NEEDS_USER;

            fn call(&self, permit: Option<Permit>, ($($name,)*): ($($value,)*)) -> Option<Fut> {
                Some(self(Who::admit(permit)?, $($name),*))
            }
        }

        impl<F, Fut, State, $($value),*> Handler<State, ($($value,)*), WithoutCaller> for F
        where
            F: Fn($($value),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            State: AccessDeclared,
        {
            type Answer = Fut::Output;
            type Future = Fut;
            const NEEDS_USER: bool = false;

            fn call(&self, _: Option<Permit>, ($($name,)*): ($($value,)*)) -> Option<Fut> {
                Some(self($($name),*))
            }
        }
    };
}

handler!();
handler!(A a);
handler!(A a B b);
handler!(A a B b C c);
handler!(A a B b C c D d);
handler!(A a B b C c D d E e);
