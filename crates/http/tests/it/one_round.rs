//! Law 12 over HTTP, with random trees of guards. After one followed challenge, no further
//! challenge requests scopes or a login.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_http::domain::Lifetime;
use scopegate_http::fuzzing::grammar;
use scopegate_http::policy::{ActiveUser, Fact, Rule};
use scopegate_http::{Catalog, Gate, Guard, ScopeToken, SecurityScheme, get};
use serde_json::json;

use crate::common::{self, Answered, NOW, Profile};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const LEVELS: [&str; 2] = ["gold", "silver"];
const AGES: [u32; 2] = [60, 300];

/// Places in [`NAMES`].
type Set = BTreeSet<usize>;

/// One way to satisfy a guard: these scopes, and a login like that.
#[derive(Clone, Debug)]
struct Way {
    scopes: Set,
    login: Login,
}

/// A login, or a required login: its level in [`LEVELS`], and its maximum age in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Login {
    level: Option<usize>,
    age: Option<u32>,
}

impl Login {
    fn satisfies(self, needed: Self) -> bool {
        let is_young = |most| self.age.is_some_and(|age| age <= most);
        (needed.level.is_none() || needed.level == self.level) && needed.age.is_none_or(is_young)
    }
}

/// One guard: one of these ways is needed, and what else.
#[derive(Clone, Debug)]
struct Node {
    ways: Vec<Way>,
    needs_active: bool,
    /// Later guards.
    on: Vec<usize>,
}

/// Guards, some of which apply to the operation, and the implications.
#[derive(Clone, Debug)]
struct Tree {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    edges: BTreeSet<(usize, usize)>,
}

/// The content of a token.
#[derive(Clone, Debug)]
struct Held {
    scopes: Set,
    login: Login,
}

fn scope(place: usize) -> ScopeToken {
    ScopeToken::parse(NAMES[place]).unwrap()
}

fn set(most: usize) -> impl Strategy<Value = Set> {
    proptest::collection::btree_set(0..NAMES.len(), 0..=most)
}

fn held() -> impl Strategy<Value = Held> {
    let level = proptest::option::of(0..LEVELS.len());
    let age = proptest::option::weighted(0.8, prop::sample::select(vec![0, 60, 61, 300, 301]));
    let login = (level, age).prop_map(|(level, age)| Login { level, age });
    (set(3), login).prop_map(|(scopes, login)| Held { scopes, login })
}

fn logins() -> impl Strategy<Value = Login> {
    let level = proptest::option::weighted(0.25, 0..LEVELS.len());
    let age = proptest::option::weighted(0.25, prop::sample::select(AGES.to_vec()));
    (level, age).prop_map(|(level, age)| Login { level, age })
}

/// Trees whose guards require such logins.
fn tree(login: impl Strategy<Value = Login>) -> impl Strategy<Value = Tree> {
    let way = (set(3), login).prop_map(|(scopes, login)| Way { scopes, login });
    let node = (
        proptest::collection::vec(way, 1..=3),
        prop::bool::weighted(0.15),
        proptest::collection::vec(0..6_usize, 0..=2),
    );
    let edge = (0..NAMES.len(), 0..NAMES.len());
    (
        proptest::collection::vec(node, 1..=6),
        proptest::collection::vec(0..6_usize, 1..=2),
        proptest::collection::btree_set(edge, 0..=2),
    )
        .prop_map(|(nodes, roots, edges)| {
            let count = nodes.len();
            let later = |place: usize, on: Vec<usize>| {
                let behind = count - place - 1;
                let on = on.into_iter().filter(|_| behind > 0);
                on.map(|next| place + 1 + next % behind).collect()
            };
            let node = |(place, (ways, needs_active, on))| Node {
                ways,
                needs_active,
                on: later(place, on),
            };
            Tree {
                nodes: nodes.into_iter().enumerate().map(node).collect(),
                roots: roots.into_iter().map(|root| root % count).collect(),
                edges: edges.into_iter().filter(|(strong, weak)| strong < weak).collect(),
            }
        })
}

impl Way {
    fn rule(&self) -> Rule {
        let scopes = self.scopes.iter().map(|place| Rule::Scope(scope(*place)));
        let level = self.login.level.map(|level| Fact::Acr(LEVELS[level].into()));
        let age = self.login.age.map(|age| Fact::AgeAtMost(Lifetime::from_seconds(age)));
        Rule::All(scopes.chain(level.into_iter().chain(age).map(Rule::Fact)).collect())
    }
}

impl Tree {
    fn guard(&self, place: usize) -> Guard {
        let node = &self.nodes[place];
        let own = Rule::Any(node.ways.iter().map(Way::rule).collect());
        // By the fact or by the check: both require the same.
        let guard = match (node.needs_active, place % 2) {
            (false, _) => Guard::rule(own),
            (true, 0) => Guard::rule(own).check(ActiveUser),
            (true, _) => Guard::rule(Rule::All(vec![own, Rule::Fact(Fact::Active)])),
        };
        node.on
            .iter()
            .fold(guard, |guard, next| guard.depends_on(&self.guard(*next)))
    }

    async fn gate(&self) -> Gate {
        let catalog = Catalog::builder().scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"));
        let catalog = (0..NAMES.len()).fold(catalog, |catalog, place| catalog.scope(scope(place), ""));
        let edges = self.edges.iter();
        let catalog = edges.fold(catalog, |catalog, (strong, weak)| {
            catalog.implies(scope(*strong), scope(*weak))
        });
        let builder = common::with_catalog(catalog.build().unwrap(), Profile::Rfc).await;
        let roots: Vec<Guard> = self.roots.iter().map(|root| self.guard(*root)).collect();
        builder
            .operation(get("/").guard(Guard::all_of(&roots)).then(|| async { "in" }))
            .build()
            .unwrap()
    }

    /// Every guard that some path leads to.
    fn reached(&self) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = self.roots.clone();
        while let Some(place) = open.pop() {
            reached.insert(place);
            open.extend(&self.nodes[place].on);
        }
        reached
    }

    fn closed(&self, held: &Set) -> Set {
        let mut closed = held.clone();
        for _ in &NAMES {
            let implied = self.edges.iter().filter(|(strong, _)| closed.contains(strong));
            closed = implied.map(|(_, weak)| *weak).chain(closed.iter().copied()).collect();
        }
        closed
    }

    /// Returns whether such a token suffices, for any subject.
    fn is_satisfied_by(&self, scopes: &Set, login: Login) -> bool {
        let closed = self.closed(scopes);
        let is_open = |way: &Way| way.scopes.is_subset(&closed) && login.satisfies(way.login);
        self.reached()
            .into_iter()
            .all(|place| self.nodes[place].ways.iter().any(is_open))
    }

    /// Returns whether any token suffices: a token has one level, and guards may require two.
    fn is_satisfiable(&self) -> bool {
        let all: Set = (0..NAMES.len()).collect();
        let mut levels = (0..LEVELS.len()).map(Some).chain([None]);
        levels.any(|level| self.is_satisfied_by(&all, Login { level, age: Some(0) }))
    }

    fn needs_active(&self) -> bool {
        self.reached().into_iter().any(|place| self.nodes[place].needs_active)
    }
}

/// The content of a challenge.
#[derive(Debug)]
struct RecordedRequest {
    scopes: Set,
    login: Login,
    error: Option<String>,
}

impl RecordedRequest {
    /// By the only challenge.
    fn read(answered: &Answered) -> Self {
        let challenges = answered.challenges();
        let [challenge] = challenges.as_slice() else {
            panic!("{answered:?}")
        };
        let read = grammar::challenges(challenge.as_bytes()).unwrap();
        let place = |of: &[&str], name: &str| of.iter().position(|known| *known == name).unwrap();
        let scopes = read[0].get("scope").unwrap_or_default();
        let scopes = scopes.split(' ').filter(|name| !name.is_empty());
        Self {
            scopes: scopes.map(|name| place(&NAMES, name)).collect(),
            login: Login {
                // All of one would do; here there is only ever one.
                level: read[0].get("acr_values").map(|values| place(&LEVELS, values)),
                age: read[0].get("max_age").map(|age| age.parse().unwrap()),
            },
            error: read[0].get("error").map(str::to_owned),
        }
    }

    fn is_nothing(&self) -> bool {
        self.scopes.is_empty() && self.login == Login::default()
    }

    /// Checks that the challenge requests nothing in vain.
    fn is_needed_whole(&self, tree: &Tree) -> Result<(), TestCaseError> {
        for scope in &self.scopes {
            let fewer = self.scopes.iter().copied().filter(|other| other != scope).collect();
            prop_assert!(!tree.is_satisfied_by(&fewer, self.login), "`{}`", NAMES[*scope]);
        }
        let Login { level, age } = self.login;
        let older = age.map(|age| age + 1);
        if level.is_some() {
            prop_assert!(
                !tree.is_satisfied_by(&self.scopes, Login { level: None, age }),
                "the level"
            );
        }
        if age.is_some() {
            prop_assert!(
                !tree.is_satisfied_by(&self.scopes, Login { level, age: older }),
                "the age"
            );
        }
        Ok(())
    }
}

async fn ask(gate: &Gate, subject: &str, held: &Held) -> Answered {
    let scopes: Vec<&str> = held.scopes.iter().map(|place| NAMES[*place]).collect();
    let mut claims = json!({"sub": subject, "scopes": scopes, "exp": NOW.as_unix() + 1_800});
    if let Some(level) = held.login.level {
        claims["acr"] = json!(LEVELS[level]);
    }
    if let Some(age) = held.login.age {
        claims["auth_time"] = json!(NOW.as_unix() - i64::from(age));
    }
    common::get_with(gate, "/", &common::signed(&claims)).await
}

fn is_in(answered: &Answered) -> Result<(), TestCaseError> {
    prop_assert_eq!(&answered.body, "in");
    Ok(())
}

/// Checks that the challenge requests nothing, because more would not help.
fn is_kept_out(answered: &Answered) -> Result<(), TestCaseError> {
    prop_assert_eq!(answered.status, 403);
    prop_assert!(answered.challenges().is_empty(), "{:?}", answered);
    Ok(())
}

/// Runs one round. If only scopes and a login are missing, it ends with access.
async fn follow(tree: &Tree, held: Option<&Held>, is_active: bool) -> Result<(), TestCaseError> {
    let gate = tree.gate().await;
    let subject = if is_active { "johndoe" } else { "alice" };
    let is_hopeless = (tree.needs_active() && !is_active) || !tree.is_satisfiable();
    let Some(held) = held else {
        let first = common::get(&gate, "/").await;
        prop_assert_eq!(first.status, 401);
        let asked = RecordedRequest::read(&first);
        prop_assert_eq!((&asked.error, asked.login), (&None, Login::default()));
        asked.is_needed_whole(tree)?;
        let held = Held {
            scopes: asked.scopes,
            login: Login::default(),
        };
        let second = ask(&gate, subject, &held).await;
        return match second.status.as_u16() {
            _ if is_hopeless => is_kept_out(&second),
            // Scopes were named, how to log in was not: there is one round for that.
            401 => round(tree, &gate, subject, &held, &second).await,
            _ => is_in(&second),
        };
    };
    let first = ask(&gate, subject, held).await;
    if is_hopeless {
        return is_kept_out(&first);
    }
    if tree.is_satisfied_by(&held.scopes, held.login) {
        return is_in(&first);
    }
    round(tree, &gate, subject, held, &first).await
}

/// Does exactly what the challenge requests.
async fn round(tree: &Tree, gate: &Gate, subject: &str, held: &Held, refused: &Answered) -> Result<(), TestCaseError> {
    let asked = RecordedRequest::read(refused);
    prop_assert!(!asked.is_nothing(), "a challenge that helps nobody: {:?}", refused);
    asked.is_needed_whole(tree)?;
    let login = match (refused.status.as_u16(), asked.error.as_deref()) {
        (403, Some("insufficient_scope")) => {
            prop_assert_eq!(asked.login, Login::default());
            held.login
        }
        // A new login is the requested one with its maximum age; nothing of the last one remains.
        (401, Some("insufficient_user_authentication")) => asked.login,
        _ => return Err(TestCaseError::fail(format!("{refused:?}"))),
    };
    let scopes = held.scopes.union(&asked.scopes).copied().collect();
    is_in(&ask(gate, subject, &Held { scopes, login }).await)
}

fn runs(tree: &Tree, held: Option<&Held>, is_active: bool) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(follow(tree, held, is_active))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_challenge_names_all_scopes(
        tree in tree(Just(Login::default())),
        held in proptest::option::weighted(0.8, held()),
        is_active in prop::bool::weighted(0.8),
    ) {
        runs(&tree, held.as_ref(), is_active)?;
    }

    /// [RFC 9470, section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3).
    #[test]
    fn one_challenge_needs_one_login(
        tree in tree(logins()),
        held in proptest::option::weighted(0.9, held()),
        is_active in prop::bool::weighted(0.8),
    ) {
        runs(&tree, held.as_ref(), is_active)?;
    }
}
