//! **Does this set of facts satisfy this requirement?** The crate resolves the guards of each
//! operation to one requirement. For each request it returns a [`Permit`] or a [`Denial`].
//!
//! `scopegate-gate` uses it for every request. A program with another web framework
//! calls [`authorize`] itself. `scopegate-analysis` and `scopegate-openapi` read its tables.
//!
//! Start with [`Guard`], [`Rule`], [`Check`], [`Operation`], [`OperationTable`], [`TokenWorld`],
//! [`Presented`], [`authorize`], [`Permit`] and [`Denial`].
//!
//! The model:
//!
//! 1. An [`Atom`] holds for a request or does not: a scope, a scheme, `user`, `active`, a [`Check`]
//!    of the application.
//! 2. Atoms imply others. A scope implies its scheme, a scheme `authenticated`, and `active`
//!    implies `user`. The catalog declares which scopes imply others.
//! 3. A [`Guard`] has a [`Rule`] over atoms, optional checks, and the guards that it depends on.
//! 4. An [`Operation`] has guards. Those of the application and of its groups ([`Group`]) come
//!    first.
//! 5. Its [`Requirement`] is the conjunction of all of them: the list of the minimal sets of atoms
//!    that suffice.
//! 6. A check sees the scopes of everything that depends on it, outermost first. FastAPI calls them
//!    `SecurityScopes`.
//! 7. An [`OperationTable`] resolves all guard trees once. An undeclared, ambiguous or missing
//!    requirement is an error there, and so is one that is too large.
//! 8. A [`TokenWorld`] contains the atoms of a verified token and is made once. [`Presented`]
//!    contains the credentials of one request.
//! 9. [`authorize`] returns a permit if the atoms contain one of the minimal sets. A request with
//!    more atoms is never allowed less. Optional authentication is the exception: a request without
//!    a credential is authorized, and one with an insufficient credential is refused.
//! 10. A denial names everything that is missing, in one challenge for the whole tree.
//!
//! ```text
//! Catalog ──┐
//! Guard ──> Operation ──> OperationTable ──> ResolvedOperation ──┐
//! Verified<Claims> ─────> TokenWorld ──────> Presented ──────────┴─> authorize ──> Permit | Denial
//! ```
//!
//! FastAPI's tutorial on scopes:
//!
//! ```
//! use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
//! use scopegate_policy::{ActiveUser, Denial, Guard, Operation, OperationTable, Presented, authorize};
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
//! let active = Guard::requires([ME]).check(ActiveUser).on(&user).named("get_current_active_user");
//! let table = OperationTable::builder(catalog)
//!     .operation(Operation::get("/users/me/").guard(&active))
//!     .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).on(&active)))
//!     .operation(Operation::get("/status/").guard(&user))
//!     .build()?;
//!
//! let [_, own_items, _] = table.operations() else { unreachable!() };
//! assert_eq!(own_items.challenge_scope(), [ITEMS, ME]);
//!
//! // A token that was granted `me` alone. In a program the verifier makes the proof.
//! let claims = Verified::assertion(Claims::parse(br#"{"sub":"johndoe","scopes":["me"]}"#, ScopeLayout::List)?);
//! let scheme = table.scheme_id(&own_items.schemes()[0]).unwrap();
//! let token = table.token_world(scheme, &claims)?;
//! # use std::sync::Arc;
//! # use scopegate_domain::{User, UserId, Username};
//! # let johndoe = Arc::new(User::new(UserId::parse("u1")?, Username::parse("johndoe")?));
//! let presented = Presented::new(Timestamp::from_unix(0))
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
//! The feature `testing` adds permits and token worlds without a proof, for tests of applications.
//!
//! Out of scope: I/O, a clock, randomness, async functions; negation; prefix rules between scopes,
//! which grant too much; roles, which a program maps to scopes.

mod alternative;
mod assumed_credentials;
mod atom;
mod atom_set;
mod authorization_servers;
mod authorize;
mod ceiling;
mod check;
mod class_order;
mod decide;
mod declared_guards;
mod denial;
mod document_facts;
mod documented_errors;
mod explain;
mod group;
mod guard;
mod index;
mod least_annotation;
mod limits;
mod lint_rule;
mod locate;
mod method;
mod nearest;
mod negotiate;
mod obstacle;
mod operation;
mod operation_table;
mod path_segment;
mod permit;
mod presented;
mod requirement;
mod residual;
mod resolve;
mod resolved_operation;
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
mod universe;
mod world;

pub use alternative::Alternative;
pub use assumed_credentials::{AssumedCredentials, AssumedCredentialsBuilder};
pub use atom::{Atom, AtomId, Binding, Needs, SchemeId, SubjectKind};
pub use atom_set::AtomSet;
pub use authorization_servers::{AuthorizationServer, AuthorizationServers, ServerScope};
pub use authorize::authorize;
pub use ceiling::{Ceiling, CeilingKind};
pub use check::{ActiveUser, Check, Place, Reason};
pub use class_order::ClassOrder;
pub use decide::Decision;
pub use denial::{Denial, Forbidden, InvalidTokenCause};
pub use document_facts::{DocumentFacts, SecurityOrigin, UndeclaredScope, UndefinedScheme};
pub use documented_errors::DocumentedErrors;
pub use explain::{Explanation, Step, explain, explain_grant};
pub use group::Group;
pub use guard::Guard;
pub use index::RequirementIndex;
pub use least_annotation::LeastPrivilegeAnnotation;
pub use limits::{
    Limit, MAX_ALTERNATIVES, MAX_ATOMS, MAX_COMPARED, MAX_CONTEXTS, MAX_DEPTH, MAX_FORMED, MAX_KEPT, MAX_NODES,
    MAX_PLACES, MAX_VISIBLE,
};
pub use lint_rule::{LintRule, Severity, UnknownRule};
pub use locate::{Locator, locate};
pub use method::{Method, UnknownMethod};
pub use nearest::Nearest;
pub use negotiate::{Negotiated, negotiate};
pub use obstacle::{Lacking, Obstacle};
pub use operation::Operation;
pub use operation_table::{OperationTable, OperationTableBuilder, anonymous_template};
pub use permit::Permit;
pub use presented::{Presented, Subject};
pub use requirement::{Requirement, minimise};
pub use residual::Shortfall;
pub use resolved_operation::{Access, ResolvedOperation};
pub use rule::Rule;
pub use scope_names::NameError;
pub use shadow::{Counterpart, Shadow, ShadowVerdict};
pub use similar::nearest_name;
pub use table_error::TableError;
pub use universe::{Universe, UniverseBuilder, UniverseError};
pub use world::{TokenTooLarge, TokenWorld, World};
