//! Values of the application.

use std::any::{Any, type_name};
use std::ops::Deref;

use http::Extensions;
use scopegate_gate::InputError;

use crate::description::{OperationDescription, StateType};
use crate::input::declaration::{Head, Input};
use crate::input::parts::RequestParts;

/// A value of the application, such as a pool of database connections. Each request gets a clone,
/// so use an `Arc` for a value that is expensive to clone.
///
/// [`GateBuilder::state`](crate::GateBuilder::state) stores it, one value for each type. The gate
/// is not built if a handler takes a type that it does not have. Dereferences to the value.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_http::{Catalog, Gate, get, input::State};
///
/// struct App {
///     greeting: String,
/// }
///
/// async fn greet(app: State<Arc<App>>) -> String {
///     app.greeting.clone()
/// }
///
/// let gate = Gate::builder(Catalog::builder().build()?)
///     .state(Arc::new(App { greeting: String::from("hello") }))
///     .operation(get("/greeting").public().then(greet))
///     .build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct State<T>(pub T);

impl<T: Any + Clone + Send + Sync> Input for State<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        // INVARIANT: the gate is not built without the value (tests/it/arguments.rs,
        // `missing_state_is_a_build_error`).
        parts.state::<T>().cloned().map(Self).ok_or(InputError::Unavailable)
    }

    fn describe(description: &mut OperationDescription) {
        description.state(StateType {
            name: type_name::<T>(),
            is_in: |states: &Extensions| states.get::<T>().is_some(),
        });
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
