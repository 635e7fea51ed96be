//! What a client is told of a denial, without a request.

use crate::{Challenge, StatusCode};

/// What a client would be told of a denial: for tools that explain a policy, and for tests of one.
///
/// ```
/// use scopegate_http::policy::{Guard, Operation, OperationTable, Presented, authorize};
/// use scopegate_http::{Catalog, Profile, ScopeToken, SecurityScheme, Told, domain::Timestamp};
///
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).scope(ITEMS, "").build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([ITEMS])))
///     .build()?;
/// let denial = authorize(&table.operations()[0], &Presented::new(Timestamp::from_unix(0))).unwrap_err();
/// let told = Told::of(&denial, &[], &table, Profile::Rfc, "Shop");
/// assert_eq!(told.status(), 401);
/// assert_eq!(told.challenges()[0].to_header(), r#"Bearer realm="Shop", scope="items""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Told {
    pub(crate) status: StatusCode,
    pub(crate) challenges: Vec<Challenge>,
}

impl Told {
    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The challenges in its `WWW-Authenticate` headers, in their order; none where no credential would help.
    #[must_use]
    pub fn challenges(&self) -> &[Challenge] {
        &self.challenges
    }
}
