//! The status and the `WWW-Authenticate` challenges of a denial, without a request.

use http::StatusCode;

use crate::challenge::Challenge;

/// The status and the challenges of the response to a denial, for tools that explain a policy, and
/// for tests.
///
/// ```
/// use scopegate_gate::policy::{Guard, Operation, OperationTable, PresentedCredentials, authorize};
/// use scopegate_gate::{Catalog, Dialect, ScopeToken, SecurityScheme, RefusalResponse, domain::Timestamp};
///
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).scope(ITEMS, "").build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([ITEMS])))
///     .build()?;
/// let denial = authorize(&table.operations()[0], &PresentedCredentials::new(Timestamp::from_unix(0))).unwrap_err();
/// let told = RefusalResponse::of(&denial, &[], &table, Dialect::rfc(), "Shop");
/// assert_eq!(told.status(), 401);
/// assert_eq!(told.challenges()[0].to_header(), r#"Bearer realm="Shop", scope="items""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefusalResponse {
    pub(crate) status: StatusCode,
    pub(crate) challenges: Vec<Challenge>,
}

impl RefusalResponse {
    /// Returns the status of the response.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the challenges in its `WWW-Authenticate` headers, in their order; none if no
    /// credential would help.
    #[must_use]
    pub fn challenges(&self) -> &[Challenge] {
        &self.challenges
    }
}
