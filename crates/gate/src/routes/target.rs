//! The target of a route.

/// The target of a method and a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a path leads to an operation or to an endpoint of the site"
)]
pub enum Target {
    /// The operation of this number in the table.
    Operation(usize),
    /// A site endpoint.
    Site {
        /// The number of the endpoint, in the order of registration.
        endpoint: usize,
        /// The number of its route.
        route: usize,
    },
}
