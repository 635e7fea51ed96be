//! A shadow reports the decision of its policy, and reports when it depends on what was not
//! checked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use scopegate_domain::{
    ApiKeyLocation, Catalog, Claims, Lifetime, SchemeName, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, User,
    UserId, UserStatus, Username, Verified,
};
use scopegate_policy::{
    Binding, Check, CheckContext, Fact, Guard, Needs, Operation, OperationTable, PresentedCredentials, Reason,
    ResolvedOperation, Rule, Shadow, ShadowVerdict, SubjectKind, TokenFacts, authorize,
};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
const SCHEMES: [&str; 3] = ["oauth", "partner", "key"];
const CHECKS: [(&str, Needs); 3] = [
    ("owner", Needs::User),
    ("quota", Needs::Authentication),
    ("seal", Needs::Nothing),
];

fn scope(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

fn scheme(name: &str) -> SchemeName {
    SchemeName::parse(name).unwrap()
}

/// Two catalogs of the same schemes in other orders, with other scopes and other edges.
fn catalog(is_proposed: bool) -> Catalog {
    let oauth = || SecurityScheme::oauth2_password("token");
    let key = SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key");
    let builder = Catalog::builder();
    let builder = if is_proposed {
        builder
            .scheme("key", key)
            .without_subject()
            .scheme("oauth", oauth())
            .scope(scope("d"), "")
            .scope(scope("c"), "")
            .scope(scope("a"), "")
            .implies(scope("c"), scope("a"))
            .scheme("partner", oauth())
            .scope(scope("b"), "")
            .scope(scope("a"), "")
    } else {
        builder
            .scheme("oauth", oauth())
            .scope(scope("a"), "")
            .scope(scope("b"), "")
            .scope(scope("c"), "")
            .implies(scope("b"), scope("a"))
            .scheme("partner", oauth())
            .scope(scope("a"), "")
            .scheme("key", key)
            .without_subject()
    };
    builder.build().unwrap()
}

fn check(place: usize) -> Fact {
    let (name, needs) = CHECKS[place];
    Fact::Check {
        name: name.into(),
        needs,
    }
}

fn atoms(is_proposed: bool) -> Vec<Rule> {
    let scopes: &[(&str, &str)] = if is_proposed {
        &[
            ("oauth", "a"),
            ("oauth", "c"),
            ("oauth", "d"),
            ("partner", "a"),
            ("partner", "b"),
        ]
    } else {
        &[("oauth", "a"), ("oauth", "b"), ("oauth", "c"), ("partner", "a")]
    };
    let scopes = scopes.iter().map(|(name, token)| Fact::Scope {
        scheme: scheme(name),
        token: scope(token),
    });
    let others = [
        Fact::Acr("gold".into()),
        Fact::Active,
        Fact::AgeAtMost(Lifetime::from_seconds(60)),
        Fact::AgeAtMost(Lifetime::from_seconds(300)),
        Fact::Authenticated,
        Fact::Bound(Binding::Dpop),
        Fact::Subject(SubjectKind::User),
        Fact::User,
    ];
    let schemes = SCHEMES.map(|name| Fact::Scheme(scheme(name)));
    let checks = [0, 1, 2].map(check);
    scopes
        .chain(others)
        .chain(schemes)
        .chain(checks)
        .map(Rule::Fact)
        .collect()
}

/// The guards of an operation.
#[derive(Clone, Debug)]
enum EntryPoint {
    Deny,
    Guarded(Rule),
    Optional(Rule),
    Public,
}

fn entry_point(is_proposed: bool) -> impl Strategy<Value = EntryPoint> {
    let leaf = select(atoms(is_proposed));
    let rule = leaf.prop_recursive(2, 10, 3, |inner| {
        let list = prop::collection::vec(inner, 1..=3);
        prop_oneof![list.clone().prop_map(Rule::All), list.prop_map(Rule::Any)]
    });
    prop_oneof![
        1 => Just(EntryPoint::Deny),
        1 => Just(EntryPoint::Public),
        4 => rule.clone().prop_map(EntryPoint::Optional),
        12 => rule.prop_map(EntryPoint::Guarded),
    ]
}

fn table(entry_point: &EntryPoint, template: &str, is_proposed: bool) -> OperationTable {
    let operation = Operation::get(template);
    let operation = match entry_point {
        EntryPoint::Deny => operation.guard(Guard::deny()),
        EntryPoint::Guarded(rule) => operation.guard(Guard::rule(rule.clone())),
        EntryPoint::Optional(rule) => operation.guard(Guard::rule(rule.clone())).optional(),
        EntryPoint::Public => operation.guard(Guard::public()),
    };
    let table = OperationTable::builder(catalog(is_proposed)).operation(operation);
    table.build().unwrap()
}

/// An accepted credential, before it is put into the words of a policy.
#[derive(Clone, Debug)]
struct Provided {
    scheme: &'static str,
    scopes: Vec<&'static str>,
    subject: usize,
    age: Option<i64>,
    is_gold: bool,
    is_bound: bool,
}

const SUBJECTS: [&str; 2] = ["alice", "bob"];

impl Provided {
    fn world(&self, table: &OperationTable) -> TokenFacts {
        let mut claims = format!(r#"{{"sub":"{}","scopes":{:?}"#, SUBJECTS[self.subject], self.scopes);
        if let Some(age) = self.age {
            write!(claims, r#","auth_time":{}"#, NOW.as_unix() - age).unwrap();
        }
        claims.push_str(if self.is_gold { r#","acr":"gold"}"# } else { "}" });
        let claims = Verified::assertion(Claims::parse(claims.as_bytes(), ScopeLayout::List).unwrap());
        table
            .token_facts(table.scheme_id(&scheme(self.scheme)).unwrap(), &claims)
            .unwrap()
    }
}

fn provided() -> impl Strategy<Value = Vec<Provided>> {
    let scopes = subsequence(vec!["a", "b", "c", "d"], 0..=4);
    let age = select(vec![None, Some(-10), Some(30), Some(200), Some(9_000)]);
    let one = (
        select(SCHEMES.to_vec()),
        scopes,
        0..2_usize,
        age,
        any::<bool>(),
        any::<bool>(),
    );
    let one = one.prop_map(|(scheme, scopes, subject, age, is_gold, is_bound)| Provided {
        scheme,
        scopes,
        subject,
        age,
        is_gold,
        is_bound,
    });
    prop::collection::vec(one, 0..=3)
}

/// The knowledge about a subject: no user, a disabled one, an active one.
type Status = Option<UserStatus>;

fn user(subject: usize, status: Status) -> Option<Arc<User>> {
    let id = UserId::parse(SUBJECTS[subject]).unwrap();
    let user = User::new(id, Username::parse(SUBJECTS[subject]).unwrap());
    Some(Arc::new(user.with_status(status?)))
}

fn presented<'a>(
    provided: &[Provided],
    worlds: &'a [TokenFacts],
    users: [Status; 2],
    facts: &[&'a str],
) -> PresentedCredentials<'a> {
    let mut presented = PresentedCredentials::new(NOW);
    for (one, world) in provided.iter().zip(worlds) {
        presented = presented.with_token(world, SUBJECTS[one.subject]);
        if let Some(user) = user(one.subject, users[one.subject]) {
            presented = presented.with_user(user);
        }
        if one.is_bound {
            presented = presented.with_binding(Binding::Dpop);
        }
    }
    facts
        .iter()
        .fold(presented, |presented, fact| presented.with_fact(fact))
}

/// The checks that an operation names.
fn asked(operation: &ResolvedOperation) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for set in operation.requirement().alternatives() {
        for atom in operation.fact_table().facts_of(set) {
            if let Fact::Check { name, .. } = atom {
                names.insert(&**name);
            }
        }
    }
    names
}

const STATUSES: [Status; 3] = [None, Some(UserStatus::Disabled), Some(UserStatus::Active)];

fn statuses() -> impl Strategy<Value = [Status; 2]> {
    [select(STATUSES.to_vec()), select(STATUSES.to_vec())]
}

/// Every possible value of the unknown facts.
fn completions(users: Option<[Status; 2]>, open: &[&'static str]) -> Vec<([Status; 2], Vec<&'static str>)> {
    let users = users.map_or_else(
        || {
            STATUSES
                .iter()
                .flat_map(|one| STATUSES.map(|two| [*one, two]))
                .collect()
        },
        |known| vec![known],
    );
    let subsets = open.iter().fold(vec![Vec::new()], |all, name| {
        let with = all.iter().map(|set: &Vec<_>| [set.as_slice(), &[*name]].concat());
        with.chain(all.clone()).collect()
    });
    users
        .iter()
        .flat_map(|users| subsets.iter().map(move |set| (*users, set.clone())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

    /// The verdict is the proposed policy's own decision for every possible value of the facts that
    /// were not checked; unknown exactly where these decisions differ.
    #[test]
    fn the_verdict_is_that_of_the_proposed_policy(
        running in entry_point(false),
        proposed in entry_point(true),
        provided in provided(),
        users in statuses(),
        holding in subsequence(vec!["owner", "quota", "seal"], 0..=3),
    ) {
        let running = table(&running, "/items/{id}", false);
        let shadow = Shadow::new(&running, table(&proposed, "/items/{item}", true));
        let counterpart = shadow.counterpart(0).unwrap();
        let operation = &running.operations()[0];
        let asked = asked(operation);
        let facts: Vec<&str> = holding.iter().copied().filter(|name| asked.contains(name)).collect();
        let known_users = operation.needs_user().then_some(users);

        let here: Vec<_> = provided.iter().map(|one| one.world(&running)).collect();
        let there: Vec<_> = provided.iter().map(|one| one.world(shadow.proposed())).collect();
        let told = known_users.unwrap_or_default();
        let verdict = counterpart.ask(
            Some(&presented(&provided, &here, told, &facts)),
            &presented(&provided, &there, told, &facts),
        );

        let open: Vec<_> = CHECKS.iter().map(|(name, _)| *name).filter(|name| !asked.contains(name)).collect();
        let answers: BTreeSet<bool> = completions(known_users, &open)
            .iter()
            .map(|(users, more)| {
                let facts = [facts.as_slice(), more].concat();
                authorize(counterpart.operation(), &presented(&provided, &there, *users, &facts)).is_ok()
            })
            .collect();
        let expected = match (answers.contains(&true), answers.contains(&false)) {
            (true, true) => ShadowVerdict::Unknown,
            (true, false) => ShadowVerdict::Allow,
            (false, _) => ShadowVerdict::Deny,
        };
        prop_assert_eq!(verdict, expected);
        let denial = counterpart.denial(None, &presented(&provided, &there, told, &facts));
        prop_assert_eq!(denial.is_none(), verdict == ShadowVerdict::Allow);
        if verdict == ShadowVerdict::Unknown {
            prop_assert!(!counterpart.unknown().is_empty());
        }
    }
}

/// Passes for alice.
#[derive(Debug)]
struct Alice(&'static str, Reason);

impl Check for Alice {
    fn name(&self) -> &str {
        self.0
    }
    fn needs(&self) -> Needs {
        Needs::User
    }
    fn reason(&self) -> Reason {
        self.1
    }
    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.user().is_some_and(|user| user.username().as_str() == "alice")
    }
}

/// A running operation with that check in code, next to one whose policy only names it.
fn with_code(reason: Reason, named: Fact) -> (OperationTable, Shadow) {
    let guard = Guard::user().check(Alice("owner", reason));
    let running = OperationTable::builder(catalog(false)).operation(Operation::get("/").guard(guard));
    let running = running.build().unwrap();
    let shadow = Shadow::new(&running, table(&EntryPoint::Guarded(Rule::Fact(named)), "/", true));
    (running, shadow)
}

fn by_oauth(subject: usize) -> Provided {
    Provided {
        scheme: "oauth",
        scopes: vec![],
        subject,
        age: None,
        is_gold: false,
        is_bound: false,
    }
}

#[test]
fn what_code_says_is_carried_over_by_name() {
    let active = [Some(UserStatus::Active); 2];
    for (reason, named) in [(Reason::Check, check(0)), (Reason::Inactive, Fact::Active)] {
        let (running, shadow) = with_code(reason, named);
        let counterpart = shadow.counterpart(0).unwrap();
        assert!(counterpart.unknown().is_empty());
        for (subjects, expected) in [
            (&[0][..], ShadowVerdict::Allow),
            (&[1], ShadowVerdict::Deny),
            // Said of one and not of the other, and it is not carried over whose it was.
            (&[0, 1], ShadowVerdict::Unknown),
            (&[], ShadowVerdict::Deny),
        ] {
            let provided: Vec<_> = subjects.iter().copied().map(by_oauth).collect();
            let here: Vec<_> = provided.iter().map(|one| one.world(&running)).collect();
            let there: Vec<_> = provided.iter().map(|one| one.world(shadow.proposed())).collect();
            let beside = presented(&provided, &there, active, &[]);
            let verdict = counterpart.ask(Some(&presented(&provided, &here, active, &[])), &beside);
            assert_eq!(verdict, expected, "{reason:?} {subjects:?}");
        }
        let there = [by_oauth(0).world(shadow.proposed())];
        let beside = presented(&[by_oauth(0)], &there, active, &[]);
        assert_eq!(
            counterpart.ask(None, &beside),
            ShadowVerdict::Unknown,
            "nothing was run"
        );
    }
}

#[test]
fn check_without_a_run_is_unknown_and_named() {
    let running = table(&EntryPoint::Guarded(Rule::Fact(Fact::Authenticated)), "/", false);
    let rule = Rule::All(vec![Rule::Fact(check(0)), Rule::Fact(Fact::Active)]);
    let shadow = Shadow::new(&running, table(&EntryPoint::Guarded(rule), "/", true));
    let unknown = shadow.counterpart(0).unwrap().unknown();
    let unknown: Vec<String> = unknown.into_iter().map(ToString::to_string).collect();
    assert_eq!(unknown, ["user", "active", "check:owner"]);
}

#[test]
fn operations_of_one_side_are_named() {
    let builder = |is_proposed| OperationTable::builder(catalog(is_proposed));
    let open = |operation: Operation| operation.guard(Guard::public());
    let running = builder(false)
        .operation(open(Operation::get("/users/{id}")))
        .operation(open(Operation::get("/old")))
        .operation(open(Operation::get("/users/{id}/")))
        .build()
        .unwrap();
    let proposed = builder(true)
        .operation(open(Operation::post("/users/{id}")))
        .operation(open(Operation::get("/users/{name}")))
        .build()
        .unwrap();
    let shadow = Shadow::new(&running, proposed);
    let names = |operations: &[ResolvedOperation]| operations.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(shadow.only_running()), ["GET /old", "GET /users/{id}/"]);
    assert_eq!(names(shadow.only_proposed()), ["POST /users/{id}"]);
    assert_eq!(
        shadow.counterpart(0).unwrap().operation().to_string(),
        "GET /users/{name}"
    );
    assert!(shadow.counterpart(1).is_none());
}
