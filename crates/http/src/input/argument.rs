//! The arguments of a handler: the caller and the inputs.

use scopegate_gate::{InputError, InvalidInput};
use scopegate_policy::Permit;

use crate::caller::{AccessUndeclared, CurrentUser, Guarded, Optional};
use crate::description::OperationDescription;
use crate::input::declaration::{Head, Input, MayPrecede, ReadKind};
use crate::input::parts::RequestParts;

/// A type that a handler may take, which depends on the declared access rule.
///
/// | declared | a handler may take |
/// |---|---|
/// | `.guard(&guard)`, `.and_guard(&guard)`, `.inherit_guards()` | [`Permit`], [`CurrentUser`], inputs |
/// | the same with `.optional()` | `Option<Permit>`, `Option<CurrentUser>`, inputs |
/// | `.public()` | inputs |
#[diagnostic::on_unimplemented(
    message = "a handler of an operation that is `{Access}` cannot take `{Self}`",
    label = "`Guarded` takes `Permit` or `CurrentUser`, `Optional` takes an `Option` of them, `Public` takes neither",
    note = "other arguments are inputs, such as `State<T>`, `Path<T>`, `Query<T>` and `Json<T>`; wrap data in one of them",
    note = "a type of the application implements `scopegate_http::input::Input`"
)]
pub trait Argument<Access>: Sized + Send + 'static {
    /// The part of the request that the argument reads.
    type Reads: ReadKind;
    /// Whether the argument is the caller.
    const IS_CALLER: bool = false;
    /// Whether the guard must require a user; checked when the gate is built.
    const NEEDS_USER: bool = false;

    /// Takes the argument of the request.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`].
    fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError>;

    /// Adds the description of the argument to the document.
    fn describe(description: &mut OperationDescription);
}

/// The reason why the handler of an authorized request is not called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the gate answers each")]
pub enum ArgumentError {
    /// The input is not as declared.
    Input(InputError),
    /// The permit does not match the declared caller. The guard was checked against the handler
    /// when the gate was built, so this is an internal error.
    Caller,
}

impl<Access, I: Input> Argument<Access> for I {
    type Reads = I::Reads;

    fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
        I::read(parts).map_err(ArgumentError::Input)
    }

    fn describe(description: &mut OperationDescription) {
        <I as Input>::describe(description);
    }
}

macro_rules! caller {
    ($caller:ty: $needs_user:literal, $of:expr) => {
        caller!(@ $caller: Guarded, $needs_user, $of);
        // So that the only error of a route without an access rule is that it has none.
        caller!(@ $caller: AccessUndeclared, $needs_user, $of);

        impl Argument<Optional> for Option<$caller> {
            type Reads = Head;
            const IS_CALLER: bool = true;
            const NEEDS_USER: bool = $needs_user;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                match parts.take_permit() {
                    None => Ok(None),
                    Some(permit) => $of(permit).map(Some).ok_or(ArgumentError::Caller),
                }
            }

            fn describe(_: &mut OperationDescription) {}
        }
    };
    (@ $caller:ty: $access:ty, $needs_user:literal, $of:expr) => {
        impl Argument<$access> for $caller {
            type Reads = Head;
            const IS_CALLER: bool = true;
            const NEEDS_USER: bool = $needs_user;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                parts.take_permit().and_then($of).ok_or(ArgumentError::Caller)
            }

            fn describe(_: &mut OperationDescription) {}
        }
    };
}

caller!(Permit: false, Some);
caller!(CurrentUser: true, CurrentUser::of_permit);

/// The arguments of a handler: a tuple of at most twelve [`Argument`]s. Only the last one may read
/// the body.
#[diagnostic::on_unimplemented(
    message = "a handler of an operation that is `{Access}` cannot take `{Self}`",
    note = "a handler has at most twelve arguments: the caller and inputs"
)]
pub trait ArgumentList<Access>: Sized + Send + 'static {
    /// The part of the request that the arguments read.
    type Reads: ReadKind;
    /// The number of arguments that are the caller.
    const CALLERS: usize;
    /// Whether the guard must require a user.
    const NEEDS_USER: bool;

    /// Takes the arguments of the request.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] with the errors of all inputs.
    fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError>;

    /// Adds the descriptions of the arguments to the document.
    fn describe(description: &mut OperationDescription);
}

impl<Access> ArgumentList<Access> for () {
    type Reads = Head;
    const CALLERS: usize = 0;
    const NEEDS_USER: bool = false;

    fn take(_: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
        Ok(())
    }

    fn describe(_: &mut OperationDescription) {}
}

const fn count(is_caller: bool) -> usize {
    if is_caller { 1 } else { 0 }
}

macro_rules! arguments {
    ($($first:ident $name:ident)*; $last:ident $last_name:ident) => {
        impl<Access, $($first,)* $last> ArgumentList<Access> for ($($first,)* $last,)
        where
            $($first: Argument<Access, Reads: MayPrecede<$first>>,)*
            $last: Argument<Access>,
        {
            type Reads = $last::Reads;
            const CALLERS: usize = $(count($first::IS_CALLER) +)* count($last::IS_CALLER);
            const NEEDS_USER: bool = $($first::NEEDS_USER ||)* $last::NEEDS_USER;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                let mut faults = Faults::default();
                $(let $name = faults.keep($first::take(parts));)*
                let $last_name = faults.keep($last::take(parts));
                match ($($name,)* $last_name,) {
                    ($(Some($name),)* Some($last_name),) => Ok(($($name,)* $last_name,)),
                    _ => Err(faults.into_error()),
                }
            }

            fn describe(description: &mut OperationDescription) {
                $($first::describe(description);)*
                $last::describe(description);
            }
        }
    };
}

arguments!(; A a);
arguments!(A a; B b);
arguments!(A a B b; C c);
arguments!(A a B b C c; D d);
arguments!(A a B b C c D d; E e);
arguments!(A a B b C c D d E e; F f);
arguments!(A a B b C c D d E e F f; G g);
arguments!(A a B b C c D d E e F f G g; H h);
arguments!(A a B b C c D d E e F f G g H h; I i);
arguments!(A a B b C c D d E e F f G g H h I i; J j);
arguments!(A a B b C c D d E e F f G g H h I i J j; K k);
arguments!(A a B b C c D d E e F f G g H h I i J j K k; L l);

/// The errors of several arguments.
#[derive(Default)]
struct Faults {
    inputs: Vec<InvalidInput>,
    /// The first error that is not about a value: it alone is answered.
    other: Option<ArgumentError>,
}

impl Faults {
    fn keep<T>(&mut self, taken: Result<T, ArgumentError>) -> Option<T> {
        match taken {
            Ok(value) => return Some(value),
            Err(ArgumentError::Input(InputError::Invalid(fault))) => self.inputs.push(fault),
            Err(ArgumentError::Input(InputError::Several(faults))) => self.inputs.extend(faults),
            Err(other) => _ = self.other.get_or_insert(other),
        }
        None
    }

    fn into_error(self) -> ArgumentError {
        let inputs = ArgumentError::Input(InputError::Several(self.inputs));
        self.other.unwrap_or(inputs)
    }
}
