//! FastAPI's tutorial on scopes, and the places where FastAPI does not enforce what was declared.

use std::sync::{Arc, Mutex};

use scopegate_domain::{
    ApiKeyLocation, Authenticated, Catalog, Claims, SchemeName, ScopeLayout, ScopeToken, SecurityScheme, Timestamp,
    User, UserId, UserStatus, Username, Verified,
};
use scopegate_policy::{
    Access, ActiveUser, Check, CheckContext, Denial, DenialPrecedence, Forbidden, Guard, InvalidTokenCause, Needs,
    Operation, OperationTable, Permit, PresentedCredentials, ResolvedOperation, TokenFacts, authorize,
};

const ADMIN: ScopeToken = ScopeToken::from_static("admin");
const AUDIT: ScopeToken = ScopeToken::from_static("audit");
const ITEMS: ScopeToken = ScopeToken::from_static("items");
const ME: ScopeToken = ScopeToken::from_static("me");
const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .scope(ADMIN, "")
        .scope(AUDIT, "")
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .without_subject()
        .build()
        .unwrap()
}

/// The tutorial's three operations: `/users/me/`, `/users/me/items/`, `/status/`.
fn tutorial(order: DenialPrecedence) -> OperationTable {
    let user = Guard::user()
        .named("get_current_user")
        .with_scheme("OAuth2PasswordBearer");
    let active = Guard::requires([ME])
        .check(ActiveUser)
        .depends_on(&user)
        .named("get_current_active_user");
    OperationTable::builder(catalog())
        .operation(Operation::get("/users/me/").guard(&active))
        .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&active)))
        .operation(Operation::get("/status/").guard(&user))
        .order(order)
        .build()
        .unwrap()
}

fn single(guard: &Guard) -> OperationTable {
    OperationTable::builder(catalog())
        .operation(Operation::get("/").guard(guard))
        .build()
        .unwrap()
}

fn bearer(table: &OperationTable, scopes: &[&str]) -> TokenFacts {
    let payload = format!(r#"{{"sub":"johndoe","scope":"{}"}}"#, scopes.join(" "));
    let claims = Verified::assertion(Claims::parse(payload.as_bytes(), ScopeLayout::Text).unwrap());
    table
        .token_facts(scheme(table, "OAuth2PasswordBearer"), &claims)
        .unwrap()
}

fn key(table: &OperationTable) -> TokenFacts {
    table.credential_facts(scheme(table, "key"), &Authenticated::assertion(()))
}

fn scheme(table: &OperationTable, name: &str) -> scopegate_policy::SchemeId {
    table.scheme_id(&SchemeName::parse(name).unwrap()).unwrap()
}

fn user(name: &str, status: UserStatus) -> Arc<User> {
    let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap());
    Arc::new(user.with_status(status))
}

/// What johndoe, who is active, gets with these scopes.
fn johndoe(table: &OperationTable, operation: &ResolvedOperation, scopes: &[&str]) -> Result<Permit, Denial> {
    let token = bearer(table, scopes);
    let presented = PresentedCredentials::new(NOW).with_token(&token, "johndoe");
    authorize(operation, &presented.with_user(user("johndoe", UserStatus::Active)))
}

#[test]
fn the_challenges_are_those_of_the_page() {
    let table = tutorial(DenialPrecedence::ScopesFirst);
    let [me, items, status] = table.operations() else {
        unreachable!()
    };
    assert_eq!(me.challenge_scope(), [ME]);
    assert_eq!(items.challenge_scope(), [ITEMS, ME]);
    assert!(status.challenge_scope().is_empty());
    assert_eq!((me.access(), status.access()), (Access::Scoped, Access::Authenticated));
    assert!(table.operations().iter().all(ResolvedOperation::needs_user));
    for operation in table.operations() {
        assert_eq!(operation.invalid_credential().scope(), operation.challenge_scope());
        assert_eq!(
            operation.schemes(),
            [SchemeName::parse("OAuth2PasswordBearer").unwrap()]
        );
    }
}

#[test]
fn johndoe_needs_both_scopes_for_own_items() {
    let table = tutorial(DenialPrecedence::ScopesFirst);
    let items = &table.operations()[1];
    let permit = johndoe(&table, items, &["me", "items"]).unwrap();
    assert_eq!(permit.user().unwrap().username().as_str(), "johndoe");
    assert_eq!(permit.required(), [ITEMS, ME]);
    assert!(permit.has_scope(&ME) && !permit.has_scope(&ADMIN));
    for (granted, expected) in [(&["me"][..], &[ITEMS][..]), (&["items"], &[ME]), (&[], &[ITEMS, ME])] {
        match johndoe(&table, items, granted).unwrap_err() {
            Denial::InsufficientScope {
                missing,
                unmet_requirement,
            } => {
                assert_eq!(missing, expected);
                assert_eq!(unmet_requirement.scope(), [ITEMS, ME]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn disabled_alice_is_refused_by_scope_first_in_the_tutorial() {
    for order in [DenialPrecedence::ScopesFirst, DenialPrecedence::Rfc] {
        let table = tutorial(order);
        let alice = |operation: &ResolvedOperation, scopes: &[&str]| {
            let token = bearer(&table, scopes);
            let presented = PresentedCredentials::new(NOW).with_token(&token, "alice");
            authorize(operation, &presented.with_user(user("alice", UserStatus::Disabled)))
        };
        let [me, _, status] = table.operations() else {
            unreachable!()
        };
        assert!(alice(status, &[]).is_ok(), "/status/ never asks");
        let inactive = |denial: &Denial| {
            matches!(
                denial,
                Denial::Forbidden {
                    reason: Forbidden::Inactive,
                    ..
                }
            )
        };
        assert!(inactive(&alice(me, &["me"]).unwrap_err()));
        let without_scope = alice(me, &[]).unwrap_err();
        assert_eq!(
            matches!(without_scope, Denial::InsufficientScope { .. }),
            order == DenialPrecedence::ScopesFirst
        );
        assert_eq!(inactive(&without_scope), order == DenialPrecedence::Rfc);
    }
}

#[test]
fn token_of_an_unknown_user_is_invalid_first() {
    for order in [DenialPrecedence::ScopesFirst, DenialPrecedence::Rfc] {
        let table = tutorial(order);
        let token = bearer(&table, &[]);
        for operation in table.operations() {
            let denial =
                authorize(operation, &PresentedCredentials::new(NOW).with_token(&token, "nobody")).unwrap_err();
            assert!(
                matches!(
                    denial,
                    Denial::InvalidToken {
                        cause: InvalidTokenCause::UnknownSubject,
                        ..
                    }
                ),
                "{denial}"
            );
        }
    }
}

#[test]
fn without_a_credential_every_scheme_that_would_do_is_named() {
    let table = tutorial(DenialPrecedence::ScopesFirst);
    match authorize(&table.operations()[0], &PresentedCredentials::new(NOW)).unwrap_err() {
        Denial::Unauthenticated {
            schemes,
            has_credential,
            ..
        } => {
            assert_eq!(schemes, [SchemeName::parse("OAuth2PasswordBearer").unwrap()]);
            assert!(!has_credential);
        }
        other => panic!("{other:?}"),
    }
    let anybody = single(&Guard::authenticated());
    match authorize(&anybody.operations()[0], &PresentedCredentials::new(NOW)).unwrap_err() {
        Denial::Unauthenticated { schemes, .. } => assert_eq!(schemes.len(), 2),
        other => panic!("{other:?}"),
    }
}

/// `Security(db, scopes=["admin"])` if nothing below takes `SecurityScopes`, and
/// `Security(oauth2_scheme, scopes=["admin"])`: FastAPI answers 200 to a token without the scope,
/// the first even without a token.
#[test]
fn scope_without_a_check_is_enforced() {
    let database = Guard::all_of([]).named("db");
    let scheme = Guard::authenticated().with_scheme("OAuth2PasswordBearer");
    for below in [database, scheme] {
        let table = single(&Guard::requires([ADMIN]).depends_on(&below));
        let operation = &table.operations()[0];
        assert_eq!(operation.challenge_scope(), [ADMIN]);
        assert!(johndoe(&table, operation, &["me", "items"]).is_err());
        assert!(authorize(operation, &PresentedCredentials::new(NOW)).is_err());
        assert!(johndoe(&table, operation, &["admin"]).is_ok());
    }
}

#[test]
fn two_guards_of_one_operation_give_one_challenge() {
    let both = Guard::all_of([&Guard::requires([ADMIN]), &Guard::requires([AUDIT])]);
    let table = single(&both);
    let denial = johndoe(&table, &table.operations()[0], &[]).unwrap_err();
    assert_eq!(denial.scope(), [ADMIN, AUDIT]);
    assert!(
        johndoe(
            &table,
            &table.operations()[0],
            denial
                .scope()
                .iter()
                .map(ScopeToken::as_str)
                .collect::<Vec<_>>()
                .as_slice()
        )
        .is_ok()
    );
}

#[test]
fn scope_twice_on_a_path_is_named_once() {
    let below = Guard::requires([ME, ITEMS]);
    let table = single(
        &Guard::requires([ITEMS])
            .depends_on(&below)
            .depends_on(&Guard::requires([ITEMS, ADMIN])),
    );
    assert_eq!(table.operations()[0].challenge_scope(), [ITEMS, ME, ADMIN]);
}

/// FastAPI writes two `security` objects, which OpenAPI reads as *or*.
#[test]
fn two_schemes_are_needed_together() {
    let table = single(&Guard::requires([ME]).depends_on(&Guard::authenticated().with_scheme("key")));
    let operation = &table.operations()[0];
    let [alternative] = &*operation.security() else {
        unreachable!()
    };
    let names: Vec<&str> = alternative.schemes().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["OAuth2PasswordBearer", "key"]);
    let (token, key) = (bearer(&table, &["me"]), key(&table));
    let together = PresentedCredentials::new(NOW)
        .with_token(&token, "johndoe")
        .with_token(&key, None);
    assert!(authorize(operation, &together).is_ok());
    match authorize(operation, &PresentedCredentials::new(NOW).with_token(&token, "johndoe")).unwrap_err() {
        Denial::Unauthenticated {
            schemes,
            has_credential,
            ..
        } => {
            assert_eq!(schemes, [SchemeName::parse("key").unwrap()]);
            assert!(has_credential, "no Bearer challenge stands beside a good bearer");
        }
        other => panic!("{other:?}"),
    }
}

/// Notes which scopes each check saw.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<(&'static str, String)>>>);

#[derive(Debug)]
struct Noting(&'static str, Notes);

impl Check for Noting {
    fn name(&self) -> &str {
        self.0
    }

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        self.1.0.lock().unwrap().push((self.0, place.scope_str()));
        true
    }
}

/// A dependency that two guards share: FastAPI has leaked scopes between them by its cache.
#[test]
fn siblings_never_see_each_other() {
    let notes = Notes::default();
    let shared = Guard::all_of([]).check(Noting("shared", notes.clone()));
    let left = Guard::requires([ADMIN])
        .depends_on(&shared)
        .check(Noting("left", notes.clone()));
    let right = Guard::requires([AUDIT])
        .depends_on(&shared)
        .check(Noting("right", notes.clone()));
    let table = single(
        &Guard::requires([ME])
            .depends_on(&left)
            .depends_on(&right)
            .depends_on(&left),
    );
    let _ = johndoe(&table, &table.operations()[0], &[]);
    let seen = std::mem::take(&mut *notes.0.lock().unwrap());
    let expected = [
        ("left", "me admin"),
        ("shared", "me admin"),
        ("right", "me audit"),
        ("shared", "me audit"),
    ];
    assert_eq!(seen, expected.map(|(check, scopes)| (check, scopes.to_owned())));
}
