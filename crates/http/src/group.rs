//! Groups: operations below a common prefix, behind common guards, under common tags.

use std::fmt;

use scopegate_policy::{self as policy, Guard};

use crate::route::{HandledOperation, OperationHandler};

/// Operations below one prefix, with common guards and common tags.
///
/// A group may contain groups. Guards and tags apply from the outside in, regardless of the order
/// of calls:
///
/// - the application's guards ([`GateBuilder::guard`](crate::GateBuilder::guard)),
/// - the outer group's,
/// - the inner group's,
/// - those of [`Route::and_guard`](crate::Route::and_guard),
/// - those of [`Route::guard`](crate::Route::guard).
///
/// The parameters of prefixes are parameters of each operation, before its own.
///
/// ```
/// use scopegate_http::{Catalog, Gate, Group, Guard, Json, Path, Permit, ScopeToken, SecurityScheme, get};
/// # use scopegate_http::domain::Secret;
/// # use scopegate_http::token::{SigningKey, TokenRules, Verifier};
///
/// const TEAM: ScopeToken = ScopeToken::from_static("team");
/// const REPORTS: ScopeToken = ScopeToken::from_static("reports");
/// # let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// # let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(TEAM, "Look into a team.")
///     .scope(REPORTS, "Read reports.")
///     .build()?;
///
/// async fn report(permit: Permit, Path((team, report)): Path<(String, u32)>) -> Json<String> {
///     Json(format!("report {report} of {team}, by {:?}", permit.required()))
/// }
///
/// let reports = Group::new("/reports")
///     .tag("reports")
///     .guard(Guard::requires([REPORTS]))
///     .operation(get("/{report}").inherit_guards().then(report));
/// let teams = Group::new("/teams/{team}").guard(Guard::requires([TEAM])).group(reports);
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", verifier)
///     .guard(Guard::authenticated())
///     .group(teams)
///     .operation(get("/status").public().override_guards().then(|| async { "up" }))
///     .build()?;
///
/// let operations = gate.operations().operations();
/// assert_eq!(operations[0].template(), "/teams/{team}/reports/{report}");
/// assert_eq!(operations[0].challenge_scope(), [TEAM, REPORTS]);
/// assert!(operations[1].is_override());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a group is mounted by `GateBuilder::group`"]
#[derive(Default)]
pub struct Group {
    policy: policy::Group,
    tags: Vec<String>,
    body_limit: Option<usize>,
    mounted: Vec<OperationHandler>,
}

impl Group {
    /// Creates a group. The prefix begins with a slash and ends without one, or is empty. Any other
    /// prefix is an error of the gate.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            policy: policy::Group::new(prefix),
            ..Self::default()
        }
    }

    /// Adds this guard to all its operations that do not override it.
    pub fn guard(self, guard: impl Into<Guard>) -> Self {
        self.map(|policy| policy.guard(guard))
    }

    /// Adds a tag to all operations of the group, before their own tags.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the maximum size of the bodies of all operations of the group in bytes, unless an
    /// operation or an inner group sets its own. Default: that of the outer group, else
    /// [`GateBuilder::body_limit`](crate::GateBuilder::body_limit).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Adds an operation; its template continues the prefix.
    pub fn operation(mut self, operation: HandledOperation) -> Self {
        self.mounted.push(operation.mounted);
        self.map(|policy| policy.operation(operation.operation))
    }

    /// Adds operations.
    pub fn operations(self, operations: impl IntoIterator<Item = HandledOperation>) -> Self {
        operations.into_iter().fold(self, Self::operation)
    }

    /// Adds the operations of another group. Its prefix is appended to this one, and its guards and
    /// tags follow these.
    pub fn group(mut self, group: Self) -> Self {
        let (inner, mounted) = group.into_parts();
        self.mounted.extend(mounted);
        self.map(|policy| policy.group(inner))
    }

    /// The policy's group, and the handlers of its operations, in their order.
    pub(crate) fn into_parts(self) -> (policy::Group, Vec<OperationHandler>) {
        let Self {
            policy,
            tags,
            body_limit,
            mut mounted,
        } = self;
        for mounted in &mut mounted {
            let own = std::mem::replace(&mut mounted.notes.tags, tags.clone());
            let new = own.into_iter().filter(|tag| !tags.contains(tag));
            mounted.notes.tags.extend(new);
            mounted.notes.body_limit = mounted.notes.body_limit.or(body_limit);
        }
        (policy, mounted)
    }

    fn map(mut self, change: impl FnOnce(policy::Group) -> policy::Group) -> Self {
        self.policy = change(self.policy);
        self
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("policy", &self.policy)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}
