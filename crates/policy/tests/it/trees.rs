//! The laws of operations: trees of guards, requests and denials, against an oracle that walks
//! every path.

mod declarations;
mod denials;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scopegate_domain::ScopeToken;
use scopegate_policy::{
    Decision, Denial, DenialPrecedence, FactSet, OperationTable, RequestFacts, ResolvedOperation, TableError,
    TokenFacts, authorize, explain,
};

use crate::oracle::bridge::Names;
use crate::oracle::words::{Scheme, Words};
use crate::oracle::{Facts, Formula, Implications};
use crate::tree::{Credential, Guarding, Operation, Own, Policy, Request};
use crate::tree_bridge::{Notes, presented, token_worlds};

/// A policy with its table, and a request with what the engine makes of its credentials.
struct Case {
    policy: Policy,
    table: OperationTable,
    notes: Notes,
    request: Request,
    worlds: Vec<TokenFacts>,
}

fn policy_and_request() -> impl Strategy<Value = (Policy, Request)> {
    crate::random_trees::policy().prop_flat_map(|policy| {
        let request = crate::random_trees::request(&policy.words);
        (Just(policy), request)
    })
}

/// The table of a policy, or a reason to draw another one: it says nothing, as the oracle agrees,
/// or is too large.
fn table_of(policy: &Policy, notes: &Notes, order: DenialPrecedence) -> Result<OperationTable, TestCaseError> {
    let silent = (0..policy.operations.len()).find(|operation| !policy.says_something(*operation));
    match (crate::tree_bridge::ordered_table(policy, notes, order), silent) {
        (Ok(table), None) => Ok(table),
        (Err(TableError::NoRequirement { operation }), Some(silent)) if operation == format!("GET /{silent}") => {
            Err(TestCaseError::reject("an operation says nothing"))
        }
        (Err(fault @ TableError::TooLarge { .. }), None) => Err(TestCaseError::reject(fault.to_string())),
        (other, silent) => Err(TestCaseError::fail(format!(
            "{other:?}, and operation {silent:?} says nothing"
        ))),
    }
}

impl Case {
    fn new(policy: Policy, request: Request) -> Result<Self, TestCaseError> {
        Self::ordered(policy, request, DenialPrecedence::Rfc)
    }

    fn ordered(policy: Policy, request: Request, order: DenialPrecedence) -> Result<Self, TestCaseError> {
        let notes = Notes::default();
        let table = table_of(&policy, &notes, order)?;
        let worlds = token_worlds(&policy, &table, &request);
        Ok(Self {
            policy,
            table,
            notes,
            request,
            worlds,
        })
    }

    fn operations(&self) -> impl Iterator<Item = (usize, &ResolvedOperation)> {
        self.table.operations().iter().enumerate()
    }

    fn denial(&self, operation: &ResolvedOperation) -> Option<Denial> {
        authorize(operation, &presented(&self.policy, &self.request, &self.worlds)).err()
    }

    fn names(&self) -> Names {
        Names::new(&self.policy.words, self.table.fact_table())
    }

    /// The facts of each subject, and the same as a set of atoms.
    fn facts_of_subjects(&self, operation: usize) -> Vec<(Facts, FactSet)> {
        let subjects = self.policy.subjects(&self.request);
        let facts = subjects
            .iter()
            .map(|party| self.policy.facts(operation, &self.request, party));
        facts.map(|facts| (facts.clone(), self.names().set(&facts))).collect()
    }
}

proptest! {
    /// Law 1: decide = oracle. Checks, several schemes, subjects and optional authentication
    /// included.
    #[test]
    fn authorizes_as_the_oracle_does((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        for (number, operation) in case.operations() {
            let allowed = case.policy.allows(number, &case.request);
            prop_assert_eq!(case.denial(operation).is_none(), allowed, "{}", operation);
            let explanation = explain(operation, &presented(&case.policy, &case.request, &case.worlds));
            prop_assert_eq!(explanation.is_allowed(), allowed, "{}", explanation);
        }
    }

    /// Laws 1 and 8: the bare decision = oracle, and its witness is inside W.
    #[test]
    fn decides_as_the_oracle_does_and_has_a_witness((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        let names = case.names();
        for (number, operation) in case.operations() {
            let formula = case.policy.requirement(number);
            for (facts, atoms) in case.facts_of_subjects(number) {
                match operation.decide(&RequestFacts::of_facts(&atoms)) {
                    Decision::Allow { witness } => {
                        let alternative = names.facts(&operation.requirement().alternatives()[witness]);
                        prop_assert!(formula.holds(&facts) && alternative.is_subset(&facts));
                    }
                    Decision::Deny => prop_assert!(!formula.holds(&facts)),
                }
            }
        }
    }

    /// Law 8: the alternative that a permit names is inside the world of one subject.
    #[test]
    fn a_permit_has_a_witness((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        let names = case.names();
        for (number, operation) in case.operations() {
            let Ok(permit) = authorize(operation, &presented(&case.policy, &case.request, &case.worlds)) else { continue };
            let Some(witness) = permit.witness() else {
                prop_assert!(operation.is_optional() && permit.is_anonymous());
                continue;
            };
            let alternative = names.facts(&operation.requirement().alternatives()[witness]);
            let worlds = case.facts_of_subjects(number);
            prop_assert!(worlds.iter().any(|(facts, _)| alternative.is_subset(facts)));
            prop_assert_eq!(permit.required(), operation.alternatives()[witness].scope());
        }
    }

    /// Law 2: monotone in W. A request that provides more is never allowed less. (Anonymous
    /// requests to operations with optional authentication are left out: a credential that does not
    /// suffice is refused there on purpose.)
    #[test]
    fn request_with_more_facts_is_never_allowed_less(
        (policy, request) in policy_and_request(),
        more in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let less = Case::new(policy, request)?;
        let larger = with_more(&less.policy, &less.request, &more);
        let more = Case::new(less.policy.clone(), larger)?;
        for ((_, before), (_, after)) in less.operations().zip(more.operations()) {
            let anonymous = before.is_optional() && less.request.credentials.is_empty();
            prop_assert!(anonymous || less.denial(before).is_some() || more.denial(after).is_none(), "{}", before);
        }
    }

    /// Law 5 at the entry point: a new edge never denies.
    #[test]
    fn a_new_edge_never_denies_a_request(
        (policy, request) in policy_and_request(),
        scheme in 0..3_usize,
        from in 0..8_usize,
        to in 0..8_usize,
    ) {
        let before = Case::new(policy, request)?;
        let words = before.policy.words.with_edge(scheme, from, to);
        let after = Case::new(Policy { words, ..before.policy.clone() }, before.request.clone())?;
        for ((_, sooner), (_, later)) in before.operations().zip(after.operations()) {
            prop_assert!(before.denial(sooner).is_some() || after.denial(later).is_none(), "{}", sooner);
        }
    }

    /// Law 9: an operation's requirement is the conjunction over its check contexts: each
    /// alternative satisfies it, and nothing less than a whole alternative does.
    #[test]
    fn a_requirement_is_the_conjunction_over_all_contexts((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        let (names, implications) = (case.names(), case.policy.words.implications());
        for (number, operation) in case.operations() {
            let formula = case.policy.requirement(number);
            for alternative in names.alternatives(operation.requirement()) {
                // Words that no guard names are not atoms of the table.
                prop_assert_eq!(names.facts(&names.set(&implications.close(&alternative))), alternative.clone());
                prop_assert!(formula.holds(&alternative), "{:?} suffices", alternative);
                for fact in generators(&implications, &alternative) {
                    let fewer: Facts = alternative.iter().filter(|other| **other != fact).cloned().collect();
                    prop_assert!(!formula.holds(&fewer), "{} is needed in {:?}", fact, alternative);
                }
            }
        }
    }

    /// Law 9: the same after unsharing the tree or reordering what guards depend on.
    #[test]
    fn sharing_and_order_change_no_requirement((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        for other in [case.policy.unshared(), case.policy.turned_round()] {
            let other = Case::new(other, case.request.clone())?;
            for ((_, mine), (_, others)) in case.operations().zip(other.operations()) {
                let alternatives = case.names().alternatives(mine.requirement());
                prop_assert_eq!(alternatives, other.names().alternatives(others.requirement()));
                prop_assert_eq!(case.denial(mine).is_none(), other.denial(others).is_none());
            }
        }
    }

    /// Law 9: the order in a header is stable: pre-order, first occurrence, and unsharing does not
    /// change it.
    #[test]
    fn scopes_have_the_order_of_first_occurrence((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        let unshared = Case::new(case.policy.unshared(), case.request.clone())?;
        let (names, implications) = (case.names(), case.policy.words.implications());
        for ((number, operation), (_, other)) in case.operations().zip(unshared.operations()) {
            prop_assert_eq!(operation.challenge_scope(), other.challenge_scope());
            for (set, shown) in operation.requirement().alternatives().iter().zip(operation.alternatives()) {
                let shown_facts = generators(&implications, &names.facts(set));
                let mut expected: Vec<ScopeToken> = Vec::new();
                for (scheme, scope) in case.policy.mentioned_in_order(number) {
                    let Some(scope) = scope else { continue };
                    let is_shown = shown_facts.contains(&case.policy.words.schemes[scheme].scope_fact(&scope));
                    let token = crate::oracle::bridge::token(&scope);
                    if is_shown && !expected.contains(&token) {
                        expected.push(token);
                    }
                }
                prop_assert_eq!(shown.scope(), expected);
            }
        }
    }

    /// Law 9: a check sees the scopes of everything that depends on it, then its own, on every
    /// path; and in this order the guards are explained.
    #[test]
    fn checks_see_what_is_visible_on_each_path((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        for (number, operation) in case.operations() {
            let visits = case.policy.visits(number);
            let explanation = explain(operation, &presented(&case.policy, &case.request, &case.worlds));
            let text = |scopes: &[ScopeToken]| scopes.iter().map(ToString::to_string).collect::<Vec<_>>();
            let steps: Vec<(usize, String, Vec<String>)> =
                explanation.steps().iter().map(|step| (step.depth(), step.guard().to_owned(), text(step.sees()))).collect();
            let expected: Vec<(usize, String, Vec<String>)> =
                visits.iter().map(|visit| (visit.depth, visit.guard.to_string(), visit.sees.clone())).collect();
            prop_assert_eq!(steps, expected);

            case.notes.lock().expect("nobody panicked").clear();
            case.denial(operation);
            for (guard, saw) in case.notes.lock().expect("nobody panicked").iter() {
                prop_assert!(visits.iter().any(|visit| visit.guard == *guard && visit.sees == *saw), "{} saw {:?}", guard, saw);
            }
        }
    }

    /// Law 12: one round suffices, where checks, subjects and missing schemes come in as well.
    #[test]
    fn one_round_suffices((policy, request) in policy_and_request()) {
        one_round(&Case::new(policy, request)?)?;
    }

    /// Law 12 again, where scopes and step-up are all that can be missing.
    #[test]
    fn one_round_of_scopes_and_step_up_suffices((policy, request) in crate::random_trees::challengeable()) {
        one_round(&Case::new(policy, request)?)?;
    }
}

/// Granting exactly the challenged scopes to the same token, and authenticating as asked, leads to
/// Allow or to a class that is neither scopes nor step-up.
fn one_round(case: &Case) -> Result<(), TestCaseError> {
    for (_, operation) in case.operations() {
        let Some(denial) = case.denial(operation).filter(requires_another_round) else {
            continue;
        };
        let mut request = case.request.clone();
        for credential in &mut request.credentials {
            grant_what_is_challenged(&case.policy, credential, &denial);
        }
        let worlds = token_worlds(&case.policy, &case.table, &request);
        let again = authorize(operation, &presented(&case.policy, &request, &worlds)).err();
        prop_assert!(
            !again.as_ref().is_some_and(requires_another_round),
            "{operation}: {denial:?}, then {again:?}"
        );
    }
    Ok(())
}

fn requires_another_round(denial: &Denial) -> bool {
    matches!(denial, Denial::StepUp { .. } | Denial::InsufficientScope { .. })
}

/// Gives a credential exactly the scopes that the denial names for its scheme, and the
/// authentication that it requires.
fn grant_what_is_challenged(policy: &Policy, credential: &mut Credential, denial: &Denial) {
    let scheme = crate::oracle::bridge::scheme_name(&policy.words.schemes[credential.scheme].name);
    credential.scopes = denial
        .unmet_requirement()
        .scope_of(&scheme)
        .iter()
        .map(ToString::to_string)
        .collect();
    if let Denial::StepUp {
        acr_values, max_age, ..
    } = denial
    {
        // A new login provides what was requested, and nothing of the old one.
        credential.is_gold = !acr_values.is_empty();
        credential.age = max_age.map(|age| age.as_seconds().into());
    }
}

/// The facts of a set that no other fact of it provides.
fn generators(implications: &Implications, facts: &Facts) -> BTreeSet<String> {
    let brings = |strong: &String, weak: &String| implications.close(&Facts::from([strong.clone()])).contains(weak);
    facts
        .iter()
        .filter(|fact| !facts.iter().any(|other| other != *fact && brings(other, fact)))
        .cloned()
        .collect()
}

/// The request with more scopes, more users, more facts, and younger authentication.
fn with_more(policy: &Policy, request: &Request, picks: &[prop::sample::Index]) -> Request {
    let mut larger = request.clone();
    for pick in picks {
        for credential in &mut larger.credentials {
            let scopes = &policy.words.schemes[credential.scheme].scopes;
            credential.scopes.push(pick.get(scopes).clone());
            credential.is_gold = true;
            credential.age = credential.age.map(|age| if age >= 0 { 0 } else { age });
        }
        larger.users.insert("alice".to_owned(), true);
        larger
            .told
            .push((*pick.get(&["owner", "quota", "signature"])).to_owned());
        if let Some(credential) = larger.credentials.first().cloned() {
            larger.credentials.push(Credential {
                scheme: pick.index(policy.words.schemes.len()),
                ..credential
            });
        }
    }
    larger
}

/// The formula of a policy names what its guards name: the oracle reads its own words.
#[test]
fn the_oracle_reads_its_own_words() {
    let formula = Formula::All(vec![Formula::Fact("scope:oauth:s0".to_owned()), Formula::Any(vec![])]);
    assert_eq!(formula.facts(), ["scope:oauth:s0"]);
    assert!(!formula.holds(&Facts::from(["scope:oauth:s0".to_owned()])));
}

/// A second token of the same subject whose authentication lies in the future takes nothing away
/// (law 2), and by itself satisfies no age.
#[test]
fn an_age_from_the_future_hides_no_other() {
    let policy = Policy {
        words: Words {
            schemes: vec![Scheme {
                name: "oauth".to_owned(),
                scopes: vec![],
                edges: vec![],
                server: 0,
                has_subject: true,
            }],
            guards: vec![],
        },
        guards: vec![Guarding {
            own: Own::Formula(Formula::Fact("age<=60".to_owned())),
            schemes: Vec::new(),
            checks: vec![],
            on: vec![],
        }],
        operations: vec![Operation {
            guards: vec![0],
            is_optional: false,
        }],
    };
    for (ages, allowed) in [
        (vec![59], true),
        (vec![-1], false),
        (vec![-1, 59], true),
        (vec![59, -1], true),
        (vec![-1, 61], false),
    ] {
        let credential = |age: &i64| Credential {
            scheme: 0,
            scopes: vec![],
            subject: Some("alice".to_owned()),
            is_service: false,
            is_gold: false,
            is_for_api: false,
            age: Some(*age),
            binding: None,
        };
        let request = Request {
            credentials: ages.iter().map(credential).collect(),
            users: BTreeMap::new(),
            told: vec![],
        };
        let case = Case::new(policy.clone(), request).expect("a small policy");
        assert_eq!(case.denial(&case.table.operations()[0]).is_none(), allowed, "{ages:?}");
    }
}
