//! The arguments of a handler: the caller and the inputs.

use scopegate_domain::ApplicationUser;
use scopegate_gate::{InputError, InvalidInput};
use scopegate_policy::Permit;

use crate::caller::{AccessUndeclared, CurrentUser, Guarded, Optional};
use crate::data::RequestData;
use crate::description::{OperationDescription, PathElement};
use crate::input::declaration::{Head, Input, MayPrecede, ReadKind};
use crate::input::parts::RequestParts;
use crate::input::path::{self, Path};

/// A type that a handler may take, which depends on the declared access rule.
///
/// | declared | a handler may take |
/// |---|---|
/// | `.guard(&guard)`, `.and_guard(&guard)`, `.inherit_guards()` | [`Permit`], [`CurrentUser`], inputs |
/// | the same with `.optional()` | `Option<Permit>`, `Option<CurrentUser>`, inputs |
/// | `.public()` | inputs |
///
/// `Kind` is `()`, or [`PathElements`] for a [`Path`] of a tuple. The compiler finds it.
#[diagnostic::on_unimplemented(
    message = "a handler of an operation that is `{Access}` cannot take `{Self}`",
    label = "`Guarded` takes `Permit` or `CurrentUser`, `Optional` takes an `Option` of them, `Public` takes neither",
    note = "other arguments are inputs, such as `State<T>`, `Path<T>`, `Query<T>` and `Json<T>`; wrap data in one of them",
    note = "a type of the application implements `scopegate_http::input::Input`"
)]
pub trait Argument<Access, Kind = ()>: Sized + Send + 'static {
    /// The part of the request that the argument reads.
    type Reads: ReadKind;
    /// Whether the argument is the caller.
    const IS_CALLER: bool = false;

    /// Takes the argument of the request.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`].
    fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError>;

    /// Adds the description of the argument to the document.
    fn describe(description: &mut OperationDescription);
}

/// The kind of argument of a [`Path`] of a tuple, whose elements have schemas and which has none
/// itself.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum PathElements {}

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
    (@ [$($user:ident)?] $caller:ty: $access:ty, $needs_user:expr, $of:expr) => {
        impl<$($user: ApplicationUser)?> Argument<$access> for $caller {
            type Reads = Head;
            const IS_CALLER: bool = true;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                parts.take_permit().and_then($of).ok_or(ArgumentError::Caller)
            }

            fn describe(description: &mut OperationDescription) {
                $needs_user(description);
            }
        }
    };
    ([$($user:ident)?] $caller:ty: $needs_user:expr, $of:expr) => {
        caller!(@ [$($user)?] $caller: Guarded, $needs_user, $of);
        // So that the only error of a route without an access rule is that it has none.
        caller!(@ [$($user)?] $caller: AccessUndeclared, $needs_user, $of);

        impl<$($user: ApplicationUser)?> Argument<Optional> for Option<$caller> {
            type Reads = Head;
            const IS_CALLER: bool = true;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                match parts.take_permit() {
                    None => Ok(None),
                    Some(permit) => $of(permit).map(Some).ok_or(ArgumentError::Caller),
                }
            }

            fn describe(description: &mut OperationDescription) {
                $needs_user(description);
            }
        }
    };
}

macro_rules! path_elements {
    ($($element:ident)*) => {
        impl<Access, $($element: RequestData),*> Argument<Access, PathElements> for Path<($($element,)*)> {
            type Reads = Head;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                path::read::<Self, _>(parts).map(Self).map_err(ArgumentError::Input)
            }

            fn describe(description: &mut OperationDescription) {
                let elements = [$(PathElement::of::<$element>()),*];
                description.path_elements::<Self, ($($element,)*)>(&elements);
            }
        }

        /// Passes the error to the handler.
        impl<Access, $($element: RequestData),*> Argument<Access, PathElements>
            for Result<Path<($($element,)*)>, InputError>
        {
            type Reads = Head;

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                Ok(path::read::<Path<($($element,)*)>, _>(parts).map(Path))
            }

            fn describe(description: &mut OperationDescription) {
                <Path<($($element,)*)> as Argument<Access, PathElements>>::describe(description);
            }
        }
    };
}

path_elements!(A);
path_elements!(A B);
path_elements!(A B C);
path_elements!(A B C D);
path_elements!(A B C D E);
path_elements!(A B C D E F);
path_elements!(A B C D E F G);
path_elements!(A B C D E F G H);

caller!([] Permit: |_: &mut OperationDescription| (), Some);
caller!([U] CurrentUser<U>: OperationDescription::user::<U>, CurrentUser::of_permit);

/// The arguments of a handler: a tuple of at most twelve [`Argument`]s, of these kinds. Only the
/// last one may read the body.
#[diagnostic::on_unimplemented(
    message = "a handler of an operation that is `{Access}` cannot take `{Self}`",
    note = "a handler has at most twelve arguments: the caller and inputs"
)]
pub trait ArgumentList<Access, Kinds = ()>: Sized + Send + 'static {
    /// The part of the request that the arguments read.
    type Reads: ReadKind;
    /// The number of arguments that are the caller.
    const CALLERS: usize;

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

    fn take(_: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
        Ok(())
    }

    fn describe(_: &mut OperationDescription) {}
}

const fn count(is_caller: bool) -> usize {
    if is_caller { 1 } else { 0 }
}

macro_rules! arguments {
    ($($first:ident $kind:ident $name:ident)*; $last:ident $last_kind:ident $last_name:ident) => {
        impl<Access, $($first, $kind,)* $last, $last_kind> ArgumentList<Access, ($($kind,)* $last_kind,)>
            for ($($first,)* $last,)
        where
            $($first: Argument<Access, $kind, Reads: MayPrecede<$first>>,)*
            $last: Argument<Access, $last_kind>,
        {
            type Reads = $last::Reads;
            const CALLERS: usize = $(count($first::IS_CALLER) +)* count($last::IS_CALLER);

            fn take(parts: &mut RequestParts<'_>) -> Result<Self, ArgumentError> {
                let mut faults = Faults::default();
                // Inputs first, because they may read the permit, which callers take.
                $(let $name = faults.input::<Access, $kind, $first>(parts);)*
                let $last_name = faults.input::<Access, $last_kind, $last>(parts);
                $(let $name = faults.caller::<Access, $kind, $first>($name, parts);)*
                let $last_name = faults.caller::<Access, $last_kind, $last>($last_name, parts);
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

arguments!(; A AK a);
arguments!(A AK a; B BK b);
arguments!(A AK a B BK b; C CK c);
arguments!(A AK a B BK b C CK c; D DK d);
arguments!(A AK a B BK b C CK c D DK d; E EK e);
arguments!(A AK a B BK b C CK c D DK d E EK e; F FK f);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f; G GK g);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f G GK g; H HK h);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f G GK g H HK h; I IK i);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f G GK g H HK h I IK i; J JK j);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f G GK g H HK h I IK i J JK j; K KK k);
arguments!(A AK a B BK b C CK c D DK d E EK e F FK f G GK g H HK h I IK i J JK j K KK k; L LK l);

/// The errors of several arguments.
#[derive(Default)]
struct Faults {
    inputs: Vec<InvalidInput>,
    /// The first error that is not about a value: it alone is answered.
    other: Option<ArgumentError>,
}

impl Faults {
    /// Takes an argument that is not the caller.
    fn input<Access, Kind, A: Argument<Access, Kind>>(&mut self, parts: &mut RequestParts<'_>) -> Option<A> {
        if A::IS_CALLER { None } else { self.keep(A::take(parts)) }
    }

    /// Takes the caller. Every other argument was taken before.
    fn caller<Access, Kind, A: Argument<Access, Kind>>(
        &mut self,
        taken: Option<A>,
        parts: &mut RequestParts<'_>,
    ) -> Option<A> {
        if A::IS_CALLER { self.keep(A::take(parts)) } else { taken }
    }

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
