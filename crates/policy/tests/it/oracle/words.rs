//! The words of a policy, and what they imply.

use super::Implications;

/// Facts beyond schemes and scopes, each with what it provides.
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
    /// Which authorization server issues its tokens.
    pub(crate) server: usize,
    /// Whether its credentials have a subject.
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
    /// All facts that can hold for a request.
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

    /// What they provide.
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

    /// The same with one more edge between two scopes of a scheme, if it has two, laid so that it
    /// closes no circle.
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

/// The names of all guards.
pub(crate) fn every_guard() -> Vec<String> {
    GUARDS.iter().map(|(name, _)| (*name).to_owned()).collect()
}
