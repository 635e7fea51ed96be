//! The words of a policy, what they imply, and random ones.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{Formula, Implications};

/// Facts beyond schemes and scopes, each with what it brings.
const GUARDS: [(&str, &[&str]); 13] = [
    ("acr:gold", &["authenticated"]),
    ("active", &["user"]),
    ("age<=300", &["authenticated"]),
    ("age<=60", &["age<=300", "authenticated"]),
    ("audience=api", &["authenticated"]),
    ("bound=dpop", &["authenticated"]),
    ("bound=mtls", &["authenticated"]),
    ("check:owner", &["user"]),
    ("check:quota", &["authenticated"]),
    ("check:signature", &[]),
    ("subject=service", &["authenticated"]),
    ("subject=user", &["authenticated"]),
    ("user", &["authenticated"]),
];

/// The words that a policy may use.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) guards: Vec<String>,
}

/// A security scheme with its scopes; an edge says by their places which scope implies which.
#[derive(Clone, Debug)]
pub(crate) struct Scheme {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) edges: Vec<(usize, usize)>,
    /// Whether its credentials speak for somebody.
    pub(crate) has_subject: bool,
}

impl Scheme {
    /// The fact that a credential of this scheme was accepted.
    pub(crate) fn fact(&self) -> String {
        format!("scheme:{}", self.name)
    }

    /// The fact that it carries a scope.
    pub(crate) fn scope_fact(&self, scope: &str) -> String {
        format!("scope:{}:{scope}", self.name)
    }

    fn implications(&self) -> Vec<(String, String)> {
        let scope = |place: usize| self.scope_fact(&self.scopes[place]);
        let edges = self.edges.iter().map(|(strong, weak)| (scope(*strong), scope(*weak)));
        let own = self.scopes.iter().map(|name| (self.scope_fact(name), self.fact()));
        edges
            .chain(own)
            .chain([(self.fact(), "authenticated".to_owned())])
            .collect()
    }
}

impl Words {
    /// All facts that can be told of a request.
    pub(crate) fn facts(&self) -> Vec<String> {
        let scheme = |scheme: &Scheme| {
            let scopes: Vec<String> = scheme.scopes.iter().map(|name| scheme.scope_fact(name)).collect();
            [vec![scheme.fact()], scopes].concat()
        };
        let schemes = self.schemes.iter().flat_map(scheme);
        ["authenticated".to_owned()]
            .into_iter()
            .chain(self.guards.iter().cloned())
            .chain(schemes)
            .collect()
    }

    /// What they bring with them.
    pub(crate) fn implications(&self) -> Implications {
        let known = self.facts();
        let guards = GUARDS
            .iter()
            .flat_map(|(strong, weak)| weak.iter().map(|weak| (*strong, *weak)));
        let guards = guards.map(|(strong, weak)| (strong.to_owned(), weak.to_owned()));
        let all = guards.chain(self.schemes.iter().flat_map(Scheme::implications));
        Implications(
            all.filter(|(strong, weak)| known.contains(strong) && known.contains(weak))
                .collect(),
        )
    }

    /// The same with one more edge between two scopes of a scheme, where it has two, laid so that it closes no circle.
    pub(crate) fn with_edge(&self, scheme: usize, first: usize, second: usize) -> Self {
        let mut words = self.clone();
        let index = scheme % words.schemes.len();
        let scheme = &mut words.schemes[index];
        let Some(last) = scheme.scopes.len().checked_sub(1).filter(|last| *last > 0) else {
            return words;
        };
        let (a, b) = (first % (last + 1), second % (last + 1));
        if a != b {
            let closes_circle = self.schemes[index].reaches(b, a);
            scheme.edges.push(if closes_circle { (b, a) } else { (a, b) });
        }
        words
    }
}

impl Scheme {
    fn reaches(&self, from: usize, to: usize) -> bool {
        from == to
            || self
                .edges
                .iter()
                .any(|(strong, weak)| *strong == from && self.reaches(*weak, to))
    }
}

/// One to three schemes, each with up to so many scopes, and some guards.
pub(crate) fn words(most_scopes: usize) -> impl Strategy<Value = Words> {
    let names = ["oauth", "partner", "internal"];
    let schemes = prop::collection::vec(scheme(most_scopes), 1..=3);
    (schemes, guards()).prop_map(move |(mut schemes, guards)| {
        for (scheme, name) in schemes.iter_mut().zip(names) {
            name.clone_into(&mut scheme.name);
        }
        Words { schemes, guards }
    })
}

/// The names of all guards.
pub(crate) fn every_guard() -> Vec<String> {
    GUARDS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn guards() -> impl Strategy<Value = Vec<String>> {
    // The engine knows `user` and `active` in each policy.
    let always = |name: &str| ["user", "active"].contains(&name);
    let others: Vec<String> = every_guard().into_iter().filter(|name| !always(name)).collect();
    let count = others.len();
    subsequence(others, 0..=count).prop_map(|mut guards| {
        guards.extend(["user".to_owned(), "active".to_owned()]);
        guards
    })
}

/// A scheme with scopes `s0`, `s1`, .. and edges that run in no circle, up and down the order of declaration.
pub(crate) fn scheme(most_scopes: usize) -> impl Strategy<Value = Scheme> {
    let ranks = prop::collection::vec(0..1_000_u32, 1..=most_scopes);
    let edges = prop::collection::vec((0..most_scopes, 0..most_scopes), 0..=2 * most_scopes);
    (ranks, edges).prop_map(|(ranks, edges)| {
        let rank = |place: usize| (ranks[place], place);
        let inside = edges
            .into_iter()
            .map(|(a, b)| (a % ranks.len(), b % ranks.len()))
            .filter(|(a, b)| a != b);
        Scheme {
            name: "oauth".to_owned(),
            scopes: (0..ranks.len()).map(|place| format!("s{place}")).collect(),
            edges: inside
                .map(|(a, b)| if rank(a) > rank(b) { (a, b) } else { (b, a) })
                .collect(),
            has_subject: true,
        }
    })
}

/// A formula of these facts.
pub(crate) fn formula(facts: Vec<String>) -> impl Strategy<Value = Formula> {
    let leaf = select(facts).prop_map(Formula::Fact);
    leaf.prop_recursive(3, 20, 4, |inner| {
        let list = prop::collection::vec(inner, 0..=4);
        prop_oneof![list.clone().prop_map(Formula::All), list.prop_map(Formula::Any)]
    })
}
