//! Laws 6, 12 and 15 at the entry point: what is missing, which remedy is the nearest and what the
//! client receives, against an oracle that counts texts.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use scopegate_domain::{Lifetime, ScopeToken};
use scopegate_policy::{Denial, DenialPrecedence, FactId, Forbidden, InvalidTokenCause, ResolvedOperation, explain};

use super::{Case, generators, policy_and_request};
use crate::minimal::{minimal, smallest};
use crate::oracle::bridge::{Names, fact_named};
use crate::oracle::{Facts, Formula};
use crate::random_trees;
use crate::renaming::backwards;
use crate::tree::{Checking, Own, Passes, Policy, Request};
use crate::tree_bridge::presented;

/// Past this number of unions the oracle gives up.
const FORMED: usize = 5_000;

/// What the oracle knows of one operation.
struct Asked<'c> {
    case: &'c Case,
    names: Names,
    /// The minimal sets that suffice, of the facts that some guard names.
    alternatives: Vec<Facts>,
}

/// A remedy as the oracle chooses it.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    alternative: Facts,
    missing: Facts,
}

impl<'c> Asked<'c> {
    fn new(case: &'c Case, operation: usize) -> Option<Self> {
        Self::of(case, &case.policy.requirement(operation))
    }

    fn of(case: &'c Case, formula: &Formula) -> Option<Self> {
        let (names, mut room) = (case.names(), FORMED);
        let sets = minimal(formula, &case.policy.words.implications(), &mut room)?;
        let known = |facts: &Facts| {
            facts
                .iter()
                .filter(|fact| names.number(fact).is_some())
                .cloned()
                .collect()
        };
        let alternatives = sets.iter().map(known).collect();
        Some(Self {
            case,
            names,
            alternatives,
        })
    }

    fn generators(&self, facts: &Facts) -> BTreeSet<String> {
        generators(&self.case.policy.words.implications(), facts)
    }

    /// The numbers of facts, in order: the last thing that decides.
    fn numbers(&self, facts: &Facts) -> Vec<usize> {
        let mut numbers: Vec<usize> = facts
            .iter()
            .filter_map(|fact| self.names.number(fact))
            .map(FactId::index)
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// What these facts say in the fewest words, as the engine writes it.
    fn atoms(&self, facts: &Facts) -> BTreeSet<String> {
        let words = &self.case.policy.words;
        let generators = self.generators(facts);
        generators
            .iter()
            .map(|fact| fact_named(words, fact).to_string())
            .collect()
    }

    /// All the smallest sets that would have to be added.
    fn residual(&self, world: &Facts) -> BTreeSet<Facts> {
        smallest(&self.alternatives.iter().map(|set| set - world).collect())
    }

    /// The remedy with the fewest facts that cannot be obtained, then the fewest of step-up, the
    /// fewest generators, the fewest facts, and the first by numbers.
    fn nearest(&self, world: &Facts, obtainable: Option<&Facts>) -> Option<Way> {
        let residual = self.residual(world);
        let ways = self.alternatives.iter().map(|alternative| Way {
            alternative: alternative.clone(),
            missing: alternative - world,
        });
        let is_step_up = |fact: &&String| fact.starts_with("acr:") || fact.starts_with("age<=");
        ways.filter(|way| residual.contains(&way.missing))
            .min_by_key(|Way { alternative, missing }| {
                (
                    obtainable.map_or(0, |obtainable| (missing - obtainable).len()),
                    missing.iter().filter(is_step_up).count(),
                    self.generators(missing).len(),
                    missing.len(),
                    self.numbers(missing),
                    alternative.len(),
                    self.numbers(alternative),
                )
            })
    }

    /// The first of these facts by number, of those that start with one of the texts.
    fn first(&self, facts: &Facts, starts: &[&str]) -> Option<String> {
        let wanted = facts
            .iter()
            .filter(|fact| starts.iter().any(|start| fact.starts_with(start)));
        wanted
            .min_by_key(|fact| self.names.number(fact).map(FactId::index))
            .cloned()
    }

    /// The schemes that a credential can be of, whichever alternative it is for.
    fn schemes(&self) -> BTreeSet<String> {
        let named = |facts: &Facts| -> BTreeSet<String> {
            facts
                .iter()
                .filter_map(|fact| fact.strip_prefix("scheme:"))
                .map(str::to_owned)
                .collect()
        };
        let every = || {
            self.case
                .policy
                .words
                .schemes
                .iter()
                .map(|scheme| scheme.name.clone())
                .collect()
        };
        let of = |facts: &Facts| match named(facts) {
            none if none.is_empty() && facts.contains("authenticated") => every(),
            some => some,
        };
        self.alternatives.iter().flat_map(of).collect()
    }

    /// The refusal to a client for which these facts hold.
    fn told(&self, world: &Facts, order: DenialPrecedence) -> String {
        let Some(Way { alternative, missing }) = self.nearest(world, None) else {
            return "forbidden deny".to_owned();
        };
        if missing.contains("authenticated") {
            return format!("unauthenticated {:?}", self.schemes());
        }
        let schemes: BTreeSet<&str> = missing.iter().filter_map(|fact| fact.strip_prefix("scheme:")).collect();
        if !schemes.is_empty() {
            return format!("unauthenticated {schemes:?}");
        }
        if let Some(fact) = self.first(&missing, &["audience=", "bound=", "user"]) {
            return format!("invalid token {fact}");
        }
        let forbidden = self
            .first(&missing, &["active", "subject=", "check:"])
            .map(|fact| format!("forbidden {fact}"));
        let step_up = || {
            let of = |facts: &Facts, start: &str| -> BTreeSet<String> {
                let rest = facts.iter().filter_map(|fact| fact.strip_prefix(start));
                rest.map(str::to_owned).collect()
            };
            // There is one context, so what is held of it is all that may be named next to what is
            // missing.
            let acr = of(&alternative, "acr:");
            let ages = of(&alternative, "age<=");
            let age = ages.iter().filter_map(|age| age.parse::<u32>().ok()).map(Reverse).max();
            let is_missing = ["acr:", "age<="].iter().any(|start| !of(&missing, start).is_empty());
            is_missing.then(|| format!("step up {acr:?} {:?}", age.map(|age| age.0)))
        };
        let scopes = || Some(format!("scope {:?}", scopes_of(&self.generators(&missing))));
        let told = match order {
            DenialPrecedence::Rfc => forbidden.or_else(step_up).or_else(scopes),
            DenialPrecedence::ScopesFirst => {
                let scopes = || scopes().filter(|_| !scopes_of(&self.generators(&missing)).is_empty());
                step_up().or_else(scopes).or(forbidden)
            }
        };
        told.expect("something is missing")
    }
}

/// The scopes among facts.
fn scopes_of(facts: &BTreeSet<String>) -> BTreeSet<String> {
    facts
        .iter()
        .filter_map(|fact| fact.strip_prefix("scope:")?.split_once(':'))
        .map(|(_, scope)| scope.to_owned())
        .collect()
}

/// The same of the engine's denial.
fn told(denial: &Denial) -> String {
    match denial {
        Denial::Forbidden { reason, .. } => match reason {
            Forbidden::Check { name } => format!("forbidden check:{name}"),
            Forbidden::Deny => "forbidden deny".to_owned(),
            Forbidden::Inactive => "forbidden active".to_owned(),
            Forbidden::Subject => "forbidden subject".to_owned(),
        },
        Denial::InsufficientScope { missing, .. } => format!("scope {:?}", texts(missing)),
        Denial::InvalidToken { cause, .. } => match cause {
            InvalidTokenCause::Audience => "invalid token audience=api".to_owned(),
            InvalidTokenCause::Binding(binding) => format!("invalid token bound={}", binding.as_str()),
            InvalidTokenCause::UnknownSubject => "invalid token user".to_owned(),
            InvalidTokenCause::Credential => panic!("{denial}"),
        },
        Denial::StepUp {
            acr_values, max_age, ..
        } => {
            let acr: BTreeSet<&str> = acr_values.iter().map(|value| &**value).collect();
            format!("step up {acr:?} {:?}", max_age.map(Lifetime::as_seconds))
        }
        Denial::Unauthenticated { schemes, .. } => format!("unauthenticated {:?}", texts(schemes)),
    }
}

fn texts<T: ToString>(items: &[T]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

/// The denials of a case are those of the oracle: residual, chosen alternative, class and scope.
fn same_denials(case: &Case, order: DenialPrecedence) -> Result<(), TestCaseError> {
    for (number, operation) in case.operations() {
        let (Some(denial), Some(asked)) = (case.denial(operation), Asked::new(case, number)) else {
            continue;
        };
        let (world, _) = case.facts_of_subjects(number).swap_remove(0);
        let subject = |told: String| {
            told.split_once("subject=")
                .map_or(told.clone(), |(before, _)| format!("{before}subject"))
        };
        prop_assert_eq!(told(&denial), subject(asked.told(&world, order)), "{}", operation);
        let unmet_requirement = denial.unmet_requirement();
        let residual: BTreeSet<Facts> = unmet_requirement
            .closed_missing_sets()
            .iter()
            .map(|set| asked.names.facts(set))
            .collect();
        prop_assert_eq!(&residual, &asked.residual(&world));
        let ways: BTreeSet<_> = unmet_requirement
            .missing_sets()
            .iter()
            .map(|way| way.iter().map(ToString::to_string).collect())
            .collect();
        prop_assert_eq!(ways, residual.iter().map(|set| asked.atoms(set)).collect());
        let nearest = asked.nearest(&world, None);
        let chosen = unmet_requirement
            .chosen()
            .map(|chosen| asked.names.facts(&operation.requirement().alternatives()[chosen]));
        prop_assert_eq!(&chosen, &nearest.as_ref().map(|way| way.alternative.clone()));
        let missing: BTreeSet<String> = unmet_requirement.missing().iter().map(ToString::to_string).collect();
        prop_assert_eq!(
            missing,
            nearest.map(|way| asked.atoms(&way.missing)).unwrap_or_default()
        );
        let whole = chosen
            .map(|chosen| scopes_of(&asked.generators(&chosen)))
            .unwrap_or_default();
        prop_assert_eq!(
            texts(unmet_requirement.scope()),
            whole,
            "the scope of the whole alternative"
        );
        prop_assert_eq!(unmet_requirement.operation().to_string(), operation.to_string());
    }
    Ok(())
}

/// The same under other names of schemes and scopes, in the policy and in what a request provides.
fn renamed(policy: &Policy, request: &Request) -> (Policy, Request) {
    let words = policy.words.renamed(&backwards);
    let fact = |fact: &str| policy.words.fact_in(&words, fact);
    let (mut policy, mut request) = (policy.clone(), request.clone());
    for guard in &mut policy.guards {
        if let Own::Formula(formula) = &mut guard.own {
            *formula = formula.renamed(&fact);
        }
        for checking in &mut guard.checks {
            if let Checking::Code {
                passes: Passes::Sees(scope) | Passes::SeesNot(scope) | Passes::Granted(scope),
                ..
            } = checking
            {
                *scope = backwards(scope);
            }
        }
    }
    for credential in &mut request.credentials {
        credential.scopes.iter_mut().for_each(|scope| *scope = backwards(scope));
    }
    policy.words = words;
    (policy, request)
}

/// Which remedy is chosen, and the scope of it.
type Chosen = (Option<usize>, Vec<String>);

/// Which remedy is chosen, and the scope that is required, each by its name there.
fn answers(case: &Case, operation: &ResolvedOperation, name: impl Fn(&str) -> String) -> (Option<Chosen>, Vec<String>) {
    let names = |scope: &[ScopeToken]| scope.iter().map(|token| name(token.as_str())).collect();
    let denial = case.denial(operation);
    let denied = denial.map(|denial| (denial.unmet_requirement().chosen(), names(denial.scope())));
    (denied, names(operation.challenge_scope()))
}

proptest! {
    /// Laws 6 and 12: class, residual, chosen alternative and scope of a denial.
    #[test]
    fn a_denial_is_that_of_the_oracle((policy, request) in policy_and_request()) {
        for order in [DenialPrecedence::Rfc, DenialPrecedence::ScopesFirst] {
            same_denials(&Case::ordered(policy.clone(), request.clone(), order)?, order)?;
        }
    }

    /// The same where scopes and step-up are all that can be missing.
    #[test]
    fn a_denial_of_scopes_or_step_up_is_that_of_the_oracle((policy, request) in random_trees::challengeable()) {
        for order in [DenialPrecedence::Rfc, DenialPrecedence::ScopesFirst] {
            same_denials(&Case::ordered(policy.clone(), request.clone(), order)?, order)?;
        }
    }

    /// The nearest remedy, from any world, for a client that can obtain some facts alone.
    #[test]
    fn nearest_alternative_equals_that_of_the_oracle(
        ((policy, request), world, obtainable) in policy_and_request().prop_flat_map(|(policy, request)| {
            let facts = || { let facts = policy.words.facts(); let count = facts.len(); subsequence(facts, 0..=count) };
            (Just((policy.clone(), request)), facts(), facts())
        })
    ) {
        let case = Case::new(policy, request)?;
        let (names, implications) = (case.names(), case.policy.words.implications());
        let close = |facts: Vec<String>| names.facts(&names.set(&implications.close(&facts.into_iter().collect())));
        let (world, obtainable) = (close(world), close(obtainable));
        for (number, operation) in case.operations() {
            let Some(asked) = Asked::new(&case, number) else { continue };
            for obtainable in [None, Some(&obtainable)] {
                let atoms = obtainable.map(|facts| names.set(facts));
                let nearest = operation.nearest(&names.set(&world), atoms.as_ref());
                let found = nearest.map(|nearest| Way {
                    alternative: names.facts(&operation.requirement().alternatives()[nearest.alternative()]),
                    missing: names.facts(nearest.missing()),
                });
                prop_assert_eq!(found, asked.nearest(&world, obtainable), "{}", operation);
            }
        }
    }

    /// Each step of an explanation says what one guard requires, and what of it the subject lacks
    /// that is decided on.
    #[test]
    fn steps_of_an_explanation_miss_what_the_oracle_misses((policy, request) in policy_and_request()) {
        let case = Case::new(policy, request)?;
        for (number, operation) in case.operations() {
            let formula = case.policy.requirement(number);
            let mut worlds = case.facts_of_subjects(number);
            let decided = worlds.iter().position(|(facts, _)| formula.holds(facts)).unwrap_or(0);
            let (world, _) = worlds.swap_remove(decided);
            let explanation = explain(operation, &presented(&case.policy, &case.request, &case.worlds));
            for (step, visit) in explanation.steps().iter().zip(case.policy.visits(number)) {
                let asks = case.policy.formula(visit.guard);
                prop_assert_eq!(step.is_satisfied(), asks.holds(&world), "{}: {}", operation, step);
                let Some(asked) = Asked::of(&case, &asks).filter(|_| !step.is_satisfied()) else {
                    prop_assert!(step.missing().is_empty());
                    continue;
                };
                let expected: BTreeSet<BTreeSet<String>> = asked.residual(&world).iter().map(|set| asked.atoms(set)).collect();
                let missing: BTreeSet<BTreeSet<String>> = step.missing().iter().map(|way| texts(way)).collect();
                prop_assert_eq!(missing, expected, "{}: {}", operation, step);
            }
        }
    }

    /// Law 15: under other names the same requests are authorized, the same remedy is chosen, and
    /// the same scopes are required.
    #[test]
    fn renaming_scopes_changes_no_decision((policy, request) in policy_and_request()) {
        let (policy_there, request_there) = renamed(&policy, &request);
        let (here, there) = (Case::new(policy, request)?, Case::new(policy_there, request_there)?);
        for ((_, mine), (_, others)) in here.operations().zip(there.operations()) {
            prop_assert_eq!(answers(&here, mine, backwards), answers(&there, others, str::to_owned), "{}", mine);
        }
    }
}
