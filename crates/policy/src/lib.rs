//! **Does this set of facts satisfy this requirement?** The crate resolves the guards of each
//! operation to one requirement. For each request it returns a [`Permit`] or a [`Denial`].
//!
//! `scopegate-gate` uses it for every request. A program with another web framework
//! calls [`authorize`] itself. `scopegate-analysis` and `scopegate-openapi` read its tables.
//!
//! Start with [`Guard`], [`Rule`], [`Check`], [`Operation`], [`OperationTable`], [`TokenFacts`],
//! [`PresentedCredentials`], [`authorize`], [`Permit`] and [`Denial`].
//!
//! The model:
//!
//! 1. A [`Fact`] holds for a request or does not: a scope, a scheme, `user`, `active`, a [`Check`]
//!    of the application.
//! 2. Facts imply others. A scope implies its scheme, a scheme `authenticated`, and `active`
//!    implies `user`. The catalog declares which scopes imply others.
//! 3. A [`Guard`] has a [`Rule`] over facts, optional checks, and the guards that it depends on.
//! 4. An [`Operation`] has guards. Those of the application and of its groups ([`Group`]) come
//!    first.
//! 5. Its [`Requirement`] is the conjunction of all of them: the list of the minimal sets of facts
//!    that suffice.
//! 6. A check sees the scopes of everything that depends on it, outermost first.
//! 7. An [`OperationTable`] resolves all guard trees once. An undeclared, ambiguous or missing
//!    requirement is an error there, and so is one that is too large.
//! 8. A [`TokenFacts`] contains the facts of a verified token and is made once.
//!    [`PresentedCredentials`] contains the credentials of one request.
//! 9. [`authorize`] returns a permit if the facts contain one of the minimal sets. A request with
//!    more facts is never allowed less. Optional authentication is the exception: a request without
//!    a credential is authorized, and one with an insufficient credential is refused.
//! 10. A denial names everything that is missing, in one challenge for the whole tree.
//!
//! ```text
//! Catalog ──┐
//! Guard ──> Operation ──> OperationTable ──> ResolvedOperation ──┐
//! Verified<Claims> ───> TokenFacts ───> PresentedCredentials ────┴─> authorize ──> Permit | Denial
//! ```
//!
//! Two scopes and three operations:
//!
//! ```
//! use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
//! use scopegate_policy::{ActiveUser, Denial, Guard, Operation, OperationTable, PresentedCredentials, authorize};
//!
//! const ME: ScopeToken = ScopeToken::from_static("me");
//! const ITEMS: ScopeToken = ScopeToken::from_static("items");
//!
//! let catalog = Catalog::builder()
//!     .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
//!     .scope(ME, "Read information about the current user.")
//!     .scope(ITEMS, "Read items.")
//!     .build()?;
//!
//! let user = Guard::user().named("get_current_user");
//! let active = Guard::requires([ME]).check(ActiveUser).depends_on(&user).named("get_current_active_user");
//! let table = OperationTable::builder(catalog)
//!     .operation(Operation::get("/users/me/").guard(&active))
//!     .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&active)))
//!     .operation(Operation::get("/status/").guard(&user))
//!     .build()?;
//!
//! let [_, own_items, _] = table.operations() else { unreachable!() };
//! assert_eq!(own_items.challenge_scope(), [ITEMS, ME]);
//!
//! // A token that was granted `me` alone. In a program the verifier makes the proof.
//! let claims = Verified::assertion(Claims::parse(br#"{"sub":"johndoe","scopes":["me"]}"#, ScopeLayout::List)?);
//! let scheme = table.scheme_id(&own_items.schemes()[0]).unwrap();
//! let token = table.token_facts(scheme, &claims)?;
//! # use std::sync::Arc;
//! # use scopegate_domain::{User, UserId, Username};
//! # let johndoe = Arc::new(User::new(UserId::parse("u1")?, Username::parse("johndoe")?));
//! let presented = PresentedCredentials::new(Timestamp::from_unix(0))
//!     .with_token(&token, claims.subject())
//!     .with_user(johndoe);
//! match authorize(own_items, &presented) {
//!     Err(denial @ Denial::InsufficientScope { .. }) => assert_eq!(denial.scope(), [ITEMS, ME]),
//!     other => panic!("{other:?}"),
//! }
//! assert!(authorize(&table.operations()[0], &presented).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The feature `testing` adds permits and token facts without a proof, for tests of applications.
//! It is off by default.
//!
//! Out of scope: I/O, a clock, randomness, async functions; negation; prefix rules between scopes,
//! which grant too much; roles, which a program maps to scopes.

mod alternative;
mod assumed_credentials;
mod authorization_servers;
mod authorize;
mod ceiling;
mod check;
mod decide;
mod declared_guards;
mod denial;
mod denial_cause;
mod denial_precedence;
mod document_facts;
mod documented_errors;
mod explain;
mod fact;
mod fact_set;
mod fact_table;
mod group;
mod guard;
mod index;
mod least_annotation;
mod limits;
mod lint_rule;
mod locate;
mod method;
mod named_checks;
mod nearest;
mod operation;
mod operation_table;
mod path_segment;
mod permit;
mod presented;
mod requirement;
mod resolve;
mod resolved_operation;
mod restrict_scope;
mod rule;
mod rule_resolver;
mod scope_names;
mod servers;
mod shadow;
mod similar;
mod subject_facts;
mod table_error;
#[cfg(feature = "testing")]
mod testing;
mod token_facts;
mod unmet_requirement;

pub use alternative::Alternative;
pub use assumed_credentials::{AssumedCredentials, AssumedCredentialsBuilder};
pub use authorization_servers::{AuthorizationServer, AuthorizationServers, ServerScope};
pub use authorize::authorize;
pub use ceiling::{Ceiling, CeilingKind};
pub use check::{ActiveUser, Check, CheckContext, RESOURCE_CHECK, Reason};
pub use decide::Decision;
pub use denial::{Denial, Forbidden, InvalidTokenCause};
pub use denial_cause::{DenialCause, MissingFact};
pub use denial_precedence::DenialPrecedence;
pub use document_facts::{DocumentFacts, SecurityOrigin, UndeclaredScope, UndefinedScheme};
pub use documented_errors::DocumentedErrors;
pub use explain::{Explanation, ExplanationStep, explain, explain_grant};
pub use fact::{Binding, Fact, FactId, Needs, SchemeId, SubjectKind};
pub use fact_set::FactSet;
pub use fact_table::{FactTable, FactTableBuilder, FactTableError};
pub use group::Group;
pub use guard::Guard;
pub use index::RequirementIndex;
pub use least_annotation::LeastPrivilegeAnnotation;
pub use limits::{
    Limit, MAX_ALTERNATIVES, MAX_COMPARED, MAX_CONTEXTS, MAX_DEPTH, MAX_FACTS, MAX_FORMED, MAX_KEPT, MAX_NODES,
    MAX_PLACES, MAX_VISIBLE,
};
pub use lint_rule::{LintRule, Severity, UnknownRule};
pub use locate::{Locator, locate};
pub use method::{Method, UnknownMethod};
pub use nearest::NearestAlternative;
pub use operation::Operation;
pub use operation_table::{OperationTable, OperationTableBuilder, anonymous_template};
pub use permit::Permit;
pub use presented::{PresentedCredentials, Subject};
pub use requirement::{Requirement, minimise};
pub use resolved_operation::{Access, ResolvedOperation};
pub use restrict_scope::{GrantedScope, restrict_scope};
pub use rule::Rule;
pub use scope_names::NameError;
pub use shadow::{ProposedOperation, Shadow, ShadowVerdict};
pub use similar::nearest_name;
pub use table_error::TableError;
pub use token_facts::{RequestFacts, TokenFacts, TokenTooLarge};
pub use unmet_requirement::UnmetRequirement;
