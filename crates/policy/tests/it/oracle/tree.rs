//! Trees of guards and requests, and what is to happen, found by walking every path.

use std::collections::BTreeMap;

use super::oracle::words::Words;
use super::oracle::{Facts, Formula};

/// Guards, and operations that have them.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) words: Words,
    /// A guard depends on later ones only, so there is no circle.
    pub(crate) guards: Vec<Guarding>,
    pub(crate) operations: Vec<Operation>,
}

/// One guard.
#[derive(Clone, Debug)]
pub(crate) struct Guarding {
    pub(crate) own: Own,
    /// One of these is enough.
    pub(crate) schemes: Vec<usize>,
    pub(crate) checks: Vec<Checking>,
    pub(crate) on: Vec<usize>,
}

/// What a guard requires itself. A formula that is all of nothing requires authentication.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    Formula(Formula),
    Nothing,
    Public,
}

/// A check of a guard: its name, and when it passes.
#[derive(Clone, Debug)]
pub(crate) enum Checking {
    Active,
    Code { name: String, passes: Passes },
}

/// When a check of a test passes.
#[derive(Clone, Debug)]
pub(crate) enum Passes {
    Always,
    Never,
    /// Where this scope is visible.
    Sees(String),
    /// If it is not.
    SeesNot(String),
    /// Where a credential provides this scope.
    Granted(String),
    /// Where this was found out before.
    Told(String),
}

/// An operation and the guards before it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) guards: Vec<usize>,
    pub(crate) is_optional: bool,
}

/// What a request provides.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) credentials: Vec<Credential>,
    /// The users that are known, and whether they are active.
    pub(crate) users: BTreeMap<String, bool>,
    /// The checks that passed before.
    pub(crate) told: Vec<String>,
}

/// One accepted credential.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) scheme: usize,
    pub(crate) scopes: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) is_service: bool,
    pub(crate) is_gold: bool,
    pub(crate) is_for_api: bool,
    /// Seconds since the user authenticated.
    pub(crate) age: Option<i64>,
    pub(crate) binding: Option<&'static str>,
}

/// A guard as one path leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) depth: usize,
    pub(crate) guard: usize,
    pub(crate) sees: Vec<String>,
}

/// The kinds of checks with code, each with what it needs first.
pub(crate) fn needs(check: &str) -> Option<&'static str> {
    match check {
        "owner" => Some("user"),
        "quota" => Some("authenticated"),
        _ => None,
    }
}

impl Policy {
    /// Every path through an operation's tree, dependants first; where a guard sees the same scopes
    /// again, once.
    pub(crate) fn visits(&self, operation: usize) -> Vec<Visit> {
        let mut all = Vec::new();
        for root in &self.operations[operation].guards {
            self.walk(*root, 0, &[], &mut all);
        }
        let mut once: Vec<Visit> = Vec::new();
        for visit in all {
            if !once
                .iter()
                .any(|known| known.guard == visit.guard && known.sees == visit.sees)
            {
                once.push(visit);
            }
        }
        once
    }

    fn walk(&self, guard: usize, depth: usize, above: &[String], visits: &mut Vec<Visit>) {
        let mut sees = above.to_vec();
        for (_, scope) in self.mentioned(guard) {
            if let Some(scope) = scope.filter(|scope| !sees.contains(scope)) {
                sees.push(scope);
            }
        }
        visits.push(Visit {
            depth,
            guard,
            sees: sees.clone(),
        });
        for next in &self.guards[guard].on {
            self.walk(*next, depth + 1, &sees, visits);
        }
    }

    /// The schemes and scopes that a guard names, in the order of writing, by the places of the
    /// schemes.
    fn mentioned(&self, guard: usize) -> Vec<(usize, Option<String>)> {
        let guarding = &self.guards[guard];
        let mut own = Vec::new();
        if let Own::Formula(formula) = &guarding.own {
            for fact in formula.facts() {
                own.extend(self.words.read(fact));
            }
        }
        if guarding.schemes.is_empty() {
            return own;
        }
        let with_scheme = |scheme: &usize| [(*scheme, None)].into_iter().chain(own.clone()).collect::<Vec<_>>();
        guarding.schemes.iter().flat_map(with_scheme).collect()
    }

    /// The schemes and scopes that an operation names, dependants first, each as often as it stands
    /// there.
    pub(crate) fn mentioned_in_order(&self, operation: usize) -> Vec<(usize, Option<String>)> {
        let guards = self.visits(operation).into_iter().map(|visit| visit.guard);
        guards.flat_map(|guard| self.mentioned(guard)).collect()
    }

    /// What a guard requires without the code of its checks.
    pub(crate) fn formula(&self, guard: usize) -> Formula {
        let guarding = &self.guards[guard];
        let schemes = guarding.schemes.iter();
        let schemes = schemes.map(|scheme| Formula::Fact(self.words.schemes[*scheme].fact()));
        let one_scheme = (!guarding.schemes.is_empty()).then(|| Formula::Any(schemes.collect()));
        let own = match &guarding.own {
            Own::Formula(formula) => vec![formula.of_guard()],
            Own::Nothing | Own::Public => vec![],
        };
        let check = |check: &Checking| match check {
            Checking::Active => Formula::Fact("active".to_owned()),
            Checking::Code { name, .. } => Formula::Fact(format!("check:{name}")),
        };
        Formula::All(
            own.into_iter()
                .chain(one_scheme)
                .chain(guarding.checks.iter().map(check))
                .collect(),
        )
    }

    /// What an operation requires: the conjunction over its visits.
    pub(crate) fn requirement(&self, operation: usize) -> Formula {
        Formula::All(
            self.visits(operation)
                .iter()
                .map(|visit| self.formula(visit.guard))
                .collect(),
        )
    }

    /// Whether a guard requires something, or says that it is public.
    pub(crate) fn says_something(&self, operation: usize) -> bool {
        let says = |guard: &Guarding| {
            !matches!(guard.own, Own::Nothing) || !guard.schemes.is_empty() || !guard.checks.is_empty()
        };
        self.visits(operation)
            .iter()
            .any(|visit| says(&self.guards[visit.guard]))
    }

    /// Whether a request may do an operation: whether one of its subjects may.
    pub(crate) fn allows(&self, operation: usize, request: &Request) -> bool {
        let formula = self.requirement(operation);
        let is_anonymous = self.operations[operation].is_optional && request.credentials.is_empty();
        self.subjects(request).iter().any(|party| {
            let mut facts = self.facts(operation, request, party);
            if is_anonymous {
                facts.extend(
                    self.words
                        .facts()
                        .into_iter()
                        .filter(|fact| self.needs_authentication(fact)),
                );
            }
            formula.holds(&facts)
        })
    }

    pub(crate) fn needs_authentication(&self, fact: &str) -> bool {
        self.words
            .implications()
            .close(&Facts::from([fact.to_owned()]))
            .contains("authenticated")
    }

    /// The credentials that count together: those of one subject, each with those that have no
    /// subject.
    pub(crate) fn subjects<'r>(&self, request: &'r Request) -> Vec<Vec<&'r Credential>> {
        let speaks = |credential: &&Credential| self.words.schemes[credential.scheme].has_subject;
        let (speaking, silent): (Vec<&Credential>, Vec<&Credential>) = request.credentials.iter().partition(speaks);
        let mut subjects: Vec<Vec<&Credential>> = Vec::new();
        for credential in speaking {
            let known = subjects
                .iter_mut()
                .find(|party| party[0].subject.is_some() && party[0].subject == credential.subject);
            match known {
                Some(party) => party.push(credential),
                None => subjects.push(vec![credential]),
            }
        }
        if subjects.is_empty() {
            subjects.push(Vec::new());
        }
        subjects
            .into_iter()
            .map(|party| [party, silent.clone()].concat())
            .collect()
    }

    /// Everything that holds for one subject.
    pub(crate) fn facts(&self, operation: usize, request: &Request, party: &[&Credential]) -> Facts {
        let facts = party
            .iter()
            .flat_map(|credential| self.provided_by(credential, request))
            .collect();
        let facts = self.words.implications().close(&facts);
        let passed = ["owner", "quota", "signature"]
            .into_iter()
            .filter(|check| self.passes(operation, check, request, &facts));
        let passed: Facts = passed.map(|check| format!("check:{check}")).collect();
        &facts | &passed
    }

    fn provided_by(&self, credential: &Credential, request: &Request) -> Vec<String> {
        let scheme = &self.words.schemes[credential.scheme];
        let scopes = credential.scopes.iter().filter(|scope| scheme.scopes.contains(scope));
        let mut facts: Vec<String> = scopes.map(|scope| scheme.scope_fact(scope)).collect();
        facts.push(scheme.fact());
        let user = credential
            .subject
            .as_ref()
            .and_then(|subject| request.users.get(subject))
            .filter(|_| scheme.has_subject);
        let kind = if credential.is_service {
            "subject=service"
        } else {
            "subject=user"
        };
        let is_young = |limit: i64| credential.age.is_some_and(|age| (0..=limit).contains(&age));
        let others = [
            (credential.subject.is_some(), kind),
            (credential.is_gold, "acr:gold"),
            (credential.is_for_api, "audience=api"),
            (credential.binding == Some("dpop"), "bound=dpop"),
            (credential.binding == Some("mtls"), "bound=mtls"),
            (is_young(60), "age<=60"),
            (is_young(300), "age<=300"),
            (user.is_some(), "user"),
            (user == Some(&true), "active"),
        ];
        facts.extend(
            others
                .into_iter()
                .filter(|(holds, _)| *holds)
                .map(|(_, fact)| fact.to_owned()),
        );
        facts
    }

    /// Whether the checks of this name pass, all of them; if there is no code for it, whether a
    /// caller said it.
    fn passes(&self, operation: usize, check: &str, request: &Request, facts: &Facts) -> bool {
        if needs(check).is_some_and(|fact| !facts.contains(fact)) {
            return false;
        }
        let mut outcomes = Vec::new();
        for visit in self.visits(operation) {
            for checking in &self.guards[visit.guard].checks {
                if let Checking::Code { name, passes } = checking
                    && name == check
                {
                    outcomes.push(self.code_passes(passes, &visit.sees, request, facts));
                }
            }
        }
        if outcomes.is_empty() {
            request.told.iter().any(|told| told == check)
        } else {
            outcomes.into_iter().all(|passes| passes)
        }
    }

    fn code_passes(&self, passes: &Passes, sees: &[String], request: &Request, facts: &Facts) -> bool {
        match passes {
            Passes::Always => true,
            Passes::Never => false,
            Passes::Sees(scope) => sees.contains(scope),
            Passes::SeesNot(scope) => !sees.contains(scope),
            Passes::Granted(scope) => self
                .words
                .schemes
                .iter()
                .any(|scheme| facts.contains(&scheme.scope_fact(scope))),
            Passes::Told(fact) => request.told.contains(fact),
        }
    }

    /// The same with a guard of its own for each path, so that nothing is shared.
    pub(crate) fn unshared(&self) -> Self {
        let mut policy = Self {
            guards: Vec::new(),
            operations: Vec::new(),
            words: self.words.clone(),
        };
        for operation in &self.operations {
            let guards = operation
                .guards
                .iter()
                .map(|root| self.copy_path(*root, &mut policy.guards))
                .collect();
            policy.operations.push(Operation {
                guards,
                is_optional: operation.is_optional,
            });
        }
        policy
    }

    fn copy_path(&self, guard: usize, copies: &mut Vec<Guarding>) -> usize {
        let place = copies.len();
        copies.push(Guarding {
            on: Vec::new(),
            ..self.guards[guard].clone()
        });
        let on = self.guards[guard]
            .on
            .iter()
            .map(|next| self.copy_path(*next, copies))
            .collect();
        copies[place].on = on;
        place
    }

    /// The same with all lists of guards turned round.
    pub(crate) fn turned_round(&self) -> Self {
        let mut policy = self.clone();
        policy.guards.iter_mut().for_each(|guard| guard.on.reverse());
        policy
            .operations
            .iter_mut()
            .for_each(|operation| operation.guards.reverse());
        policy
    }
}

impl Formula {
    /// The facts that it names, in the order of writing.
    pub(crate) fn facts(&self) -> Vec<&str> {
        match self {
            Self::All(formulas) | Self::Any(formulas) => formulas.iter().flat_map(Self::facts).collect(),
            Self::Fact(fact) => vec![fact],
        }
    }

    /// Returns the formula that a guard enforces: an empty guard requires authentication.
    fn of_guard(&self) -> Self {
        let each = |formulas: &[Self]| formulas.iter().map(Self::of_guard).collect();
        match self {
            Self::All(formulas) if formulas.is_empty() => Self::Fact("authenticated".to_owned()),
            Self::All(formulas) => Self::All(each(formulas)),
            Self::Any(formulas) => Self::Any(each(formulas)),
            Self::Fact(fact) => Self::Fact(fact.clone()),
        }
    }
}

impl Words {
    /// Which scheme a fact is of, and the scope that it says, if it says one.
    fn read(&self, fact: &str) -> Option<(usize, Option<String>)> {
        self.schemes.iter().enumerate().find_map(|(place, scheme)| {
            let scope = scheme.scopes.iter().find(|scope| scheme.scope_fact(scope) == fact);
            (scope.is_some() || scheme.fact() == fact).then(|| (place, scope.cloned()))
        })
    }
}
